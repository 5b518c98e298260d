//! One sigmoid unit, its error δ, and the tape that computes its gradient.
//!
//! ```text
//! cargo run --release --example neuron
//! ```

use gradus::ndarray::{arr0, array};
use gradus::prelude::*;

fn main() {
    let g = Graph::new();
    let (x, t) = (input(&g, "x", [3]), input(&g, "t", ()));
    let (w, b) = (param(&g, "w", [3]), param(&g, "b", ()));

    let z = (sum_all(w * x) + b).named("z");
    let a = sigmoid(z).named("a");
    let cost = (0.5 * (a - t) * (a - t)).named("C");

    let [delta, dw, db] = grad(cost, [z, w, b]);
    delta.named("delta");
    assert_eq!(db, delta, "∂C/∂b = δ, node for node");

    println!("What the gradient needs, in the order in which it is computed:\n");
    print!("{}", Tape::show(&[dw]));

    let (x, w) = (array![1.0, 0.0, 1.0], array![0.6, -0.4, 0.2]);
    let (t, b) = (arr0(0.0), arr0(0.9));
    let at = Inputs::new().with("x", &x).with("t", &t).with("w", &w).with("b", &b);
    let values = evaluate(&[a, cost, delta, dw], &at).expect("an array for each input");
    println!("\na = {:.4}, C = {:.4}, δ = {:.4}", values[0], values[1], values[2]);
    println!("∂C/∂w = δ x = {:.4}, ∂C/∂b = δ", values[3]);

    let (a, delta): (f64, f64) = (values[0].sum(), values[2].sum());
    assert!((delta - a * a * (1.0 - a)).abs() < 1e-15, "δ = (a − t) σ′(z), with t = 0");
}
