//! The firing condition: on which side of a line a threshold neuron fires.

use gradus::export::pictures::{Chart, Field};

use super::out::Pictures;

/// x₁ + 2x₂ ≥ 2, and the inputs that are 0 or 1.
///
/// # Errors
///
/// If a number that is drawn is not finite.
pub fn all() -> Pictures {
    let sum = |x: &[[f64; 2]]| x.iter().map(|[x1, x2]| x1 + 2.0 * x2).collect();
    let field = Field::of(-0.5..=3.0, -0.5..=2.0, 20, sum)?;
    let chart = Chart::new("A threshold neuron: x₁ + 2x₂ ≥ 2", "x₁", "x₂")
        .regions(&field, 2.0, ["silent", "fires"])
        .points("inputs 0 or 1", &[[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        .note("on the line it fires", 2.0, 0.0)
        .equal_axes();
    Ok(vec![("threshold", chart.picture()?)])
}
