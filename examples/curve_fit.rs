//! A growth curve fitted to measurements, with error bars, and what it says of each measurement.
//!
//! The data are NIST's: Rat42, pasture yield against time (D. Ratkowsky, *Nonlinear Regression
//! Modeling*, 1983), with certified results.
//!
//! ```text
//! cargo run --release --example curve_fit -- --out target/pictures
//! ```

use gradus::ndarray::{arr0, array};
use gradus::prelude::*;

mod out;
#[path = "pictures/curve_fit.rs"]
pub mod pictures;

fn main() {
    // ANCHOR: model
    let g = Graph::new();
    let (x, y) = (input(&g, "x", ("n",)), input(&g, "y", ("n",)));
    let (b1, b2, b3) = (param(&g, "b1", ()), param(&g, "b2", ()), param(&g, "b3", ()));
    let model = b1 / (1.0 + exp(b2 - b3 * x));
    let r = model - y;
    // ANCHOR_END: model

    // ANCHOR: fit
    let time = array![9.0, 14.0, 21.0, 28.0, 42.0, 57.0, 63.0, 70.0, 79.0];
    let yields = array![8.93, 10.80, 18.59, 22.33, 39.35, 56.11, 61.73, 64.62, 67.08];
    let data = Inputs::new().with("x", &time).with("y", &yields);
    let start = Arrays::from([
        ("b1".to_owned(), arr0(100.0).into_dyn()),
        ("b2".to_owned(), arr0(1.0).into_dyn()),
        ("b3".to_owned(), arr0(0.1).into_dyn()),
    ]);
    let found = least_squares(r, &start, &data, LevenbergMarquardt::default()).expect("a problem");
    println!("{}, after {} steps", found.stopped, found.iterations);
    assert!(found.converged());
    // ANCHOR_END: fit

    // ANCHOR: deviations
    let deviations = standard_deviations(r, &found.at, &data).expect("more data than parameters");
    for (name, value) in &found.at {
        println!("{name} = {value:10.7} ± {:.7}", deviations[name]);
    }
    println!("Σ r² = {:.7}\n", found.value);
    // ANCHOR_END: deviations

    // ANCHOR: certified
    let certified = [
        ("b1", 72.462237576, 1.7340283401),
        ("b2", 2.6180768402, 0.088295217536),
        ("b3", 0.067359200066, 0.0034465663377),
    ];
    for (name, value, deviation) in certified {
        assert!((found.at[name].sum() / value - 1.0).abs() < 1e-8);
        assert!((deviations[name].sum() / deviation - 1.0).abs() < 1e-8);
    }
    // ANCHOR_END: certified

    // ANCHOR: minimum
    let rss = sum_all(square(r));
    let eigenvalues = hessian_eigenvalues(rss, &found.at, &data).expect("finite");
    assert!(eigenvalues[0] > 0.0, "a minimum");
    // ANCHOR_END: minimum

    // ANCHOR: likelihood
    let s_squared = found.value / (time.len() - found.at.len()) as f64;
    let likelihood = rss / (2.0 * s_squared);
    let from_hessian = likelihood_deviations(likelihood, &found.at, &data).expect("a minimum");
    println!("standard deviations   JᵀJ        Hessian");
    for (name, deviation) in &deviations {
        println!("{name}                    {deviation:9.6}  {:9.6}", from_hessian[name]);
    }
    // ANCHOR_END: likelihood

    // ANCHOR: examples
    let pulls = per_example(square(r), &[b1, b2, b3], "n").expect("independent measurements");
    let values = evaluate(&pulls, &data.with_all(&found.at)).expect("an array for each input");
    println!("\n  x    ∂r²/∂b1");
    for (x, pull) in time.iter().zip(&values[0]) {
        println!("{x:3}   {pull:8.4}");
    }
    println!("sum   {:8.4}", values[0].sum().abs());
    // ANCHOR_END: examples
    assert!(values.iter().all(|pulls| pulls.sum().abs() < 1e-6), "at the minimum they cancel");
    out::write(|| pictures::all(&time, &yields, &found.at));
}
