//! What is made of a graph, and of what it computes, for people: each reader behind a feature of its
//! own, since each brings a library.
#![forbid(unsafe_code)]

#[cfg(any(feature = "pictures", feature = "sheet"))]
mod file;
#[cfg(feature = "pictures")]
pub mod pictures;
#[cfg(feature = "sheet")]
pub mod sheet;

#[cfg(any(feature = "pictures", feature = "sheet"))]
pub use file::write;
