//! A sigmoid unit that learns slowly, since it starts out saturated.
//!
//! ```text
//! cargo run --release --example slow_learning -- --out target/pictures
//! ```

use gradus::ndarray::arr0;
use gradus::prelude::*;

mod out;
#[path = "pictures/slow_learning.rs"]
pub mod pictures;

/// Output a, error δ and cost C at the start and after each epoch, from either start.
pub fn histories() -> Vec<Vec<[f64; 3]>> {
    // ANCHOR: step
    let g = Graph::new();
    let (x, y) = (input(&g, "x", ()), input(&g, "y", ()));
    let (w, b) = (param(&g, "w", ()), param(&g, "b", ()));
    let z = w * x + b;
    let a = sigmoid(z);
    let cost = 0.5 * square(a - y);
    let [delta, dw, db] = grad(cost, [z, w, b]);

    let eta = 0.15;
    let updates = [("w".to_owned(), w - eta * dw), ("b".to_owned(), b - eta * db)];
    let mut plan = compile(&[a, delta, cost], &updates).expect("updates of two parameters");
    // ANCHOR_END: step

    // ANCHOR: run
    let (x, y) = (arr0(1.0), arr0(0.0));
    let inputs = Inputs::new().with("x", &x).with("y", &y);
    let mut histories = Vec::new();
    for start in [(0.6, 0.9), (2.0, 2.0)] {
        let mut state = Arrays::from([
            ("w".to_owned(), arr0(start.0).into_dyn()),
            ("b".to_owned(), arr0(start.1).into_dyn()),
        ]);
        let mut history: Vec<[f64; 3]> = Vec::new();
        for _epoch in 0..=300 {
            let values = plan.step(&mut state, &inputs).expect("an array for each input");
            history.push([0, 1, 2].map(|k| values[k].sum()));
        }
        histories.push(history);
    }
    // ANCHOR_END: run
    histories
}

fn main() {
    let histories = histories();
    println!("         w = 0.6, b = 0.9      w = 2, b = 2");
    println!("epoch      a        δ          a        δ");
    for epoch in [0, 1, 50, 100, 150, 200, 250, 300] {
        let ([a, delta, _], [other_a, other_delta, _]) = (histories[0][epoch], histories[1][epoch]);
        println!("{epoch:5}    {a:.3}   {delta:.4}      {other_a:.3}   {other_delta:.4}");
    }
    out::write(|| pictures::all(&histories));
}
