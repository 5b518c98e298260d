//! The workbook of a descent: each step is a row, whose formulas read the row above; filling them
//! down goes on.

use gradus_ops::{Arrays, Evaluator, Inputs, Op, Reference};

use super::formula::{Book, Place};
use super::frame::{Frame, at, letter};
use super::layout::{self, Written, defined_name, fill, formula};
use super::network::{COLUMNS, bound};
use super::page::{Chart, Content, Page, Pages, Style, book};
use super::place::placed;
use super::term::{Anchor, Cell};
use super::trace::{Node, Trace, Wanted};
use super::{SheetError, Spreadsheet, index};

const SHEETS: [&str; 3] = ["index", "data", "descent"];
const DATA: usize = 1;
const DESCENT: usize = 2;

/// The first row of the data, and of what is given beside the steps.
const BODY: u32 = 3;

/// The workbook of so many steps.
pub(super) fn pages(
    sheet: &Spreadsheet<'_>, steps: usize, state: &Arrays<f64>, inputs: &Inputs<'_, f64>,
) -> Result<Pages, SheetError> {
    let (roots, updates) = sheet.roots();
    let (axis, limit) = (sheet.axis.as_deref(), sheet.limit);
    let wanted = Wanted { roots: &roots, updates: &updates, axis, parts: false, limit };
    let trace = Trace::new(&wanted, state, inputs)?;
    // A row has no room for what belongs to an example: that is written into sums.
    let shown = &trace.roots[..roots.len()];
    let places = placed(&trace.nodes, shown, |node| node.batch.is_some());
    bound(&trace, &places, limit / (steps + 1))?;
    if let Some(&k) = shown.iter().find(|&&k| !places[k]) {
        return Err(SheetError::Example { node: trace.nodes[k].node.clone() });
    }

    let title = |what: &str| format!("{}: {what}", sheet.title);
    let note = "Each row is a step, computed from the row above: fill the last row down to go on.";
    let mut plan = Plan {
        sheet,
        trace: &trace,
        homes: vec![None; trace.nodes.len()],
        names: Vec::new(),
        pages: [
            Page::new(SHEETS[0], "", ""),
            Page::new(SHEETS[DATA], &title("the data"), "Change them as you like."),
            Page::new(SHEETS[DESCENT], &title("descent"), note),
        ],
        head: BODY,
        columns: Vec::new(),
    };
    plan.given();
    plan.head(&places)?;
    plan.write(steps as u32, state, inputs)?;
    let Plan { homes, names, mut pages, .. } = plan;
    pages[0] = index::descent(sheet, &trace, &homes, &pages);
    let pages = pages.into_iter().filter(|page| page.entries.len() > 2).collect();
    Ok(Pages { sheets: &SHEETS, pages, names })
}

/// The workbook in the making.
struct Plan<'a, 'g> {
    sheet: &'a Spreadsheet<'g>,
    trace: &'a Trace,
    /// The cells of each node; of what a step computes, those of step 0.
    homes: Vec<Option<Vec<Cell>>>,
    names: Vec<(String, Cell)>,
    pages: [Page; SHEETS.len()],
    /// The row of the heads.
    head: u32,
    /// The nodes that have columns, in their order.
    columns: Vec<usize>,
}

impl Plan<'_, '_> {
    /// The inputs that no step changes: the data, and what is given above the steps.
    fn given(&mut self) {
        let mut rows = [BODY; SHEETS.len()];
        for (k, node) in self.trace.nodes.iter().enumerate() {
            let Op::Input(input) = &node.op else { continue };
            if self.sheet.parameters.iter().any(|parameter| parameter.name == input.name()) {
                continue;
            }
            let (page, column) = if node.batch.is_some() { (DATA, 2) } else { (DESCENT, 1) };
            let (frame, row) = (Frame::new(node, None), rows[page]);
            for (row, name) in (row..).zip(frame.names(&node.name)) {
                self.pages[page].text(row, 0, &name.unwrap_or_default(), Style::Label);
            }
            rows[page] += frame.height;
            let cells = frame.cells(node, at(page, row, column, Anchor::Fixed), 1);
            if let Some(name) = defined_name(input.name()).filter(|_| node.dims.is_empty()) {
                self.names.push((name, cells[0]));
            }
            self.homes[k] = Some(cells);
        }
        self.head = rows[DESCENT] + 1;
        self.pages[DATA].freeze = (0, 1);
    }

    /// The columns: parameters, what is computed of them, and the gradients.
    fn head(&mut self, places: &[bool]) -> Result<(), SheetError> {
        let parameters = self.sheet.placed_parameters(self.trace);
        let gradients: Vec<usize> = parameters.iter().filter_map(|&(_, slope, _)| slope).collect();
        let mut order: Vec<usize> = parameters.iter().map(|&(now, ..)| now).collect();
        let others = (0..places.len()).filter(|&k| places[k] && self.homes[k].is_none());
        order.extend(others.filter(|k| !gradients.contains(k)));
        order.extend(gradients.iter().filter(|&&k| self.homes[k].is_none()));
        self.pages[DESCENT].text(self.head, 0, "step", Style::Head);
        let mut column = 1;
        for k in order {
            if self.columns.contains(&k) {
                continue;
            }
            let node = &self.trace.nodes[k];
            let mut cells = Vec::new();
            for name in Frame::new(node, None).elements(&node.name) {
                if usize::from(column) >= COLUMNS {
                    return Err(SheetError::Wide { node: node.node.clone(), limit: COLUMNS });
                }
                self.pages[DESCENT].text(self.head, column, &name, Style::Head);
                cells.push(at(DESCENT, self.head + 1, column, Anchor::Step));
                column += 1;
            }
            self.homes[k] = Some(cells);
            self.columns.push(k);
        }
        self.pages[DESCENT].freeze = (self.head + 1, 1);
        self.pages[DESCENT].widths.push((1, column, 14.0));
        Ok(())
    }

    /// Writes all numbers and formulas, with the values of the reference evaluator.
    fn write(
        &mut self, steps: u32, state: &Arrays<f64>, inputs: &Inputs<'_, f64>,
    ) -> Result<(), SheetError> {
        let all = self.homes.iter().flatten().flatten();
        let rows = |cell: &Cell| if cell.anchor == Anchor::Step { 0..=steps } else { 0..=0 };
        let all =
            all.flat_map(|cell| rows(cell).map(move |step| Cell { row: cell.row + step, ..*cell }));
        let book = book(&SHEETS, &self.names, all);
        let written = layout::write(self.trace, &self.homes)?;
        for (k, home) in self.homes.iter().enumerate() {
            let Some(cells) = home.as_ref().filter(|_| !self.columns.contains(&k)) else {
                continue;
            };
            let node = &self.trace.nodes[k];
            let (page, style) = match node.batch {
                Some(_) => (DATA, Style::Data),
                None => (DESCENT, Style::Setting),
            };
            let place = Place { book: &book, sheet: page, down: 0 };
            fill(&mut self.pages[page], node, cells, None, place, style)?;
        }
        let (roots, updates) = self.sheet.roots();
        let graph = roots.iter().chain(updates.iter().map(|(_, y)| y)).map(|y| y.graph()).next();
        let id = |&k: &usize| Some(graph?.expr(self.trace.nodes[k].id?));
        let outputs: Vec<_> = self.columns.iter().filter_map(id).collect();
        let (mut reference, mut state) = (Reference::new(&outputs, &updates)?, state.clone());
        for step in 0..=steps {
            let values = reference.step(&mut state, inputs)?;
            let (row, number) = (self.head + 1 + step, f64::from(step));
            // A formula too, so that filling down counts on.
            let content = match step {
                0 => Content::Number(number),
                _ => Content::Formula(format!("=A{row}+1"), number),
            };
            self.pages[DESCENT].put(row, 0, content, Style::Label);
            for (k, values) in self.columns.clone().into_iter().zip(&values) {
                let values: Vec<f64> = values.iter().copied().collect();
                self.row(&book, &written, k, step, &values)?;
            }
        }
        let cost = self.sheet.cost_place(self.trace).and_then(|(_, k)| self.homes[k].as_ref());
        let last = self.columns.iter().filter_map(|&k| self.homes[k].as_ref()?.last()).next_back();
        self.pages[DESCENT].chart = cost.and_then(|cells| cells.first()).map(|cell| Chart {
            title: format!("{} after k steps", letter(&self.sheet.cost_label())),
            columns: (0, cell.column),
            rows: (self.head + 1, self.head + 1 + steps),
            corner: (self.head, last.map_or(0, |cell| cell.column + 2)),
        });
        Ok(())
    }

    /// The cells of a node in the row of a step: a start, the formula of a next value over the row
    /// above, or a formula over this row.
    fn row(
        &mut self, book: &Book, written: &Written, k: usize, step: u32, values: &[f64],
    ) -> Result<(), SheetError> {
        let node = &self.trace.nodes[k];
        let parameters = self.sheet.placed_parameters(self.trace);
        let next = parameters.iter().find(|(now, ..)| *now == k).map(|&(.., next)| next);
        let cost = self.sheet.cost_place(self.trace).map(|(_, place)| place);
        let (terms, down, style) = match (next, step) {
            (Some(_), 0) => (None, 0, Style::Parameter),
            (Some(next), _) => (Some(&written.values[next]), step - 1, Style::Next),
            (None, _) if cost == Some(k) => (written.formulas[k].as_ref(), step, Style::Cost),
            (None, _) => (written.formulas[k].as_ref(), step, Style::Formula),
        };
        let place = Place { book, sheet: DESCENT, down };
        let mut terms = terms.map(|terms| terms.iter());
        for (cell, &value) in self.homes[k].iter().flatten().zip(values) {
            finite(node, value)?;
            let content = match terms.as_mut().and_then(Iterator::next) {
                None => Content::Number(value),
                Some(term) => formula(place, term, value, &node.node)?,
            };
            self.pages[DESCENT].put(cell.row + step, cell.column, content, style);
        }
        Ok(())
    }
}

/// A descent may leave what a cell can hold.
fn finite(node: &Node, value: f64) -> Result<(), SheetError> {
    let (operation, node) = (node.op.to_string(), node.node.clone());
    if value.is_finite() { Ok(()) } else { Err(SheetError::NotFinite { operation, node, value }) }
}
