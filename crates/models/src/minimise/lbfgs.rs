//! The limited-memory method of Broyden, Fletcher, Goldfarb and Shanno.

use std::collections::VecDeque;

use super::line_search::strong_wolfe;
use super::oracle::{Oracle, Vector};
use super::outcome::check_positive;
use super::{Criterion, MinimizeError, Outcome, Stopped};

/// L-BFGS: steps −H ∇f, where H approximates the inverse Hessian from what the last steps have
/// taught, and a line search for the strong Wolfe conditions. For many parameters: it needs
/// gradients only. Source: J. Nocedal, S. J. Wright, *Numerical Optimization*, 2nd edition,
/// Springer 2006, algorithms 7.4 and 7.5.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lbfgs {
    /// How many steps are remembered.
    pub memory: usize,
    /// How small the relative gradient must become, see [`minimize`](super::minimize).
    pub tolerance: f64,
    /// How many steps are allowed.
    pub iterations: usize,
}

impl Default for Lbfgs {
    fn default() -> Self {
        Self { memory: 10, tolerance: 1e-8, iterations: 10_000 }
    }
}

/// A step s, the change y of the gradient along it, and 1/(sᵀy).
struct Pair {
    s: Vector,
    y: Vector,
    rho: f64,
}

impl Lbfgs {
    pub(super) fn run(&self, oracle: &mut Oracle<'_, '_>) -> Result<Outcome, MinimizeError> {
        check_positive("the tolerance", self.tolerance)?;
        if self.memory == 0 {
            let problem = "L-BFGS remembers at least one step";
            return Err(MinimizeError::Problem(problem.to_owned()));
        }
        let mut at = oracle.start()?;
        let mut memory: VecDeque<Pair> = VecDeque::with_capacity(self.memory);
        let mut iterations = 0;
        let stopped = loop {
            if !at.is_finite() {
                break oracle.not_finite(&at.x)?;
            }
            if at.relative_gradient() <= self.tolerance {
                break Stopped::Converged(Criterion::Gradient);
            }
            if iterations == self.iterations {
                break Stopped::IterationLimit;
            }
            let direction = -two_loops(&memory, &at.g);
            let first = if memory.is_empty() { 1.0 / at.g.norm().max(1.0) } else { 1.0 };
            let falls = direction.dot(&at.g) < 0.0;
            let next = match falls {
                true => strong_wolfe(oracle, &at, &direction, first)?,
                false => None,
            };
            let Some(next) = next else {
                // What is remembered misleads here: once more along the gradient.
                if memory.is_empty() {
                    break Stopped::NoProgress;
                }
                memory.clear();
                continue;
            };
            let (s, y) = (&next.x - &at.x, &next.g - &at.g);
            let curvature = s.dot(&y);
            if curvature > f64::EPSILON * s.norm() * y.norm() {
                memory.truncate(self.memory - 1);
                memory.push_front(Pair { s, y, rho: 1.0 / curvature });
            }
            at = next;
            iterations += 1;
        };
        Ok(oracle.outcome(at, iterations, stopped))
    }
}

/// H g, by algorithm 7.4: the newest pair comes first.
fn two_loops(memory: &VecDeque<Pair>, g: &Vector) -> Vector {
    let mut q = g.clone();
    let mut alphas = Vec::with_capacity(memory.len());
    for Pair { s, y, rho } in memory {
        let alpha = rho * s.dot(&q);
        q.axpy(-alpha, y, 1.0);
        alphas.push(alpha);
    }
    if let Some(Pair { y, rho, .. }) = memory.front() {
        q /= rho * y.dot(y);
    }
    for (Pair { s, y, rho }, alpha) in memory.iter().zip(alphas).rev() {
        let beta = rho * y.dot(&q);
        q.axpy(alpha - beta, s, 1.0);
    }
    q
}

#[cfg(test)]
mod tests {
    use super::super::tests::{bowl, numbers, rosenbrock, two};
    use super::*;
    use crate::minimise::minimize;
    use crate::minimise::oracle::Matrix;
    use gradus_ops::{Graph, Inputs, exp, param, slice, square, sum_all};
    use ndarray::Array1;

    #[test]
    fn two_loops_are_the_update_of_the_inverse() {
        // H ← (I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ for the oldest pair first (Nocedal & Wright,
        // equation 7.16), from γ I with the γ of the newest.
        let number = |k: f64| Vector::from_fn(4, |i, _| (k * (1.0 + i as f64).powi(2)).sin());
        let curved = |s: &Vector| s.map_with_location(|i, _, s| s * (1.0 + i as f64));
        let pairs = [0.7, 1.9, 0.4].map(|k| {
            let (s, y) = (number(k), curved(&number(k)) + 0.05 * number(2.0 * k));
            Pair { rho: 1.0 / s.dot(&y), s, y }
        });
        let Pair { y, rho, .. } = &pairs[0];
        let one = Matrix::identity(4, 4);
        let mut h = &one / (rho * y.dot(y));
        for Pair { s, y, rho } in pairs.iter().rev() {
            let left = &one - *rho * s * y.transpose();
            h = &left * h * left.transpose() + *rho * s * s.transpose();
        }
        let g = number(3.1);
        let wanted = h * &g;
        let product = two_loops(&pairs.into(), &g);
        assert!((&product - &wanted).amax() < 1e-13 * wanted.amax(), "{product} {wanted}");
    }

    #[test]
    fn it_finds_known_minima() {
        let g = Graph::new();
        let (f, start) = bowl(&g);
        let found = minimize(f, &start, &Inputs::new(), Lbfgs::default()).unwrap();
        assert!(found.converged() && found.iterations < 20, "{found:?}");
        let g = Graph::new();
        let (f, start) = rosenbrock(&g);
        let found = minimize(f, &start, &Inputs::new(), Lbfgs::default()).unwrap();
        assert!(found.converged() && found.iterations < 100, "{found:?}");
        assert!(numbers(&found).iter().all(|x| (x - 1.0).abs() < 1e-6), "{found:?}");
    }

    #[test]
    fn a_thousand_parameters() {
        // The extended Rosenbrock function (J. J. Moré, B. S. Garbow, K. E. Hillstrom, 1981).
        let g = Graph::new();
        let x = param(&g, "x", [500, 2]);
        let (odd, even) = (slice(x, 1, 0..1), slice(x, 1, 1..2));
        let f = sum_all(square(1.0 - odd) + 100.0 * square(even - square(odd)));
        let x = Array1::from_shape_fn(1000, |k| if k % 2 == 0 { -1.2 } else { 1.0 });
        let start = [("x".to_owned(), x.into_shape_with_order((500, 2)).unwrap().into_dyn())];
        let found = minimize(f, &start.into(), &Inputs::new(), Lbfgs::default()).unwrap();
        assert!(found.converged(), "{}", found.stopped);
        assert!(found.at["x"].iter().all(|x| (x - 1.0).abs() < 1e-5));
    }

    #[test]
    fn what_has_no_minimum_does_not_converge() {
        let g = Graph::new();
        let (x, y) = (param(&g, "x", ()), param(&g, "y", ()));
        for f in [x + square(y), x * y, x - exp(-y)] {
            let found = minimize(f, &two(0.5, 0.25), &Inputs::new(), Lbfgs::default()).unwrap();
            assert!(!found.converged() && found.value < -1e3, "{found:?}");
        }
    }

    #[test]
    fn settings_are_checked() {
        let g = Graph::new();
        let (f, start) = bowl(&g);
        let lbfgs = Lbfgs { memory: 0, ..Lbfgs::default() };
        let error = minimize(f, &start, &Inputs::new(), lbfgs).unwrap_err();
        assert_eq!(error.to_string(), "L-BFGS remembers at least one step");
        let lbfgs = Lbfgs { tolerance: 0.0, ..Lbfgs::default() };
        let error = minimize(f, &start, &Inputs::new(), lbfgs).unwrap_err();
        assert_eq!(error.to_string(), "the tolerance is a positive number, not 0.0");
    }
}
