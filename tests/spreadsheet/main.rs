//! Spreadsheets against a spreadsheet program: LibreOffice computes every formula anew, and each cell
//! must be what the engine says. Where it is not installed, the tests say so and compare nothing.

mod book;
mod examples;
mod hands;
mod law;
mod office;
mod refusals;

use gradus::export::sheet::SheetError;
use gradus::prelude::Arrays;

use examples::{cnn_digits, demons_learn, pixels, spreadsheet, spreadsheet_networks};
use office::{Cells, agree, cells, computed, with_number};

/// A workbook of an example.
struct System {
    name: &'static str,
    /// For any parameters, with the engine's values in the formulas or without.
    book: fn(&Arrays<f64>, bool) -> Result<Vec<u8>, SheetError>,
    /// The parameters that it begins with.
    at: Arrays<f64>,
    /// An element of a parameter: the name, the place, its worksheet and cell.
    element: (&'static str, usize, &'static str, &'static str),
}

/// The four systems.
fn systems() -> [System; 4] {
    use spreadsheet::{bowl, line, numbers};
    use spreadsheet_networks::{CNN, DEMONS, cnn, demons, draw};
    let (from, flat) = (numbers([("x", 3.0), ("y", 2.0)]), numbers([("p", 0.0), ("q", 0.0)]));
    let system = |name, book, at, element| System { name, book, at, element };
    [
        system("descent", bowl, from, ("y", 0, "descent", "C7")),
        system("regression", line, flat, ("p", 0, "descent", "B7")),
        system("demons", demons, draw(DEMONS, 1), ("w2", 4, "parameters", "C10")),
        system("cnn", cnn, draw(CNN, 1), ("wF", 8, "parameters", "D11")),
    ]
}

#[test]
fn every_formula_computes_what_the_engine_says() {
    let files = systems().map(|system| (system.name, (system.book)(&system.at, false).unwrap()));
    for (name, file) in &files {
        let bare = cells(file);
        let brings = bare.formulas.keys().find(|cell| bare.numbers.contains_key(cell));
        assert_eq!(brings, None, "{name}: a file without values has none");
    }
    let Some(computed) = computed(&files) else { return };
    for (system, computed) in systems().iter().zip(computed) {
        agree(system.name, &cells(&(system.book)(&system.at, true).unwrap()), &computed);
    }
}

/// The file still brings the values for the old number, so they must have been computed again.
#[test]
fn a_changed_parameter_moves_everything() {
    let files = systems().map(|system| {
        let (parameter, place, sheet, cell) = system.element;
        let new = system.at[parameter].iter().nth(place).unwrap() + 0.75;
        let file = (system.book)(&system.at, true).unwrap();
        (system.name, with_number(&file, sheet, cell, new))
    });
    let Some(computed) = computed(&files) else { return };
    for (mut system, computed) in systems().into_iter().zip(computed) {
        let before = cells(&(system.book)(&system.at, true).unwrap());
        let (parameter, place, ..) = system.element;
        *system.at.get_mut(parameter).unwrap().iter_mut().nth(place).unwrap() += 0.75;
        let engine = cells(&(system.book)(&system.at, true).unwrap());
        agree(system.name, &engine, &computed);
        let moves = |cell: &&office::Place| before.numbers[*cell] != engine.numbers[*cell];
        let (all, moved) = (engine.formulas.len(), engine.formulas.keys().filter(moves).count());
        println!("{}: {moved} of {all} formulas moved", system.name);
        assert!(10 * moved > all, "{}", system.name);
    }
}

/// The numbers of a panel of the worksheet `parameters`, row by row.
fn panel(book: &Cells, head: &str) -> Vec<f64> {
    book.under(head).into_iter().map(|place| book.numbers[place]).collect()
}

/// What is next to "now" and in the history is what the other examples' plans make of the same
/// parameters.
#[test]
fn a_step_and_the_history_are_those_of_the_plans() {
    let demons = pixels::read("zeros_and_ones.txt", 4, 3).unwrap();
    let digits = pixels::read("one_two_three.txt", 6, 6).unwrap();
    let [.., first, second] = systems();
    let plans = [
        (
            first,
            demons_learn::train(&demons, [1], 1).remove(0).parameters,
            demons_learn::train(&demons, [1], 50).remove(0).costs,
        ),
        (
            second,
            cnn_digits::train(&digits, [1], 1).remove(0).parameters,
            cnn_digits::train(&digits, [1], 300).remove(0).costs,
        ),
    ];
    let orders = [["w2", "b2", "w3", "b3"], ["wF", "bF", "wO", "bO"]];
    for ((system, next, costs), order) in plans.into_iter().zip(orders) {
        let book = cells(&(system.book)(&system.at, true).unwrap());
        let flat = |arrays: &Arrays<f64>| -> Vec<f64> {
            order.iter().flat_map(|name| &arrays[*name]).copied().collect()
        };
        assert_eq!(panel(&book, "now"), flat(&system.at), "{}", system.name);
        let (got, wanted) = (panel(&book, "next"), flat(&next));
        assert_eq!(got.len(), wanted.len());
        for (got, wanted) in got.iter().zip(&wanted) {
            assert!((got - wanted).abs() < 1e-12, "{}: {got}, the plan {wanted}", system.name);
        }
        let curve = book
            .numbers
            .iter()
            .filter(|((sheet, _, column), _)| sheet == "history" && *column == 1);
        let curve: Vec<f64> = curve.map(|(_, &cost)| cost).collect();
        assert_eq!(curve.len(), costs.len());
        // Rounding grows over steps that overshoot.
        for (k, (got, wanted)) in curve.iter().zip(&costs).enumerate().take(20) {
            assert!((got - wanted).abs() < 1e-9, "{}, step {k}: {got}, {wanted}", system.name);
        }
    }
}

#[test]
fn the_index_names_what_has_cells_as_the_books_do() {
    let [.., demons, _] = systems();
    let book = cells(&(demons.book)(&demons.at, true).unwrap());
    let on_index = |name: &str| {
        book.texts.iter().any(|((sheet, _, column), text)| {
            sheet == "index" && *column == 0 && text.as_str() == name
        })
    };
    for name in ["x", "w²", "z²", "a³", "δ²", "δ³", "C_T", "∂C/∂w²", "next w²", "next b³", "η"]
    {
        assert!(on_index(name), "{name}");
    }
    assert!(!book.texts.values().any(|text| text.contains('%')), "a node is named by its number");
}

#[test]
fn heads_and_legends_are_only_over_what_is_there() {
    let [bowl, line, demons, cnn] = systems().map(|system| {
        let book = cells(&(system.book)(&system.at, true).unwrap());
        move |sheet: &str, text: &str| {
            book.texts.iter().any(|(place, other)| place.0 == sheet && other == text)
        }
    });
    assert!(!bowl("index", "the data") && line("index", "the data"), "the bowl has no data");
    assert!(!line("index", "numbers that were computed beforehand"), "a descent has no history");
    assert!(!demons("index", "convention") && cnn("index", "convention"), "pooling has kinks");
    for network in [demons, cnn] {
        assert!(network("index", "numbers that were computed beforehand"));
        assert!(network("forward", "in all") && !network("backward", "in all"));
    }
}

#[test]
fn equal_workbooks_are_equal_bytes() {
    let [bowl, ..] = systems();
    assert_eq!((bowl.book)(&bowl.at, true).unwrap(), (bowl.book)(&bowl.at, true).unwrap());
}
