//! The workbook of a network: an example is a block of columns, a step is one calculation.

use std::collections::HashMap;

use gradus_ops::{Arrays, Evaluator, Inputs, Op, Reference};

use super::formula::Place;
use super::frame::{Frame, at, letter};
use super::layout::{self, defined_name, fill, formula};
use super::page::{Chart, Content, Page, Pages, Style, book};
use super::place::placed;
use super::term::{Anchor, Cell};
use super::trace::{Trace, Wanted};
use super::{SheetError, Spreadsheet, index};

/// The worksheets; `data` is where the examples are, `parameters` where all else is that is given.
pub(super) const SHEETS: [&str; 6] =
    ["index", "data", "parameters", "forward", "backward", "history"];
pub(super) const DATA: usize = 1;
pub(super) const PARAMETERS: usize = 2;
pub(super) const FORWARD: usize = 3;
pub(super) const BACKWARD: usize = 4;
const HISTORY: usize = 5;

/// The row in which a worksheet's cells begin, below its heads.
const BODY: u32 = 4;

/// The width of columns without cells, which stand there since another worksheet needs them.
const NARROW: f64 = 1.0;

/// The column of the history to the right of its chart.
const BESIDE_CHART: u16 = 12;

/// The most columns of a worksheet, Excel's.
pub(super) const COLUMNS: usize = 16_384;

/// The array of a node in its place.
pub(super) struct Home {
    /// Its cells, in row-major order.
    pub cells: Vec<Cell>,
    /// How they lie.
    pub frame: Frame,
    /// How they look.
    pub style: Style,
}

/// The columns of the worksheets: names, totals, examples.
struct Columns {
    /// The first column of the examples.
    examples: u16,
    /// From one example to the next.
    stride: u16,
    /// How many there are.
    count: usize,
}

/// The workbook of a network.
pub(super) fn pages(
    sheet: &Spreadsheet<'_>, state: &Arrays<f64>, inputs: &Inputs<'_, f64>,
) -> Result<Pages, SheetError> {
    let (roots, updates) = sheet.roots();
    let axis = sheet.axis.as_deref();
    let limit = sheet.limit;
    let wanted = Wanted { roots: &roots, updates: &updates, axis, parts: true, limit };
    let trace = Trace::new(&wanted, state, inputs)?;
    let places = placed(&trace.nodes, &trace.roots, |_| false);
    bound(&trace, &places, limit)?;

    let folds: HashMap<usize, &[usize]> = sheet.folds(&trace);
    let frames: Vec<Frame> = (trace.nodes.iter().enumerate())
        .map(|(k, node)| Frame::new(node, folds.get(&k).copied()))
        .collect();
    let mut plan = Plan::new(sheet, &trace, &places, &frames)?;
    plan.given();
    plan.parameters();
    plan.quantities();
    plan.write()?;
    plan.history(state, inputs)?;
    let (mut pages, names) = (plan.pages, plan.names);
    pages[0] = index::network(sheet, &trace, &plan.homes, &pages);
    pages.retain(|page| page.entries.len() > 2);
    Ok(Pages { sheets: &SHEETS, pages, names })
}

/// Counts the cells before any is made.
pub(super) fn bound(trace: &Trace, places: &[bool], limit: usize) -> Result<(), SheetError> {
    let sizes = trace.nodes.iter().zip(places).filter(|(_, here)| **here);
    let sizes = sizes.map(|(node, _)| (node.value.len(), node));
    let cells = sizes.clone().map(|(size, _)| size).sum();
    match sizes.max_by_key(|(size, _)| *size) {
        Some((largest, node)) if cells > limit => {
            Err(SheetError::Cells { cells, limit, largest, node: node.node.clone() })
        }
        _ => Ok(()),
    }
}

/// The workbook in the making.
struct Plan<'a, 'g> {
    sheet: &'a Spreadsheet<'g>,
    trace: &'a Trace,
    places: &'a [bool],
    frames: &'a [Frame],
    columns: Columns,
    pages: Vec<Page>,
    /// The next free row of each worksheet.
    rows: [u32; SHEETS.len()],
    homes: HashMap<usize, Home>,
    /// Cells that repeat another node's: of a gradient or next value that has its place elsewhere.
    copies: Vec<(Vec<Cell>, usize, Style)>,
    names: Vec<(String, Cell)>,
}

impl<'a, 'g> Plan<'a, 'g> {
    fn new(
        sheet: &'a Spreadsheet<'g>, trace: &'a Trace, places: &'a [bool], frames: &'a [Frame],
    ) -> Result<Self, SheetError> {
        let here = || (0..frames.len()).filter(|&k| places[k]);
        let batch = |k: &usize| trace.nodes[*k].batch.is_some();
        let widest = |of: &mut dyn Iterator<Item = usize>| {
            of.map(|k| frames[k].width).max().unwrap_or(1).max(1)
        };
        let block = widest(&mut here().filter(batch));
        let totals = here().filter(|k| !batch(k) && !matches!(trace.nodes[*k].op, Op::Input(_)));
        let is_panel = |k: &usize| sheet.panels(trace).any(|panel| panel == *k);
        let total = widest(&mut totals.filter(|k| !is_panel(k)));
        let stride = if block > 1 { block + 1 } else { 1 };
        let count = here()
            .filter(batch)
            .map(|k| trace.nodes[k].dims[trace.nodes[k].batch.expect("it has examples")]);
        let count = count.max().unwrap_or(0);
        let examples = total.saturating_add(2);
        let columns = usize::from(examples) + count * usize::from(stride);
        if columns > COLUMNS {
            let examples = count;
            return Err(SheetError::Columns { examples, columns, limit: COLUMNS });
        }
        let many = if count > 0 { " A block of columns is an example." } else { "" };
        let title = |what: &str| format!("{}: {what}", sheet.title);
        let note = |text: &str| format!("{text}{many}");
        let pages = vec![
            Page::new(SHEETS[0], "", ""),
            Page::new(SHEETS[DATA], &title("the data"), &note("Change them as you like.")),
            Page::new(
                SHEETS[PARAMETERS],
                &title("what is given, and what a step makes of it"),
                "A step: copy the cells of \"next\" and paste their values onto \"now\".",
            ),
            Page::new(SHEETS[FORWARD], &title("forward"), &note("Each cell is a formula.")),
            Page::new(SHEETS[BACKWARD], &title("backward"), &note("Each cell is a formula.")),
            Page::new(
                SHEETS[HISTORY],
                &title("the history"),
                "Numbers, computed beforehand: row k is what k steps have made of the parameters.",
            ),
        ];
        let columns = Columns { examples, stride, count };
        let (rows, homes, copies) = ([BODY; SHEETS.len()], HashMap::new(), Vec::new());
        let names = Vec::new();
        Ok(Self { sheet, trace, places, frames, columns, pages, rows, homes, copies, names })
    }

    /// The inputs that no step changes: those of the examples, and all others.
    fn given(&mut self) {
        self.rows[PARAMETERS] = 3;
        for k in 0..self.frames.len() {
            let node = &self.trace.nodes[k];
            let Op::Input(input) = &node.op else { continue };
            if self.sheet.parameters.iter().any(|parameter| parameter.name == input.name()) {
                continue;
            }
            if node.batch.is_some() {
                self.settle(k, DATA, Style::Data);
                continue;
            }
            self.settle(k, PARAMETERS, Style::Setting);
            if node.dims.is_empty()
                && let Some(name) = defined_name(input.name())
            {
                self.names.push((name, self.homes[&k].cells[0]));
            }
        }
        if let Some((_, cost)) = self.sheet.cost_place(self.trace) {
            let row = self.rows[PARAMETERS];
            let label = letter(&self.sheet.cost_label());
            self.pages[PARAMETERS].text(row, 0, &label, Style::Label);
            let cell = at(PARAMETERS, row, 1, Anchor::Fixed);
            self.copies.push((vec![cell], cost, Style::Cost));
            self.names.push(("cost".to_owned(), cell));
            self.rows[PARAMETERS] += 2;
        }
    }

    /// Parameters, their gradients and next values, side by side.
    fn parameters(&mut self) {
        let all = self.sheet.placed_parameters(self.trace);
        let width = all.iter().map(|&(now, ..)| self.frames[now].width).max().unwrap_or(1);
        let panel = |k: u16| 1 + k * (width + 1);
        let head = self.rows[PARAMETERS];
        let cost = letter(&self.sheet.cost_label());
        let heads = ["now".to_owned(), format!("∂{cost}/∂now"), "next".to_owned()];
        if !all.is_empty() {
            for (k, text) in (0..).zip(&heads) {
                self.pages[PARAMETERS].text(head, panel(k), text, Style::Head);
            }
            self.pages[PARAMETERS].freeze = (head + 1, 1);
        }
        self.rows[PARAMETERS] += 1;
        for &(now, ..) in &all {
            let (frame, row) = (self.frames[now].clone(), self.rows[PARAMETERS]);
            self.name_rows(PARAMETERS, row, &frame, &self.trace.nodes[now].name);
            self.rows[PARAMETERS] += frame.height + 1;
            let corner = at(PARAMETERS, row, panel(0), Anchor::Fixed);
            let cells = frame.cells(&self.trace.nodes[now], corner, 0);
            self.homes.insert(now, Home { cells, frame, style: Style::Parameter });
        }
        for (now, gradient, next) in all {
            let panels = [(1, gradient, Style::Formula), (2, Some(next), Style::Next)];
            for (k, node, style) in panels {
                let Some(node) = node else { continue };
                let right =
                    |cell: &Cell| Cell { column: cell.column + panel(k) - panel(0), ..*cell };
                let cells: Vec<Cell> = self.homes[&now].cells.iter().map(right).collect();
                if self.homes.contains_key(&node) || self.trace.nodes[node].batch.is_some() {
                    self.copies.push((cells, node, style));
                } else {
                    let frame = self.frames[now].clone();
                    self.homes.insert(node, Home { cells, frame, style });
                }
            }
        }
        self.pages[PARAMETERS].widths.push((1, 3 * (width + 1), 9.0));
    }

    /// All other quantities that have cells.
    fn quantities(&mut self) {
        for k in 0..self.frames.len() {
            if self.places[k] && !self.homes.contains_key(&k) {
                let page = if self.trace.nodes[k].derived { BACKWARD } else { FORWARD };
                self.settle(k, page, Style::Formula);
            }
        }
        for page in [DATA, FORWARD, BACKWARD] {
            let Columns { examples, stride, count } = self.columns;
            if self.rows[page] == BODY {
                continue;
            }
            let here = |(_, home): &(&usize, &Home)| {
                home.cells.first().is_some_and(|cell| cell.sheet == page)
            };
            let batch = |k: usize| self.trace.nodes[k].batch.is_some();
            let homes = self.homes.iter().filter(here);
            let totals = homes.clone().any(|(&k, _)| !batch(k));
            let used = homes.filter(|(k, _)| batch(**k)).map(|(_, home)| home.frame.width);
            let used = used.max().unwrap_or(1).max(1);
            if totals {
                self.pages[page].text(BODY - 1, 1, "in all", Style::Head);
            }
            self.pages[page].widths.push((1, examples - 1, if totals { 10.0 } else { NARROW }));
            let width = if page == DATA { 4.0 } else { 8.5 };
            for example in 0..count {
                let column = examples + example as u16 * stride;
                self.pages[page].text(BODY - 1, column, &format!("k={}", example + 1), Style::Head);
                self.pages[page].widths.push((column, column + used - 1, width));
                if used < stride {
                    self.pages[page].widths.push((column + used, column + stride - 1, NARROW));
                }
            }
            self.pages[page].freeze = (BODY, 1);
        }
    }

    /// Gives a node the next rows of a worksheet. A total of the examples stands in the rows of what
    /// it adds up.
    fn settle(&mut self, k: usize, page: usize, style: Style) {
        let (node, frame) = (&self.trace.nodes[k], self.frames[k].clone());
        let beside = node.operands.first().filter(|_| matches!(node.op, Op::Sum(_)));
        let beside =
            beside.filter(|&x| self.trace.nodes[*x].batch.is_some() && node.batch.is_none());
        let beside = beside.and_then(|x| self.homes.get(x)).filter(|home| home.frame == frame);
        let row = match beside.and_then(|home| home.cells.first()) {
            Some(cell) if cell.sheet == page => cell.row,
            _ => self.rows[page],
        };
        let (column, anchor) = match node.batch {
            Some(_) => (self.columns.examples, Anchor::Free),
            None => (1, Anchor::Fixed),
        };
        if row == self.rows[page] || node.label.is_some() {
            self.name_rows(page, row, &frame, &node.name);
        }
        if matches!(node.op, Op::Input(_)) && frame.is_picture() && page == DATA {
            self.pages[page].ink.push((row, row + frame.height - 1));
        }
        self.rows[page] = self.rows[page].max(row + frame.height + 1);
        let cells = frame.cells(node, at(page, row, column, anchor), self.columns.stride);
        self.homes.insert(k, Home { cells, frame, style });
    }

    fn name_rows(&mut self, page: usize, row: u32, frame: &Frame, label: &str) {
        let page = &mut self.pages[page];
        // A name takes the place of another, as that of a total C does of C[k].
        page.entries.retain(|entry| {
            entry.column != 0 || entry.row < row || entry.row >= row + frame.height.max(1)
        });
        for (below, name) in (row..).zip(frame.names(label)) {
            if frame.is_picture() && below > row && name.is_some() {
                page.divided.insert(below);
            }
            page.text(below, 0, &name.unwrap_or_default(), Style::Label);
        }
    }

    /// Writes all formulas, now that all cells have their places.
    fn write(&mut self) -> Result<(), SheetError> {
        let cells = |k: &usize| self.homes.get(k).map(|home| home.cells.clone());
        let homes: Vec<Option<Vec<Cell>>> =
            (0..self.frames.len()).map(|k| cells(&k).filter(|_| self.places[k])).collect();
        let all = homes.iter().flatten().chain(self.copies.iter().map(|copy| &copy.0));
        let book = book(&SHEETS, &self.names, all.flatten().copied());
        let written = layout::write(self.trace, &homes)?;
        let cost = self.sheet.cost_place(self.trace).map(|(_, place)| place);
        for (k, home) in &self.homes {
            let Some(page) = home.cells.first().map(|cell| cell.sheet) else { continue };
            let place = Place { book: &book, sheet: page, down: 0 };
            let style = if Some(*k) == cost { Style::Cost } else { home.style };
            let formulas = written.formulas[*k].as_ref();
            fill(
                &mut self.pages[page],
                &self.trace.nodes[*k],
                &home.cells,
                formulas,
                place,
                style,
            )?;
        }
        for (cells, node, style) in &self.copies {
            let Some(page) = cells.first().map(|cell| cell.sheet) else { continue };
            let place = Place { book: &book, sheet: page, down: 0 };
            let node_ = &self.trace.nodes[*node];
            for ((cell, term), &value) in cells.iter().zip(&written.values[*node]).zip(&node_.value)
            {
                let content = formula(place, term, value, &node_.node)?;
                self.pages[page].put(cell.row, cell.column, content, *style);
            }
        }
        Ok(())
    }

    /// What steps make of the parameters, by the reference evaluator.
    fn history(&mut self, state: &Arrays<f64>, inputs: &Inputs<'_, f64>) -> Result<(), SheetError> {
        let parameters = self.sheet.placed_parameters(self.trace);
        let (Some((cost, _)), true) = (self.sheet.cost_place(self.trace), !parameters.is_empty())
        else {
            return Ok(());
        };
        let (steps, head) = (self.sheet.history, 3);
        if steps == 0 {
            return Ok(());
        }
        let page = &mut self.pages[HISTORY];
        page.text(head, 0, "step k", Style::Head);
        page.text(head, 1, &letter(&self.sheet.cost_label()), Style::Head);
        let mut column = BESIDE_CHART;
        for &(now, ..) in &parameters {
            for name in self.frames[now].elements(&self.trace.nodes[now].name) {
                page.text(head, column, &name, Style::Head);
                column += 1;
            }
        }
        let mut state = state.clone();
        let mut reference = Reference::new(&[cost], &self.sheet.roots().1)?;
        for step in 0..=steps {
            let before = state.clone();
            let cost = reference.step(&mut state, inputs)?[0].sum();
            let numbers =
                self.sheet.parameters.iter().flat_map(|parameter| &before[&parameter.name]);
            let row = head + 1 + step as u32;
            page.put(row, 0, Content::Number(step as f64), Style::Label);
            page.put(row, 1, Content::Number(cost), Style::Record);
            for (column, &value) in (BESIDE_CHART..).zip(numbers) {
                page.put(row, column, Content::Number(value), Style::Record);
            }
        }
        page.widths.push((1, column, 10.0));
        page.freeze = (head + 1, 2);
        page.chart = Some(Chart {
            title: format!("{} after k steps", letter(&self.sheet.cost_label())),
            columns: (0, 1),
            rows: (head + 1, head + 1 + steps as u32),
            corner: (head, 2),
        });
        Ok(())
    }
}
