//! What a cell computes, before it is written as a formula.
//!
//! Invariant: the functions here that make a term may change its value by rounding only. They fold
//! numbers and signs, so that `1*(0.5*(2*(t-a)))` is written `t-a`.

use std::rc::Rc;

/// A shared term: a value is read by many.
pub(super) type T = Rc<Term>;

/// A number, a cell, or an operation on terms.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Term {
    Number(f64),
    Cell(Cell),
    /// An operator between two terms, or a sign, or a function.
    Of(Head, Vec<T>),
    /// The sum of all, which may be written by ranges.
    Sum(Vec<T>),
}

/// What is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// An operator between two terms, as it is written.
    Infix(&'static str),
    /// The sign of one term.
    Minus,
    /// A function of a spreadsheet, by its name.
    Call(&'static str),
}

/// A cell of the workbook, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Cell {
    /// The worksheet.
    pub sheet: usize,
    /// The row.
    pub row: u32,
    /// The column.
    pub column: u16,
    /// How formulas refer to it.
    pub anchor: Anchor,
}

/// How a reference behaves when its formula is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Anchor {
    /// It stays: `$B$3`.
    Fixed,
    /// It moves along: `B3`.
    Free,
    /// It moves along, and each step of a descent has a row of its own.
    Step,
}

impl Cell {
    /// The cell so many rows and columns away, if there is one.
    pub fn offset(self, rows: i64, columns: i64) -> Option<Self> {
        let row = u32::try_from(i64::from(self.row) + rows).ok()?;
        let column = u16::try_from(i64::from(self.column) + columns).ok()?;
        Some(Self { row, column, ..self })
    }
}

/// A number.
pub(super) fn number(value: f64) -> T {
    Rc::new(Term::Number(value))
}

/// A function of a spreadsheet.
pub(super) fn call(name: &'static str, terms: impl IntoIterator<Item = T>) -> T {
    Rc::new(Term::Of(Head::Call(name), terms.into_iter().collect()))
}

/// An operator that nothing is known of but how it is written, as a comparison.
pub(super) fn infix(a: T, operator: &'static str, b: T) -> T {
    Rc::new(Term::Of(Head::Infix(operator), vec![a, b]))
}

/// `a` if the condition holds, else `b`.
pub(super) fn if_else(condition: T, a: T, b: T) -> T {
    if a == b { a } else { call("IF", [condition, a, b]) }
}

/// −x.
pub(super) fn neg(x: T) -> T {
    match &*x {
        Term::Number(x) => number(-x),
        Term::Of(Head::Minus, x) => x[0].clone(),
        Term::Of(Head::Infix("-"), x) => sub(x[1].clone(), x[0].clone()),
        Term::Of(Head::Infix("*"), x) if turns(&x[0]) => mul(neg(x[0].clone()), x[1].clone()),
        _ => Rc::new(Term::Of(Head::Minus, vec![x])),
    }
}

/// a + b.
pub(super) fn add(a: T, b: T) -> T {
    match (value(&a), value(&b), minus(&a), minus(&b)) {
        (Some(a), Some(b), ..) => number(a + b),
        (Some(0.0), ..) => b,
        (_, Some(0.0), ..) => a,
        (.., Some(b)) => sub(a, b),
        (.., Some(a), _) => sub(b, a),
        _ => infix(a, "+", b),
    }
}

/// a − b.
pub(super) fn sub(a: T, b: T) -> T {
    match (value(&a), value(&b), minus(&b)) {
        (Some(a), Some(b), _) => number(a - b),
        (Some(0.0), ..) => neg(b),
        (_, Some(0.0), _) => a,
        (.., Some(b)) => add(a, b),
        _ => infix(a, "-", b),
    }
}

/// a · b, with the number in front.
pub(super) fn mul(a: T, b: T) -> T {
    match (value(&a), value(&b), minus(&a), minus(&b)) {
        (Some(a), Some(b), ..) => number(a * b),
        (Some(0.0), ..) | (_, Some(0.0), ..) => number(0.0),
        (Some(1.0), ..) => b,
        (Some(-1.0), ..) => neg(b),
        (Some(factor), ..) => match &*b {
            Term::Of(Head::Minus, b) => mul(number(-factor), b[0].clone()),
            Term::Of(Head::Infix("*"), b) if value(&b[0]).is_some() => {
                mul(mul(a, b[0].clone()), b[1].clone())
            }
            // -0.5*(t-a) reads better as 0.5*(a-t).
            Term::Of(Head::Infix("-"), _) if factor < 0.0 => mul(number(-factor), neg(b)),
            _ => infix(a, "*", b),
        },
        (_, Some(_), ..) => mul(b, a),
        (.., Some(a), _) => neg(mul(a, b)),
        (.., Some(b)) => neg(mul(a, b)),
        _ => match (&*a, &*b) {
            (Term::Of(Head::Infix("*"), x), _) if value(&x[0]).is_some() => {
                mul(x[0].clone(), mul(x[1].clone(), b))
            }
            (_, Term::Of(Head::Infix("*"), x)) if value(&x[0]).is_some() => {
                mul(x[0].clone(), mul(a, x[1].clone()))
            }
            _ => infix(a, "*", b),
        },
    }
}

/// a / b.
pub(super) fn div(a: T, b: T) -> T {
    match (value(&a), value(&b)) {
        (Some(a), Some(b)) if b != 0.0 => number(a / b),
        (Some(0.0), None) => a,
        (_, Some(1.0)) => a,
        _ => match minus(&a) {
            Some(a) => neg(div(a, b)),
            None => infix(a, "/", b),
        },
    }
}

/// aᵖ for a number p.
pub(super) fn power(a: T, p: f64) -> T {
    match (value(&a), p) {
        (Some(a), p) => number(a.powf(p)),
        (_, 0.0) => number(1.0),
        (_, 1.0) => a,
        _ => infix(a, "^", number(p)),
    }
}

/// The sum of all.
pub(super) fn sum(terms: impl IntoIterator<Item = T>) -> T {
    let mut all: Vec<T> = Vec::new();
    let mut numbers = 0.0;
    for term in terms {
        match &*term {
            Term::Number(x) => numbers += x,
            Term::Sum(inner) => all.extend(inner.iter().cloned()),
            _ => all.push(term),
        }
    }
    if let [first, .., _] = all.as_slice()
        && all.iter().all(|term| term == first)
    {
        let repeated = mul(number(all.len() as f64), first.clone());
        return add(repeated, number(numbers));
    }
    match all.len() {
        0 => number(numbers),
        1 => add(all.remove(0), number(numbers)),
        _ => add(Rc::new(Term::Sum(all)), number(numbers)),
    }
}

/// Whether the sign of a term goes into it: a number, a difference, a product that begins with one.
fn turns(term: &T) -> bool {
    match &**term {
        Term::Number(_) | Term::Of(Head::Infix("-"), _) => true,
        Term::Of(Head::Infix("*"), x) => turns(&x[0]),
        _ => false,
    }
}

/// The number that a term is.
pub(super) fn value(term: &T) -> Option<f64> {
    match **term {
        Term::Number(x) => Some(x),
        _ => None,
    }
}

/// The term that this one is the negative of.
fn minus(term: &T) -> Option<T> {
    match &**term {
        Term::Of(Head::Minus, x) => Some(x[0].clone()),
        Term::Of(Head::Infix("*"), x) => {
            let factor = value(&x[0]).filter(|&factor| factor < 0.0)?;
            Some(mul(number(-factor), x[1].clone()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(column: u16) -> T {
        Rc::new(Term::Cell(Cell { sheet: 0, row: 0, column, anchor: Anchor::Free }))
    }

    #[test]
    fn numbers_and_signs_are_folded() {
        let (t, a) = (cell(0), cell(1));
        let half = mul(mul(number(1.0), number(0.5)), mul(number(2.0), sub(t.clone(), a.clone())));
        assert_eq!(half, sub(t.clone(), a.clone()));
        assert_eq!(neg(half), sub(a.clone(), t.clone()));
        assert_eq!(mul(a.clone(), number(-1.0)), neg(a.clone()));
        assert_eq!(add(t.clone(), neg(a.clone())), sub(t.clone(), a.clone()));
        assert_eq!(sub(t.clone(), mul(number(-3.0), a.clone())), {
            add(t.clone(), mul(number(3.0), a.clone()))
        });
        assert_eq!(mul(neg(t.clone()), neg(a.clone())), mul(t.clone(), a.clone()));
        assert_eq!(sum([t.clone(), number(0.0), t.clone()]), mul(number(2.0), t.clone()));
        assert_eq!(sum([sum([t.clone(), a.clone()]), t.clone()]), {
            Rc::new(Term::Sum(vec![t.clone(), a, t]))
        });
        assert_eq!(sum([]), number(0.0));
    }
}
