//! What cannot be a workbook is refused, with a sentence that says what and where.

use gradus::export::sheet::Spreadsheet;
use gradus::ndarray::{Array2, arr0, arr1};
use gradus::prelude::*;

/// The text of the error.
fn refused(sheet: Spreadsheet<'_>, state: &Arrays<f64>, inputs: &Inputs<'_, f64>) -> String {
    sheet.bytes(state, inputs).unwrap_err().to_string()
}

#[test]
fn a_workbook_that_is_too_large_says_how_large_it_would_be() {
    let g = Graph::new();
    let x = input(&g, "x", ("n", 10));
    let y = tanh(x).named("y");
    let zeros = Array2::<f64>::zeros((30_000, 10));
    let inputs = Inputs::new().with("x", &zeros);
    let text = refused(Spreadsheet::new("").examples("n").show(y), &Arrays::new(), &inputs);
    assert!(
        text.starts_with("600000 cells are too many, the limit is 250000; 300000 of"),
        "{text}"
    );
    let few = Array2::<f64>::zeros((20_000, 10));
    let inputs = Inputs::new().with("x", &few);
    let sheet = Spreadsheet::new("").examples("n").show(y).limit(1_000_000);
    let text = refused(sheet, &Arrays::new(), &inputs);
    assert_eq!(text, "20000 examples need 20003 columns, a worksheet has 16384");
    let text = refused(Spreadsheet::new("").show(y).limit(100), &Arrays::new(), &inputs);
    assert!(text.starts_with("the tape has more than 800 numbers, counted up to %0 `x`"), "{text}");
}

#[test]
fn what_a_cell_cannot_hold_is_named() {
    let g = Graph::new();
    let x = input(&g, "x", [2]);
    let values = arr1(&[1.0, 0.0]);
    let inputs = Inputs::new().with("x", &values);
    let text = refused(Spreadsheet::new("").show(log(x)), &Arrays::new(), &inputs);
    assert!(text.starts_with("log, %1 : [2], written at"), "{text}");
    assert!(text.ends_with("a cell holds finite numbers, not -inf"), "{text}");
    let text = refused(Spreadsheet::new("").cost(x), &Arrays::new(), &inputs);
    assert!(text.starts_with("the cost must be a single number, not %0 `x`"), "{text}");
}

#[test]
fn updates_that_do_not_fit_are_named() {
    let g = Graph::new();
    let w = param(&g, "w", ());
    let sheet = Spreadsheet::new("").update("v", w, w);
    let state: Arrays<f64> = [("w".to_owned(), arr0(1.0).into_dyn())].into();
    let text = refused(sheet, &state, &Inputs::new());
    assert_eq!(text, "the update of `v`: the graph has no input of this name");
}

#[test]
fn a_row_for_each_step_has_no_cells_for_examples() {
    let g = Graph::new();
    let (x, p) = (input(&g, "x", ("n",)), param(&g, "p", ()));
    let residual = (x - p).named("r");
    let [slope] = grad(sum_all(square(residual)), [p]);
    let sheet = Spreadsheet::new("").examples("n").show(residual).update("p", slope, p - slope);
    let state: Arrays<f64> = [("p".to_owned(), arr0(1.0).into_dyn())].into();
    let values = arr1(&[1.0, 0.0]);
    let text = refused(sheet.descent(3), &state, &Inputs::new().with("x", &values));
    assert!(text.starts_with("a row for each step has no cells for each example"), "{text}");
}

#[test]
fn a_formula_that_is_too_long_is_refused() {
    let g = Graph::new();
    let (x, p) = (input(&g, "x", ("n",)), param(&g, "p", ()));
    let cost = sum_all(relu(x - p)).named("C");
    let [slope] = grad(cost, [p]);
    let sheet = Spreadsheet::new("").examples("n").cost(cost).update("p", slope, p - slope);
    let state: Arrays<f64> = [("p".to_owned(), arr0(1.0).into_dyn())].into();
    let values = arr1(&[0.5; 1000]);
    let text = refused(sheet.descent(3), &state, &Inputs::new().with("x", &values));
    assert!(text.contains("characters, a cell takes 8190; label an operand"), "{text}");
}

#[test]
fn a_file_is_replaced_or_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bowl.xlsx");
    let g = Graph::new();
    let y = square(input(&g, "x", ()));
    let sheet = Spreadsheet::new("").show(y);
    sheet.save(&path, &Arrays::new(), &Inputs::new().with("x", &arr0(3.0))).unwrap();
    let before = std::fs::read(&path).unwrap();
    sheet.save(&path, &Arrays::new(), &Inputs::new()).unwrap_err();
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let nowhere = folder.path().join("none/bowl.xlsx");
    let inputs = (Arrays::new(), arr0(3.0));
    let error = sheet.save(&nowhere, &inputs.0, &Inputs::new().with("x", &inputs.1)).unwrap_err();
    assert!(error.to_string().starts_with(&nowhere.display().to_string()), "{error}");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}
