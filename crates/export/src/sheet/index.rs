//! The first worksheet: what is where, what the colours say, and how to make a step.

use std::collections::HashMap;

use super::Spreadsheet;
use super::formula::letters;
use super::frame::letter;
use super::network::Home;
use super::page::{Content, Page, Style};
use super::term::Cell;
use super::trace::Trace;

/// The colours, as the legend explains them.
const LEGEND: [(Style, &str); 6] = [
    (Style::Data, "the data"),
    (Style::Parameter, "numbers to play with: parameters, the learning rate"),
    (Style::Formula, "formulas"),
    (Style::Next, "formulas of the next parameters"),
    (Style::Cost, "the cost"),
    (Style::Record, "numbers that were computed beforehand"),
];

/// The index of a network's workbook.
pub(super) fn page(sheet: &Spreadsheet<'_>, trace: &Trace, homes: &HashMap<usize, Home>) -> Page {
    let mut how = vec![
        "Change any blue or yellow cell: all that depends on it is computed again.",
        "Forward: from the data and the parameters to the cost. Backward: from the cost to the \
         errors δ of the units, and from these to the gradients.",
    ];
    if !sheet.parameters.is_empty() {
        how.push(
            "A step of gradient descent: on `parameters`, copy the cells under \"next\", and paste \
             their values (paste special: values) onto those under \"now\". Again for the next step.",
        );
    }
    if sheet.history > 0 {
        how.push(
            "The worksheet `history` shows what such steps lead to. To begin elsewhere, copy a row \
             of it, transposed, onto the parameters.",
        );
    }
    let cells = |k: usize| homes.get(&k).map(|home| home.cells.as_slice());
    listed(sheet, trace, &how, cells, &super::network::SHEETS)
}

/// The index of a descent's workbook.
pub(super) fn of_descent(
    sheet: &Spreadsheet<'_>, trace: &Trace, homes: &[Option<Vec<Cell>>],
) -> Page {
    let how = [
        "Change any blue or yellow cell, the start in row 0 or the learning rate: all steps are \
         computed again.",
        "Each row of `descent` is a step, computed from the row above.",
        "To make more steps, select the last row of `descent` and fill it down.",
    ];
    let cells = |k: usize| homes[k].as_deref();
    listed(sheet, trace, &how, cells, &["index", "data", "descent"])
}

fn listed<'c>(
    sheet: &Spreadsheet<'_>, trace: &Trace, how: &[&str],
    cells: impl Fn(usize) -> Option<&'c [Cell]>, sheets: &[&str],
) -> Page {
    let mut page = Page::new("index", &sheet.title, "Every number is a cell, every rule a formula.");
    let mut row = 3;
    for text in how {
        page.text(row, 0, text, Style::Note);
        row += 1;
    }
    row += 1;
    for (style, text) in LEGEND {
        page.put(row, 0, Content::Text(String::from(" ")), style);
        page.text(row, 1, text, Style::Note);
        row += 1;
    }
    row += 1;
    for (column, head) in (0..).zip(["quantity", "cells", "operation", "convention"]) {
        page.text(row, column, head, Style::Head);
    }
    for (k, node) in trace.nodes.iter().enumerate() {
        let Some([first, .., last] | [first @ last]) = cells(k) else { continue };
        row += 1;
        let label = node.label.as_deref().map_or_else(|| "not labelled".to_owned(), letter);
        let card = node.op.card();
        let place = |cell: &Cell| letters(cell.column) + &(cell.row + 1).to_string();
        let range = format!("{}!{}:{}", sheets[first.sheet], place(first), place(last));
        page.text(row, 0, &label, Style::Label);
        page.text(row, 1, &range, Style::Note);
        page.text(row, 2, &format!("{}: {}", card.name, card.formula), Style::Note);
        page.text(row, 3, card.convention, Style::Note);
    }
    page.widths = vec![(0, 0, 14.0), (1, 1, 28.0), (2, 2, 56.0), (3, 3, 60.0)];
    page
}
