//! A network of one's own, written without layers and trained by a loop of one's own: exclusive
//! or, which one unit cannot learn and two hidden units can.
//!
//! ```text
//! cargo run --release --example own_network
//! ```

use gradus::ndarray::{Array2, arr0, array};
use gradus::prelude::*;

fn main() {
    let g = Graph::new();
    let (x, y) = (input(&g, "x", ("n", 2)), input(&g, "y", ("n", 1)));
    let (v, c) = (param(&g, "v", [2, 2]), param(&g, "c", [2]));
    let (w, b) = (param(&g, "w", [1, 2]), param(&g, "b", [1]));
    let hidden = tanh(matmul(x, transpose(v)) + c);
    let z = matmul(hidden, transpose(w)) + b;
    let cost = binary_cross_entropy_with_logits(z, y);

    // ANCHOR: step
    // A step of gradient descent is a list of updates; η is an input, so that it can change.
    let eta = input(&g, "eta", ());
    let parameters = [("v", v), ("c", c), ("w", w), ("b", b)];
    let gradients = grad(cost, parameters.map(|(_, p)| p));
    let updates: Vec<_> = parameters
        .iter()
        .zip(gradients)
        .map(|(&(name, p), dp)| (name.to_owned(), p - eta * dp))
        .collect();
    let mut plan = compile(&[cost], &updates).expect("updates have their inputs' shapes");
    // ANCHOR_END: step

    let mut state = Arrays::from([
        ("v".to_owned(), array![[0.9, -0.6], [-0.5, 0.8]].into_dyn()),
        ("c".to_owned(), array![0.1, -0.1].into_dyn()),
        ("w".to_owned(), array![[0.7, 0.6]].into_dyn()),
        ("b".to_owned(), array![0.0].into_dyn()),
    ]);
    let x = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let y: Array2<f64> = array![[0.0], [1.0], [1.0], [0.0]];
    for k in 0..=500 {
        let eta = arr0(if k < 250 { 1.0 } else { 0.5 });
        let inputs = Inputs::new().with("x", &x).with("y", &y).with("eta", &eta);
        let cost = plan.step(&mut state, &inputs).expect("an array for each input")[0].sum();
        if k % 100 == 0 {
            println!("step {k:3}: cost {cost:.4}");
        }
    }

    let inputs = Inputs::new().with_all(&state).with("x", &x);
    let a = evaluate(&[sigmoid(z)], &inputs).expect("an array for each input").remove(0);
    for (x, a) in x.outer_iter().zip(&a) {
        println!("{} xor {} = {a:.3}", x[0], x[1]);
    }
    assert!(a.iter().zip(&y).all(|(a, y)| (a - y).abs() < 0.1), "learned");
}
