//! The handwritten digits of MNIST: a network is trained, saved, loaded again, and reads a picture.
//!
//! ```text
//! cargo run --release --example mnist -- --out target/pictures
//! ```

use std::path::Path;

use gradus::models::data::{Mnist, read_digit};
use gradus::models::{ModelError, largest};
use gradus::prelude::*;

mod out;
#[path = "pictures/mnist.rs"]
pub mod pictures;

fn main() -> Result<(), ModelError> {
    // ANCHOR: network
    let network = Network::dense(&[784, 30, 10], Activation::Sigmoid)?;
    println!("{network}: {} parameters", network.count());
    for parameter in network.parameters() {
        println!("  {} {:?}", parameter.name, parameter.shape);
    }
    // ANCHOR_END: network
    println!();

    // ANCHOR: train
    let mnist = Mnist::read(Path::new("data/mnist"))?;
    let settings = Settings {
        cost: Cost::Quadratic,
        optimiser: Sgd::default().into(),
        eta: 3.0,
        batch: 10,
        init: Init::Scaled,
        seed: 1,
        ..Settings::default()
    };
    let mut training = Training::start(network, settings)?;
    for epoch in 0..3 {
        let cost = training.epoch(&mnist.training, |_done, _all| ())?;
        let score = training.test(&mnist.test, 2)?.score(); // on two threads
        println!("Epoch {epoch}: cost {cost:.4}, right {} / {}", score.correct, score.of);
    }
    // ANCHOR_END: train
    let tests = training.history().records().iter().filter_map(|record| record.test);
    let shares: Vec<f64> = tests.map(|score| 100.0 * score.accuracy()).collect();
    let taken = training.evaluate(&mnist.test, 2)?.confusion;
    out::write(|| pictures::all(&shares, &taken, training.state()));
    println!();

    // ANCHOR: save
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let file = folder.path().join("mnist.safetensors");
    training.save(&file)?;
    let mut loaded = Training::load(&file)?;

    training.epoch(&mnist.training, |_done, _all| ())?;
    loaded.epoch(&mnist.training, |_done, _all| ())?;
    assert_eq!(loaded.state(), training.state(), "both go on to the same bits");
    // ANCHOR_END: save

    // ANCHOR: read
    let digit = read_digit(Path::new("data/digits/3-a.png"))?;
    print!("{digit}");
    let outputs = loaded.outputs(&digit.row())?;
    for (class, output) in outputs.iter().enumerate() {
        println!("a3[{class}] = {output:.3}");
    }
    println!("It reads a {}.", largest(&outputs.row(0)).expect("all outputs are numbers"));
    // ANCHOR_END: read
    Ok(())
}
