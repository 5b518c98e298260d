//! A comparison, as a number.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, zip};
use crate::{Environment, Expr, Scalar, Shape};

/// y = 1 where a ≥ b, else 0, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GreaterEqual;

/// 1 where a ≥ b, else 0, element by element.
///
/// Constant but for a jump where a = b (where it is 1), so it has no derivative to give.
#[track_caller]
pub fn greater_equal<'g>(a: Expr<'g>, b: Expr<'g>) -> Expr<'g> {
    apply(GreaterEqual, [a, b])
}

/// 1 where a ≤ b, else 0, element by element: [`greater_equal`], the other way round.
#[track_caller]
pub fn less_equal<'g>(a: Expr<'g>, b: Expr<'g>) -> Expr<'g> {
    greater_equal(b, a)
}

impl Operation for GreaterEqual {
    const CARD: Card = Card {
        name: "greater_equal",
        operands: &["a", "b"],
        formula: "y = 1 if a >= b, else 0",
        shapes: "a, b: equal; y: like them",
        pullback: "none: constant between its jumps",
        convention: "1 where a = b; 0 where one of them is NaN",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        zip(x, |a, b| if a >= b { T::one() } else { T::zero() })
    }

    fn vjp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], _y: Expr<'g>, _y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        None
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], _y: Expr<'g>, _x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        None
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::spread(GreaterEqual, &[&[2, 3], &[2, 3]], -2.0, 2.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::value2;

    #[test]
    fn values() {
        let nan = f64::NAN;
        assert_eq!(value2(less_equal, &[1.0, 2.0, 2.0], &[2.0, 1.0, 2.0]), [1.0, 0.0, 1.0]);
        assert_eq!(
            value2(greater_equal, &[1.0, 2.0, 0.0, nan], &[2.0, 1.0, -0.0, 1.0]),
            [0.0, 1.0, 1.0, 0.0]
        );
    }
}
