//! `gradus check`.

mod network;
mod operation;
mod progress;

use std::path::{Path, PathBuf};

use clap::Args;
use gradus::models::{ModelError, Training};
use gradus::ops::{Check as GradientCheck, Op, Report, Taylor};
use gradus::plan::{Numerics, compile};
use serde_json::{Value, json};

use super::model::model;
use super::{MNIST, say};

/// Check derivatives: of a network, or of an operation
///
/// Forward against reverse mode; each number, and whole directions, against finite differences in 16
/// and in 31 digits; Taylor remainders; kinks; single precision, and plans, against the reference
/// evaluator. A network is checked at random parameters, or at those of a checkpoint, with its cost;
/// an operation at its samples. Exits with an error if anything disagrees, or is not known well
/// enough to tell, and names the rule that is wrong.
#[derive(Args)]
pub struct Check {
    /// mnist, lenet, demon, cnn, a checkpoint, a description in a file *.json, or an operation, by
    /// the name that `gradus ops` lists
    what: String,

    /// How many examples
    #[arg(long, default_value_t = 3, value_name = "N")]
    examples: usize,

    /// Compare at most this many numbers of a parameter with finite differences
    #[arg(long, default_value_t = 64, value_name = "N")]
    elements: usize,

    /// Derivatives up to this order
    #[arg(long, default_value_t = 2, value_name = "N")]
    order: usize,

    /// How many pairs of random directions, each with a seed of its own
    #[arg(long, default_value_t = 3, value_name = "N")]
    directions: usize,

    /// What parameters, pictures and directions are drawn from
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,

    /// Print each number that is compared, not only a line for each parameter
    #[arg(long)]
    each: bool,

    /// Print the remainders of Taylor expansions
    #[arg(long)]
    taylor: bool,

    /// Print JSON
    #[arg(long, conflicts_with_all = ["each", "taylor"])]
    json: bool,

    /// The folder with the four files of MNIST, or with others of their names and form
    #[arg(long, default_value = MNIST, value_name = "DIR")]
    data: PathBuf,
}

impl Check {
    pub fn run(self) -> Result<(), ModelError> {
        if [self.examples, self.elements, self.order, self.directions].contains(&0) {
            let problem = "a check wants at least one example, one element, one direction and the first order";
            return Err(ModelError::Settings(problem.to_owned()));
        }
        let what = self.what.as_str();
        if let Some(network) = model(what)? {
            return network::check(&self, &network, None);
        }
        if let Some(card) = Op::CARDS.iter().find(|card| card.name == what) {
            return operation::check(&self, *card);
        }
        if !Path::new(what).exists() {
            return Err(ModelError::Settings(format!(
                "`{what}` is no file and no name; wanted mnist, lenet, demon, cnn, a checkpoint, a \
                 description in a file *.json, or an operation that `gradus ops` lists"
            )));
        }
        let training = Training::load(Path::new(what))?;
        network::check(&self, training.network(), Some(&training))
    }

    /// The check as it was asked for, with plans held to the reference evaluator.
    fn set<'g>(&self, check: GradientCheck<'g>) -> GradientCheck<'g> {
        check
            .order(self.order)
            .seed(self.seed)
            .directions(self.directions)
            .elements(self.elements)
            .progress(progress::progress())
            .against("a plan", |outputs| compile(outputs, &[]))
            .against(
                "an exact plan",
                |outputs| Ok(compile(outputs, &[])?.numerics(Numerics::Exact)),
            )
    }

    /// The last line, or the error.
    fn conclude(&self, reports: &[Report]) -> Result<(), ModelError> {
        let all: usize = reports.iter().map(|report| report.differences.len()).sum();
        let failed: usize = reports.iter().map(|report| report.failures().count()).sum();
        let kinks: usize = reports.iter().map(|report| report.kinks().count()).sum();
        let settled: usize = reports.iter().map(|report| report.settled().count()).sum();
        if !self.json {
            let mut text =
                format!("\n{} of {all} comparisons agree", all - failed - kinks - settled);
            for (count, what) in [(settled, "known in 31 digits only"), (kinks, "at kinks")] {
                if count > 0 {
                    text += &format!(", {count} {what}");
                }
            }
            say(&text)?;
        }
        if reports.iter().all(Report::passed) {
            return Ok(());
        }
        let problem = match failed {
            0 => "nothing was compared with a finite difference".to_owned(),
            _ => format!("{failed} of {all} comparisons do not agree"),
        };
        Err(ModelError::Settings(problem))
    }
}

/// The tables of remainders, as a text.
fn taylor(report: &Report) -> String {
    report.taylor.iter().map(Taylor::to_string).collect::<Vec<_>>().join("\n\n")
}

/// A report as JSON, with what was checked.
fn as_json(report: &Report, what: Value) -> String {
    json!({ "of": what, "passed": report.passed(), "report": report }).to_string()
}
