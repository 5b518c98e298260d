//! The four equations of backpropagation: found in the graph of a network, node for node, and
//! compared with loops written by hand.
//!
//! ```text
//! cargo run --release --example four_equations
//! ```

use std::array::from_fn;

use gradus::ndarray::{Array1, Array2, ArrayD, array};
use gradus::prelude::*;

fn main() {
    // ANCHOR: network
    let g = Graph::new();
    let (x, y) = (input(&g, "x", ("n", 3)), input(&g, "y", ("n", 2)));
    let (w2, b2) = (param(&g, "w2", [4, 3]), param(&g, "b2", [4]));
    let (w3, b3) = (param(&g, "w3", [2, 4]), param(&g, "b3", [2]));

    let z2 = matmul(x, transpose(w2)) + b2;
    let a2 = sigmoid(z2);
    let z3 = matmul(a2, transpose(w3)) + b3;
    let a3 = sigmoid(z3);
    let cost = quadratic_cost(a3, y);
    // ANCHOR_END: network

    // ANCHOR: sweep
    let parameters = [w2, b2, w3, b3];
    let all = adjoints(cost, &parameters).expect("the cost is a number");
    let of = |y| all.of(y).expect("the cost depends on it");
    let (delta2, delta3) = (of(z2), of(z3));
    // ANCHOR_END: sweep

    let nodes = g.len();
    // ANCHOR: bp1
    assert_eq!(delta3, of(a3) * a3 * (1.0 - a3));
    // ANCHOR_END: bp1
    // ANCHOR: bp2
    let w3_back = transpose(transpose(w3));
    assert_eq!(delta2, matmul(delta3, w3_back) * a2 * (1.0 - a2));
    // ANCHOR_END: bp2
    // ANCHOR: bp3
    assert_eq!(of(b3), sum(delta3, [0]));
    assert_eq!(of(b2), sum(delta2, [0]));
    // ANCHOR_END: bp3
    // ANCHOR: bp4
    assert_eq!(of(w3), transpose(matmul(transpose(a2), delta3)));
    assert_eq!(of(w2), transpose(matmul(transpose(x), delta2)));
    // ANCHOR_END: bp4
    assert_eq!(g.len(), nodes, "nothing was added: all four were there");

    // ANCHOR: numbers
    let at = Arrays::from([
        ("x".to_owned(), array![[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]].into_dyn()),
        ("y".to_owned(), array![[0.0, 1.0], [1.0, 0.0]].into_dyn()),
        ("w2".to_owned(), weights(4, 3).into_dyn()),
        ("b2".to_owned(), array![0.1, -0.2, 0.3, -0.4].into_dyn()),
        ("w3".to_owned(), weights(2, 4).into_dyn()),
        ("b3".to_owned(), array![-0.5, 0.6].into_dyn()),
    ]);
    let wanted = [delta3, delta2, of(w2), of(b2), of(w3), of(b3)];
    let values = evaluate(&wanted, &Inputs::new().with_all(&at)).expect("an array for each input");
    println!("δ³ =\n{:8.5}\nδ² =\n{:8.5}\n", values[0], values[1]);
    // ANCHOR_END: numbers

    // ANCHOR: compare
    let by_hand = backpropagation(&at);
    for ((name, graph), hand) in ["w2", "b2", "w3", "b3"].iter().zip(&values[2..]).zip(&by_hand) {
        assert!(graph.iter().zip(hand).all(|(a, b)| (a - b).abs() <= 1e-12));
        println!("∂C/∂{name}: graph and loops agree to 1e-12");
    }
    // ANCHOR_END: compare

    // ANCHOR: cost
    let gradients = parameters.map(of);
    let (forward, both) = (Tape::new(&[cost]).len(), Tape::new(&gradients).len());
    println!("\n{forward} nodes for the cost, {both} for the gradient by all parameters");
    // ANCHOR_END: cost
}

// ANCHOR: weights
/// Some weights w_ji that follow no pattern.
fn weights(units: usize, from: usize) -> Array2<f64> {
    Array2::from_shape_fn((units, from), |(j, i)| (1.0 + 7.0 * j as f64 + 3.0 * i as f64).sin())
}
// ANCHOR_END: weights

// ANCHOR: loops
/// ∂C/∂w², ∂C/∂b², ∂C/∂w³ and ∂C/∂b³ of the mean cost, one example and one unit after the other.
fn backpropagation(at: &Arrays<f64>) -> [ArrayD<f64>; 4] {
    let (x, y, w2, b2, w3, b3) = (&at["x"], &at["y"], &at["w2"], &at["b2"], &at["w3"], &at["b3"]);
    let sigma = |z: f64| 1.0 / (1.0 + (-z).exp());
    let (mut dw2, mut db2) = (Array2::zeros((4, 3)), Array1::zeros(4));
    let (mut dw3, mut db3) = (Array2::zeros((2, 4)), Array1::zeros(2));
    for k in 0..2 {
        let z2 = |i| b2[i] + (0..3).map(|h| w2[[i, h]] * x[[k, h]]).sum::<f64>();
        let a2: [f64; 4] = from_fn(|i| sigma(z2(i)));
        let z3 = |j| b3[j] + (0..4).map(|i| w3[[j, i]] * a2[i]).sum::<f64>();
        let a3: [f64; 2] = from_fn(|j| sigma(z3(j)));

        let delta3: [f64; 2] = from_fn(|j| (a3[j] - y[[k, j]]) * a3[j] * (1.0 - a3[j]));
        let back = |i| (0..2).map(|j| w3[[j, i]] * delta3[j]).sum::<f64>();
        let delta2: [f64; 4] = from_fn(|i| back(i) * a2[i] * (1.0 - a2[i]));

        for j in 0..2 {
            db3[j] += delta3[j] / 2.0;
            (0..4).for_each(|i| dw3[[j, i]] += delta3[j] * a2[i] / 2.0);
        }
        for i in 0..4 {
            db2[i] += delta2[i] / 2.0;
            (0..3).for_each(|h| dw2[[i, h]] += delta2[i] * x[[k, h]] / 2.0);
        }
    }
    [dw2.into_dyn(), db2.into_dyn(), dw3.into_dyn(), db3.into_dyn()]
}
// ANCHOR_END: loops
