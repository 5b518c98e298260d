//! The hyperbolic tangent.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape};

/// y = tanh x, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tanh;

/// The hyperbolic tangent, element by element: a sigmoid with its centre at (0, 0).
///
/// tanh′ = 1 − tanh²; so x̄ = ȳ · (1 − y²).
#[track_caller]
pub fn tanh(x: Expr<'_>) -> Expr<'_> {
    apply(Tanh, [x])
}

impl Operation for Tanh {
    const CARD: Card = Card {
        name: "tanh",
        operands: &["x"],
        formula: "y = (e^x - e^-x) / (e^x + e^-x)",
        shapes: "x: any; y: like x",
        pullback: "x̄ = ȳ · (1 - y · y)",
        convention: "1 and -1 for large |x|, with derivative 0",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        map(x, T::tanh)
    }

    fn vjp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(y_bar * (1.0 - y * y))
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(x_dot * (1.0 - y * y))
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::spread(Tanh, &[&[2, 3]], -2.0, 2.0), Sample::spread(Tanh, &[&[]], -1.0, 1.0)]
    }
}

#[cfg(test)]
mod tests {
    use crate::operation::tests::{derivative, value};

    #[test]
    fn values_and_saturation() {
        assert_eq!(value(super::tanh, &[0.0, 1000.0, -1000.0]), [0.0, 1.0, -1.0]);
        assert_eq!(value(super::tanh, &[1e-20]), [1e-20]);
        assert_eq!(derivative(super::tanh, &[0.0, 1000.0]), [1.0, 0.0]);
    }
}
