//! Perceptrons, against the decisions and the truth table that they are for.

use crate::examples::perceptron::{all_inputs, perceptron, smooth};

#[test]
fn the_weekend_is_decided_as_the_weights_say() {
    let go = |threshold: f64| perceptron(&all_inputs(), [6.0, 2.0, 2.0], -threshold);
    for (k, (five, three)) in go(5.0).into_iter().zip(go(3.0)).enumerate() {
        let (weather, company, transport) = (k & 4 != 0, k & 2 != 0, k & 1 != 0);
        assert_eq!(five == 1.0, weather, "threshold 5: the weather alone decides");
        assert_eq!(three == 1.0, weather || company && transport, "threshold 3");
    }
}

#[test]
fn nand_is_nand() {
    assert_eq!(perceptron(&all_inputs(), [-2.0, -2.0], 3.0), [1.0, 1.0, 1.0, 0.0]);
}

#[test]
fn at_its_threshold_it_does_not_fire() {
    let near = [0.0, f64::MIN_POSITIVE, -f64::MIN_POSITIVE].map(|x| [x]);
    assert_eq!(perceptron(&near, [1.0], 0.0), [0.0, 1.0, 0.0]);
}

#[test]
fn a_small_change_of_a_weight_flips_a_perceptron_and_moves_a_sigmoid_unit_a_little() {
    let x = [[1.0, 1.0]];
    let (before, after) = ([-1.0 - 1e-9, -2.0], [-1.0 + 1e-9, -2.0]);
    assert_eq!(perceptron(&x, before, 3.0), [0.0]);
    assert_eq!(perceptron(&x, after, 3.0), [1.0]);
    // σ′(0) = ¼, so 2e-9 becomes 5e-10; σ near ½ is rounded to 1e-16.
    let moved = smooth(&x, after, 3.0)[0] - smooth(&x, before, 3.0)[0];
    assert!((moved - 5e-10).abs() < 1e-15, "{moved}");
}
