//! The absolute value.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape, sign};

/// y = |x|, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Abs;

/// |x|, element by element.
///
/// x̄ = ȳ · sign(x). Convention: the derivative at 0 is 0.
#[track_caller]
pub fn abs(x: Expr<'_>) -> Expr<'_> {
    apply(Abs, [x])
}

impl Operation for Abs {
    const CARD: Card = Card {
        name: "abs",
        operands: &["x"],
        formula: "y = |x|",
        shapes: "x: any; y: like x",
        pullback: "x̄ = ȳ · sign(x)",
        convention: "the derivative at 0 is 0",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        map(x, T::abs)
    }

    fn vjp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(y_bar * sign(x[0]))
    }

    fn jvp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(x_dot * sign(x[0]))
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::spread(Abs, &[&[2, 3]], 0.5, 2.0), Sample::spread(Abs, &[&[3]], -2.0, -0.5)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{derivative, value};

    #[test]
    fn values() {
        assert_eq!(value(abs, &[-1.5, 0.0, 2.0]), [1.5, 0.0, 2.0]);
        assert_eq!(derivative(abs, &[-1.5, 0.0, -0.0, 2.0]), [-1.0, 0.0, 0.0, 1.0]);
    }
}
