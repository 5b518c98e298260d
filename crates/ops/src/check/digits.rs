//! Finite differences in 31 digits.
//!
//! In `f64` a difference loses to cancellation what a small step gains. With twice the digits a
//! step of a millionth costs nothing, and one of 1e-10 little: so the derivative of a smooth graph
//! is known to more than 16 digits, without complex numbers and by the kernels' own formulas.

use num_traits::Float;

use super::double_double::{DoubleDouble, ROUNDOFF};
use crate::EvalError;

/// How far a derivative may be from the difference `d` in 31 digits.
pub(super) fn bound(d: f64) -> f64 {
    1e-16 + 1e-13 * d.abs()
}

/// The derivative of `f` at `x` by central differences in 31 digits, with an estimate of its error:
/// from steps of a millionth of `scale`, and nearer where a kink or a pole is so near that these do
/// not know it.
pub(super) fn difference(
    x: DoubleDouble, scale: f64, mut f: impl FnMut(DoubleDouble) -> Result<DoubleDouble, EvalError>,
) -> Result<(DoubleDouble, f64), EvalError> {
    let mut best = (DoubleDouble::nan(), f64::INFINITY);
    for step in [1e-6, 1e-8, 1e-10] {
        let next = extrapolate(x, step * scale, &mut f)?;
        if next.1 < best.1 {
            best = next;
        }
        if best.1 <= bound(f64::from(best.0)) {
            break;
        }
    }
    Ok(best)
}

/// Neville's scheme in the square of the step, for steps h, h/2, h/4 and h/8; the error is what the
/// last value and its neighbours differ by, and what rounding makes of the smallest step.
fn extrapolate(
    x: DoubleDouble, first: f64,
    f: &mut impl FnMut(DoubleDouble) -> Result<DoubleDouble, EvalError>,
) -> Result<(DoubleDouble, f64), EvalError> {
    let mut above: Vec<DoubleDouble> = Vec::new();
    let (mut error, mut size) = (f64::INFINITY, 0.0);
    for k in 0..4 {
        let step = DoubleDouble::from(first / f64::from(1 << k));
        let (right, left) = (f(x + step)?, f(x - step)?);
        size = f64::max(size, f64::from(right).abs());
        let mut row = vec![(right - left) / (step + step)];
        let mut power = 1.0;
        for (m, &above) in above.iter().enumerate() {
            power *= 4.0;
            let next = row[m] + (row[m] - above) / (power - 1.0).into();
            error = f64::from((next - row[m]).abs()).max(f64::from((next - above).abs()));
            row.push(next);
        }
        above = row;
    }
    let rounding = 10.0 * ROUNDOFF * size / (first / 8.0);
    let value = *above.last().expect("four rows");
    Ok((
        value,
        if value.is_finite() && error.is_finite() { error + rounding } else { f64::INFINITY },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(x: f64, f: fn(DoubleDouble) -> DoubleDouble) -> (f64, f64) {
        let (d, error) = difference(x.into(), x.abs().max(1.0), |x| Ok(f(x))).unwrap();
        (f64::from(d), error)
    }

    #[test]
    fn the_derivative_is_known_to_sixteen_digits() {
        for x in [0.01, 0.7, 3.0, -12.5] {
            for (f, slope) in [
                (Float::exp as fn(DoubleDouble) -> DoubleDouble, x.exp()),
                (Float::sin, x.cos()),
                (Float::tanh, 1.0 - x.tanh().powi(2)),
                (Float::atan, 1.0 / (1.0 + x * x)),
                (|x| (x.tanh() + 1e8.into()) - 1e8.into(), 1.0 - x.tanh().powi(2)),
            ] {
                let (d, error) = of(x, f);
                assert!(error <= bound(d), "{x}: {d} ± {error}");
                // What is compared with has the error of `f64` itself: 1 − tanh² cancels.
                let known = 4.0 * f64::EPSILON * slope.abs().max(1e-3);
                assert!((d - slope).abs() <= error + known.max(3e-16), "{x}: {d}, not {slope}");
            }
        }
        let (d, error) = of(1e-5, Float::ln);
        assert!((d - 1e5).abs() <= 1e-8 && error <= bound(d), "a pole near: {d} ± {error}");
    }

    #[test]
    fn a_kink_is_seen_as_near_as_a_billionth() {
        let (d, error) = of(1e-9, Float::abs);
        assert!(d == 1.0 && error <= bound(1.0), "{d} ± {error}");
        let (d, error) = of(1e-12, Float::abs);
        assert!(error > bound(d), "nearer it is not known: {d} ± {error}");
        assert_eq!(of(-1.0, Float::ln).1, f64::INFINITY, "no finite value at all");
    }
}
