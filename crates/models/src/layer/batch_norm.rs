//! Batch normalisation.

use std::fmt;

use gradus_ops::{Axes, Expr, broadcast, mean, rsqrt, square};
use serde::{Deserialize, Serialize};

use super::{Applied, Layer, Mode, Placed, Rules, times};
use crate::{Activation, Parameter, Role};

/// Batch normalisation: for each unit, or for each map, x̂ = (x − μ)/√(σ² + 10⁻⁵), z = γ x̂ + β and
/// a = activation(z).
///
/// In training, μ and σ² are the mean and the variance (the mean square deviation) over the batch,
/// and for maps over their cells; for outputs they are running means of these, the state `mean2`
/// and `variance2`, of which each step replaces a tenth. `gamma2` and `beta2` are learned. Put it
/// after a layer whose activation is the identity. Source: S. Ioffe, C. Szegedy, *Batch
/// normalization*, ICML 2015; its correction of the running variance by m/(m − 1), for batches of
/// m, is left out, as it has no value for a batch of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchNorm {
    /// The units' activation function.
    pub activation: Activation,
}

/// What is added to a variance, so that its root is not 0.
const EPSILON: f64 = 1e-5;

/// How much of a running statistic a step replaces.
const RATE: f64 = 0.1;

impl BatchNorm {
    /// A layer with this activation function behind it.
    pub fn new(activation: Activation) -> Self {
        Self { activation }
    }
}

impl Rules for BatchNorm {
    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        match (input.len(), self.activation) {
            (1, _) => Ok(input.to_vec()),
            (3, Activation::Softmax) => {
                Err("softmax is for units in a row, not for feature maps".to_owned())
            }
            (3, _) => Ok(input.to_vec()),
            _ => Err(format!("batch normalisation wants units or maps, not {}", times(input))),
        }
    }

    fn parameters(&self, at: &Placed) -> Vec<Parameter> {
        vec![
            Parameter::new(at.named("gamma"), [at.input[0]], Role::Start(1.0)),
            Parameter::new(at.named("beta"), [at.input[0]], Role::Start(0.0)),
        ]
    }

    fn statistics(&self, at: &Placed) -> Vec<Parameter> {
        vec![
            Parameter::new(at.named("mean"), [at.input[0]], Role::Start(0.0)),
            Parameter::new(at.named("variance"), [at.input[0]], Role::Start(1.0)),
        ]
    }

    fn apply<'g>(&self, at: &Placed, x: Expr<'g>, mode: Mode<'g>) -> Applied<'g> {
        let [gamma, beta] = [0, 1].map(|k| self.parameters(at)[k].node(x.graph()));
        let statistics = self.statistics(at);
        let running = [0, 1].map(|k| statistics[k].node(x.graph()));
        // All axes but that of the units or maps.
        let axes: Axes = (0..x.shape().rank()).filter(|&axis| axis != 1).collect();
        let spread = |y| broadcast(y, axes, x.shape());
        let mut updates = Vec::new();
        let [mu, variance] = match mode {
            Mode::Inference => running,
            Mode::Training { .. } => {
                let mu = mean(x, axes);
                let batch = [mu, mean(square(x - spread(mu)), axes)];
                for k in [0, 1] {
                    let next = running[k] + RATE * (batch[k] - running[k]);
                    updates.push((statistics[k].name.clone(), next));
                }
                batch
            }
        };
        let normalised = (x - spread(mu)) * spread(rsqrt(variance + EPSILON));
        let z = normalised * spread(gamma) + spread(beta);
        let a = at.label("norm", self.activation.apply(z));
        Applied { z, a, updates }
    }
}

impl fmt::Display for BatchNorm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "batch-norm, {}", self.activation)
    }
}

impl From<BatchNorm> for Layer {
    fn from(layer: BatchNorm) -> Self {
        Layer::BatchNorm(layer)
    }
}
