//! `gradus summary`.

use std::path::Path;

use clap::Args;
use gradus::models::{ModelError, Network, Parameter, Training};

use super::model::model;
use super::table::table;
use super::{describe, say, share};

/// Print the layers of a network: shapes and parameters
#[derive(Args)]
pub struct Summary {
    /// The network: mnist, lenet, demon, cnn, a checkpoint, or a description in a file *.json
    model: String,

    /// Print the description of the network as JSON instead: what --model FILE.json reads
    #[arg(long)]
    json: bool,
}

impl Summary {
    pub fn run(self) -> Result<(), ModelError> {
        let (network, training) = match model(&self.model)? {
            Some(network) => (network, None),
            None => {
                let training = Training::load(Path::new(&self.model))?;
                (training.network().clone(), Some(training))
            }
        };
        if self.json {
            return say(&serde_json::to_string_pretty(&network).expect("names and numbers"));
        }
        say(&layers(&network))?;
        match training {
            Some(training) => say(&format!("\n{}\n{}", describe(&training), progress(&training))),
            None => Ok(()),
        }
    }
}

/// A line for each layer, and one for their sum.
fn layers(network: &Network) -> String {
    let shape = |sizes: &[usize]| sizes.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
    let head = ["layer", "kind", "output", "parameters", "numbers"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let input = ["1", "input", &shape(network.input()), "", "0"];
    rows.push(input.map(str::to_owned).to_vec());
    for placed in network.layers() {
        let parameters = placed.parameters();
        let named = |p: &Parameter| format!("{} {}", p.name, shape(&p.shape));
        let count: usize = parameters.iter().map(Parameter::count).sum();
        rows.push(vec![
            placed.number.to_string(),
            placed.layer.to_string(),
            shape(&placed.output),
            parameters.iter().map(named).collect::<Vec<_>>().join(", "),
            count.to_string(),
        ]);
    }
    let sum = ["", "", "", "", &network.count().to_string()];
    rows.push(sum.map(str::to_owned).to_vec());
    table(&rows, &[0, 4])
}

/// How far a training has got.
fn progress(training: &Training) -> String {
    let (epochs, steps) = (training.epochs(), training.steps());
    let mut text = format!("{epochs} epochs, {steps} steps done");
    if let Some(last) = training.history().records().last() {
        let scores = [("validation", last.validation), ("test", last.test)];
        for (part, score) in scores.into_iter().filter_map(|(part, score)| Some((part, score?))) {
            text += &format!("; {part} {}", share(&score));
        }
    }
    text
}
