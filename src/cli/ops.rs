//! `gradus ops`.

use clap::Args;
use gradus::models::ModelError;
use gradus::ops::{Card, Op};

use super::say;
use super::table::wrap;

/// Print the table of operations: formula, shapes, pullback, convention of each
#[derive(Args)]
pub struct Ops {
    /// Only these operations
    names: Vec<String>,
}

impl Ops {
    pub fn run(self) -> Result<(), ModelError> {
        let cards = if self.names.is_empty() {
            Op::CARDS.to_vec()
        } else {
            self.names.iter().map(|name| find(name)).collect::<Result<_, _>>()?
        };
        let text: Vec<String> = cards.iter().map(show).collect();
        say(&text.join("\n\n"))
    }
}

fn find(name: &str) -> Result<Card, ModelError> {
    let card = Op::CARDS.iter().find(|card| card.name == name);
    card.copied().ok_or_else(|| {
        let near: Vec<&str> =
            Op::CARDS.iter().map(|card| card.name).filter(|other| alike(name, other)).collect();
        let near = match near[..] {
            [] => String::new(),
            _ => format!("; there are {}", near.join(", ")),
        };
        ModelError::Settings(format!("there is no operation `{name}`{near}"))
    })
}

/// Whether one name is a part of the other.
fn alike(a: &str, b: &str) -> bool {
    !a.is_empty() && (a.contains(b) || b.contains(a))
}

fn show(card: &Card) -> String {
    let mut text = format!("{}({})", card.name, card.operands.join(", "));
    for (name, value) in [
        ("formula", card.formula),
        ("shapes", card.shapes),
        ("pullback", card.pullback),
        ("convention", card.convention),
    ] {
        if value.is_empty() {
            continue;
        }
        for (k, line) in wrap(value, 84).iter().enumerate() {
            text += &format!("\n  {:<12}{line}", if k == 0 { name } else { "" });
        }
    }
    text
}
