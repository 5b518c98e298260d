//! `gradus eval`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use gradus::models::data::{Mnist, Pictures};
use gradus::models::{Evaluation, ModelError, Training};
use gradus::ops::{Graph, Inputs, NonFinite, trace_nonfinite};

use super::{MNIST, Part, describe, say, share, threads};

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

    /// The folder with the four files of MNIST, or with others of their names and form
    #[arg(long, default_value = MNIST, value_name = "DIR")]
    data: PathBuf,
}

impl Eval {
    pub fn run(self) -> Result<(), ModelError> {
        let training = Training::load(&self.checkpoint)?;
        let mnist = Mnist::read(&self.data)?;
        let evaluation = training.evaluate(self.on.of(&mnist), threads(self.threads))?;
        let score = evaluation.score();
        let not_finite = match score.cost.is_finite() {
            true => None,
            false => trace(&training, self.on.of(&mnist))?,
        };
        if self.json {
            return say(&json(&evaluation, not_finite.as_ref()));
        }
        say(&describe(&training))?;
        say(&format!("{} pictures, from {}", score.of, self.data.display()))?;
        say(&format!("Cost {:.6}", score.cost))?;
        if let Some(found) = &not_finite {
            say(&format!("Not finite: {found}"))?;
        }
        say(&format!("Right {}, {:.2} %\n", share(&score), 100.0 * score.accuracy()))?;
        say("What pictures of each class were taken for:")?;
        say(&evaluation.confusion.to_string())
    }
}

/// Where the first value that is not finite comes from, in the first pictures that have one.
fn trace(training: &Training, pictures: &Pictures) -> Result<Option<NonFinite>, ModelError> {
    let network = training.network();
    let g = Graph::new();
    let forward = network.forward(network.examples(&g, "x"));
    let cost = training.settings().cost.of(&forward, network.targets(&g, "y"));
    for share in (0..pictures.len()).collect::<Vec<_>>().chunks(100) {
        let (x, y) = pictures.batch(share);
        let shape: Vec<usize> = [&[share.len()], network.input()].concat();
        let x =
            x.into_shape_with_order(shape).expect("pictures fit the network they were given to");
        let inputs = Inputs::new().with_all(training.state()).with("x", &x).with("y", &y);
        let found = trace_nonfinite(&[cost], &inputs)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn json(evaluation: &Evaluation, not_finite: Option<&NonFinite>) -> String {
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
        "not_finite": not_finite,
    });
    value.to_string()
}
