//! Fully connected layers.

use std::fmt;

use gradus_ops::{Expr, matmul, transpose};
use serde::{Deserialize, Serialize};

use super::{Applied, Layer, Mode, Placed, Rules, times};
use crate::{Activation, Parameter, Role};

/// A fully connected layer: z = x wᵀ + b and a = activation(z), the rows of x being examples.
///
/// Weights `w2` are \[units, inputs\]: $w^l_{ji}$ leads from unit i of the layer before to unit j;
/// biases `b2` are \[units\].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dense {
    /// How many units the layer has.
    pub units: usize,
    /// The units' activation function.
    pub activation: Activation,
}

impl Dense {
    /// A layer of this many units.
    pub fn new(units: usize, activation: Activation) -> Self {
        Self { units, activation }
    }
}

impl Rules for Dense {
    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        if input.len() != 1 {
            let input = times(input);
            return Err(format!("a dense layer wants units in a row; flatten the {input} first"));
        }
        match self.units {
            0 => Err("every layer of a network has at least one unit".to_owned()),
            units => Ok(vec![units]),
        }
    }

    fn parameters(&self, at: &Placed) -> Vec<Parameter> {
        let (fan_in, fan_out) = (at.input[0], self.units);
        let weights = Role::Weights { fan_in, fan_out };
        vec![
            Parameter::new(at.named("w"), [fan_out, fan_in], weights),
            Parameter::new(at.named("b"), [fan_out], Role::Biases),
        ]
    }

    fn apply<'g>(&self, at: &Placed, x: Expr<'g>, _mode: Mode<'g>) -> Applied<'g> {
        let [w, b] = [0, 1].map(|k| self.parameters(at)[k].node(x.graph()));
        at.activate(matmul(x, transpose(w)) + b, self.activation)
    }
}

impl fmt::Display for Dense {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dense {}, {}", self.units, self.activation)
    }
}

impl From<Dense> for Layer {
    fn from(layer: Dense) -> Self {
        Layer::Dense(layer)
    }
}
