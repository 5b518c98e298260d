//! Stochastic gradient descent, as update expressions.

use gradus_ops::{Expr, param};
use serde::{Deserialize, Serialize};

use crate::Parameter;

/// Gradient descent, on the cost of a mini-batch, with or without momentum.
///
/// Without: w ← w − η ∂C/∂w. With momentum μ: v ← μ v − η ∂C/∂w, then w ← w + v; the velocities
/// are state like the parameters, under the names `velocity.w2` and so on, and start at 0. Source:
/// M. Nielsen, *Neural Networks and Deep Learning*, chapters 1 and 3.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sgd {
    /// The learning rate η.
    pub eta: f64,
    /// The momentum coefficient μ, from 0 (none) to below 1.
    pub momentum: f64,
}

impl Sgd {
    /// The updates of parameters by their gradients: names and the expressions of the next values.
    ///
    /// # Panics
    ///
    /// If there are not as many gradients as parameters: one that is left out would never move.
    #[track_caller]
    pub fn updates<'g>(
        &self, parameters: &[Parameter], gradients: &[Expr<'g>],
    ) -> Vec<(String, Expr<'g>)> {
        assert_eq!(parameters.len(), gradients.len(), "a gradient is needed for each parameter");
        let mut updates = Vec::new();
        for (parameter, &gradient) in parameters.iter().zip(gradients) {
            let _line = gradient.graph().here();
            let w = parameter.node(gradient.graph());
            if self.momentum == 0.0 {
                updates.push((parameter.name.clone(), w - self.eta * gradient));
            } else {
                let velocity = velocity(parameter);
                let v = param(w.graph(), &velocity, w.shape());
                let v = self.momentum * v - self.eta * gradient;
                updates.push((parameter.name.clone(), w + v));
                updates.push((velocity, v));
            }
        }
        updates
    }

    /// The state that the updates need beside the parameters; it starts at 0.
    pub fn state(&self, parameters: &[Parameter]) -> Vec<Parameter> {
        let moving = if self.momentum == 0.0 { &[] } else { parameters };
        let still = |p: &Parameter| Parameter { name: velocity(p), ..p.clone() };
        moving.iter().map(still).collect()
    }
}

fn velocity(parameter: &Parameter) -> String {
    format!("velocity.{}", parameter.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_ops::{Arrays, Evaluator, Graph, Inputs, Reference, grad};
    use ndarray::arr0;

    /// Descends w²/2, whose gradient is w, from 1.
    fn descend(sgd: Sgd, steps: usize) -> f64 {
        let parameter = [Parameter { name: "w".into(), shape: vec![], fan_in: None }];
        let g = Graph::new();
        let w = parameter[0].node(&g);
        let gradients = grad(w * w / 2.0, [w]);
        let mut step = Reference::new(&[], &sgd.updates(&parameter, &gradients)).unwrap();
        let mut state = Arrays::from([("w".to_owned(), arr0(1.0).into_dyn())]);
        for velocity in sgd.state(&parameter) {
            state.insert(velocity.name, arr0(0.0).into_dyn());
        }
        for _ in 0..steps {
            step.step(&mut state, &Inputs::new()).unwrap();
        }
        state["w"].sum()
    }

    #[test]
    fn plain_descent_and_momentum_follow_their_recurrences() {
        let (eta, momentum) = (0.1, 0.5);
        assert_eq!(descend(Sgd { eta, momentum: 0.0 }, 3), {
            let mut w: f64 = 1.0;
            for _ in 0..3 {
                w -= eta * w;
            }
            w
        });
        assert_eq!(descend(Sgd { eta, momentum }, 3), {
            let (mut w, mut v): (f64, f64) = (1.0, 0.0);
            for _ in 0..3 {
                v = momentum * v - eta * w;
                w += v;
            }
            w
        });
    }
}
