//! Cross-entropy of probabilities.

use ndarray::{ArrayD, ArrayViewD};

use super::mean::examples;
use crate::operation::{Card, Operation, Sample, apply, elementwise, zip};
use crate::{Environment, Expr, Scalar, Shape, log, sum_all};

/// c = −(y ln a + (1 − y) ln(1 − a)), element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BinaryCrossEntropy;

/// The cross-entropy of each output a, a probability, with its target y:
/// −(y ln a + (1 − y) ln(1 − a)).
///
/// ā = c̄ ((1 − y)/(1 − a) − y/a). Convention: 0 ln 0 = 0, so that an output which is exactly right
/// costs 0; its derivative is 0/0 there, and an output that is exactly wrong costs ∞. A network
/// whose outputs can saturate is better served by
/// [`binary_cross_entropy_with_logits_terms`](crate::binary_cross_entropy_with_logits_terms).
#[track_caller]
pub fn binary_cross_entropy_terms<'g>(a: Expr<'g>, y: Expr<'g>) -> Expr<'g> {
    apply(BinaryCrossEntropy, [a, y])
}

/// The cross-entropy cost of outputs a, probabilities, for targets y, the first axis being the
/// examples: C = −1/n Σₓ Σₖ (yₖ ln aₖ + (1 − yₖ) ln(1 − aₖ)). The outputs of an example are
/// summed, not averaged.
///
/// Source: M. Nielsen, *Neural Networks and Deep Learning*, chapter 3.
#[track_caller]
pub fn binary_cross_entropy<'g>(a: Expr<'g>, y: Expr<'g>) -> Expr<'g> {
    let _line = a.graph().here();
    let terms = binary_cross_entropy_terms(a, y);
    sum_all(terms) / examples(terms)
}

impl Operation for BinaryCrossEntropy {
    const CARD: Card = Card {
        name: "binary_cross_entropy",
        operands: &["a", "y"],
        formula: "c = -(y ln a + (1 - y) ln(1 - a))",
        shapes: "a, y: equal; c: like them",
        pullback: "ā = c̄ · ((1 - y) / (1 - a) - y / a), ȳ = c̄ · (ln(1 - a) - ln a)",
        convention: "0 ln 0 = 0; an output that is exactly right has the derivative 0/0",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        let times = |y: T, ln_a: T| if y == T::zero() { T::zero() } else { y * ln_a };
        zip(x, |a, y| -(times(y, a.ln()) + times(T::one() - y, (-a).ln_1p())))
    }

    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], _c: Expr<'g>, c_bar: Expr<'g>) -> Option<Expr<'g>> {
        Some(c_bar * slope(k, x))
    }

    fn jvp<'g>(&self, k: usize, x: &[Expr<'g>], _c: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        Some(x_dot * slope(k, x))
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::spread(BinaryCrossEntropy, &[&[2, 3], &[2, 3]], 0.2, 0.8),
            Sample::spread(BinaryCrossEntropy, &[&[], &[]], 0.2, 0.8),
        ]
    }
}

/// ∂c/∂a or ∂c/∂y.
fn slope<'g>(k: usize, x: &[Expr<'g>]) -> Expr<'g> {
    let (a, y) = (x[0], x[1]);
    match k {
        0 => (1.0 - y) / (1.0 - a) - y / a,
        _ => log(1.0 - a) - log(a),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{value2, wanted};

    #[test]
    fn values_and_the_ends() {
        let cost = |a: f64, y: f64| value2(binary_cross_entropy_terms, &[a], &[y])[0];
        assert!((cost(0.5, 1.0) - 2f64.ln()).abs() < 1e-15);
        assert!((cost(0.818, 0.0) + (1.0 - 0.818f64).ln()).abs() < 1e-14);
        assert_eq!([cost(1.0, 1.0), cost(0.0, 0.0)], [0.0, 0.0]);
        assert_eq!([cost(0.0, 1.0), cost(1.0, 0.0)], [f64::INFINITY; 2]);
    }

    #[test]
    fn the_cost_is_the_mean_over_examples_of_the_sum_over_outputs() {
        let cost = value2(binary_cross_entropy, &[0.5, 0.25], &[1.0, 1.0]);
        assert!((cost[0] - (2f64.ln() + 4f64.ln()) / 2.0).abs() < 1e-15);
    }

    #[test]
    fn targets_are_not_broadcast() {
        let text = wanted(|g| {
            let a = crate::input(g, "a", ("n", 10));
            binary_cross_entropy(a, crate::input(g, "y", [10]));
        });
        assert!(text.starts_with("binary_cross_entropy: the operands must have equal shapes"));
    }
}
