//! How training goes down: optimisers, as update expressions.
//!
//! Invariant: an optimiser is a list of updates of named arrays, and nothing else. What it remembers
//! between steps is state like the parameters.

mod adam;
mod sgd;

use gradus_ops::Expr;
use serde::{Deserialize, Serialize};

pub use adam::Adam;
pub use sgd::Sgd;

use crate::Parameter;

/// A way to go down.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Optimiser {
    /// See [`Sgd`].
    Sgd(Sgd),
    /// See [`Adam`].
    Adam(Adam),
}

impl Optimiser {
    /// The updates of parameters by their gradients, at the learning rate `eta` (of shape \[\]):
    /// names and the expressions of the next values.
    ///
    /// # Panics
    ///
    /// If there are not as many gradients as parameters: one that is left out would never move.
    #[track_caller]
    pub fn updates<'g>(
        &self, eta: Expr<'g>, parameters: &[Parameter], gradients: &[Expr<'g>],
    ) -> Vec<(String, Expr<'g>)> {
        match self {
            Optimiser::Sgd(sgd) => sgd.updates(eta, parameters, gradients),
            Optimiser::Adam(adam) => adam.updates(eta, parameters, gradients),
        }
    }

    /// The state that the updates need beside the parameters.
    pub fn state(&self, parameters: &[Parameter]) -> Vec<Parameter> {
        match self {
            Optimiser::Sgd(sgd) => sgd.state(parameters),
            Optimiser::Adam(adam) => adam.state(parameters),
        }
    }

    /// What is wrong with its numbers, judged as `f32`, in which training is done.
    pub(crate) fn problem(&self) -> Option<String> {
        let below_one = |name: &str, x: f64| {
            let good = (0.0..1.0).contains(&(x as f32));
            (!good).then(|| format!("{name} is from 0 to below 1, as an f32, not {x:?}"))
        };
        let positive = |name: &str, x: f64, least: f32| {
            let good = (x as f32).is_finite() && x >= 0.0 && x as f32 >= least;
            let wanted = if least > 0.0 { "a positive number" } else { "0 or more" };
            (!good).then(|| format!("{name} is {wanted}, of the size of an f32, not {x:?}"))
        };
        match self {
            Optimiser::Sgd(Sgd { momentum, decay }) => below_one("the momentum", *momentum)
                .or_else(|| positive("the weight decay", *decay, 0.0)),
            Optimiser::Adam(Adam { beta1, beta2, epsilon, decay }) => {
                below_one("Adam's β₁", *beta1)
                    .or_else(|| below_one("Adam's β₂", *beta2))
                    .or_else(|| positive("Adam's ε", *epsilon, f32::MIN_POSITIVE))
                    .or_else(|| positive("the weight decay", *decay, 0.0))
            }
        }
    }
}

impl From<Sgd> for Optimiser {
    fn from(sgd: Sgd) -> Self {
        Optimiser::Sgd(sgd)
    }
}

impl From<Adam> for Optimiser {
    fn from(adam: Adam) -> Self {
        Optimiser::Adam(adam)
    }
}

/// A state of the shape of a parameter that starts at 0, under a name such as `velocity.w2`.
fn beside(what: &str, parameter: &Parameter) -> Parameter {
    let name = format!("{what}.{}", parameter.name);
    Parameter::new(name, parameter.shape.clone(), crate::Role::Start(0.0))
}

/// Whether it is a weight: what decays.
fn is_weight(parameter: &Parameter) -> bool {
    matches!(parameter.role, crate::Role::Weights { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;
    use gradus_ops::{Arrays, Evaluator, Graph, Inputs, Reference, grad, input};
    use ndarray::arr0;

    /// Descends w²/2 + b²/2, whose gradients are w and b, from 1, and returns both.
    pub(super) fn descend(optimiser: impl Into<Optimiser>, eta: f64, steps: usize) -> [f64; 2] {
        let optimiser = optimiser.into();
        let weights = Role::Weights { fan_in: 1, fan_out: 1 };
        let parameters = [Parameter::new("w", [], weights), Parameter::new("b", [], Role::Biases)];
        let g = Graph::new();
        let [w, b] = [0, 1].map(|k: usize| parameters[k].node(&g));
        let gradients = grad(w * w / 2.0 + b * b / 2.0, [w, b]);
        let updates = optimiser.updates(input(&g, "eta", ()), &parameters, &gradients);
        let mut step = Reference::new(&[], &updates).unwrap();
        let one = || arr0(1.0).into_dyn();
        let mut state = Arrays::from([("w".to_owned(), one()), ("b".to_owned(), one())]);
        for still in optimiser.state(&parameters) {
            let Role::Start(value) = still.role else { panic!("{still:?}") };
            state.insert(still.name, arr0(value).into_dyn());
        }
        assert_eq!(state.len(), updates.len(), "all state is updated");
        let eta = arr0(eta);
        for _ in 0..steps {
            step.step(&mut state, &Inputs::new().with("eta", &eta)).unwrap();
        }
        ["w", "b"].map(|name| state[name].sum())
    }

    #[test]
    fn numbers_that_make_no_sense_are_named() {
        let sgd = |momentum, decay| Optimiser::from(Sgd { momentum, decay }).problem();
        assert_eq!(sgd(0.9, 0.1), None);
        let momentum = "the momentum is from 0 to below 1, as an f32, not 1.0";
        assert_eq!(sgd(1.0, 0.0).unwrap(), momentum);
        let decay = "the weight decay is 0 or more, of the size of an f32, not -0.1";
        assert_eq!(sgd(0.0, -0.1).unwrap(), decay);
        assert!(sgd(f64::NAN, 0.0).is_some() && sgd(0.0, f64::NAN).is_some());
        let usual = Adam::default();
        let adam = |adam: Adam| Optimiser::from(adam).problem();
        assert_eq!(adam(usual), None);
        let text = "Adam's ε is a positive number, of the size of an f32, not 1e-60";
        assert_eq!(adam(Adam { epsilon: 1e-60, ..usual }).unwrap(), text);
        let text = "Adam's β₂ is from 0 to below 1, as an f32, not 0.99999999999";
        assert_eq!(adam(Adam { beta2: 0.999_999_999_99, ..usual }).unwrap(), text);
    }
}
