//! Equality constraints, by Lagrange's multipliers.

use gradus_ops::{Arrays, Expr, Inputs, evaluate, sum_all};
use nalgebra::SymmetricEigen;
use ndarray::ArrayD;

use super::oracle::{Matrix, Oracle, Point, Vector, borrowed, own_input};
use super::outcome::check_positive;
use super::{Criterion, MinimizeError, Outcome, Stopped};

/// Newton's method for ∇L = 0, where L = f − Σₖ λₖ cₖ is the Lagrange function, by the variables and
/// the multipliers λ together.
///
/// Where the Hessian of L by the variables is not positive definite along the constraints, it is
/// shifted until it is, so that steps lead to a minimum; their length is chosen by the merit function
/// f + μ Σ |cₖ|, unless the full step makes ‖∇L‖ smaller. Each step takes a sweep for each variable
/// and constraint, and a decomposition by eigenvalues. Source: J. Nocedal, S. J. Wright, *Numerical
/// Optimization*, 2nd edition, Springer 2006, sections 18.1 to 18.5 and algorithm B.1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lagrange {
    /// How small the relative gradient of L by the variables must become, see
    /// [`minimize`](super::minimize), and how small each constraint.
    pub tolerance: f64,
    /// How many steps are allowed.
    pub iterations: usize,
}

impl Default for Lagrange {
    fn default() -> Self {
        Self { tolerance: 1e-10, iterations: 500 }
    }
}

/// Where a problem with constraints ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Constrained {
    /// The point, with the value of f and the norm of the gradient of L by the variables.
    pub outcome: Outcome,
    /// The multipliers λ, an array for each constraint: ∂f/∂b of the least f, where a constraint is
    /// c = b instead of c = 0.
    pub multipliers: Vec<ArrayD<f64>>,
    /// The largest |c|.
    pub violation: f64,
    /// The eigenvalues of the Hessian of L by variables and multipliers together, ascending. At a
    /// minimum as many are negative as there are constraints: it is a saddle of L.
    pub eigenvalues: Vec<f64>,
}

/// Makes the number `f` small by varying the arrays of `start`, under the condition that all elements
/// of `constraints` are 0; `inputs` has the arrays of the other inputs. The multipliers start at 0.
///
/// It has converged only if ∇L is small and the Hessian of L is positive definite along the
/// constraints, which makes the point a strict local minimum (Nocedal & Wright, theorem 12.6). The
/// multipliers become inputs of the graph, named `minimize.multiplier.…`.
///
/// ```
/// use gradus_models::minimise::{Lagrange, minimize_subject_to};
/// use gradus_ops::{Arrays, Graph, Inputs, param, square, sum_all};
/// use ndarray::array;
/// // The point of the line x + y = 1 that is nearest to the origin.
/// let g = Graph::new();
/// let x = param(&g, "x", [2]);
/// let start = Arrays::from([("x".to_owned(), array![3.0, 0.0].into_dyn())]);
/// let on_line = [sum_all(x) - 1.0];
/// let f = sum_all(square(x));
/// let found =
///     minimize_subject_to(f, &on_line, &start, &Inputs::new(), Lagrange::default()).unwrap();
/// assert!(found.outcome.converged());
/// assert!((&found.outcome.at["x"] - 0.5).iter().all(|d| d.abs() < 1e-12));
/// assert!((found.multipliers[0].sum() - 1.0).abs() < 1e-12);
/// ```
///
/// # Errors
///
/// As [`minimize`](super::minimize), for f and the constraints together; and if there are more
/// constraints than variables.
#[track_caller]
pub fn minimize_subject_to(
    f: Expr<'_>, constraints: &[Expr<'_>], start: &Arrays<f64>, inputs: &Inputs<'_, f64>,
    method: Lagrange,
) -> Result<Constrained, MinimizeError> {
    let _line = f.graph().here();
    check_positive("the tolerance", method.tolerance)?;
    let mut start = start.clone();
    let mut names: Vec<String> = start.keys().cloned().collect();
    let variables: usize = start.values().map(ArrayD::len).sum();
    let values = evaluate(constraints, &borrowed(inputs).with_all(&start))?;
    let mut lagrangian = f;
    for (&c, value) in constraints.iter().zip(&values) {
        let name = format!("minimize.multiplier.{}", c.id().index());
        lagrangian = lagrangian - sum_all(own_input(c.graph(), &name, c.shape())? * c);
        start.insert(name.clone(), ArrayD::zeros(value.raw_dim()));
        names.push(name);
    }
    let count: usize = values.iter().map(ArrayD::len).sum();
    if count > variables {
        let problem = format!("{count} constraints are too many for {variables} variables");
        return Err(MinimizeError::Problem(problem));
    }
    let multipliers = names.split_off(names.len() - constraints.len());
    let all = names.iter().chain(&multipliers).cloned().collect();
    let mut oracle = Oracle::new(lagrangian, all, &start, inputs)?;
    let mut search = Search { oracle: &mut oracle, variables, penalty: 0.0 };
    let (at, iterations, stopped) = search.run(method)?;
    let stationary = Stationary::new(&at, variables);
    let (value, violation) = (stationary.f, stationary.violation());
    let (gradient_norm, hessian) = (stationary.gradient.norm(), oracle.hessian(&at.x)?);
    let eigenvalues = match hessian.iter().all(|h| h.is_finite()) {
        true => eigenvalues(&SymmetricEigen::new(hessian)),
        false => Vec::new(),
    };
    let mut arrays = oracle.arrays(&at.x);
    let of = |name| arrays.remove(name).expect("a multiplier is varied");
    let multipliers = multipliers.iter().map(of).collect();
    let evaluations = oracle.evaluations;
    let outcome = Outcome { at: arrays, value, gradient_norm, iterations, evaluations, stopped };
    Ok(Constrained { outcome, multipliers, violation, eigenvalues })
}

/// What ∇L says at a point, the variables first.
struct Stationary {
    f: f64,
    /// The gradient of L by the variables.
    gradient: Vector,
    /// The constraints: L falls with a multiplier as its constraint rises.
    c: Vector,
}

impl Stationary {
    fn new(at: &Point, variables: usize) -> Self {
        let constraints = at.x.len() - variables;
        let c = -at.g.rows(variables, constraints).into_owned();
        let f = at.f + at.x.rows(variables, constraints).dot(&c);
        Self { f, gradient: at.g.rows(0, variables).into_owned(), c }
    }

    fn violation(&self) -> f64 {
        self.c.iter().fold(0.0, |most, c| most.max(c.abs()))
    }
}

struct Search<'s, 'g, 'a> {
    oracle: &'s mut Oracle<'g, 'a>,
    variables: usize,
    /// μ of the merit function; it only grows.
    penalty: f64,
}

impl Search<'_, '_, '_> {
    fn run(&mut self, method: Lagrange) -> Result<(Point, usize, Stopped), MinimizeError> {
        let mut at = self.oracle.start()?;
        let mut iterations = 0;
        let stopped = loop {
            let hessian = self.oracle.hessian(&at.x)?;
            if !at.is_finite() || hessian.iter().any(|h| !h.is_finite()) {
                break self.oracle.not_finite(&at.x)?;
            }
            let stationary = self.is_stationary(&at, method.tolerance);
            let Some((shift, eigen)) = self.decompose(&hessian) else { break Stopped::NoProgress };
            if stationary {
                break match shift > 0.0 {
                    true => Stopped::Saddle,
                    false => Stopped::Converged(Criterion::Gradient),
                };
            }
            if iterations == method.iterations {
                break Stopped::IterationLimit;
            }
            let step = -(&eigen.eigenvectors
                * eigen.eigenvectors.tr_mul(&at.g).component_div(&eigen.eigenvalues));
            match self.along(&at, &step, &hessian)? {
                Some(next) => at = next,
                None => break Stopped::NoProgress,
            }
            iterations += 1;
        };
        Ok((at, iterations, stopped))
    }

    fn is_stationary(&self, at: &Point, tolerance: f64) -> bool {
        let Stationary { f, gradient, c } = Stationary::new(at, self.variables);
        let x = at.x.rows(0, self.variables).into_owned();
        let by_variables = Point { x, f, g: gradient };
        by_variables.relative_gradient() <= tolerance && c.iter().all(|c| c.abs() <= tolerance)
    }

    /// The Hessian of L with the first shift of its variables of 0, δ, 8 δ, … for which it has as
    /// many negative eigenvalues as there are constraints, and none that are 0: then it is positive
    /// definite along them.
    fn decompose(&self, hessian: &Matrix) -> Option<(f64, SymmetricEigen<f64, nalgebra::Dyn>)> {
        let size = hessian.amax();
        let mut shift = 0.0;
        for _ in 0..40 {
            let mut shifted = hessian.clone();
            (0..self.variables).for_each(|k| shifted[(k, k)] += shift);
            let eigen = SymmetricEigen::new(shifted);
            let zero = 1e-13 * eigen.eigenvalues.amax();
            let above = eigen.eigenvalues.iter().filter(|&&value| value > zero).count();
            let below = eigen.eigenvalues.iter().filter(|&&value| value < -zero).count();
            if above == self.variables && above + below == hessian.nrows() {
                return Some((shift, eigen));
            }
            shift = if shift == 0.0 { 1e-4 * size } else { 8.0 * shift };
        }
        None
    }

    /// The first point of the full step, half of it, a quarter, …, which the merit function or the
    /// gradient accepts.
    fn along(
        &mut self, at: &Point, step: &Vector, hessian: &Matrix,
    ) -> Result<Option<Point>, MinimizeError> {
        let (n, m) = (self.variables, at.x.len() - self.variables);
        let here = Stationary::new(at, n);
        // ∇f = ∇L + Aᵀλ, and the Hessian has −Aᵀ.
        let lambda = at.x.rows(n, m);
        let gradient = &here.gradient - hessian.view((0, n), (n, m)) * lambda;
        let next = lambda + step.rows(n, m);
        let largest = next.iter().fold(0.0f64, |most, l| most.max(l.abs()));
        self.penalty = self.penalty.max(2.0 * largest);
        let merit =
            |at: &Stationary| at.f + self.penalty * at.c.iter().map(|c| c.abs()).sum::<f64>();
        let slope = gradient.dot(&step.rows(0, n)) - (merit(&here) - here.f);
        let mut length = 1.0;
        for _ in 0..60 {
            let trial = self.oracle.at(&at.x + length * step)?;
            let there = Stationary::new(&trial, n);
            let lower = merit(&there) <= merit(&here) + 1e-4 * length * slope && slope < 0.0;
            let nearer = length == 1.0 && trial.g.norm() <= 0.9 * at.g.norm();
            if trial.is_finite() && (lower || nearer) {
                return Ok(Some(trial));
            }
            length *= 0.5;
        }
        Ok(None)
    }
}

/// The eigenvalues, ascending.
fn eigenvalues(eigen: &SymmetricEigen<f64, nalgebra::Dyn>) -> Vec<f64> {
    let mut values: Vec<f64> = eigen.eigenvalues.iter().copied().collect();
    values.sort_by(f64::total_cmp);
    values
}

#[cfg(test)]
mod tests {
    use super::super::tests::{numbers, two};
    use super::*;
    use gradus_ops::{Graph, input, param, slice, square, stack};
    use ndarray::array;

    fn solve(f: Expr<'_>, c: &[Expr<'_>], at: &Arrays<f64>) -> Constrained {
        minimize_subject_to(f, c, at, &Inputs::new(), Lagrange::default()).unwrap()
    }

    #[test]
    fn the_books_problem_from_all_sides() {
        let g = Graph::new();
        let (x, y) = (param(&g, "x", ()), param(&g, "y", ()));
        let circle = square(x) + square(y) - 1.0;
        let root = 0.5f64.sqrt();
        for k in 0..24 {
            let angle = f64::from(k) * 0.261 + 0.01;
            for radius in [0.3, 1.0, 4.0] {
                let at = two(radius * angle.cos(), radius * angle.sin());
                let found = solve(x + y, &[circle], &at);
                assert!(found.outcome.converged(), "{angle} {radius}: {found:?}");
                let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{found:?}");
                near(numbers(&found.outcome)[0], -root);
                near(numbers(&found.outcome)[1], -root);
                near(found.multipliers[0].sum(), -root);
                near(found.outcome.value, -2.0 * root);
                let wanted = [-2.0 * root, 2.0 * root, 4.0 * root];
                found.eigenvalues.iter().zip(wanted).for_each(|(&a, b)| near(a, b));
            }
        }
    }

    #[test]
    fn a_multiplier_is_the_price_of_its_constraint() {
        let g = Graph::new();
        let x = param(&g, "x", [3]);
        let b = input(&g, "b", [2]);
        let rows = stack(&[sum_all(x), sum_all(slice(x, 0, 0..2) * slice(x, 0, 1..3))], 0);
        let f = sum_all(square(square(x))) + sum_all(x * x);
        let start = Arrays::from([("x".to_owned(), array![1.0, 0.5, 0.2].into_dyn())]);
        let least = |b: [f64; 2]| {
            let b = ndarray::Array1::from(b.to_vec());
            let data = Inputs::new().with("b", &b);
            let method = Lagrange::default();
            let c = rows - input(&g, "b", [2]);
            let found = minimize_subject_to(f, &[c], &start, &data, method).unwrap();
            assert!(found.outcome.converged() && found.violation < 1e-10, "{found:?}");
            (found.outcome.value, found.multipliers[0].clone())
        };
        assert_eq!(b.shape().to_string(), "[2]");
        let (_, multipliers) = least([2.0, 0.5]);
        for k in 0..2 {
            let moved = |by: f64| {
                let mut b = [2.0, 0.5];
                b[k] += by;
                least(b).0
            };
            let price = (moved(1e-4) - moved(-1e-4)) / 2e-4;
            assert!((price - multipliers[k]).abs() < 1e-5, "{price} {multipliers}");
        }
    }

    #[test]
    fn constraints_that_cannot_be_met_do_not_converge() {
        let g = Graph::new();
        let (x, y) = (param(&g, "x", ()), param(&g, "y", ()));
        let nowhere = square(x) + square(y) + 1.0;
        let found = solve(x + y, &[nowhere], &two(0.5, 0.2));
        assert!(!found.outcome.converged() && found.violation >= 1.0, "{found:?}");
        let unbounded = solve(x + y, &[x - y], &two(0.5, 0.2));
        assert!(!unbounded.outcome.converged(), "{unbounded:?}");
    }

    #[test]
    fn a_point_without_a_slope_is_not_the_end() {
        let g = Graph::new();
        let (x, y) = (param(&g, "x", ()), param(&g, "y", ()));
        // A maximum along the constraint, at which all is stationary from the start.
        let found = solve(square(y) - square(x), &[y], &two(0.0, 0.0));
        assert_eq!(found.outcome.stopped, Stopped::Saddle);
        // The least without the constraint, which is not met there.
        let found = solve(square(x) + square(y), &[x + y - 1.0], &two(0.0, 0.0));
        assert!(found.outcome.converged() && found.violation < 1e-10, "{found:?}");
        assert!((numbers(&found.outcome)[0] - 0.5).abs() < 1e-10, "{found:?}");
    }

    #[test]
    fn full_steps_are_not_refused_near_the_end() {
        // N. Maratos's effect (Nocedal & Wright, example 15.4): on the circle every full step makes
        // both f and the violation larger.
        let g = Graph::new();
        let (x, y) = (param(&g, "x", ()), param(&g, "y", ()));
        let c = square(x) + square(y) - 1.0;
        for angle in [0.05f64, 0.1, 0.3, 0.6] {
            let found = solve(2.0 * c - x, &[c], &two(angle.cos(), angle.sin()));
            assert!(found.outcome.converged() && found.outcome.iterations <= 7, "{found:?}");
            assert!((numbers(&found.outcome)[0] - 1.0).abs() < 1e-10, "{found:?}");
        }
    }

    #[test]
    fn problems_are_named() {
        let g = Graph::new();
        let (x, y) = (param(&g, "x", ()), param(&g, "y", ()));
        let (at, method) = (two(0.5, 0.2), Lagrange::default());
        let error = |f: Expr<'_>, c: &[Expr<'_>]| {
            minimize_subject_to(f, c, &at, &Inputs::new(), method).unwrap_err().to_string()
        };
        let text = error(x + y, &[x, y, x * y]);
        assert_eq!(text, "3 constraints are too many for 2 variables");
        assert!(error(x, &[x - 1.0]).starts_with("the output does not depend differentiably on"));
    }
}
