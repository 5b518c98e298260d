//! A value without its derivative.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise};
use crate::{Environment, Expr, Scalar, Shape};

/// y = x, taken as a constant by differentiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StopGradient;

/// The value of `x`, taken as a constant by differentiation.
#[track_caller]
pub fn stop_gradient(x: Expr<'_>) -> Expr<'_> {
    apply(StopGradient, [x])
}

impl Operation for StopGradient {
    const CARD: Card = Card {
        name: "stop_gradient",
        operands: &["x"],
        formula: "y = x",
        shapes: "x: any; y: like x",
        pullback: "none: taken as a constant",
        convention: "the derivative is 0 by decree, not by the formula",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        x[0].to_owned()
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
        vec![Sample::spread(StopGradient, &[&[2, 3]], -2.0, 2.0).fixing(&[0])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{derivative, value};

    #[test]
    fn the_value_stays_and_the_derivative_stops() {
        fn product(x: Expr<'_>) -> Expr<'_> {
            x * stop_gradient(x)
        }
        assert_eq!(value(product, &[3.0]), [9.0]);
        assert_eq!(derivative(product, &[3.0]), [3.0]);
    }
}
