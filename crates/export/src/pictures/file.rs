//! A file that is written as a whole or not at all.

use std::io::Write;
use std::path::Path;

use super::PictureError;

/// Writes to a temporary file in the same folder, which then takes the file's name; where that
/// fails, the temporary file is deleted.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), PictureError> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let refused = |error| PictureError::File { path: path.to_owned(), error };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".gradus-picture-");
    // A temporary file is private unless told otherwise; this asks for what any new file gets.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder).map_err(refused)?;
    file.write_all(bytes).map_err(refused)?;
    file.as_file().sync_all().map_err(refused)?;
    file.persist(path).map_err(|error| refused(error.error))?;
    Ok(())
}
