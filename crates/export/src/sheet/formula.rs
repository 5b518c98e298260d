//! Terms written as formulas of a spreadsheet.
//!
//! Invariant: a sign before a power is in parentheses, since in spreadsheets −x^2 is (−x)^2.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use super::sum;
use super::term::{Anchor, Cell, Head, T, Term};

/// The longest formula that Excel takes, with room for `=`.
pub(super) const LONGEST: usize = 8190;

/// What is known of the workbook when formulas are written.
pub(super) struct Book {
    /// The names of the worksheets.
    pub sheets: Vec<&'static str>,
    /// Names defined for cells.
    pub names: HashMap<(usize, u32, u16), String>,
    /// The cells with a number or a formula.
    pub filled: HashSet<(usize, u32, u16)>,
}

/// Where a formula stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The workbook.
    pub book: &'a Book,
    /// The worksheet of the formula.
    pub sheet: usize,
    /// How many rows further down cells of steps are.
    pub down: u32,
}

/// How tightly an expression binds, from a comparison to what needs no parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Binding {
    Comparison,
    Sum,
    Product,
    Power,
    Sign,
    Atom,
}

/// A written expression.
pub(super) type Written = (String, Binding);

impl Place<'_> {
    /// The formula of a term, with its `=`.
    pub fn formula(&self, term: &T) -> String {
        format!("={}", self.write(term).0)
    }

    /// A term as an expression.
    pub fn write(&self, term: &T) -> Written {
        match &**term {
            Term::Number(x) if *x < 0.0 => (decimal(*x), Binding::Sign),
            Term::Number(x) => (decimal(*x), Binding::Atom),
            Term::Cell(cell) => (self.cell(*cell), Binding::Atom),
            Term::Sum(terms) => sum::write(self, terms),
            Term::Of(Head::Call(name), terms) => {
                (format!("{name}({})", self.arguments(name, terms)), Binding::Atom)
            }
            Term::Of(head, terms) => {
                let terms: Vec<Written> = terms.iter().map(|term| self.write(term)).collect();
                combine(*head, terms)
            }
        }
    }

    /// The arguments of a function; a largest is sought in ranges.
    fn arguments(&self, name: &str, terms: &[T]) -> String {
        let cells: Option<Vec<Cell>> = terms.iter().map(cell).collect();
        if let Some(cells) = cells.filter(|_| name == "MAX") {
            let pieces = sum::rectangles(&cells);
            let ranges = pieces.iter().map(|&(first, last)| self.range(cells[first], cells[last]));
            return ranges.collect::<Vec<_>>().join(",");
        }
        let written = terms.iter().map(|term| self.write(term).0);
        written.collect::<Vec<_>>().join(",")
    }

    /// A reference to a cell, or its name.
    pub fn cell(&self, cell: Cell) -> String {
        match self.book.names.get(&key(cell)) {
            Some(name) => name.clone(),
            None => self.sheet_of(cell) + &self.address(cell),
        }
    }

    /// A reference to the cells between two corners.
    pub fn range(&self, first: Cell, last: Cell) -> String {
        if first == last {
            return self.cell(first);
        }
        format!("{}{}:{}", self.sheet_of(first), self.address(first), self.address(last))
    }

    fn sheet_of(&self, cell: Cell) -> String {
        if cell.sheet == self.sheet {
            return String::new();
        }
        format!("{}!", self.book.sheets[cell.sheet])
    }

    fn address(&self, cell: Cell) -> String {
        let (column, row) = (letters(cell.column), cell.row + 1);
        match cell.anchor {
            Anchor::Fixed => format!("${column}${row}"),
            Anchor::Free => format!("{column}{row}"),
            Anchor::Step => format!("{column}{}", row + self.down),
        }
    }
}

/// Operands with what is applied to them.
pub(super) fn combine(head: Head, mut terms: Vec<Written>) -> Written {
    let wrap = |(text, binding): Written, least: Binding| {
        if binding < least { format!("({text})") } else { text }
    };
    match head {
        Head::Call(name) => {
            let terms: Vec<String> = terms.into_iter().map(|(text, _)| text).collect();
            (format!("{name}({})", terms.join(",")), Binding::Atom)
        }
        Head::Minus => match terms.remove(0) {
            (product, Binding::Product) if !product.contains('^') => {
                (format!("-{product}"), Binding::Product)
            }
            x => (format!("-{}", wrap(x, Binding::Sign)), Binding::Sign),
        },
        Head::Infix(operator) => {
            let (own, left, right) = match operator {
                "+" => (Binding::Sum, Binding::Sum, Binding::Sum),
                "-" => (Binding::Sum, Binding::Sum, Binding::Product),
                "*" => (Binding::Product, Binding::Product, Binding::Product),
                "/" => (Binding::Product, Binding::Product, Binding::Power),
                "^" => (Binding::Power, Binding::Atom, Binding::Atom),
                _ => (Binding::Comparison, Binding::Sum, Binding::Sum),
            };
            let b = terms.remove(1);
            // No two operators side by side: a+(-b).
            let signed = b.0.starts_with('-');
            let b = if signed { format!("({})", b.0) } else { wrap(b, right) };
            (format!("{}{operator}{b}", wrap(terms.remove(0), left)), own)
        }
    }
}

/// The cell that a term is.
pub(super) fn cell(term: &T) -> Option<Cell> {
    match **term {
        Term::Cell(cell) => Some(cell),
        _ => None,
    }
}

/// What identifies a cell, however it is referred to.
pub(super) fn key(cell: Cell) -> (usize, u32, u16) {
    (cell.sheet, cell.row, cell.column)
}

/// The letters of a column, counted from 0: A to Z, AA, AB, ...
pub(super) fn letters(column: u16) -> String {
    let mut rest = u32::from(column) + 1;
    let mut letters = Vec::new();
    while rest > 0 {
        letters.push((b'A' + ((rest - 1) % 26) as u8) as char);
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

/// The shortest decimal number that reads back equal, with an exponent where that is shorter.
pub(super) fn decimal(x: f64) -> String {
    let size = x.abs();
    let mut text = String::new();
    let plain = size == 0.0 || (1e-5..1e15).contains(&size);
    let written = if plain { write!(text, "{x}") } else { write!(text, "{x:E}") };
    written.expect("a string takes what is written to it");
    text
}

#[cfg(test)]
mod tests {
    use super::super::term::{add, call, div, if_else, infix, mul, neg, number, power, sub};
    use super::*;
    use std::rc::Rc;

    fn at(column: u16) -> T {
        Rc::new(Term::Cell(Cell { sheet: 0, row: 6, column, anchor: Anchor::Free }))
    }

    fn written(term: &T) -> String {
        let book = Book {
            sheets: vec!["forward", "parameters"],
            names: HashMap::new(),
            filled: HashSet::new(),
        };
        Place { book: &book, sheet: 0, down: 0 }.formula(term)
    }

    #[test]
    fn parentheses_are_where_they_must_be() {
        let [a, b, c] = [0, 1, 2].map(at);
        let (product, difference) = (mul(a.clone(), b.clone()), sub(b.clone(), c.clone()));
        assert_eq!(written(&mul(a.clone(), difference.clone())), "=A7*(B7-C7)");
        assert_eq!(written(&sub(a.clone(), difference.clone())), "=A7-(B7-C7)");
        assert_eq!(written(&div(a.clone(), product.clone())), "=A7/(A7*B7)");
        assert_eq!(written(&div(product.clone(), c.clone())), "=A7*B7/C7");
        assert_eq!(written(&neg(power(a.clone(), 2.0))), "=-(A7^2)");
        assert_eq!(written(&power(neg(a.clone()), 2.0)), "=(-A7)^2");
        let quotient = div(power(a.clone(), 2.0), b.clone());
        assert_eq!(written(&neg(quotient)), "=-(A7^2/B7)");
        assert_eq!(written(&power(a.clone(), -0.5)), "=A7^(-0.5)");
        assert_eq!(written(&add(number(1e-9), product)), "=1E-9+A7*B7");
        assert_eq!(written(&infix(a.clone(), "*", neg(b.clone()))), "=A7*(-B7)");
        let larger = if_else(infix(a.clone(), ">", add(b.clone(), c)), a.clone(), number(0.0));
        assert_eq!(written(&larger), "=IF(A7>B7+C7,A7,0)");
        assert_eq!(written(&call("MAX", [a, b])), "=MAX(A7:B7)");
    }

    #[test]
    fn references_name_sheets_and_stay_where_they_must() {
        let weight = Cell { sheet: 1, row: 2, column: 27, anchor: Anchor::Fixed };
        assert_eq!(written(&Rc::new(Term::Cell(weight))), "=parameters!$AB$3");
        assert_eq!([0, 25, 26, 701, 702].map(letters), ["A", "Z", "AA", "ZZ", "AAA"]);
    }

    #[test]
    fn numbers_are_short_and_read_back() {
        for (x, text) in [(0.1, "0.1"), (-2.5, "-2.5"), (1e-300, "1E-300"), (3e20, "3E20")] {
            assert_eq!(decimal(x), text);
            assert_eq!(text.parse(), Ok(x));
        }
    }
}
