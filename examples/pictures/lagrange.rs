//! The circle, lines of constant x + y, and where these touch it.

use gradus::export::pictures::{Chart, Field};

use super::out::Pictures;

/// The least and the largest x + y on the unit circle.
///
/// # Errors
///
/// If a number that is drawn is not finite.
pub fn all() -> Pictures {
    let f = |p: &[[f64; 2]]| p.iter().map(|[x, y]| x + y).collect();
    let field = Field::of(-1.6..=1.6, -1.6..=1.6, 30, f)?;
    let turn: Vec<f64> = (0..=200).map(|k| std::f64::consts::TAU * f64::from(k) / 200.0).collect();
    let [x, y] = [f64::cos, f64::sin].map(|f| turn.iter().map(|&t| f(t)).collect::<Vec<f64>>());
    let root = 0.5f64.sqrt();
    let chart = Chart::new("x + y on the unit circle", "x", "y")
        .contours(&field, "x + y")
        .line("x² + y² = 1", &x, &y)
        .note("least", -root, -root)
        .note("largest", root, root)
        .equal_axes();
    Ok(vec![("lagrange", chart.picture()?)])
}
