//! How well the data determine the parameters, and what kind of point a point is.

use gradus_ops::{Arrays, Expr, Inputs};
use nalgebra::SymmetricEigen;

use super::MinimizeError;
use super::oracle::{Oracle, Residuals, Vector};
use super::singular::Singular;

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
    let singular = Singular::new(&jacobian, &r, &Vector::from_iterator(p, norms));
    if !singular.has_full_rank() {
        let rank = singular.rank();
        return problem(format!("the residuals determine only {rank} of {p} parameters"));
    }
    let s = (r.norm_squared() / (n - p) as f64).sqrt();
    Ok(residuals.shaped(&(s * singular.deviations())))
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
