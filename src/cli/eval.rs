//! `gradus eval`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use gradus::models::data::Mnist;
use gradus::models::{Evaluation, ModelError, Training};

use super::{Part, describe, say, share, threads};

/// Evaluate a saved network: cost, accuracy, confusion matrix
#[derive(Args)]
pub struct Eval {
    /// The checkpoint
    checkpoint: PathBuf,

    /// Which pictures
    #[arg(long, value_enum, default_value = "test")]
    on: Part,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// Threads [default: as many as there are cores]; the result does not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,

    /// The folder with the four MNIST files
    #[arg(long, default_value = "data/mnist", value_name = "DIR")]
    data: PathBuf,
}

impl Eval {
    pub fn run(self) -> Result<(), ModelError> {
        let training = Training::load(&self.checkpoint)?;
        let mnist = Mnist::read(&self.data)?;
        let evaluation = training.evaluate(self.on.of(&mnist), threads(self.threads))?;
        let score = evaluation.score();
        if self.json {
            return say(&json(&evaluation));
        }
        say(&describe(&training))?;
        say(&format!("Cost {:.6}", score.cost))?;
        say(&format!("Right {}, {:.2} %\n", share(&score), 100.0 * score.accuracy()))?;
        say("What pictures of each class were taken for:")?;
        say(&evaluation.confusion.to_string())
    }
}

fn json(evaluation: &Evaluation) -> String {
    let (score, confusion) = (evaluation.score(), &evaluation.confusion);
    let classes = 0..confusion.classes();
    let row = |label| classes.clone().map(|class| confusion.taken(label, class)).collect();
    let rows: Vec<Vec<usize>> = classes.clone().map(row).collect();
    let value = serde_json::json!({
        "cost": score.cost,
        "correct": score.correct,
        "of": score.of,
        "confusion": rows,
        "undecided": confusion.undecided(),
    });
    value.to_string()
}
