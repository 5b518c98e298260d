//! Slow learning and its cure, against the formulas of δ, and the figures of the books.

use crate::examples::cross_entropy::{Measure, cross_entropy, learn, quadratic};

const STARTS: [[f64; 2]; 2] = [[0.6, 0.9], [2.0, 2.0]];

/// To three digits.
fn agrees(value: f64, figure: f64) -> bool {
    let digits = 10f64.powf(2.0 - figure.abs().log10().floor());
    (value * digits).round() == (figure * digits).round()
}

#[test]
fn outputs_and_errors_are_the_formulas() {
    let by_quadratic = |a: f64| a * a * (1.0 - a);
    for (cost, formula) in
        [(quadratic as Measure, by_quadratic as fn(f64) -> f64), (cross_entropy, |a| a)]
    {
        for [mut w, mut b] in STARTS {
            for [a, delta] in learn(cost, [w, b], 0.15, 300) {
                // x = 1 and y = 0, so δ is ∂C/∂w and ∂C/∂b.
                let by_hand = 1.0 / (1.0 + (-w - b).exp());
                assert!((a - by_hand).abs() < 1e-12, "{a}, not {by_hand}");
                assert!((delta - formula(by_hand)).abs() < 1e-12);
                (w, b) = (w - 0.15 * formula(by_hand), b - 0.15 * formula(by_hand));
            }
        }
    }
}

#[test]
fn figures_are_those_of_the_books() {
    let [near, far] = STARTS
        .map(|start| [quadratic, cross_entropy].map(|cost: Measure| learn(cost, start, 0.15, 300)));
    let figures = [
        (near[0][0][0], 0.818),
        (far[0][0][0], 0.982),
        (near[0][0][1], 0.122),
        (far[0][0][1], 0.0173),
        (near[1][0][1], 0.818),
        (far[1][0][1], 0.982),
        (near[0][300][0], 0.0940),
        (far[0][300][0], 0.203),
    ];
    for (value, figure) in figures {
        assert!(agrees(value, figure), "{value}, not {figure}");
    }
    // Given to two digits.
    for run in [&near[1], &far[1]] {
        assert_eq!((run[300][0] * 1000.0).round(), 12.0, "{}", run[300][0]);
    }
}

#[test]
fn the_costs_by_epoch_are_half_the_square_of_the_output() {
    let histories = crate::examples::slow_learning::histories();
    assert_eq!(histories.len(), STARTS.len());
    for (history, start) in histories.iter().zip(STARTS) {
        let other = learn(quadratic, start, 0.15, 300);
        assert_eq!(history.len(), other.len());
        for ([a, delta, cost], [other_a, other_delta]) in history.iter().zip(other) {
            assert!((a - other_a).abs() < 1e-12 && (delta - other_delta).abs() < 1e-12);
            assert!((cost - 0.5 * other_a * other_a).abs() < 1e-12);
        }
    }
    // What the picture shows: in half of the epochs the better start loses almost all of its cost, the
    // worse one a tenth of it.
    let left = |history: &[[f64; 3]]| history[150][2] / history[0][2];
    assert!(left(&histories[0]) < 0.1 && left(&histories[1]) > 0.85);
}

#[test]
fn the_books_example_shows_the_same() {
    // tests/book.rs holds this text to what the example `slow_learning` prints.
    let text = std::fs::read_to_string("book/src/output/slow_learning.txt").unwrap();
    let runs = STARTS.map(|start| learn(quadratic, start, 0.15, 300));
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip(2)
        .map(|line| line.split_whitespace().map(|word| word.parse().unwrap()).collect())
        .collect();
    assert_eq!(rows.len(), 8);
    for row in rows {
        let epoch = row[0] as usize;
        for (k, run) in runs.iter().enumerate() {
            let [a, delta] = run[epoch];
            assert!((row[1 + 2 * k] - a).abs() < 0.0006, "{row:?}: {a}");
            assert!((row[2 + 2 * k] - delta).abs() < 0.00006, "{row:?}: {delta}");
        }
    }
}

#[test]
fn only_the_quadratic_cost_is_slowest_where_it_is_most_wrong() {
    let fall = |cost, eta| {
        let run = learn(cost, [2.0, 2.0], eta, 300);
        let falls: Vec<f64> = run.windows(2).map(|pair| pair[0][0] - pair[1][0]).collect();
        falls.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0
    };
    assert!(fall(quadratic, 0.15) > 150);
    assert!(fall(cross_entropy, 0.15) < 40);
    // δ itself, the speed of w and b, is largest at the very start.
    let deltas = learn(cross_entropy, [2.0, 2.0], 0.005, 300);
    assert!(deltas.windows(2).all(|pair| pair[1][1] < pair[0][1]));
}
