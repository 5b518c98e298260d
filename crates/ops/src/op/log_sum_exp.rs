//! The logarithm of a sum of exponentials.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, reduce};
use crate::{Axes, Environment, Expr, Scalar, Shape, broadcast, exp, sum};

/// y = ln Σ eˣ over `axes`, which the result no longer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LogSumExp {
    /// The axes that are summed over.
    pub axes: Axes,
}

/// ln Σ eˣ over `axes`, which the result no longer has: a smooth maximum.
///
/// x̄ = ȳ e^(x − y). Computed from the differences to the largest x, so that nothing overflows. The
/// value of nothing, and of nothing but −∞, is −∞.
#[track_caller]
pub fn log_sum_exp<'g>(x: Expr<'g>, axes: impl Into<Axes>) -> Expr<'g> {
    apply(LogSumExp { axes: axes.into() }, [x])
}

impl LogSumExp {
    /// ∂y/∂x: the softmax of x.
    fn slope<'g>(self, x: Expr<'g>, y: Expr<'g>) -> Expr<'g> {
        exp(x - broadcast(y, self.axes, x.shape()))
    }
}

impl Operation for LogSumExp {
    const CARD: Card = Card {
        name: "log_sum_exp",
        operands: &["x"],
        formula: "y = ln Σ e^x over the axes",
        shapes: "x: any; y: x without the axes",
        pullback: "x̄ = ȳ · e^(x - y), ȳ and y repeated along the axes",
        convention: "no overflow for any finite x; -infinity for nothing",
    };

    fn attributes(&self) -> String {
        self.axes.to_string()
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        self.axes.within(x[0])?;
        Ok(x[0].without(self.axes))
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        reduce(&x[0], self.axes, |x| {
            let largest = x.iter().fold(T::neg_infinity(), |largest, &x| largest.max(x));
            if largest.is_infinite() {
                return x.iter().fold(largest, |y, &x| if x.is_nan() { x } else { y });
            }
            let total = x.iter().fold(T::zero(), |total, &x| total + (x - largest).exp());
            largest + total.ln()
        })
    }

    fn vjp<'g>(&self, _k: usize, x: &[Expr<'g>], y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        Some(broadcast(y_bar, self.axes, x[0].shape()) * self.slope(x[0], y))
    }

    fn jvp<'g>(&self, _k: usize, x: &[Expr<'g>], y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        Some(sum(x_dot * self.slope(x[0], y), self.axes))
    }

    fn samples() -> Vec<Sample> {
        let over = |axes: &[usize], shape| {
            Sample::spread(LogSumExp { axes: axes.into() }, &[shape], -2.0, 2.0)
        };
        vec![over(&[0], &[3]), over(&[1], &[2, 3]), over(&[0, 2], &[2, 3, 2]), over(&[], &[2])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{derivative, value};

    #[test]
    fn values_for_large_and_infinite_inputs() {
        let of = |x: &[f64]| value(|x| log_sum_exp(x, [0]), x)[0];
        assert_eq!(of(&[1000.0, 0.0]), 1000.0);
        assert_eq!(of(&[1.0, 1.0]), 1.0 + 2f64.ln());
        assert_eq!(of(&[]), f64::NEG_INFINITY);
        assert_eq!(of(&[f64::NEG_INFINITY, f64::NEG_INFINITY]), f64::NEG_INFINITY);
        assert_eq!(of(&[f64::INFINITY, 1.0]), f64::INFINITY);
        assert!(of(&[f64::NAN, 1.0]).is_nan() && of(&[f64::NAN]).is_nan());
        let slope = derivative(|x| log_sum_exp(x, [0]), &[2.0, 2.0]);
        assert!(slope.iter().all(|p| (p - 0.5).abs() < 1e-15));
    }
}
