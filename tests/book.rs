//! The book shows what is: each output in it is what its example prints, each picture is what its
//! example draws, and each listing and each output that a chapter includes is there.
//!
//! `GRADUS_WRITE_BOOK=1 cargo test --test book` writes outputs and pictures instead of comparing them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::{env, fs};

use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A chapter includes a file, or a part of it.
struct Include {
    chapter: String,
    path: PathBuf,
    /// What stands behind the path: nothing, an anchor's name, or first and last line.
    part: String,
}

impl Include {
    /// The example whose output this is.
    fn output_of(&self) -> Option<&str> {
        let folder = self.path.parent()?;
        (folder == outputs()).then(|| self.path.file_stem()?.to_str())?
    }
}

fn sources() -> PathBuf {
    Path::new(ROOT).join("book/src")
}

fn outputs() -> PathBuf {
    sources().join("output")
}

fn example(name: &str) -> PathBuf {
    Path::new(ROOT).join(format!("examples/{name}.rs"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The chapters: file name and text.
fn chapters() -> Vec<(String, String)> {
    let files = fs::read_dir(sources()).expect("book/src").map(|file| file.expect("a file").path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), read(&path)))
        .collect()
}

fn includes() -> Vec<Include> {
    let mut includes = Vec::new();
    for (chapter, text) in chapters() {
        for rest in text.split("{{#include ").skip(1) {
            let (argument, _) = rest.split_once("}}").expect("an include ends with }}");
            let (path, part) = argument.trim().split_once(':').unwrap_or((argument.trim(), ""));
            // Paths are relative to the chapter's folder, which is one for all.
            let path = match path.strip_prefix("../../") {
                Some(path) => Path::new(ROOT).join(path),
                None => sources().join(path),
            };
            includes.push(Include { chapter: chapter.clone(), path, part: part.to_owned() });
        }
    }
    includes
}

/// The pictures that chapters show as files, without their extension, and the examples that draw them:
/// a picture's name is that of its example, or begins with it.
fn pictures() -> BTreeSet<(String, String)> {
    let mut pictures = BTreeSet::new();
    for (chapter, text) in chapters() {
        for rest in text.split("src=\"img/").skip(1) {
            let (file, _) = rest.split_once('"').expect("an address ends with a quote");
            let name = file.strip_suffix(".svg").unwrap_or_else(|| panic!("{chapter}: {file}"));
            let ends = name.match_indices('_').map(|(end, _)| end).chain([name.len()]);
            let of = ends.map(|end| &name[..end]).rfind(|start| example(start).exists());
            let of = of.unwrap_or_else(|| panic!("{chapter}: no example draws {file}"));
            pictures.insert((name.to_owned(), of.to_owned()));
        }
    }
    pictures
}

fn picture(name: &str) -> PathBuf {
    sources().join(format!("img/{name}.svg"))
}

/// Whether the book is to be written.
fn writes() -> bool {
    env::var_os("GRADUS_WRITE_BOOK").is_some_and(|value| value == "1")
}

/// What an example printed, and the folder that it drew into.
struct Ran {
    name: String,
    text: String,
    folder: TempDir,
}

/// The examples whose output or pictures the book shows, run; written to their files when that is
/// asked.
static RAN: LazyLock<Vec<Ran>> = LazyLock::new(|| {
    let includes = includes();
    let printed: BTreeSet<&str> = includes.iter().filter_map(Include::output_of).collect();
    let pictures = pictures();
    let names = printed.iter().copied().chain(pictures.iter().map(|(_, of)| of.as_str()));
    let names: BTreeSet<&str> = names.collect();
    let ran: Vec<Ran> = names.iter().map(|name| run(name)).collect();
    for Ran { name, text, folder } in ran.iter().filter(|_| writes()) {
        if printed.contains(name.as_str()) {
            fs::create_dir_all(outputs()).expect("a folder for the outputs");
            fs::write(outputs().join(format!("{name}.txt")), text).expect("the output is written");
        }
        for (drawn, _) in pictures.iter().filter(|(_, of)| of == name) {
            let from = folder.path().join(drawn).with_extension("svg");
            fs::copy(from, picture(drawn)).expect("the example draws the picture");
        }
    }
    ran
});

fn run(name: &str) -> Ran {
    assert!(example(name).exists(), "the book shows the output of {name}, which is no example");
    let folder = tempfile::tempdir().expect("a folder");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--locked", "--example", name]).current_dir(ROOT);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    cargo.args(["--", "--out"]).arg(folder.path());
    let output = cargo.output().expect("cargo runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the example {name} failed:\n{error}");
    let text = String::from_utf8(output.stdout).expect("the example prints text");
    Ran { name: name.to_owned(), text, folder }
}

/// The examples that train in single precision. From one kind of machine to another the last bit
/// of a product may differ, and after many thousand steps the third digit does.
const TRAINED: [&str; 1] = ["mnist"];

/// Whether two texts are word for word the same; of a trained network, numbers may differ by 1 in
/// 100, or outputs between 0 and 1 by that.
fn agree(name: &str, kept: &str, printed: &str) -> bool {
    let word = |kept: &str, printed: &str| {
        let numbers = kept.parse::<f64>().ok().zip(printed.parse::<f64>().ok());
        let near = |(a, b): (f64, f64)| (a - b).abs() <= 0.01 * a.abs().max(1.0);
        kept == printed || TRAINED.contains(&name) && numbers.is_some_and(near)
    };
    let line = |(kept, printed): (&str, &str)| {
        let (kept, printed): (Vec<_>, Vec<_>) =
            (kept.split(' ').collect(), printed.split(' ').collect());
        kept.len() == printed.len() && kept.iter().zip(printed).all(|(a, b)| word(a, b))
    };
    kept.lines().count() == printed.lines().count() && kept.lines().zip(printed.lines()).all(line)
}

/// Whether two pictures are the same: the same marks and words in the same order, where a place may
/// differ by half a unit of length, and of a trained network a colour by an eighth of its range.
fn look_alike(name: &str, kept: &str, drawn: &str) -> bool {
    let number = |word: &str| word.trim_start_matches(['M', 'L']).parse::<f64>().ok();
    let colour = |word: &str| {
        let digits = word.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        u32::from_str_radix(digits, 16).ok()
    };
    let near = |(a, b): (u32, u32)| {
        [16, 8, 0].iter().all(|by| (a >> by & 255).abs_diff(b >> by & 255) <= 32)
    };
    let word = |(kept, drawn): (&str, &str)| {
        let numbers = number(kept).zip(number(drawn));
        let colours = colour(kept).zip(colour(drawn)).filter(|_| TRAINED.contains(&name));
        kept == drawn
            || numbers.is_some_and(|(a, b)| (a - b).abs() <= 0.5)
            || colours.is_some_and(near)
    };
    let words = |text| str::split(text, [' ', '"', ',', '<', '>', '\n', '(', ')']);
    words(kept).count() == words(drawn).count() && words(kept).zip(words(drawn)).all(word)
}

#[test]
fn each_picture_is_what_its_example_draws() {
    assert!(!pictures().is_empty());
    for (name, of) in pictures() {
        let ran = RAN.iter().find(|ran| ran.name == of).expect("it ran");
        let path = picture(&name);
        assert!(
            look_alike(&of, &read(&path), &read(&ran.folder.path().join(format!("{name}.svg")))),
            "{} is not what the example draws now.\n\
             GRADUS_WRITE_BOOK=1 cargo test --test book writes it.",
            path.display()
        );
    }
}

#[test]
fn stale_pictures_do_not_look_alike() {
    let text = "<path d=\"M10.5 20 L30.25,40\" fill=\"#808080\" /><text x=\"1\">cost</text>";
    for name in ["mnist", "lagrange"] {
        assert!(look_alike(name, text, text));
        assert!(look_alike(name, &text.replace("10.5", "10.4"), text));
        for (from, to) in
            [("30.25", "31"), ("cost", "costs"), ("path", "line"), ("#808080", "#8080a1")]
        {
            assert!(!look_alike(name, &text.replace(from, to), text), "{from}");
        }
        assert!(!look_alike(name, &text[..40], text));
    }
    let near = text.replace("#808080", "#8080a0");
    assert!(look_alike("mnist", &near, text) && !look_alike("lagrange", &near, text));
}

#[test]
fn each_output_is_what_its_example_prints() {
    let printed: BTreeSet<String> =
        includes().iter().filter_map(|include| include.output_of().map(str::to_owned)).collect();
    for Ran { name, text: printed, .. } in RAN.iter().filter(|ran| printed.contains(&ran.name)) {
        let path = outputs().join(format!("{name}.txt"));
        assert!(
            agree(name, &read(&path), printed),
            "{} is not what the example prints now:\n{printed}\n\
             GRADUS_WRITE_BOOK=1 cargo test --test book writes it.",
            path.display()
        );
    }
}

#[test]
fn stale_outputs_do_not_agree() {
    let text = "Epoch 0: cost 0.0797, right 9409 / 10000\n";
    for name in ["mnist", "neuron"] {
        assert!(agree(name, text, text));
        for stale in ["9009", "94", ""] {
            assert!(!agree(name, &text.replace("9409", stale), text), "{stale}");
        }
        assert!(!agree(name, "", text) && !agree(name, &text.repeat(2), text));
        assert!(!agree(name, &text.replace("Epoch", "epoch"), text));
    }
    let near = text.replace("9409", "9421");
    assert!(agree("mnist", &near, text) && !agree("neuron", &near, text));
}

#[test]
fn each_output_is_shown() {
    let includes = includes();
    let shown: BTreeSet<&str> = includes.iter().filter_map(Include::output_of).collect();
    for file in fs::read_dir(outputs()).expect("the outputs") {
        let path = file.expect("a file").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        assert!(shown.contains(name), "no chapter shows {}", path.display());
    }
}

#[test]
fn each_include_arrives() {
    LazyLock::force(&RAN);
    for include in includes() {
        let Include { chapter, path, part } = &include;
        assert!(path.exists(), "{chapter} includes {}, which is not there", path.display());
        let text = read(path);
        let place = format!("{chapter} includes {part} of {}", path.display());
        if include.output_of().is_some() {
            // A part of an output is made of whole paragraphs.
            let lines: Vec<&str> = text.lines().collect();
            let (from, to) = part.split_once(':').unwrap_or(("", ""));
            let line = |text: &str| text.parse().unwrap_or_else(|_| panic!("{place}: no line"));
            let (from, to) = (
                if from.is_empty() { 1 } else { line(from) },
                if to.is_empty() { lines.len() } else { line(to) },
            );
            assert!(from == 1 || lines[from - 2].is_empty(), "{place}: begins within a paragraph");
            assert!(to == lines.len() || lines[to].is_empty(), "{place}: ends within a paragraph");
        } else if !part.is_empty() {
            for mark in [format!("// ANCHOR: {part}"), format!("// ANCHOR_END: {part}")] {
                let found = text.lines().filter(|line| line.trim() == mark).count();
                assert_eq!(found, 1, "{place}: lines `{mark}`");
            }
        }
    }
}

#[test]
fn each_example_named_is_there() {
    for (chapter, text) in chapters() {
        for before in ["--example ", "examples/"] {
            for rest in text.split(before).skip(1) {
                let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
                let name = &rest[..end.unwrap_or(rest.len())];
                let there = name.is_empty() || example(name).exists();
                assert!(there, "{chapter} names the example {name}, which is not there");
            }
        }
    }
}
