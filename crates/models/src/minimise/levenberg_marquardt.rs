//! Least squares: the method of Levenberg and Marquardt, with Moré's trust region.

use gradus_ops::{Arrays, EvalError, Expr, Inputs};

use super::linear::Linear;
use super::oracle::{Matrix, Residuals, Vector};
use super::outcome::check_positive;
use super::{Criterion, MinimizeError, Outcome, Stopped};

/// The method of Levenberg and Marquardt: steps p that make ‖r + J p‖ small within ‖D p‖ ≤ Δ, where
/// D has the largest norms that the columns of J have had, and Δ follows how well the last step was
/// foreseen. Source: J. J. Moré, *The Levenberg–Marquardt algorithm: implementation and theory*,
/// Lecture Notes in Mathematics 630, Springer 1978.
///
/// It has converged when the full Gauss–Newton step, in which the trust region has no part, is small
/// enough: [`Criterion::Step`] says that it would change no parameter by more than `tolerance`,
/// relative to it. Where it gains less than the sum of squares changes if each parameter does in its
/// last bits, it is taken as long as the next is shorter; where neither it nor any other step leads
/// further, that is [`Criterion::Rounding`]. A Jacobian without full rank is no convergence, see
/// [`Stopped::Undetermined`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevenbergMarquardt {
    /// How small the full step must become, relative to each parameter.
    pub tolerance: f64,
    /// How many steps are allowed.
    pub iterations: usize,
    /// The first trust region, in proportion to the start x: Δ = radius ‖D x‖.
    pub radius: f64,
}

impl Default for LevenbergMarquardt {
    fn default() -> Self {
        Self { tolerance: 1e-10, iterations: 5_000, radius: 100.0 }
    }
}

/// Makes the sum of squares Σᵢ rᵢ² of the residuals `r` small by varying the arrays of `start`;
/// `inputs` has the arrays of the other inputs. [`Outcome::value`] is that sum, without a factor.
///
/// ```
/// use gradus_models::minimise::{LevenbergMarquardt, least_squares};
/// use gradus_ops::{Arrays, Graph, Inputs, exp, input, param};
/// use ndarray::{arr0, array};
/// let g = Graph::new();
/// let (x, y) = (input(&g, "x", ("n",)), input(&g, "y", ("n",)));
/// let (a, k) = (param(&g, "a", ()), param(&g, "k", ()));
/// let r = a * exp(-k * x) - y;
/// let (x, y) = (array![0.0, 1.0, 2.0], array![8.0, 4.0, 2.0]);
/// let start = Arrays::from([
///     ("a".to_owned(), arr0(1.0).into_dyn()),
///     ("k".to_owned(), arr0(1.0).into_dyn()),
/// ]);
/// let data = Inputs::new().with("x", &x).with("y", &y);
/// let found = least_squares(r, &start, &data, LevenbergMarquardt::default()).unwrap();
/// assert!(found.converged(), "{}", found.stopped);
/// assert!((found.at["k"].sum() - 2f64.ln()).abs() < 1e-9);
/// ```
///
/// # Errors
///
/// If `r` does not depend on one of the arrays; if one is no input of the graph, or has no numbers;
/// if arrays do not fit the graph; if a setting makes no sense.
#[track_caller]
pub fn least_squares(
    r: Expr<'_>, start: &Arrays<f64>, inputs: &Inputs<'_, f64>, method: LevenbergMarquardt,
) -> Result<Outcome, MinimizeError> {
    check_positive("the tolerance", method.tolerance)?;
    check_positive("the radius", method.radius)?;
    let residuals = &mut Residuals::new(r, start, inputs)?;
    let start = residuals.point();
    let mut fit = Fit::at(start.clone(), &Vector::zeros(start.len()), residuals)?;
    let mut region =
        Region { radius: method.radius * fit.norm(&start).max(f64::MIN_POSITIVE), tight: false };
    let mut iterations = 0;
    let stopped = loop {
        if !fit.is_finite() {
            break residuals.not_finite(&fit.x)?;
        }
        let full = fit.full_step();
        if full.step.as_ref().is_some_and(|step| fit.is_small(step, method.tolerance)) {
            break Stopped::Converged(Criterion::Step);
        }
        if iterations == method.iterations {
            break Stopped::IterationLimit;
        }
        // What a full step would gain, the value could not show.
        let hidden = full.gain <= fit.rounding();
        let polished = match &full.step {
            Some(step) if hidden => fit.polished(step, residuals)?,
            _ => None,
        };
        let next = match polished {
            Some(next) => Some(next),
            None => region.descend(&fit, residuals)?,
        };
        match next {
            Some(next) => fit = next,
            None if full.step.is_none() => {
                break Stopped::Undetermined { rank: full.rank, parameters: fit.x.len() };
            }
            None if hidden => break Stopped::Converged(Criterion::Rounding),
            None => break Stopped::NoProgress,
        }
        iterations += 1;
    };
    Ok(Outcome {
        value: fit.value,
        gradient_norm: 2.0 * fit.jacobian.tr_mul(&fit.r).norm(),
        at: residuals.arrays(&fit.x),
        iterations,
        evaluations: residuals.evaluations,
        stopped,
    })
}

/// A point, the residuals and their Jacobian there.
struct Fit {
    x: Vector,
    r: Vector,
    /// Σ r².
    value: f64,
    jacobian: Matrix,
    /// The norms of the columns of the Jacobian.
    columns: Vector,
    /// D, the largest norms so far.
    scale: Vector,
}

/// The Gauss–Newton step, if the Jacobian has full rank, and by how much it, or the shortest such
/// step, lowers the sum of squares of the linear model.
struct Full {
    step: Option<Vector>,
    gain: f64,
    rank: usize,
}

impl Fit {
    fn at(x: Vector, scale: &Vector, residuals: &mut Residuals<'_, '_>) -> Result<Self, EvalError> {
        let r = residuals.residuals(&x)?;
        Self::with(x, r, scale, residuals)
    }

    fn with(
        x: Vector, r: Vector, scale: &Vector, residuals: &mut Residuals<'_, '_>,
    ) -> Result<Self, EvalError> {
        let jacobian = residuals.jacobian(&x)?;
        let norms = jacobian.column_iter().map(|column| column.norm());
        let columns = Vector::from_iterator(x.len(), norms);
        let scale = scale.zip_map(&columns, f64::max);
        Ok(Self { x, value: r.norm_squared(), r, jacobian, columns, scale })
    }

    fn is_finite(&self) -> bool {
        self.value.is_finite() && self.columns.iter().all(|norm| norm.is_finite())
    }

    /// The Gauss–Newton step. The columns of the Jacobian are brought to one length, so that the rank
    /// does not depend on the units of the parameters.
    fn full_step(&self) -> Full {
        let model = Linear::new(&self.jacobian, &self.r, &self.columns);
        let step = model.has_full_rank().then(|| model.step(0.0));
        Full { step, gain: model.gain(), rank: model.rank() }
    }

    /// The point after the full step, if the next full step is shorter.
    fn polished(
        &self, step: &Vector, residuals: &mut Residuals<'_, '_>,
    ) -> Result<Option<Self>, EvalError> {
        let next = Self::at(&self.x + step, &self.scale, residuals)?;
        let shorter = |next: Vector| self.norm(&next) < self.norm(step);
        let good = next.is_finite() && next.full_step().step.is_some_and(shorter);
        Ok(good.then_some(next))
    }

    /// Whether a step changes no parameter by more than `tolerance` of it.
    fn is_small(&self, step: &Vector, tolerance: f64) -> bool {
        step.iter().zip(&self.x).all(|(p, x)| p.abs() <= tolerance * x.abs())
    }

    /// How much of the sum of squares rounding may hide: ten times what it changes by if all
    /// parameters, and itself, change in their last bit.
    fn rounding(&self) -> f64 {
        let moved = self.jacobian.abs() * self.x.abs();
        10.0 * f64::EPSILON * (self.value + 2.0 * self.r.norm() * moved.norm())
    }

    /// ‖D p‖.
    fn norm(&self, p: &Vector) -> f64 {
        self.scale.component_mul(p).norm()
    }
}

/// How far the linear model is trusted.
struct Region {
    /// Δ.
    radius: f64,
    /// Whether Δ has been brought to the length of a step.
    tight: bool,
}

/// The part of the gain foreseen that a step must bring.
const ENOUGH: f64 = 1e-4;

impl Region {
    /// The next point: the step within the region, which is made smaller until the step brings
    /// enough. Nothing if no step does.
    fn descend(
        &mut self, fit: &Fit, residuals: &mut Residuals<'_, '_>,
    ) -> Result<Option<Fit>, EvalError> {
        let model = Linear::new(&fit.jacobian, &fit.r, &fit.scale);
        loop {
            let lambda = model.damping(self.radius);
            let step = model.step(lambda);
            let length = fit.norm(&step);
            if !self.tight {
                (self.radius, self.tight) = (self.radius.min(length), true);
            }
            let x = &fit.x + &step;
            // Where products of what is tiny underflow, no damping makes a step short enough.
            let short = length <= 2.0 * self.radius;
            if x == fit.x || !short {
                return Ok(None);
            }
            let r = residuals.residuals(&x)?;
            // All gains are in parts of the sum of squares.
            let undamped = (&fit.jacobian * &step).norm_squared() / fit.value;
            let damped = lambda * length * length / fit.value;
            let foreseen = undamped + 2.0 * damped;
            let gained = 1.0 - r.norm_squared() / fit.value;
            self.follow(gained, foreseen, undamped + damped, length, lambda);
            if gained > ENOUGH * foreseen {
                return Fit::with(x, r, &fit.scale, residuals).map(Some);
            }
        }
    }

    /// Makes the region smaller where little of what was foreseen has come, and larger where most
    /// has, by the numbers of MINPACK. `slope` is half the derivative of the gain along the step.
    fn follow(&mut self, gained: f64, foreseen: f64, slope: f64, length: f64, lambda: f64) {
        let part = gained / foreseen;
        if part > 0.25 {
            if part >= 0.75 || lambda == 0.0 {
                self.radius = 2.0 * length;
            }
            return;
        }
        let shorter = match gained {
            0.0.. => 0.5,
            // The minimum of the parabola through the values at both ends and the slope.
            -99.0.. => (0.5 * slope / (slope - 0.5 * gained)).max(0.1),
            _ => 0.1,
        };
        self.radius = shorter * self.radius.min(10.0 * length);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{number, numbers, two};
    use super::*;
    use gradus_ops::{Graph, exp, input, log, param, square, stack};
    use ndarray::array;

    fn solve(r: Expr<'_>, start: &Arrays<f64>, data: &Inputs<'_, f64>) -> Outcome {
        least_squares(r, start, data, LevenbergMarquardt::default()).unwrap()
    }

    #[test]
    fn a_line_is_fitted_in_one_step() {
        let g = Graph::new();
        let (t, y) = (input(&g, "t", ("n",)), input(&g, "data", ("n",)));
        let r = param(&g, "x", ()) * t + param(&g, "y", ()) - y;
        let (t, y) = (array![0.0, 1.0, 2.0, 3.0], array![1.0, 2.0, 2.0, 4.0]);
        let found = solve(r, &two(7.0, -3.0), &Inputs::new().with("t", &t).with("data", &y));
        // By hand: the slope is Σ(t − 1.5)(y − 2.25)/Σ(t − 1.5)² = 4.5/5.
        assert!((numbers(&found)[0] - 0.9).abs() < 1e-14, "{found:?}");
        assert!((numbers(&found)[1] - 0.9).abs() < 1e-14, "{found:?}");
        assert!((found.value - 0.7).abs() < 1e-14 && found.gradient_norm < 1e-13, "{found:?}");
        assert!(found.converged() && found.iterations <= 2, "{found:?}");
    }

    #[test]
    fn residuals_that_vanish() {
        let g = Graph::new();
        let (x, y) = (param(&g, "x", ()), param(&g, "y", ()));
        let r = stack(&[10.0 * (y - square(x)), 1.0 - x], 0);
        let found = solve(r, &two(-1.2, 1.0), &Inputs::new());
        assert!(found.converged(), "{found:?}");
        assert!(numbers(&found).iter().all(|x| (x - 1.0).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn what_the_residuals_do_not_determine_is_said() {
        let g = Graph::new();
        let (x, y) = (param(&g, "x", ()), param(&g, "y", ()));
        let (t, data) = (input(&g, "t", ("n",)), array![1.0, 2.0, 3.0]);
        let data = Inputs::new().with("t", &data);
        for r in [exp((x + y) * 0.1 * t) - t, x * y * t - 1.0] {
            let found = solve(r, &two(1.0, 1.5), &data);
            let wanted = Stopped::Undetermined { rank: 1, parameters: 2 };
            assert_eq!(found.stopped, wanted, "{found:?}");
            assert!(found.gradient_norm < 1e-5, "the rest is fitted: {found:?}");
        }
        // More parameters than residuals.
        let found = solve(stack(&[x * y - 1.0], 0), &two(2.0, 3.0), &Inputs::new());
        assert_eq!(found.stopped, Stopped::Undetermined { rank: 1, parameters: 2 });
        assert!(found.value < 1e-20, "{found:?}");
    }

    #[test]
    fn a_flat_end_is_no_solution() {
        // exp(−x t) goes to 0 for ever; the least is at x = ∞.
        let g = Graph::new();
        let t = input(&g, "t", ("n",));
        let r = exp(-param(&g, "x", ()) * t);
        let data = array![1.0, 2.0];
        let start = [("x".to_owned(), number(1.0))].into();
        let found = solve(r, &start, &Inputs::new().with("t", &data));
        assert!(!found.converged(), "{found:?}");
    }

    #[test]
    fn a_start_outside_the_domain_names_the_node() {
        let g = Graph::new();
        let (x, y) = (param(&g, "x", ()), param(&g, "y", ()));
        let r = stack(&[log(x) - 1.0, y], 0);
        let found = solve(r, &two(-1.0, 1.0), &Inputs::new());
        let Stopped::NotFinite { node } = &found.stopped else { panic!("{found:?}") };
        assert!(node.starts_with("log = %2 : [], written at"), "{node}");
        let found = solve(r, &two(9.0, 1.0), &Inputs::new());
        assert!(found.converged() && (numbers(&found)[0] - 1f64.exp()).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn problems_are_named() {
        let g = Graph::new();
        let (x, y) = (param(&g, "x", ()), param(&g, "y", ()));
        let error = |r: Expr<'_>, method| {
            least_squares(r, &two(1.0, 1.0), &Inputs::new(), method).unwrap_err().to_string()
        };
        let text = error(square(x), LevenbergMarquardt::default());
        assert!(text.starts_with("the residuals do not depend differentiably on\n  %1 `y` : []"));
        let wild = LevenbergMarquardt { radius: -1.0, ..LevenbergMarquardt::default() };
        assert_eq!(error(x * y, wild), "the radius is a positive number, not -1.0");
    }
}
