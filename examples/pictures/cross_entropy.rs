//! The four cost curves of N 3, each by epoch.

use gradus::export::pictures::{Chart, Picture};

use super::out::Pictures;
use super::{Measure, cross_entropy, learn, quadratic};

/// A cost by name, as the unit learns with it, and of an output for the target 0.
type Case = (&'static str, Measure, fn(f64) -> f64);

/// Above the quadratic cost, below the cross-entropy; at the left from a start that is less wrong.
///
/// # Errors
///
/// If a number that is drawn is not finite.
pub fn all() -> Pictures {
    let costs: [Case; 2] = [
        ("Quadratic cost", quadratic, |a| a * a / 2.0),
        ("Cross-entropy", cross_entropy, |a| -(1.0 - a).ln()),
    ];
    let starts = [("w = 0.6, b = 0.9", [0.6, 0.9]), ("w = b = 2", [2.0, 2.0])];
    let mut charts = Vec::new();
    for (name, measure, cost) in costs {
        for (from, start) in starts {
            let history = learn(measure, start, 0.15, 300);
            let (a, c): (Vec<f64>, Vec<f64>) = history.iter().map(|[a, _]| (*a, cost(*a))).unzip();
            let chart = Chart::new(&format!("{name}, from {from}"), "epoch", "");
            let chart = chart.history("output a", &a).history("cost C", &c);
            charts.push(chart.size(400.0, 280.0).picture()?);
        }
    }
    let title = "One unit, input 1, target 0, η = 0.15";
    Ok(vec![("cross_entropy", Picture::grid(title, charts, 2)?)])
}
