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

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_ops::{Graph, Inputs, evaluate, input};
    use ndarray::array;

    #[test]
    fn values() {
        let of = |activation: Activation| {
            let g = Graph::new();
            let z = array![[-2.0, 0.0, 3.0]];
            let a = activation.apply(input(&g, "z", ("n", 3)));
            evaluate(&[a], &Inputs::new().with("z", &z)).unwrap().remove(0)
        };
        let sigma = |z: f64| 1.0 / (1.0 + (-z).exp());
        let all = (-2f64).exp() + 1.0 + 3f64.exp();
        for (activation, wanted) in [
            (Activation::Identity, [-2.0, 0.0, 3.0]),
            (Activation::Sigmoid, [sigma(-2.0), 0.5, sigma(3.0)]),
            (Activation::Tanh, [(-2f64).tanh(), 0.0, 3f64.tanh()]),
            (Activation::Relu, [0.0, 0.0, 3.0]),
            (Activation::LeakyRelu, [-0.02, 0.0, 3.0]),
            (Activation::Softmax, [(-2f64).exp() / all, 1.0 / all, 3f64.exp() / all]),
        ] {
            let near = |(a, b): (&f64, f64)| (a - b).abs() < 1e-15;
            assert!(of(activation).iter().zip(wanted).all(near), "{activation}");
        }
    }
}
