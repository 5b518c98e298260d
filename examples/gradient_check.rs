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
    let (x, y) = (input(&g, "x", ("n", 2)), input(&g, "y", ("n", 1)));
    let (w2, b2) = (param(&g, "w2", [3, 2]), param(&g, "b2", [3]));
    let (w3, b3) = (param(&g, "w3", [1, 3]), param(&g, "b3", [1]));
    let a2 = sigmoid(matmul(x, transpose(w2)) + b2);
    let a3 = sigmoid(matmul(a2, transpose(w3)) + b3);
    let cost = quadratic_cost(a3, y);

    let at = Arrays::from([
        ("x".to_owned(), array![[0.5, -1.0], [1.5, 0.3]].into_dyn()),
        ("y".to_owned(), array![[1.0], [0.8]].into_dyn()),
        ("w2".to_owned(), array![[0.2, -0.5], [0.7, 0.4], [-0.3, 0.9]].into_dyn()),
        ("b2".to_owned(), array![0.1, -0.2, 0.3].into_dyn()),
        ("w3".to_owned(), array![[0.8, -0.6, 0.5]].into_dyn()),
        ("b3".to_owned(), array![-0.4].into_dyn()),
    ]);

    // ANCHOR: right
    let check = Check::new(&[cost], &[w2, b2, w3, b3]);
    let report = check.run(&at).expect("an array for each input");
    println!("{report}\n");
    assert!(report.passed());
    // ANCHOR_END: right

    // ANCHOR: wrong
    // BP2 without σ′(z²): the hidden layer passes its cotangent on as it is.
    let report = Check::new(&[cost], &[b2, b3])
        .order(1)
        .with_vjp(|op, k, x, y, y_bar| match op {
            Op::Sigmoid(_) if y == a2 => Some(y_bar),
            _ => op.vjp(k, x, y, y_bar),
        })
        .run(&at)
        .expect("an array for each input");
    println!("{} of {} comparisons fail:", report.failures().count(), report.differences.len());
    for failure in report.failures() {
        println!("{}: {:.6} against {:.6}", failure.of, failure.derivative, failure.other);
    }
    assert!(!report.passed());
    // ANCHOR_END: wrong
}
