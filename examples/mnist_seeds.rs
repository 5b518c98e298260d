//! MNIST from several seeds: how far the share of right test pictures is luck.
//!
//! By default two seeds and three epochs, to see it run; the full thing takes some minutes:
//!
//! ```text
//! cargo run --release --example mnist_seeds -- --seeds 10 --epochs 30 --out target/pictures
//! ```

use std::path::{Path, PathBuf};

use gradus::models::ModelError;
use gradus::models::data::Mnist;
use gradus::prelude::*;

#[expect(dead_code, reason = "there are more flags than its own")]
mod out;
#[path = "pictures/mnist_seeds.rs"]
pub mod pictures;

fn main() {
    if let Err(error) = run() {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn run() -> Result<(), String> {
    let (seeds, epochs, folder) = flags(std::env::args().skip(1))?;
    let mnist = Mnist::read(Path::new("data/mnist")).map_err(|error| error.to_string())?;
    let mut runs = Vec::new();
    for seed in 1..=seeds {
        let shares = shares(&mnist, seed, epochs).map_err(|error| error.to_string())?;
        println!("seed {seed:2}: {:.2} % right after {epochs} epochs", shares[epochs - 1]);
        runs.push(shares);
    }
    let mut last: Vec<f64> = runs.iter().map(|shares| shares[epochs - 1]).collect();
    last.sort_by(f64::total_cmp);
    let (low, high) = (last[(last.len() - 1) / 2], last[last.len() / 2]);
    let median = 0.5 * (low + high);
    println!("least {:.2} %, median {median:.2} %, most {:.2} %", last[0], last[last.len() - 1]);
    folder.map_or(Ok(()), |folder| out::write_to(&folder, || pictures::all(&runs)))
}

/// The test pictures that are right after each epoch, in per cent.
///
/// # Errors
///
/// If the pictures do not fit the network.
pub fn shares(mnist: &Mnist, seed: u64, epochs: usize) -> Result<Vec<f64>, ModelError> {
    let network = Network::dense(&[784, 100, 10], Activation::Sigmoid)?;
    let settings = Settings {
        cost: Cost::CrossEntropy,
        optimiser: Sgd { momentum: 0.0, decay: 1e-4 }.into(),
        eta: 0.5,
        batch: 10,
        init: Init::Scaled,
        seed,
        ..Settings::default()
    };
    let mut training = Training::start(network, settings)?;
    let mut shares = Vec::new();
    for _ in 0..epochs {
        training.epoch(&mnist.training, |_done, _all| ())?;
        shares.push(100.0 * training.test(&mnist.test, 2)?.score().accuracy());
    }
    Ok(shares)
}

/// How many seeds and epochs, and where the picture goes.
fn flags(
    mut arguments: impl Iterator<Item = String>,
) -> Result<(u64, usize, Option<PathBuf>), String> {
    let (mut seeds, mut epochs, mut folder) = (2, 3, None);
    while let Some(flag) = arguments.next() {
        let value = arguments.next();
        let number = || value.as_ref().and_then(|text| text.parse::<u16>().ok()).filter(|&n| n > 0);
        match (flag.as_str(), number(), &value) {
            ("--seeds", Some(wanted), _) => seeds = wanted.into(),
            ("--epochs", Some(wanted), _) => epochs = wanted.into(),
            ("--out", _, Some(wanted)) => folder = Some(PathBuf::from(wanted)),
            _ => return Err("wanted: --seeds N, --epochs N, --out DIR, or nothing".to_owned()),
        }
    }
    Ok((seeds, epochs, folder))
}
