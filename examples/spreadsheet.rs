//! Gradient descent in a spreadsheet, each step a row of formulas that read the row above: on
//! z = x² + y², and on the cost of a line through data.
//!
//! ```text
//! cargo run --release --example spreadsheet -- --out DIR
//! ```

use std::error::Error;

use gradus::export::sheet::{SheetError, Spreadsheet};
use gradus::ndarray::{Array1, arr0};
use gradus::prelude::*;

#[allow(dead_code, reason = "no picture is drawn here")]
mod out;

/// Hours of sun in a week, and litres of lemonade that a stall sold: those of `regression`.
pub const DATA: [(f64, f64); 8] = [
    (12.0, 21.0),
    (18.0, 26.5),
    (25.0, 38.0),
    (31.0, 40.5),
    (38.0, 52.0),
    (44.0, 55.5),
    (51.0, 68.0),
    (60.0, 74.5),
];

/// Numbers with names.
pub fn numbers(all: [(&str, f64); 2]) -> Arrays<f64> {
    all.map(|(name, value)| (name.to_owned(), arr0(value).into_dyn())).into()
}

/// The descent of z = x² + y², η = 0.1, from any x and y; with the engine's values in the formulas,
/// or without.
///
/// # Errors
///
/// If an array has not the shape of its input, or a number leaves the finite ones.
pub fn bowl(from: &Arrays<f64>, values: bool) -> Result<Vec<u8>, SheetError> {
    // ANCHOR: bowl
    let g = Graph::new();
    let (x, y, eta) = (param(&g, "x", ()), param(&g, "y", ()), input(&g, "eta", ()));
    let z = (square(x) + square(y)).named("z");
    let [dx, dy] = grad(z, [x, y]);
    Spreadsheet::new("Gradient descent on z = x² + y²")
        .cost(z)
        .update("x", dx.named("∂z/∂x"), x - eta * dx)
        .update("y", dy.named("∂z/∂y"), y - eta * dy)
        .descent(30)
        .values(values)
        .bytes(from, &Inputs::new().with("eta", &arr0(0.1)))
    // ANCHOR_END: bowl
}

/// The descent of C_T = Σ ½(y − (px + q))², η = 0.00015, from any p and q.
///
/// # Errors
///
/// If an array has not the shape of its input, or a number leaves the finite ones.
pub fn line(from: &Arrays<f64>, values: bool) -> Result<Vec<u8>, SheetError> {
    let g = Graph::new();
    let (x, y) = (input(&g, "x", ("n",)), input(&g, "y", ("n",)));
    let (p, q, eta) = (param(&g, "p", ()), param(&g, "q", ()), input(&g, "eta", ()));
    let cost = sum_all(0.5 * square(y - (p * x + q))).named("C_T");
    let [dp, dq] = grad(cost, [p, q]);
    let (hours, litres): (Vec<f64>, Vec<f64>) = DATA.into_iter().unzip();
    let (hours, litres, rate) = (Array1::from(hours), Array1::from(litres), arr0(0.00015));
    Spreadsheet::new("Regression: the line y = px + q")
        .examples("n")
        .cost(cost)
        .update("p", dp.named("∂C/∂p"), p - eta * dp)
        .update("q", dq.named("∂C/∂q"), q - eta * dq)
        .descent(30)
        .values(values)
        .bytes(from, &Inputs::new().with("x", &hours).with("y", &litres).with("eta", &rate))
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = out::folder()?.unwrap_or_else(|| "target/examples-out".into());
    std::fs::create_dir_all(&folder)?;
    for (name, bytes) in [
        ("descent.xlsx", bowl(&numbers([("x", 3.0), ("y", 2.0)]), true)?),
        ("regression.xlsx", line(&numbers([("p", 0.0), ("q", 0.0)]), true)?),
    ] {
        gradus::export::write(folder.join(name), &bytes)?;
        println!("{} ({} kilobytes)", folder.join(name).display(), bytes.len() / 1000);
    }
    println!("Open them, change a yellow cell, and fill the last row of `descent` down.");
    Ok(())
}
