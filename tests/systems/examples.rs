//! The examples, as modules: all but their `main`, which is for `cargo run`.

#![allow(dead_code)]

#[path = "../../examples/activations.rs"]
pub mod activations;

#[path = "../../examples/descent.rs"]
pub mod descent;

#[path = "../../examples/logistic_regression.rs"]
pub mod logistic_regression;

#[path = "../../examples/nand_adder.rs"]
pub mod nand_adder;

#[path = "../../examples/perceptron.rs"]
pub mod perceptron;

#[path = "../../examples/regression.rs"]
pub mod regression;

#[path = "../../examples/small_changes.rs"]
pub mod small_changes;

#[path = "../../examples/threshold.rs"]
pub mod threshold;

#[path = "../../examples/toolbox.rs"]
pub mod toolbox;

#[path = "../../examples/vectorised.rs"]
pub mod vectorised;
