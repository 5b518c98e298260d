//! The command line, run as a user runs it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

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

/// The main job: the default settings end at 95 % or more of the test pictures.
#[test]
fn train_mnist_ends_at_95_percent() {
    let folder = tempfile::tempdir().unwrap();
    let out = beside(&folder, "mnist.safetensors");
    let printed = succeeds(&["train", "mnist", "--out", &out]);
    let lines: Vec<&str> = printed.lines().collect();
    let epochs: Vec<&&str> = lines.iter().filter(|line| line.starts_with("Epoch ")).collect();
    assert_eq!(epochs.len(), 30, "{printed}");
    for (k, line) in epochs.iter().enumerate() {
        assert!(line.starts_with(&format!("Epoch {k}: ")) && line.ends_with(" / 10000"), "{line}");
    }
    let correct: u32 = epochs[29]["Epoch 29: ".len()..].split(' ').next().unwrap().parse().unwrap();
    assert!(correct >= 9500, "{correct} of 10,000");
    assert_eq!(*lines.last().unwrap(), format!("Saved {out}"));
    assert!(Path::new(&out).exists());
}

#[test]
fn a_resumed_training_writes_the_same_file_whatever_the_threads() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, half) = (beside(&folder, "whole"), beside(&folder, "half"));
    let common = ["train", "mnist", "--layers", "784,12,10", "--batch", "20", "--seed", "3"];
    let run = |rest: &[&str]| succeeds(&[&common[..], rest].concat());
    let all = run(&["--epochs", "2", "--threads", "1", "--out", &whole]);
    let first = run(&["--epochs", "1", "--threads", "2", "--out", &half]);
    let second = succeeds(&["train", "mnist", "--epochs", "2", "--resume", &half]);
    assert_eq!(std::fs::read(&whole).unwrap(), std::fs::read(&half).unwrap());
    let epochs = |printed: &str| {
        printed.lines().filter(|line| line.starts_with("Epoch")).map(str::to_owned).collect()
    };
    let (all, parts): (Vec<String>, Vec<String>) = (epochs(&all), epochs(&(first + &second)));
    assert_eq!(all, parts);
    let done = succeeds(&["train", "mnist", "--epochs", "2", "--resume", &half]);
    assert!(done.ends_with("2 epochs are done, 2 were asked for\n"), "{done}");
}

#[test]
fn the_first_lines_say_what_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    let out = beside(&folder, "out");
    let printed = succeeds(&[
        "train",
        "mnist",
        "--cost",
        "cross-entropy",
        "--init",
        "normal",
        "--epochs",
        "1",
        "--layers",
        "784,5,10",
        "--out",
        &out,
    ]);
    let wanted = "784-5-10 network, 3985 parameters; cross-entropy cost, η = 0.5, \
                  mini-batches of 10, normal start, seed 1\n\
                  50000 training pictures, 10000 test pictures\n\
                  Epoch 0: ";
    assert!(printed.starts_with(wanted), "{printed}");
    assert!(!printed.contains('\u{1b}'), "no terminal codes when piped");
}

#[test]
fn help_names_every_flag() {
    let help = succeeds(&["train", "--help"]);
    for flag in [
        "--layers",
        "--cost",
        "--eta",
        "--batch",
        "--epochs",
        "--seed",
        "--init",
        "--threads",
        "--out",
        "--resume",
        "--data",
    ] {
        assert!(help.contains(flag), "{flag}");
    }
    assert!(succeeds(&["--help"]).contains("train"));
    assert_eq!(succeeds(&["--version"]), "gradus 0.1.0\n");
}

#[test]
fn a_wrong_command_line_is_a_usage_error() {
    for (arguments, wanted) in [
        (&[][..], "Usage: gradus <COMMAND>"),
        (&["train"][..], "required arguments were not provided"),
        (&["train", "cifar"][..], "invalid value 'cifar'"),
        (&["train", "mnist", "--eta", "fast"][..], "invalid value 'fast' for '--eta <RATE>'"),
        (&["train", "mnist", "--layers", "784,x"][..], "invalid value 'x' for '--layers"),
        (&["train", "mnist", "--cost", "none"][..], "possible values: quadratic, cross-entropy"),
        (&["train", "mnist", "--resume", "f", "--seed", "1"][..], "cannot be used with"),
    ] {
        let error = fails(2, arguments);
        assert!(error.contains(wanted), "{arguments:?}: {error}");
    }
}

#[test]
fn impossible_settings_are_named() {
    let refused = |flag, value| {
        let error = fails(1, &["train", "mnist", flag, value]);
        error.strip_prefix("gradus: ").unwrap().to_owned()
    };
    let layers = "a network has at least two layers, the input and one more\n";
    assert_eq!(refused("--layers", "784"), layers);
    let empty = "every layer of a network has at least one unit, in `dense 0, sigmoid`\n";
    assert_eq!(refused("--layers", "784,0,10"), empty);
    assert_eq!(
        refused("--eta", "1e-60"),
        "the learning rate is a positive number, of the size of an f32, not 1e-60\n"
    );
    assert_eq!(refused("--batch", "0"), "a mini-batch has at least one example\n");
}

#[test]
fn missing_and_broken_files_are_named_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let out = beside(&folder, "out");
    let error = fails(1, &["train", "mnist", "--data", "no-such-folder", "--out", &out]);
    let wanted = "gradus: no-such-folder/train-images-idx3-ubyte.gz: cannot open: ";
    assert!(error.starts_with(wanted), "{error}");

    let error = fails(1, &["train", "mnist", "--out", "no-such-folder/out"]);
    assert!(error.starts_with("gradus: no-such-folder/out: cannot write: "), "{error}");
    let error = fails(1, &["train", "mnist", "--out", folder.path().to_str().unwrap()]);
    assert!(error.ends_with(": is there and not a file; wanted a file to write\n"), "{error}");

    let error = fails(1, &["train", "mnist", "--resume", &out]);
    assert!(error.starts_with(&format!("gradus: {out}: cannot read: ")), "{error}");
    std::fs::write(&out, "not a checkpoint").unwrap();
    let error = fails(1, &["train", "mnist", "--resume", &out]);
    assert!(error.starts_with(&format!("gradus: {out}: not a safetensors file")), "{error}");
    let error = fails(1, &["train", "mnist", "--epochs", "1", "--out", &out]);
    assert!(error.starts_with(&format!("gradus: {out}: not a safetensors file")), "{error}");
    assert_eq!(std::fs::read(&out).unwrap(), b"not a checkpoint", "not replaced");
    std::fs::remove_file(&out).unwrap();

    let data = beside(&folder, "data");
    std::fs::create_dir(&data).unwrap();
    let images = format!("{data}/train-images-idx3-ubyte");
    std::fs::write(&images, [0, 0, 8, 3, 0, 0, 0, 1]).unwrap();
    let error = fails(1, &["train", "mnist", "--data", &data, "--out", &out]);
    assert!(error.starts_with(&format!("gradus: {images}: cannot read the sizes")), "{error}");
}

#[test]
fn pictures_that_do_not_fit_the_layers_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let out = beside(&folder, "out");
    let output = gradus(&["train", "mnist", "--layers", "100,10", "--out", &out]);
    assert_eq!(output.status.code(), Some(1));
    let wanted = "gradus: the network has 100 inputs and 10 outputs, the pictures have 784 pixels \
                  and 10 classes\n";
    assert_eq!(text(&output.stderr), wanted);
    assert!(!Path::new(&out).exists());
}

#[test]
fn a_closed_standard_output_is_an_error_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let out = beside(&folder, "out");
    let mut child = Command::new(env!("CARGO_BIN_EXE_gradus"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["train", "mnist", "--epochs", "1", "--out", &out])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(error.starts_with("gradus: standard output: cannot write: "), "{error}");
}
