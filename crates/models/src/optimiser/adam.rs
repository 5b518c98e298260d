//! Adam.

use gradus_ops::{Expr, expm1, param, sqrt, square};
use serde::{Deserialize, Serialize};

use super::{beside, is_weight};
use crate::{Parameter, Role};

/// Adam: steps scaled by running means of the gradient and of its square.
///
/// In step t, counted from 1: m ← β₁ m + (1 − β₁) g and v ← β₂ v + (1 − β₂) g², then
/// w ← w − η m̂/(√v̂ + ε) with m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ). The means are state under the
/// names `adam.m.w2`, `adam.v.w2`, the steps done under `adam.step`. With decay λ, weights (not
/// biases) also lose η λ w. Source: D. P. Kingma, J. Ba, *Adam*, ICLR 2015, algorithm 1; the decay,
/// apart from the means, I. Loshchilov, F. Hutter, *Decoupled weight decay regularization*, ICLR
/// 2019, algorithm 2.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adam {
    /// How much of the mean of the gradient stays, from 0 to below 1.
    pub beta1: f64,
    /// How much of the mean of its square stays, from 0 to below 1.
    pub beta2: f64,
    /// What keeps the step finite where the gradient has been 0, more than 0.
    pub epsilon: f64,
    /// The weight decay λ, 0 (none) or more.
    pub decay: f64,
}

/// As in the paper: β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸; no decay. Its η is 0.001.
impl Default for Adam {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.0 }
    }
}

/// The name of the number of steps done.
const STEP: &str = "adam.step";

impl Adam {
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
        let graph = eta.graph();
        let _line = graph.here();
        let Self { beta1, beta2, epsilon, decay } = *self;
        let t = param(graph, STEP, ()) + 1.0;
        // 1 - βᵗ, without the cancellation when β is near 1.
        let rest = |beta: f64| if beta == 0.0 { t.filled(1.0) } else { -expm1(t * beta.ln()) };
        let (rest1, rest2) = (rest(beta1), rest(beta2));
        let mut updates = vec![(STEP.to_owned(), t)];
        for (parameter, &g) in parameters.iter().zip(gradients) {
            let w = parameter.node(graph);
            let [m_name, v_name] = ["adam.m", "adam.v"].map(|what| beside(what, parameter).name);
            let m = beta1 * param(graph, &m_name, w.shape()) + (1.0 - beta1) * g;
            let v = beta2 * param(graph, &v_name, w.shape()) + (1.0 - beta2) * square(g);
            let change = (m / rest1) / (sqrt(v / rest2) + epsilon);
            let decays = decay != 0.0 && is_weight(parameter);
            let change = if decays { change + decay * w } else { change };
            updates.push((parameter.name.clone(), w - eta * change));
            updates.push((m_name, m));
            updates.push((v_name, v));
        }
        updates
    }

    /// The state that the updates need beside the parameters; it starts at 0.
    pub fn state(&self, parameters: &[Parameter]) -> Vec<Parameter> {
        let step = Parameter::new(STEP, [], Role::Start(0.0));
        let means = parameters.iter().flat_map(|p| [beside("adam.m", p), beside("adam.v", p)]);
        [step].into_iter().chain(means).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::descend;
    use super::*;

    #[test]
    fn adam_follows_its_recurrence() {
        let by_hand = |adam: Adam, decay: f64| {
            let Adam { beta1, beta2, epsilon, .. } = adam;
            let (mut w, mut m, mut v): (f64, f64, f64) = (1.0, 0.0, 0.0);
            for t in 1..=20 {
                m = beta1 * m + (1.0 - beta1) * w;
                v = beta2 * v + (1.0 - beta2) * w * w;
                let (m, v) = (m / (1.0 - beta1.powi(t)), v / (1.0 - beta2.powi(t)));
                w -= 0.1 * (m / (v.sqrt() + epsilon) + decay * w);
            }
            w
        };
        let usual = Adam::default();
        for adam in [usual, Adam { decay: 0.3, ..usual }, Adam { beta1: 0.0, ..usual }] {
            let [w, b] = descend(adam, 0.1, 20);
            assert!((w - by_hand(adam, adam.decay)).abs() < 1e-12, "{adam:?}: {w}");
            assert!((b - by_hand(adam, 0.0)).abs() < 1e-12, "biases do not decay: {b}");
        }
    }

    #[test]
    fn the_first_step_is_as_long_as_the_learning_rate() {
        let [w, _] = descend(Adam::default(), 0.1, 1);
        assert!((w - 0.9).abs() < 1e-8, "{w}");
    }
}
