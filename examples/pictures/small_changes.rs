//! The error of the rule of small changes, and the change by direction.

use gradus::export::pictures::Chart;

use super::out::Pictures;
use super::{change, directions};

/// The error falls as the square; the change of f is a cosine.
///
/// # Errors
///
/// If a number that is drawn is not finite.
pub fn all() -> Pictures {
    let t: Vec<f64> = (0..=20).map(|k| 10f64.powf(-f64::from(k) / 4.0)).collect();
    let (change, rule): (Vec<f64>, Vec<f64>) = t.iter().map(|&t| change(t)).unzip();
    let sizes = |numbers: Vec<f64>| -> Vec<[f64; 2]> {
        t.iter().zip(numbers).map(|(&t, y)| [t, y.abs()]).collect()
    };
    let errors = change.iter().zip(rule).map(|(change, rule)| change - rule).collect();
    let square: Vec<f64> = t.iter().map(|t| t * t).collect();
    let error = Chart::new("A tenth of the change, a hundredth of the error", "t", "size")
        .path("Δ output", &sizes(change.clone()))
        .path("error of the rule", &sizes(errors))
        .line("t²", &t, &square)
        .log_x()
        .log_y();

    let all = directions(72);
    let [angle, slope] = [0, 1].map(|k| all.iter().map(|row| row[k]).collect::<Vec<f64>>());
    let steps: Vec<[f64; 2]> = directions(24).iter().map(|row| [row[0], row[2] / 0.001]).collect();
    let direction = Chart::new("Steepest down is −∇f", "angle to −∇f, in degrees", "slope")
        .line("∇f·v", &angle, &slope)
        .points("Δf / 0.001, of a step of 0.001", &steps);
    Ok(vec![("small_changes", error.picture()?), ("small_changes_direction", direction.picture()?)])
}
