//! The rule of small changes and the steepest direction, against formulas of their own.

use crate::examples::small_changes::{DIRECTION, START, change, directions, unit};

/// The unit by its formula, and its gradient σ′(z) x.
fn by_hand(p: [f64; 3]) -> (f64, [f64; 3]) {
    let x = [1.5, 0.7, 1.0];
    let z: f64 = p.iter().zip(x).map(|(p, x)| p * x).sum();
    let e = (-z).exp();
    (1.0 / (1.0 + e), x.map(|x| e / (1.0 + e).powi(2) * x))
}

#[test]
fn the_unit_and_its_gradient_are_the_formulas() {
    let ((a, slope), (a_hand, slope_hand)) = (unit(START), by_hand(START));
    assert!((a - a_hand).abs() < 1e-15);
    assert!(slope.iter().zip(slope_hand).all(|(a, b)| (a - b).abs() < 1e-15));
}

#[test]
fn the_error_falls_as_the_square() {
    // The slope of log error over log t, from t = 2^−3 to 2^−10: 2, and nearer to it for small t.
    let error = |k: i32| {
        let (change, rule) = change(0.5f64.powi(k));
        (change - rule).abs()
    };
    for k in 3..10 {
        let slope = (error(k) / error(k + 1)).log2();
        assert!((slope - 2.0).abs() < 0.6 * 0.5f64.powi(k), "from 2^−{k}: {slope}");
    }
    // Its size is that of Taylor's second term, ½ σ″(z) (x·Δ)² with σ″ = σ′(1 − 2σ).
    let (a, slope) = by_hand(START);
    let along: f64 = 1.5 * DIRECTION[0] + 0.7 * DIRECTION[1] + DIRECTION[2];
    let second = 0.5 * slope[2] * (1.0 - 2.0 * a) * along * along;
    let (change, rule) = change(1e-4);
    assert!(((change - rule) / 1e-8 / second - 1.0).abs() < 1e-3);
}

#[test]
fn no_direction_is_steeper_than_against_the_gradient() {
    // ∇f = (2x + 3y, 3x + 8y) = (−1, −5) at (1, −1).
    let norm = 26f64.sqrt();
    let all = directions(360);
    for [angle, slope, change] in &all {
        assert!((slope + norm * angle.to_radians().cos()).abs() < 1e-13, "{angle}°");
        assert!(slope.abs() <= norm * (1.0 + 1e-15), "Cauchy–Schwarz at {angle}°");
        // The second term of Δf is at most the larger eigenvalue of the Hessian, 5 + √18, times t²/2.
        assert!((change - 0.001 * slope).abs() <= 0.5e-6 * (5.0 + 18f64.sqrt()) + 1e-14);
    }
    let least = all.iter().min_by(|a, b| a[2].total_cmp(&b[2])).expect("directions");
    assert!(least[0] == 0.0, "the largest fall is at {}°", least[0]);
}
