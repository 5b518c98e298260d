//! Kernels.
pub(crate) mod arrange;
mod elementwise;
pub(crate) mod matmul;
pub(crate) mod reduce;
mod isa;
pub(crate) use elementwise::*;
pub(crate) use isa::Isa;
pub use elementwise::{Numerics, Real};
