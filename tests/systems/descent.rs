//! Gradient descent, against the formulas of its sequences.

use crate::examples::descent::{bowl, descend, saddle, two_valleys};

#[test]
fn the_bowls_steps_are_a_geometric_sequence() {
    // x − η 2x = (1 − 2η) x.
    for eta in [0.001, 0.1, 0.5, 0.9, 1.0, 1.1] {
        for (k, point) in descend(bowl, [3.0, 2.0], eta, false, 40).iter().enumerate() {
            let factor = (1.0 - 2.0 * eta).powi(k as i32);
            for (at, from) in point.at.into_iter().zip([3.0, 2.0]) {
                assert!((at - from * factor).abs() <= 1e-13 * factor.abs().max(1.0), "{eta}, {k}");
            }
            assert_eq!(point.gradient, point.at.map(|x| 2.0 * x));
            assert_eq!(point.z, point.at[0] * point.at[0] + point.at[1] * point.at[1]);
        }
    }
}

#[test]
fn too_large_a_rate_oversteps_and_too_small_a_one_is_slow() {
    let x = |eta, k: usize| descend(bowl, [3.0, 2.0], eta, false, k)[k].at[0];
    assert!(x(0.001, 20) > 2.8, "slow");
    assert!(x(0.1, 20).abs() < 0.05, "right");
    assert!(x(0.9, 1) < 0.0 && x(0.9, 20).abs() < 0.05, "oversteps and settles");
    assert_eq!([x(1.0, 19), x(1.0, 20)], [-3.0, 3.0], "to and fro");
    assert!(x(1.1, 20) > 100.0, "away");
}

/// A root of x³ − x + 0.2, where ∂z/∂x of the two valleys is 0, by bisection.
fn root(mut low: f64, mut high: f64) -> f64 {
    let f = |x: f64| x * x * x - x + 0.2;
    assert!(f(low) * f(high) < 0.0);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        (low, high) = if f(low) * f(middle) <= 0.0 { (low, middle) } else { (middle, high) };
    }
    low
}

#[test]
fn a_small_rate_ends_in_the_valley_where_it_starts() {
    let (deep, ridge, shallow) = (root(-2.0, -0.7), root(-0.5, 0.5), root(0.6, 2.0));
    for k in -8..=8 {
        let from = f64::from(k) / 4.0 + 0.01;
        let end = descend(two_valleys, [from, 1.0], 0.01, false, 4000)[4000];
        let wanted = if from < ridge { deep } else { shallow };
        assert!((end.at[0] - wanted).abs() < 1e-9, "from {from}: {}", end.at[0]);
    }
    let z = |x| descend(two_valleys, [x, 0.0], 0.01, false, 0)[0].z;
    assert!(z(deep) < z(shallow) && z(shallow) < z(ridge), "a local minimum, and not the least");
}

#[test]
fn a_large_rate_leaps_from_valley_to_valley() {
    let (deep, shallow) = (root(-2.0, -0.7), root(0.6, 2.0));
    for (from, wanted) in [(1.6, deep), (-1.6, shallow)] {
        let far = descend(two_valleys, [from, 0.0], 1.0, false, 5)[5];
        let end = descend(two_valleys, far.at, 0.01, false, 4000)[4000];
        assert!((end.at[0] - wanted).abs() < 1e-9, "from {from}: {}", end.at[0]);
    }
}

#[test]
fn a_gradient_of_zero_need_not_be_a_minimum() {
    assert_eq!(descend(saddle, [0.0, 0.0], 0.1, false, 50)[50].at, [0.0, 0.0]);
    // y + η 2y.
    let y = descend(saddle, [0.0, 1e-6], 0.1, false, 50)[50].at[1];
    assert!((y / (1e-6 * 1.2f64.powi(50)) - 1.0).abs() < 1e-12);
}

#[test]
fn steps_of_a_constant_length_cannot_settle() {
    let eta = 0.35;
    let points = descend(bowl, [3.0, 2.0], eta, true, 200);
    for pair in points.windows(2) {
        let [a, b] = [0, 1].map(|i| pair[1].at[i] - pair[0].at[i]);
        assert!((a.hypot(b) - eta).abs() < 1e-12, "each step has the length η");
    }
    // √13 is 10 steps and 0.1056 more; from there to and fro, at 0.1056 and η less that.
    let left = 13f64.sqrt() - 10.0 * eta;
    for (k, point) in points.iter().enumerate().skip(10) {
        let wanted = if k % 2 == 0 { left } else { eta - left };
        assert!((point.z.sqrt() - wanted).abs() < 1e-10, "step {k}: {}", point.z.sqrt());
    }
}
