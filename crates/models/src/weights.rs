//! Weights that another program made, from a safetensors file.

use std::path::{Path, PathBuf};

use gradus_ops::Scalar;
use ndarray::ArrayD;
use safetensors::tensor::{Dtype, Metadata, SafeTensors};

use crate::ModelError;

/// The named arrays of a safetensors file that any program wrote, of F64, F32, F16 or BF16 numbers
/// (the format: <https://huggingface.co/docs/safetensors>; F32, F64 and F16 are IEEE 754's; BF16 is
/// the upper half of an F32).
///
/// The names are those of the program. As in PyTorch, the weights of a [`Dense`](crate::Dense) layer
/// are \[out, in\], and the filters of a [`Conv`](crate::Conv) layer \[out, in / groups, rows,
/// columns\]; other layouts have to be turned. What was read is given to an evaluator, or to
/// [`Training::start_from`](crate::Training::start_from).
///
/// ```no_run
/// use gradus_models::{ModelError, Weights};
/// # fn main() -> Result<(), ModelError> {
/// let weights = Weights::read("elsewhere.safetensors".as_ref())?;
/// let w2 = weights.array::<f32>("fc1.weight", &[30, 784])?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Weights {
    path: PathBuf,
    metadata: Metadata,
    /// The file, of which the header's length and the header come first.
    bytes: Vec<u8>,
    /// Where the numbers begin.
    begin: usize,
}

impl Weights {
    /// Reads a file. Besides its bytes, memory is needed for its header alone.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is not a safetensors file, or a damaged one.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        // What is neither a file nor a folder may never end.
        if path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            let problem = "is there and not a file; wanted a safetensors file";
            return Err(ModelError::format(path, problem));
        }
        let bytes = std::fs::read(path).map_err(ModelError::file(path, "read"))?;
        Self::from_bytes(path, bytes)
    }

    /// The arrays in the bytes of a file; errors name it as `path`.
    ///
    /// # Errors
    ///
    /// If they are not those of a safetensors file, or of a damaged one.
    pub fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Self, ModelError> {
        let (header, metadata) = SafeTensors::read_metadata(&bytes).map_err(|error| {
            let problem = format!("not a safetensors file, or a damaged one: {error}");
            ModelError::format(path, problem)
        })?;
        Ok(Self { path: path.to_owned(), metadata, bytes, begin: 8 + header })
    }

    /// The arrays' names and shapes, in the order of their names.
    pub fn shapes(&self) -> Vec<(String, Vec<usize>)> {
        let arrays = self.metadata.tensors().into_iter();
        let mut shapes: Vec<_> = arrays.map(|(name, info)| (name, info.shape.clone())).collect();
        shapes.sort();
        shapes
    }

    /// The array of this name and shape, each number rounded to `T`: one that is too large for it
    /// becomes infinite. Infinite numbers and NaN are read as they are.
    ///
    /// # Errors
    ///
    /// If the file has no array of this name, or it has another shape, or numbers of another type
    /// than F64, F32, F16 and BF16.
    pub fn array<T: Scalar>(&self, name: &str, shape: &[usize]) -> Result<ArrayD<T>, ModelError> {
        let wrong = |problem| ModelError::format(&self.path, problem);
        let Some(info) = self.metadata.info(name) else {
            let there = self.shapes().into_iter().map(|(name, _)| format!("`{name}`"));
            let there = there.collect::<Vec<_>>().join(", ");
            return Err(wrong(format!("has no array `{name}`; it has {there}")));
        };
        if info.shape != shape {
            let found = &info.shape;
            return Err(wrong(format!("the array `{name}` is {found:?}; wanted {shape:?}")));
        }
        let (first, last) = info.data_offsets;
        let data = &self.bytes[self.begin + first..self.begin + last];
        let numbers: Vec<T> = match info.dtype {
            Dtype::F64 => numbers(data, f64::from_le_bytes),
            Dtype::F32 => numbers(data, |b| f32::from_le_bytes(b).into()),
            Dtype::F16 => numbers(data, |b| half(u16::from_le_bytes(b))),
            Dtype::BF16 => {
                numbers(data, |[low, high]| f32::from_le_bytes([0, 0, low, high]).into())
            }
            other => {
                let wanted = "wanted F64, F32, F16 or BF16";
                return Err(wrong(format!("the array `{name}` is of {other:?} numbers; {wanted}")));
            }
        };
        let array = ArrayD::from_shape_vec(shape, numbers);
        array.map_err(|error| wrong(format!("the array `{name}`: {error}")))
    }
}

/// The numbers in these bytes, N bytes each.
fn numbers<const N: usize, T: Scalar>(data: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<T> {
    data.as_chunks().0.iter().map(|&bytes| T::from_double(number(bytes))).collect()
}

/// The value of an IEEE 754 binary16: a sign, five bits of exponent, ten of the fraction.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023) / 1024.0);
    let size = match exponent {
        0 => fraction * 2f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction) * 2f64.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{arr0, array};

    /// A file of this header and these numbers.
    fn weights(header: &str, data: &[u8]) -> Result<Weights, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        let length = (header.len() as u64).to_le_bytes();
        std::fs::write(file.path(), [&length, header.as_bytes(), data].concat()).unwrap();
        Weights::read(file.path()).map_err(|error| sentence(&error, file.path()))
    }

    /// What an error says after the path.
    fn sentence(error: &ModelError, path: &Path) -> String {
        let (text, path) = (error.to_string(), format!("{}: ", path.display()));
        text.strip_prefix(&path).expect("the text names the file").to_owned()
    }

    fn one(kind: &str, shape: &str, data: &[u8]) -> Result<Weights, String> {
        let end = data.len();
        let array = format!(r#"{{"dtype":"{kind}","shape":{shape},"data_offsets":[0,{end}]}}"#);
        weights(&format!(r#"{{"fc.weight":{array}}}"#), data)
    }

    #[test]
    fn each_type_of_number_is_read() {
        let read = |kind, data: &[u8]| -> ArrayD<f64> {
            one(kind, "[1,2]", data).unwrap().array("fc.weight", &[1, 2]).unwrap()
        };
        let wide = [0.1f64.to_le_bytes(), (-3.0f64).to_le_bytes()].concat();
        assert_eq!(read("F64", &wide), array![[0.1, -3.0]].into_dyn());
        let single = [0.1f32.to_le_bytes(), (-3.0f32).to_le_bytes()].concat();
        assert_eq!(read("F32", &single), array![[f64::from(0.1f32), -3.0]].into_dyn());
        // 1 + 2⁻¹⁰, and −2.
        assert_eq!(read("F16", &[0x01, 0x3c, 0x00, 0xc0]), array![[1.0009765625, -2.0]].into_dyn());
        // 1 + 2⁻⁷, and −2.
        assert_eq!(read("BF16", &[0x81, 0x3f, 0x00, 0xc0]), array![[1.0078125, -2.0]].into_dyn());
    }

    #[test]
    fn a_half_is_what_ieee_754_says() {
        let least = 2f64.powi(-24);
        let values = [(0x0001, least), (0x03ff, 1023.0 * least), (0x0400, 1024.0 * least)];
        let values = [&values[..], &[(0x7bff, 65504.0), (0x3555, 1365.0 / 4096.0)]].concat();
        for (bits, value) in values {
            assert_eq!((half(bits), half(bits | 0x8000)), (value, -value), "{bits:#06x}");
        }
        assert_eq!((half(0x7c00), half(0xfc00)), (f64::INFINITY, f64::NEG_INFINITY));
        assert!(half(0x7e00).is_nan() && half(0x8000).is_sign_negative());
    }

    #[test]
    fn numbers_are_rounded_to_the_type_asked_for() {
        let scalar = one("F64", "[]", &(1.0 / 3.0f64).to_le_bytes()).unwrap();
        assert_eq!(scalar.array::<f32>("fc.weight", &[]).unwrap(), arr0(1.0f32 / 3.0).into_dyn());
        assert_eq!(scalar.shapes(), [("fc.weight".to_owned(), vec![])]);
    }

    #[test]
    fn what_is_not_there_or_different_is_named() {
        let refused = |weights: Weights, name: &str, shape: &[usize]| {
            sentence(&weights.array::<f64>(name, shape).unwrap_err(), &weights.path)
        };
        let good = one("F32", "[1,2]", &[0; 8]).unwrap();
        let text = refused(good.clone(), "w2", &[1, 2]);
        assert_eq!(text, "has no array `w2`; it has `fc.weight`");
        let text = refused(good, "fc.weight", &[2, 1]);
        assert_eq!(text, "the array `fc.weight` is [1, 2]; wanted [2, 1]");
        let text = refused(one("I64", "[1]", &[0; 8]).unwrap(), "fc.weight", &[1]);
        let wanted = "the array `fc.weight` is of I64 numbers; wanted F64, F32, F16 or BF16";
        assert_eq!(text, wanted);
    }

    #[test]
    fn damaged_files_are_refused_and_claims_are_not_allocated() {
        let begins = "not a safetensors file, or a damaged one: ";
        // Shapes that claim more than there is, also more than a machine can count.
        for shape in ["[3]", "[1152921504606846976]", "[4294967296,4294967296,4294967296]"] {
            let text = one("F32", shape, &[0; 8]).unwrap_err();
            assert!(text.starts_with(begins), "{shape}: {text}");
        }
        let text = one("F7", "[2]", &[0; 8]).unwrap_err();
        assert!(text.starts_with(begins), "{text}");
        let text = weights(r#"{"a":"#, &[]).unwrap_err();
        assert!(text.starts_with(begins), "{text}");
        let text = Weights::read(Path::new("no/such/file")).unwrap_err().to_string();
        assert!(text.starts_with("no/such/file: cannot read: "), "{text}");
    }
}
