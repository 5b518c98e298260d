//! The quotient of two arrays.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, arithmetic, zip};
use crate::{Environment, Expr, Scalar, Shape};

/// y = a / b, element by element: the operator `a / b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Div;

impl Operation for Div {
    const CARD: Card = Card {
        name: "div",
        operands: &["a", "b"],
        formula: "y = a / b",
        shapes: "a, b: equal; y: like them",
        pullback: "ā = ȳ / b, b̄ = -(ȳ · y / b)",
        convention: "a / 0 is infinite and 0 / 0 NaN, as in IEEE arithmetic",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        arithmetic(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        zip(x, |a, b| a / b)
    }

    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        Some(if k == 0 { y_bar / x[1] } else { -(y_bar * y / x[1]) })
    }

    fn jvp<'g>(&self, k: usize, x: &[Expr<'g>], y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        Some(if k == 0 { x_dot / x[1] } else { -(x_dot * y / x[1]) })
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::spread(Div, &[&[2, 3], &[2, 3]], 0.5, 2.0),
            Sample::spread(Div, &[&[], &[]], 0.5, 2.0),
        ]
    }
}

#[cfg(test)]
mod tests {
    use crate::operation::tests::value2;

    #[test]
    fn values_and_the_pole() {
        let quotient = value2(|a, b| a / b, &[1.0, -3.0, 1.0, 0.0], &[2.0, 1.5, 0.0, 0.0]);
        assert_eq!(quotient[..3], [0.5, -2.0, f64::INFINITY]);
        assert!(quotient[3].is_nan());
    }
}
