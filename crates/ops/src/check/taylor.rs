//! Taylor remainders: do they vanish as fast as the derivatives say?
//!
//! With the right gradient g, f(x + hu) − f(x) − h⟨g, u⟩ is of the order of h²; with the right
//! Hessian H as well, what ½h²⟨u, Hu⟩ leaves of it is of the order of h³. A wrong derivative leaves
//! a term of lower order, whatever its size.

use std::fmt;

use crate::{EvalError, Scalar};

/// The remainders of the expansions of ⟨v, y⟩ along a direction.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Taylor {
    /// The order of the derivative that is the gradient here.
    pub order: usize,
    /// The seed of the direction.
    pub seed: u64,
    /// For each step, the remainders.
    pub rows: Vec<Remainders>,
    /// Below this a remainder is rounding.
    pub rounding: f64,
}

/// The remainders for one step.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Remainders {
    /// The step h.
    pub step: f64,
    /// |f(x + hu) − f(x) − h⟨g, u⟩|.
    pub first: f64,
    /// |f(x + hu) − f(x) − h⟨g, u⟩ − ½h²⟨u, Hu⟩|, if there is a Hessian.
    pub second: Option<f64>,
}

/// In which order remainders vanish.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Slope {
    /// As this power of the step, which the smallest steps show.
    Power(f64),
    /// There is no remainder beyond rounding: the function is linear, or quadratic, along the
    /// direction.
    Nothing,
    /// Too few steps have a remainder that is more than rounding.
    Unknown,
}

impl Taylor {
    /// The remainders of `f` at 0 for `steps` steps, from `first` and each half of the one before,
    /// with its first and, if there is one, its second derivative.
    pub(super) fn new<T: Scalar>(
        (order, seed): (usize, u64), (first, steps): (f64, usize), gradient: T, hessian: Option<T>,
        roundoff: f64, mut f: impl FnMut(T) -> Result<T, EvalError>,
    ) -> Result<Self, EvalError> {
        let start = f(T::zero())?;
        let mut rows = Vec::new();
        let mut size = start.abs();
        for k in 0..steps {
            let step = first / 2f64.powi(k as i32);
            let h = T::from_double(step);
            let value = f(h)?;
            size = size.max(value.abs());
            let rest = value - start - h * gradient;
            let half = T::from_double(0.5);
            let second = hessian.map(|hessian| (rest - half * h * h * hessian).to_double().abs());
            rows.push(Remainders { step, first: rest.to_double().abs(), second });
        }
        let slope = gradient.to_double().abs() * first;
        let rounding = 1e3 * roundoff * (size.to_double() + slope);
        Ok(Self { order, seed, rows, rounding })
    }

    /// In which order the remainders of the first-order expansion vanish: 2, if the gradient is
    /// right.
    pub fn first(&self) -> Slope {
        self.slope(|row| Some(row.first))
    }

    /// In which order the remainders of the second-order expansion vanish: 3, if the Hessian is
    /// right.
    pub fn second(&self) -> Slope {
        self.slope(|row| row.second)
    }

    /// The power between the two smallest steps whose remainders are more than rounding; or the
    /// power at least with which the next one fell to rounding, as on the near side of a kink that
    /// all other steps look across.
    fn slope(&self, of: impl Fn(&Remainders) -> Option<f64>) -> Slope {
        let rest: Vec<f64> = self.rows.iter().filter_map(of).collect();
        let telling = |&r: &f64| r > self.rounding;
        let count = rest.iter().take_while(|r| telling(r)).count();
        if rest[count..].iter().any(|r| telling(r) || r.is_nan()) {
            return Slope::Unknown;
        }
        let between = (count >= 4).then(|| (rest[count - 2] / rest[count - 1]).log2());
        let fell = (count < rest.len() && count > 0)
            .then(|| (rest[count - 1] / self.rounding.max(f64::MIN_POSITIVE)).log2());
        match (between, fell) {
            _ if count == 0 => Slope::Nothing,
            (Some(between), fell) => Slope::Power(fell.map_or(between, |fell| fell.max(between))),
            (None, Some(fell)) if fell >= 3.0 => Slope::Power(fell),
            (None, _) => Slope::Unknown,
        }
    }
}

/// A table: steps, remainders, and the slopes between neighbours.
impl fmt::Display for Taylor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Taylor remainders, order {}, seed {}", self.order, self.seed)?;
        let second = self.rows.iter().any(|row| row.second.is_some());
        write!(f, "{:>9}  {:>9}  slope", "step", "first")?;
        if second {
            write!(f, "  {:>9}  slope", "second")?;
        }
        for (k, row) in self.rows.iter().enumerate() {
            let before = k.checked_sub(1).map(|k| self.rows[k]);
            let slope = |now: f64, before: Option<f64>| match before {
                Some(before) if now > self.rounding => format!("{:.3}", (before / now).log2()),
                _ => String::new(),
            };
            let first = slope(row.first, before.map(|row| row.first));
            let mut line = format!("{:>9.2e}  {:>9.2e}  {first:>5}", row.step, row.first);
            if let Some(second) = row.second {
                let slope = slope(second, before.and_then(|row| row.second));
                line += &format!("  {second:>9.2e}  {slope:>5}");
            }
            write!(f, "\n{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::double_double::{DoubleDouble, ROUNDOFF};
    use super::*;
    use num_traits::Float;

    fn of(f: fn(DoubleDouble) -> DoubleDouble, gradient: f64, hessian: f64) -> Taylor {
        let steps = (1.0 / 64.0, 12);
        let known = (gradient.into(), Some(hessian.into()));
        Taylor::new((1, 7), steps, known.0, known.1, ROUNDOFF, |t| Ok(f(t))).unwrap()
    }

    #[test]
    fn slopes_tell_right_derivatives_from_wrong_ones() {
        let near = |slope, wanted: f64| match slope {
            Slope::Power(power) => assert!((power - wanted).abs() < 0.01, "{power}"),
            other => panic!("{other:?}"),
        };
        near(of(Float::exp, 1.0, 1.0).first(), 2.0);
        near(of(Float::exp, 1.0, 1.0).second(), 3.0);
        near(of(Float::exp, 1.001, 1.0).first(), 1.0);
        near(of(Float::exp, 1.0, 1.001).second(), 2.0);
        assert_eq!(of(|t| t * 3.0.into(), 3.0, 0.0).first(), Slope::Nothing);
        assert_eq!(of(|t| t * t, 0.0, 2.0).second(), Slope::Nothing);
        near(of(|t| t * t, 0.0, 2.0).first(), 2.0);
        near(of(|t| t * t, 1e-2, 2.0).first(), 1.0);
        assert_eq!(of(|_| Float::nan(), 0.0, 0.0).first(), Slope::Unknown);
        // A kink at 1/1000, and one nearer than all steps.
        let kink: fn(DoubleDouble) -> DoubleDouble = |t| (t - 1e-3.into()).max(0.0.into());
        assert!(matches!(of(kink, 0.0, 0.0).first(), Slope::Power(power) if power > 10.0));
        near(of(Float::abs, 0.5, 0.0).first(), 1.0);
    }

    #[test]
    fn the_table_shows_steps_remainders_and_slopes() {
        let text = of(Float::exp, 1.0, 1.0).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "Taylor remainders, order 1, seed 7");
        assert_eq!(lines[1], "     step      first  slope     second  slope");
        assert_eq!(lines[3], "  7.81e-3    3.06e-5  2.004    7.96e-8  3.003");
        assert_eq!(lines.len(), 2 + 12);
    }
}
