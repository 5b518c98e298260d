//! What both kinds of workbook share: the terms of all nodes, and their formulas.

use std::rc::Rc;

use gradus_ops::Op;

use super::SheetError;
use super::formula::{LONGEST, Place};
use super::page::{Content, Page, Style};
use super::rules::{Terms, array, terms};
use super::term::{Cell, T, Term, number};
use super::trace::{Node, Trace};

/// What a node's elements are, to those that read it, and what is in its own cells.
pub(super) struct Written {
    /// Cells, where the node has cells; else terms of others' cells.
    pub values: Vec<Terms>,
    /// The formulas of those that have cells, and are no inputs.
    pub formulas: Vec<Option<Terms>>,
}

/// The terms of all nodes, of which some have cells.
pub(super) fn write(trace: &Trace, homes: &[Option<Vec<Cell>>]) -> Result<Written, SheetError> {
    let mut written = Written { values: Vec::new(), formulas: Vec::new() };
    for (node, home) in trace.nodes.iter().zip(homes) {
        let formulas = match node.op {
            Op::Input(_) => None,
            Op::Size(_) => Some(node.value.map(|&size| number(size))),
            _ => {
                let x: Vec<&Terms> = node.operands.iter().map(|&x| &written.values[x]).collect();
                Some(terms(&node.op, &x, &node.dims).map_err(|wanted| refuse(node, wanted))?)
            }
        };
        let cells = home.as_ref().map(|cells| {
            let cells: Vec<T> = cells.iter().map(|&cell| Rc::new(Term::Cell(cell))).collect();
            array(&node.dims, cells)
        });
        let own = formulas.clone().filter(|_| cells.is_some());
        written.values.push(cells.or(formulas).expect("an input has cells"));
        written.formulas.push(own);
    }
    Ok(written)
}

fn refuse(node: &Node, wanted: String) -> SheetError {
    SheetError::Operation { operation: node.op.to_string(), node: node.node.clone(), wanted }
}

/// Puts the formulas or numbers of a node into its cells.
pub(super) fn fill(
    page: &mut Page, node: &Node, cells: &[Cell], formulas: Option<&Terms>, place: Place<'_>,
    style: Style,
) -> Result<(), SheetError> {
    let values = node.value.iter();
    match formulas {
        None => {
            for (cell, &value) in cells.iter().zip(values) {
                page.put(cell.row, cell.column, Content::Number(value), style);
            }
        }
        Some(formulas) => {
            for ((cell, &value), term) in cells.iter().zip(values).zip(formulas) {
                let content = formula(place, term, value, &node.node)?;
                page.put(cell.row, cell.column, content, style);
            }
        }
    }
    Ok(())
}

/// The formula of a term, if it is not too long.
pub(super) fn formula(
    place: Place<'_>, term: &T, value: f64, node: &str,
) -> Result<Content, SheetError> {
    let formula = place.formula(term);
    match formula.chars().count() {
        ..=LONGEST => Ok(Content::Formula(formula, value)),
        characters => {
            let node = node.to_owned();
            Err(SheetError::Long { node, characters, limit: LONGEST })
        }
    }
}

/// The name that a cell may have: not one that looks like a cell's or a row's and column's.
pub(super) fn defined_name(label: &str) -> Option<String> {
    let name = super::frame::letter(label);
    let letters = name.chars().next().is_some_and(char::is_alphabetic);
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let looks = name.trim_end_matches(|c: char| c.is_ascii_digit()).len() <= 3 && name.is_ascii();
    (letters && plain && !looks).then_some(name)
}
