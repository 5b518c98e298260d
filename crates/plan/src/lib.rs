//! Compiled graphs.
mod absorb;
mod arena;
mod fuse;
mod kernels;
mod lower;
mod memory;
mod net;
mod normal;
mod pass;
mod plan;
mod schedule;
mod simplify;
mod step;
mod view;
pub use kernels::{Isa, Numerics, Real};
pub use plan::{Plan, compile};
