//! What the gradient check says of a right rule and of a wrong one.
//!
//! ```text
//! cargo run --release --example gradient_check
//! ```

use gradus::ndarray::array;
use gradus::ops::{Op, Primitive};
use gradus::prelude::*;

fn main() {
    let g = Graph::new();
    let (x, y) = (input(&g, "x", ("n", 3)), input(&g, "y", ("n", 2)));
    let (w, b) = (param(&g, "w", [2, 3]), param(&g, "b", [2]));
    let cost = quadratic_cost(sigmoid(matmul(x, transpose(w)) + b), y);

    let at = Arrays::from([
        ("x".to_owned(), array![[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]].into_dyn()),
        ("y".to_owned(), array![[0.0, 1.0], [1.0, 0.0]].into_dyn()),
        ("w".to_owned(), array![[0.2, -0.5, 0.1], [0.7, 0.4, -0.3]].into_dyn()),
        ("b".to_owned(), array![0.1, -0.2].into_dyn()),
    ]);

    let report = Check::new(&[cost], &[w, b]).run(&at).expect("an array for each input");
    println!("The rules as they are:\n{report}\n");
    assert!(report.passed());

    // σ′ = σ(1 − σ). Forget a factor, and see what happens to first and second derivatives.
    let report = Check::new(&[cost], &[w, b])
        .with_vjp(|op, k, x, y, y_bar| match op {
            Op::Sigmoid(_) => Some(y_bar * y),
            _ => op.vjp(k, x, y, y_bar),
        })
        .run(&at)
        .expect("an array for each input");
    println!("With y_bar * y for sigmoid's pullback y_bar * y * (1 - y):\n{report}");
    assert!(!report.passed());
}
