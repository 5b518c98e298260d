//! One sigmoid unit, its error δ, the tape that computes its gradient, and its values.
//!
//! ```text
//! cargo run --release --example neuron
//! ```

use gradus::ndarray::{Array0, arr0};
use gradus::prelude::*;

fn main() {
    // ANCHOR: unit
    let g = Graph::new();
    let (x, y) = (input(&g, "x", ()), input(&g, "y", ()));
    let (w, b) = (param(&g, "w", ()), param(&g, "b", ()));

    let z = (w * x + b).named("z");
    let a = sigmoid(z).named("a");
    let cost = (0.5 * square(a - y)).named("C");
    // ANCHOR_END: unit

    // ANCHOR: consing
    let nodes = g.len();
    assert_eq!(sigmoid(w * x + b), a, "the same expression is the same node");
    assert_eq!(g.len(), nodes, "and nothing was added");
    // ANCHOR_END: consing

    // ANCHOR: gradient
    let [nabla, delta, dw, db] = grad(cost, [a, z, w, b]);
    delta.named("delta");
    println!("{}", Tape::show(&[cost, dw]));
    // ANCHOR_END: gradient

    // ANCHOR: equations
    let nodes = g.len();
    assert_eq!(nabla, constant(&g, 1.0) * 0.5 * (2.0 * (a - y)), "∂C/∂a");
    assert_eq!(delta, nabla * a * (1.0 - a), "δ = ∂C/∂a · σ′(z)");
    assert_eq!(dw, delta * x, "∂C/∂w = δ x");
    assert_eq!(db, delta, "∂C/∂b = δ");
    assert_eq!(g.len(), nodes, "all of it was there");
    // ANCHOR_END: equations

    // ANCHOR: values
    let (at_x, at_y, at_b) = (arr0(1.0), arr0(0.0), arr0(0.9));
    let values = |outputs: &[Expr<'_>], w: f64| {
        let w: Array0<f64> = arr0(w);
        let at = Inputs::new().with("x", &at_x).with("y", &at_y).with("w", &w).with("b", &at_b);
        evaluate(outputs, &at).expect("an array for each input")
    };
    let shown = [("z", z), ("a", a), ("C", cost), ("δ", delta), ("∂C/∂w", dw)];
    for ((name, _), value) in shown.iter().zip(values(&shown.map(|(_, y)| y), 0.6)) {
        println!("{name:<5} = {value:.6}");
    }
    // ANCHOR_END: values

    // ANCHOR: literal
    let by_hand = (a - y) * a * (1.0 - a);
    assert_ne!(by_hand, delta, "another expression is another node");
    let both = values(&[by_hand, delta], 0.6);
    assert_eq!(both[0], both[1], "with the same value, here to the last bit");
    // ANCHOR_END: literal

    // ANCHOR: difference
    let h = 1e-4;
    let cost_at = |w| values(&[cost], w)[0].sum();
    let difference = (cost_at(0.6 + h) - cost_at(0.6 - h)) / (2.0 * h);
    println!("\n(C(w + h) − C(w − h)) / 2h = {difference:.6}");
    assert!((difference - values(&[dw], 0.6)[0].sum()).abs() < 1e-8);
    // ANCHOR_END: difference
}
