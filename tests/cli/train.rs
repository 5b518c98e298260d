//! `gradus train`.

use std::path::Path;
use std::process::Command;

use super::{beside, gradus, succeeds, text, trained};

/// The main job: the default settings end at 95 % or more of the test pictures.
#[test]
fn train_mnist_ends_at_95_percent() {
    let (out, printed) = trained();
    let lines: Vec<&str> = printed.lines().collect();
    let epochs: Vec<&&str> = lines.iter().filter(|line| line.starts_with("Epoch ")).collect();
    assert_eq!(epochs.len(), 30, "{printed}");
    for (k, line) in epochs.iter().enumerate() {
        assert!(line.starts_with(&format!("Epoch {k}: ")) && line.ends_with(" / 10000"), "{line}");
    }
    let correct: u32 = epochs[29]["Epoch 29: ".len()..].split(' ').next().unwrap().parse().unwrap();
    assert!(correct >= 9500, "{correct} of 10,000");
    assert_eq!(*lines.last().unwrap(), format!("Saved {out}"));
    assert!(Path::new(out).exists());
}

/// The convolutional network with the README's settings, stopped early: 98 % after two epochs.
#[test]
fn lenet_is_soon_at_98_percent() {
    let folder = tempfile::tempdir().unwrap();
    let common = ["train", "mnist", "--model", "lenet", "--optimiser", "adam", "--eta", "0.004"];
    let rest = ["--batch", "50", "--schedule", "cosine:2", "--epochs", "2", "--out"];
    let printed = succeeds(&[&common[..], &rest, &[&beside(&folder, "out")]].concat());
    let last = printed.lines().find_map(|line| line.strip_prefix("Epoch 1: ")).expect("its line");
    let correct: u32 = last.split(' ').next().unwrap().parse().unwrap();
    assert!(correct >= 9800, "{correct} of 10,000");
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
                  50000 training pictures, 10000 test pictures, from data/mnist\n\
                  Epoch 0: ";
    assert!(printed.starts_with(wanted), "{printed}");
    assert!(!printed.contains('\u{1b}'), "no terminal codes when piped");
}

#[test]
fn other_pictures_are_named_and_do_not_replace_what_reads_digits() {
    let folder = tempfile::tempdir().unwrap();
    let clothes = folder.path().join("clothes");
    std::fs::create_dir(&clothes).unwrap();
    for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mnist")).unwrap()
    {
        let file = file.unwrap();
        std::fs::copy(file.path(), clothes.join(file.file_name())).unwrap();
    }
    let run = |arguments: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gradus"));
        command.current_dir(folder.path()).args(arguments.split(' '));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        text(&output.stdout).to_owned()
    };
    let small = "train mnist --data clothes --pictures 100 --epochs 1";
    for (model, file) in [
        ("--layers 784,5,10", "clothes-mnist.safetensors"),
        ("--model lenet", "clothes-lenet.safetensors"),
    ] {
        let printed = run(&format!("{small} {model}"));
        assert!(printed.contains("\n100 training pictures, 10000 test pictures, from clothes\n"));
        assert!(printed.ends_with(&format!("\nSaved {file}\n")), "{printed}");
        assert!(folder.path().join(file).exists());
        let shown = run(&format!("eval {file} --data clothes"));
        assert!(shown.contains("\n10000 pictures, from clothes\nCost "), "{shown}");
    }
    assert!(!folder.path().join("mnist.safetensors").exists());
}

#[test]
fn help_names_every_flag() {
    let help = succeeds(&["train", "--help"]);
    let flags = "--model --layers --cost --optimiser --eta --schedule --momentum --decay --batch \
                 --epochs --patience --pictures --seed --init --threads --out --best --log \
                 --resume --data";
    for flag in flags.split_whitespace() {
        assert!(help.contains(&format!("{flag} ")), "{flag}");
    }
    let help = succeeds(&["--help"]);
    for command in ["train", "predict", "serve", "eval", "check", "summary", "ops"] {
        assert!(help.contains(&format!("  {command} ")), "{command}");
    }
    assert_eq!(succeeds(&["--version"]), "gradus 0.1.0\n");
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
fn the_log_the_best_and_early_stopping_go_together() {
    let folder = tempfile::tempdir().unwrap();
    let [out, best, log] = ["out", "best", "log.csv"].map(|name| beside(&folder, name));
    // A rate so large that it soon gets no better.
    let arguments = ["train", "mnist", "--layers", "784,6,10", "--pictures", "300", "--eta", "12"];
    let files = ["--out", &out, "--best", &best, "--log", &log];
    let rest = ["--patience", "2", "--epochs", "50", "--schedule", "steps:1:0.9"];
    let printed = succeeds(&[&arguments[..], &files, &rest].concat());
    assert!(printed.contains("η = 12.0, steps:1:0.9, "), "{printed}");
    let counts = "\n300 training pictures, 10000 test pictures, from data/mnist\n";
    assert!(printed.contains(counts), "{printed}");

    let log = std::fs::read_to_string(log).unwrap();
    let lines: Vec<Vec<&str>> = log.lines().map(|line| line.split(',').collect()).collect();
    let names = ["epoch", "eta", "training_cost", "validation_cost", "validation_accuracy"];
    assert_eq!(lines[0][..5], names);
    let number = |line: &[&str], column: usize| line[column].parse::<f64>().unwrap();
    let epochs = &lines[1..];
    for (k, line) in epochs.iter().enumerate() {
        assert_eq!(line[0], k.to_string());
        assert!((number(line, 1) - 12.0 * 0.9f64.powi(k as i32)).abs() < 1e-9);
        let [validation, test] = [4, 6].map(|column| (number(line, column) * 1e4).round());
        let shown = format!("Epoch {k}: {test} / 10000, validation {validation} / 10000\n");
        assert!(printed.contains(&shown), "{shown}{printed}");
    }
    // It stops two epochs after the best, whose network is in the other file.
    let at = (0..epochs.len())
        .rev()
        .max_by(|&a, &b| number(&epochs[a], 4).total_cmp(&number(&epochs[b], 4)));
    let at = at.unwrap();
    assert_eq!(epochs.len(), at + 3, "{printed}");
    let stopped = format!("Stopped: no epoch since {at} was better on the validation pictures\n");
    assert!(printed.ends_with(&format!("{stopped}Saved {out}\n")), "{printed}");
    let summary = succeeds(&["summary", &best]);
    assert!(summary.contains(&format!("\n{} epochs, ", at + 1)), "{summary}");
    let right = format!("Right {} / 10000", (number(&epochs[at], 6) * 1e4).round());
    assert!(succeeds(&["eval", &best]).contains(&right), "{right}");
}

#[test]
fn a_network_can_be_described_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (out, model) = (beside(&folder, "out"), beside(&folder, "small.json"));
    let lenet = succeeds(&["summary", "lenet", "--json"]);
    let small = lenet.replace("\"filters\": 16", "\"filters\": 2");
    std::fs::write(&model, small).unwrap();
    let printed = succeeds(&[
        "train",
        "mnist",
        "--model",
        &model,
        "--pictures",
        "200",
        "--epochs",
        "1",
        "--out",
        &out,
        "--optimiser",
        "adam",
        "--decay",
        "0.001",
    ]);
    let wanted = "1×28×28; conv 6, 5×5, padding 2×2, ReLU; max-pool 2×2; conv 2, 5×5, ReLU; \
                  max-pool 2×2; flatten; dense 120, ReLU; dense 84, ReLU; dense 10, softmax \
                  network, 17592 parameters; log-likelihood cost, η = 0.001, Adam, λ = 0.001, \
                  mini-batches of 10, he start, seed 1\n200 training pictures";
    assert!(printed.starts_with(wanted), "{printed}");
    assert!(succeeds(&["summary", &out]).contains("conv 2, 5×5, ReLU"));
}
