//! Finite differences in `f64` that know their own error.

use crate::EvalError;

/// The derivative of `f` at `x` from steps in proportion to `scale`, with an estimate of its error.
/// Where that is larger than the bound, as when a kink or a pole is near, it is tried again with
/// steps of a tenth and of a hundredth, and the best known derivative is taken.
pub(super) fn difference(
    x: f64, scale: f64, mut f: impl FnMut(f64) -> Result<f64, EvalError>,
) -> Result<(f64, f64), EvalError> {
    let apart = NOISE_STEP * scale;
    let mut scatter = noise(x, apart, &mut f)?;
    let mut best = difference_near(x, scale, scatter, &mut f)?;
    if best.1 > bound(best.0) {
        // A kink scatters the values about it, and no others; rounding scatters all, also where
        // steps are too small to show it.
        for beside in [x - 9.0 * apart, x + 9.0 * apart] {
            scatter = scatter.min(noise(beside, apart, &mut f)?);
        }
    }
    for near in [0.1 * scale, 0.01 * scale] {
        if best.1 <= bound(best.0) {
            break;
        }
        let scatter = scatter.max(noise(x, NOISE_STEP * near, &mut f)?);
        let next = difference_near(x, near, scatter, &mut f)?;
        if next.1 < best.1 {
            best = next;
        }
    }
    Ok(best)
}

/// How far apart the values are from which noise is told, in proportion to the scale.
const NOISE_STEP: f64 = 1e-3;

/// The derivative of `f` at `x` from steps in proportion to `scale`: two extrapolations from
/// different steps, and the largest of their own errors and their distance.
fn difference_near(
    x: f64, scale: f64, noise: f64, f: &mut impl FnMut(f64) -> Result<f64, EvalError>,
) -> Result<(f64, f64), EvalError> {
    let (first, first_error) = extrapolate(x, 0.02 * scale, noise, f)?;
    let (second, second_error) = extrapolate(x, 0.014 * scale, noise, f)?;
    let error = first_error.max(second_error).max((first - second).abs());
    Ok((first, if error.is_nan() { f64::INFINITY } else { error }))
}

/// How far a derivative may be from the difference `d`.
pub(super) fn bound(d: f64) -> f64 {
    1e-10 + 1e-8 * d.abs()
}

/// The derivative of `f` at `x` by central differences with steps h, h/2, h/4, …, extrapolated to
/// step 0 by Neville's scheme in h²; with the smallest error that neighbours in the scheme show,
/// and what the noise in `f` makes of the step. Differences that are not finite are passed over.
fn extrapolate(
    x: f64, first: f64, noise: f64, f: &mut impl FnMut(f64) -> Result<f64, EvalError>,
) -> Result<(f64, f64), EvalError> {
    let mut best = (f64::NAN, f64::INFINITY);
    let mut above: Vec<f64> = Vec::new();
    for k in 0..6 {
        let step = first / f64::from(1 << k);
        let (right, left) = (f(x + step)?, f(x - step)?);
        let rounding = 10.0 * noise / step;
        let mut row = vec![(right - left) / ((x + step) - (x - step))];
        let mut power = 1.0;
        for (m, above) in above.iter().enumerate() {
            power *= 4.0;
            let next = row[m] + (row[m] - above) / (power - 1.0);
            let error = (next - row[m]).abs().max((next - above).abs()) + rounding;
            if next.is_finite() && error < best.1 {
                best = (next, error);
            }
            row.push(next);
        }
        above = row;
    }
    Ok(best)
}

/// How much rounding scatters the values of `f` about a smooth function, as a standard deviation:
/// from the sixth differences of values near `x`, in which what is smooth all but vanishes (J. J.
/// Moré, S. M. Wild, *Estimating computational noise*, 2011). No less than the value's own
/// rounding.
fn noise(
    x: f64, step: f64, f: &mut impl FnMut(f64) -> Result<f64, EvalError>,
) -> Result<f64, EvalError> {
    let near = (-4..=4).map(|k| f(x + f64::from(k) * step));
    let mut differences = near.collect::<Result<Vec<f64>, EvalError>>()?;
    let rounding = f64::EPSILON * differences[4].abs();
    for _ in 0..6 {
        differences = differences.windows(2).map(|pair| pair[1] - pair[0]).collect();
    }
    let squares: f64 = differences.iter().map(|d| d * d).sum();
    // A sixth difference of independent errors has the variance of one of them times 12 over 6.
    let deviation = (squares / (differences.len() as f64 * 924.0)).sqrt();
    Ok(if deviation < rounding { rounding } else { deviation })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict;
    use crate::check::verdict;

    #[test]
    fn extrapolation_knows_its_error() {
        let of = |x, f: fn(f64) -> f64| difference(x, x.abs().max(1.0), |x| Ok(f(x))).unwrap();
        let (d, error) = of(0.7, f64::exp);
        assert!((d - 0.7f64.exp()).abs() <= error && error < 1e-11, "{d} ± {error}");
        assert!(of(1e-6, f64::abs).1 > 1e-3, "a kink inside the smallest steps");
        let (d, error) = of(0.001, f64::abs);
        assert!((d - 1.0).abs() <= error && error <= bound(1.0), "a kink near: {d} ± {error}");
        // A kink at any distance: the derivative is found, or known not to be.
        for k in 0..400 {
            let x = 1e-7 * 1.05f64.powi(k);
            for f in [f64::abs as fn(f64) -> f64, |x| x.max(0.0).sin(), |x| x + 0.3 * x.abs()] {
                let slope = f(x.min(1.0) + 1e-30) / x.min(1.0);
                let slope = if f(-1.0) == 0.0 { x.cos() } else { slope };
                let (d, error) = of(x, f);
                assert!(
                    verdict(slope, d, bound(d), error) != Verdict::Differs,
                    "{x}: {d} ± {error}"
                );
            }
        }
        let (d, error) = of(0.01, f64::ln);
        assert!((d - 100.0).abs() <= error, "a pole inside the steps: {d} ± {error}");
        assert_eq!(of(-1.0, f64::ln).1, f64::INFINITY, "no finite value at all");
        // Of a difference of large numbers little is known, and that much is.
        for k in 0..300 {
            let x = f64::from(k) / 100.0 - 1.5;
            let slope = 1.0 - x.tanh().powi(2);
            for big in [1e5, 1e6, 1e7, 1e8] {
                let (d, error) =
                    difference(x, x.abs().max(1.0), |x| Ok((x.tanh() + big) - big)).unwrap();
                let known = verdict(slope, d, bound(d), error) != Verdict::Differs;
                assert!(known, "{x}, {big}: {d} ± {error}, not {slope}");
            }
        }
    }
}
