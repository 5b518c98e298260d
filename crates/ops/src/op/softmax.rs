//! Softmax.

use ndarray::{ArrayD, ArrayViewD, Axis};

use crate::operation::{Card, Operation, Sample, apply, has_axis};
use crate::{Environment, Expr, Scalar, Shape, broadcast, sum};

/// y = eˣ / Σ eˣ, the sum being over one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Softmax {
    /// The axis along which the results add up to 1.
    pub axis: usize,
}

/// Softmax along `axis`: yᵢ = e^xᵢ / Σⱼ e^xⱼ, positive and adding up to 1.
///
/// x̄ᵢ = yᵢ (ȳᵢ − Σⱼ ȳⱼ yⱼ). Computed from the differences to the largest x, so that nothing
/// overflows. For a cost, use [`log_softmax`](crate::log_softmax) or
/// [`softmax_cross_entropy`](crate::softmax_cross_entropy).
#[track_caller]
pub fn softmax(x: Expr<'_>, axis: usize) -> Expr<'_> {
    apply(Softmax { axis }, [x])
}

impl Softmax {
    /// The Jacobian, which is symmetric, times `bar`.
    fn times<'g>(self, y: Expr<'g>, bar: Expr<'g>) -> Expr<'g> {
        y * (bar - broadcast(sum(bar * y, [self.axis]), [self.axis], y.shape()))
    }
}

impl Operation for Softmax {
    const CARD: Card = Card {
        name: "softmax",
        operands: &["x"],
        formula: "y[i] = e^x[i] / Σ_j e^x[j] along the axis",
        shapes: "x: any with the axis; y: like x",
        pullback: "x̄[i] = y[i] · (ȳ[i] - Σ_j ȳ[j] · y[j])",
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
            lane.mapv_inplace(|x| (x - largest).exp());
            let total = lane.sum();
            lane /= total;
        }
        y
    }

    fn vjp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(self.times(y, y_bar))
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(self.times(y, x_dot))
    }

    fn samples() -> Vec<Sample> {
        let along = |axis, shape| Sample::spread(Softmax { axis }, &[shape], -2.0, 2.0);
        vec![along(0, &[4]), along(1, &[2, 3]), along(0, &[2, 3]), along(1, &[2, 3, 2])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::value;

    #[test]
    fn values_for_large_and_masked_inputs() {
        assert_eq!(value(|x| softmax(x, 0), &[1000.0, 1000.0]), [0.5, 0.5]);
        assert_eq!(value(|x| softmax(x, 0), &[2.0, f64::NEG_INFINITY]), [1.0, 0.0]);
        let y = value(|x| softmax(x, 0), &[0.0, 1.0]);
        assert!((y[1] - 1.0 / (1.0 + (-1f64).exp())).abs() < 1e-15, "σ for two classes");
    }
}
