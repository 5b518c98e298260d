//! The sine.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape, cos};

/// y = sin x, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sin;

/// sin x, element by element, x in radians.
///
/// x̄ = ȳ · cos x.
#[track_caller]
pub fn sin(x: Expr<'_>) -> Expr<'_> {
    apply(Sin, [x])
}

impl Operation for Sin {
    const CARD: Card = Card {
        name: "sin",
        operands: &["x"],
        formula: "y = sin x",
        shapes: "x: any; y: like x",
        pullback: "x̄ = ȳ · cos x",
        convention: "",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        map(x, T::sin)
    }

    fn vjp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(y_bar * cos(x[0]))
    }

    fn jvp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(x_dot * cos(x[0]))
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::spread(Sin, &[&[2, 3]], -2.0, 2.0), Sample::spread(Sin, &[&[]], -2.0, 2.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{derivative, value};

    #[test]
    fn values() {
        assert_eq!(value(sin, &[0.0, 1.0]), [0.0, 1f64.sin()]);
        assert_eq!(derivative(sin, &[0.0]), [1.0]);
    }
}
