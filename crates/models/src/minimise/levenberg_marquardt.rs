//! Least squares: the method of Levenberg and Marquardt, with Moré's trust region.

use gradus_ops::{Arrays, EvalError, Expr, Inputs};

use super::oracle::{Matrix, Residuals, Vector};
use super::outcome::check_positive;
use super::singular::Singular;
use super::{Criterion, MinimizeError, Outcome, Stopped};

/// The method of Levenberg and Marquardt: steps p that make ‖r + J p‖ small within ‖D p‖ ≤ Δ, where
/// D has the largest norms that the columns of J have had, and Δ follows how well the last step was
/// foreseen. Source: J. J. Moré, *The Levenberg–Marquardt algorithm: implementation and theory*,
/// Lecture Notes in Mathematics 630, Springer 1978.
///
/// It has converged when the full Gauss–Newton step, in which the trust region has no part, is small
/// enough: [`Criterion::Step`] says that it would change no parameter by more than `tolerance`,
/// relative to it. Where full steps gain less than the rounding of the sum of squares, they are
/// taken as long as they become shorter; when they no longer do, that is [`Criterion::Rounding`]. A
/// Jacobian without full rank is no convergence, see [`Stopped::Undetermined`].
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
        if full.as_ref().is_some_and(|full| fit.is_small(&full.step, method.tolerance)) {
            break Stopped::Converged(Criterion::Step);
        }
        if iterations == method.iterations {
            break Stopped::IterationLimit;
        }
        let next = match &full {
            Some(full) if full.gain <= ROUNDING * fit.value => {
                let next = Fit::at(&fit.x + &full.step, &fit.scale, residuals)?;
                let shorter = |next: &Full| fit.norm(&next.step) < fit.norm(&full.step);
                if !(next.is_finite() && next.full_step().is_some_and(|next| shorter(&next))) {
                    break Stopped::Converged(Criterion::Rounding);
                }
                Some(next)
            }
            _ => region.descend(&fit, residuals)?,
        };
        match next {
            Some(next) => fit = next,
            None if full.is_some() => break Stopped::NoProgress,
            None => break fit.undetermined(),
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

/// The part of a sum of squares that its own rounding may hide.
const ROUNDING: f64 = 1e-13;

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

/// The Gauss–Newton step, and by how much it lowers the sum of squares of the linear model.
struct Full {
    step: Vector,
    gain: f64,
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

    /// The Gauss–Newton step, if the Jacobian has full rank. Its columns are brought to one length,
    /// so that the rank does not depend on the units of the parameters.
    fn full_step(&self) -> Option<Full> {
        let singular = Singular::new(&self.jacobian, &self.r, &self.columns);
        singular.has_full_rank().then(|| Full { step: singular.step(0.0), gain: singular.gain() })
    }

    /// Whether a step changes no parameter by more than `tolerance` of it.
    fn is_small(&self, step: &Vector, tolerance: f64) -> bool {
        step.iter().zip(&self.x).all(|(p, x)| p.abs() <= tolerance * x.abs())
    }

    /// ‖D p‖.
    fn norm(&self, p: &Vector) -> f64 {
        self.scale.component_mul(p).norm()
    }

    fn undetermined(&self) -> Stopped {
        let rank = Singular::new(&self.jacobian, &self.r, &self.columns).rank();
        Stopped::Undetermined { rank, parameters: self.x.len() }
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
        let singular = Singular::new(&fit.jacobian, &fit.r, &fit.scale);
        loop {
            let lambda = singular.damping(self.radius);
            let step = singular.step(lambda);
            let length = fit.norm(&step);
            if !self.tight {
                (self.radius, self.tight) = (self.radius.min(length), true);
            }
            let x = &fit.x + &step;
            if x == fit.x || !length.is_finite() {
                return Ok(None);
            }
            let r = residuals.residuals(&x)?;
            // All gains are in parts of the sum of squares.
            let linear = (&fit.jacobian * &step).norm_squared() / fit.value;
            let damped = lambda * length * length / fit.value;
            let foreseen = linear + 2.0 * damped;
            let gained = match r.norm() < 10.0 * fit.r.norm() {
                true => 1.0 - r.norm_squared() / fit.value,
                false => -1.0,
            };
            self.follow(gained, foreseen, linear + damped, length, lambda);
            if gained > ENOUGH * foreseen {
                return Fit::with(x, r, &fit.scale, residuals).map(Some);
            }
        }
    }

    /// Makes the region smaller where little of what was foreseen has come, and larger where most
    /// has. `slope` is the first derivative of the gain along the step, with the sign changed.
    fn follow(&mut self, gained: f64, foreseen: f64, slope: f64, length: f64, lambda: f64) {
        let part = gained / foreseen;
        if !(part > 0.25) {
            // The minimum of the parabola through the values at both ends and the slope.
            let shorter = if gained >= 0.0 { 0.5 } else { 0.5 * slope / (slope - 0.5 * gained) };
            self.radius = shorter.clamp(0.1, 0.5) * self.radius.min(10.0 * length);
        } else if part >= 0.75 || lambda == 0.0 {
            self.radius = 2.0 * length;
        }
    }
}
