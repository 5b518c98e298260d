//! What the network for MNIST has learned.

use gradus::export::pictures::{Chart, Greys, confusion, grey_pictures};
use gradus::models::Confusion;
use gradus::ndarray::Array2;
use gradus::prelude::*;

use super::out::Pictures;

/// The share of test pictures that are right after each epoch; for what others were taken; the weights
/// of six hidden units as pictures.
///
/// # Errors
///
/// If a number that is drawn is not finite.
pub fn all(shares: &[f64], taken: &Confusion, state: &Arrays<f32>) -> Pictures {
    let points: Vec<[f64; 2]> = (1..).map(f64::from).zip(shares).map(|(k, &y)| [k, y]).collect();
    let right = Chart::new("Right of the 10,000 test pictures", "after epoch", "%");
    let right = right.path("784-30-10, η = 3, batches of 10, seed 1", &points);

    let counts = Array2::from_shape_fn((10, 10), |(label, class)| taken.taken(label, class));
    let digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let counts = confusion("Test pictures after three epochs", counts.view(), &digits)?;

    let w = &state["w2"];
    let unit = |j| Array2::from_shape_fn((28, 28), |(i, k)| f64::from(w[[j, 28 * i + k]]));
    let units: Vec<Array2<f64>> = (0..6).map(unit).collect();
    let names: Vec<String> = (1..=6).map(|j| j.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let views: Vec<_> = units.iter().map(|unit| unit.view()).collect();
    let weights = grey_pictures("Weights of six hidden units", &views, &names, 6, Greys::Each)?;
    Ok(vec![("mnist", right.picture()?), ("mnist_confusion", counts), ("mnist_weights", weights)])
}
