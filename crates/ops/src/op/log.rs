//! The natural logarithm.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape};

/// y = ln x, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Log;

/// ln x, element by element.
///
/// x̄ = ȳ / x. At 0 the value is −∞ and the derivative ∞; below 0 the value is NaN.
#[track_caller]
pub fn log(x: Expr<'_>) -> Expr<'_> {
    apply(Log, [x])
}

impl Operation for Log {
    const CARD: Card = Card {
        name: "log",
        operands: &["x"],
        formula: "y = ln x",
        shapes: "x: any; y: like x",
        pullback: "x̄ = ȳ / x",
        convention: "-infinity at 0, with derivative infinity; NaN below, where the pullback \
                     stays ȳ / x",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        map(x, T::ln)
    }

    fn vjp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(y_bar / x[0])
    }

    fn jvp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(x_dot / x[0])
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::spread(Log, &[&[2, 3]], 0.5, 3.0), Sample::spread(Log, &[&[]], 0.5, 3.0)]
    }
}

#[cfg(test)]
mod tests {
    use crate::operation::tests::{derivative, value};

    #[test]
    fn values_at_the_edge_of_the_domain() {
        assert_eq!(value(super::log, &[1.0, std::f64::consts::E]), [0.0, 1.0]);
        assert_eq!(value(super::log, &[0.0]), [f64::NEG_INFINITY]);
        assert!(value(super::log, &[-1.0])[0].is_nan());
        assert_eq!(derivative(super::log, &[0.0, -2.0]), [f64::INFINITY, -0.5]);
    }
}
