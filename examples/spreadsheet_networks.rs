//! The demons' network and the convolutional one in spreadsheets: forward, backward and a step of
//! gradient descent, every cell a formula.
//!
//! ```text
//! cargo run --release --example spreadsheet_networks -- --out DIR
//! ```

use std::error::Error;

use gradus::export::sheet::{SheetError, Spreadsheet};
use gradus::ndarray::{Array4, arr0};
use gradus::prelude::*;

#[allow(dead_code, reason = "no picture is drawn here")]
mod out;
#[allow(dead_code, reason = "nothing is counted here")]
mod pixels;
use pixels::{arrays, read};

/// Names and shapes of parameters.
pub type Parameters = [(&'static str, &'static [usize]); 4];

/// The parameters of the demons' network.
pub const DEMONS: Parameters = [("w2", &[3, 12]), ("b2", &[3]), ("w3", &[2, 3]), ("b3", &[2])];

/// The parameters of the convolutional network: filters, output weights, and their biases.
pub const CNN: Parameters = [("wF", &[3, 1, 3, 3]), ("bF", &[3]), ("wO", &[3, 12]), ("bO", &[3])];

/// Parameters drawn from N(0, 1): a stream of numbers for each, of the seed.
pub fn draw(parameters: Parameters, seed: u32) -> Arrays<f64> {
    let g = Graph::new();
    let seed = constant(&g, f64::from(seed));
    let drawn = (0..).zip(parameters).map(|(k, (_, shape))| random_normal(seed, k, shape));
    let values = evaluate(&drawn.collect::<Vec<_>>(), &Inputs::new()).expect("no inputs");
    parameters.iter().map(|(name, _)| (*name).to_owned()).zip(values).collect()
}

// ANCHOR: descend
/// The gradients of a cost with respect to parameters, labelled, with the steps they make.
fn descend<'g>(
    sheet: Spreadsheet<'g>, parameters: Parameters, all: [Expr<'g>; 4], cost: Expr<'g>,
) -> Spreadsheet<'g> {
    let (slopes, eta) = (grad(cost, all), input(cost.graph(), "eta", ()));
    (0..4).fold(sheet.cost(cost), |sheet, k| {
        let slope = slopes[k].named(&format!("∂C/∂{}", parameters[k].0));
        sheet.update(parameters[k].0, slope, all[k] - eta * slope)
    })
}
// ANCHOR_END: descend

/// The 12-3-2 network of two digits on 64 pictures; with the engine's values, or without.
///
/// # Errors
///
/// If an array has not the shape of its input, or a number leaves the finite ones.
pub fn demons(at: &Arrays<f64>, values: bool) -> Result<Vec<u8>, SheetError> {
    let g = Graph::new();
    // ANCHOR: demons
    let (x, t) = (input(&g, "x", ("n", 12)), input(&g, "t", ("n", 2)));
    let all = DEMONS.map(|(name, shape)| param(&g, name, shape));
    let [w2, b2, w3, b3] = all;
    let z2 = (matmul(x, transpose(w2)) + b2).named("z2");
    let a2 = sigmoid(z2).named("a2");
    let z3 = (matmul(a2, transpose(w3)) + b3).named("z3");
    let a3 = sigmoid(z3).named("a3");
    let cost = sum_all(0.5 * square(t - a3)).named("C_T");
    let [delta3, delta2] = grad(cost, [z3, z2]);
    delta3.named("δ3");
    delta2.named("δ2");
    // ANCHOR_END: demons

    let pictures = read("zeros_and_ones.txt", 4, 3).expect("64 pictures");
    let ((x_, t_), eta) = (arrays(&pictures, 0, 2), arr0(0.2));
    // ANCHOR: sheet
    let sheet = Spreadsheet::new("The demons' network").examples("n").history(50).values(values);
    let sheet = descend(sheet.fold(x, &[4, 3]).fold(w2, &[4, 3]), DEMONS, all, cost);
    // ANCHOR_END: sheet
    sheet.bytes(at, &Inputs::new().with("x", &x_).with("t", &t_).with("eta", &eta))
}

/// The convolutional network of three digits on 96 pictures, 69 parameters.
///
/// # Errors
///
/// If an array has not the shape of its input, or a number leaves the finite ones.
pub fn cnn(at: &Arrays<f64>, values: bool) -> Result<Vec<u8>, SheetError> {
    let g = Graph::new();
    let (x, t) = (input(&g, "x", ("n", 1, 6, 6)), input(&g, "t", ("n", 3)));
    let all = CNN.map(|(name, shape)| param(&g, name, shape));
    let [w_f, b_f, w_o, b_o] = all;
    let maps = conv2d(x, w_f, Convolution::default());
    let z_f = (maps + broadcast(b_f, [0, 2, 3], maps.shape())).named("zF");
    let a_f = sigmoid(z_f).named("aF");
    let a_p = max_pool2d(a_f, Pooling::new(2, 2)).named("aP");
    let z_o = (matmul(reshape(a_p, ("n", 12)), transpose(w_o)) + b_o).named("zO");
    let a_o = sigmoid(z_o).named("aO");
    let cost = sum_all(0.5 * square(t - a_o)).named("C_T");
    let [delta_o, slope, delta_f] = grad(cost, [z_o, a_p, z_f]);
    delta_o.named("δO");
    slope.named("∂C/∂aP");
    delta_f.named("δF");

    let pictures = read("one_two_three.txt", 6, 6).expect("96 pictures");
    let ((x_, t_), eta) = (arrays(&pictures, 1, 3), arr0(0.2));
    let x_: Array4<f64> = x_.into_shape_with_order((96, 1, 6, 6)).expect("36 pixels each");
    let sheet = Spreadsheet::new("A convolutional network").examples("n").history(300);
    let sheet = descend(sheet.fold(w_o, &[3, 2, 2]).values(values), CNN, all, cost);
    sheet.bytes(at, &Inputs::new().with("x", &x_).with("t", &t_).with("eta", &eta))
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = out::folder()?.unwrap_or_else(|| "target/examples-out".into());
    std::fs::create_dir_all(&folder)?;
    for (name, bytes) in
        [("demons.xlsx", demons(&draw(DEMONS, 1), true)?), ("cnn.xlsx", cnn(&draw(CNN, 1), true)?)]
    {
        gradus::export::write(folder.join(name), &bytes)?;
        println!("{} ({} kilobytes)", folder.join(name).display(), bytes.len() / 1000);
    }
    println!(
        "Open them, and change a yellow or blue cell. On `parameters`, a step is to paste the \
         values of \"next\" onto \"now\"."
    );
    Ok(())
}
