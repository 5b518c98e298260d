//! Pictures with labels: MNIST, its file format, and the order in which training takes them.

mod idx;
mod pictures;
mod shuffle;

pub use idx::{Idx, read_idx};
pub use pictures::{Mnist, Pictures};
pub use shuffle::Shuffler;
