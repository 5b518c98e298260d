//! Files that are replaced as a whole or not at all, whenever the process may die.
//!
//! What is new is written to a temporary file in the same folder, `.gradus-KEY-RANDOM`, where KEY
//! is a checksum of the file's name; then it takes the file's name, in one step of the file system.
//! A process that is killed in between leaves the temporary file, since nothing of it is left to
//! delete it. So who writes holds a lock on its temporary file, which ends with the process, and who
//! writes next deletes what has the same KEY and no lock: of each file, no more is ever left than
//! its writers were killed since it was last written.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use flate2::Crc;
use tempfile::NamedTempFile;

use crate::ModelError;

/// Writes a file as a whole or not at all: to a temporary file in the same folder, which then takes
/// its name. A symbolic link stays, and the file that it leads to is replaced. Temporary files that
/// killed writers of the same file have left are deleted.
///
/// # Errors
///
/// If the folder or the disk does not let it, or the path is something other than a file; what was
/// there before is then intact, and no temporary file is left.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), ModelError> {
    let refused = || ModelError::file(path, "write");
    let (mut file, target) = temporary_beside(path)?;
    file.write_all(bytes).map_err(refused())?;
    file.as_file().sync_all().map_err(refused())?;
    file.persist(target).map_err(|error| refused()(error.error))?;
    Ok(())
}

/// Checks that [`write_atomically`] could write the file, as far as can be told before: better
/// asked before long work than found out after.
///
/// # Errors
///
/// If the folder does not let a file be made, or the path is something other than a file.
pub fn check_writable(path: &Path) -> Result<(), ModelError> {
    temporary_beside(path).map(drop)
}

/// Reads a file of at most `most` bytes, and of a longer one `most + 1`, so that the caller sees
/// it: what never ends, as a device does, does not fill the memory.
///
/// # Errors
///
/// If the file cannot be opened or read.
pub fn read_bounded(path: &Path, most: usize) -> Result<Vec<u8>, ModelError> {
    let file = File::open(path).map_err(ModelError::file(path, "open"))?;
    let mut bytes = Vec::new();
    let read = file.take(most as u64 + 1).read_to_end(&mut bytes);
    read.map_err(ModelError::file(path, "read"))?;
    Ok(bytes)
}

/// A temporary file in the folder of the file that `path` leads to, locked, and deleted when
/// dropped; and that file's own path.
fn temporary_beside(path: &Path) -> Result<(NamedTempFile, PathBuf), ModelError> {
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if target.is_symlink() {
        return Err(ModelError::format(path, "is a symbolic link that leads nowhere"));
    }
    if target.exists() && !target.is_file() {
        return Err(ModelError::format(path, "is there and not a file; wanted a file to write"));
    }
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut crc = Crc::new();
    crc.update(target.file_name().unwrap_or_default().as_encoded_bytes());
    let prefix = format!(".gradus-{:08x}-", crc.sum());
    delete_left(folder, &prefix);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix);
    // A temporary file is private unless told otherwise; this asks for what any new file gets.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder.tempfile_in(folder).map_err(ModelError::file(path, "write"))?;
    // Where a file system has no locks nobody gets one, and nothing is deleted.
    let _ = file.as_file().try_lock();
    Ok((file, target))
}

/// Deletes the files whose names begin so and that nobody has locked. What cannot be read or
/// deleted stays: it is in nobody's way.
fn delete_left(folder: &Path, prefix: &str) {
    let begins = |name: &OsStr| name.as_encoded_bytes().starts_with(prefix.as_bytes());
    let Ok(entries) = folder.read_dir() else { return };
    for entry in entries.flatten().filter(|entry| begins(&entry.file_name())) {
        let left = entry.path();
        if File::open(&left).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = std::fs::remove_file(left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn names(folder: &Path) -> BTreeSet<String> {
        let names = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).collect()
    }

    #[test]
    fn what_a_killed_writer_left_is_deleted_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("out");
        // A writer at work, and what one looks like that was killed: the same without a lock.
        let (at_work, _) = temporary_beside(&file).unwrap();
        let left = at_work.path().with_extension("left");
        std::fs::write(&left, "half of").unwrap();
        let (other, _) = temporary_beside(&folder.path().join("other")).unwrap();
        let others = other.path().with_extension("left");
        for kept in [others.clone(), folder.path().join(".gradus-notes")] {
            std::fs::write(kept, "").unwrap();
        }
        write_atomically(&file, b"whole").unwrap();
        assert!(at_work.path().exists() && others.exists() && !left.exists());
        assert_eq!(std::fs::read(&file).unwrap(), b"whole");
        drop((at_work, other));
        std::fs::remove_file(others).unwrap();
        assert_eq!(names(folder.path()), [".gradus-notes", "out"].map(str::to_owned).into());
    }

    #[test]
    fn a_long_file_is_read_a_byte_further_than_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, [7; 10]).unwrap();
        let lengths = [3, 9, 10, 11].map(|most| read_bounded(&file, most).unwrap().len());
        assert_eq!(lengths, [4, 10, 10, 10]);
    }
}
