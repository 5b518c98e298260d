//! Pictures with labels: MNIST, its file format, and the order in which training takes them; and
//! pictures of single digits, made alike.

mod colours;
mod digit;
mod idx;
mod ink;
mod normal;
mod pictures;
mod shuffle;

pub use digit::{Digit, read_digit};
pub use idx::{Idx, read_idx};
pub use pictures::{Mnist, Pictures};
pub use shuffle::Shuffler;
