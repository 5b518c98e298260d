//! Bad input of every kind: a sentence on standard error, a status that is not 0, nothing lost.

use std::path::Path;
use std::process::{Command, Stdio};

use super::{beside, fails, gradus, succeeds, text, trained};

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
        (&["train", "mnist", "--resume", "f", "--decay", "1"][..], "cannot be used with"),
        (&["train", "mnist", "--model", "lenet", "--layers", "784,10"], "cannot be used with"),
        (&["train", "mnist", "--threads", "0"], "invalid value '0' for '--threads <N>'"),
        (&["train", "mnist", "--patience", "0"], "invalid value '0' for '--patience <N>'"),
        (&["train", "mnist", "--pictures", "-3"], "unexpected argument '-3'"),
        (&["train", "mnist", "--schedule", "up"], "a schedule is constant, steps:EPOCHS:FACTOR"),
        (&["train", "mnist", "--schedule", "cosine:0"], "counts at least one epoch"),
        (&["train", "mnist", "--optimiser", "none"], "possible values: sgd, adam"),
        (&["predict", "mnist.safetensors"], "<PICTURE.png>..."),
        (&["predict", "f", "p.png", "--json", "--show"], "cannot be used with"),
        (&["check", "mnist", "--json", "--each"], "cannot be used with"),
        (&["eval", "f", "--on", "monday"], "possible values: test, validation, training"),
        (&["fly"], "unrecognized subcommand 'fly'"),
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
    assert_eq!(
        refused("--momentum", "1"),
        "the momentum is from 0 to below 1, as an f32, not 1.0\n"
    );
    let decay = "the weight decay is 0 or more, of the size of an f32, not NaN\n";
    assert_eq!(refused("--decay", "NaN"), decay);
    let cost = "the log-likelihood cost is for softmax outputs, these are sigmoid\n";
    assert_eq!(refused("--cost", "log-likelihood"), cost);
    let adam = ["train", "mnist", "--optimiser", "adam", "--momentum", "0.9"];
    let wanted = "gradus: the momentum is one of sgd; adam has means of its own\n";
    assert_eq!(fails(1, &adam), wanted);
    let folder = tempfile::tempdir().unwrap();
    let out = beside(&folder, "out");
    let many = ["train", "mnist", "--pictures", "50001", "--out", &out];
    let wanted = "gradus: there are 50000 training pictures, fewer than the 50001 asked for\n";
    assert_eq!(fails(1, &many), wanted);
    for count in ["--examples", "--elements", "--order", "--directions"] {
        let nothing = [count, "0"];
        let error = fails(1, &[&["check", "demon"][..], &nothing].concat());
        assert!(error.starts_with("gradus: a check wants at least one example"), "{error}");
    }
    let error = fails(1, &["check", "vgg"]);
    let wanted =
        "gradus: `vgg` is no file and no name; wanted mnist, lenet, demon, cnn, a checkpoint";
    assert!(error.starts_with(wanted), "{error}");
    let error = fails(1, &["check", "one_hot"]);
    assert_eq!(error, "gradus: one_hot has no operand with a derivative\n");
    let error = fails(1, &["check", "mnist", "--examples", "10001"]);
    assert_eq!(error, "gradus: there are 10000 test pictures\n");
}

#[test]
fn a_checkpoint_that_is_none_is_refused_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let (missing, folder_name) = (beside(&folder, "missing"), beside(&folder, ""));
    let good = std::fs::read(&trained().0).unwrap();
    let png = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/digits/1-a.png"));
    let file = beside(&folder, "file");
    let commands: [&[&str]; 4] = [
        &["predict", "FILE", "data/digits/1-a.png"],
        &["eval", "FILE"],
        &["summary", "FILE"],
        &["train", "mnist", "--resume", "FILE"],
    ];
    let refused = |name: &str, wanted: &str| {
        for command in commands {
            let arguments: Vec<&str> =
                command.iter().map(|&word| if word == "FILE" { name } else { word }).collect();
            let error = fails(1, &arguments);
            let prefix = format!("gradus: {name}: {wanted}");
            assert!(error.starts_with(&prefix) && error.lines().count() == 1, "{error}");
        }
    };
    refused(&missing, "cannot read: No such file");
    refused(&folder_name, "cannot read: Is a directory");
    if cfg!(unix) {
        refused("/dev/zero", "is there and not a file; wanted a checkpoint");
    }
    let damaged = "not a safetensors file, or a damaged one: ";
    for (bytes, wanted) in [
        (&[][..], damaged),
        (b"not a checkpoint", damaged),
        (&good[..good.len() / 2], damaged),
        (&good[..good.len() - 1], damaged),
        (&png.unwrap(), damaged),
        (b"\xff\xff\xff\xff\xff\xff\xff\x7f{}", damaged),
        (b"\x02\0\0\0\0\0\0\0{}", "a safetensors file, but not a checkpoint: "),
    ] {
        std::fs::write(&file, bytes).unwrap();
        refused(&file, wanted);
        assert_eq!(std::fs::read(&file).unwrap(), bytes, "the file stays");
    }
}

#[test]
fn a_description_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = beside(&folder, "model.json");
    let refused = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let error = fails(1, &["train", "mnist", "--model", &file]);
        assert_eq!(error, fails(1, &["summary", &file]));
        let prefix = format!("gradus: {file}: not the description of a network: ");
        error.strip_prefix(&prefix).unwrap_or_else(|| panic!("{error}")).to_owned()
    };
    assert!(refused("").starts_with("EOF while parsing"));
    assert!(refused("{\"input\":[784]}").starts_with("missing field `layers`"));
    assert!(refused("{\"input\":[784],\"layers\":[]}").starts_with("a network has at least two"));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(!refused(&deep).is_empty());
    std::fs::remove_file(&file).unwrap();
    let error = fails(1, &["train", "mnist", "--model", &file]);
    assert!(error.starts_with(&format!("gradus: {file}: cannot open: ")), "{error}");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
        let wanted =
            format!("gradus: {file}: the file is too large: it has more than 16777216 bytes\n");
        assert_eq!(fails(1, &["summary", &file]), wanted);
    }
    let error = fails(1, &["train", "mnist", "--model", "resnet"]);
    let wanted = "`resnet` is no model; wanted mnist, lenet or a description in a file *.json\n";
    assert_eq!(error, format!("gradus: {wanted}"));
    // Not a checkpoint either: a new training would take its name, and its place.
    let error = fails(1, &["train", "mnist", "--model", &trained().0]);
    assert!(error.contains("is no model; wanted mnist, lenet or"), "{error}");
    // A network for other pictures.
    let out = beside(&folder, "out");
    let output = gradus(&["train", "mnist", "--model", "cnn", "--out", &out]);
    let wanted = "gradus: the network has 1×6×6 inputs and 3 outputs, the pictures have 784 pixels \
                  and 10 classes\n";
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(1), wanted));
}

#[test]
fn a_picture_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = beside(&folder, "digit.png");
    let good =
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/digits/1-a.png")).unwrap();
    let refused = |bytes: &[u8]| {
        std::fs::write(&file, bytes).unwrap();
        let error = fails(1, &["predict", &trained().0, &file]);
        let prefix = format!("gradus: {file}: ");
        let (first, rest) = error.split_once('\n').unwrap();
        assert_eq!(rest, "gradus: 1 of 1 pictures could not be read\n");
        first.strip_prefix(&prefix).unwrap_or_else(|| panic!("{error}")).to_owned()
    };
    let texts = [
        refused(&[]),
        refused(b"GIF89a no PNG"),
        refused(&good[..good.len() / 2]),
        refused(&[&good[..40], &[0xff; 9], &good[49..]].concat()),
        refused(&std::fs::read(&trained().0).unwrap()),
    ];
    println!("{texts:#?}");
    assert!(texts.iter().all(|text| text.contains("PNG")), "{texts:?}");
}

#[test]
fn other_files_are_not_replaced_by_a_log_or_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let [out, other] = ["out", "other"].map(|name| beside(&folder, name));
    std::fs::write(&other, "my own notes").unwrap();
    let common = ["train", "mnist", "--epochs", "1", "--out", &out];
    let refused = |flag, file| fails(1, &[&common[..], &[flag, file]].concat());
    let text = refused("--log", &other);
    let wanted = "is there and not the log of a training; it is not replaced\n";
    assert_eq!(text, format!("gradus: {other}: {wanted}"));
    assert!(refused("--best", &other).contains(": not a safetensors file, or a damaged one: "));
    let name = folder.path().file_name().unwrap().to_str().unwrap();
    let around = beside(&folder, &format!("./../{name}/out"));
    for flag in ["--log", "--best"] {
        for same in [&out, &around] {
            let text = refused(flag, same);
            let wanted = "is to be two of the files that are written\n";
            assert_eq!(text, format!("gradus: {same}: {wanted}"));
        }
    }
    let text = refused("--log", "no-such-folder/log.csv");
    assert!(text.starts_with("gradus: no-such-folder/log.csv: cannot write: "), "{text}");
    assert_eq!(std::fs::read(&other).unwrap(), b"my own notes");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else was written");
}

/// A file that may not grow stands for a disk that is full: the write fails half way.
#[cfg(unix)]
#[test]
fn a_disk_that_is_full_leaves_the_old_checkpoint_and_no_rubbish() {
    let folder = tempfile::tempdir().unwrap();
    let out = beside(&folder, "out");
    let small = ["train", "mnist", "--pictures", "100", "--out", &out];
    succeeds(&[&small[..], &["--epochs", "1"]].concat());
    let before = std::fs::read(&out).unwrap();
    // 32 KiB, in blocks of 512 bytes; the checkpoint has 95.
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_gradus"), "train", "mnist", "--pictures", "100"])
        .args(["--epochs", "2", "--resume", &out])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(error.starts_with(&format!("gradus: {out}: cannot write: ")), "{error}");
    assert_eq!(std::fs::read(&out).unwrap(), before);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_to_is_named_before_the_work() {
    // Not even root makes files there.
    let error = fails(1, &["train", "mnist", "--out", "/sys/mnist.safetensors"]);
    assert!(error.starts_with("gradus: /sys/mnist.safetensors: cannot write: "), "{error}");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradus"));
    let output = command.arg("ops").stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let wanted = "gradus: standard output: cannot write: No space left on device";
    assert!(text(&output.stderr).starts_with(wanted), "{}", text(&output.stderr));
}

#[test]
fn missing_and_broken_files_are_named_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let out = beside(&folder, "out");
    let error = fails(1, &["train", "mnist", "--data", "no-such-folder", "--out", &out]);
    let wanted =
        "gradus: no-such-folder: is no folder; wanted a folder with train-images-idx3-ubyte";
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
