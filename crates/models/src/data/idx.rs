//! The IDX format of the MNIST files.
//!
//! Two zero bytes, a byte for the type of the elements (8: unsigned bytes), a byte for the number
//! of dimensions, the sizes as big-endian 32-bit numbers, then the elements in row-major order.
//! Source: the page of the MNIST database, Y. LeCun, C. Cortes, C. J. C. Burges.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::ModelError;

/// The most bytes that a file may claim to hold. MNIST's largest has 47 million.
const LIMIT: usize = 1 << 30;

/// An array of bytes, as an IDX file holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idx {
    /// The sizes of the dimensions.
    pub sizes: Vec<usize>,
    /// The elements in row-major order.
    pub bytes: Vec<u8>,
}

/// Reads an IDX file of unsigned bytes, plain or gzipped; which, it tells from the first bytes.
///
/// # Errors
///
/// If the file cannot be read, is not IDX, holds other elements than bytes, or has fewer or more
/// of them than its header says.
pub fn read_idx(path: &Path) -> Result<Idx, ModelError> {
    read_idx_of(path, None)
}

/// Reads an IDX file of these sizes; of others nothing is read but the header.
pub(super) fn read_idx_of(path: &Path, wanted: Option<&[usize]>) -> Result<Idx, ModelError> {
    let mut file = BufReader::new(File::open(path).map_err(ModelError::file(path, "open"))?);
    file.fill_buf().map_err(ModelError::file(path, "read"))?;
    parse(file, wanted).map_err(|problem| ModelError::format(path, problem))
}

impl Idx {
    /// Reads the bytes of a file, as [`read_idx`] does.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        parse(bytes, None)
    }
}

fn parse(mut source: impl BufRead, wanted: Option<&[usize]>) -> Result<Idx, String> {
    let peek = source.fill_buf().map_err(|error| format!("cannot read: {error}"))?;
    match peek.starts_with(&[0x1f, 0x8b]) {
        true => parse_plain(&mut MultiGzDecoder::new(source), wanted),
        false => parse_plain(&mut source, wanted),
    }
}

/// Reads no more than the header claims, and a byte to see whether there is more: what a header
/// claims is never allocated ahead.
fn parse_plain(source: &mut impl Read, wanted: Option<&[usize]>) -> Result<Idx, String> {
    let mut magic = [0; 4];
    read_exactly(source, &mut magic, "the header of an IDX file")?;
    let [0, 0, kind, rank] = magic else {
        return Err(format!(
            "not an IDX file: it begins with {magic:02x?}, an IDX file with two zero bytes"
        ));
    };
    if kind != 8 {
        return Err(format!("an IDX file of element type {kind:#04x}; wanted 0x08, bytes"));
    }
    let mut sizes = Vec::new();
    for _ in 0..rank {
        let mut size = [0; 4];
        read_exactly(source, &mut size, "the sizes in the header")?;
        sizes.push(u32::from_be_bytes(size) as usize);
    }
    let claimed = sizes.iter().try_fold(1, |n: usize, &size| n.checked_mul(size));
    let Some(claimed) = claimed.filter(|&claimed| claimed <= LIMIT) else {
        return Err(format!("the header claims {sizes:?} bytes, more than {LIMIT}"));
    };
    if let Some(wanted) = wanted.filter(|&wanted| wanted != sizes) {
        return Err(format!("wanted {wanted:?}, found {sizes:?}"));
    }
    let mut bytes = Vec::new();
    let read = source.take(claimed as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("broken after {} bytes of data: {error}", bytes.len()))?;
    match bytes.len() {
        len if len == claimed => Ok(Idx { sizes, bytes }),
        len if len < claimed => {
            Err(format!("truncated: {len} bytes of data, the header {sizes:?} claims {claimed}"))
        }
        _ => Err(format!("more than the {claimed} bytes of data that the header {sizes:?} claims")),
    }
}

fn read_exactly(source: &mut impl Read, into: &mut [u8], what: &str) -> Result<(), String> {
    source.read_exact(into).map_err(|error| format!("cannot read {what}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    /// Two pictures of 1×3 pixels.
    const GOOD: [u8; 22] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6];

    fn read(bytes: &[u8]) -> Result<Idx, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let idx = read_idx(file.path()).map_err(|error| {
            let text = error.to_string();
            let path = format!("{}: ", file.path().display());
            text.strip_prefix(&path).expect("the text names the file").to_owned()
        });
        assert_eq!(Idx::from_bytes(bytes), idx);
        idx
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn plain_and_gzipped_files_are_read() {
        let idx = Idx { sizes: vec![2, 1, 3], bytes: vec![1, 2, 3, 4, 5, 6] };
        assert_eq!(read(&GOOD), Ok(idx.clone()));
        assert_eq!(read(&gzip(&GOOD)), Ok(idx));
    }

    #[test]
    fn broken_files_say_what_is_wrong() {
        let wanted = |bytes: &[u8], text: &str| assert_eq!(read(bytes).unwrap_err(), text);
        wanted(b"", "cannot read the header of an IDX file: failed to fill whole buffer");
        wanted(
            b"\x89PNG",
            "not an IDX file: it begins with [89, 50, 4e, 47], an IDX file with two zero bytes",
        );
        wanted(b"\0\0\x0d\x01", "an IDX file of element type 0x0d; wanted 0x08, bytes");
        wanted(&GOOD[..10], "cannot read the sizes in the header: failed to fill whole buffer");
        wanted(&GOOD[..21], "truncated: 5 bytes of data, the header [2, 1, 3] claims 6");
        wanted(
            &[&GOOD[..], &[7]].concat(),
            "more than the 6 bytes of data that the header [2, 1, 3] claims",
        );
        let huge = [0, 0, 8, 2, 255, 255, 255, 255, 255, 255, 255, 255];
        wanted(&huge, "the header claims [4294967295, 4294967295] bytes, more than 1073741824");
        let zipped = gzip(&GOOD);
        let text = read(&zipped[..zipped.len() - 10]).unwrap_err();
        assert!(text.starts_with("broken after") || text.starts_with("truncated"), "{text}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read_idx(Path::new("no/such/file")).unwrap_err().to_string();
        assert!(error.starts_with("no/such/file: cannot open: "), "{error}");
    }
}
