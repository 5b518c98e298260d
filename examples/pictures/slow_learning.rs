//! The cost of the unit by epoch, from both starts of N 3.

use gradus::export::pictures::Chart;

use super::out::Pictures;

/// The worse start has the higher cost, and in 150 epochs loses a tenth of it.
///
/// # Errors
///
/// If a number that is drawn is not finite.
pub fn all(histories: &[Vec<[f64; 3]>]) -> Pictures {
    let title = "A saturated unit learns slowly: input 1, target 0, η = 0.15";
    let mut chart = Chart::new(title, "epoch", "cost C");
    for (start, history) in ["w = 0.6, b = 0.9", "w = b = 2"].into_iter().zip(histories) {
        let costs: Vec<f64> = history.iter().map(|[_, _, cost]| *cost).collect();
        chart = chart.history(&format!("from {start}"), &costs);
    }
    Ok(vec![("slow_learning", chart.picture()?)])
}
