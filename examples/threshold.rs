//! A threshold neuron: it fires iff the weighted sum of its inputs reaches θ, and then with 1,
//! however strong they are.
//!
//! ```text
//! cargo run --release --example threshold -- --out target/pictures
//! ```

use gradus::ndarray::{Array2, arr0, arr1};
use gradus::prelude::*;

mod out;
#[path = "pictures/threshold.rs"]
pub mod pictures;

/// The neuron y = u(w·x − θ) for each row of x, where u(z) is 1 for z ≥ 0, else 0.
pub fn neuron<'g>(x: Expr<'g>, w: Expr<'g>, theta: Expr<'g>) -> Expr<'g> {
    step(sum(x * w, [1]) - theta)
}

/// What the neuron gives for rows of inputs, 0 or 1 each.
pub fn outputs<const D: usize>(x: &[[f64; D]], w: [f64; D], theta: f64) -> Vec<f64> {
    let g = Graph::new();
    let y = neuron(input(&g, "x", ("n", D)), param(&g, "w", [D]), param(&g, "theta", ()));
    let (x, w, theta) = (Array2::from(x.to_vec()), arr1(&w), arr0(theta));
    let at = Inputs::new().with("x", &x).with("w", &w).with("theta", &theta);
    evaluate(&[y], &at).expect("an array for each input").remove(0).into_iter().collect()
}

/// All inputs of a neuron with three, each silent (0) or firing (1).
pub fn all_inputs() -> Vec<[f64; 3]> {
    (0..8).map(|k| [k >> 2 & 1, k >> 1 & 1, k & 1].map(f64::from)).collect()
}

/// The firing condition of a neuron with two inputs, drawn: `#` where it fires; x₁ from 0 to 3 to
/// the right, x₂ from 0 to 2 upwards, in steps of ⅛ and ¼.
pub fn drawing(w: [f64; 2], theta: f64) -> Vec<String> {
    let row = |j: u32| {
        let x: Vec<_> = (0..=24).map(|i| [f64::from(i) / 8.0, f64::from(j) / 4.0]).collect();
        outputs(&x, w, theta).iter().map(|&y| if y == 1.0 { '#' } else { '·' }).collect()
    };
    (0..=8).rev().map(row).collect()
}

fn main() {
    // A weight below 0 is an inhibition; the mathematics allows it.
    let w = [2.0, 1.0, -1.0];
    println!("w = (2, 1, −1)     fires at θ =");
    println!(" x1  x2  x3   w·x    −1   0   1   2   3   4");
    for x in all_inputs() {
        let sum: f64 = x.iter().zip(w).map(|(x, w)| x * w).sum();
        print!("{:3}{:4}{:4}{sum:6}  ", x[0], x[1], x[2]);
        for theta in [-1.0, 0.0, 1.0, 2.0, 3.0, 4.0] {
            print!("{:4}", outputs(&[x], w, theta)[0]);
        }
        println!();
    }
    println!("The larger θ, the less sensitive: at −1 it always fires, at 4 never.\n");

    let strong = outputs(&[[1.0, 0.0, 0.0], [1e3, 0.0, 0.0], [1e6, 0.0, 0.0]], w, 2.0);
    println!("x1 = 1, 1000, 1000000 at θ = 2: y = {strong:?}, however strong the input.\n");

    println!("x1 + 2 x2 ≥ 2: the neuron fires on one side of a line, and on the line.");
    for row in drawing([1.0, 2.0], 2.0) {
        println!("  {row}");
    }

    // The same with a bias b = −θ.
    let g = Graph::new();
    let (x, w) = (input(&g, "x", ("n", 2)), param(&g, "w", [2]));
    let (theta, b) = (param(&g, "theta", ()), param(&g, "b", ()));
    println!("\n{}", Tape::show(&[neuron(x, w, theta), step(sum(x * w, [1]) + b)]));
    out::write(pictures::all);
}
