//! The reciprocal of the square root.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape};

/// y = 1/√x, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rsqrt;

/// 1/√x, element by element.
///
/// x̄ = −ȳ y / (2 x). At 0 the value is ∞; below 0 it is NaN.
#[track_caller]
pub fn rsqrt(x: Expr<'_>) -> Expr<'_> {
    apply(Rsqrt, [x])
}

impl Operation for Rsqrt {
    const CARD: Card = Card {
        name: "rsqrt",
        operands: &["x"],
        formula: "y = 1 / √x",
        shapes: "x: any; y: like x",
        pullback: "x̄ = -(ȳ · y / (2 · x))",
        convention: "infinity at 0, NaN below",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        map(x, |x| x.sqrt().recip())
    }

    fn vjp<'g>(&self, _k: usize, x: &[Expr<'g>], y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        Some(-(y_bar * y / (2.0 * x[0])))
    }

    fn jvp<'g>(&self, _k: usize, x: &[Expr<'g>], y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        Some(-(x_dot * y / (2.0 * x[0])))
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::spread(Rsqrt, &[&[2, 3]], 0.5, 3.0), Sample::spread(Rsqrt, &[&[]], 0.5, 3.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{derivative, value};

    #[test]
    fn values() {
        assert_eq!(value(rsqrt, &[4.0, 0.0]), [0.5, f64::INFINITY]);
        assert_eq!(derivative(rsqrt, &[4.0]), [-0.0625]);
        assert!(value(rsqrt, &[-1.0])[0].is_nan());
    }
}
