//! `gradus train`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use gradus::models::data::Mnist;
use gradus::models::{
    Activation, Cost, Init, ModelError, Network, Settings, Sgd, Training, check_writable,
};
use indicatif::{ProgressBar, ProgressStyle};

/// Train a network, and save it after each epoch
///
/// Prints a line for each epoch, counted from 0: how many of the test pictures the network
/// classifies correctly. The same seed gives the same numbers to the last bit.
#[derive(Args)]
pub struct Train {
    /// What to learn: the handwritten digits of MNIST
    data_set: DataSet,

    /// Units of each layer, the number of inputs first
    #[arg(long, value_delimiter = ',', default_value = "784,30,10", value_name = "N,N,..")]
    layers: Vec<usize>,

    /// What training makes small
    #[arg(long, value_enum, default_value = "quadratic")]
    cost: CostName,

    /// The learning rate η [default: 3.0, with cross-entropy 0.5]
    #[arg(long, value_name = "RATE")]
    eta: Option<f64>,

    /// Pictures in a mini-batch
    #[arg(long, default_value_t = 10, value_name = "N")]
    batch: usize,

    /// Epochs in all, those of a resumed training included
    #[arg(long, default_value_t = 30, value_name = "N")]
    epochs: usize,

    /// What all random numbers are drawn from
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,

    /// Where weights and biases start
    #[arg(long, value_enum, default_value = "scaled")]
    init: InitName,

    /// Threads that count the right answers [default: as many as there are cores]; the result does
    /// not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<usize>,

    /// The file to save to; a checkpoint that is there is replaced after the first epoch
    /// [default: mnist.safetensors, or the file resumed]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Go on with a saved training; network and settings are then those of the file
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["layers", "cost", "eta", "batch", "seed", "init"]
    )]
    resume: Option<PathBuf>,

    /// The folder with the four MNIST files
    #[arg(long, default_value = "data/mnist", value_name = "DIR")]
    data: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum DataSet {
    Mnist,
}

#[derive(Clone, Copy, ValueEnum)]
enum CostName {
    /// 1/(2n) Σ ‖y − a‖²
    Quadratic,
    /// −1/n Σ (y ln a + (1 − y) ln(1 − a))
    CrossEntropy,
}

#[derive(Clone, Copy, ValueEnum)]
enum InitName {
    /// Weights from N(0, 1/n_in), biases from N(0, 1)
    Scaled,
    /// Weights and biases from N(0, 1): many units start saturated, and learn less
    Normal,
}

impl Train {
    /// Trains, printing a line for each epoch.
    pub fn run(self) -> Result<(), ModelError> {
        let DataSet::Mnist = self.data_set;
        let threads = match self.threads {
            Some(0) => {
                return Err(ModelError::Settings("at least one thread is needed".to_owned()));
            }
            Some(threads) => threads,
            None => std::thread::available_parallelism().map_or(1, usize::from),
        };
        let mut training = match &self.resume {
            Some(file) => Training::load(file)?,
            None => Training::start(
                Network::dense(&self.layers, Activation::Sigmoid)?,
                self.settings(),
            )?,
        };
        let default_out = self.resume.as_deref().unwrap_or(Path::new("mnist.safetensors"));
        let out = self.out.as_deref().unwrap_or(default_out);
        check_writable(out)?;
        if out.exists() {
            // A checkpoint is replaced; somebody's other file, given by mistake, is not.
            Training::load(out)?;
        }
        let mnist = Mnist::read(&self.data)?;

        say(&describe(&training))?;
        let (learn, test) = (mnist.training.len(), mnist.test.len());
        say(&format!("{learn} training pictures, {test} test pictures"))?;
        if training.epochs() >= self.epochs {
            let (done, wanted) = (training.epochs(), self.epochs);
            training.save(out)?;
            return say(&format!("{done} epochs are done, {wanted} were asked for"));
        }
        while training.epochs() < self.epochs {
            let epoch = training.epochs();
            let bar = progress_bar(epoch, learn);
            training.epoch(&mnist.training, |done, _| bar.set_position(done as u64))?;
            let correct = training.count_correct(&mnist.test, threads)?;
            training.save(out)?;
            bar.finish_and_clear();
            say(&format!("Epoch {epoch}: {correct} / {test}"))?;
        }
        say(&format!("Saved {}", out.display()))
    }

    fn settings(&self) -> Settings {
        let (cost, eta) = match self.cost {
            CostName::Quadratic => (Cost::Quadratic, 3.0),
            CostName::CrossEntropy => (Cost::CrossEntropy, 0.5),
        };
        let init = match self.init {
            InitName::Scaled => Init::Scaled,
            InitName::Normal => Init::Normal,
        };
        let sgd = Sgd { eta: self.eta.unwrap_or(eta), momentum: 0.0 };
        Settings { cost, sgd, batch: self.batch, init, seed: self.seed }
    }
}

/// The network and its settings, in a line.
fn describe(training: &Training) -> String {
    let sizes: Vec<String> = training.network().sizes().iter().map(usize::to_string).collect();
    let Settings { cost, sgd, batch, init, seed } = training.settings();
    let momentum = match sgd.momentum {
        0.0 => String::new(),
        momentum => format!(", μ = {momentum:?}"),
    };
    format!(
        "{} network, {} parameters; {} cost, η = {:?}{momentum}, mini-batches of {batch}, {} start, \
         seed {seed}",
        sizes.join("-"),
        training.network().count(),
        match cost {
            Cost::Quadratic => "quadratic",
            Cost::CrossEntropy => "cross-entropy",
        },
        sgd.eta,
        match init {
            Init::Scaled => "scaled",
            Init::Normal => "normal",
        },
    )
}

/// A bar on standard error, if that is a terminal.
fn progress_bar(epoch: usize, pictures: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("Epoch {msg} {bar:40} {pos}/{len} {per_sec} {eta}")
        .expect("a valid template");
    let bar = ProgressBar::new(pictures as u64).with_style(style).with_message(epoch.to_string());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Writes a line to standard output; one that is closed is an error, not a panic.
fn say(line: &str) -> Result<(), ModelError> {
    writeln!(io::stdout(), "{line}").map_err(|source| ModelError::File {
        path: "standard output".into(),
        action: "write",
        source,
    })
}
