//! Weight decay, against the solution of its linear equations, and a search around the circle.

use crate::examples::weight_decay::{DATA, constrained, penalised};

/// C, and its slopes by both weights.
fn cost([a, b]: [f64; 2]) -> (f64, [f64; 2]) {
    let errors = DATA.map(|[x, z, y]| a * x + b * z - y);
    let mean = |f: &dyn Fn(usize) -> f64| (0..6).map(f).sum::<f64>() / 6.0;
    let slopes = [0, 1].map(|i| mean(&|k| errors[k] * DATA[k][i]));
    (0.5 * mean(&|k| errors[k] * errors[k]), slopes)
}

/// (XᵀX/n + λ) w = Xᵀy/n, by Cramer's rule.
fn ridge(lambda: f64) -> [f64; 2] {
    let mean = |i: usize, j: usize| DATA.iter().map(|row| row[i] * row[j]).sum::<f64>() / 6.0;
    let (a, b, d) = (mean(0, 0) + lambda, mean(0, 1), mean(1, 1) + lambda);
    let (r, s) = (mean(0, 2), mean(1, 2));
    let determinant = a * d - b * b;
    [(r * d - b * s) / determinant, (a * s - r * b) / determinant]
}

const LAMBDAS: [f64; 8] = [0.0, 0.001, 0.01, 0.05, 0.2, 0.7, 2.0, 6.0];

#[test]
fn the_penalised_path_is_that_of_the_linear_equations() {
    let mut before = f64::INFINITY;
    for lambda in LAMBDAS {
        let ([a, b], least) = penalised(lambda);
        let wanted = ridge(lambda);
        assert!((a - wanted[0]).abs() < 1e-9 && (b - wanted[1]).abs() < 1e-9, "λ = {lambda}");
        assert!((least - cost(wanted).0).abs() < 1e-12);
        assert!(a.hypot(b) < before, "the larger λ, the smaller |w|");
        before = a.hypot(b);
    }
}

#[test]
fn the_constrained_solution_is_the_penalised_one_and_its_multiplier_is_lambda() {
    for lambda in LAMBDAS {
        let [a, b] = ridge(lambda);
        let (w, multiplier) = constrained(a.hypot(b));
        assert!((w[0] - a).abs() < 1e-6 && (w[1] - b).abs() < 1e-6, "λ = {lambda}: {w:?}");
        assert!((multiplier - lambda).abs() < 1e-6, "λ = {lambda}: {multiplier}");
        // ∇C + λw = 0.
        let (_, slopes) = cost(w);
        assert!((0..2).all(|i| (slopes[i] + lambda * w[i]).abs() < 1e-6));
    }
}

#[test]
fn no_other_point_of_the_circle_costs_less() {
    for r in [0.3, 1.0, 2.0, 3.0] {
        let (w, _) = constrained(r);
        assert!((w[0].hypot(w[1]) - r).abs() < 1e-12);
        let least = cost(w).0;
        for k in 0..3600 {
            let t = f64::from(k) * std::f64::consts::TAU / 3600.0;
            assert!(cost([r * t.cos(), r * t.sin()]).0 >= least - 1e-12, "r = {r}, t = {t}");
        }
    }
}
