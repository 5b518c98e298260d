//! LibreOffice as a judge: it computes workbooks anew, and their cells are read.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Write};
use std::process::Command;

use calamine::{Data, Reader, Xlsx};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// Always compute on load, whatever values a file brings.
const SETTINGS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop>
</item>
</oor:items>
"#;

/// A worksheet's name, a row and a column, counted from 0.
pub type Place = (String, u32, u32);

/// The cells of a workbook.
#[derive(Debug, Default)]
pub struct Cells {
    /// Those with a number, a formula's value or not.
    pub numbers: BTreeMap<Place, f64>,
    /// Those with a formula.
    pub formulas: BTreeSet<Place>,
    /// Those with text.
    pub texts: BTreeMap<Place, String>,
}

/// The cells of a file as it is.
pub fn cells(file: &[u8]) -> Cells {
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(file)).expect("a workbook");
    let mut cells = Cells::default();
    for name in book.sheet_names() {
        let range = book.worksheet_range(&name).expect("a worksheet");
        let (top, left) = range.start().unwrap_or_default();
        for (row, column, value) in range.used_cells() {
            let place = (name.clone(), top + row as u32, left + column as u32);
            match value {
                Data::Float(x) => drop(cells.numbers.insert(place, *x)),
                Data::Int(x) => drop(cells.numbers.insert(place, *x as f64)),
                Data::String(text) => drop(cells.texts.insert(place, text.clone())),
                Data::Error(error) => panic!("{place:?} is the error {error}"),
                _ => {}
            }
        }
        let range = book.worksheet_formula(&name).expect("a worksheet");
        let (top, left) = range.start().unwrap_or_default();
        for (row, column, _) in range.used_cells() {
            cells.formulas.insert((name.clone(), top + row as u32, left + column as u32));
        }
    }
    cells
}

/// The cells of files after LibreOffice has computed them; nothing, and a note, without it.
pub fn computed(files: &[(&str, Vec<u8>)]) -> Option<Vec<Cells>> {
    let office = ["soffice", "libreoffice"].into_iter().find(|name| {
        Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
    });
    let Some(office) = office else {
        println!("NOT RUN: LibreOffice is not installed, so no spreadsheet was computed");
        return None;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    for name in ["profile/user", "out"] {
        std::fs::create_dir_all(path(name)).expect("a folder");
    }
    std::fs::write(path("profile/user/registrymodifications.xcu"), SETTINGS).expect("a file");
    let mut command = Command::new(office);
    command
        .arg(format!("-env:UserInstallation=file://{}", path("profile").display()))
        .args(["--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir"])
        .arg(path("out"));
    for (name, file) in files {
        let name = path(&format!("{name}.xlsx"));
        std::fs::write(&name, file).expect("a file");
        command.arg(name);
    }
    let output = command.output().expect("LibreOffice runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |(name, _): &(&str, _)| {
        let out = path("out").join(format!("{name}.xlsx"));
        cells(&std::fs::read(&out).unwrap_or_else(|error| panic!("{}: {error}", out.display())))
    };
    Some(files.iter().map(read).collect())
}

/// Asserts that every formula of the engine's workbook has been computed to the same number, within
/// 10⁻⁹ of the larger of 1 and its size; prints how many there are and the largest difference.
pub fn agree(name: &str, engine: &Cells, computed: &Cells) {
    assert!(!engine.formulas.is_empty(), "{name} has formulas");
    let mut worst: BTreeMap<&str, (usize, f64)> = BTreeMap::new();
    for place in &engine.formulas {
        let wanted = engine.numbers[place];
        let got = *computed.numbers.get(place).unwrap_or_else(|| panic!("{name}: no {place:?}"));
        let difference = (got - wanted).abs() / wanted.abs().max(1.0);
        assert!(difference < 1e-9, "{name}, {place:?}: {got}, the engine says {wanted}");
        let (count, largest) = worst.entry(&place.0).or_default();
        (*count, *largest) = (*count + 1, largest.max(difference));
    }
    for (sheet, (count, largest)) in worst {
        println!("{name:10} {sheet:12} {count:6} formulas, differences up to {largest:.1e}");
    }
}

/// The file with another number in one cell: its text in the worksheet is replaced.
pub fn with_number(file: &[u8], sheet: &str, cell: &str, new: f64) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(file)).expect("a zip archive");
    let names = calamine::open_workbook_from_rs::<Xlsx<_>, _>(Cursor::new(file)).expect("a book");
    let number = names.sheet_names().iter().position(|name| name == sheet).expect("a worksheet");
    let part = format!("xl/worksheets/sheet{}.xml", number + 1);
    let mut changed = ZipWriter::new(Cursor::new(Vec::new()));
    for k in 0..archive.len() {
        let mut entry = archive.by_index(k).expect("an entry");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("its bytes");
        let name = entry.name().expect("a name").into_owned();
        if name == part {
            let text = String::from_utf8(bytes).expect("text");
            let start = text.find(&format!("<c r=\"{cell}\"")).expect("the cell");
            let value = start + text[start..].find("<v>").expect("a value") + "<v>".len();
            let end = value + text[value..].find("</v>").expect("its end");
            assert!(!text[start..value].contains("<f>"), "{cell} is a number");
            bytes = format!("{}{new}{}", &text[..value], &text[end..]).into_bytes();
        }
        changed.start_file(name, SimpleFileOptions::default()).expect("an entry");
        changed.write_all(&bytes).expect("bytes");
    }
    changed.finish().expect("a zip archive").into_inner()
}
