//! The examples, as modules.

#![allow(dead_code, reason = "an example has a main function")]
#![allow(clippy::duplicate_mod, reason = "some examples share one")]

#[path = "../../examples/pixels/mod.rs"]
pub mod pixels;

#[path = "../../examples/cnn_digits.rs"]
pub mod cnn_digits;

#[path = "../../examples/demons_learn.rs"]
pub mod demons_learn;

#[path = "../../examples/descent.rs"]
pub mod descent;

#[path = "../../examples/regression.rs"]
pub mod regression;

#[path = "../../examples/spreadsheet.rs"]
pub mod spreadsheet;

#[path = "../../examples/spreadsheet_networks.rs"]
pub mod spreadsheet_networks;
