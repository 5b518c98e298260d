//! The crate's tests, over a toy language of its own.

mod derivatives;
mod graph;
mod toy;
