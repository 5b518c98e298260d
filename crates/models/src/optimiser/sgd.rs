//! Gradient descent on mini-batches.

use gradus_ops::{Expr, param};
use serde::{Deserialize, Serialize};

use super::{beside, is_weight};
use crate::Parameter;

/// Gradient descent, on the cost of a mini-batch, with or without momentum and weight decay.
///
/// Without: w ← w − η ∂C/∂w. With momentum μ: v ← μ v − η ∂C/∂w, then w ← w + v; the velocities
/// are state like the parameters, under the names `velocity.w2` and so on, and start at 0. With
/// decay λ the gradient of weights, not that of biases, is ∂C/∂w + λ w: that of the cost with the
/// penalty λ/2 Σ w² (Nielsen's λ/n). Source: M. Nielsen, *Neural Networks and Deep Learning*,
/// chapters 1 and 3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sgd {
    /// The momentum coefficient μ, from 0 (none) to below 1.
    pub momentum: f64,
    /// The weight decay λ, 0 (none) or more.
    pub decay: f64,
}

impl Sgd {
    /// As [`Optimiser::updates`](super::Optimiser::updates).
    ///
    /// # Panics
    ///
    /// As there.
    #[track_caller]
    pub fn updates<'g>(
        &self, eta: Expr<'g>, parameters: &[Parameter], gradients: &[Expr<'g>],
    ) -> Vec<(String, Expr<'g>)> {
        assert_eq!(parameters.len(), gradients.len(), "a gradient is needed for each parameter");
        let _line = eta.graph().here();
        let mut updates = Vec::new();
        for (parameter, &gradient) in parameters.iter().zip(gradients) {
            let w = parameter.node(gradient.graph());
            let decays = self.decay != 0.0 && is_weight(parameter);
            let gradient = if decays { gradient + self.decay * w } else { gradient };
            if self.momentum == 0.0 {
                updates.push((parameter.name.clone(), w - eta * gradient));
            } else {
                let velocity = beside("velocity", parameter).name;
                let v = param(w.graph(), &velocity, w.shape());
                let v = self.momentum * v - eta * gradient;
                updates.push((parameter.name.clone(), w + v));
                updates.push((velocity, v));
            }
        }
        updates
    }

    /// The state that the updates need beside the parameters; it starts at 0.
    pub fn state(&self, parameters: &[Parameter]) -> Vec<Parameter> {
        let moving = if self.momentum == 0.0 { &[] } else { parameters };
        moving.iter().map(|parameter| beside("velocity", parameter)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::descend;
    use super::*;

    #[test]
    fn descent_follows_its_recurrences() {
        let eta = 0.1;
        for (momentum, decay) in [(0.0, 0.0), (0.5, 0.0), (0.0, 0.2), (0.5, 0.2)] {
            let by_hand = |decay: f64| {
                let (mut w, mut v): (f64, f64) = (1.0, 0.0);
                for _ in 0..3 {
                    v = momentum * v - eta * (w + decay * w);
                    w += v;
                }
                w
            };
            let [w, b] = descend(Sgd { momentum, decay }, eta, 3);
            assert!((w - by_hand(decay)).abs() < 1e-15, "{momentum}, {decay}: {w}");
            assert!((b - by_hand(0.0)).abs() < 1e-15, "biases do not decay: {b}");
        }
    }
}
