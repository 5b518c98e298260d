//! What training makes small.

use gradus_ops::{Expr, binary_cross_entropy_with_logits, quadratic_cost};
use serde::{Deserialize, Serialize};

use crate::{Activation, Forward, ModelError, Network};

/// A cost of a network's outputs for given targets: a mean over the examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cost {
    /// C = 1/(2n) Σₓ ‖y − a‖².
    Quadratic,
    /// C = −1/n Σₓ Σₖ (yₖ ln aₖ + (1 − yₖ) ln(1 − aₖ)), for sigmoid outputs; computed from their
    /// weighted inputs.
    CrossEntropy,
}

impl Cost {
    /// Checks that the network's outputs are of the kind that the cost is for.
    ///
    /// # Errors
    ///
    /// If the cost is the cross-entropy and the outputs are not sigmoid units.
    pub fn suits(self, network: &Network) -> Result<(), ModelError> {
        self.suits_outputs(network.last_activation())
    }

    fn suits_outputs(self, outputs: Activation) -> Result<(), ModelError> {
        match (self, outputs) {
            (Cost::Quadratic, _) | (Cost::CrossEntropy, Activation::Sigmoid) => Ok(()),
            (Cost::CrossEntropy, other) => Err(ModelError::Settings(format!(
                "the cross-entropy cost is for sigmoid outputs, these are {other:?}"
            ))),
        }
    }

    /// The cost of what a network computes, for targets `y`.
    ///
    /// # Panics
    ///
    /// If the cost does not suit the outputs, or the targets have another shape.
    #[track_caller]
    pub fn of<'g>(self, forward: &Forward<'g>, y: Expr<'g>) -> Expr<'g> {
        let _line = y.graph().here();
        if let Err(error) = self.suits_outputs(forward.last_activation) {
            panic!("{error}");
        }
        match self {
            Cost::Quadratic => quadratic_cost(forward.output(), y),
            Cost::CrossEntropy => {
                binary_cross_entropy_with_logits(forward.z[forward.z.len() - 1], y)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_ops::{Graph, input};

    #[test]
    #[should_panic(expected = "the cross-entropy cost is for sigmoid outputs, these are Tanh")]
    fn cross_entropy_is_for_sigmoid_outputs() {
        let g = Graph::new();
        let network = Network::dense(&[2, 1], Activation::Tanh).unwrap();
        let forward = network.forward(input(&g, "x", ("n", 2)));
        Cost::CrossEntropy.of(&forward, input(&g, "y", ("n", 1)));
    }
}
