//! The logarithm of softmax.

use ndarray::{ArrayD, ArrayViewD, Axis};

use crate::operation::{Card, Operation, Sample, apply, has_axis};
use crate::{Environment, Expr, Scalar, Shape, broadcast, exp, sum};

/// y = x − ln Σ eˣ, the sum being over one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LogSoftmax {
    /// The axis along which the probabilities add up to 1.
    pub axis: usize,
}

/// The logarithm of softmax along `axis`: yᵢ = xᵢ − ln Σⱼ e^xⱼ.
///
/// x̄ = ȳ − p Σⱼ ȳⱼ with the probabilities p = eʸ. Computed from the differences to the largest x,
/// so that nothing overflows and a probability near 1 keeps its logarithm.
#[track_caller]
pub fn log_softmax(x: Expr<'_>, axis: usize) -> Expr<'_> {
    apply(LogSoftmax { axis }, [x])
}

impl LogSoftmax {
    /// Σ x over the axis, repeated along it.
    fn total<'g>(self, x: Expr<'g>) -> Expr<'g> {
        broadcast(sum(x, [self.axis]), [self.axis], x.shape())
    }
}

impl Operation for LogSoftmax {
    const CARD: Card = Card {
        name: "log_softmax",
        operands: &["x"],
        formula: "y[i] = x[i] - ln Σ_j e^x[j] along the axis",
        shapes: "x: any with the axis; y: like x",
        pullback: "x̄ = ȳ - e^y · Σ_j ȳ[j]",
        convention: "no overflow of e^x; -infinity masks an element, nothing but -infinity gives \
                     NaN",
    };

    fn attributes(&self) -> String {
        self.axis.to_string()
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        has_axis(x[0], self.axis)?;
        Ok(x[0].clone())
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        let mut y = x[0].to_owned();
        for mut lane in y.lanes_mut(Axis(self.axis)) {
            let largest = lane.fold(T::neg_infinity(), |largest, &x| largest.max(x));
            lane -= largest;
            let log_sum = lane.fold(T::zero(), |sum, &x| sum + x.exp()).ln();
            lane -= log_sum;
        }
        y
    }

    fn vjp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(y_bar - exp(y) * self.total(y_bar))
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(x_dot - self.total(exp(y) * x_dot))
    }

    fn samples() -> Vec<Sample> {
        let along = |axis, shape| Sample::spread(LogSoftmax { axis }, &[shape], -2.0, 2.0);
        vec![along(0, &[4]), along(1, &[2, 3]), along(0, &[2, 3]), along(1, &[2, 3, 2])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::value;
    use crate::{Graph, input};

    #[test]
    fn large_inputs_do_not_overflow() {
        let y = value(|x| log_softmax(x, 0), &[1000.0, 0.0, -1000.0]);
        assert_eq!(y, [0.0, -1000.0, -2000.0]);
        let y = value(|x| log_softmax(x, 0), &[0.0, f64::NEG_INFINITY]);
        assert_eq!(y, [0.0, f64::NEG_INFINITY]);
        assert!(value(|x| log_softmax(x, 0), &[f64::NEG_INFINITY])[0].is_nan());
        let y = value(|x| log_softmax(x, 0), &[2.0, 2.0]);
        assert!((y[0] + 2f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn a_missing_axis_is_named() {
        let g = Graph::new();
        let error = g.try_apply(LogSoftmax { axis: 2 }.into(), &[input(&g, "x", ("n", 3))]);
        let wanted = "there is no axis 2 in [n, 3]: 2 axes, counted from 0";
        assert_eq!(error.unwrap_err().wanted, wanted);
    }
}
