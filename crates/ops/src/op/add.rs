//! The sum of two arrays.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, arithmetic, zip};
use crate::{Environment, Expr, Scalar, Shape};

/// y = a + b, element by element: the operator `a + b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Add;

impl Operation for Add {
    const CARD: Card = Card {
        name: "add",
        operands: &["a", "b"],
        formula: "y = a + b",
        shapes: "a, b: equal; y: like them",
        pullback: "ā = ȳ, b̄ = ȳ",
        convention: "",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        arithmetic(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        zip(x, |a, b| a + b)
    }

    fn vjp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(y_bar)
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(x_dot)
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::spread(Add, &[&[2, 3], &[2, 3]], -2.0, 2.0),
            Sample::spread(Add, &[&[], &[]], -2.0, 2.0),
        ]
    }
}

#[cfg(test)]
mod tests {
    use crate::operation::tests::value2;

    #[test]
    fn values() {
        assert_eq!(value2(|a, b| a + b, &[1.0, 2.0], &[0.5, -2.0]), [1.5, 0.0]);
    }
}
