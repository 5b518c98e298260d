//! The check of an operation, at its samples.

use gradus::models::ModelError;
use gradus::ops::{Card, Check as GradientCheck, Graph, Op};
use serde_json::json;

use super::{Check, as_json, say, taylor};

/// Checks each sample that has an operand which can be varied.
pub fn check(options: &Check, card: Card) -> Result<(), ModelError> {
    let place = Op::CARDS.iter().position(|other| *other == card).expect("a card of the table");
    let mut reports = Vec::new();
    for sample in &Op::samples()[place] {
        let graph = Graph::new();
        let (x, y) = sample.build(&graph);
        let free: Vec<_> =
            (0..x.len()).filter(|k| !sample.fixed.contains(k)).map(|k| x[k]).collect();
        if free.is_empty() {
            continue;
        }
        let at = (0..).map(|k| format!("x{k}")).zip(sample.operands.iter().cloned()).collect();
        let report = options.set(GradientCheck::new(&[y], &free)).run(&at)?;
        let shapes: Vec<_> = x.iter().map(|x| x.shape().to_string()).collect();
        let what = format!("{} of {}", sample.op, shapes.join(", "));
        if options.json {
            say(&as_json(&report, json!({ "operation": card.name, "sample": what })))?;
        } else {
            let gap = if reports.is_empty() { "" } else { "\n" };
            say(&format!("{gap}{what}\n{report}"))?;
            if options.taylor {
                say(&format!("\n{}", taylor(&report)))?;
            }
        }
        reports.push(report);
    }
    if reports.is_empty() {
        let name = card.name;
        return Err(ModelError::Settings(format!("{name} has no operand with a derivative")));
    }
    options.conclude(&reports)
}
