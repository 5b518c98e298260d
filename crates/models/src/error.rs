//! What can go wrong outside the graph.

use std::path::{Path, PathBuf};

use gradus_ops::EvalError;

/// An error with a sentence that names the file or the number, and what was wanted.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The operating system refused.
    #[error("{}: cannot {action}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system answered.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{}: {problem}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A number or a combination that makes no model.
    #[error("{0}")]
    Settings(String),
    /// Training left the range of numbers.
    #[error(
        "training has diverged in epoch {epoch}, after {steps} steps, at the cost {cost:?}; \
         a smaller learning rate than {eta:?} may help"
    )]
    Diverged {
        /// The epoch, counted from 0.
        epoch: usize,
        /// The steps done.
        steps: u64,
        /// The last cost; that may still be finite when a parameter no longer is.
        cost: f32,
        /// The learning rate.
        eta: f64,
    },
    /// The data do not fit the network.
    #[error(transparent)]
    Eval(#[from] EvalError),
}

impl ModelError {
    pub(crate) fn file(
        path: &Path, action: &'static str,
    ) -> impl FnOnce(std::io::Error) -> ModelError {
        let path = path.to_owned();
        move |source| ModelError::File { path, action, source }
    }

    pub(crate) fn format(path: &Path, problem: impl Into<String>) -> Self {
        ModelError::Format { path: path.to_owned(), problem: problem.into() }
    }
}
