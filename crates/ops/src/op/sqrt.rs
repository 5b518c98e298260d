//! The square root.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape};

/// y = √x, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sqrt;

/// √x, element by element.
///
/// x̄ = ȳ / (2 y). The derivative at 0 is ∞; below 0 the value is NaN.
#[track_caller]
pub fn sqrt(x: Expr<'_>) -> Expr<'_> {
    apply(Sqrt, [x])
}

impl Operation for Sqrt {
    const CARD: Card = Card {
        name: "sqrt",
        operands: &["x"],
        formula: "y = √x",
        shapes: "x: any; y: like x",
        pullback: "x̄ = ȳ / (2 · y)",
        convention: "the derivative at 0 is infinity; NaN below 0",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        map(x, T::sqrt)
    }

    fn vjp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(y_bar / (2.0 * y))
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(x_dot / (2.0 * y))
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::spread(Sqrt, &[&[2, 3]], 0.5, 3.0), Sample::spread(Sqrt, &[&[]], 0.5, 3.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{derivative, value};

    #[test]
    fn values() {
        assert_eq!(value(sqrt, &[0.0, 4.0]), [0.0, 2.0]);
        assert_eq!(derivative(sqrt, &[0.0, 4.0]), [f64::INFINITY, 0.25]);
        assert!(value(sqrt, &[-1.0])[0].is_nan());
    }
}
