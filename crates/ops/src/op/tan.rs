//! The tangent.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape};

/// y = tan x, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tan;

/// tan x, element by element, x in radians.
///
/// tan′ = 1 + tan²; so x̄ = ȳ · (1 + y²).
#[track_caller]
pub fn tan(x: Expr<'_>) -> Expr<'_> {
    apply(Tan, [x])
}

impl Operation for Tan {
    const CARD: Card = Card {
        name: "tan",
        operands: &["x"],
        formula: "y = tan x",
        shapes: "x: any; y: like x",
        pullback: "x̄ = ȳ · (1 + y · y)",
        convention: "poles at odd multiples of π/2",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        map(x, T::tan)
    }

    fn vjp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(y_bar * (1.0 + y * y))
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(x_dot * (1.0 + y * y))
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::spread(Tan, &[&[2, 3]], -1.0, 1.0), Sample::spread(Tan, &[&[]], -1.0, 1.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{derivative, value};

    #[test]
    fn values() {
        assert_eq!(value(tan, &[0.0, 1.0]), [0.0, 1f64.tan()]);
        assert_eq!(derivative(tan, &[0.0]), [1.0]);
    }
}
