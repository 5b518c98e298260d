//! Newton's method with a line search.

use nalgebra::{Cholesky, SymmetricEigen};

use super::line_search::strong_wolfe;
use super::oracle::{Matrix, Oracle, Point, Vector};
use super::outcome::check_positive;
use super::{Criterion, MinimizeError, Outcome, Stopped};

/// Newton's method: steps p with (H + τ I) p = −∇f, H being the Hessian that the graph gives, and a
/// line search along p for the strong Wolfe conditions.
///
/// τ is 0 where H is positive definite, else large enough for H + τ I to be. Where the gradient is
/// zero and H has a negative eigenvalue, it steps along its eigenvector. Each step takes a sweep
/// for each parameter, and a Cholesky decomposition. Source: J. Nocedal, S. J. Wright, *Numerical
/// Optimization*, 2nd edition, Springer 2006, algorithms 3.2 and 3.3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Newton {
    /// How small the relative gradient must become, see [`minimize`](super::minimize).
    pub tolerance: f64,
    /// How many steps are allowed.
    pub iterations: usize,
}

impl Default for Newton {
    fn default() -> Self {
        Self { tolerance: 1e-10, iterations: 500 }
    }
}

impl Newton {
    pub(super) fn run(&self, oracle: &mut Oracle<'_, '_>) -> Result<Outcome, MinimizeError> {
        check_positive("the tolerance", self.tolerance)?;
        let mut at = oracle.start()?;
        let mut iterations = 0;
        let stopped = loop {
            if !at.is_finite() {
                break oracle.not_finite(&at.x)?;
            }
            let hessian = oracle.hessian(&at.x)?;
            if hessian.iter().any(|h| !h.is_finite()) {
                break oracle.not_finite(&at.x)?;
            }
            let next = if at.relative_gradient() <= self.tolerance {
                let Some(side) = falling_side(&hessian) else {
                    break Stopped::Converged(Criterion::Gradient);
                };
                match iterations < self.iterations {
                    true => aside(oracle, &at, side)?,
                    false => break Stopped::IterationLimit,
                }
            } else {
                match iterations < self.iterations {
                    true => strong_wolfe(oracle, &at, &step(hessian, &at.g), 1.0)?,
                    false => break Stopped::IterationLimit,
                }
            };
            let stationary = at.relative_gradient() <= self.tolerance;
            match next {
                Some(next) => at = next,
                None if stationary => break Stopped::Saddle,
                None => break Stopped::NoProgress,
            }
            iterations += 1;
        };
        Ok(oracle.outcome(at, iterations, stopped))
    }
}

/// The step −(H + τ I)⁻¹ g with the first τ of 0, β, 2 β, … that makes the matrix positive definite.
fn step(hessian: Matrix, g: &Vector) -> Vector {
    let least = hessian.diagonal().min();
    let beta = 1e-3 * hessian.diagonal().amax().max(f64::MIN_POSITIVE);
    let mut tau = if least > 0.0 { 0.0 } else { beta - least };
    loop {
        let mut shifted = hessian.clone();
        (0..g.len()).for_each(|k| shifted[(k, k)] += tau);
        if let Some(cholesky) = Cholesky::new(shifted) {
            let p = -cholesky.solve(g);
            if p.dot(g) < 0.0 && p.iter().all(|p| p.is_finite()) {
                return p;
            }
        }
        tau = (2.0 * tau).max(beta);
        if !tau.is_finite() {
            return -g;
        }
    }
}

/// The eigenvector of the least eigenvalue, if that is negative beyond rounding.
fn falling_side(hessian: &Matrix) -> Option<Vector> {
    let SymmetricEigen { eigenvalues, eigenvectors } = SymmetricEigen::new(hessian.clone());
    let k = eigenvalues.imin();
    let rounding = 1e-12 * eigenvalues.amax();
    (eigenvalues[k] < -rounding).then(|| eigenvectors.column(k).into_owned())
}

/// A lower point to one of the sides, near rather than far.
fn aside(
    oracle: &mut Oracle<'_, '_>, at: &Point, side: Vector,
) -> Result<Option<Point>, MinimizeError> {
    let scale = at.x.norm().max(1.0);
    for k in 2..40 {
        for sign in [-1.0, 1.0] {
            let trial = oracle.at(&at.x + (sign * scale * 0.5f64.powi(k)) * &side)?;
            if trial.is_finite() && trial.f < at.f {
                return Ok(Some(trial));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{bowl, number, numbers, rosenbrock, two};
    use super::*;
    use crate::minimise::minimize;
    use gradus_ops::{Graph, Inputs, param, square, sum_all};
    use ndarray::array;

    #[test]
    fn a_quadratic_takes_one_step() {
        let g = Graph::new();
        let (f, start) = bowl(&g);
        let found = minimize(f, &start, &Inputs::new(), Newton::default()).unwrap();
        assert_eq!(
            (found.iterations, &found.stopped),
            (1, &Stopped::Converged(Criterion::Gradient))
        );
        assert!(numbers(&found).iter().all(|x| x.abs() < 1e-14), "{found:?}");
    }

    #[test]
    fn an_indefinite_hessian_is_shifted_until_it_is_not() {
        // Eigenvalues 4 and −2, though the diagonal is positive.
        let hessian = Matrix::from_row_slice(2, 2, &[1.0, 3.0, 3.0, 1.0]);
        let g = Vector::from_vec(vec![1.0, 0.5]);
        let p = step(hessian.clone(), &g);
        // (H + τ I) p = −g for one τ, which is more than 2 and not more than twice that.
        let shift = -(&hessian * &p + &g).component_div(&p);
        assert!((shift[0] - shift[1]).abs() < 1e-12 && shift[0] > 2.0 && shift[0] < 4.0, "{shift}");
        assert!(p.dot(&g) < 0.0);
    }

    #[test]
    fn rosenbrocks_valley() {
        let g = Graph::new();
        let (f, start) = rosenbrock(&g);
        let found = minimize(f, &start, &Inputs::new(), Newton::default()).unwrap();
        assert!(found.converged() && found.iterations < 40, "{found:?}");
        assert!(numbers(&found).iter().all(|x| (x - 1.0).abs() < 1e-9), "{found:?}");
    }

    #[test]
    fn from_a_saddle_it_goes_to_the_side() {
        let g = Graph::new();
        let (x, y) = (param(&g, "x", ()), param(&g, "y", ()));
        // Minima at x = ±1, y = 0; a saddle at the origin.
        let f = square(square(x) - 1.0) + square(y);
        let found = minimize(f, &two(0.0, 0.0), &Inputs::new(), Newton::default()).unwrap();
        assert!(found.converged(), "{found:?}");
        assert!((numbers(&found)[0].abs() - 1.0).abs() < 1e-9 && found.value < 1e-15, "{found:?}");
    }

    #[test]
    fn where_the_hessian_is_indefinite_it_still_descends() {
        let g = Graph::new();
        let (x, y) = (param(&g, "x", ()), param(&g, "y", ()));
        let f = square(square(x) - 1.0) + square(y) + x * y;
        let at = two(0.1, 0.3);
        let found = minimize(f, &at, &Inputs::new(), Newton::default()).unwrap();
        assert!(found.converged() && found.value < -0.2, "{found:?}");
    }

    #[test]
    fn what_has_no_minimum_does_not_converge() {
        let g = Graph::new();
        let (x, y) = (param(&g, "x", ()), param(&g, "y", ()));
        for f in [x * y, x + square(y), -square(x) - square(y)] {
            let found = minimize(f, &two(0.5, 0.25), &Inputs::new(), Newton::default()).unwrap();
            assert!(!found.converged(), "{found:?}");
            assert!(found.value < -1e3, "it fell: {found:?}");
        }
    }

    #[test]
    fn arrays_of_any_shape_are_varied() {
        let g = Graph::new();
        let (w, b) = (param(&g, "w", [2, 2]), param(&g, "b", ()));
        let f = sum_all(square(w - 1.0)) + square(b + sum_all(w));
        let start = [
            ("w".to_owned(), array![[1.0, 2.0], [3.0, 4.0]].into_dyn()),
            ("b".to_owned(), number(0.0)),
        ];
        let found = minimize(f, &start.into(), &Inputs::new(), Newton::default()).unwrap();
        assert!(found.converged(), "{found:?}");
        assert!(found.at["w"].iter().all(|w| (w - 1.0).abs() < 1e-12), "{found:?}");
        assert!((found.at["b"].sum() + 4.0).abs() < 1e-12, "{found:?}");
    }
}
