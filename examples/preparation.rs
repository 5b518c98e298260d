//! Why a drawing is prepared before a network reads it: the thirty drawings of `data/strokes`, shrunk to
//! 28×28 pixels as they are, and made like MNIST's pictures.
//!
//! ```text
//! cargo run --release --example preparation -- --out target/pictures
//! ```

use std::path::Path;

use gradus::models::data::{Digit, Mnist};
use gradus::models::{ModelError, largest};
use gradus::ndarray::{Array2, s};
use gradus::prelude::*;

mod out;
#[path = "pictures/preparation.rs"]
pub mod pictures;

/// The side of the paper in pixels, and the pen's width, as on the page of `gradus serve`.
pub const SIDE: usize = 280;
const PEN: f64 = 20.0;

/// A drawing of a digit.
pub struct Drawing {
    /// The digit and a letter.
    pub name: String,
    /// The digit that is meant.
    pub digit: usize,
    /// 280×280 numbers, 0 for paper and 1 for ink.
    pub ink: Array2<f64>,
}

/// The drawings of `data/strokes`.
pub fn drawings() -> Vec<Drawing> {
    let text = std::fs::read_to_string("data/strokes/digits.txt").expect("run in the repository");
    text.trim().split("\n\n").map(drawing).collect()
}

fn drawing(block: &str) -> Drawing {
    let (name, strokes) = block.split_once('\n').expect("a name, and a line for each stroke");
    let point = |point: &str| {
        let (x, y) = point.split_once(',').expect("x,y");
        [x, y].map(|number| number.parse::<f64>().expect("a number"))
    };
    let mut lines = Vec::new();
    for stroke in strokes.lines() {
        let points: Vec<[f64; 2]> = stroke.split(' ').map(point).collect();
        lines.extend(points.windows(2).map(|ends| [ends[0], ends[1]]));
    }
    // Round ends, and edges of one pixel's width.
    let ink = Array2::from_shape_fn((SIDE, SIDE), |(row, column)| {
        let at = [column as f64 + 0.5, row as f64 + 0.5];
        let away = lines.iter().map(|line| distance(at, *line)).fold(f64::MAX, f64::min);
        (PEN / 2.0 + 0.5 - away).clamp(0.0, 1.0)
    });
    let digit = name[..1].parse().expect("a digit");
    Drawing { name: name.to_owned(), digit, ink }
}

/// How far a point is from a line between two points.
fn distance([x, y]: [f64; 2], [[x1, y1], [x2, y2]]: [[f64; 2]; 2]) -> f64 {
    let (along, down) = (x2 - x1, y2 - y1);
    let share = ((x - x1) * along + (y - y1) * down) / (along * along + down * down);
    let share = share.clamp(0.0, 1.0);
    (x - x1 - share * along).hypot(y - y1 - share * down)
}

/// 28×28 pixels, each the mean of ten by ten.
pub fn shrunk(ink: &Array2<f64>) -> Array2<f64> {
    Array2::from_shape_fn((28, 28), |(row, column)| {
        let (rows, columns) = (10 * row..10 * (row + 1), 10 * column..10 * (column + 1));
        ink.slice(s![rows, columns]).sum() / 100.0
    })
}

// ANCHOR: prepared
/// 28×28 pixels as `gradus predict` and `gradus serve` make them.
pub fn prepared(ink: &Array2<f64>) -> Array2<f64> {
    let digit = Digit::from_png(&png(ink)).expect("a PNG picture with ink on it");
    let x = digit.row().mapv(f64::from);
    x.into_shape_with_order((28, 28)).expect("784 pixels")
}

/// How many of the drawings a network reads right, made ready by a function.
pub fn right(network: &Training, make: impl Fn(&Array2<f64>) -> Array2<f64>) -> usize {
    let reads = |drawing: &Drawing| {
        let x = make(&drawing.ink).mapv(|pixel| pixel as f32);
        let x = x.into_shape_with_order((1, 784)).expect("784 pixels");
        let outputs = network.outputs(&x).expect("784 inputs");
        largest(&outputs.row(0)) == Some(drawing.digit)
    };
    drawings().iter().filter(|drawing| reads(drawing)).count()
}
// ANCHOR_END: prepared

/// A PNG picture, black on white.
fn png(ink: &Array2<f64>) -> Vec<u8> {
    let grey: Vec<u8> = ink.iter().map(|ink| (255.0 * (1.0 - ink)).round() as u8).collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, SIDE as u32, SIDE as u32);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().expect("sizes that are not zero");
    writer.write_image_data(&grey).expect("as many bytes as the header says");
    writer.finish().expect("room in memory");
    file
}

/// The books' network after some epochs.
///
/// # Errors
///
/// If MNIST's files cannot be read.
pub fn trained(epochs: usize) -> Result<Training, ModelError> {
    let network = Network::dense(&[784, 30, 10], Activation::Sigmoid)?;
    let settings = Settings { eta: 3.0, batch: 10, seed: 1, ..Settings::default() };
    let mut training = Training::start(network, settings)?;
    let mnist = Mnist::read(Path::new("data/mnist"))?;
    for _epoch in 0..epochs {
        training.epoch(&mnist.training, |_done, _all| ())?;
    }
    Ok(training)
}

fn main() -> Result<(), ModelError> {
    let network = trained(3)?;
    let (all, shrunk, prepared) =
        (drawings().len(), right(&network, shrunk), right(&network, prepared));
    println!("Of {all} drawings the network reads");
    println!("  {shrunk:2} as they are, shrunk to 28×28 pixels,");
    println!("  {prepared:2} prepared as MNIST's pictures are.");
    out::write(pictures::all);
    Ok(())
}
