//! What the book's chapter shows of the workbooks, read off them: formulas, and how many there are.
//! `GRADUS_WRITE_BOOK=1 cargo test --test spreadsheet` writes it instead of comparing.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use crate::office::{Cells, Place, cells};
use crate::systems;

#[test]
fn the_book_shows_what_the_workbooks_are() {
    let [bowl, line, demons, cnn] =
        systems().map(|system| (system.name, cells(&(system.book)(&system.at, true).unwrap())));
    keep("descent.txt", &rows(&bowl.1, [5, 6, 7, 8], 6));
    keep("regression.txt", &rows(&line.1, [5, 6, 7], 4));
    keep("demons.txt", &first_cells(&demons.1, |_| true));
    let shown = ["zF", "aF", "aP", "zO", "∂C/∂aP", "δF", "∂C/∂bF[k]", "∂C/∂bF", "∂C/∂wF"];
    keep("cnn.txt", &first_cells(&cnn.1, |name| shown.contains(&name)));
    keep("window.txt", &window(&cnn.1));
    keep("counts.md", &counts(&[bowl, line, demons, cnn]));
}

/// Compares with the file kept, or writes it.
fn keep(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spreadsheet/shown").join(name);
    if env::var_os("GRADUS_WRITE_BOOK").is_some_and(|value| value == "1") {
        fs::write(&path, text).expect("it is written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        kept, text,
        "tests/spreadsheet/shown/{name} is not what the workbook is now; GRADUS_WRITE_BOOK=1 cargo \
         test --test spreadsheet writes it"
    );
}

/// What is in a cell: a formula, a number or text.
fn content(book: &Cells, place: &Place) -> String {
    let formula = book.formulas.get(place).map(|formula| format!("={formula}"));
    let number = || book.numbers.get(place).map(f64::to_string);
    formula.or_else(number).or_else(|| book.texts.get(place).cloned()).unwrap_or_default()
}

/// Rows of a descent, of its first columns, as a spreadsheet numbers and names them.
fn rows<const N: usize>(book: &Cells, rows: [u32; N], columns: u32) -> String {
    let place = |row, column| ("descent".to_owned(), row, column);
    let names = (0..columns).map(|column| char::from(b'A' + column as u8).to_string());
    let mut table = vec![std::iter::once(String::new()).chain(names).collect::<Vec<_>>()];
    for row in rows {
        let cells = (0..columns).map(|column| content(book, &place(row, column)));
        table.push(std::iter::once((row + 1).to_string()).chain(cells).collect());
    }
    aligned(&table)
}

/// The quantities of a network with the formulas in their first cells, as its index lists them.
fn first_cells(book: &Cells, shown: impl Fn(&str) -> bool) -> String {
    let at = |row, column| content(book, &("index".to_owned(), row, column));
    let listed = book.texts.keys().filter(|(sheet, _, column)| sheet == "index" && *column == 2);
    let lines = listed.map(|&(_, row, _)| [at(row, 0), at(row, 1), at(row, 2)]);
    let formulas = lines.filter(|[name, _, formula]| formula.starts_with('=') && shown(name));
    let table = formulas.map(|[name, range, formula]| {
        vec![name, range.split(':').next().unwrap_or_default().to_owned(), formula]
    });
    aligned(&table.collect::<Vec<_>>())
}

/// The errors of the first pooling window of the first example.
fn window(book: &Cells) -> String {
    let first = first_cells(book, |name| name == "δF");
    let corner = first.split_whitespace().nth(1).and_then(|cell| cell.strip_prefix("backward!D"));
    let top: u32 = corner.and_then(|row| row.parse().ok()).expect("the first cell of δF");
    let cell = |(row, column): (u32, u32)| {
        let name = format!("{}{}", char::from(b'A' + column as u8), row + 1);
        vec![name, content(book, &("backward".to_owned(), row, column))]
    };
    let places = [(top - 1, 3), (top - 1, 4), (top, 3), (top, 4)];
    aligned(&places.map(cell))
}

/// How many formulas each worksheet has.
fn counts(books: &[(&str, Cells)]) -> String {
    let (mut table, mut all) =
        ("| workbook | worksheet | formulas |\n|---|---|--:|\n".to_owned(), 0);
    for (name, book) in books {
        let mut sheets: BTreeMap<&str, usize> = BTreeMap::new();
        for (sheet, ..) in book.formulas.keys() {
            *sheets.entry(sheet).or_default() += 1;
        }
        for (sheet, count) in sheets {
            table += &format!("| {name}.xlsx | {sheet} | {count} |\n");
            all += count;
        }
    }
    table + &format!("| in all | | {all} |\n")
}

/// Lines of words below each other.
fn aligned(table: &[Vec<String>]) -> String {
    let width = |column: usize| {
        table.iter().filter_map(|line| line.get(column)).map(|word| word.chars().count()).max()
    };
    let line = |words: &Vec<String>| {
        let words = words.iter().enumerate();
        let padded = words.map(|(k, word)| format!("{word:0$}", width(k).unwrap_or(0)));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    table.iter().map(line).collect()
}
