//! The examples, as modules: all but their `main`, which is for `cargo run`.

#![allow(dead_code)]

#[path = "../../examples/activations.rs"]
pub mod activations;

#[path = "../../examples/descent.rs"]
pub mod descent;

#[path = "../../examples/nand_adder.rs"]
pub mod nand_adder;

#[path = "../../examples/perceptron.rs"]
pub mod perceptron;

#[path = "../../examples/small_changes.rs"]
pub mod small_changes;

#[path = "../../examples/threshold.rs"]
pub mod threshold;
