//! Ways of gradient descent on contours, and how fast it is at which rate.

use gradus::export::pictures::{Chart, Field, Picture};
use gradus::prelude::*;

use super::out::Pictures;
use super::{Function, bowl, descend, two_valleys};

/// A valley twice as steep along y as along x, where descent swings.
fn valley<'g>(x: Expr<'g>, y: Expr<'g>) -> Expr<'g> {
    0.5 * square(x) + square(y)
}

/// Ways in a valley; two valleys; the value by step; steps of a fixed length.
///
/// # Errors
///
/// If a number that is drawn is not finite.
pub fn all() -> Pictures {
    let way = |f: Function, from, eta, normalised, steps| -> Vec<[f64; 2]> {
        descend(f, from, eta, normalised, steps).iter().map(|point| point.at).collect()
    };
    let f = |p: &[[f64; 2]]| p.iter().map(|[x, y]| 0.5 * x * x + y * y).collect();
    let field = Field::of(-3.5..=3.5, -2.5..=2.5, 45, f)?;
    let ways = Chart::new("z = x²/2 + y²", "x", "y")
        .contours(&field, "z")
        .path("η = 0.1", &way(valley, [3.0, 2.0], 0.1, false, 40))
        .path("η = 0.9", &way(valley, [-3.0, 2.0], 0.9, false, 40))
        .path("length 0.35", &way(valley, [3.0, -2.0], 0.35, true, 20))
        .equal_axes();

    let f = |p: &[[f64; 2]]| {
        p.iter().map(|[x, y]| x.powi(4) / 4.0 - x * x / 2.0 + x / 5.0 + y * y).collect()
    };
    let field = Field::of(-1.8..=1.8, -1.2..=1.2, 45, f)?;
    let valleys = Chart::new("Two valleys: where descent ends", "x", "y")
        .contours(&field, "z")
        .path("from (0.4, 1), η = 0.1", &way(two_valleys, [0.4, 1.0], 0.1, false, 60))
        .path("from (0, 1), η = 0.1", &way(two_valleys, [0.0, 1.0], 0.1, false, 60))
        .equal_axes();

    let rates = [0.01, 0.1, 0.4, 0.85, 1.02].into_iter();
    let values = rates.fold(Chart::new("z = x² + y² from (3, 2)", "step", "z"), |chart, eta| {
        let points = descend(bowl, [3.0, 2.0], eta, false, 40);
        let z: Vec<f64> = points.iter().map(|point| point.z).collect();
        chart.history(&format!("η = {eta}"), &z)
    });
    let values = values.log_y().y_range(1e-6, 1e2);

    let distance = |eta, normalised| -> Vec<f64> {
        let points = descend(bowl, [3.0, 2.0], eta, normalised, 40);
        points.iter().map(|point| point.z.sqrt()).collect()
    };
    let fixed = Chart::new("Steps of a fixed length never settle", "step", "distance")
        .history("length 0.35", &distance(0.35, true))
        .history("η = 0.1", &distance(0.1, false));
    let both = Picture::grid("", vec![values.picture()?, fixed.picture()?], 2)?;
    let ways = Picture::grid("", vec![ways.picture()?, valleys.picture()?], 2)?;
    Ok(vec![("descent", ways), ("descent_rates", both)])
}
