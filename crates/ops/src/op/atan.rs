//! The arc tangent.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape};

/// y = atan x, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Atan;

/// atan x in radians, element by element.
///
/// x̄ = ȳ / (1 + x²).
#[track_caller]
pub fn atan(x: Expr<'_>) -> Expr<'_> {
    apply(Atan, [x])
}

impl Operation for Atan {
    const CARD: Card = Card {
        name: "atan",
        operands: &["x"],
        formula: "y = atan x",
        shapes: "x: any; y: like x",
        pullback: "x̄ = ȳ / (1 + x · x)",
        convention: "±π/2 at ±infinity",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        map(x, T::atan)
    }

    fn vjp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(y_bar / (1.0 + x[0] * x[0]))
    }

    fn jvp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(x_dot / (1.0 + x[0] * x[0]))
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::spread(Atan, &[&[2, 3]], -2.0, 2.0), Sample::spread(Atan, &[&[]], -2.0, 2.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{derivative, value};

    #[test]
    fn values() {
        assert_eq!(value(atan, &[0.0, 1.0]), [0.0, std::f64::consts::FRAC_PI_4]);
        assert_eq!(derivative(atan, &[2.0]), [0.2]);
    }
}
