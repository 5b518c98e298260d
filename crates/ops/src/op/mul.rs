//! The element-wise (Hadamard) product of two arrays.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, arithmetic, zip};
use crate::{Environment, Expr, Scalar, Shape};

/// y = a ⊙ b, element by element: the operator `a * b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mul;

impl Operation for Mul {
    const CARD: Card = Card {
        name: "mul",
        operands: &["a", "b"],
        formula: "y = a · b",
        shapes: "a, b: equal; y: like them",
        pullback: "ā = ȳ · b, b̄ = ȳ · a",
        convention: "0 times infinity is NaN, as in IEEE arithmetic",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        arithmetic(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        zip(x, |a, b| a * b)
    }

    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        Some(y_bar * x[1 - k])
    }

    fn jvp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        Some(x_dot * x[1 - k])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::spread(Mul, &[&[2, 3], &[2, 3]], -2.0, 2.0),
            Sample::spread(Mul, &[&[], &[]], -2.0, 2.0),
        ]
    }
}

#[cfg(test)]
mod tests {
    use crate::operation::tests::value2;

    /// The products of M. Nielsen, *Neural Networks and Deep Learning*, chapter 2.
    #[test]
    fn values_of_the_books() {
        let product = |a: &[f64], b: &[f64]| value2(|a, b| a * b, a, b);
        assert_eq!(product(&[1.0, 2.0], &[3.0, 4.0]), [3.0, 8.0]);
        assert_eq!(product(&[2.0, 7.0, 1.0, 8.0], &[2.0, 8.0, 1.0, 3.0]), [4.0, 56.0, 1.0, 24.0]);
    }
}
