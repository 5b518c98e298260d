//! Pictures of single digits, from PNG files.
//!
//! A picture becomes what MNIST's pictures are, in six steps:
//!
//! 1. to grey, by the weights of ITU-R BT.601, transparency over white paper;
//! 2. inversion: the picture's border tells which is paper and which is ink;
//! 3. contrast: paper to 0, the strongest ink to 255, noise cut off;
//! 4. crop to the box around the ink;
//! 5. scale the longer side to 20, and thin strokes thickened so that they last;
//! 6. in 28×28 pixels, with the centre of mass in the centre.
//!
//! The reasons are those of MNIST's own pictures: they were size-normalised and centred so (the
//! page of the MNIST database, Y. LeCun, C. Cortes, C. J. C. Burges). Conventions and
//! limits are where the steps are: the first in `colours.rs`, the second and third in `ink.rs`, the
//! others in `normal.rs`.

use std::fmt;
use std::path::Path;

use ndarray::Array2;

use super::colours::{LARGEST, decode};
use super::normal::{SIDE, normalise};
use crate::{ModelError, read_bounded};

/// A digit as MNIST's pictures have it: 28×28 grey values, row by row, 0 for paper and 255 for the
/// strongest ink. It is shown as text with two characters a pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digit {
    pixels: Vec<u8>,
}

/// Reads a PNG picture of one digit: of any size up to 8192×8192, colour type and bit depth,
/// dark on light or light on dark, anywhere in the picture.
///
/// # Errors
///
/// If the file cannot be read, is not a PNG or a damaged one, is larger than 64 MiB or 8192×8192
/// pixels, or has nothing that stands out from the paper.
pub fn read_digit(path: &Path) -> Result<Digit, ModelError> {
    let bytes = read_bounded(path, LARGEST)?;
    Digit::from_png(&bytes).map_err(|problem| ModelError::format(path, problem))
}

impl Digit {
    /// Reads the bytes of a PNG file, as [`read_digit`] does.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with the bytes or with the picture.
    pub fn from_png(bytes: &[u8]) -> Result<Self, String> {
        let colours = decode(bytes)?;
        let over_white = normalise(&colours.grey(255));
        // White ink on transparent paper shows over black only.
        let pixels = match colours.transparent() {
            true => over_white.or_else(|_| normalise(&colours.grey(0))),
            false => over_white,
        };
        Ok(Self { pixels: pixels? })
    }

    /// The 784 grey values, row by row; 0 is paper, 255 the strongest ink.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The picture as a batch of one, \[1, 784\], with numbers from 0 to 1 as
    /// [`Pictures::batch`](super::Pictures::batch) gives them.
    pub fn row(&self) -> Array2<f32> {
        let row = self.pixels.iter().map(|&pixel| f32::from(pixel) / 255.0).collect();
        Array2::from_shape_vec((1, SIDE * SIDE), row).expect("28×28 pixels")
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in self.pixels.chunks(SIDE) {
            let line: String = row
                .iter()
                .map(|pixel| match pixel {
                    0..32 => "  ",
                    32..96 => "░░",
                    96..160 => "▒▒",
                    160..224 => "▓▓",
                    224.. => "██",
                })
                .collect();
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Pictures;
    use std::io::Write;

    #[test]
    fn a_digit_is_a_batch_of_one() {
        let pixels: Vec<u8> = (0..784).map(|k| (k % 256) as u8).collect();
        let pictures = Pictures::new(28, 28, pixels.clone(), vec![7], 10).unwrap();
        assert_eq!(Digit { pixels }.row(), pictures.batch(&[0]).0);
    }

    #[test]
    fn a_digit_is_shown_as_text() {
        let mut pixels = vec![0; 784];
        pixels[..8].copy_from_slice(&[255, 224, 223, 160, 159, 96, 95, 32]);
        pixels[783 - 27] = 31;
        pixels[783] = 255;
        let text = Digit { pixels }.to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!((lines.len(), lines[0], lines[1]), (28, "████▓▓▓▓▒▒▒▒░░░░", ""));
        assert_eq!(lines[27], format!("{}██", " ".repeat(54)));
    }

    #[test]
    fn a_file_that_is_no_picture_is_named() {
        let error = read_digit(Path::new("no/such/file")).unwrap_err().to_string();
        assert!(error.starts_with("no/such/file: cannot open: "), "{error}");
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"GIF89a, and so on").unwrap();
        assert_eq!(
            read_digit(file.path()).unwrap_err().to_string(),
            format!(
                "{}: not a PNG file: it begins with [47, 49, 46, 38, 39, 61, 2c, 20], wanted \
                 [89, 50, 4e, 47, 0d, 0a, 1a, 0a]",
                file.path().display()
            )
        );
    }
}
