//! Minima of expressions: the graph gives the derivatives, compiled plans their values.
//!
//! * [`minimize`] makes a number small, by [`GradientDescent`], [`Newton`] or [`Lbfgs`];
//! * [`least_squares`] makes a sum of squares small, by [`LevenbergMarquardt`];
//! * [`minimize_subject_to`] takes equality constraints, by [`Lagrange`]'s multipliers;
//! * [`standard_deviations`] and [`likelihood_deviations`] say how well the data determine the
//!   parameters, [`hessian_eigenvalues`] what kind of point was found.
//!
//! What is varied are the named arrays of the start; all other inputs of the graph are data and
//! stay. Everything is computed in `f64` by exact plans, so the bits are those of the reference
//! evaluator.
//!
//! Invariant: an outcome says why its solver stopped, and `Converged` is said only of what has been
//! measured at the point returned.
//! Invariant: no solver has a derivative of its own, and none is approximated by differences.

mod descent;
mod deviations;
mod lagrange;
mod lbfgs;
mod levenberg_marquardt;
mod line_search;
mod linear;
mod newton;
mod oracle;
mod outcome;

pub use descent::GradientDescent;
pub use deviations::{hessian_eigenvalues, likelihood_deviations, standard_deviations};
pub use lagrange::{Constrained, Lagrange, minimize_subject_to};
pub use lbfgs::Lbfgs;
pub use levenberg_marquardt::{LevenbergMarquardt, least_squares};
pub use newton::Newton;
pub use outcome::{Criterion, MinimizeError, Outcome, Stopped};

use gradus_ops::{Arrays, Expr, Inputs};

use oracle::Oracle;

/// A way down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// See [`GradientDescent`].
    GradientDescent(GradientDescent),
    /// See [`Newton`].
    Newton(Newton),
    /// See [`Lbfgs`].
    Lbfgs(Lbfgs),
}

impl From<GradientDescent> for Method {
    fn from(method: GradientDescent) -> Self {
        Method::GradientDescent(method)
    }
}

impl From<Newton> for Method {
    fn from(method: Newton) -> Self {
        Method::Newton(method)
    }
}

impl From<Lbfgs> for Method {
    fn from(method: Lbfgs) -> Self {
        Method::Lbfgs(method)
    }
}

/// Makes the number `f` small by varying the arrays of `start`, which are inputs of its graph;
/// `inputs` has the arrays of the others. A local minimum is all that is looked for.
///
/// [`Outcome::stopped`] says why it ended. It is `Converged` only if the relative gradient at the
/// point returned, maxᵢ |∂f/∂xᵢ| max(|xᵢ|, 1) / max(|f|, 1), is at most the method's tolerance (J. E.
/// Dennis, R. B. Schnabel, *Numerical Methods for Unconstrained Optimization and Nonlinear
/// Equations*, SIAM 1996, section 7.2), and for [`Newton`] only if the Hessian has no negative
/// eigenvalue there.
///
/// ```
/// use gradus_models::minimise::{Lbfgs, minimize};
/// use gradus_ops::{Arrays, Graph, Inputs, param, square};
/// use ndarray::arr0;
/// // Rosenbrock's valley.
/// let g = Graph::new();
/// let (x, y) = (param(&g, "x", ()), param(&g, "y", ()));
/// let f = square(1.0 - x) + 100.0 * square(y - square(x));
/// let start = Arrays::from([
///     ("x".to_owned(), arr0(-1.2).into_dyn()),
///     ("y".to_owned(), arr0(1.0).into_dyn()),
/// ]);
/// let found = minimize(f, &start, &Inputs::new(), Lbfgs::default()).unwrap();
/// assert!(found.converged(), "{}", found.stopped);
/// assert!((found.at["x"].sum() - 1.0).abs() < 1e-6);
/// ```
///
/// # Errors
///
/// If `f` is not a single number, or does not depend on one of the arrays; if one is no input of
/// the graph, or has no numbers; if arrays do not fit the graph; if a setting makes no sense.
#[track_caller]
pub fn minimize(
    f: Expr<'_>, start: &Arrays<f64>, inputs: &Inputs<'_, f64>, method: impl Into<Method>,
) -> Result<Outcome, MinimizeError> {
    let method = method.into();
    let names = start.keys().cloned().collect();
    let mut oracle = Oracle::new(f, names, start, inputs)?;
    match method {
        Method::GradientDescent(descent) => descent.run(&mut oracle),
        Method::Newton(newton) => newton.run(&mut oracle),
        Method::Lbfgs(lbfgs) => lbfgs.run(&mut oracle),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_ops::{Graph, input, param, square, sum_all};
    use ndarray::{ArrayD, arr0, array};

    pub fn number(x: f64) -> ArrayD<f64> {
        arr0(x).into_dyn()
    }

    /// The arrays x and y.
    pub fn two(x: f64, y: f64) -> Arrays<f64> {
        Arrays::from([("x".to_owned(), number(x)), ("y".to_owned(), number(y))])
    }

    /// x² + 3 y², and the point (3, 2).
    pub fn bowl(g: &Graph) -> (Expr<'_>, Arrays<f64>) {
        let (x, y) = (param(g, "x", ()), param(g, "y", ()));
        (square(x) + 3.0 * square(y), two(3.0, 2.0))
    }

    /// H. H. Rosenbrock's valley (1960), and its usual start.
    pub fn rosenbrock(g: &Graph) -> (Expr<'_>, Arrays<f64>) {
        let (x, y) = (param(g, "x", ()), param(g, "y", ()));
        (square(1.0 - x) + 100.0 * square(y - square(x)), two(-1.2, 1.0))
    }

    /// All numbers of the point found.
    pub fn numbers(found: &Outcome) -> Vec<f64> {
        found.at.values().flatten().copied().collect()
    }

    #[test]
    fn problems_that_make_no_sense_are_named() {
        let g = Graph::new();
        let (f, start) = bowl(&g);
        let error = |f: Expr<'_>, start: &Arrays<f64>| {
            minimize(f, start, &Inputs::new(), Newton::default()).unwrap_err().to_string()
        };
        assert_eq!(error(f, &Arrays::new()), "there are no arrays to vary");
        let other = Arrays::from([("z".to_owned(), number(1.0))]);
        assert_eq!(error(f, &other), "the graph has no input `z` to vary");
        let empty = Arrays::from([("x".to_owned(), ArrayD::zeros(vec![0]))]);
        assert_eq!(error(f, &empty), "the array `x` has no numbers to vary");
        let alone = Arrays::from([("x".to_owned(), number(1.0))]);
        assert!(error(f, &alone).starts_with("no array is given for %"), "{}", error(f, &alone));
        let long = Arrays::from([("x".to_owned(), array![1.0, 2.0].into_dyn())]);
        let text = error(square(param(&g, "x", ())), &long);
        assert!(text.starts_with("an array of the sizes [2] is given for %0 `x`"), "{text}");
        let x = input(&g, "x", ());
        assert!(error(square(x), &start).starts_with("the output does not depend"));
        let many = param(&g, "many", [2]);
        let text = error(many * x, &alone);
        assert!(text.starts_with("only a single number has a gradient"), "{text}");
    }

    #[test]
    fn data_stay_and_give_named_axes_their_sizes() {
        let g = Graph::new();
        let (x, w) = (input(&g, "x", ("n",)), param(&g, "w", ()));
        let f = sum_all(square(x - w));
        let data = array![1.0, 2.0, 6.0];
        let start = Arrays::from([("w".to_owned(), number(0.0))]);
        for method in [Method::from(Newton::default()), Lbfgs::default().into()] {
            let found = minimize(f, &start, &Inputs::new().with("x", &data), method).unwrap();
            assert!(found.converged() && (found.at["w"].sum() - 3.0).abs() < 1e-7, "{found:?}");
            assert!(found.gradient_norm < 1e-6 && found.value == 14.0, "{found:?}");
        }
    }
}
