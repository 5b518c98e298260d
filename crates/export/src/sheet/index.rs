//! The first worksheet: what is where, what the colours say, and how to make a step.

use std::collections::HashMap;

use gradus_ops::Op;

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

/// The index of a network's workbook, whose worksheets are `pages`.
pub(super) fn network(
    sheet: &Spreadsheet<'_>, trace: &Trace, homes: &HashMap<usize, Home>, pages: &[Page],
) -> Page {
    let mut how = vec![
        "Change any blue or yellow cell: all that depends on it is computed again.",
        "Forward goes from the data and the parameters to the cost; backward from the cost to the \
         errors δ of the units. The gradients are beside the parameters.",
    ];
    if !sheet.parameters.is_empty() {
        how.push(
            "A step of gradient descent: on the worksheet parameters, copy the cells under \"next\", and paste \
             their values (paste special: values) onto those under \"now\". Again for the next step.",
        );
    }
    if sheet.history > 0 {
        how.push(
            "What many such steps lead to is on the worksheet history, as numbers and as a curve.",
        );
    }
    let cells = |k: usize| homes.get(&k).map(|home| home.cells.as_slice());
    listed(sheet, trace, &how, cells, pages)
}

/// The index of a descent's workbook, whose worksheets are `pages`.
pub(super) fn descent(
    sheet: &Spreadsheet<'_>, trace: &Trace, homes: &[Option<Vec<Cell>>], pages: &[Page],
) -> Page {
    let how = [
        "Change any blue or yellow cell, as the start in row 0 or the learning rate: all steps are \
         computed again.",
        "Each row of the worksheet descent is a step, computed from the row above.",
        "To make more steps, select the last row of the worksheet descent and fill it down.",
    ];
    listed(sheet, trace, &how, |k| homes[k].as_deref(), pages)
}

fn listed<'c>(
    sheet: &Spreadsheet<'_>, trace: &Trace, how: &[&str],
    cells: impl Fn(usize) -> Option<&'c [Cell]>, pages: &[Page],
) -> Page {
    let mut page =
        Page::new("index", &sheet.title, "Every number is a cell, and every rule a formula.");
    let mut row = 3;
    for text in how {
        page.text(row, 0, text, Style::Note);
        row += 1;
    }
    row += 1;
    let used = |style: Style| {
        let same = |other| style == other || (style, other) == (Style::Parameter, Style::Setting);
        pages.iter().flat_map(|page| &page.entries).any(|entry| same(entry.style))
    };
    for (style, text) in LEGEND.into_iter().filter(|&(style, _)| used(style)) {
        page.put(row, 0, Content::Text(" ".to_owned()), style);
        page.text(row, 1, text, Style::Note);
        row += 1;
    }
    row += 1;
    let kinks = (trace.nodes.iter().enumerate())
        .any(|(k, node)| has_kink(&node.op) && cells(k).is_some_and(|cells| !cells.is_empty()));
    let heads = ["quantity", "cells", "the first cell", "convention"];
    for (column, head) in (0..).zip(heads).filter(|&(column, _)| column < 3 || kinks) {
        page.text(row, column, head, Style::TextHead);
    }
    for (k, node) in trace.nodes.iter().enumerate() {
        let Some([first, .., last] | [first @ last]) = cells(k) else { continue };
        row += 1;
        let place = |cell: &Cell| letters(cell.column) + &(cell.row + 1).to_string();
        let range = match first == last {
            true => place(first),
            false => format!("{}:{}", place(first), place(last)),
        };
        let on = &pages[first.sheet];
        let here = on.entries.iter().find(|at| (at.row, at.column) == (first.row, first.column));
        let content = match here.map(|entry| &entry.content) {
            Some(Content::Formula(formula, _)) => formula.clone(),
            _ => "a number".to_owned(),
        };
        page.text(row, 0, &letter(&node.name), Style::Label);
        page.text(row, 1, &format!("{}!{range}", on.name), Style::Note);
        page.text(row, 2, &content, Style::Note);
        if has_kink(&node.op) {
            page.text(row, 3, node.op.card().convention, Style::Note);
        }
    }
    page.widths = vec![(0, 0, 14.0), (1, 1, 26.0), (2, 2, 64.0), (3, 3, 60.0)];
    page
}

/// Whether a reader should know what holds at a kink.
fn has_kink(op: &Op) -> bool {
    matches!(
        op,
        Op::Relu(_)
            | Op::Abs(_)
            | Op::Sign(_)
            | Op::Step(_)
            | Op::Maximum(_)
            | Op::Max(_)
            | Op::MaxPool2d(_)
            | Op::MaxPool2dScatter(_)
            | Op::MaxPool2dGather(_)
    )
}
