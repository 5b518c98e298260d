//! The larger of two.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, zip};
use crate::{Environment, Expr, Scalar, Shape, equal, greater};

/// y = max(a, b), element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Maximum;

/// The larger of a and b, element by element.
///
/// ā = ȳ where a > b. Convention: where a = b, each gets half. NaN if one of them is NaN.
#[track_caller]
pub fn maximum<'g>(a: Expr<'g>, b: Expr<'g>) -> Expr<'g> {
    apply(Maximum, [a, b])
}

impl Operation for Maximum {
    const CARD: Card = Card {
        name: "maximum",
        operands: &["a", "b"],
        formula: "y = max(a, b)",
        shapes: "a, b: equal; y: like them",
        pullback: "ā = ȳ · ([a > b] + ½ [a = b]), b̄ likewise",
        convention: "where a = b each operand gets half; NaN if one is NaN",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        zip(x, |a, b| if a > b || a.is_nan() { a } else { b })
    }

    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        Some(y_bar * share(k, x))
    }

    fn jvp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        Some(x_dot * share(k, x))
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::spread(Maximum, &[&[2, 3], &[2, 3]], -2.0, 2.0),
            Sample::spread(Maximum, &[&[], &[]], -2.0, 2.0),
        ]
    }
}

/// The smaller of a and b, element by element: −max(−a, −b), with its conventions.
#[track_caller]
pub fn minimum<'g>(a: Expr<'g>, b: Expr<'g>) -> Expr<'g> {
    let _line = a.graph().here();
    -maximum(-a, -b)
}

/// ∂y/∂a or ∂y/∂b: 1, ½ or 0.
fn share<'g>(k: usize, x: &[Expr<'g>]) -> Expr<'g> {
    greater(x[k], x[1 - k]) + 0.5 * equal(x[k], x[1 - k])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::value2;
    use crate::{Graph, grad, input, sum_all};

    #[test]
    fn values_and_ties() {
        assert_eq!(value2(maximum, &[1.0, 2.0, 3.0], &[2.0, 1.0, 3.0]), [2.0, 2.0, 3.0]);
        let nan = f64::NAN;
        assert!(value2(maximum, &[nan, 1.0], &[1.0, nan]).iter().all(|y| y.is_nan()));
        let (a, b) = ([1.0, 2.0, 3.0], [2.0, 1.0, 3.0]);
        let by_a = value2(|a, b| grad(sum_all(maximum(a, b)), [a])[0], &a, &b);
        let by_b = value2(|a, b| grad(sum_all(maximum(a, b)), [b])[0], &a, &b);
        assert_eq!((&by_a[..], &by_b[..]), (&[0.0, 1.0, 0.5][..], &[1.0, 0.0, 0.5][..]));
    }

    #[test]
    fn the_smaller_of_two_is_the_negative_of_the_larger_negative() {
        assert_eq!(value2(minimum, &[1.0, 2.0, 3.0], &[2.0, 1.0, 3.0]), [1.0, 1.0, 3.0]);
        let g = Graph::new();
        let (a, b) = (input(&g, "a", [2]), input(&g, "b", [2]));
        assert_eq!(minimum(a, b), -maximum(-a, -b));
    }
}
