//! The measurements, the curve, and how far it is known.

use gradus::export::pictures::Chart;
use gradus::ndarray::{Array1, arr0};
use gradus::prelude::*;

use super::out::Pictures;

/// The curve and a band of two standard deviations to both sides, from the fit's parameters.
///
/// # Errors
///
/// If a number that is drawn is not finite.
pub fn all(time: &Array1<f64>, yields: &Array1<f64>, fit: &Arrays<f64>) -> Pictures {
    let times: Vec<f64> = (0..=90).map(f64::from).collect();
    let (curve, deviations): (Vec<f64>, Vec<f64>) =
        times.iter().map(|&t| value_and_deviation(time, yields, fit, t)).unzip();
    let away = |by: f64| -> Vec<f64> {
        curve.iter().zip(&deviations).map(|(m, deviation)| m + by * deviation).collect()
    };
    let data: Vec<[f64; 2]> = time.iter().zip(yields).map(|(&x, &y)| [x, y]).collect();
    let chart = Chart::new("Rat42: pasture yield against time", "time", "yield")
        .band("± 2 standard deviations", &times, &away(-2.0), &away(2.0))
        .line("least squares", &times, &curve)
        .points("measurements", &data);
    Ok(vec![("curve_fit", chart.picture()?)])
}

/// The curve's value at t, and its standard deviation. It is that of a parameter: with
/// m = b1/(1 + exp(b2 − b3 t)) in the place of b1, the same model has its own value at t as one.
pub fn value_and_deviation(
    time: &Array1<f64>, yields: &Array1<f64>, fit: &Arrays<f64>, t: f64,
) -> (f64, f64) {
    let [b1, b2, b3] = ["b1", "b2", "b3"].map(|name| fit[name].sum());
    let value = b1 / (1.0 + (b2 - b3 * t).exp());
    let g = Graph::new();
    let (x, y) = (input(&g, "x", ("n",)), input(&g, "y", ("n",)));
    let (m, p2, p3) = (param(&g, "m", ()), param(&g, "b2", ()), param(&g, "b3", ()));
    let r = m * (1.0 + exp(p2 - p3 * t)) / (1.0 + exp(p2 - p3 * x)) - y;
    let mut at = fit.clone();
    at.remove("b1");
    at.insert("m".to_owned(), arr0(value).into_dyn());
    let data = Inputs::new().with("x", time).with("y", yields);
    let deviations = standard_deviations(r, &at, &data).expect("more data than parameters");
    (value, deviations["m"].sum())
}
