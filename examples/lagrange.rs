//! Where x + y is least on the unit circle: a Lagrange function, its gradient, and its saddle.
//!
//! ```text
//! cargo run --release --example lagrange -- --out target/pictures
//! ```

use gradus::ndarray::arr0;
use gradus::prelude::*;

mod out;
#[path = "pictures/lagrange.rs"]
pub mod pictures;

fn main() {
    // ANCHOR: problem
    let g = Graph::new();
    let (x, y) = (param(&g, "x", ()), param(&g, "y", ()));
    let f = x + y;
    let circle = square(x) + square(y) - 1.0;
    // ANCHOR_END: problem

    // ANCHOR: function
    let lambda = param(&g, "lambda", ());
    let l = f - lambda * circle;
    let [dx, dy, d_lambda] = grad(l, [x, y, lambda]);
    // ANCHOR_END: function

    // ANCHOR: by_hand
    let root = 0.5f64.sqrt();
    let at = |v: f64| {
        let array = |name: &str| (name.to_owned(), arr0(v).into_dyn());
        Arrays::from(["x", "y", "lambda"].map(array))
    };
    let values = |of: &[Expr<'_>], v: f64| {
        evaluate(of, &Inputs::new().with_all(&at(v))).expect("an array for each input")
    };
    for slope in values(&[dx, dy, d_lambda], -root) {
        assert!(slope.sum().abs() < 1e-15, "x = y = λ = −1/√2 is a stationary point");
    }
    // ANCHOR_END: by_hand

    // ANCHOR: hessian
    let eigenvalues = hessian_eigenvalues(l, &at(-root), &Inputs::new()).expect("finite");
    println!("eigenvalues of the Hessian of L: {eigenvalues:.4?}");
    let wanted = [-2.0 * root, 2.0 * root, 4.0 * root];
    assert!(eigenvalues.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-14));
    // ANCHOR_END: hessian

    // ANCHOR: descent
    let start = Arrays::from([
        ("x".to_owned(), arr0(-0.7).into_dyn()),
        ("y".to_owned(), arr0(-0.7).into_dyn()),
        ("lambda".to_owned(), arr0(-0.71).into_dyn()),
    ]);
    let descent = GradientDescent { eta: 0.1, ..GradientDescent::default() };
    let found = minimize(l, &start, &Inputs::new(), descent).expect("a problem");
    println!("\ngradient descent on L, from beside the point\n  {}", found.stopped);
    assert!(!found.converged());
    // ANCHOR_END: descent

    // ANCHOR: solve
    let start = Arrays::from([
        ("x".to_owned(), arr0(1.0).into_dyn()),
        ("y".to_owned(), arr0(0.5).into_dyn()),
    ]);
    let method = Lagrange::default();
    let found =
        minimize_subject_to(f, &[circle], &start, &Inputs::new(), method).expect("a problem");
    let Outcome { at, value, iterations, stopped, .. } = &found.outcome;
    println!("\nNewton's method for ∇L = 0, from (1, 0.5)\n  {stopped}, after {iterations} steps");
    println!("  x = {:.6}, y = {:.6}, λ = {:.6}", at["x"], at["y"], found.multipliers[0]);
    println!("  x + y = {value:.6}");
    // ANCHOR_END: solve
    assert!(found.outcome.converged() && (value + 2.0 * root).abs() < 1e-10);
    assert!((found.multipliers[0].sum() + root).abs() < 1e-10);
    assert!(found.eigenvalues.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-9));
    out::write(pictures::all);
}
