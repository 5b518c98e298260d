//! The flag of examples that write files: `--out DIR` says to which folder. Pictures are written each as
//! an SVG and as a PNG file; without the flag there are none.

use std::path::{Path, PathBuf};

use gradus::export::pictures::{Picture, PictureError};

/// The pictures of an example by the names of their files, which have no extension yet.
pub type Pictures = Result<Vec<(&'static str, Picture)>, PictureError>;

/// Draws and writes the pictures, if that is asked; what goes wrong ends the program with a sentence.
pub fn write(pictures: impl FnOnce() -> Pictures) {
    let written = match folder() {
        Ok(None) => return,
        Ok(Some(folder)) => write_to(&folder, pictures),
        Err(error) => Err(error),
    };
    if let Err(error) = written {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

/// The folder that `--out` names, if it is there.
///
/// # Errors
///
/// What was wanted, if there is anything else.
pub fn folder() -> Result<Option<PathBuf>, String> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next(), arguments.next()) {
        (None, _, _) => Ok(None),
        (Some("--out"), Some(folder), None) => Ok(Some(folder.into())),
        _ => Err("wanted: --out DIR, or nothing".to_owned()),
    }
}

/// Draws and writes the pictures to a folder.
///
/// # Errors
///
/// A sentence that says what went wrong.
pub fn write_to(folder: &Path, pictures: impl FnOnce() -> Pictures) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for (name, picture) in pictures().map_err(|error| error.to_string())? {
        for extension in ["svg", "png"] {
            let file = folder.join(name).with_extension(extension);
            picture.write(&file).map_err(|error| error.to_string())?;
        }
        eprintln!("{}.svg and .png", folder.join(name).display());
    }
    Ok(())
}
