//! Logistic regression, against the formulas of its costs and their second derivatives.

use crate::examples::logistic_regression::Error::{CrossEntropy, Squared};
use crate::examples::logistic_regression::{Error, descend, surface};

const DATA: [(f64, f64); 6] =
    [(-2.0, 0.0), (-1.0, 0.0), (-0.5, 1.0), (0.5, 0.0), (1.0, 1.0), (2.0, 1.0)];

/// J, its gradient, and its second derivatives by ww, wb and bb.
fn by_hand(error: Error, w: f64, b: f64) -> [f64; 6] {
    let mut sums = [0.0; 6];
    for (x, y) in DATA {
        let z = w * x + b;
        let a = 1.0 / (1.0 + (-z).exp());
        let s = a * (1.0 - a);
        let (cost, delta, second) = match error {
            // −ln σ(z) = ln(1 + e^−z), and −ln(1 − σ(z)) = ln(1 + e^z).
            CrossEntropy => ((if y == 1.0 { -z } else { z }).exp().ln_1p(), a - y, s),
            Squared => {
                let e = a - y;
                (0.5 * e * e, e * s, s * s + e * s * (1.0 - 2.0 * a))
            }
        };
        let terms = [cost, delta * x, delta, second * x * x, second * x, second];
        sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term / 6.0);
    }
    sums
}

fn grid() -> impl Iterator<Item = (f64, f64)> {
    (-12..=12).flat_map(|w| (-6..=6).map(move |b| (f64::from(w) / 2.0, f64::from(b))))
}

#[test]
fn costs_gradients_and_hessians_are_the_formulas() {
    for error in [CrossEntropy, Squared] {
        let mut at = surface(error);
        for (w, b) in grid() {
            let point = at(w, b);
            let [cost, dw, db, ww, wb, bb] = by_hand(error, w, b);
            let near = |a: f64, b: f64| (a - b).abs() < 1e-10;
            assert!(near(point.cost, cost), "{error:?} at ({w}, {b}): {}, not {cost}", point.cost);
            assert!(near(point.gradient[0], dw) && near(point.gradient[1], db));
            // Trace and determinant determine both eigenvalues.
            let [less, more] = point.eigenvalues;
            assert!(near(less + more, ww + bb) && near(less * more, ww * bb - wb * wb));
            assert!(less <= more);
        }
    }
}

#[test]
fn with_the_cross_entropy_the_cost_is_convex() {
    let mut at = surface(CrossEntropy);
    assert!(grid().all(|(w, b)| at(w, b).eigenvalues[0] > 0.0));
}

#[test]
fn with_the_squared_error_it_is_not() {
    let mut at = surface(Squared);
    let negative = grid().filter(|&(w, b)| at(w, b).eigenvalues[0] < 0.0).count();
    assert!(negative > grid().count() / 2, "{negative}");
    // A chord of a convex function lies above it.
    let [left, middle, right] = [-8.0, -4.0, 0.0].map(|w| at(w, 0.0).cost);
    assert!(middle > (left + right) / 2.0);
}

#[test]
fn from_far_away_only_the_cross_entropy_arrives() {
    let least = descend(CrossEntropy, [0.0, 0.0], 1.0, 2000).1;
    for from in [[-8.0, 0.0], [-8.0, 8.0]] {
        assert!((descend(CrossEntropy, from, 1.0, 2000).1 - least).abs() < 1e-9);
    }
    let least = descend(Squared, [0.0, 0.0], 1.0, 2000).1;
    assert!(descend(Squared, [-8.0, 8.0], 1.0, 200).1 > least + 0.1);
}
