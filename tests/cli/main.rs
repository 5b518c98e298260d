//! The command line, run as a user runs it.

mod bad_input;
mod commands;
mod train;

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::OnceLock;

fn gradus(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradus"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Standard output of a run that must succeed without a word on standard error.
fn succeeds(arguments: &[&str]) -> String {
    let output = gradus(arguments);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success() && err.is_empty(), "{arguments:?}: {out}{err}");
    out.to_owned()
}

/// Standard error of a run that must fail with `code` and print nothing else.
fn fails(code: i32, arguments: &[&str]) -> String {
    let output = gradus(arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}");
    assert_eq!(text(&output.stdout), "", "{arguments:?}");
    text(&output.stderr).to_owned()
}

/// A file of a temporary folder.
fn beside(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

/// The checkpoint of the default training, which is done once, and what it printed.
fn trained() -> &'static (String, String) {
    static TRAINED: OnceLock<(String, String)> = OnceLock::new();
    TRAINED.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cli");
        std::fs::create_dir_all(&folder).unwrap();
        let out = folder.join("mnist.safetensors").to_str().unwrap().to_owned();
        if PathBuf::from(&out).exists() {
            std::fs::remove_file(&out).unwrap();
        }
        let printed = succeeds(&["train", "mnist", "--out", &out]);
        (out, printed)
    })
}
