//! Networks and their training, on top of `gradus-ops`.
//!
//! * [`Network`]: layers composed (the module [`layer`]); it owns names and sizes, and writes its
//!   expressions into any graph; [`classic`] has the books' own;
//! * [`Init`]: where the parameters start; [`Cost`]: what they are to make small; [`Optimiser`]:
//!   how; [`Schedule`]: how fast;
//! * [`data`]: the MNIST pictures, and the files they come in;
//! * [`Training`]: a network being trained, saved to and loaded from a file, resumed bit for bit;
//! * [`Weights`]: what another program wrote into a safetensors file;
//! * the module [`minimise`]: minima of any expression, least squares, constraints, error bars;
//! * [`Evaluation`] and [`History`]: how well it does.
//!
//! ```
//! use gradus_models::{Activation, Network, Settings, Training};
//! use gradus_models::data::Pictures;
//!
//! // Two pictures of 2×2 pixels, of the classes 0 and 1.
//! let pixels = vec![255, 0, 255, 0, 0, 255, 0, 255];
//! let pictures = Pictures::new(2, 2, pixels, vec![0, 1], 2).unwrap();
//! let network = Network::dense(&[4, 3, 2], Activation::Sigmoid).unwrap();
//! let settings = Settings { batch: 1, ..Settings::default() };
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

mod activation;
mod checkpoint;
pub mod classic;
mod cost;
pub mod data;
mod error;
mod file;
mod history;
mod init;
pub mod layer;
mod metrics;
pub mod minimise;
mod network;
mod optimiser;
mod parameter;
mod schedule;
mod train;
mod weights;

pub use activation::Activation;
pub use cost::Cost;
pub use error::ModelError;
pub use file::{check_writable, read_bounded, write_atomically};
pub use history::{History, Record};
pub use init::Init;
pub use layer::{AvgPool, BatchNorm, Conv, Dense, Dropout, Flatten, Layer, MaxPool};
pub use metrics::{Confusion, Evaluation, Score, largest};
pub use network::{Forward, Network};
pub use optimiser::{Adam, Optimiser, Sgd};
pub use parameter::{Parameter, Role};
pub use schedule::Schedule;
pub use train::{Settings, Training};
pub use weights::Weights;
