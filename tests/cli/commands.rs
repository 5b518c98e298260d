//! The other commands.

use gradus::models::data::read_digit;
use gradus::models::{Training, largest};
use gradus::ops::Op;
use serde_json::Value;
use std::path::Path;

use super::{beside, fails, gradus, succeeds, text, trained};

/// The thirty pictures of `data/digits`, whose names begin with the digit.
fn digits() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/digits");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let names = files.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with(".png"));
    let mut names: Vec<String> = names.map(|name| format!("data/digits/{name}")).collect();
    names.sort();
    names
}

#[test]
fn predict_reads_27_of_the_30_pictures() {
    let pictures = digits();
    assert_eq!(pictures.len(), 30);
    let names = pictures.iter().map(String::as_str);
    let arguments: Vec<&str> =
        ["predict", &trained().0, "--json"].into_iter().chain(names).collect();
    let answers: Value = serde_json::from_str(&succeeds(&arguments)).unwrap();
    let answers = answers.as_array().unwrap();
    let mut wrong = Vec::new();
    for (picture, answer) in pictures.iter().zip(answers) {
        assert_eq!(answer["picture"], **picture);
        let outputs: Vec<f64> =
            answer["outputs"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
        let digit = answer["digit"].as_u64().unwrap() as usize;
        assert!(outputs.len() == 10 && outputs.iter().all(|&x| x <= outputs[digit]));
        let name = Path::new(picture).file_name().unwrap().to_str().unwrap();
        if !name.starts_with(&digit.to_string()) {
            wrong.push(format!("{name} is taken for {digit}"));
        }
    }
    println!("{} of 30 right; {wrong:?}", 30 - wrong.len());
    assert!(wrong.len() <= 3, "{wrong:?}");
}

#[test]
fn predict_shows_the_ten_outputs_and_the_picture() {
    let (checkpoint, picture) = (&trained().0, &digits()[0]);
    let training = Training::load(Path::new(checkpoint)).unwrap();
    let seen = read_digit(&Path::new(env!("CARGO_MANIFEST_DIR")).join(picture)).unwrap();
    let outputs = training.outputs(&seen.row()).unwrap();
    let digit = largest(&outputs.row(0)).unwrap();
    let printed = succeeds(&["predict", checkpoint, picture]);
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[0], format!("{picture}: {digit}"));
    assert_eq!(lines.len(), 11);
    for (class, line) in lines[1..].iter().enumerate() {
        let output = outputs[[0, class]];
        assert!(line.starts_with(&format!("  {class}  {output:.3}")), "{line}");
        let bar = line.chars().filter(|c| ('▏'..='█').contains(c) || *c == '█').count();
        assert!((bar as f32 - 24.0 * output).abs() <= 1.0, "{line}");
    }
    let shown = succeeds(&["predict", checkpoint, picture, "--show"]);
    assert!(shown.contains(&seen.to_string()), "{shown}");
}

#[test]
fn a_picture_that_cannot_be_read_does_not_keep_the_others_from_being_read() {
    let folder = tempfile::tempdir().unwrap();
    let text_file = beside(&folder, "text.png");
    std::fs::write(&text_file, "no picture").unwrap();
    let (checkpoint, picture) = (&trained().0, &digits()[0]);
    let output = gradus(&["predict", checkpoint, "missing.png", picture, &text_file]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).starts_with(&format!("{picture}: ")));
    let errors: Vec<&str> = text(&output.stderr).lines().collect();
    assert!(errors[0].starts_with("gradus: missing.png: cannot open: "), "{errors:?}");
    assert!(errors[1].starts_with(&format!("gradus: {text_file}: ")), "{errors:?}");
    assert_eq!(errors[2..], ["gradus: 2 of 3 pictures could not be read"]);
}

#[test]
fn predict_wants_a_network_of_digits() {
    let folder = tempfile::tempdir().unwrap();
    let out = beside(&folder, "out");
    let network = gradus::models::classic::demons();
    Training::start(network, Default::default()).unwrap().save(Path::new(&out)).unwrap();
    let error = fails(1, &["predict", &out, &digits()[0]]);
    let wanted = "is a network of [12] inputs and [2] outputs; digits want 28×28 inputs and 10 \
                  outputs\n";
    assert_eq!(error, format!("gradus: {out}: {wanted}"));
}

#[test]
fn eval_counts_as_training_did() {
    let (checkpoint, printed) = trained();
    let last = printed.lines().find_map(|line| line.strip_prefix("Epoch 29: ")).unwrap();
    let shown = succeeds(&["eval", checkpoint]);
    assert!(shown.contains(&format!("\nRight {last}, ")), "{shown}");
    let json: Value = serde_json::from_str(&succeeds(&["eval", checkpoint, "--json"])).unwrap();
    let correct = json["correct"].as_u64().unwrap();
    assert_eq!(format!("{correct} / 10000"), last);
    let rows = json["confusion"].as_array().unwrap();
    let count = |label: usize, class: usize| rows[label][class].as_u64().unwrap();
    assert_eq!((0..10).map(|class| count(class, class)).sum::<u64>(), correct);
    let sevens = (0..10).map(|class| count(7, class)).sum::<u64>();
    assert_eq!(sevens, 1028, "the test pictures have 1028 sevens");
    let row = shown.lines().find(|line| line.starts_with("    7 │")).unwrap();
    assert!(row.contains(&format!(" {} ", count(7, 7))), "{row}");
    let cost = json["cost"].as_f64().unwrap();
    assert!(shown.contains(&format!("\nCost {cost:.6}\n")), "{shown}");
    let other = succeeds(&["eval", checkpoint, "--on", "validation", "--threads", "1"]);
    assert!(other.contains(" / 10000, ") && other != shown);
}

#[test]
fn check_passes_for_the_books_networks() {
    for (name, parameters, rows) in [
        ("demon", 47, ["w2         3×12    36 / 36  ", "b3         2         2 / 2  "]),
        ("cnn", 69, ["w2         3×1×3×3   27 / 27  ", "w3         3×12      36 / 36  "]),
        ("mnist", 23_860, ["w2         30×784  64 / 23520  ", "b2         30         30 / 30  "]),
    ] {
        let printed = succeeds(&["check", name]);
        assert!(printed.contains(&format!(": {parameters} parameters, 3 examples, seed 1\n")));
        assert!(
            printed.contains("\nOrder 1, seed 1: forward ")
                && printed.contains("\nOrder 2, seed 3: ")
        );
        for row in rows {
            let lines = printed.lines().filter(|line| line.starts_with(row));
            assert_eq!(lines.filter(|line| line.ends_with("  agrees")).count(), 2, "{printed}");
        }
        let last = printed.lines().last().unwrap();
        let (agree, all) = last.split_once(" of ").unwrap();
        assert_eq!(all, format!("{agree} comparisons agree"));
    }
    let each = succeeds(&["check", "demon", "--each", "--order", "1", "--seed", "5"]);
    let numbers = each.lines().filter(|line| line.starts_with('w') || line.starts_with('b'));
    assert_eq!(numbers.count(), 47, "{each}");
    assert!(each.contains("\nw3[1, 2]  "), "{each}");
    let taylor = succeeds(&["check", "demon", "--order", "1", "--directions", "1", "--taylor"]);
    assert!(taylor.contains("\nTaylor remainders, order 1, seed 1\n"), "{taylor}");
}

#[test]
fn check_takes_operations_checkpoints_and_descriptions() {
    let printed = succeeds(&["check", "matmul"]);
    assert!(printed.starts_with("matmul of ["), "{printed}");
    assert!(printed.contains(": other evaluators, to what rounding explains"), "{printed}");

    let (checkpoint, _) = trained();
    let arguments = ["check", checkpoint, "--elements", "4", "--directions", "1", "--json"];
    let json: Value = serde_json::from_str(&succeeds(&arguments)).unwrap();
    assert_eq!(json["passed"], true);
    assert_eq!(json["of"]["parameters"], 23_860);
    let differences = json["report"]["differences"].as_array().unwrap();
    let digits = differences.iter().filter(|d| d["test"] == "Digits");
    assert_eq!(digits.clone().count(), 2 * (1 + 4 * 4), "for two orders a direction and elements");
    assert!(digits.clone().all(|d| d["verdict"] == "Agrees" && d["apart"].is_number()));
    assert_eq!(json["report"]["seeds"], serde_json::json!([1]));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.json");
    std::fs::write(&path, succeeds(&["summary", "demon", "--json"])).unwrap();
    let printed = succeeds(&["check", path.to_str().unwrap(), "--order", "1"]);
    assert!(printed.contains(": 47 parameters, 3 examples, seed 1\n"), "{printed}");
}

#[test]
fn summary_shows_layers_and_parameters() {
    let printed = succeeds(&["summary", "lenet"]);
    let lines: Vec<&str> = printed.lines().collect();
    let cells = |row: usize| -> Vec<&str> {
        lines[row].split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
    };
    assert_eq!(cells(0), ["layer", "kind", "output", "parameters", "numbers"]);
    assert_eq!(cells(1), ["1", "input", "1×28×28", "0"]);
    let conv = ["3", "conv 16, 5×5, ReLU", "16×10×10", "w3 16×6×5×5, b3 16", "2416"];
    assert_eq!(cells(4), conv);
    assert_eq!(cells(10), ["61706"]);
    for (name, count) in [("demon", "47"), ("cnn", "69"), ("mnist", "23860")] {
        assert_eq!(succeeds(&["summary", name]).lines().last().unwrap().trim(), count);
    }
    let (checkpoint, _) = trained();
    let printed = succeeds(&["summary", checkpoint]);
    assert!(printed.contains("\n30 epochs, 150000 steps done; test 9"), "{printed}");
}

#[test]
fn ops_prints_every_card() {
    let printed = succeeds(&["ops"]);
    for card in Op::CARDS {
        let head = format!("{}({})\n  formula ", card.name, card.operands.join(", "));
        assert!(printed.contains(&head), "{}", card.name);
    }
    let one = "sigmoid(x)\n  \
               formula     y = 1 / (1 + e^-x)\n  \
               shapes      x: any; y: like x\n  \
               pullback    x̄ = ȳ · y · (1 - y)\n  \
               convention  no overflow for any x: 1 for large x, 0 for large -x, derivative 0 at both\n";
    assert_eq!(succeeds(&["ops", "sigmoid"]), one);
    let error = fails(1, &["ops", "sigmo"]);
    assert_eq!(error, "gradus: there is no operation `sigmo`; there are sigmoid\n");
    assert_eq!(fails(1, &["ops", "qwx"]), "gradus: there is no operation `qwx`\n");
}
