//! The commands, one file each, and what they share.

pub mod check;
pub mod eval;
mod model;
pub mod ops;
pub mod predict;
mod reader;
#[cfg(feature = "serve")]
pub mod serve;
pub mod summary;
mod table;
pub mod train;

use std::io::{self, Write};
use std::num::NonZeroUsize;

use gradus::models::data::{Mnist, Pictures};
use gradus::models::{ModelError, Optimiser, Score, Settings, Training};

/// The folder with MNIST's files.
const MNIST: &str = "data/mnist";

/// Writes a line to standard output; one that is closed is an error, not a panic.
fn say(line: &str) -> Result<(), ModelError> {
    writeln!(io::stdout(), "{line}").map_err(|source| ModelError::File {
        path: "standard output".into(),
        action: "write",
        source,
    })
}

/// How many threads to use: as many as asked for, or as there are cores.
fn threads(asked: Option<NonZeroUsize>) -> usize {
    let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    asked.unwrap_or_else(cores).get()
}

/// The three parts of MNIST.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// The 10,000 test pictures
    Test,
    /// The 10,000 pictures for choosing among settings
    Validation,
    /// The 50,000 training pictures
    Training,
}

impl Part {
    fn of(self, mnist: &Mnist) -> &Pictures {
        match self {
            Part::Test => &mnist.test,
            Part::Validation => &mnist.validation,
            Part::Training => &mnist.training,
        }
    }
}

/// `9542 / 10000`
fn share(score: &Score) -> String {
    format!("{} / {}", score.correct, score.of)
}

/// The network and its settings, in a line.
fn describe(training: &Training) -> String {
    let Settings { cost, optimiser, eta, schedule, batch, init, seed } = *training.settings();
    let (name, decay) = match optimiser {
        Optimiser::Sgd(sgd) => {
            let moving = sgd.momentum != 0.0;
            (moving.then(|| format!(", μ = {:?}", sgd.momentum)), sgd.decay)
        }
        Optimiser::Adam(adam) => (Some(", Adam".to_owned()), adam.decay),
    };
    let mut text = format!(
        "{} network, {} parameters; {cost} cost, η = {eta:?}{}",
        training.network(),
        training.network().count(),
        name.unwrap_or_default()
    );
    if decay != 0.0 {
        text += &format!(", λ = {decay:?}");
    }
    if schedule != gradus::models::Schedule::Constant {
        text += &format!(", {schedule}");
    }
    let init = format!("{init:?}").to_lowercase();
    text + &format!(", mini-batches of {batch}, {init} start, seed {seed}")
}
