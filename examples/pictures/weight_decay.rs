//! The way of w as λ grows, on the contours of C, with a circle that it touches.

use gradus::export::pictures::{Chart, Field};

use super::out::Pictures;
use super::{DATA, constrained, penalised};

/// Each penalised solution is where the circle |w| = r touches a line of constant C.
///
/// # Errors
///
/// If a number that is drawn is not finite.
pub fn all() -> Pictures {
    let cost = |w: &[[f64; 2]]| {
        let error = |w: &[f64; 2], d: &[f64; 3]| (w[0] * d[0] + w[1] * d[1] - d[2]).powi(2);
        let mean = |w: &[f64; 2]| DATA.iter().map(|d| error(w, d)).sum::<f64>() / 12.0;
        // C is flat along a valley, so its lines are drawn by powers.
        w.iter().map(|w| mean(w).log10()).collect()
    };
    let field = Field::of(-0.5..=4.2, -2.0..=1.0, 60, cost)?;
    let lambda = |k: i32| if k == 0 { 0.0 } else { 0.001 * 3f64.powi(k - 1) };
    let way: Vec<[f64; 2]> = (0..=9).map(|k| penalised(lambda(k)).0).collect();
    let r = way[5][0].hypot(way[5][1]);
    let turn: Vec<f64> = (0..=200).map(|k| std::f64::consts::TAU * f64::from(k) / 200.0).collect();
    let [x, y] = [f64::cos, f64::sin].map(|f| turn.iter().map(|&t| r * f(t)).collect::<Vec<f64>>());
    let ([c, d], _) = constrained(r);
    let chart = Chart::new("Weight decay, and the least C on a circle", "w₁", "w₂")
        .contours(&field, "log₁₀ C")
        .path("least C + λ/2 |w|², λ growing from the right", &way)
        .line(&format!("|w| = {r:.2}"), &x, &y)
        .note("least C on the circle", c, d)
        .equal_axes();
    Ok(vec![("weight_decay", chart.picture()?)])
}
