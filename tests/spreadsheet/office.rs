//! LibreOffice as a judge: it computes workbooks anew, and their cells are read.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Cursor, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use calamine::{Data, Reader, Xlsx};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// Always compute on load, whatever values a file brings.
const COMPUTE_ON_LOAD: &str = r#"<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>"#;

/// A worksheet's name, a row and a column, counted from 0.
pub type Place = (String, u32, u32);

/// The cells of a workbook.
#[derive(Debug, Default)]
pub struct Cells {
    /// Those with a number, a formula's value or not.
    pub numbers: BTreeMap<Place, f64>,
    /// Those with a formula, without its `=`.
    pub formulas: BTreeMap<Place, String>,
    /// Those with text.
    pub texts: BTreeMap<Place, String>,
}

impl Cells {
    /// The cells with numbers that stand on the worksheet `parameters` under a head, row by row.
    pub fn under(&self, head: &str) -> Vec<&Place> {
        let is_head = |(_, text): &(&Place, &String)| **text == head;
        let texts = self.texts.iter().filter(|(place, _)| place.0 == "parameters");
        let ((_, row, left), _) = texts.clone().find(is_head).expect("the head of the panel");
        let heads = texts.filter(|((_, r, column), _)| r == row && column > left);
        let right = heads.map(|((.., column), _)| *column).min().unwrap_or(u32::MAX);
        let within = |(sheet, r, column): &&Place| {
            sheet == "parameters" && r > row && (*left..right).contains(column)
        };
        self.numbers.keys().filter(within).collect()
    }
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
        for (row, column, formula) in range.used_cells() {
            let place = (name.clone(), top + row as u32, left + column as u32);
            cells.formulas.insert(place, formula.clone());
        }
    }
    cells
}

/// How long it may take: a macro that is wrong makes it wait for somebody.
const LONGEST: Duration = Duration::from_secs(300);

/// LibreOffice with a profile and folders of its own, which are deleted with it.
pub struct Office {
    program: &'static str,
    folder: TempDir,
}

impl Office {
    /// LibreOffice with these settings, items of its registry; nothing, and a note, where it is not
    /// installed.
    pub fn with(settings: &str) -> Option<Self> {
        let program = ["soffice", "libreoffice"].into_iter().find(|name| {
            Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
        });
        let Some(program) = program else {
            println!("NOT RUN: LibreOffice is not installed, so no spreadsheet was computed");
            return None;
        };
        let office = Self { program, folder: tempfile::tempdir().expect("a folder") };
        let registry = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <oor:items xmlns:oor=\"http://openoffice.org/2001/registry\">{settings}</oor:items>\n"
        );
        office.write("profile/user/registrymodifications.xcu", registry.as_bytes());
        std::fs::create_dir_all(office.path("out")).expect("a folder");
        Some(office)
    }

    /// A place in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file in its folder.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    }

    /// The cells of a workbook that it has written.
    pub fn read(&self, name: &str) -> Cells {
        let path = self.path(name);
        let file = std::fs::read(&path);
        cells(&file.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }

    /// Runs it without a window.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) {
        let profile = self.path("profile");
        let mut command = Command::new(self.program);
        command.arg(format!("-env:UserInstallation=file://{}", profile.display()));
        command.args(["--headless", "--norestore"]).args(arguments).stdout(Stdio::null());
        let problems = self.path("problems.txt");
        command.stderr(File::create(&problems).expect("a file"));
        let mut child = command.spawn().expect("LibreOffice runs");
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("a child") {
                break status;
            }
            if start.elapsed() > LONGEST {
                let _ = child.kill();
                panic!("LibreOffice has not ended within {} s", LONGEST.as_secs());
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        assert!(status.success(), "{}", std::fs::read_to_string(problems).unwrap_or_default());
    }
}

/// The cells of files after LibreOffice has computed them; nothing, and a note, without it.
pub fn computed(files: &[(&str, Vec<u8>)]) -> Option<Vec<Cells>> {
    let office = Office::with(COMPUTE_ON_LOAD)?;
    let convert = ["--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir"].map(PathBuf::from);
    let mut arguments = Vec::from(convert);
    arguments.push(office.path("out"));
    for (name, file) in files {
        let name = format!("{name}.xlsx");
        office.write(&name, file);
        arguments.push(office.path(&name));
    }
    office.run(arguments);
    Some(files.iter().map(|(name, _)| office.read(&format!("out/{name}.xlsx"))).collect())
}

/// Asserts that every formula of the engine's workbook has been computed to the same number, within
/// 10⁻⁹ of the larger of 1 and its size; prints how many there are and the largest difference.
pub fn agree(name: &str, engine: &Cells, computed: &Cells) {
    assert!(!engine.formulas.is_empty(), "{name} has formulas");
    let mut worst: BTreeMap<&str, (usize, f64)> = BTreeMap::new();
    for place in engine.formulas.keys() {
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
