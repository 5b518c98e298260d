//! A number times a logarithm.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, zip};
use crate::{Environment, Expr, Scalar, Shape, log};

/// y = a ln b, element by element, 0 where a = 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct XLogY;

/// a ln b, element by element, and 0 where a = 0, whatever b, unless it is NaN: the term of an entropy.
///
/// ā = ȳ ln b and b̄ = ȳ a / b.
#[track_caller]
pub fn x_log_y<'g>(a: Expr<'g>, b: Expr<'g>) -> Expr<'g> {
    apply(XLogY, [a, b])
}

impl Operation for XLogY {
    const CARD: Card = Card {
        name: "x_log_y",
        operands: &["a", "b"],
        formula: "y = a · ln b, or 0 if a = 0",
        shapes: "a, b: equal; y: like them",
        pullback: "ā = ȳ · ln b, b̄ = ȳ · a / b",
        convention: "0 where a = 0, whatever b, unless it is NaN",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        zip(x, |a, b| if a == T::zero() && !b.is_nan() { a } else { a * b.ln() })
    }

    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        Some(if k == 0 { y_bar * log(x[1]) } else { y_bar * x[0] / x[1] })
    }

    fn jvp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        Some(if k == 0 { x_dot * log(x[1]) } else { x_dot * x[0] / x[1] })
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::spread(XLogY, &[&[2, 3], &[2, 3]], 0.5, 2.0),
            Sample::spread(XLogY, &[&[], &[]], 0.5, 2.0),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::value2;

    #[test]
    fn values() {
        assert_eq!(value2(x_log_y, &[0.0, 0.0, 2.0], &[0.0, -1.0, 1.0]), [0.0, 0.0, 0.0]);
        assert_eq!(value2(x_log_y, &[2.0, 1.0], &[3.0, 0.0]), [2.0 * 3f64.ln(), f64::NEG_INFINITY]);
        assert!(value2(x_log_y, &[0.0], &[f64::NAN])[0].is_nan());
    }
}
