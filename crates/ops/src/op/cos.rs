//! The cosine.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape, sin};

/// y = cos x, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cos;

/// cos x, element by element, x in radians.
///
/// x̄ = −(ȳ · sin x).
#[track_caller]
pub fn cos(x: Expr<'_>) -> Expr<'_> {
    apply(Cos, [x])
}

impl Operation for Cos {
    const CARD: Card = Card {
        name: "cos",
        operands: &["x"],
        formula: "y = cos x",
        shapes: "x: any; y: like x",
        pullback: "x̄ = -(ȳ · sin x)",
        convention: "",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        map(x, T::cos)
    }

    fn vjp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(-(y_bar * sin(x[0])))
    }

    fn jvp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(-(x_dot * sin(x[0])))
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::spread(Cos, &[&[2, 3]], -2.0, 2.0), Sample::spread(Cos, &[&[]], -2.0, 2.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{derivative, value};

    #[test]
    fn values() {
        assert_eq!(value(cos, &[0.0, 1.0]), [1.0, 1f64.cos()]);
        assert_eq!(derivative(cos, &[0.5]), [-0.5f64.sin()]);
    }
}
