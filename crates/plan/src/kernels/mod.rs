//! The kernels: what a plan's steps compute with.

pub(crate) mod arrange;
pub(crate) mod conv;
mod elementwise;
mod functions;
mod gemm;
mod isa;
mod math;
pub(crate) mod matmul;
pub(crate) mod pool;
pub(crate) mod reduce;
mod vector;

pub(crate) use elementwise::{Form, Fun1, Fun2, Map1, Map2, Map3, map1, map2, select};
pub use elementwise::{Numerics, Real};
pub use isa::Isa;
