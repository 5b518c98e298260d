//! The threshold neuron, against its condition in whole numbers.

use crate::examples::threshold::{all_inputs, drawing, outputs};

#[test]
fn it_fires_iff_the_weighted_sum_reaches_the_threshold() {
    assert_eq!(all_inputs().len(), 8);
    for theta in -3..=5 {
        let y = outputs(&all_inputs(), [2.0, 1.0, -1.0], f64::from(theta));
        for (k, y) in (0..8).zip(y) {
            let sum = 2 * (k / 4) + (k / 2) % 2 - k % 2;
            assert_eq!(y, if sum >= theta { 1.0 } else { 0.0 }, "input {k}, θ = {theta}");
        }
    }
}

#[test]
fn its_output_does_not_grow_with_its_input() {
    let x = [1.0, 10.0, 1e3, 1e9, 1e300].map(|x| [x, 0.0, 0.0]);
    assert_eq!(outputs(&x, [2.0, 1.0, -1.0], 2.0), [1.0; 5]);
    assert_eq!(outputs(&x.map(|x| [-x[0], 0.0, 0.0]), [2.0, 1.0, -1.0], 2.0), [0.0; 5]);
}

#[test]
fn a_larger_threshold_is_less_sensitive() {
    let firing = |theta| outputs(&all_inputs(), [2.0, 1.0, -1.0], theta).iter().sum::<f64>();
    let counts = [-1.0, 0.0, 1.0, 2.0, 3.0, 4.0].map(firing);
    assert_eq!(counts, [8.0, 7.0, 5.0, 3.0, 1.0, 0.0]);
}

#[test]
fn the_drawing_is_a_half_plane_with_its_edge() {
    let rows = drawing([1.0, 2.0], 2.0);
    for (j, row) in rows.iter().rev().enumerate() {
        for (i, cell) in row.chars().enumerate() {
            // x₁ = i/8, x₂ = j/4.
            assert_eq!(cell == '#', i + 4 * j >= 16, "x₁ = {i}/8, x₂ = {j}/4");
        }
    }
    assert_eq!((rows.len(), rows[0].chars().count()), (9, 25));
}
