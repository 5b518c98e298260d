//! The unit step, the threshold neuron's activation function.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape};

/// y = 0 where x < 0, else 1, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Step;

/// The unit step u(x), element by element: 0 for x < 0, 1 for x ≥ 0. A neuron fires at its
/// threshold.
///
/// Constant but for its jump, so it has no derivative to give: a network of such units cannot be
/// trained by descent. Source: Y. and S. Wakui, *The Mathematics of Deep Learning*, sections 1-1
/// to 1-3.
#[track_caller]
pub fn step(x: Expr<'_>) -> Expr<'_> {
    apply(Step, [x])
}

impl Operation for Step {
    const CARD: Card = Card {
        name: "step",
        operands: &["x"],
        formula: "y = 0 if x < 0, else 1",
        shapes: "x: any; y: like x",
        pullback: "none: constant between its jumps",
        convention: "1 at 0; NaN stays NaN",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        map(x, |x| {
            if x.is_nan() {
                x
            } else if x < T::zero() {
                T::zero()
            } else {
                T::one()
            }
        })
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
        vec![Sample::spread(Step, &[&[2, 3]], 0.5, 2.0), Sample::spread(Step, &[&[3]], -2.0, -0.5)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::value;

    #[test]
    fn values() {
        assert_eq!(value(step, &[-1.5, 0.0, -0.0, 2.0]), [0.0, 1.0, 1.0, 1.0]);
        assert!(value(step, &[f64::NAN])[0].is_nan());
    }
}
