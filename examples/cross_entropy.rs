//! The cure for slow learning: the cross-entropy, whose δ is a − y, beside the quadratic cost, whose
//! δ has the factor σ′(z), for the same unit at the same learning rate.
//!
//! ```text
//! cargo run --release --example cross_entropy -- --out target/pictures
//! ```

use gradus::ndarray::arr0;
use gradus::prelude::*;

mod out;
#[path = "pictures/cross_entropy.rs"]
pub mod pictures;

/// A cost of the weighted input z for the target y.
pub type Measure = for<'g> fn(Expr<'g>, Expr<'g>) -> Expr<'g>;

/// ½(σ(z) − y)².
pub fn quadratic<'g>(z: Expr<'g>, y: Expr<'g>) -> Expr<'g> {
    0.5 * square(sigmoid(z) - y)
}

/// −(y ln σ(z) + (1 − y) ln(1 − σ(z))).
pub fn cross_entropy<'g>(z: Expr<'g>, y: Expr<'g>) -> Expr<'g> {
    binary_cross_entropy_with_logits(z, y)
}

/// Output a and error δ of the unit a = σ(wx + b) for x = 1 and the target 0, from w and b on, at
/// the start and after each epoch.
pub fn learn(cost: Measure, [w, b]: [f64; 2], eta: f64, epochs: usize) -> Vec<[f64; 2]> {
    let g = Graph::new();
    let (x, y) = (input(&g, "x", [1]), input(&g, "y", [1]));
    let (w_, b_) = (param(&g, "w", ()), param(&g, "b", ()));
    let z = w_ * x + b_;
    let [delta, dw, db] = grad(sum_all(cost(z, y)), [z, w_, b_]);
    let updates = [("w".to_owned(), w_ - eta * dw), ("b".to_owned(), b_ - eta * db)];
    let mut plan = compile(&[sigmoid(z), delta], &updates).expect("updates of two parameters");
    let mut state =
        Arrays::from([("w".to_owned(), arr0(w).into_dyn()), ("b".to_owned(), arr0(b).into_dyn())]);
    let (x, y) = (gradus::ndarray::array![1.0], gradus::ndarray::array![0.0]);
    let inputs = Inputs::new().with("x", &x).with("y", &y);
    let mut epoch = || {
        let values = plan.step(&mut state, &inputs).expect("an array for each input");
        [values[0].sum(), values[1].sum()]
    };
    (0..=epochs).map(|_| epoch()).collect()
}

fn main() {
    let starts = [[0.6, 0.9], [2.0, 2.0]];
    println!("η = 0.15        w = 0.6, b = 0.9                        w = 2, b = 2");
    println!("           quadratic      cross-entropy       quadratic      cross-entropy");
    println!("epoch      a       δ        a       δ         a       δ        a       δ");
    let runs = starts
        .map(|start| [quadratic, cross_entropy].map(|cost: Measure| learn(cost, start, 0.15, 300)));
    for epoch in [0, 1, 10, 50, 100, 150, 200, 250, 300] {
        print!("{epoch:5}");
        for [a, delta] in runs.iter().flatten().map(|run| run[epoch]) {
            print!("   {a:.3}  {delta:.4}");
        }
        println!();
    }

    println!("\nThe output a, 0 to 1 to the right; q quadratic, x cross-entropy, from w = b = 2:");
    for epoch in (0..=300).step_by(20) {
        let mut row = [' '; 51];
        for (mark, run) in ['q', 'x'].into_iter().zip(&runs[1]) {
            row[(50.0 * run[epoch][0]).round() as usize] = mark;
        }
        println!("{epoch:5}  |{}", String::from_iter(row));
    }

    println!("\nWith η = 0.005 for the cross-entropy it is not faster: a after 300 epochs is");
    for start in starts {
        let a = learn(cross_entropy, start, 0.005, 300)[300][0];
        println!("  {a:.3} from w = {}, b = {}", start[0], start[1]);
    }
    println!("but it is steepest at the start, where the unit is most wrong.");
    out::write(pictures::all);
}
