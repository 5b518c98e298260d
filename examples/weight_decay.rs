//! Weight decay: a cost with a penalty, C + λ/2 |w|², beside the least C on a circle |w| = r. For
//! each λ there is an r with the same solution, and λ is its Lagrange multiplier.
//!
//! ```text
//! cargo run --release --example weight_decay -- --out target/pictures
//! ```

use gradus::ndarray::{Array1, Array2, arr0, arr1, array};
use gradus::prelude::*;

mod out;
#[path = "pictures/weight_decay.rs"]
pub mod pictures;

/// Made for this example: two inputs that go almost together, and what depends on them.
pub const DATA: [[f64; 3]; 6] = [
    [1.0, 0.8, 2.1],
    [-0.5, -0.7, -0.9],
    [0.3, 0.6, 0.2],
    [-1.2, -0.9, -2.6],
    [0.9, 1.3, 1.0],
    [-0.4, -0.9, 0.3],
];

/// C = 1/2n Σ (w·x − y)².
fn cost<'g>(g: &'g Graph, w: Expr<'g>) -> Expr<'g> {
    let (x, y) = (input(g, "x", ("n", 2)), input(g, "y", ("n",)));
    0.5 * mean_all(square(sum(x * w, [1]) - y))
}

/// Many steps of gradient descent on a cost by the parameter `v`, from a start; then two values.
fn descend<'g>(
    total: Expr<'g>, v: Expr<'g>, start: &[f64], eta: f64, shown: [Expr<'g>; 2],
) -> [Vec<f64>; 2] {
    let [slope] = grad(total, [v]);
    let mut plan = compile(&shown, &[("v".to_owned(), v - eta * slope)]).expect("an update");
    let mut state = Arrays::from([("v".to_owned(), arr1(start).into_dyn())]);
    let x = Array2::from_shape_fn((6, 2), |(k, i)| DATA[k][i]);
    let y = Array1::from_shape_fn(6, |k| DATA[k][2]);
    let inputs = Inputs::new().with("x", &x).with("y", &y);
    for _ in 0..20_000 {
        plan.step(&mut state, &inputs).expect("an array for each input");
    }
    let values = plan.step(&mut state, &inputs).expect("an array for each input");
    [0, 1].map(|k| values[k].iter().copied().collect())
}

/// The least C + λ/2 |w|²: w, and C there.
pub fn penalised(lambda: f64) -> ([f64; 2], f64) {
    let g = Graph::new();
    let w = param(&g, "v", [2]);
    let cost = cost(&g, w);
    let total = cost + 0.5 * lambda * sum_all(square(w));
    let [w, cost] = descend(total, w, &[0.0, 0.0], 0.5 / (1.0 + lambda), [w, cost]);
    ([w[0], w[1]], cost[0])
}

/// The least C on the circle |w| = r, where w = r (cos t, sin t): w, and the multiplier λ of
/// ∇C + λw = 0, which is −∇C·w / |w|².
pub fn constrained(r: f64) -> ([f64; 2], f64) {
    let g = Graph::new();
    let t = param(&g, "v", [1]);
    let w = r * concat(&[cos(t), sin(t)], 0);
    let cost = cost(&g, w);
    let [slope] = grad(cost, [w]);
    let multiplier = -dot(slope, w) / (r * r);
    let [w, lambda] = descend(cost, t, &[0.0], 0.3 / (r + r * r), [w, multiplier]);
    ([w[0], w[1]], lambda[0])
}

fn main() {
    println!("          penalised: C + λ/2 |w|²           constrained: |w| = r");
    println!("    λ       w₁       w₂      |w|       C         w₁       w₂    multiplier");
    let mut plot = [[' '; 61]; 8];
    for k in 0..=9 {
        let lambda = if k == 0 { 0.0 } else { 0.001 * 3f64.powi(k - 1) };
        let ([a, b], cost) = penalised(lambda);
        let r = a.hypot(b);
        let ([c, d], multiplier) = constrained(r);
        println!(
            "{lambda:7.3} {a:8.4} {b:8.4} {r:8.4} {cost:8.5}   {c:8.4} {d:8.4} {multiplier:8.4}"
        );
        let (row, column) = ((2.0 - 3.0 * b).round() as usize, (15.0 * a).round() as usize);
        plot[row][column] = char::from_digit(k as u32, 10).expect("a digit");
    }
    println!("\nThe path of w from the least C (0) towards 0 (+) as λ grows; w₁ to the right:");
    plot[2][0] = '+';
    plot.iter().for_each(|row| println!("  |{}", String::from_iter(row).trim_end()));

    // The weights shrink by the factor 1 − ηλ in each step, beside what the data ask for.
    let g = Graph::new();
    let (w, lambda) = (param(&g, "w", [2]), param(&g, "lambda", ()));
    let [shrink] = grad(0.5 * lambda * sum_all(square(w)), [w]);
    let (at, half) = (array![3.0, -2.0], arr0(0.5));
    let values = evaluate(&[shrink], &Inputs::new().with("w", &at).with("lambda", &half));
    println!("∇(λ/2 |w|²) = λw: {} at w = {at}, λ = 0.5", values.expect("two arrays")[0]);
    out::write(pictures::all);
}
