//! `gradus train`.

use std::ffi::OsStr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use gradus::models::data::{Mnist, Pictures};
use gradus::models::{
    Activation, Adam, Cost, History, Init, Layer, ModelError, Network, Optimiser, Schedule,
    Settings, Sgd, Training, check_writable, read_bounded,
};
use indicatif::{ProgressBar, ProgressStyle};

use super::model::model;
use super::{MNIST, describe, say, share, threads};

/// Train a network, and save it after each epoch
///
/// Prints a line for each epoch, counted from 0: how many of the test pictures the network
/// classifies correctly. The same seed gives the same numbers to the last bit.
#[derive(Args)]
pub struct Train {
    /// What to learn: the handwritten digits of MNIST, or what --data has in files of their form
    data_set: DataSet,

    /// The network: mnist (784-30-10), lenet, or a description in a file *.json, such as `gradus
    /// summary lenet --json` prints
    #[arg(long, default_value = "mnist", value_name = "NAME|FILE.json")]
    model: String,

    /// Instead of a model: sigmoid units, how many in each layer, the number of inputs first
    #[arg(long, value_delimiter = ',', value_name = "N,N,..", conflicts_with = "model")]
    layers: Option<Vec<usize>>,

    /// What training makes small [default: quadratic, for softmax outputs log-likelihood]
    #[arg(long, value_enum)]
    cost: Option<CostName>,

    /// How it does so
    #[arg(long, value_enum, default_value = "sgd")]
    optimiser: OptimiserName,

    /// The learning rate η [default: 3.0, with cross-entropy 0.5, with log-likelihood 0.1, with
    /// adam 0.001]
    #[arg(long, value_name = "RATE")]
    eta: Option<f64>,

    /// How the learning rate changes: constant, steps:EPOCHS:FACTOR, cosine:EPOCHS or
    /// plateau:EPOCHS:FACTOR (of epochs without improvement)
    #[arg(long, default_value = "constant", value_name = "RULE")]
    schedule: Schedule,

    /// The momentum μ of sgd
    #[arg(long, default_value_t = 0.0, value_name = "SHARE")]
    momentum: f64,

    /// The weight decay λ
    #[arg(long, default_value_t = 0.0, value_name = "RATE")]
    decay: f64,

    /// Pictures in a mini-batch
    #[arg(long, default_value_t = 10, value_name = "N")]
    batch: usize,

    /// Epochs in all, those of a resumed training included
    #[arg(long, default_value_t = 30, value_name = "N")]
    epochs: usize,

    /// Stop early: after so many epochs without more of the validation pictures right than ever
    #[arg(long, value_name = "N")]
    patience: Option<NonZeroUsize>,

    /// Learn from so many of the training pictures only, the first
    #[arg(long, value_name = "N")]
    pictures: Option<NonZeroUsize>,

    /// What all random numbers are drawn from
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,

    /// Where weights and biases start [default: scaled, for networks with ReLU he]
    #[arg(long, value_enum)]
    init: Option<InitName>,

    /// Threads that count the right answers [default: as many as there are cores]; the result does
    /// not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,

    /// The file to save to; a checkpoint that is there is replaced after the first epoch
    /// [default: the model's name.safetensors, with the folder's name and - before it if --data is
    /// given, or the file resumed]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Save the network with the most validation pictures right to this file, too
    #[arg(long, value_name = "FILE")]
    best: Option<PathBuf>,

    /// Write a log to this file after each epoch: learning rate, costs and accuracies, as CSV
    #[arg(long, value_name = "FILE.csv")]
    log: Option<PathBuf>,

    /// Go on with a saved training; network and settings are then those of the file, and the
    /// pictures those of --data
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = [
            "model", "layers", "cost", "optimiser", "eta", "schedule", "momentum", "decay", "batch",
            "seed", "init"
        ]
    )]
    resume: Option<PathBuf>,

    /// The folder with the four files of MNIST, or with others of their names and form [default:
    /// data/mnist]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum DataSet {
    Mnist,
}

#[derive(Clone, Copy, ValueEnum)]
enum CostName {
    /// 1/(2n) Σ ‖y − a‖²
    Quadratic,
    /// −1/n Σ (y ln a + (1 − y) ln(1 − a)), for sigmoid outputs
    CrossEntropy,
    /// −1/n Σ y ln a, for softmax outputs
    LogLikelihood,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum OptimiserName {
    /// Gradient descent on mini-batches
    Sgd,
    /// Steps scaled by running means of the gradient and its square
    Adam,
}

#[derive(Clone, Copy, ValueEnum)]
enum InitName {
    /// Weights from N(0, 1/n_in), biases from N(0, 1)
    Scaled,
    /// Weights and biases from N(0, 1): many units start saturated, and learn less
    Normal,
    /// Weights even within √(6/(n_in + n_out)), biases 0
    Xavier,
    /// Weights from N(0, 2/n_in), biases 0
    He,
}

impl Train {
    /// Trains, printing a line for each epoch.
    pub fn run(self) -> Result<(), ModelError> {
        let DataSet::Mnist = self.data_set;
        let mut training = match &self.resume {
            Some(file) => Training::load(file)?,
            None => {
                let network = self.network()?;
                let settings = self.settings(&network)?;
                Training::start(network, settings)?
            }
        };
        let out = self.out();
        self.check_files(&out)?;
        let data = self.data.as_deref().unwrap_or(Path::new(MNIST));
        let mut mnist = Mnist::read(data)?;
        if let Some(wanted) = self.pictures {
            mnist.training = first(mnist.training, wanted.get())?;
        }

        say(&describe(&training))?;
        let (learn, test) = (mnist.training.len(), mnist.test.len());
        let from = data.display();
        say(&format!("{learn} training pictures, {test} test pictures, from {from}"))?;
        if training.epochs() >= self.epochs {
            let (done, wanted) = (training.epochs(), self.epochs);
            training.save(&out)?;
            return say(&format!("{done} epochs are done, {wanted} were asked for"));
        }
        let patience = self.patience.map_or(usize::MAX, NonZeroUsize::get);
        while training.epochs() < self.epochs {
            if training.history().exhausted(patience) {
                let best = training.history().best().expect("patience looks at the best");
                say(&format!(
                    "Stopped: no epoch since {best} was better on the validation pictures"
                ))?;
                break;
            }
            self.epoch(&mut training, &mnist, &out)?;
        }
        say(&format!("Saved {}", out.display()))
    }

    /// One epoch, with its line and its files.
    fn epoch(&self, training: &mut Training, mnist: &Mnist, out: &Path) -> Result<(), ModelError> {
        let epoch = training.epochs();
        let threads = threads(self.threads);
        let bar = progress_bar(epoch, mnist.training.len());
        training.epoch(&mnist.training, |done, _| bar.set_position(done as u64))?;
        let test = training.test(&mnist.test, threads)?.score();
        let mut line = format!("Epoch {epoch}: {}", share(&test));
        let wanted = self.patience.is_some() || self.best.is_some() || self.log.is_some();
        if wanted || training.settings().schedule.wants_validation() {
            let validation = training.validate(&mnist.validation, threads)?.score();
            line += &format!(", validation {}", share(&validation));
        }
        if let (Some(best), Some(file)) = (training.history().best(), &self.best)
            && best == epoch
        {
            training.save(file)?;
        }
        if let Some(log) = &self.log {
            training.history().write_csv(log)?;
        }
        // Last, since it says that the epoch is done: who dies before it does the epoch again, and
        // with it the other files.
        training.save(out)?;
        bar.finish_and_clear();
        say(&line)
    }

    fn network(&self) -> Result<Network, ModelError> {
        match &self.layers {
            Some(sizes) => Network::dense(sizes, Activation::Sigmoid),
            None => model(&self.model)?.ok_or_else(|| {
                ModelError::Settings(format!(
                    "`{}` is no model; wanted mnist, lenet or a description in a file *.json",
                    self.model
                ))
            }),
        }
    }

    fn settings(&self, network: &Network) -> Result<Settings, ModelError> {
        let softmax = network.last().layer.activation() == Activation::Softmax;
        let cost = match self.cost {
            None if softmax => Cost::LogLikelihood,
            None | Some(CostName::Quadratic) => Cost::Quadratic,
            Some(CostName::CrossEntropy) => Cost::CrossEntropy,
            Some(CostName::LogLikelihood) => Cost::LogLikelihood,
        };
        let rectified = |layer: &Layer| layer.activation() == Activation::Relu;
        let init = match self.init {
            None if network.layers().iter().any(|placed| rectified(&placed.layer)) => Init::He,
            None | Some(InitName::Scaled) => Init::Scaled,
            Some(InitName::Normal) => Init::Normal,
            Some(InitName::Xavier) => Init::Xavier,
            Some(InitName::He) => Init::He,
        };
        let (momentum, decay) = (self.momentum, self.decay);
        let optimiser: Optimiser = match self.optimiser {
            OptimiserName::Sgd => Sgd { momentum, decay }.into(),
            OptimiserName::Adam if momentum != 0.0 => {
                let problem = "the momentum is one of sgd; adam has means of its own";
                return Err(ModelError::Settings(problem.to_owned()));
            }
            OptimiserName::Adam => Adam { decay, ..Adam::default() }.into(),
        };
        let usual = match (self.optimiser, cost) {
            (OptimiserName::Adam, _) => 0.001,
            (OptimiserName::Sgd, Cost::Quadratic) => 3.0,
            (OptimiserName::Sgd, Cost::CrossEntropy) => 0.5,
            (OptimiserName::Sgd, Cost::LogLikelihood) => 0.1,
        };
        let (eta, schedule) = (self.eta.unwrap_or(usual), self.schedule);
        Ok(Settings { cost, optimiser, eta, schedule, batch: self.batch, init, seed: self.seed })
    }

    /// The file to save to.
    fn out(&self) -> PathBuf {
        let of_model = || {
            let stem = match self.layers {
                Some(_) => Path::new("mnist"),
                None => Path::new(Path::new(&self.model).file_stem().unwrap_or_default()),
            };
            let mut name = stem.as_os_str().to_owned();
            // What has learned from other pictures does not replace what reads digits.
            if let Some(folder) = self.data.as_deref().and_then(Path::file_name) {
                name = [folder, &name].join(OsStr::new("-"));
            }
            name.push(".safetensors");
            PathBuf::from(name)
        };
        let resumed = || self.resume.clone();
        self.out.clone().or_else(resumed).unwrap_or_else(of_model)
    }

    /// Checks before the work that its files can be written, and that no file that is there and is
    /// not a checkpoint would be replaced: somebody's other file, given by mistake.
    fn check_files(&self, out: &Path) -> Result<(), ModelError> {
        let files = [Some(out), self.best.as_deref(), self.log.as_deref()];
        let mut places = Vec::new();
        for file in files.into_iter().flatten() {
            check_writable(file)?;
            let place = place(file);
            if places.contains(&place) {
                let problem = "is to be two of the files that are written".to_owned();
                return Err(ModelError::Format { path: file.to_owned(), problem });
            }
            places.push(place);
        }
        for file in [Some(out), self.best.as_deref()].into_iter().flatten() {
            if file.exists() {
                Training::load(file)?;
            }
        }
        let Some(log) = self.log.as_ref().filter(|log| log.exists()) else { return Ok(()) };
        let head = History::default().csv();
        match read_bounded(log, head.len()) {
            Ok(old) if old.starts_with(head.as_bytes()) => Ok(()),
            _ => Err(ModelError::Format {
                path: log.clone(),
                problem: "is there and not the log of a training; it is not replaced".to_owned(),
            }),
        }
    }
}

/// A path to the same file however it was given.
fn place(file: &Path) -> PathBuf {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize();
    let beside = || Some(folder.ok()?.join(file.file_name()?));
    file.canonicalize().ok().or_else(beside).unwrap_or_else(|| file.to_owned())
}

/// The first of the pictures.
fn first(pictures: Pictures, wanted: usize) -> Result<Pictures, ModelError> {
    match pictures.len() {
        len if wanted > len => Err(ModelError::Settings(format!(
            "there are {len} training pictures, fewer than the {wanted} asked for"
        ))),
        _ => Ok(pictures.split(wanted).0),
    }
}

/// A bar on standard error, if that is a terminal.
fn progress_bar(epoch: usize, pictures: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("Epoch {msg} {bar:40} {pos}/{len} {per_sec} {eta}")
        .expect("a valid template");
    let bar = ProgressBar::new(pictures as u64).with_style(style).with_message(epoch.to_string());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
