//! The rule of small changes, Δz ≈ ∇z·Δx, whose error falls as the square of the change; and the
//! steepest direction, which is that of −∇z.
//!
//! ```text
//! cargo run --release --example small_changes -- --out target/pictures
//! ```

use gradus::ndarray::{ArrayD, arr1};
use gradus::prelude::*;

mod out;
#[path = "pictures/small_changes.rs"]
pub mod pictures;

/// Where the unit's weights and bias are: w₁, w₂, b.
pub const START: [f64; 3] = [0.8, -0.5, 0.3];
/// The direction of the small change.
pub const DIRECTION: [f64; 3] = [1.0, 2.0, -0.5];

/// The output of a unit with two inputs, σ(w₁·1.5 + w₂·0.7 + b), and its gradient by w₁, w₂ and b.
pub fn unit(p: [f64; 3]) -> (f64, [f64; 3]) {
    let g = Graph::new();
    let (p_, x) = (param(&g, "p", [3]), input(&g, "x", [3]));
    let output = sigmoid(dot(p_, x));
    let [slope] = grad(output, [p_]);
    let (p, x) = (arr1(&p), arr1(&[1.5, 0.7, 1.0]));
    let at = Inputs::new().with("p", &p).with("x", &x);
    let values = evaluate(&[output, slope], &at).expect("an array for each input");
    (values[0].sum(), std::array::from_fn(|k| values[1][k]))
}

/// What the output changes by when the parameters move by t in the direction, and what the rule says.
pub fn change(t: f64) -> (f64, f64) {
    let (before, slope) = unit(START);
    let moved = std::array::from_fn(|k| START[k] + t * DIRECTION[k]);
    let rule = (0..3).map(|k| slope[k] * t * DIRECTION[k]).sum();
    (unit(moved).0 - before, rule)
}

/// For so many directions around the circle: the angle in degrees to −∇f of f = x² + 3xy + 4y² at
/// (1, −1), the slope ∇f·v of f in the direction v, and what a step of 0.001 changes f by.
pub fn directions(count: u32) -> Vec<[f64; 3]> {
    let g = Graph::new();
    let v = param(&g, "v", [2]);
    let [x, y] = [0, 1].map(|k| sum_all(slice(v, 0, k..k + 1)));
    let f = square(x) + 3.0 * x * y + 4.0 * square(y);
    let [slope] = grad(f, [v]);
    let at = |v: [f64; 2]| -> Vec<ArrayD<f64>> {
        let v = arr1(&v);
        evaluate(&[f, slope], &Inputs::new().with("v", &v)).expect("an array for v")
    };
    let here = at([1.0, -1.0]);
    let [a, b] = [here[1][0], here[1][1]];
    let turn = |k: u32| {
        let angle = 2.0 * std::f64::consts::PI * f64::from(k) / f64::from(count);
        let v = (-b).atan2(-a) + angle;
        let (c, s) = (v.cos(), v.sin());
        let moved = at([1.0 + 0.001 * c, -1.0 + 0.001 * s])[0].sum();
        [angle.to_degrees(), a * c + b * s, moved - here[0].sum()]
    };
    (0..count).map(turn).collect()
}

fn main() {
    println!("A unit's output when its weights and bias move by t·(1, 2, −0.5):\n");
    println!("    t         Δ output       ∇·Δ            error        error / t²");
    for k in 0..6 {
        let t = 0.1f64.powi(k);
        let (change, rule) = change(t);
        let error = change - rule;
        println!("{t:8.5}  {change:13.8} {rule:13.8} {error:16.3e} {:11.5}", error / (t * t));
    }
    println!("A tenth of the change has a hundredth of the error.\n");

    println!("A step of 0.001 from (1, −1), where f = x² + 3xy + 4y²:\n");
    println!("angle to −∇f   ∇f·v = |∇f| cos θ    Δf");
    let all = directions(24);
    let most = all.iter().map(|row| row[1].abs()).fold(0.0, f64::max);
    for [angle, slope, change] in all {
        let bar = (20.0 + 20.0 * slope / most).round() as usize;
        println!("{angle:9.0}° {slope:15.4} {change:18.6}   {}*", " ".repeat(bar));
    }
    println!("Cauchy–Schwarz: −|∇f| ≤ ∇f·v ≤ |∇f|, least where v is opposite to ∇f.\n");

    // So Δx = −η∇f, and then Δf ≈ −η |∇f|².
    let (output, slope) = unit(START);
    let norm2: f64 = slope.iter().map(|d| d * d).sum();
    println!("Δp = −η∇ of the unit:   η     Δ output       −η |∇|²");
    for eta in [1.0, 0.1, 0.01] {
        let moved = unit(std::array::from_fn(|k| START[k] - eta * slope[k])).0;
        println!("{eta:25} {:13.8} {:14.8}", moved - output, -eta * norm2);
    }
    out::write(pictures::all);
}
