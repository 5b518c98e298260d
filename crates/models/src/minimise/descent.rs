//! Gradient descent with a constant learning rate.

use super::oracle::Oracle;
use super::outcome::check_positive;
use super::{Criterion, MinimizeError, Outcome, Stopped};

/// Gradient descent, x ← x − η ∇f, or with steps of the constant length η, x ← x − η ∇f/‖∇f‖.
///
/// With steps of a constant length it cannot settle: near a minimum they go to and fro over it. It
/// then returns the lowest point that it has seen and says [`Stopped::NoProgress`]; that point is
/// no nearer to the minimum than η allows. The same is said where η is too large. Source: Y. and S.
/// Wakui, *The Mathematics of Deep Learning*, section 2-10 (Δx = −η ∇f); M. Nielsen, *Neural
/// Networks and Deep Learning*, chapter 1 (the step of constant length, an exercise).
///
/// ```
/// use gradus_models::minimise::{GradientDescent, Stopped, minimize};
/// use gradus_ops::{Arrays, Graph, Inputs, param, square, sum_all};
/// use ndarray::array;
/// let g = Graph::new();
/// let x = param(&g, "x", [2]);
/// let start = Arrays::from([("x".to_owned(), array![3.0, 2.0].into_dyn())]);
/// let descent = GradientDescent { eta: 0.1, ..GradientDescent::default() };
/// let f = sum_all(square(x));
/// assert!(minimize(f, &start, &Inputs::new(), descent).unwrap().converged());
/// let normalised = GradientDescent { normalised: true, ..descent };
/// let found = minimize(f, &start, &Inputs::new(), normalised).unwrap();
/// assert_eq!(found.stopped, Stopped::NoProgress);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradientDescent {
    /// The learning rate η, or the length of each step.
    pub eta: f64,
    /// Whether the gradient is divided by its norm.
    pub normalised: bool,
    /// How small the relative gradient must become, see [`minimize`](super::minimize).
    pub tolerance: f64,
    /// How many steps are allowed.
    pub iterations: usize,
}

impl Default for GradientDescent {
    fn default() -> Self {
        Self { eta: 0.01, normalised: false, tolerance: 1e-8, iterations: 100_000 }
    }
}

/// After how many steps without a new lowest value there is no progress.
const PATIENCE: usize = 100;

impl GradientDescent {
    pub(super) fn run(&self, oracle: &mut Oracle<'_, '_>) -> Result<Outcome, MinimizeError> {
        check_positive("the learning rate", self.eta)?;
        check_positive("the tolerance", self.tolerance)?;
        let mut best = oracle.start()?;
        let mut at = best.clone();
        let (mut iterations, mut since) = (0, 0);
        let stopped = loop {
            if !at.is_finite() {
                break oracle.not_finite(&at.x)?;
            }
            if at.f < best.f {
                (best, since) = (at.clone(), 0);
            }
            if at.relative_gradient() <= self.tolerance {
                best = at;
                break Stopped::Converged(Criterion::Gradient);
            }
            if since >= PATIENCE {
                break Stopped::NoProgress;
            }
            if iterations == self.iterations {
                break Stopped::IterationLimit;
            }
            let rate = if self.normalised { self.eta / at.g.norm() } else { self.eta };
            at = oracle.at(&at.x - rate * &at.g)?;
            (iterations, since) = (iterations + 1, since + 1);
        };
        Ok(oracle.outcome(best, iterations, stopped))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{bowl, number, numbers, rosenbrock};
    use super::*;
    use crate::minimise::minimize;
    use gradus_ops::{Graph, Inputs, exp, param};

    #[test]
    fn it_takes_the_steps_of_the_formula() {
        let g = Graph::new();
        let (f, start) = bowl(&g);
        let one = GradientDescent { eta: 0.05, iterations: 1, ..GradientDescent::default() };
        let found = minimize(f, &start, &Inputs::new(), one).unwrap();
        // f = x² + 3 y² at (3, 2), whose gradient is (6, 12).
        assert_eq!(numbers(&found), [3.0 - 0.05 * 6.0, 2.0 - 0.05 * 12.0]);
        assert_eq!((found.iterations, found.stopped), (1, Stopped::IterationLimit));
        let one = GradientDescent { normalised: true, ..one };
        let found = minimize(f, &start, &Inputs::new(), one).unwrap();
        let moved = [3.0 - numbers(&found)[0], 2.0 - numbers(&found)[1]];
        assert!((moved[0].hypot(moved[1]) - 0.05).abs() < 1e-15, "{moved:?}");
        assert!((moved[1] / moved[0] - 2.0).abs() < 1e-12, "{moved:?}");
    }

    #[test]
    fn steps_of_a_constant_length_cannot_settle_and_it_says_so() {
        let g = Graph::new();
        let (f, start) = bowl(&g);
        for eta in [0.5, 0.1, 0.01] {
            let steps = GradientDescent { eta, normalised: true, ..GradientDescent::default() };
            let found = minimize(f, &start, &Inputs::new(), steps).unwrap();
            assert_eq!(found.stopped, Stopped::NoProgress, "{eta}: {found:?}");
            let distance = numbers(&found)[0].hypot(numbers(&found)[1]);
            assert!(distance < eta && distance > 1e-6 * eta, "{eta}: {found:?}");
        }
    }

    #[test]
    fn too_large_a_rate_is_no_convergence() {
        let g = Graph::new();
        let (f, start) = bowl(&g);
        // 3 y² is divergent beyond η = 1/3: |1 − 6 η| > 1.
        let wild = GradientDescent { eta: 0.34, ..GradientDescent::default() };
        let found = minimize(f, &start, &Inputs::new(), wild).unwrap();
        assert_eq!(found.stopped, Stopped::NoProgress);
        assert!(found.value <= 21.0, "the lowest point seen, from 21 at the start: {found:?}");
        let good = GradientDescent { eta: 0.3, ..GradientDescent::default() };
        assert!(minimize(f, &start, &Inputs::new(), good).unwrap().converged());
    }

    #[test]
    fn a_long_way_ends_at_the_limit() {
        let g = Graph::new();
        let (f, start) = rosenbrock(&g);
        let descent = GradientDescent { eta: 1e-3, iterations: 500, ..GradientDescent::default() };
        let found = minimize(f, &start, &Inputs::new(), descent).unwrap();
        assert_eq!(found.stopped, Stopped::IterationLimit);
        let long = GradientDescent { iterations: 200_000, ..descent };
        let found = minimize(f, &start, &Inputs::new(), long).unwrap();
        assert!(found.converged() && (numbers(&found)[0] - 1.0).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn what_leaves_the_range_of_numbers_names_the_node() {
        let g = Graph::new();
        let x = param(&g, "x", ());
        let f = exp(exp(x)) - x;
        let start = [("x".to_owned(), number(7.0))].into();
        let found = minimize(f, &start, &Inputs::new(), GradientDescent::default()).unwrap();
        let Stopped::NotFinite { node } = &found.stopped else { panic!("{found:?}") };
        assert!(node.starts_with("exp = %2 : [], written at"), "{node}");
        assert!(found.stopped.to_string().contains("not converged: not a finite number: exp = %2"));
    }

    #[test]
    fn settings_are_checked() {
        let g = Graph::new();
        let (f, start) = bowl(&g);
        for eta in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let descent = GradientDescent { eta, ..GradientDescent::default() };
            let error = minimize(f, &start, &Inputs::new(), descent).unwrap_err().to_string();
            assert_eq!(error, format!("the learning rate is a positive number, not {eta:?}"));
        }
    }
}
