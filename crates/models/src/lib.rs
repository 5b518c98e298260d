//! Networks and their training, on top of `gradus-ops`.
//!
//! * [`Network`]: dense layers composed; it owns names and sizes, and writes its expressions into
//!   any graph;
//! * [`Init`]: where the parameters start; [`Cost`]: what they are to make small; [`Sgd`]: how;
//! * [`data`]: the MNIST pictures, and the IDX files they come in; digits from PNG files;
//! * [`Training`]: a network being trained, saved to and loaded from a file, resumed bit for bit.
//!
//! ```
//! use gradus_models::{Activation, Cost, Init, Network, Sgd, Settings, Training};
//! use gradus_models::data::Pictures;
//!
//! // Two pictures of 2×2 pixels, of the classes 0 and 1.
//! let pixels = vec![255, 0, 255, 0, 0, 255, 0, 255];
//! let pictures = Pictures::new(2, 2, pixels, vec![0, 1], 2).unwrap();
//! let network = Network::dense(&[4, 3, 2], Activation::Sigmoid).unwrap();
//! let settings = Settings {
//!     cost: Cost::Quadratic,
//!     sgd: Sgd { eta: 3.0, momentum: 0.0 },
//!     batch: 1,
//!     init: Init::Scaled,
//!     seed: 1,
//! };
//! let mut training = Training::start(network, settings).unwrap();
//! for _ in 0..200 {
//!     training.epoch(&pictures, |_, _| ()).unwrap();
//! }
//! assert_eq!(training.count_correct(&pictures, 1).unwrap(), 2);
//! ```
//!
//! # Invariants
//!
//! * Invariant: no public struct holds an expression beyond the call that made it; a network holds
//!   names and sizes and finds its nodes again by hash-consing.
//! * Invariant: what changes in training is a table of named arrays that the caller owns, and
//!   changes only by update expressions of one step.
//! * Invariant: a seed decides every bit, whatever the number of threads.

#![forbid(unsafe_code)]

mod checkpoint;
mod cost;
pub mod data;
mod error;
mod init;
mod network;
mod sgd;
mod train;

pub use checkpoint::{check_writable, write_atomically};
pub use cost::Cost;
pub use error::ModelError;
pub use init::Init;
pub use network::{Activation, Dense, Forward, Network, Parameter};
pub use sgd::Sgd;
pub use train::{Settings, Training};
