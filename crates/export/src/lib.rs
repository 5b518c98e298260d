//! What is made of a graph, and of what it computes, for people: each reader behind a feature of its
//! own, since each brings a library.
#![forbid(unsafe_code)]

#[cfg(feature = "pictures")]
pub mod pictures;
#[cfg(feature = "sheet")]
pub mod sheet;
