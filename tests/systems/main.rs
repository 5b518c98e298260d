//! The systems of the books, as the examples show them.
//!
//! Each example is a module here, so what it prints is what is tested; what that must be is computed
//! in the tests in another way.

mod examples;

mod activations;
mod cnn_digits;
mod count_parameters;
mod cross_entropy;
mod demons;
mod demons_learn;
mod descent;
mod logistic_regression;
mod mnist_seeds;
mod nand_adder;
mod perceptron;
mod pictures;
mod pixels;
mod preparation;
mod recurrent;
mod regression;
mod scan_by_hand;
mod small_changes;
mod sparse_text;
mod threshold;
mod toolbox;
mod vectorised;
mod weight_decay;
mod weights_from_elsewhere;
