//! The examples, as modules.

#![allow(dead_code, reason = "an example has a main function")]
#![allow(clippy::duplicate_mod, reason = "some examples share one")]

#[path = "../../examples/out/mod.rs"]
pub mod out;

#[path = "../../examples/pixels/mod.rs"]
pub mod pixels;

#[path = "../../examples/activations.rs"]
pub mod activations;

#[path = "../../examples/cnn_digits.rs"]
pub mod cnn_digits;

#[path = "../../examples/count_parameters.rs"]
pub mod count_parameters;

#[path = "../../examples/cross_entropy.rs"]
pub mod cross_entropy;

#[path = "../../examples/curve_fit.rs"]
pub mod curve_fit;

#[path = "../../examples/demons.rs"]
pub mod demons;

#[path = "../../examples/demons_learn.rs"]
pub mod demons_learn;

#[path = "../../examples/descent.rs"]
pub mod descent;

#[path = "../../examples/draw_pixels.rs"]
pub mod draw_pixels;

#[path = "../../examples/gradient_check.rs"]
pub mod gradient_check;

#[path = "../../examples/lagrange.rs"]
pub mod lagrange;

#[path = "../../examples/logistic_regression.rs"]
pub mod logistic_regression;

#[path = "../../examples/mnist_seeds.rs"]
pub mod mnist_seeds;

#[path = "../../examples/nand_adder.rs"]
pub mod nand_adder;

#[path = "../../examples/perceptron.rs"]
pub mod perceptron;

#[path = "../../examples/preparation.rs"]
pub mod preparation;

#[path = "../../examples/recurrent.rs"]
pub mod recurrent;

#[path = "../../examples/regression.rs"]
pub mod regression;

#[path = "../../examples/scan_by_hand.rs"]
pub mod scan_by_hand;

#[path = "../../examples/slow_learning.rs"]
pub mod slow_learning;

#[path = "../../examples/small_changes.rs"]
pub mod small_changes;

#[path = "../../examples/sparse_text.rs"]
pub mod sparse_text;

#[path = "../../examples/threshold.rs"]
pub mod threshold;

#[path = "../../examples/toolbox.rs"]
pub mod toolbox;

#[path = "../../examples/vectorised.rs"]
pub mod vectorised;

#[path = "../../examples/weight_decay.rs"]
pub mod weight_decay;

#[path = "../../examples/weights_from_elsewhere.rs"]
pub mod weights_from_elsewhere;
