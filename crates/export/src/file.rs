//! A file that is written as a whole or not at all.

use std::io::{self, Write};
use std::path::Path;

/// Writes a file as a whole or not at all, as pictures and spreadsheets are: to a temporary file in
/// the same folder, which then takes the file's name; where that fails, it is deleted.
///
/// # Errors
///
/// If the folder is not there, or cannot be written to, or has a folder of this name.
pub fn write(path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
    let path = path.as_ref();
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".gradus-export-");
    // A temporary file is private unless told otherwise; this asks for what any new file gets.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
