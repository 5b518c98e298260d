//! The data and the line; the cost by step.

use gradus::export::pictures::Chart;

use super::out::Pictures;
use super::{DATA, descent, normal_equations};

/// The line through the data, and how slowly descent comes to it.
///
/// # Errors
///
/// If a number that is drawn is not finite.
pub fn all() -> Pictures {
    let (_, _, [p, q]) = normal_equations();
    let x = [0.0, 70.0];
    let data: Vec<[f64; 2]> = DATA.iter().map(|&(x, y)| [x, y]).collect();
    let name = format!("y = {p:.3} x + {q:.3}");
    let line = Chart::new("Least squares", "hours of sun", "litres of lemonade")
        .line(&name, &x, &x.map(|x| p * x + q))
        .points("data", &data);

    let points = descent(0.00015, 100_000);
    let steps = (0..=100).map(|k| 10f64.powf(f64::from(k) / 20.0).round() as usize - 1);
    let costs: Vec<[f64; 2]> = steps.map(|k| [k as f64 + 1.0, points[k][2]]).collect();
    let [steps, costs] = [0, 1].map(|k| costs.iter().map(|point| point[k]).collect::<Vec<f64>>());
    let cost = Chart::new("Descent: fast along p, slow along q", "step + 1", "C")
        .line("", &steps, &costs)
        .log_x()
        .log_y();
    Ok(vec![("regression", line.picture()?), ("regression_cost", cost.picture()?)])
}
