//! How far to go in a direction.

use gradus_ops::EvalError;

use super::oracle::{Oracle, Point, Vector};

/// How much of the first slope must be gained, and how much of it may remain.
const DECREASE: f64 = 1e-4;
const CURVATURE: f64 = 0.9;

/// A point on the line from `from` along `direction`, which leads down, that satisfies the strong
/// Wolfe conditions f(α) ≤ f(0) + c₁ α f′(0) and |f′(α)| ≤ c₂ |f′(0)| with c₁ = 1e-4 and c₂ = 0.9;
/// if none is found, one that satisfies the first; if there is none, nothing. `first` is tried
/// first. Source: J. Nocedal, S. J. Wright, *Numerical Optimization*, 2nd edition, Springer 2006,
/// algorithms 3.5 and 3.6.
///
/// Where two values differ by no more than rounding, slopes decide in place of the first condition
/// (W. W. Hager, H. Zhang, *A new conjugate gradient method with guaranteed descent and an
/// efficient line search*, SIAM J. Optim. 16(1), 2005): near a minimum values are all equal.
pub(super) fn strong_wolfe(
    oracle: &mut Oracle<'_, '_>, from: &Point, direction: &Vector, first: f64,
) -> Result<Option<Point>, EvalError> {
    let line = Line { from, direction, slope: from.g.dot(direction) };
    let mut before = Trial { step: 0.0, slope: line.slope, point: from.clone() };
    let mut step = first;
    for k in 0..LONGER {
        let trial = line.at(oracle, step)?;
        if !line.descends(&trial) || k > 0 && trial.point.f > before.point.f {
            return line.zoom(oracle, before, trial);
        }
        if line.is_flat(&trial) {
            return Ok(Some(trial.point));
        }
        if trial.slope >= 0.0 {
            return line.zoom(oracle, trial, before);
        }
        before = trial;
        step *= 4.0;
    }
    Ok(Some(before.point))
}

/// How often a step is made longer, and an interval shorter.
const LONGER: usize = 30;
const SHORTER: usize = 60;

struct Line<'a> {
    from: &'a Point,
    direction: &'a Vector,
    slope: f64,
}

struct Trial {
    step: f64,
    slope: f64,
    point: Point,
}

impl Line<'_> {
    fn at(&self, oracle: &mut Oracle<'_, '_>, step: f64) -> Result<Trial, EvalError> {
        let point = oracle.at(&self.from.x + step * self.direction)?;
        Ok(Trial { step, slope: point.g.dot(self.direction), point })
    }

    /// The first condition.
    fn descends(&self, trial: &Trial) -> bool {
        let (f, from) = (trial.point.f, self.from.f);
        let rounding = 4.0 * f64::EPSILON * from.abs();
        let by_slope = trial.slope <= (2.0 * DECREASE - 1.0) * self.slope;
        trial.point.is_finite()
            && (f <= from + DECREASE * trial.step * self.slope
                || f <= from + rounding && trial.slope >= self.slope && by_slope)
    }

    /// The second condition.
    fn is_flat(&self, trial: &Trial) -> bool {
        trial.slope.abs() <= -CURVATURE * self.slope
    }

    /// Looks between two steps, of which `low` is the lower and leads towards the other.
    fn zoom(
        &self, oracle: &mut Oracle<'_, '_>, mut low: Trial, mut high: Trial,
    ) -> Result<Option<Point>, EvalError> {
        for _ in 0..SHORTER {
            let step = between(&low, &high);
            let trial = self.at(oracle, step)?;
            if !self.descends(&trial) || trial.point.f > low.point.f {
                high = trial;
            } else {
                if self.is_flat(&trial) {
                    return Ok(Some(trial.point));
                }
                if trial.slope * (high.step - low.step) >= 0.0 {
                    high = low;
                }
                low = trial;
            }
            if (high.step - low.step).abs() <= f64::EPSILON * high.step.max(low.step) {
                break;
            }
        }
        Ok((low.step > 0.0).then_some(low.point))
    }
}

/// The minimum of the cubic through values and slopes at two steps (Nocedal & Wright, equation
/// 3.59), kept from the ends; the middle where there is no such cubic.
fn between(low: &Trial, high: &Trial) -> f64 {
    let (a, b) = (low.step, high.step);
    let d1 = low.slope + high.slope - 3.0 * (low.point.f - high.point.f) / (a - b);
    let d2 = (d1 * d1 - low.slope * high.slope).sqrt() * (b - a).signum();
    let step = b - (b - a) * (high.slope + d2 - d1) / (high.slope - low.slope + 2.0 * d2);
    let (least, most) = (a + 0.1 * (b - a), a + 0.9 * (b - a));
    let inside = step >= least.min(most) && step <= least.max(most);
    match step.is_finite() {
        true if inside => step,
        true if (step - a).abs() < (step - b).abs() => least,
        true => most,
        false => 0.5 * (a + b),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::number;
    use super::*;
    use gradus_ops::{Arrays, Expr, Graph, Inputs, exp, log, param, sin, square};

    /// Searches from x along +1 and returns the step, with f and f′ at both ends.
    fn search(f: Expr<'_>, x: f64, first: f64) -> (f64, [(f64, f64); 2]) {
        let start = Arrays::from([("x".to_owned(), number(x))]);
        let inputs = Inputs::new();
        let mut oracle = Oracle::new(f, vec!["x".to_owned()], &start, &inputs).unwrap();
        let from = oracle.start().unwrap();
        let direction = Vector::from_vec(vec![1.0]);
        let to = strong_wolfe(&mut oracle, &from, &direction, first).unwrap().unwrap();
        (to.x[0] - x, [(from.f, from.g[0]), (to.f, to.g[0])])
    }

    #[test]
    fn both_conditions_hold_whatever_is_tried_first() {
        let g = Graph::new();
        let x = param(&g, "x", ());
        // A bowl, one that ends in a slight slope upwards, one that is no number beyond 2, one with a
        // wall, and one with waves.
        let functions = [
            (square(x - 100.0), 0.0),
            (0.01 * x - x * exp(-x), 0.0),
            (-log(2.0 - x) - 3.0 * x, 0.5),
            (exp(20.0 * x - 20.0) - x, 0.0),
            (square(x - 3.0) + 4.0 * sin(5.0 * x), 0.4),
        ];
        for (f, at) in functions {
            for first in [1e-6, 1e-3, 0.3, 0.95, 1.0, 1.4, 2.0, 3.7, 20.0, 1e4] {
                let (step, [(f0, slope0), (f, slope)]) = search(f, at, first);
                let place = format!("from {at} by {step}, at first {first}");
                assert!(step > 0.0 && f <= f0 + DECREASE * step * slope0, "{place}: {f0} {f}");
                assert!(slope.abs() <= -CURVATURE * slope0, "{place}: {slope0} {slope}");
            }
        }
    }

    #[test]
    fn where_rounding_hides_the_gain_slopes_decide() {
        // (x + 1)² − 2x near its minimum: all values are 1, some by a bit or two more.
        let g = Graph::new();
        let x = param(&g, "x", ());
        for k in 1..200 {
            let away = 1e-10 * f64::from(k);
            let (step, [(_, slope0), (_, slope)]) = search(square(x + 1.0) - 2.0 * x, -away, away);
            assert!(step > 0.0 && slope.abs() < slope0.abs(), "{away}: {step} {slope}");
        }
    }

    #[test]
    fn an_infinite_value_is_not_the_least() {
        let g = Graph::new();
        let (_, [_, (f, slope)]) = search(log(2.0 - param(&g, "x", ())), 0.5, 1.5);
        assert!(f.is_finite() && slope.is_finite(), "{f} {slope}");
    }
}
