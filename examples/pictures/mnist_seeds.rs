//! How trainings from several seeds spread.

use gradus::export::pictures::Chart;

use super::out::Pictures;

/// The share of right test pictures, in per cent, by epochs from 0: least, quartiles, median, most.
///
/// # Errors
///
/// If there is no run.
pub fn all(runs: &[Vec<f64>]) -> Pictures {
    let name = format!("784-100-10, cross-entropy, {} seeds", runs.len());
    let chart = Chart::new("Right of the 10,000 test pictures", "epoch", "%").spread(&name, runs);
    Ok(vec![("mnist_seeds", chart.picture()?)])
}
