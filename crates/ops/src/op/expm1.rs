//! The exponential function less 1.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape};

/// y = eˣ − 1, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Expm1;

/// eˣ − 1, element by element, exact for small x where `exp(x) - 1.0` is not.
///
/// x̄ = ȳ · (y + 1).
#[track_caller]
pub fn expm1(x: Expr<'_>) -> Expr<'_> {
    apply(Expm1, [x])
}

impl Operation for Expm1 {
    const CARD: Card = Card {
        name: "expm1",
        operands: &["x"],
        formula: "y = e^x - 1",
        shapes: "x: any; y: like x",
        pullback: "x̄ = ȳ · (y + 1)",
        convention: "exact for small x; overflows to infinity",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        map(x, T::exp_m1)
    }

    fn vjp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(y_bar * (y + 1.0))
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(x_dot * (y + 1.0))
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::spread(Expm1, &[&[2, 3]], -2.0, 2.0), Sample::spread(Expm1, &[&[]], -2.0, 2.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::value;

    #[test]
    fn values() {
        assert_eq!(value(expm1, &[0.0, 1e-20]), [0.0, 1e-20]);
        assert_eq!(value(expm1, &[-1000.0, 1000.0]), [-1.0, f64::INFINITY]);
    }
}
