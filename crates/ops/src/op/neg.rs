//! The negative.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape};

/// y = −x, element by element: the operator `-x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Neg;

impl Operation for Neg {
    const CARD: Card = Card {
        name: "neg",
        operands: &["x"],
        formula: "y = -x",
        shapes: "x: any; y: like x",
        pullback: "x̄ = -ȳ",
        convention: "",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        map(x, |x| -x)
    }

    fn vjp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(-y_bar)
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(-x_dot)
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::spread(Neg, &[&[2, 3]], -2.0, 2.0), Sample::spread(Neg, &[&[]], -1.0, 1.0)]
    }
}

#[cfg(test)]
mod tests {
    use crate::operation::tests::value;

    #[test]
    fn values() {
        assert_eq!(value(|x| -x, &[1.5, -2.0, 0.0]), [-1.5, 2.0, 0.0]);
    }
}
