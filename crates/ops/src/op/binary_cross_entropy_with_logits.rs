//! Cross-entropy of logits, the weighted inputs of sigmoid units.

use ndarray::{ArrayD, ArrayViewD};

use super::mean::examples;
use crate::operation::{Card, Operation, Sample, apply, elementwise, zip};
use crate::{Environment, Expr, Scalar, Shape, sigmoid, sum_all};

/// c = −(y ln σ(z) + (1 − y) ln(1 − σ(z))), element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BinaryCrossEntropyWithLogits;

/// The cross-entropy of each sigmoid unit's output σ(z) with its target y, from the unit's
/// weighted input z: −(y ln σ(z) + (1 − y) ln(1 − σ(z))).
///
/// z̄ = c̄ (σ(z) − y): the neuron error δ without the factor σ′ that makes a saturated unit learn
/// slowly. Computed as max(z, 0) − z y + ln(1 + e^−|z|), finite for every finite z.
#[track_caller]
pub fn binary_cross_entropy_with_logits_terms<'g>(z: Expr<'g>, y: Expr<'g>) -> Expr<'g> {
    apply(BinaryCrossEntropyWithLogits, [z, y])
}

/// The cross-entropy cost of sigmoid units with weighted inputs z for targets y, the first axis
/// being the examples: [`binary_cross_entropy`](crate::binary_cross_entropy) of `sigmoid(z)`,
/// without its poles.
///
/// Source: M. Nielsen, *Neural Networks and Deep Learning*, chapter 3.
#[track_caller]
pub fn binary_cross_entropy_with_logits<'g>(z: Expr<'g>, y: Expr<'g>) -> Expr<'g> {
    let _line = z.graph().here();
    let terms = binary_cross_entropy_with_logits_terms(z, y);
    sum_all(terms) / examples(terms)
}

impl Operation for BinaryCrossEntropyWithLogits {
    const CARD: Card = Card {
        name: "binary_cross_entropy_with_logits",
        operands: &["z", "y"],
        formula: "c = -(y ln σ(z) + (1 - y) ln(1 - σ(z)))",
        shapes: "z, y: equal; c: like them",
        pullback: "z̄ = c̄ · (σ(z) - y), ȳ = -(c̄ · z)",
        convention: "finite for every finite z",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        zip(x, |z, y| z.max(T::zero()) - z * y + (-z.abs()).exp().ln_1p())
    }

    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], _c: Expr<'g>, c_bar: Expr<'g>) -> Option<Expr<'g>> {
        Some(if k == 0 { c_bar * (sigmoid(x[0]) - x[1]) } else { -(c_bar * x[0]) })
    }

    fn jvp<'g>(&self, k: usize, x: &[Expr<'g>], _c: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        Some(if k == 0 { x_dot * (sigmoid(x[0]) - x[1]) } else { -(x_dot * x[0]) })
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::spread(BinaryCrossEntropyWithLogits, &[&[2, 3], &[2, 3]], -2.0, 2.0),
            Sample::spread(BinaryCrossEntropyWithLogits, &[&[], &[]], -2.0, 2.0),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::value2;
    use crate::{Graph, binary_cross_entropy, grad, input};

    #[test]
    fn values_and_saturation() {
        let cost = |z: f64, y: f64| value2(binary_cross_entropy_with_logits_terms, &[z], &[y])[0];
        assert_eq!(cost(0.0, 1.0), 2f64.ln());
        assert_eq!([cost(1000.0, 1.0), cost(-1000.0, 0.0)], [0.0, 0.0]);
        assert_eq!([cost(-1000.0, 1.0), cost(1000.0, 0.0)], [1000.0, 1000.0]);
        assert_eq!(cost(100.0, 1.0), (-100f64).exp(), "not rounded away");
    }

    #[test]
    fn the_cost_is_that_of_the_probabilities() {
        let (z, y) = ([0.3, -1.2, 2.0], [1.0, 0.0, 0.4]);
        let a = value2(binary_cross_entropy_with_logits, &z, &y)[0];
        let b = value2(|z, y| binary_cross_entropy(sigmoid(z), y), &z, &y)[0];
        assert!((a - b).abs() < 1e-15, "{a} against {b}");
    }

    #[test]
    fn the_error_of_the_output_is_a_minus_y() {
        let g = Graph::new();
        let (z, y) = (input(&g, "z", ("n", 10)), input(&g, "y", ("n", 10)));
        let terms = binary_cross_entropy_with_logits_terms(z, y);
        let [delta] = grad(sum_all(terms), [z]);
        assert_eq!(delta, z.filled(1.0) * (sigmoid(z) - y));
    }
}
