//! The cost of the recurrent network over seeds.

use gradus::export::pictures::Chart;

use super::out::Pictures;

/// By step, on a logarithmic axis.
///
/// # Errors
///
/// If a number that is drawn is not finite.
pub fn all(costs: &[Vec<f64>]) -> Pictures {
    let cost = Chart::new("A recurrent network learns to add", "step", "cost")
        .spread(&format!("{} seeds", costs.len()), costs)
        .history("seed 1", &costs[0])
        .log_y();
    Ok(vec![("recurrent", cost.picture()?)])
}
