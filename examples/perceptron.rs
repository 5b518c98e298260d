//! Perceptrons: a decision about the weekend, a NAND, and why a smooth unit is wanted.
//!
//! ```text
//! cargo run --release --example perceptron -- --out target/pictures
//! ```

use gradus::ndarray::{Array2, arr0, arr1};
use gradus::prelude::*;

mod out;
#[path = "pictures/perceptron.rs"]
pub mod pictures;

/// The perceptron's outputs for rows of inputs: 0 where w·x + b ≤ 0, else 1.
///
/// At w·x + b = 0 it gives 0, where the threshold neuron gives 1: so it is not u(z) but 1 − u(−z).
pub fn perceptron<const D: usize>(x: &[[f64; D]], w: [f64; D], b: f64) -> Vec<f64> {
    unit(x, w, b, |z| 1.0 - step(-z))
}

/// The sigmoid unit σ(w·x + b) for rows of inputs.
pub fn smooth<const D: usize>(x: &[[f64; D]], w: [f64; D], b: f64) -> Vec<f64> {
    unit(x, w, b, sigmoid)
}

/// All x with so many components 0 or 1, in the order of binary numbers.
pub fn all_inputs<const D: usize>() -> Vec<[f64; D]> {
    let bit = |k: u32, i: usize| f64::from(k >> (D - 1 - i) & 1);
    (0..1 << D).map(|k| std::array::from_fn(|i| bit(k, i))).collect()
}

fn main() {
    println!("Going out, if 6·weather + 2·company + 2·transport exceeds a threshold:\n");
    println!("weather company transport   threshold 5   threshold 3");
    let w = [6.0, 2.0, 2.0];
    let decisions = [5.0, 3.0].map(|threshold| perceptron(&all_inputs(), w, -threshold));
    for (k, x) in all_inputs::<3>().into_iter().enumerate() {
        let [weather, company, transport] = x.map(|x| if x == 1.0 { "yes" } else { "no" });
        let [five, three] = [0, 1].map(|i| if decisions[i][k] == 1.0 { "go" } else { "stay" });
        println!("{weather:7} {company:7} {transport:11} {five:13} {three}");
    }
    println!("At 5 the weather alone decides; at 3 it does, or both others together.\n");

    println!("NAND: w = (−2, −2), b = 3\nx1 x2  y");
    for (x, y) in all_inputs::<2>().iter().zip(perceptron(&all_inputs(), [-2.0, -2.0], 3.0)) {
        println!(" {}  {}  {y}", x[0], x[1]);
    }

    println!("\nx = (1, 1), w₂ = −2, b = 3, and w₁ a little more, step by step:");
    println!("   w₁    perceptron   sigmoid unit");
    for k in 0..=8 {
        let w = [-1.02 + 0.005 * f64::from(k), -2.0];
        let (y, a) = (perceptron(&[[1.0, 1.0]], w, 3.0)[0], smooth(&[[1.0, 1.0]], w, 3.0)[0]);
        println!("{:7.3}  {y:6}         {a:.4}", w[0]);
    }
    println!("The perceptron flips; the sigmoid unit changes by about Δw/4 with each step.");
    out::write(pictures::all);
}

fn unit<const D: usize>(
    x: &[[f64; D]], w: [f64; D], b: f64, activation: fn(Expr<'_>) -> Expr<'_>,
) -> Vec<f64> {
    let g = Graph::new();
    let z = sum(input(&g, "x", ("n", D)) * param(&g, "w", [D]), [1]) + param(&g, "b", ());
    let (x, w, b) = (Array2::from(x.to_vec()), arr1(&w), arr0(b));
    let at = Inputs::new().with("x", &x).with("w", &w).with("b", &b);
    let outputs = evaluate(&[activation(z)], &at).expect("an array for each input").remove(0);
    outputs.into_iter().collect()
}
