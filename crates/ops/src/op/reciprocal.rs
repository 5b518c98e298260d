//! The reciprocal.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape};

/// y = 1/x, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reciprocal;

/// 1/x, element by element.
///
/// x̄ = −ȳ y². Infinite at 0, with derivative −∞.
#[track_caller]
pub fn reciprocal(x: Expr<'_>) -> Expr<'_> {
    apply(Reciprocal, [x])
}

impl Operation for Reciprocal {
    const CARD: Card = Card {
        name: "reciprocal",
        operands: &["x"],
        formula: "y = 1 / x",
        shapes: "x: any; y: like x",
        pullback: "x̄ = -(ȳ · y · y)",
        convention: "infinite at 0",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        map(x, T::recip)
    }

    fn vjp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(-(y_bar * y * y))
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(-(x_dot * y * y))
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::spread(Reciprocal, &[&[2, 3]], 0.5, 2.0),
            Sample::spread(Reciprocal, &[&[]], 0.5, 2.0),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{derivative, value};

    #[test]
    fn values() {
        assert_eq!(value(reciprocal, &[4.0, 0.0]), [0.25, f64::INFINITY]);
        assert_eq!(derivative(reciprocal, &[2.0, 0.0]), [-0.25, f64::NEG_INFINITY]);
    }
}
