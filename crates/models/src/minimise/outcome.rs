//! What a solver returns.

use std::fmt;

use gradus_ops::{Arrays, EvalError, GradError};

/// Where a solver ended, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The point: the arrays that were varied.
    pub at: Arrays<f64>,
    /// The value there: of the function, or the sum of squares.
    pub value: f64,
    /// The Euclidean norm of the gradient of that value.
    pub gradient_norm: f64,
    /// How many steps were taken.
    pub iterations: usize,
    /// How many points were evaluated.
    pub evaluations: usize,
    /// Why it ended.
    pub stopped: Stopped,
}

impl Outcome {
    /// Whether the point satisfies the solver's criterion.
    pub fn converged(&self) -> bool {
        matches!(self.stopped, Stopped::Converged(_))
    }
}

/// Why a solver stopped. Only `Converged` is a solution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// A criterion is satisfied at the point returned.
    Converged(Criterion),
    /// All iterations that were allowed have been used.
    IterationLimit,
    /// No step leads further down, and no criterion is satisfied: the steps are too long to settle
    /// (a constant learning rate), the function is flat or unbounded, or rounding is in the way.
    NoProgress,
    /// The gradient is zero, but the Hessian has a negative eigenvalue (with constraints, along
    /// them): a saddle or a maximum.
    Saddle,
    /// The residuals are stationary, but the Jacobian has not full rank: some parameters, or
    /// combinations of them, have no effect there.
    Undetermined {
        /// The rank of the Jacobian.
        rank: usize,
        /// How many parameters there are.
        parameters: usize,
    },
    /// The value or a derivative is no finite number, at the start or after a step that could not be
    /// made shorter.
    NotFinite {
        /// The first node whose value is not finite, described.
        node: String,
    },
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stopped::Converged(criterion) => write!(f, "converged: {criterion}"),
            Stopped::IterationLimit => f.write_str("not converged: the iterations are used up"),
            Stopped::NoProgress => f.write_str("not converged: no step leads further down"),
            Stopped::Saddle => f.write_str("not converged: a saddle or a maximum"),
            Stopped::Undetermined { rank, parameters } => {
                write!(f, "not converged: only {rank} of {parameters} parameters have an effect")
            }
            Stopped::NotFinite { node } => write!(f, "not converged: not a finite number: {node}"),
        }
    }
}

/// What is satisfied at a solution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Criterion {
    /// The relative gradient is below the tolerance.
    Gradient,
    /// The full step of the method, unshortened, would change no parameter by more than the
    /// tolerance, relative to it.
    Step,
    /// The full step of the method would lower the value by less than its rounding, and no longer
    /// becomes shorter.
    Rounding,
}

impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Criterion::Gradient => "the gradient is below the tolerance",
            Criterion::Step => "the step is below the tolerance",
            Criterion::Rounding => "the value cannot fall further than its rounding",
        })
    }
}

/// A problem that cannot be given to a solver.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MinimizeError {
    /// The function has no gradient.
    #[error(transparent)]
    Grad(#[from] GradError),
    /// The arrays do not fit the graph.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// The start or a setting makes no sense.
    #[error("{0}")]
    Problem(String),
}

/// An error if a setting is not a positive finite number.
pub(super) fn check_positive(name: &str, x: f64) -> Result<(), MinimizeError> {
    if x.is_finite() && x > 0.0 {
        return Ok(());
    }
    Err(MinimizeError::Problem(format!("{name} is a positive number, not {x:?}")))
}
