//! Cross-entropy of a softmax layer: a composed function.

use super::Mul;
use super::mean::examples;
use crate::operation::apply;
use crate::{Expr, log_softmax, sum_all};

/// The cross-entropy cost of a softmax layer with weighted inputs z \[n, k\] for targets t, each row
/// of which is one-hot or a distribution: C = −1/n Σₓ Σₖ tₖ ln softmax(z)ₖ.
///
/// ∂C/∂z = (p Σₖ tₖ − t)/n with p = softmax(z); for targets that add up to 1 the familiar
/// (p − t)/n.
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
}
