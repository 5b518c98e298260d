//! The logarithm of 1 + x.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape};

/// y = ln(1 + x), element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Log1p;

/// ln(1 + x), element by element, exact for small x where `log(1.0 + x)` is not.
///
/// x̄ = ȳ / (1 + x).
#[track_caller]
pub fn log1p(x: Expr<'_>) -> Expr<'_> {
    apply(Log1p, [x])
}

impl Operation for Log1p {
    const CARD: Card = Card {
        name: "log1p",
        operands: &["x"],
        formula: "y = ln(1 + x)",
        shapes: "x: any; y: like x",
        pullback: "x̄ = ȳ / (1 + x)",
        convention: "exact for small x; -infinity at -1, NaN below",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        map(x, T::ln_1p)
    }

    fn vjp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(y_bar / (1.0 + x[0]))
    }

    fn jvp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(x_dot / (1.0 + x[0]))
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::spread(Log1p, &[&[2, 3]], -0.5, 2.0), Sample::spread(Log1p, &[&[]], -0.5, 2.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::value;

    #[test]
    fn values() {
        assert_eq!(value(log1p, &[0.0, 1e-20]), [0.0, 1e-20]);
        assert_eq!(value(log1p, &[1.0, -1.0]), [2f64.ln(), f64::NEG_INFINITY]);
    }
}
