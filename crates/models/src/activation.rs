//! Activation functions of units.

use std::fmt;

use gradus_ops::{Expr, leaky_relu, relu, sigmoid, softmax, tanh};
use serde::{Deserialize, Serialize};

/// What a unit makes of its weighted input.
///
/// Source: Y. and S. Wakui, *The Mathematics of Deep Learning*, sections 1-3 and 2-1; M. Nielsen,
/// *Neural Networks and Deep Learning*, chapter 3 (softmax).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// a = z.
    Identity,
    /// a = 1/(1 + e⁻ᶻ).
    Sigmoid,
    /// a = tanh z.
    Tanh,
    /// a = max(0, z).
    Relu,
    /// a = z for z > 0, else 0.01 z.
    LeakyRelu,
    /// aⱼ = e^zⱼ / Σₖ e^zₖ, over the units of the layer (the last axis).
    Softmax,
}

impl Activation {
    /// The outputs for weighted inputs `z`.
    #[track_caller]
    pub fn apply(self, z: Expr<'_>) -> Expr<'_> {
        match self {
            Activation::Identity => z,
            Activation::Sigmoid => sigmoid(z),
            Activation::Tanh => tanh(z),
            Activation::Relu => relu(z),
            Activation::LeakyRelu => leaky_relu(z, 0.01),
            Activation::Softmax => softmax(z, z.shape().rank() - 1),
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Activation::Identity => "identity",
            Activation::Sigmoid => "sigmoid",
            Activation::Tanh => "tanh",
            Activation::Relu => "ReLU",
            Activation::LeakyRelu => "leaky ReLU",
            Activation::Softmax => "softmax",
        })
    }
}
