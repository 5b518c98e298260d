//! A NAND as a decision boundary, and what a small change of a weight does.

use gradus::export::pictures::{Chart, Field, Picture};

use super::out::Pictures;
use super::{perceptron, smooth};

/// Outputs for rows of inputs, weights and a bias.
type Unit = fn(&[[f64; 2]], [f64; 2], f64) -> Vec<f64>;

/// Both, side by side.
///
/// # Errors
///
/// If a number that is drawn is not finite.
pub fn all() -> Pictures {
    let sum = |x: &[[f64; 2]]| x.iter().map(|[x1, x2]| 2.0 * x1 + 2.0 * x2 - 3.0).collect();
    let field = Field::of(-0.5..=1.5, -0.5..=1.5, 20, sum)?;
    let nand = Chart::new("NAND: w = (−2, −2), b = 3", "x₁", "x₂")
        .regions(&field, 0.0, ["output 1", "output 0"])
        .points("wanted 1", &[[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
        .points("wanted 0", &[[1.0, 1.0]])
        .equal_axes()
        .size(400.0, 420.0);

    let w: Vec<f64> = (0..=400).map(|k| -5.0 + f64::from(k) / 50.0).collect();
    let at = |unit: Unit| -> Vec<f64> {
        w.iter().map(|&w| unit(&[[1.0, 1.0]], [w, -2.0], 3.0)[0]).collect()
    };
    let flip = Chart::new("x = (1, 1), w₂ = −2, b = 3", "w₁", "output")
        .line("perceptron", &w, &at(perceptron))
        .line("sigmoid unit", &w, &at(smooth))
        .size(460.0, 420.0);
    Ok(vec![("perceptron", Picture::grid("", vec![nand.picture()?, flip.picture()?], 2)?)])
}
