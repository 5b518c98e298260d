//! Cross-entropy of a softmax layer: a composed function.

use super::Mul;
use super::mean::examples;
use crate::operation::apply;
use crate::{Dim, Expr, log_softmax, one_hot, sum_all};

/// The cross-entropy cost of a softmax layer with weighted inputs z \[n, k\] for targets t, each
/// row of which is one-hot or a distribution: C = −1/n Σₓ Σₖ tₖ ln softmax(z)ₖ.
///
/// ∂C/∂z = (p Σₖ tₖ − t)/n with p = softmax(z); for targets that add up to 1 the familiar (p −
/// t)/n. A weighted input of −∞ has the probability 0, and costs NaN (0 · −∞) where its target is
/// 0: leave masked classes out instead.
///
/// # Panics
///
/// If the shapes differ or z has no axes.
#[track_caller]
pub fn softmax_cross_entropy<'g>(z: Expr<'g>, t: Expr<'g>) -> Expr<'g> {
    let _line = z.graph().here();
    let n = examples(z);
    let terms = apply(Mul, [t, log_softmax(z, z.shape().rank() - 1)]);
    -(sum_all(terms) / n)
}

/// [`softmax_cross_entropy`] for targets given as class labels \[n\], whole numbers counted from 0:
/// C = −1/n Σₓ ln softmax(z)_label.
///
/// # Panics
///
/// If the labels do not have the shape of z without its last axis, which has a plain size.
#[track_caller]
pub fn softmax_cross_entropy_with_labels<'g>(z: Expr<'g>, labels: Expr<'g>) -> Expr<'g> {
    let _line = z.graph().here();
    let classes = z.shape().dims().last().and_then(Dim::plain);
    let classes = classes.unwrap_or_else(|| {
        panic!(
            "the last axis must have a plain size, the number of classes, in\n  {}",
            z.describe()
        )
    });
    softmax_cross_entropy(z, one_hot(labels, classes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Graph, Inputs, evaluate, grad, input};
    use ndarray::array;

    #[test]
    fn values_and_the_error() {
        let g = Graph::new();
        let (z, t) = (input(&g, "z", ("n", 2)), input(&g, "t", ("n", 2)));
        let cost = softmax_cross_entropy(z, t);
        let [dz] = grad(cost, [z]);
        let inputs = (array![[0.0, 0.0], [2.0, 2.0]], array![[1.0, 0.0], [0.5, 0.5]]);
        let inputs = Inputs::new().with("z", &inputs.0).with("t", &inputs.1);
        let y = evaluate(&[cost, dz], &inputs).unwrap();
        assert!((y[0].sum() - 2f64.ln()).abs() < 1e-15);
        let want = array![[-0.25, 0.25], [0.0, 0.0]].into_dyn();
        assert!((&y[1] - &want).iter().all(|error| error.abs() < 1e-15), "(p - t)/n");
    }

    #[test]
    fn labels_stand_for_one_hot_rows() {
        let g = Graph::new();
        let (z, t) = (input(&g, "z", ("n", 2)), input(&g, "t", ("n", 2)));
        let labels = input(&g, "labels", ("n",));
        let costs = [softmax_cross_entropy(z, t), softmax_cross_entropy_with_labels(z, labels)];
        let (z, t) = (array![[0.3, -1.0], [2.0, 0.5]], array![[0.0, 1.0], [1.0, 0.0]]);
        let (inputs, labels) = (Inputs::new().with("z", &z).with("t", &t), array![1.0, 0.0]);
        let y = evaluate(&costs, &inputs.with("labels", &labels)).unwrap();
        assert_eq!(y[0], y[1]);
    }
}
