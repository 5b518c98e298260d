//! Independent reference values: every case of `tests/golden` (its FORMAT.md describes them), in
//! `f64` and, where its numbers fit, in `f32`, by the reference evaluator and by plans.
//!
//! The folder named by the environment variable `GRADUS_GOLDEN` is read instead, if that is set.
//! For each file a line `FILE: N passed, M failed` is printed. A case whose operation does not
//! exist counts as failed in that line; the test itself fails if a case is *wrong*, and, on the
//! project's own folder, if the number of passed cases is not the one stated here.

#[path = "golden/build.rs"]
mod build;
#[path = "golden/case.rs"]
mod case;
#[path = "golden/compare.rs"]
mod compare;

use std::io::Write;
use std::path::{Path, PathBuf};

use case::{Case, File};
use compare::{Engine, Failure, Precision, Way, check_graph, check_model, check_op};

/// How many of the project's own cases pass: all whose operations exist.
const PASSED: usize = 402;

#[test]
fn golden() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let given = std::env::var_os("GRADUS_GOLDEN").map(PathBuf::from);
    let folder = given.as_ref().unwrap_or(&own);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{}: no .json file", folder.display());

    let (mut all_passed, mut wrong) = (0, Vec::new());
    for path in &files {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).expect("a readable file");
        let file: File = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (mut passed, mut failed) = (0, 0);
        for case in &file.cases {
            match check(&file.family, case) {
                Ok(()) => passed += 1,
                Err(failure) => {
                    failed += 1;
                    if let Failure::Wrong(text) = failure {
                        wrong.push(format!("{name}, {}: {text}", case.name()));
                    }
                }
            }
        }
        all_passed += passed;
        // Straight to standard output: a passing test's `println!` is not shown.
        writeln!(std::io::stdout(), "{name}: {passed} passed, {failed} failed").unwrap();
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    if given.is_none() {
        assert_eq!(all_passed, PASSED, "the number of passed cases has changed");
    }
}

fn check(family: &str, case: &Case) -> Result<(), Failure> {
    for engine in [Engine::Reference, Engine::Plan] {
        for precision in [Precision::Double, Precision::Single] {
            let way = Way { engine, precision };
            match case {
                Case::Op(case) if precision == Precision::Single && !case.fits_single(family) => {}
                Case::Op(case) => check_op(case, way)?,
                Case::Graph(case) => check_graph(case, way)?,
                Case::Model(case) => check_model(case, way)?,
            }
        }
    }
    Ok(())
}
