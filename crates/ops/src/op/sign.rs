//! The sign.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape};

/// y = −1, 0 or 1, as x is negative, 0 or positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sign;

/// The sign of x, element by element: −1, 0 or 1.
///
/// Constant but for its jumps, so it has no derivative to give.
#[track_caller]
pub fn sign(x: Expr<'_>) -> Expr<'_> {
    apply(Sign, [x])
}

impl Operation for Sign {
    const CARD: Card = Card {
        name: "sign",
        operands: &["x"],
        formula: "y = -1, 0 or 1, as x < 0, x = 0 or x > 0",
        shapes: "x: any; y: like x",
        pullback: "none: constant between its jumps",
        convention: "0 at 0 and -0; NaN stays NaN",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        map(x, |x| if x.is_nan() || x == T::zero() { x.abs() } else { x.signum() })
    }

    fn vjp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], _y: Expr<'g>, _y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        None
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], _y: Expr<'g>, _x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        None
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::spread(Sign, &[&[2, 3]], 0.5, 2.0), Sample::spread(Sign, &[&[3]], -2.0, -0.5)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::value;

    #[test]
    fn values() {
        assert_eq!(value(sign, &[-1.5, 0.0, -0.0, 2.0]), [-1.0, 0.0, 0.0, 1.0]);
        assert!(value(sign, &[f64::NAN])[0].is_nan());
    }
}
