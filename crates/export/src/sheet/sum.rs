//! Sums written by ranges, as one writes them by hand: `SUMPRODUCT(B3:D6,B12:D15)`.
//!
//! Terms that differ only in their cells are alike. Where the cells that differ run over rectangles
//! of one size, the terms are one function of ranges. Where they do not, but the cells between are
//! empty, as between the blocks of the examples, the range may span them: what is empty counts as 0.

use std::collections::HashSet;

use super::formula::{Binding, Place, Written, cell, combine, key};
use super::term::{Cell, Head, T, Term, number, value};

/// More pieces than this are written as one range over the empty cells between, if that can be.
const PIECES: usize = 2;

/// The most cells that such a range is looked through for.
const SPAN: i64 = 100_000;

/// Functions that act on each cell of a range.
const ELEMENTWISE: &[&str] =
    &["ABS", "ATAN", "COS", "COSH", "EXP", "LN", "SIGN", "SIN", "SINH", "SQRT", "TAN", "TANH"];

/// A sum of at least two terms.
pub(super) fn write(place: &Place<'_>, terms: &[T]) -> Written {
    let parts: Vec<(f64, T)> = terms.iter().map(coefficient).collect();
    let leaves: Vec<Vec<Cell>> = parts.iter().map(|(_, term)| leaves(term)).collect();
    let mut pieces: Vec<Written> = Vec::new();
    let mut k = 0;
    while k < terms.len() {
        let alike = |other: &&(f64, T)| other.0 == parts[k].0 && skeleton(&parts[k].1, &other.1);
        let alike = parts[k..].iter().take_while(alike).count();
        let found = run(&leaves[k..k + alike]);
        let written = (found.length > 1).then(|| {
            let corners = (&leaves[k][..], &leaves[k + found.length - 1][..]);
            Some(times(parts[k].0, ranges(place, &parts[k].1, corners, &found.moving)?))
        });
        match written.flatten() {
            Some(piece) => {
                pieces.push(piece);
                k += found.length;
            }
            None => {
                pieces.push(place.write(&terms[k]));
                k += 1;
            }
        }
    }
    if pieces.len() > PIECES
        && let Some(spanned) = span(place, &parts, &leaves)
    {
        return spanned;
    }
    let mut pieces = pieces.into_iter();
    let first = pieces.next().expect("at least two terms");
    pieces.fold(first, |sum, piece| match piece {
        (text, Binding::Product | Binding::Sign) if text.starts_with('-') => {
            (sum.0 + &text, Binding::Sum)
        }
        piece => combine(Head::Infix("+"), vec![sum, piece]),
    })
}

/// The first and last places of the rectangles that cells run over, row by row.
pub(super) fn rectangles(cells: &[Cell]) -> Vec<(usize, usize)> {
    let leaves: Vec<Vec<Cell>> = cells.iter().map(|&cell| vec![cell]).collect();
    let mut pieces = Vec::new();
    let mut k = 0;
    while k < cells.len() {
        let same = |leaf: &&Vec<Cell>| {
            leaf[0].sheet == cells[k].sheet && leaf[0].anchor == cells[k].anchor
        };
        let same = leaves[k..].iter().take_while(same).count();
        let length = run(&leaves[k..k + same]).length;
        pieces.push((k, k + length - 1));
        k += length;
    }
    pieces
}

/// So many terms whose moving cells run over rectangles of one size, row by row.
struct Run {
    length: usize,
    moving: Vec<bool>,
}

/// The longest run from the first of some terms that are alike, by their cells.
fn run(leaves: &[Vec<Cell>]) -> Run {
    let [first, second, ..] = leaves else {
        return Run {
            length: leaves.len(),
            moving: vec![false; leaves.first().map_or(0, Vec::len)],
        };
    };
    let moving: Vec<bool> = first.iter().zip(second).map(|(a, b)| a != b).collect();
    let fits = |k: usize, rows: usize, columns: usize| {
        leaves.get(k).is_some_and(|leaf| {
            first.iter().zip(leaf).zip(&moving).all(|((&from, &to), &moves)| {
                let wanted =
                    if moves { from.offset(rows as i64, columns as i64) } else { Some(from) };
                wanted == Some(to)
            })
        })
    };
    let mut width = 1;
    while fits(width, 0, width) {
        width += 1;
    }
    let mut height = 1;
    while (0..width).all(|column| fits(height * width + column, height, column)) {
        height += 1;
    }
    if !moving.contains(&true) {
        return Run { length: 1, moving };
    }
    Run { length: width * height, moving }
}

/// A run of terms like `term` as one function of the ranges between the first and the last cells.
fn ranges(
    place: &Place<'_>, term: &T, corners: (&[Cell], &[Cell]), moving: &[bool],
) -> Option<Written> {
    let mut factors = Vec::new();
    product(term, &mut factors);
    let mut leaf = 0;
    let (mut still, mut moved) = (Vec::new(), Vec::new());
    for factor in factors {
        let count = leaves(factor).len();
        let part = leaf..leaf + count;
        if moving[part.clone()].contains(&true) {
            moved.push((factor, part.clone()));
        } else {
            still.push(place.write(factor));
        }
        leaf = part.end;
    }
    let range = |leaf: usize| place.range(corners.0[leaf], corners.1[leaf]);
    let text = if moved.iter().all(|(factor, _)| cell(factor).is_some()) {
        let ranges: Vec<String> = moved.iter().map(|(_, part)| range(part.start)).collect();
        let function = if ranges.len() == 1 { "SUM" } else { "SUMPRODUCT" };
        format!("{function}({})", ranges.join(","))
    } else if let [(factor, part)] = moved.as_slice()
        && let Some(text) = squares(factor, &moving[part.clone()], |leaf| range(part.start + leaf))
    {
        text
    } else {
        let mut texts = moved.iter().map(|(factor, part)| {
            let mut next = part.start;
            array(place, factor, &mut next, moving, &range)
        });
        let first = texts.next()??;
        let all = texts
            .try_fold(first, |all, factor| Some(combine(Head::Infix("*"), vec![all, factor?])))?;
        format!("SUMPRODUCT({})", all.0)
    };
    let start = still.into_iter().reduce(|a, b| combine(Head::Infix("*"), vec![a, b]));
    Some(match start {
        None => (text, Binding::Atom),
        Some(still) => combine(Head::Infix("*"), vec![still, (text, Binding::Atom)]),
    })
}

/// A sum of squares or of squared differences.
fn squares(factor: &T, moving: &[bool], range: impl Fn(usize) -> String) -> Option<String> {
    let Term::Of(Head::Infix("^"), terms) = &**factor else { return None };
    if value(&terms[1]) != Some(2.0) || moving.contains(&false) {
        return None;
    }
    match &*terms[0] {
        Term::Cell(_) => Some(format!("SUMSQ({})", range(0))),
        Term::Of(Head::Infix("-"), x) if x.iter().all(|x| cell(x).is_some()) => {
            Some(format!("SUMXMY2({},{})", range(0), range(1)))
        }
        _ => None,
    }
}

/// A term with ranges for the cells that move, if each of its functions acts on each cell.
fn array(
    place: &Place<'_>, term: &T, leaf: &mut usize, moving: &[bool],
    range: &impl Fn(usize) -> String,
) -> Option<Written> {
    let count = leaves(term).len();
    if !moving[*leaf..*leaf + count].contains(&true) {
        *leaf += count;
        return Some(place.write(term));
    }
    match &**term {
        Term::Cell(_) => {
            *leaf += 1;
            Some((range(*leaf - 1), Binding::Atom))
        }
        Term::Of(head, terms) => {
            let elementwise = match head {
                Head::Minus => true,
                Head::Infix(operator) => ["+", "-", "*", "/", "^"].contains(operator),
                Head::Call(name) => ELEMENTWISE.contains(name),
            };
            let terms: Option<Vec<Written>> =
                terms.iter().map(|term| array(place, term, leaf, moving, range)).collect();
            Some(combine(*head, terms.filter(|_| elementwise)?))
        }
        Term::Sum(_) | Term::Number(_) => None,
    }
}

/// A sum of products of cells as one product of ranges that span empty cells.
fn span(place: &Place<'_>, parts: &[(f64, T)], leaves: &[Vec<Cell>]) -> Option<Written> {
    let (coefficient, term) = &parts[0];
    let alike = |other: &(f64, T)| other.0 == *coefficient && skeleton(term, &other.1);
    let mut factors = Vec::new();
    product(term, &mut factors);
    if !parts.iter().all(alike) || !factors.iter().all(|factor| cell(factor).is_some()) {
        return None;
    }
    let moves = |p: usize| leaves.iter().any(|leaf| leaf[p] != leaves[0][p]);
    let (moving, still): (Vec<usize>, Vec<usize>) = (0..leaves[0].len()).partition(|&p| moves(p));
    let lead = *moving.first()?;
    let away = |leaf: &[Cell], p: usize| {
        let rows = i64::from(leaf[p].row) - i64::from(leaf[lead].row);
        (rows, i64::from(leaf[p].column) - i64::from(leaf[lead].column))
    };
    if moving.iter().any(|&p| leaves.iter().any(|leaf| away(leaf, p) != away(&leaves[0], p))) {
        return None;
    }
    let rows = leaves.iter().map(|leaf| leaf[lead].row);
    let columns = leaves.iter().map(|leaf| leaf[lead].column);
    let (top, bottom) = (rows.clone().min()?, rows.max()?);
    let (left, right) = (columns.clone().min()?, columns.max()?);
    if i64::from(bottom - top + 1) * i64::from(right - left + 1) > SPAN {
        return None;
    }
    let meant: HashSet<_> = leaves.iter().map(|leaf| (leaf[lead].row, leaf[lead].column)).collect();
    let partner = |at: Cell, p: usize| {
        let (rows, columns) = away(&leaves[0], p);
        at.offset(rows, columns).map(|at| Cell { sheet: leaves[0][p].sheet, ..at })
    };
    let counts = |at: Cell| {
        let filled = |at: Option<Cell>| at.is_some_and(|at| place.book.filled.contains(&key(at)));
        moving.iter().all(|&p| filled(partner(at, p)))
    };
    let box_ = (top..=bottom).flat_map(|row| (left..=right).map(move |column| (row, column)));
    let mut others = box_.filter(|at| !meant.contains(at));
    let corner = |row, column| Cell { row, column, ..leaves[0][lead] };
    if meant.len() != leaves.len() || others.any(|(row, column)| counts(corner(row, column))) {
        return None;
    }
    let range = |&p: &usize| {
        let anchored = |at: Option<Cell>| at.map(|at| Cell { anchor: leaves[0][p].anchor, ..at });
        let first = anchored(partner(corner(top, left), p))?;
        Some(place.range(first, anchored(partner(corner(bottom, right), p))?))
    };
    let ranges: Vec<String> = moving.iter().map(range).collect::<Option<_>>()?;
    let function = if ranges.len() == 1 { "SUM" } else { "SUMPRODUCT" };
    let product = (format!("{function}({})", ranges.join(",")), Binding::Atom);
    let still = still.iter().map(|&p| (place.cell(leaves[0][p]), Binding::Atom));
    let all = still.chain([product]).reduce(|a, b| combine(Head::Infix("*"), vec![a, b]));
    Some(times(*coefficient, all?))
}

/// A number times an expression.
fn times(coefficient: f64, x: Written) -> Written {
    match coefficient {
        1.0 => x,
        -1.0 => combine(Head::Minus, vec![x]),
        _ => {
            let number = super::formula::decimal(coefficient);
            let sign = if coefficient < 0.0 { Binding::Sign } else { Binding::Atom };
            combine(Head::Infix("*"), vec![(number, sign), x])
        }
    }
}

/// The number in front of a term, and the rest.
fn coefficient(term: &T) -> (f64, T) {
    match &**term {
        Term::Number(x) => (*x, number(1.0)),
        Term::Of(Head::Minus, x) => {
            let (factor, rest) = coefficient(&x[0]);
            (-factor, rest)
        }
        Term::Of(Head::Infix("*"), x) => match value(&x[0]) {
            Some(factor) => (factor, x[1].clone()),
            None => (1.0, term.clone()),
        },
        _ => (1.0, term.clone()),
    }
}

/// The factors of a product, from left to right.
fn product<'t>(term: &'t T, factors: &mut Vec<&'t T>) {
    match &**term {
        Term::Of(Head::Infix("*"), x) => x.iter().for_each(|x| product(x, factors)),
        _ => factors.push(term),
    }
}

/// The cells of a term, from left to right.
fn leaves(term: &T) -> Vec<Cell> {
    match &**term {
        Term::Number(_) => Vec::new(),
        Term::Cell(cell) => vec![*cell],
        Term::Of(_, terms) | Term::Sum(terms) => terms.iter().flat_map(leaves).collect(),
    }
}

/// Whether two terms differ at most in where their cells are on a worksheet.
fn skeleton(a: &T, b: &T) -> bool {
    let all = |a: &[T], b: &[T]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| skeleton(a, b));
    match (&**a, &**b) {
        (Term::Number(a), Term::Number(b)) => a == b,
        (Term::Cell(a), Term::Cell(b)) => a.sheet == b.sheet && a.anchor == b.anchor,
        (Term::Of(head, a), Term::Of(other, b)) => head == other && all(a, b),
        (Term::Sum(a), Term::Sum(b)) => all(a, b),
        _ => false,
    }
}
