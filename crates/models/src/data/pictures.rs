//! Grey pictures with labels.

use std::path::{Path, PathBuf};

use ndarray::Array2;

use super::Idx;
use super::idx::read_idx_of;
use crate::ModelError;

/// Grey pictures of one size, each with a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pictures {
    rows: usize,
    columns: usize,
    classes: usize,
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl Pictures {
    /// Pictures of `rows` × `columns` pixels, one after the other, row by row, with a label each,
    /// which is less than `classes`.
    ///
    /// # Errors
    ///
    /// If the numbers do not fit each other.
    pub fn new(
        rows: usize, columns: usize, pixels: Vec<u8>, labels: Vec<u8>, classes: usize,
    ) -> Result<Self, ModelError> {
        let wanted = rows.checked_mul(columns).and_then(|size| size.checked_mul(labels.len()));
        if wanted != Some(pixels.len()) {
            let (pixels, labels) = (pixels.len(), labels.len());
            return Err(ModelError::Settings(format!(
                "{labels} pictures of {rows}×{columns} do not have {pixels} pixels"
            )));
        }
        if let Some(k) = labels.iter().position(|&label| usize::from(label) >= classes) {
            let label = labels[k];
            return Err(ModelError::Settings(format!(
                "picture {k} has the label {label}, the labels are 0 to {}",
                classes.saturating_sub(1)
            )));
        }
        Ok(Self { rows, columns, classes, pixels, labels })
    }

    /// How many pictures there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// How many pixels a picture has.
    pub fn size(&self) -> usize {
        self.rows * self.columns
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The labels.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The first `len` pictures, and the rest.
    ///
    /// # Panics
    ///
    /// If there are fewer than `len`.
    pub fn split(mut self, len: usize) -> (Self, Self) {
        let pixels = self.pixels.split_off(len * self.size());
        let labels = self.labels.split_off(len);
        let rest = Self { pixels, labels, ..self };
        (self, rest)
    }

    /// The chosen pictures as rows of numbers from 0 to 1 (in MNIST 0 is the white paper, 1 the
    /// black of the pen), and their labels as rows of targets: 1 for the class, 0 elsewhere.
    ///
    /// # Panics
    ///
    /// If a picture is chosen that is not there.
    pub fn batch(&self, chosen: &[usize]) -> (Array2<f32>, Array2<f32>) {
        let size = self.size();
        let mut x = Vec::with_capacity(chosen.len() * size);
        let mut y = Array2::zeros((chosen.len(), self.classes));
        for (row, &k) in chosen.iter().enumerate() {
            let pixels = &self.pixels[k * size..(k + 1) * size];
            x.extend(pixels.iter().map(|&pixel| f32::from(pixel) / 255.0));
            y[[row, usize::from(self.labels[k])]] = 1.0;
        }
        let x = Array2::from_shape_vec((chosen.len(), size), x).expect("a row for each picture");
        (x, y)
    }
}

/// The MNIST database of handwritten digits: 28×28 grey pictures of the digits 0 to 9.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mnist {
    /// The first 50,000 of the 60,000 training pictures, which M. Nielsen's networks learn from.
    pub training: Pictures,
    /// The other 10,000, for choosing among settings.
    pub validation: Pictures,
    /// The 10,000 test pictures.
    pub test: Pictures,
}

impl Mnist {
    /// How many of the training files' pictures are for training.
    const TRAINING: usize = 50_000;

    /// The names of the four files.
    const FILES: [&str; 4] = [
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ];

    /// Reads the four files from a folder, each plain (`train-images-idx3-ubyte`) or gzipped
    /// (`train-images-idx3-ubyte.gz`). Other pictures in files of the same names and sizes, as those
    /// of Fashion-MNIST (H. Xiao, K. Rasul, R. Vollgraf, arXiv:1708.07747), are read alike.
    ///
    /// # Errors
    ///
    /// If a file is missing, broken, or does not hold what MNIST's does.
    pub fn read(folder: &Path) -> Result<Self, ModelError> {
        let [images, labels, test_images, test_labels] = Self::FILES;
        let training = read_pair(folder, images, labels, 60_000)?;
        let test = read_pair(folder, test_images, test_labels, 10_000)?;
        let (training, validation) = training.split(Self::TRAINING);
        Ok(Self { training, validation, test })
    }
}

fn read_pair(
    folder: &Path, images: &str, labels: &str, count: usize,
) -> Result<Pictures, ModelError> {
    let (_, images) = read(folder, images, &[count, 28, 28])?;
    let (path, labels) = read(folder, labels, &[count])?;
    Pictures::new(28, 28, images.bytes, labels.bytes, 10)
        .map_err(|error| ModelError::format(&path, error.to_string()))
}

fn read(folder: &Path, name: &str, wanted: &[usize]) -> Result<(PathBuf, Idx), ModelError> {
    let (plain, zipped) = (folder.join(name), folder.join(format!("{name}.gz")));
    let path = match (plain.exists(), zipped.exists()) {
        (true, _) => plain,
        (false, true) => zipped,
        (false, false) => {
            let missing = match folder.is_dir() {
                true => format!("has no {name}, nor {name}.gz"),
                false => "is no folder".to_owned(),
            };
            let problem = format!(
                "{missing}; wanted a folder with {}, each as it is or with .gz: MNIST's, which are in \
                 data/mnist of Gradus, or others of their form, such as Fashion-MNIST's, which are in \
                 data/fashion of https://github.com/zalandoresearch/fashion-mnist",
                Mnist::FILES.join(", ")
            );
            return Err(ModelError::format(folder, problem));
        }
    };
    let idx = read_idx_of(&path, Some(wanted))?;
    Ok((path, idx))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_a_row_for_each_picture() {
        let pixels = vec![0, 51, 255, 102];
        let pictures = Pictures::new(1, 2, pixels, vec![2, 0], 3).unwrap();
        let (x, y) = pictures.batch(&[1, 0, 1]);
        assert_eq!(x, ndarray::array![[1.0, 0.4], [0.0, 0.2], [1.0, 0.4]]);
        assert_eq!(y, ndarray::array![[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]);
        let (first, rest) = pictures.split(1);
        assert_eq!((first.labels(), rest.labels()), (&[2][..], &[0][..]));
        assert_eq!(rest.batch(&[0]).0, ndarray::array![[1.0, 0.4]]);
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        let text = |labels| Pictures::new(1, 2, vec![0; 4], labels, 3).unwrap_err().to_string();
        assert_eq!(text(vec![0]), "1 pictures of 1×2 do not have 4 pixels");
        assert_eq!(text(vec![0, 3]), "picture 1 has the label 3, the labels are 0 to 2");
    }

    #[test]
    fn other_pictures_in_files_like_mnists_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, sizes: &[u32], byte: &dyn Fn(usize) -> u8| {
            let mut bytes = vec![0, 0, 8, sizes.len() as u8];
            sizes.iter().for_each(|size| bytes.extend(size.to_be_bytes()));
            bytes.extend((0..sizes.iter().product::<u32>() as usize).map(byte));
            std::fs::write(folder.path().join(name), bytes).unwrap();
        };
        for (name, count) in [("train", 60_000), ("t10k", 10_000)] {
            // No digits: picture k is all of one grey.
            let grey = |k: usize| (k / 784 % 251) as u8;
            write(&format!("{name}-images-idx3-ubyte"), &[count, 28, 28], &grey);
            write(&format!("{name}-labels-idx1-ubyte"), &[count], &|k| (k % 10) as u8);
        }
        let Mnist { training, validation, test } = Mnist::read(folder.path()).unwrap();
        let lengths = [&training, &validation, &test].map(Pictures::len);
        assert_eq!(lengths, [50_000, 10_000, 10_000]);
        // The first validation picture is the training files' 50,001st.
        let (x, y) = validation.batch(&[0, 3]);
        let greys = [50_000, 50_003].map(|k| (k % 251) as f32 / 255.0);
        assert!((0..2).all(|row| x.row(row).iter().all(|&pixel| pixel == greys[row])));
        assert_eq!((y[[0, 0]], y[[1, 3]], y.sum()), (1.0, 1.0, 2.0));
    }

    #[test]
    fn a_folder_without_the_files_is_told_what_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let text = |path: &Path| {
            let text = Mnist::read(path).unwrap_err().to_string();
            text.strip_prefix(&format!("{}: ", path.display())).unwrap().to_owned()
        };
        let wanted = "; wanted a folder with train-images-idx3-ubyte, train-labels-idx1-ubyte, \
                      t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each as it is or with .gz: \
                      MNIST's, which are in data/mnist of Gradus, or others of their form, such as \
                      Fashion-MNIST's, which are in data/fashion of \
                      https://github.com/zalandoresearch/fashion-mnist";
        assert_eq!(text(&folder.path().join("none")), format!("is no folder{wanted}"));
        let name = "train-images-idx3-ubyte";
        assert_eq!(text(folder.path()), format!("has no {name}, nor {name}.gz{wanted}"));
        // The first file is MNIST's; the second is missing.
        let mnist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/mnist");
        let name = format!("{name}.gz");
        std::fs::copy(mnist.join(&name), folder.path().join(&name)).unwrap();
        let name = "train-labels-idx1-ubyte";
        assert_eq!(text(folder.path()), format!("has no {name}, nor {name}.gz{wanted}"));
    }

    #[test]
    fn other_sizes_are_refused_by_the_header_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("train-images-idx3-ubyte");
        // It claims a pixel more than all, and has none.
        std::fs::write(&file, [0, 0, 8, 3, 0, 0, 0xea, 0x60, 0, 0, 0, 28, 0, 0, 0, 29]).unwrap();
        let text = Mnist::read(folder.path()).unwrap_err().to_string();
        let wanted = "wanted [60000, 28, 28], found [60000, 28, 29]";
        assert_eq!(text, format!("{}: {wanted}", file.display()));
    }
}
