//! The half adder, against the addition of bits.

use crate::examples::nand_adder::{size, table};

#[test]
fn the_half_adder_adds() {
    for (k, [sum, carry]) in table(0.0).into_iter().enumerate() {
        let wanted = k / 2 + k % 2;
        assert_eq!([sum, carry], [wanted % 2, wanted / 2].map(|bit| bit as f64), "row {k}");
    }
}

#[test]
fn it_has_five_gates() {
    assert_eq!(size().1, 5);
}

#[test]
fn small_errors_of_weights_change_nothing_and_larger_ones_flip_outputs() {
    for extra in [-0.99, -0.4, 0.3, 0.99] {
        assert_eq!(table(extra), table(0.0), "{extra}");
    }
    // At −2 + 1.01 both inputs leave 3 − 0.99 − 2 > 0: no gate ever gives 0, and the carry is 1.
    assert_eq!(table(1.01), [[1.0, 1.0]; 4]);
}
