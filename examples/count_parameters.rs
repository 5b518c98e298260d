//! Parameters and data, counted; and what becomes of a model with fewer data than parameters: its
//! cost has not one minimum but a line of them, and descent ends where it happens to start.
//!
//! ```text
//! cargo run --release --example count_parameters
//! ```

use gradus::models::classic;
use gradus::ndarray::{Array1, array};
use gradus::prelude::*;

/// The books' networks, each with the number of its pictures.
pub fn networks() -> Vec<(&'static str, Network, usize)> {
    let dense =
        |hidden| Network::dense(&[784, hidden, 10], Activation::Sigmoid).expect("a network");
    vec![
        ("12-3-2, 0 or 1", classic::demons(), 64),
        ("3 filters, 1 to 3", classic::small_cnn(), 96),
        ("784-30-10, MNIST", dense(30), 50_000),
        ("784-100-10, MNIST", dense(100), 50_000),
    ]
}

/// A parabola p₀ + p₁x + p₂x² fitted to some points by 5000 steps of descent, from a start: the
/// parameters and the cost Σ ½(y − ŷ)² at the end.
pub fn fit(points: &[(f64, f64)], start: [f64; 3]) -> ([f64; 3], f64) {
    let g = Graph::new();
    let (x, y) = (input(&g, "x", ("n",)), input(&g, "y", ("n",)));
    let p = param(&g, "p", [3]);
    let powers = stack(&[x.filled(1.0), x, square(x)], 1);
    let cost = sum_all(0.5 * square(y - sum(powers * p, [1])));
    let [dp] = grad(cost, [p]);
    let mut plan = compile(&[cost], &[("p".to_owned(), p - 0.1 * dp)]).expect("an update");
    let mut state = Arrays::from([("p".to_owned(), Array1::from(start.to_vec()).into_dyn())]);
    let x: Array1<f64> = points.iter().map(|point| point.0).collect();
    let y: Array1<f64> = points.iter().map(|point| point.1).collect();
    let inputs = Inputs::new().with("x", &x).with("y", &y);
    let mut cost = 0.0;
    for _ in 0..5000 {
        cost = plan.step(&mut state, &inputs).expect("an array for each input")[0].sum();
    }
    (std::array::from_fn(|k| state["p"][k]), cost)
}

fn main() {
    println!("network              parameters   pictures");
    for (name, network, pictures) in networks() {
        let few = if pictures < network.count() { "fewer than parameters" } else { "" };
        println!("{name:20} {:10} {pictures:10}   {few}", network.count());
    }
    println!("\nA picture's target is several numbers, so even that need not leave a network");
    println!("undetermined; but it is a warning that it may learn its pictures by heart.\n");

    println!("p₀ + p₁x + p₂x² through");
    let all = [(-1.0, 2.0), (0.0, 0.5), (1.0, 1.0)];
    for count in [3, 2] {
        println!("  {count} points:");
        for start in [[0.0, 0.0, 0.0], [1.0, -1.0, 2.0], [-2.0, 2.0, 1.0]] {
            let (p, cost) = fit(&all[..count], start);
            println!("    from {start:4.1?} to {:.4}, cost {cost:.0e}", array![p[0], p[1], p[2]]);
        }
    }
    println!("Two points leave a line of parabolas: each start has its own.");
}
