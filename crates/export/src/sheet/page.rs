//! Worksheets before they are written: cells with what they hold and how they look.

use std::collections::{HashMap, HashSet};

use super::formula::Book;
use super::term::Cell;

/// A workbook.
pub(super) struct Pages {
    /// The names of all worksheets that cells may be on.
    pub sheets: &'static [&'static str],
    /// The worksheets that are not empty.
    pub pages: Vec<Page>,
    /// Names defined for cells.
    pub names: Vec<(String, Cell)>,
}

/// A worksheet.
pub(super) struct Page {
    /// Its name.
    pub name: &'static str,
    /// Its cells.
    pub entries: Vec<Entry>,
    /// Widths of columns, from one to another.
    pub widths: Vec<(u16, u16, f64)>,
    /// The rows and columns that do not scroll.
    pub freeze: (u32, u16),
    /// Rows in which ink is dark, from one to another.
    pub ink: Vec<(u32, u32)>,
    /// Rows with which another picture begins right below one; a line divides the two.
    pub divided: HashSet<u32>,
    /// The cost, drawn.
    pub chart: Option<Chart>,
}

/// A cell.
pub(super) struct Entry {
    /// The row.
    pub row: u32,
    /// The column.
    pub column: u16,
    /// What it holds.
    pub content: Content,
    /// How it looks.
    pub style: Style,
}

/// What a cell holds.
pub(super) enum Content {
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
    /// A formula, with the engine's value.
    Formula(String, f64),
}

/// What a cell is, which decides how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Style {
    /// The title of a worksheet.
    Title,
    /// A remark.
    Note,
    /// The head of a column of numbers.
    Head,
    /// The head of a column of text.
    TextHead,
    /// The name of a row.
    Label,
    /// A number that is given.
    Data,
    /// A parameter to play with, and its start.
    Parameter,
    /// A number to play with that no step changes, as a learning rate.
    Setting,
    /// A formula.
    Formula,
    /// The formula of a parameter's next value.
    Next,
    /// The cost.
    Cost,
    /// A number that the engine has computed.
    Record,
}

/// A curve over the steps, by the rows of two columns.
pub(super) struct Chart {
    /// What is drawn.
    pub title: String,
    /// The columns of the steps and of the values.
    pub columns: (u16, u16),
    /// The first and the last row.
    pub rows: (u32, u32),
    /// Where its corner is.
    pub corner: (u32, u16),
}

impl Page {
    /// An empty worksheet with a title and a remark.
    pub fn new(name: &'static str, title: &str, note: &str) -> Self {
        let mut page = Self {
            name,
            entries: Vec::new(),
            widths: vec![(0, 0, 16.0)],
            freeze: (0, 0),
            ink: Vec::new(),
            divided: HashSet::new(),
            chart: None,
        };
        page.text(0, 0, title, Style::Title);
        page.text(1, 0, note, Style::Note);
        page
    }

    /// Puts text into a cell.
    pub fn text(&mut self, row: u32, column: u16, text: &str, style: Style) {
        if !text.is_empty() {
            self.put(row, column, Content::Text(text.to_owned()), style);
        }
    }

    /// Fills a cell.
    pub fn put(&mut self, row: u32, column: u16, content: Content, style: Style) {
        self.entries.push(Entry { row, column, content, style });
    }
}

/// What formulas must know of the worksheets and the cells with numbers.
pub(super) fn book(
    sheets: &[&'static str], names: &[(String, Cell)], cells: impl Iterator<Item = Cell>,
) -> Book {
    let filled: HashSet<_> = cells.map(super::formula::key).collect();
    let names: HashMap<_, _> =
        names.iter().map(|(name, cell)| (super::formula::key(*cell), name.clone())).collect();
    Book { sheets: sheets.to_vec(), names, filled }
}
