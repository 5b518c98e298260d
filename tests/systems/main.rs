//! The systems of the books, as the examples show them.
//!
//! Each example is a module here, so what it prints is what is tested; what that must be is computed
//! in the tests in another way.

mod examples;

mod activations;
mod descent;
mod logistic_regression;
mod nand_adder;
mod perceptron;
mod regression;
mod small_changes;
mod threshold;
mod toolbox;
mod vectorised;
