//! Taylor's remainders of a cost along a direction.

use gradus::export::pictures::Chart;
use gradus::ndarray::arr0;
use gradus::prelude::*;

use super::out::Pictures;

/// |f(t) − f(0)|, and what the first and the second derivative leave of it: they fall as t, t² and t³,
/// until rounding is all that is left. With a wrong derivative, the lower ones would fall as t.
///
/// # Errors
///
/// If a number that is drawn is not finite.
pub fn all() -> Pictures {
    let g = Graph::new();
    let t = param(&g, "t", ());
    let f = square(sigmoid(0.8 * tanh(0.5 + t) - 1.2 * sigmoid(1.0 - 2.0 * t)) - 1.0);
    let [slope] = grad(f, [t]);
    let [curvature] = grad(slope, [t]);
    let at = |t: f64| -> [f64; 3] {
        let t = arr0(t);
        let values = evaluate(&[f, slope, curvature], &Inputs::new().with("t", &t));
        let values = values.expect("an array for t");
        [0, 1, 2].map(|k| values[k].sum())
    };
    let [value, first, second] = at(0.0);
    let steps: Vec<f64> = (0..=48).map(|k| 10f64.powf(-f64::from(k) / 6.0)).collect();
    let remainder = |first: f64, second: f64| -> Vec<[f64; 2]> {
        let left = |t: f64| (at(t)[0] - value - t * first - t * t * second / 2.0).abs();
        // A remainder of exactly 0 has no place on a logarithmic axis.
        steps.iter().map(|&t| [t, left(t)]).filter(|point| point[1] > 0.0).collect()
    };
    let chart = Chart::new("Taylor's remainders of a right derivative", "t", "size")
        .path("f(t) − f(0)", &remainder(0.0, 0.0))
        .path("without f′ t", &remainder(first, 0.0))
        .path("without f′ t and f″ t²/2", &remainder(first, second))
        .log_x()
        .log_y();
    Ok(vec![("gradient_check", chart.picture()?)])
}
