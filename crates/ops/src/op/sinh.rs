//! The hyperbolic sine.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape, cosh};

/// y = sinh x, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sinh;

/// sinh x, element by element.
///
/// x̄ = ȳ · cosh x.
#[track_caller]
pub fn sinh(x: Expr<'_>) -> Expr<'_> {
    apply(Sinh, [x])
}

impl Operation for Sinh {
    const CARD: Card = Card {
        name: "sinh",
        operands: &["x"],
        formula: "y = (e^x - e^-x) / 2",
        shapes: "x: any; y: like x",
        pullback: "x̄ = ȳ · cosh x",
        convention: "overflows to infinity",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        map(x, T::sinh)
    }

    fn vjp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(y_bar * cosh(x[0]))
    }

    fn jvp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(x_dot * cosh(x[0]))
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::spread(Sinh, &[&[2, 3]], -2.0, 2.0), Sample::spread(Sinh, &[&[]], -2.0, 2.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{derivative, value};

    #[test]
    fn values() {
        assert_eq!(value(sinh, &[0.0, 1.0]), [0.0, 1f64.sinh()]);
        assert_eq!(derivative(sinh, &[0.0]), [1.0]);
    }
}
