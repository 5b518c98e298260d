//! The kernels: what a plan's steps compute with, one instance per number type and instruction set.

pub(crate) mod arrange;
mod axis;
pub(crate) mod conv;
pub(crate) mod cost;
mod elementwise;
pub(crate) mod ending;
pub(crate) mod epilogue;
mod gemm;
mod isa;
pub(crate) mod lanes;
mod math;
pub(crate) mod matmul;
pub(crate) mod pass;
pub(crate) mod pool;
mod portable;
pub(crate) mod reduce;
pub(crate) mod short;
pub(crate) mod step;
pub(crate) mod turn;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use elementwise::{Form, Fun1, Fun2, Map1, Map2, Map3};
pub use elementwise::{Numerics, Real};
pub(crate) use gemm::lanes as lanes_of;
pub use isa::Isa;
