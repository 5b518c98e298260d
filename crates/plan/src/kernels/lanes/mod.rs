//! Convolutions and pooling of pictures whose examples are the last axis: a lane is an example.
//!
//! The cells that lie side by side in a row of a picture are contiguous for all examples together, so
//! a weight meets a run of numbers as long as a row times the examples. Nothing is materialised, and
//! where a filter reaches over the edge of a picture only the weights that meet cells are taken.

pub(crate) mod conv;
pub(crate) mod filter;
pub(crate) mod pool;
pub(crate) mod pooled;
mod taps;
pub(crate) mod winners;
