//! Activation functions: their values, slopes and pictures; σ′ = σ(1 − σ) node for node; saturation;
//! and the normal density, from which initial weights are drawn.
//!
//! ```text
//! cargo run --release --example activations -- --out target/pictures
//! ```

use gradus::ndarray::{Array1, arr0};
use gradus::prelude::*;

mod out;
#[path = "pictures/activations.rs"]
pub mod pictures;

/// A function that a graph can hold.
pub type Function = fn(Expr<'_>) -> Expr<'_>;

/// The functions by name. Each acts element by element; softmax, which looks at all units of a layer
/// together, is apart.
pub const FUNCTIONS: [(&str, Function); 9] = [
    ("step", step),
    ("sigmoid", sigmoid),
    ("tanh", tanh),
    ("ReLU", relu),
    ("leaky ReLU, 0.1", |x| leaky_relu(x, 0.1)),
    ("identity", |x| x),
    ("linear 2x + 1", |x| 2.0 * x + 1.0),
    ("quadratic x² − x", |x| square(x) - x),
    ("normal density", |x| normal_density(x, 0.0, 1.0)),
];

/// exp(−(x − μ)²/2σ²) / (√2π σ).
pub fn normal_density(x: Expr<'_>, mu: f64, sigma: f64) -> Expr<'_> {
    exp(-square(x - mu) / (2.0 * sigma * sigma)) / ((2.0 * std::f64::consts::PI).sqrt() * sigma)
}

/// A function's values and slopes at some points.
pub fn values_and_slopes(f: Function, at: &[f64]) -> [Vec<f64>; 2] {
    let g = Graph::new();
    let x = input(&g, "x", ("n",));
    let y = f(x);
    // Each value depends on its own point only, so the gradient of the sum holds all slopes. That of
    // a step is 0: nothing depends on x, which `grad` would object to.
    let slopes = adjoints(sum_all(y), &[x]).expect("the sum is a number").or_zeros(x);
    let at = Array1::from(at.to_vec());
    let values = evaluate(&[y, slopes], &Inputs::new().with("x", &at)).expect("an array for x");
    [0, 1].map(|k| values[k].iter().copied().collect())
}

/// A picture of a function from −4 to 4: 33 columns, 9 rows from its least to its largest value.
pub fn picture(f: Function) -> Vec<String> {
    let at: Vec<f64> = (-16..=16).map(|k| f64::from(k) / 4.0).collect();
    let [y, _] = values_and_slopes(f, &at);
    let low = y.iter().copied().fold(f64::INFINITY, f64::min);
    let high = y.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let row = |y: f64| (8.0 * (y - low) / (high - low)).round();
    let cell = |r: u32| move |&y: &f64| if row(y) == f64::from(r) { '*' } else { ' ' };
    (0..=8).rev().map(|r| y.iter().map(cell(r)).collect()).collect()
}

fn main() {
    for (name, f) in FUNCTIONS {
        let [y, slopes] = values_and_slopes(f, &[-4.0, -1.0, 0.0, 1.0, 4.0]);
        println!("{name}\n  at      −4      −1       0       1       4");
        for (what, numbers) in [("value", y), ("slope", slopes)] {
            let numbers: Vec<_> = numbers.iter().map(|y| format!("{y:7.4}")).collect();
            println!("  {what} {}", numbers.join(" "));
        }
        picture(f).iter().for_each(|row| println!("    |{}", row.trim_end()));
    }

    // σ = 1/f with f = 1 + e^−z: by (1/f)′ = −f′/f², σ′ = e^−z / f² = σ (1 − σ).
    let g = Graph::new();
    let z = input(&g, "z", ());
    let [slope] = grad(sigmoid(z), [z]);
    let y = sigmoid(z);
    assert_eq!(slope, constant(&g, 1.0) * y * (1.0 - y), "node for node");
    let f = 1.0 + exp(-z);
    let [df] = grad(f, [z]);
    let [by_reciprocal] = grad(1.0 / f, [z]);
    println!("\nσ′ as the derivative of σ, as that of 1/f with f = 1 + e^−z, and as −f′/f²:");
    for at in [-3.0, 0.0, 1.0, 6.0, 12.0] {
        let point = arr0(at);
        let three =
            evaluate(&[slope, by_reciprocal, -df / square(f)], &Inputs::new().with("z", &point))
                .expect("an array for z");
        println!("  z = {at:3}: {:.10} {:.10} {:.10}", three[0], three[1], three[2]);
    }
    println!("A saturated unit learns slowly: σ′ falls from ¼ to e^−|z|.\n");

    let layer = input(&g, "layer", [3]);
    let units = gradus::ndarray::array![1.0, 2.0, 4.0];
    let a = evaluate(&[softmax(layer, 0)], &Inputs::new().with("layer", &units));
    let a = a.expect("an array for the layer").remove(0);
    println!("softmax of (1, 2, 4): {a:.4}, with the sum {:.4}", a.sum());
    out::write(pictures::all);
}
