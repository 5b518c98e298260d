//! The mean over axes: a composed function.

use crate::{Axes, Dim, Expr, size, sum, sum_all};

/// The mean of `x` over `axes`, which the result no longer has: the [`sum`] over them, divided by
/// the number of elements summed. Over a named axis `n` it divides by the node `n`.
///
/// The mean of nothing, over an axis of size 0, is 0/0 = NaN.
///
/// ```
/// use gradus_ops::{Graph, input, mean, size, sum};
/// let g = Graph::new();
/// let x = input(&g, "x", ("n", 3));
/// assert_eq!(mean(x, [0]), sum(x, [0]) / size(&g, "n"));
/// ```
#[track_caller]
pub fn mean<'g>(x: Expr<'g>, axes: impl Into<Axes>) -> Expr<'g> {
    let _line = x.graph().here();
    let axes = axes.into();
    let shape = x.shape();
    let total = sum(x, axes);
    let count = axes.iter().map(|axis| shape.dims()[axis].clone()).fold(Dim::from(1), |a, b| a * b);
    total / size(x.graph(), count)
}

/// The mean of all elements of `x`.
#[track_caller]
pub fn mean_all(x: Expr<'_>) -> Expr<'_> {
    let _line = x.graph().here();
    sum_all(x) / size(x.graph(), x.shape().len())
}

/// The number of examples, which are along the first axis.
#[track_caller]
pub(super) fn examples(x: Expr<'_>) -> Expr<'_> {
    match x.shape().dims().first() {
        Some(n) => size(x.graph(), n.clone()),
        None => panic!("a cost wants the examples along the first axis of\n  {}", x.describe()),
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
        let value = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let means = [mean(x, [0]), mean(x, [1]), mean_all(x), mean(x, [])];
        let y = evaluate(&means, &Inputs::new().with("x", &value)).unwrap();
        assert_eq!(y[0], array![2.5, 3.5, 4.5].into_dyn());
        assert_eq!(y[1], array![2.0, 5.0].into_dyn());
        assert_eq!(y[2], ndarray::arr0(3.5).into_dyn());
        assert_eq!(y[3], value.into_dyn());
    }
}
