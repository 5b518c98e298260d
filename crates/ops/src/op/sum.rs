//! The sum over axes.

use ndarray::{ArrayD, ArrayViewD, Axis};

use crate::operation::{Card, Operation, Sample, apply};
use crate::{Axes, Environment, Expr, Scalar, Shape, broadcast};

/// y = Σ x over `axes`, which the result no longer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sum {
    /// The axes that are summed over.
    pub axes: Axes,
}

/// The sum of `x` over `axes`, which the result no longer has.
///
/// x̄ = ȳ, repeated along the axes: the adjoint of a sum is a [`broadcast`], and the other way
/// round. A sum over an axis of size 0 is 0.
///
/// ```
/// use gradus_ops::{Graph, input, sum};
/// let g = Graph::new();
/// let x = input(&g, "x", ("n", 28, 28));
/// assert_eq!(sum(x, [1, 2]).shape().to_string(), "[n]");
/// ```
#[track_caller]
pub fn sum<'g>(x: Expr<'g>, axes: impl Into<Axes>) -> Expr<'g> {
    apply(Sum { axes: axes.into() }, [x])
}

/// The sum of all elements of `x`.
#[track_caller]
pub fn sum_all(x: Expr<'_>) -> Expr<'_> {
    apply(Sum { axes: (0..x.shape().rank()).collect() }, [x])
}

impl Operation for Sum {
    const CARD: Card = Card {
        name: "sum",
        operands: &["x"],
        formula: "y = Σ x over the axes",
        shapes: "x: any; y: x without the axes",
        pullback: "x̄ = ȳ repeated along the axes",
        convention: "a sum over nothing is 0",
    };

    fn attributes(&self) -> String {
        self.axes.to_string()
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        self.axes.within(x[0])?;
        Ok(x[0].without(self.axes))
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        let mut axes = self.axes.iter().rev();
        let Some(last) = axes.next() else { return x[0].to_owned() };
        axes.fold(x[0].sum_axis(Axis(last)), |sum, axis| sum.sum_axis(Axis(axis)))
    }

    fn vjp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(broadcast(y_bar, self.axes, x[0].shape()))
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(sum(x_dot, self.axes))
    }

    fn samples() -> Vec<Sample> {
        let over =
            |axes: &[usize], shape| Sample::spread(Sum { axes: axes.into() }, &[shape], -2.0, 2.0);
        vec![
            over(&[0], &[3]),
            over(&[1], &[2, 3]),
            over(&[0, 2], &[2, 3, 2]),
            over(&[0, 1], &[2, 3]),
            over(&[], &[2, 3]),
            over(&[1], &[2, 1]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Graph, Inputs, evaluate, input};
    use ndarray::array;

    #[test]
    fn values() {
        let g = Graph::new();
        let x = input(&g, "x", ("n", 3));
        let sums = [sum(x, [0]), sum(x, [1]), sum_all(x), sum(x, [])];
        let value = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let y = evaluate(&sums, &Inputs::new().with("x", &value)).unwrap();
        assert_eq!(y[0], array![5.0, 7.0, 9.0].into_dyn());
        assert_eq!(y[1], array![6.0, 15.0].into_dyn());
        assert_eq!(y[2], ndarray::arr0(21.0).into_dyn());
        assert_eq!(y[3], value.into_dyn());
        let nothing = ndarray::Array2::<f64>::zeros((0, 3));
        let y = evaluate(&sums[..1], &Inputs::new().with("x", &nothing)).unwrap();
        assert_eq!(y[0], array![0.0, 0.0, 0.0].into_dyn());
    }

    #[test]
    fn a_missing_axis_is_named() {
        let g = Graph::new();
        let x = input(&g, "x", ("n", 3));
        let error = g.try_apply(Sum { axes: [1, 2].into() }.into(), &[x]).unwrap_err();
        assert_eq!(error.operation, "sum[1, 2]");
        assert_eq!(error.wanted, "there is no axis 2 in [n, 3]: 2 axes, counted from 0");
    }
}
