//! What training makes small.

use std::fmt;

use gradus_ops::{Expr, binary_cross_entropy_with_logits, quadratic_cost, softmax_cross_entropy};
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
    /// C = −1/n Σₓ Σₖ yₖ ln aₖ, for softmax outputs; computed from their weighted inputs. For
    /// one-hot targets it is the mean of −ln a of the right class. Source: M. Nielsen, *Neural
    /// Networks and Deep Learning*, chapter 3.
    LogLikelihood,
}

impl Cost {
    /// Checks that the network's outputs are of the kind that the cost is for.
    ///
    /// # Errors
    ///
    /// If the cost is for sigmoid or softmax units and the outputs are others.
    pub fn suits(self, network: &Network) -> Result<(), ModelError> {
        self.suits_outputs(network.last().layer.activation())
    }

    fn suits_outputs(self, outputs: Activation) -> Result<(), ModelError> {
        let wanted = match self {
            Cost::Quadratic => return Ok(()),
            Cost::CrossEntropy => Activation::Sigmoid,
            Cost::LogLikelihood => Activation::Softmax,
        };
        if outputs == wanted {
            return Ok(());
        }
        Err(ModelError::Settings(format!(
            "the {self} cost is for {wanted} outputs, these are {outputs}"
        )))
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
        let z = forward.z[forward.z.len() - 1];
        match self {
            Cost::Quadratic => quadratic_cost(forward.output(), y),
            Cost::CrossEntropy => binary_cross_entropy_with_logits(z, y),
            Cost::LogLikelihood => softmax_cross_entropy(z, y),
        }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cost::Quadratic => "quadratic",
            Cost::CrossEntropy => "cross-entropy",
            Cost::LogLikelihood => "log-likelihood",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_ops::{Graph, input};

    #[test]
    #[should_panic(expected = "the cross-entropy cost is for sigmoid outputs, these are tanh")]
    fn cross_entropy_is_for_sigmoid_outputs() {
        let g = Graph::new();
        let network = Network::dense(&[2, 1], Activation::Tanh).unwrap();
        let forward = network.forward(input(&g, "x", ("n", 2)));
        Cost::CrossEntropy.of(&forward, input(&g, "y", ("n", 1)));
    }

    #[test]
    fn log_likelihood_is_for_softmax_outputs() {
        let text = |outputs| Cost::LogLikelihood.suits_outputs(outputs).unwrap_err().to_string();
        let wanted = "the log-likelihood cost is for softmax outputs, these are sigmoid";
        assert_eq!(text(Activation::Sigmoid), wanted);
        assert!(Cost::LogLikelihood.suits_outputs(Activation::Softmax).is_ok());
    }
}
