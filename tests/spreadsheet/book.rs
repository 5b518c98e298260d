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
    keep("cnn.txt", &broken(&first_cells(&cnn.1, |name| shown.contains(&name))));
    keep("window.txt", &window(&cnn.1));
    let cost = |row| demons.1.numbers[&("history".to_owned(), row, 1)].round();
    assert_eq!([cost(4), cost(14)], [21.0, 1.0], "the chapter says so of ten steps");
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

/// A pooling window of the first example, that in the upper right corner of the third map, in which two
/// cells are equally large: each cell of δF, its aF, its own number and its formula.
fn window(book: &Cells) -> String {
    let first_row = |name: &str, sheet: &str| -> u32 {
        let first = first_cells(book, |shown| shown == name);
        let cell = first.split_whitespace().nth(1).and_then(|cell| cell.strip_prefix(sheet));
        cell.and_then(|row| row.strip_prefix("!D")?.parse().ok()).expect("a cell of column D")
    };
    // Two maps of four rows come before, and two columns.
    let (errors, outputs) = (first_row("δF", "backward") + 7, first_row("aF", "forward") + 7);
    let [a, b, c, d] = [(0, 5), (0, 6), (1, 5), (1, 6)].map(|(row, column)| {
        let output = book.numbers[&("forward".to_owned(), outputs + row, column)];
        let place = ("backward".to_owned(), errors + row, column);
        let name = format!("{}{}", char::from(b'A' + column as u8), errors + row + 1);
        let numbers = [output, book.numbers[&place]];
        (
            numbers,
            [name, format!("{output:.5}"), format!("{:.5}", numbers[1]), content(book, &place)],
        )
    });
    assert_eq!(b.0[0], d.0[0], "two are equal");
    assert!(b.0[0] > a.0[0].max(c.0[0]), "and the largest");
    assert!(b.0[1] != 0.0 && d.0[1] == 0.0, "and the first has the error");
    broken(&aligned(&[a.1, b.1, c.1, d.1].map(Vec::from)))
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

/// Formulas of pooling's errors, which are long, with what comes behind the question of who has won on
/// a line of its own.
fn broken(text: &str) -> String {
    let line = |line: &str| {
        let indent = line.find('=').map_or(0, |at| line[..at].chars().count() + 1);
        line.replace(",0)*", &format!(",0)\n{}*", " ".repeat(indent))) + "\n"
    };
    text.lines().map(line).collect()
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
