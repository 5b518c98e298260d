//! The square.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape};

/// y = x², element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Square;

/// x², element by element.
///
/// x̄ = ȳ · 2x.
#[track_caller]
pub fn square(x: Expr<'_>) -> Expr<'_> {
    apply(Square, [x])
}

impl Operation for Square {
    const CARD: Card = Card {
        name: "square",
        operands: &["x"],
        formula: "y = x · x",
        shapes: "x: any; y: like x",
        pullback: "x̄ = ȳ · 2 · x",
        convention: "",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        map(x, |x| x * x)
    }

    fn vjp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(y_bar * (2.0 * x[0]))
    }

    fn jvp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(x_dot * (2.0 * x[0]))
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::spread(Square, &[&[2, 3]], -2.0, 2.0),
            Sample::spread(Square, &[&[]], -2.0, 2.0),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{derivative, value};

    #[test]
    fn values() {
        assert_eq!(value(square, &[3.0, -0.5]), [9.0, 0.25]);
        assert_eq!(derivative(square, &[0.0, 3.0]), [0.0, 6.0]);
    }
}
