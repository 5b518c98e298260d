//! The hyperbolic cosine.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape, sinh};

/// y = cosh x, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cosh;

/// cosh x, element by element.
///
/// x̄ = ȳ · sinh x.
#[track_caller]
pub fn cosh(x: Expr<'_>) -> Expr<'_> {
    apply(Cosh, [x])
}

impl Operation for Cosh {
    const CARD: Card = Card {
        name: "cosh",
        operands: &["x"],
        formula: "y = (e^x + e^-x) / 2",
        shapes: "x: any; y: like x",
        pullback: "x̄ = ȳ · sinh x",
        convention: "overflows to infinity",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        map(x, T::cosh)
    }

    fn vjp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(y_bar * sinh(x[0]))
    }

    fn jvp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(x_dot * sinh(x[0]))
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::spread(Cosh, &[&[2, 3]], -2.0, 2.0), Sample::spread(Cosh, &[&[]], -2.0, 2.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{derivative, value};

    #[test]
    fn values() {
        assert_eq!(value(cosh, &[0.0, 1.0]), [1.0, 1f64.cosh()]);
        assert_eq!(derivative(cosh, &[0.0]), [0.0]);
    }
}
