//! The activation functions with their slopes.

use gradus::export::pictures::{Chart, Picture};

use super::out::Pictures;
use super::{FUNCTIONS, values_and_slopes};

/// Nine charts.
///
/// # Errors
///
/// If a number that is drawn is not finite.
pub fn all() -> Pictures {
    let x: Vec<f64> = (-200..=200).map(|k| f64::from(k) / 50.0).collect();
    let charts = FUNCTIONS.map(|(name, f)| {
        let [y, slopes] = values_and_slopes(f, &x);
        let chart = Chart::new(name, "x", "").line("value", &x, &y).line("slope", &x, &slopes);
        chart.size(300.0, 240.0).picture()
    });
    let charts = charts.into_iter().collect::<Result<_, _>>()?;
    Ok(vec![("activations", Picture::grid("Activation functions, and others", charts, 3)?)])
}
