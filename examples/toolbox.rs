//! The mathematics that networks need, each as a small graph: sequences and recurrences, sums,
//! Hadamard and matrix products, derivatives as limits, the chain rule.
//!
//! ```text
//! cargo run --release --example toolbox
//! ```

use gradus::ndarray::{ArrayD, arr0, array};
use gradus::prelude::*;

/// The first terms of aₙ₊₁ = aₙ + 2bₙ, bₙ₊₁ = aₙ + bₙ from a₁ = b₁ = 1. A recurrence is a list of
/// updates: all are computed from the present terms before any is replaced.
pub fn coupled(terms: usize) -> Vec<[f64; 2]> {
    let g = Graph::new();
    let (a, b) = (param(&g, "a", ()), param(&g, "b", ()));
    let updates = [("a".to_owned(), a + 2.0 * b), ("b".to_owned(), a + b)];
    let mut plan = compile(&[a, b], &updates).expect("updates of two sequences");
    let one = || arr0(1.0).into_dyn();
    let mut state = Arrays::from([("a".to_owned(), one()), ("b".to_owned(), one())]);
    let mut next = || {
        let values = plan.step(&mut state, &Inputs::new()).expect("both have terms");
        [values[0].sum(), values[1].sum()]
    };
    (0..terms).map(|_| next()).collect()
}

/// A ⊙ B, element by element.
pub fn hadamard(a: &ArrayD<f64>, b: &ArrayD<f64>) -> ArrayD<f64> {
    let g = Graph::new();
    let y = input(&g, "a", a.shape()) * input(&g, "b", b.shape());
    evaluate(&[y], &Inputs::new().with("a", a).with("b", b)).expect("two arrays").remove(0)
}

/// AB and Aᵀ.
pub fn products(a: &ArrayD<f64>, b: &ArrayD<f64>) -> Vec<ArrayD<f64>> {
    let g = Graph::new();
    let (x, y) = (input(&g, "a", a.shape()), input(&g, "b", b.shape()));
    evaluate(&[matmul(x, y), transpose(x)], &Inputs::new().with("a", a).with("b", b))
        .expect("two arrays")
}

/// (f(x + h) − f(x)) / h for f = x³ at 2, and f′ there.
pub fn difference_quotient(h: f64) -> [f64; 2] {
    let g = Graph::new();
    let (x, step) = (input(&g, "x", ()), input(&g, "h", ()));
    let f = |x| pow_const(x, 3.0);
    let [slope] = grad(f(x), [x]);
    let (at, h) = (arr0(2.0), arr0(h));
    let at = Inputs::new().with("x", &at).with("h", &h);
    let values = evaluate(&[(f(x + step) - f(x)) / step, slope], &at).expect("two arrays");
    [values[0].sum(), values[1].sum()]
}

/// y = sin u, u = v², v = 3x − 1: dy/du, du/dv, dv/dx, and dy/dx.
pub fn chain(x: f64) -> [f64; 4] {
    let g = Graph::new();
    let at = input(&g, "x", ());
    let v = 3.0 * at - 1.0;
    let u = square(v);
    let y = sin(u);
    let ([dy_du, dy_dx], [du_dv], [dv_dx]) = (grad(y, [u, at]), grad(u, [v]), grad(v, [at]));
    let x = arr0(x);
    let values = evaluate(&[dy_du, du_dv, dv_dx, dy_dx], &Inputs::new().with("x", &x));
    let values = values.expect("an array for x");
    [0, 1, 2, 3].map(|k| values[k].sum())
}

/// z = uv with u = x + 2y and v = x²y. ∂z/∂u, ∂z/∂v, then ∂u/∂x, ∂v/∂x, ∂u/∂y, ∂v/∂y, and ∂z/∂x,
/// ∂z/∂y.
pub fn chain_of_two(x: f64, y: f64) -> [f64; 8] {
    let g = Graph::new();
    let [a, b] = ["x", "y"].map(|name| input(&g, name, ()));
    let (u, v) = (a + 2.0 * b, square(a) * b);
    let [z_u, z_v, z_x, z_y] = grad(u * v, [u, v, a, b]);
    let ([u_x, u_y], [v_x, v_y]) = (grad(u, [a, b]), grad(v, [a, b]));
    let (x, y) = (arr0(x), arr0(y));
    let at = Inputs::new().with("x", &x).with("y", &y);
    let values = evaluate(&[z_u, z_v, u_x, v_x, u_y, v_y, z_x, z_y], &at).expect("two arrays");
    std::array::from_fn(|k| values[k].sum())
}

fn main() {
    println!("aₙ₊₁ = aₙ + 2bₙ, bₙ₊₁ = aₙ + bₙ:   a/b goes to √2 = {:.10}", 2f64.sqrt());
    for (n, [a, b]) in (1..).zip(coupled(12)) {
        println!("{n:4} {a:7} {b:7}   {:.10}", a / b);
    }

    let (a, b) =
        (array![[2.0, 7.0], [1.0, 8.0]].into_dyn(), array![[2.0, 8.0], [1.0, 3.0]].into_dyn());
    let values = products(&a, &b);
    println!("\nA ⊙ B =\n{}\nAB =\n{}\nAᵀ =\n{}", hadamard(&a, &b), values[0], values[1]);

    let g = Graph::new();
    let (a, b) = (input(&g, "a", ("n",)), input(&g, "b", ("n",)));
    let (one, two) = (sum_all(2.0 * a + 3.0 * b), 2.0 * sum_all(a) + 3.0 * sum_all(b));
    let (a, b) = (array![1.0, 4.0, 9.0], array![1.0, 2.0, 3.0]);
    let values = evaluate(&[one, two], &Inputs::new().with("a", &a).with("b", &b));
    let values = values.expect("two arrays");
    println!("\nΣ(2a + 3b) = {}, 2 Σa + 3 Σb = {}", values[0], values[1]);

    println!("\n(f(2 + h) − f(2)) / h for f = x³, where f′(2) = {}", difference_quotient(1.0)[1]);
    for k in 0..6 {
        let h = 0.1f64.powi(k);
        println!("  h = {h:<8.5} {:12.7}", difference_quotient(h)[0]);
    }

    let [y_u, u_v, v_x, y_x] = chain(0.7);
    println!("\ny = sin u, u = v², v = 3x − 1 at x = 0.7:");
    println!("  dy/du · du/dv · dv/dx = {y_u:.6} · {u_v:.6} · {v_x} = {:.6}", y_u * u_v * v_x);
    println!("  dy/dx                 = {y_x:.6}");

    let [z_u, z_v, u_x, v_x, u_y, v_y, z_x, z_y] = chain_of_two(1.5, -2.0);
    println!("\nz = uv, u = x + 2y, v = x²y at (1.5, −2):");
    println!("  ∂z/∂x = ∂z/∂u ∂u/∂x + ∂z/∂v ∂v/∂x = {} = {z_x}", z_u * u_x + z_v * v_x);
    println!("  ∂z/∂y = ∂z/∂u ∂u/∂y + ∂z/∂v ∂v/∂y = {} = {z_y}", z_u * u_y + z_v * v_y);
}
