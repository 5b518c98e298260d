//! The line of least squares, against covariance over variance.

use crate::examples::regression::{DATA, descent, normal_equations};

/// p = Σ(x − x̄)(y − ȳ) / Σ(x − x̄)², q = ȳ − p x̄.
fn line() -> [f64; 2] {
    let n = DATA.len() as f64;
    let mean = |f: fn(&(f64, f64)) -> f64| DATA.iter().map(f).sum::<f64>() / n;
    let (x, y) = (mean(|d| d.0), mean(|d| d.1));
    let covariance: f64 = DATA.iter().map(|d| (d.0 - x) * (d.1 - y)).sum();
    let variance: f64 = DATA.iter().map(|d| (d.0 - x).powi(2)).sum();
    let p = covariance / variance;
    [p, y - p * x]
}

#[test]
fn the_normal_equations_are_those_of_the_sums() {
    let sum = |f: fn(&(f64, f64)) -> f64| DATA.iter().map(f).sum::<f64>();
    let (h, r, solution) = normal_equations();
    let x = sum(|d| d.0);
    assert_eq!(h, [[sum(|d| d.0 * d.0), x], [x, DATA.len() as f64]]);
    assert_eq!(r, [sum(|d| d.0 * d.1), sum(|d| d.1)]);
    assert!(solution.iter().zip(line()).all(|(a, b)| (a - b).abs() < 1e-12), "{solution:?}");
}

#[test]
fn descent_finds_the_same_line() {
    let points = descent(0.00015, 150_000);
    let [p, q, _] = points[150_000];
    let [wanted_p, wanted_q] = line();
    assert!((p - wanted_p).abs() < 1e-9 && (q - wanted_q).abs() < 1e-9, "{p}, {q}");
    assert!(points.windows(2).all(|pair| pair[1][2] <= pair[0][2] * (1.0 + 1e-12)));
    // After the first step it is not there yet.
    assert!((points[100][1] - wanted_q).abs() > 1.0);
}

#[test]
fn the_cost_is_half_the_sum_of_squares() {
    let squares: f64 = DATA.iter().map(|d| d.1 * d.1).sum();
    assert_eq!(descent(0.1, 0)[0], [0.0, 0.0, squares / 2.0]);
}
