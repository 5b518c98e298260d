//! What is refused, with what was wrong and what was wanted.

use std::path::PathBuf;

/// Why there is no picture, or no file of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// There is nothing to draw.
    #[error("{0}: wanted at least one, found none")]
    Empty(String),
    /// A number that has no place on paper.
    #[error("{what}: number {index} is {value}, wanted {wanted}")]
    Number {
        /// Which numbers.
        what: String,
        /// The first bad one, counted from 0.
        index: usize,
        /// What it is.
        value: f64,
        /// What it should be.
        wanted: &'static str,
    },
    /// Numbers that belong together are not equally many.
    #[error("{what}: wanted {wanted}, found {found}")]
    Sizes {
        /// Which numbers.
        what: String,
        /// How many, or of which shape, they should be.
        wanted: String,
        /// How many there are, or of which shape they are.
        found: String,
    },
    /// More than can be looked at, or than a file should hold.
    #[error("{what}: {count}, wanted at most {most}")]
    TooLarge {
        /// What there is too much of.
        what: String,
        /// How much there is.
        count: usize,
        /// How much there may be.
        most: usize,
    },
    /// The file's name does not say what kind of picture is wanted.
    #[error("{}: wanted a name that ends in .svg or .png", .0.display())]
    Extension(PathBuf),
    /// The file could not be written; what was there before still is.
    #[error("{}: cannot be written: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The picture could not be turned into pixels.
    #[error("no PNG file of this picture: {0}")]
    Pixels(String),
}

/// Refuses an empty list.
pub fn some<T>(what: &str, items: &[T]) -> Result<(), PictureError> {
    if items.is_empty() { Err(PictureError::Empty(what.to_owned())) } else { Ok(()) }
}

/// Refuses more than `most`.
pub fn at_most(what: &str, count: usize, most: usize) -> Result<(), PictureError> {
    if count > most {
        return Err(PictureError::TooLarge { what: what.to_owned(), count, most });
    }
    Ok(())
}

/// The largest size of a number: sums and differences of such are finite, too.
const LARGEST: f64 = 1e100;

/// Refuses all but finite numbers that are not excessive.
pub fn finite<'a>(
    what: &str, numbers: impl IntoIterator<Item = &'a f64>,
) -> Result<(), PictureError> {
    all(what, numbers, "a finite number, of size 1e100 at most", |x| x.abs() <= LARGEST)
}

/// Refuses all but finite numbers above 0 that are not excessive.
pub fn positive<'a>(
    what: &str, numbers: impl IntoIterator<Item = &'a f64>,
) -> Result<(), PictureError> {
    let wanted = "a finite number above 0, 1e100 at most, since the axis is logarithmic";
    all(what, numbers, wanted, |x| x > 0.0 && x <= LARGEST)
}

/// Refuses lists that are not equally long.
pub fn equally_many(what: &str, wanted: usize, found: usize) -> Result<(), PictureError> {
    if wanted == found {
        return Ok(());
    }
    let [wanted, found] = [wanted, found].map(|n| n.to_string());
    Err(PictureError::Sizes { what: what.to_owned(), wanted, found })
}

fn all<'a>(
    what: &str, numbers: impl IntoIterator<Item = &'a f64>, wanted: &'static str,
    good: fn(f64) -> bool,
) -> Result<(), PictureError> {
    match numbers.into_iter().enumerate().find(|(_, value)| !good(**value)) {
        Some((index, &value)) => {
            Err(PictureError::Number { what: what.to_owned(), index, value, wanted })
        }
        None => Ok(()),
    }
}
