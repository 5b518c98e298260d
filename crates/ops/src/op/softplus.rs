//! A smooth rectifier.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape, sigmoid};

/// y = ln(1 + eˣ), element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Softplus;

/// ln(1 + eˣ), element by element, computed as max(x, 0) + ln(1 + e^−|x|).
///
/// x̄ = ȳ · σ(x).
#[track_caller]
pub fn softplus(x: Expr<'_>) -> Expr<'_> {
    apply(Softplus, [x])
}

impl Operation for Softplus {
    const CARD: Card = Card {
        name: "softplus",
        operands: &["x"],
        formula: "y = ln(1 + e^x)",
        shapes: "x: any; y: like x",
        pullback: "x̄ = ȳ · σ(x)",
        convention: "no overflow: x for large x, 0 for large -x",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        map(x, |x| x.max(T::zero()) + (-x.abs()).exp().ln_1p())
    }

    fn vjp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(y_bar * sigmoid(x[0]))
    }

    fn jvp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(x_dot * sigmoid(x[0]))
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::spread(Softplus, &[&[2, 3]], -3.0, 3.0),
            Sample::spread(Softplus, &[&[]], -3.0, 3.0),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{derivative, value};

    #[test]
    fn values() {
        assert_eq!(value(softplus, &[0.0, 1000.0, -1000.0]), [2f64.ln(), 1000.0, 0.0]);
        assert_eq!(value(softplus, &[-100.0]), [(-100f64).exp()], "not rounded away");
        assert_eq!(derivative(softplus, &[0.0, 1000.0, -1000.0]), [0.5, 1.0, 0.0]);
        assert!(value(softplus, &[f64::NAN])[0].is_nan());
    }
}
