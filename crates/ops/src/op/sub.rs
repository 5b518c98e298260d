//! The difference of two arrays.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, arithmetic, zip};
use crate::{Environment, Expr, Scalar, Shape};

/// y = a − b, element by element: the operator `a - b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sub;

impl Operation for Sub {
    const CARD: Card = Card {
        name: "sub",
        operands: &["a", "b"],
        formula: "y = a - b",
        shapes: "a, b: equal; y: like them",
        pullback: "ā = ȳ, b̄ = -ȳ",
        convention: "",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        arithmetic(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        zip(x, |a, b| a - b)
    }

    fn vjp<'g>(
        &self, k: usize, _x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(if k == 0 { y_bar } else { -y_bar })
    }

    fn jvp<'g>(
        &self, k: usize, _x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(if k == 0 { x_dot } else { -x_dot })
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::spread(Sub, &[&[2, 3], &[2, 3]], -2.0, 2.0),
            Sample::spread(Sub, &[&[], &[]], -2.0, 2.0),
        ]
    }
}

#[cfg(test)]
mod tests {
    use crate::operation::tests::value2;

    #[test]
    fn values() {
        assert_eq!(value2(|a, b| a - b, &[1.0, 2.0], &[0.5, -2.0]), [0.5, 4.0]);
    }
}
