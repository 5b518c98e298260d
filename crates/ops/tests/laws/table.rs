//! The table of mutants, which is kept beside the crate and must be what the test finds.

use std::fmt::Write as _;
use std::io::Write as _;
use std::{env, fs};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/MUTANTS.md");

/// An operation: its rules, their mutants, and by what these were caught.
pub struct Row {
    pub operation: &'static str,
    pub rules: usize,
    pub mutants: usize,
    /// By each of the check's tests at samples.
    pub caught: [usize; 4],
    /// By an operation that does not take the values a mutant gives it.
    pub refused: usize,
    /// At a kink only, where the derivative is not what the card says.
    pub conventions: usize,
    pub equivalent: usize,
}

impl Row {
    pub fn new(operation: &'static str) -> Self {
        let caught = [0; 4];
        Self { operation, rules: 0, mutants: 0, caught, refused: 0, conventions: 0, equivalent: 0 }
    }

    fn numbers(&self) -> [usize; 9] {
        let [modes, differences, digits, taylor] = self.caught;
        let Self { rules, mutants, refused, conventions, equivalent, .. } = *self;
        [rules, mutants, modes, differences, digits, taylor, refused, conventions, equivalent]
    }
}

const HEAD: &str = "\
# Mutants

Every rule of every operation, pullback and pushforward of each operand, was broken on purpose in
every way that `tests/laws/mutate.rs` knows: a sign turned or a factor 2 at each part of its
expression, another constant, each term of a sum and each factor of a product dropped, operands
swapped, a square operand transposed, one operand taken for another, the rule forgotten. The gradient
check, at the first order and at the operations' samples, had to catch each of them.

A mutant counts in each column of a test that caught it: forward against reverse mode, differences
in f64, differences in 31 digits, Taylor remainders. Differences and remainders look at reverse mode,
so mutants of a pushforward are caught by the first. A few hand an operation what it refuses, as
indices that are no whole numbers. Some mutants are right but at a kink: they were caught by the
conventions of the cards. An equivalent mutant gives what the right rule gives, to 13 digits, at all
samples and at points around them; those are listed below. They are of four kinds: the sign or size
of a condition, of which only counts whether it is 0; a factor of what is divided by its own sum; y
for x, or x for y, where a comparison does not tell them apart; and a sum, slice, pad or broadcast
left out where it does nothing, as over no axes.

`GRADUS_WRITE_BOOK=1 cargo test --release -p gradus-ops --test laws` writes this page; without it the
test compares.

| operation | rules | mutants | modes | f64 | 31 digits | Taylor | refused | conventions | equivalent |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
";

/// Compares the table with the one that is kept, or writes that.
pub fn compare(rows: &[Row], equivalent: &[String]) {
    let mut text = HEAD.to_owned();
    let mut total = [0; 9];
    let mut line = |name: &str, numbers: [usize; 9]| {
        let cells = numbers.map(|number| number.to_string()).join(" | ");
        writeln!(text, "| {name} | {cells} |").expect("a string takes all");
    };
    for row in rows.iter().filter(|row| row.rules > 0) {
        line(row.operation, row.numbers());
        for (total, number) in total.iter_mut().zip(row.numbers()) {
            *total += number;
        }
    }
    line("**all**", total);
    let without: Vec<_> = rows.iter().filter(|row| row.rules == 0).collect();
    let names: Vec<_> = without.iter().map(|row| row.operation).collect();
    let [rules, mutants, .., same] = total;
    writeln!(text, "\n{mutants} mutants of {rules} rules; survivors: none but {same} equivalent.")
        .expect("a string takes all");
    writeln!(text, "Without a rule: {}.\n\n## Equivalent mutants\n", names.join(", "))
        .expect("a string takes all");
    for name in equivalent {
        writeln!(text, "* {name}").expect("a string takes all");
    }
    writeln!(std::io::stdout(), "{text}").expect("standard output is open");
    if env::var_os("GRADUS_WRITE_BOOK").is_some_and(|value| value == "1") {
        fs::write(PATH, &text).expect("the table is written");
    }
    let kept = fs::read_to_string(PATH).unwrap_or_default();
    let stale = "MUTANTS.md is not what the test finds; GRADUS_WRITE_BOOK=1 writes it";
    assert!(kept == text, "{stale}");
}
