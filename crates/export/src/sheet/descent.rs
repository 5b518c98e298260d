//! The workbook of a descent: each step is a row, whose formulas read the row above; filling them
//! down goes on.

use gradus_ops::{Arrays, Evaluator, Expr, Inputs, Op, Reference};

use super::formula::Place;
use super::frame::{Frame, at, letter};
use super::layout::{self, defined_name, fill, formula};
use super::network::bound;
use super::page::{Chart, Content, Page, Pages, Style, book};
use super::place::placed;
use super::term::{Anchor, Cell};
use super::trace::{Trace, Wanted};
use super::{SheetError, Spreadsheet, index};

const SHEETS: [&str; 3] = ["index", "data", "descent"];
const DATA: usize = 1;
const DESCENT: usize = 2;

/// The columns that the chart covers.
const CHART: u16 = 8;

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
    let mut data = Page::new(SHEETS[DATA], &title("the data"), "Change them as you like.");
    let note = "Each row is a step, computed from the row above: copy the last row down to go on.";
    let mut page = Page::new(SHEETS[DESCENT], &title("descent"), note);
    let (mut homes, mut names) = (vec![None; trace.nodes.len()], Vec::new());
    let (mut given, mut row) = (3, 4);

    // What is given, above the steps.
    for (k, node) in trace.nodes.iter().enumerate() {
        let Op::Input(input) = &node.op else { continue };
        if sheet.parameters.iter().any(|parameter| parameter.name == input.name()) {
            continue;
        }
        let frame = Frame::new(node, None);
        let rows = frame.names(input.name()).into_iter().map(Option::unwrap_or_default);
        let (sheet_, top, column) =
            if node.batch.is_some() { (DATA, row, 2) } else { (DESCENT, given, 1) };
        let cells = frame.cells(node, at(sheet_, top, column, Anchor::Fixed), 1);
        let to = if sheet_ == DATA { &mut data } else { &mut page };
        (top..).zip(rows).for_each(|(row, name)| to.text(row, 0, &name, Style::Label));
        if sheet_ == DATA {
            row += frame.height + 1;
        } else {
            given += frame.height;
            let name = defined_name(input.name()).filter(|_| node.dims.is_empty());
            names.extend(name.map(|name| (name, cells[0])));
        }
        homes[k] = Some(cells);
    }

    // The columns: parameters first, then what is computed of them.
    let head = given + 1;
    page.text(head, 0, "step", Style::Head);
    let parameters = sheet.placed_parameters(&trace);
    let is_parameter = |k: &usize| parameters.iter().any(|(now, ..)| now == k);
    let others = (0..trace.nodes.len()).filter(|&k| places[k] && homes[k].is_none());
    let others: Vec<usize> = others.filter(|k| !is_parameter(k)).collect();
    let order = parameters.iter().map(|(now, ..)| *now).chain(others.iter().copied());
    let mut column = 1u16;
    let mut columns = Vec::new();
    for k in order {
        let node = &trace.nodes[k];
        let label = node.label.clone().unwrap_or_else(|| format!("{} %{k}", node.op.card().name));
        let mut cells = Vec::new();
        for name in Frame::new(node, None).elements(&label) {
            page.text(head, column, &name, Style::Head);
            cells.push(at(DESCENT, head + 1, column, Anchor::Step));
            column = column.checked_add(1).ok_or(SheetError::Columns {
                examples: 0,
                columns: usize::from(u16::MAX),
                limit: 16_384,
            })?;
        }
        homes[k] = Some(cells);
        columns.push(k);
    }

    let all = homes.iter().flatten().flatten().copied();
    let step_cells = all.clone().filter(|cell| cell.anchor == Anchor::Step);
    let later = step_cells.flat_map(|cell| {
        (1..=steps as u32).map(move |step| Cell { row: cell.row + step, ..cell })
    });
    let book = book(&SHEETS, &names, all.chain(later));
    let written = layout::write(&trace, &homes)?;
    for (k, home) in homes.iter().enumerate() {
        let Some(cells) = home.as_ref().filter(|_| !columns.contains(&k)) else { continue };
        let sheet_ = if trace.nodes[k].batch.is_some() { DATA } else { DESCENT };
        let place = Place { book: &book, sheet: sheet_, down: 0 };
        let (to, style) = match sheet_ {
            DATA => (&mut data, Style::Data),
            _ => (&mut page, Style::Parameter),
        };
        fill(to, &trace.nodes[k], cells, written.formulas[k].as_ref(), place, style)?;
    }

    // The steps, with the values of the reference evaluator.
    let graph = roots.first().or(updates.first().map(|(_, y)| y)).map(|y| y.graph());
    let outputs: Vec<Expr<'_>> = columns
        .iter()
        .filter_map(|&k| Some(graph?.expr(trace.nodes[k].id?)))
        .collect();
    let mut reference = Reference::new(&outputs, &updates)?;
    let mut state = state.clone();
    let cost = sheet.cost_place(&trace).map(|(_, place)| place);
    for step in 0..=steps as u32 {
        let values = reference.step(&mut state, inputs)?;
        page.put(head + 1 + step, 0, Content::Number(f64::from(step)), Style::Label);
        for (&k, values) in columns.iter().zip(&values) {
            let node = &trace.nodes[k];
            let next = parameters.iter().find(|(now, ..)| *now == k).map(|(.., next)| *next);
            let cells = homes[k].iter().flatten();
            for (element, (cell, &value)) in cells.zip(values).enumerate() {
                if !value.is_finite() {
                    let (operation, node) = (node.op.to_string(), node.node.clone());
                    return Err(SheetError::NotFinite { operation, node, value });
                }
                let term = |terms: &super::rules::Terms| {
                    terms.iter().nth(element).expect("a term for each element").clone()
                };
                let (content, style) = match (next, step) {
                    (Some(_), 0) => (Content::Number(value), Style::Parameter),
                    (Some(next), _) => {
                        let place = Place { book: &book, sheet: DESCENT, down: step - 1 };
                        let term = term(&written.values[next]);
                        (formula(place, &term, value, &node.node)?, Style::Next)
                    }
                    (None, _) => {
                        let place = Place { book: &book, sheet: DESCENT, down: step };
                        let formulas = written.formulas[k].as_ref().expect("no input");
                        let style = if Some(k) == cost { Style::Cost } else { Style::Formula };
                        (formula(place, &term(formulas), value, &node.node)?, style)
                    }
                };
                page.put(cell.row + step, cell.column, content, style);
            }
        }
    }
    page.freeze = (head + 1, 1);
    page.widths.push((1, column, 11.0));
    let place_of_cost = cost.and_then(|k| homes[k].as_ref()).and_then(|cells| cells.first());
    page.chart = place_of_cost.map(|cell| Chart {
        title: letter(&sheet.cost_label()),
        columns: (0, cell.column),
        rows: (head + 1, head + 1 + steps as u32),
        corner: (head, column + 1),
    });
    page.widths.push((column + 1, column + CHART, 9.0));
    data.freeze = (0, 1);
    let mut pages = vec![index::of_descent(sheet, &trace, &homes), data, page];
    pages.retain(|page| page.entries.len() > 2);
    Ok(Pages { sheets: &SHEETS, pages, names })
}
