//! How well the data determine the parameters, and what kind of point a point is.

use gradus_ops::{Arrays, Expr, Inputs};
use nalgebra::SymmetricEigen;

use super::MinimizeError;
use super::linear::Linear;
use super::oracle::{Oracle, Residuals, Vector};

/// The standard deviations of the parameters of a least-squares fit, at its solution `at`: the square
/// roots of the diagonal of s² (JᵀJ)⁻¹, where J is the Jacobian of the residuals `r` and s² = Σ r² /
/// (n − p) for n residuals and p parameters.
///
/// They hold for independent normal errors of equal variance, as far as the model is linear within
/// them; these are what NIST certifies. Source: D. M. Bates, D. G. Watts, *Nonlinear Regression
/// Analysis and Its Applications*, Wiley 1988, section 2.2.
///
/// # Errors
///
/// As [`least_squares`](super::least_squares), and if there are not more residuals than parameters,
/// if the Jacobian has not full rank, or a number is not finite.
#[track_caller]
pub fn standard_deviations(
    r: Expr<'_>, at: &Arrays<f64>, inputs: &Inputs<'_, f64>,
) -> Result<Arrays<f64>, MinimizeError> {
    let mut residuals = Residuals::new(r, at, inputs)?;
    let x = residuals.point();
    let (r, jacobian) = (residuals.residuals(&x)?, residuals.jacobian(&x)?);
    if r.iter().chain(&jacobian).any(|x| !x.is_finite()) {
        return problem(residuals.not_finite(&x)?.to_string());
    }
    let (n, p) = (r.len(), x.len());
    if n <= p {
        return problem(format!("{n} residuals say nothing of the deviations of {p} parameters"));
    }
    let norms = jacobian.column_iter().map(|column| column.norm());
    let linear = Linear::new(&jacobian, &r, &Vector::from_iterator(p, norms));
    if !linear.has_full_rank() {
        let rank = linear.rank();
        return problem(format!("the residuals determine only {rank} of {p} parameters"));
    }
    let s = (r.norm_squared() / (n - p) as f64).sqrt();
    Ok(residuals.shaped(&(s * linear.deviations())))
}

/// The standard deviations of the parameters that make the negative log-likelihood `f` least, at its
/// minimum `at`: the square roots of the diagonal of H⁻¹, the inverse of its Hessian (the observed
/// Fisher information). Source: Y. Pawitan, *In All Likelihood*, Oxford 2001, section 2.5.
///
/// # Errors
///
/// As [`minimize`](super::minimize), and if the Hessian is not positive definite: then the point is
/// no minimum, or not determined.
#[track_caller]
pub fn likelihood_deviations(
    f: Expr<'_>, at: &Arrays<f64>, inputs: &Inputs<'_, f64>,
) -> Result<Arrays<f64>, MinimizeError> {
    let mut oracle = Oracle::new(f, at.keys().cloned().collect(), at, inputs)?;
    let x = oracle.start()?.x;
    let hessian = oracle.hessian(&x)?;
    // To one length, so that the units of the parameters do not matter.
    let scale = hessian.diagonal().map(|h| h.abs().sqrt().max(f64::MIN_POSITIVE));
    let scaled = hessian.map_with_location(|i, j, h| h / (scale[i] * scale[j]));
    match scaled.cholesky() {
        Some(cholesky) => {
            let variances = cholesky.inverse().diagonal();
            Ok(oracle.arrays(&variances.map(f64::sqrt).component_div(&scale)))
        }
        None => problem("the Hessian is not positive definite here".to_owned()),
    }
}

/// The eigenvalues of the Hessian of the number `f` by all numbers of the arrays `at`, in ascending
/// order: all positive at a minimum, all negative at a maximum, of both signs at a saddle.
///
/// # Errors
///
/// As [`minimize`](super::minimize), and if a second derivative is not finite.
#[track_caller]
pub fn hessian_eigenvalues(
    f: Expr<'_>, at: &Arrays<f64>, inputs: &Inputs<'_, f64>,
) -> Result<Vec<f64>, MinimizeError> {
    let mut oracle = Oracle::new(f, at.keys().cloned().collect(), at, inputs)?;
    let x = oracle.start()?.x;
    let hessian = oracle.hessian(&x)?;
    if hessian.iter().any(|h| !h.is_finite()) {
        return problem(oracle.not_finite(&x)?.to_string());
    }
    let mut values: Vec<f64> = SymmetricEigen::new(hessian).eigenvalues.iter().copied().collect();
    values.sort_by(f64::total_cmp);
    Ok(values)
}

fn problem<T>(text: String) -> Result<T, MinimizeError> {
    Err(MinimizeError::Problem(text))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{bowl, two};
    use super::*;
    use gradus_ops::{Graph, input, param, square, sum_all};
    use ndarray::{Array1, array};

    /// The residuals of a line, and its data.
    fn line(g: &Graph) -> (Expr<'_>, Array1<f64>, Array1<f64>) {
        let (t, y) = (input(g, "t", ("n",)), input(g, "data", ("n",)));
        let r = param(g, "x", ()) * t + param(g, "y", ()) - y;
        (r, array![0.0, 1.0, 2.0, 3.0], array![1.0, 2.0, 2.0, 4.0])
    }

    #[test]
    fn a_line_by_the_textbook() {
        let g = Graph::new();
        let (r, t, y) = line(&g);
        let data = Inputs::new().with("t", &t).with("data", &y);
        let found = standard_deviations(r, &two(0.9, 0.9), &data).unwrap();
        // s² = 0.7/2; the slope has s²/Σ(t − t̄)² and the intercept s² Σt²/(n Σ(t − t̄)²).
        let (slope, intercept) = ((0.35f64 / 5.0).sqrt(), (0.35f64 * 14.0 / 20.0).sqrt());
        assert!((found["x"].sum() - slope).abs() < 1e-15, "{found:?}");
        assert!((found["y"].sum() - intercept).abs() < 1e-14, "{found:?}");
        // With s known, the negative log-likelihood is Σ r²/(2 s²), and gives the same.
        let f = sum_all(square(r)) / (2.0 * 0.35);
        let same = likelihood_deviations(f, &two(0.9, 0.9), &data).unwrap();
        for (a, b) in found.values().zip(same.values()) {
            assert!((a.sum() - b.sum()).abs() < 1e-14, "{found:?} {same:?}");
        }
    }

    #[test]
    fn the_observed_information_of_counts() {
        // Poisson: f = n μ − Σk ln μ has its minimum at the mean, with the deviation √(μ/n).
        let g = Graph::new();
        let (mu, k) = (param(&g, "mu", ()), input(&g, "k", ("n",)));
        let f = sum_all(mu - k * gradus_ops::log(mu));
        let counts = array![3.0, 7.0, 5.0, 5.0];
        let at = Arrays::from([("mu".to_owned(), ndarray::arr0(5.0).into_dyn())]);
        let found = likelihood_deviations(f, &at, &Inputs::new().with("k", &counts)).unwrap();
        assert!((found["mu"].sum() - (5.0f64 / 4.0).sqrt()).abs() < 1e-14, "{found:?}");
    }

    #[test]
    fn what_is_not_determined_is_an_error() {
        let g = Graph::new();
        let (r, t, y) = line(&g);
        let error = |count: usize, all: bool| {
            let first = |of: &Array1<f64>| of.iter().take(count).copied().collect::<Array1<_>>();
            let (t, y) = (first(&t), first(&y));
            let t = if all { t } else { 0.0 * t };
            let data = Inputs::new().with("t", &t).with("data", &y);
            standard_deviations(r, &two(0.9, 0.9), &data).unwrap_err().to_string()
        };
        assert_eq!(error(2, true), "2 residuals say nothing of the deviations of 2 parameters");
        assert_eq!(error(3, false), "the residuals determine only 1 of 2 parameters");
        let (x, y) = (param(&g, "x", ()), param(&g, "y", ()));
        let saddle = likelihood_deviations(x * y, &two(0.0, 0.0), &Inputs::new()).unwrap_err();
        assert_eq!(saddle.to_string(), "the Hessian is not positive definite here");
    }

    #[test]
    fn eigenvalues_tell_a_minimum_from_a_saddle() {
        let g = Graph::new();
        let (f, at) = bowl(&g);
        assert_eq!(hessian_eigenvalues(f, &at, &Inputs::new()).unwrap(), [2.0, 6.0]);
        let (x, y) = (param(&g, "x", ()), param(&g, "y", ()));
        let values = hessian_eigenvalues(x * y, &at, &Inputs::new()).unwrap();
        assert!((values[0] + 1.0).abs() < 1e-15 && (values[1] - 1.0).abs() < 1e-15, "{values:?}");
    }
}
