//! What the workbooks tell their users to do, done in LibreOffice: the last row of a descent is filled
//! down, and the values of "next" are pasted onto "now". A macro gives the commands, `hands.bas`.

use std::collections::BTreeMap;

use crate::examples::{cnn_digits, demons_learn, descent, pixels, regression, spreadsheet};
use crate::office::{Cells, Office, Place, agree, cells};
use crate::{System, systems};

const HANDS: &str = include_str!("hands.bas");

/// Steps of a descent that are filled down.
const MORE: u32 = 20;

/// Steps of a network that are made by copying and pasting.
const PASTED: usize = 3;

/// LibreOffice does not ask whether cells that are full may be overwritten, and takes the profile, with
/// its macros, for one that it has set up itself.
const SETTINGS: &str = r#"<item oor:path="/org.openoffice.Office.Calc/Input">
<prop oor:name="ReplaceCellsWarning" oor:op="fuse"><value>false</value></prop></item>
<item oor:path="/org.openoffice.Setup/Office">
<prop oor:name="ooSetupInstCompleted" oor:op="fuse"><value>true</value></prop></item>"#;

/// The first two systems are descents: what fills down must be what their plans go on to, and what a
/// workbook says that begins where the first one ends.
#[test]
fn filling_the_last_row_down_goes_on() {
    let [bowl, line, ..] = systems();
    let steps = 30 + MORE as usize;
    let point = |point: &descent::Point| [point.at[0], point.at[1], point.z];
    let bowls = descent::descend(descent::bowl, [3.0, 2.0], 0.1, false, steps);
    let descents = [
        (bowl, ["x", "y", "z"], bowls.iter().map(point).collect()),
        (line, ["p", "q", "C_T"], regression::descent(0.00015, steps)),
    ];
    let deeds: Vec<Deed> = (descents.iter())
        .flat_map(|(system, ..)| {
            let file = (system.book)(&system.at, true).unwrap();
            let marked = Steps::of(&cells(&file)).last_and(MORE);
            ["FillDown", "DragDown"].map(|command| Deed {
                name: format!("{} {command}", system.name),
                file: file.clone(),
                lines: format!("{command}(book, \"descent\", \"{marked}\")"),
            })
        })
        .collect();
    let Some(done) = done(&deeds) else { return };
    for ((system, heads, path), done) in descents.iter().zip(done.chunks(2)) {
        for (done, how) in done.iter().zip(["filled", "dragged"]) {
            let worst = goes_on(system, *heads, path, done);
            println!("{:10} {MORE} rows {how}, differences up to {worst:.1e}", system.name);
        }
    }
}

/// Asserts that a descent with more rows is what the engine makes of it; the largest difference, as a
/// part of the number.
fn goes_on(system: &System, heads: [&str; 3], path: &[[f64; 3]], done: &Cells) -> f64 {
    let steps = Steps::of(done);
    assert_eq!(steps.count() as usize + 1, path.len(), "{}", system.name);
    let mut worst = 0.0f64;
    let mut near = |what: &str, step: u32, got: f64, wanted: f64| {
        let difference = if got == wanted { 0.0 } else { (got - wanted).abs() / wanted.abs() };
        worst = worst.max(difference);
        assert!(difference < 1e-9, "{}, {what}, step {step}: {got}, not {wanted}", system.name);
    };
    for (step, wanted) in (0..).zip(path) {
        assert_eq!(done.numbers[&steps.place("step", step)], f64::from(step));
        for (head, &wanted) in heads.into_iter().zip(wanted) {
            near(head, step, done.numbers[&steps.place(head, step)], wanted);
        }
    }

    let before = cells(&(system.book)(&system.at, true).unwrap());
    let first = Steps::of(&before);
    let end = [0, 1].map(|k| (heads[k], before.numbers[&first.place(heads[k], first.count())]));
    let after = cells(&(system.book)(&spreadsheet::numbers(end), true).unwrap());
    for step in 0..=MORE {
        for head in steps.heads.keys().filter(|head| *head != "step") {
            let place = steps.place(head, first.count() + step);
            assert!(done.formulas.contains_key(&place), "{}: {place:?}", system.name);
            near(head, step, done.numbers[&place], after.numbers[&first.place(head, step)]);
        }
    }
    worst
}

/// Copying "next" and pasting its values onto "now", three times: the parameters must be those of
/// three steps of the plans, and every formula what the engine's workbook of these parameters says.
#[test]
fn pasting_next_onto_now_is_a_step() {
    let demons = pixels::read("zeros_and_ones.txt", 4, 3).unwrap();
    let digits = pixels::read("one_two_three.txt", 6, 6).unwrap();
    let [.., first, second] = systems();
    let networks = [
        (first, demons_learn::train(&demons, [1], PASTED).remove(0).parameters),
        (second, cnn_digits::train(&digits, [1], PASTED).remove(0).parameters),
    ];
    let deeds = networks.each_ref().map(|(system, _)| {
        let file = (system.book)(&system.at, true).unwrap();
        let book = cells(&file);
        let (next, now) = (around(&book.under("next")), around(&book.under("now")));
        let onto = now.split(':').next().expect("a cell");
        let paste = format!("PasteValues(book, \"parameters\", \"{next}\", \"{onto}\")\n");
        Deed { name: system.name.to_owned(), file, lines: paste.repeat(PASTED) }
    });
    let Some(done) = done(&deeds) else { return };
    for ((system, after), done) in networks.iter().zip(done) {
        let wanted = cells(&(system.book)(after, true).unwrap());
        let now = wanted.under("now");
        assert_eq!(done.under("now"), now, "{}", system.name);
        for place in now {
            let (got, wanted) = (done.numbers[place], wanted.numbers[place]);
            let near = (got - wanted).abs() < 1e-9;
            assert!(near, "{}, {place:?}: {got}, the plan {wanted}", system.name);
        }
        let same = done.formulas.keys().eq(wanted.formulas.keys());
        assert!(same, "{}: which cells have formulas", system.name);
        println!("{}, {PASTED} steps pasted:", system.name);
        agree(system.name, &wanted, &done);
    }
}

/// A workbook, and what is done to it: lines of Basic, in which it is `book`.
struct Deed {
    name: String,
    file: Vec<u8>,
    lines: String,
}

/// The workbooks after what has been done to them; nothing, and a note, without LibreOffice.
fn done(deeds: &[Deed]) -> Option<Vec<Cells>> {
    let office = Office::with(SETTINGS)?;
    let basic = |name: &str| office.path(name).display().to_string();
    let said = office.path("said");
    let mut main = "Sub Main\nOn Error Goto Failed\nDim book As Object\n".to_owned();
    for Deed { name, file, lines } in deeds {
        let (from, to) = (format!("{name}.xlsx"), format!("out/{name}.xlsx"));
        office.write(&from, file);
        let (from, to) = (basic(&from), basic(&to));
        main += &format!("book = Opened(\"{from}\")\n{lines}\nKeep(book, \"{to}\")\n");
    }
    let said_in = said.display();
    main += &format!("Say(\"{said_in}\", \"done\")\nStarDesktop.terminate()\nExit Sub\n");
    main += &format!("Failed:\nSay(\"{said_in}\", Error$)\nStarDesktop.terminate()\nEnd Sub\n");
    library(&office, &format!("{HANDS}\n{main}"));
    office.run(["macro:///Standard.Hands.Main"]);
    let said = std::fs::read_to_string(said).expect("the macro ran");
    assert_eq!(said.trim(), "done");
    Some(deeds.iter().map(|deed| office.read(&format!("out/{}.xlsx", deed.name))).collect())
}

/// Puts a module of Basic into the profile, as `Standard.Hands`.
fn library(office: &Office, module: &str) {
    let xml = |name: &str, text: &str| {
        let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}\n");
        office.write(&format!("profile/user/basic/{name}"), text.as_bytes());
    };
    const NAMES: &str = r#"xmlns:library="http://openoffice.org/2000/library""#;
    let libraries = format!(
        "<library:libraries {NAMES}><library:library library:name=\"Standard\" \
         library:link=\"false\"/></library:libraries>"
    );
    let elements = format!(
        "<library:library {NAMES} library:name=\"Standard\" library:readonly=\"false\" \
         library:passwordprotected=\"false\"><library:element library:name=\"Hands\"/>\
         </library:library>"
    );
    let text = module.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let module = format!(
        "<script:module xmlns:script=\"http://openoffice.org/2000/script\" script:name=\"Hands\" \
         script:language=\"StarBasic\">{text}</script:module>"
    );
    xml("script.xlc", &libraries);
    xml("Standard/script.xlb", &elements);
    xml("Standard/Hands.xba", &module);
}

/// The rows of a descent's steps.
struct Steps {
    /// The row of the heads.
    head: u32,
    /// The row of the last step.
    last: u32,
    /// The column of each head.
    heads: BTreeMap<String, u32>,
}

impl Steps {
    fn of(book: &Cells) -> Self {
        let here = |place: &Place| place.0 == "descent";
        let mut texts = book.texts.iter().filter(|(place, _)| here(place));
        let ((_, head, _), _) = texts.find(|(_, text)| *text == "step").expect("the heads");
        let heads = book.texts.iter().filter(|((_, row, _), _)| row == head);
        let heads = heads.filter(|(place, _)| here(place));
        let heads = heads.map(|((.., column), text)| (text.clone(), *column)).collect();
        let last = book.numbers.keys().filter(|place| here(place) && place.2 == 0);
        let last = last.map(|place| place.1).max().expect("a step");
        Self { head: *head, last, heads }
    }

    /// How many steps there are, not counting the start.
    fn count(&self) -> u32 {
        self.last - self.head - 1
    }

    /// The cell under a head in the row of a step.
    fn place(&self, head: &str, step: u32) -> Place {
        ("descent".to_owned(), self.head + 1 + step, self.heads[head])
    }

    /// The last row and so many below it, as a spreadsheet's range.
    fn last_and(&self, more: u32) -> String {
        let [left, right] = [0, *self.heads.values().max().expect("heads")];
        range([self.last, self.last + more], [left, right])
    }
}

/// The smallest range with all these cells.
fn around(places: &[&Place]) -> String {
    let ends = |all: Vec<u32>| [*all.iter().min().unwrap(), *all.iter().max().unwrap()];
    let rows = places.iter().map(|(_, row, _)| *row).collect();
    range(ends(rows), ends(places.iter().map(|(.., column)| *column).collect()))
}

/// Cells from a corner to another as a spreadsheet names them; the columns are A to Z.
fn range(rows: [u32; 2], columns: [u32; 2]) -> String {
    let letter = |column: u32| char::from(b'A' + u8::try_from(column).expect("A to Z"));
    format!("{}{}:{}{}", letter(columns[0]), rows[0] + 1, letter(columns[1]), rows[1] + 1)
}
