//! Weights that a Python program made, in a network of two layers: names mapped, outputs compared with
//! those that NumPy computed.
//!
//! ```text
//! cargo run --release --example weights_from_elsewhere
//! ```

use std::path::Path;

use gradus::models::{ModelError, Weights};
use gradus::ndarray::ArrayD;
use gradus::prelude::*;

fn main() -> Result<(), ModelError> {
    let weights = Weights::read(Path::new("data/weights/elsewhere.safetensors"))?;
    for (name, shape) in weights.shapes() {
        println!("{name:10} {shape:?}");
    }
    println!();
    let (ours, theirs) = outputs(&weights)?;
    for (a, y) in ours.outer_iter().zip(theirs.outer_iter()) {
        println!("{a:.6}, there {y:.6}");
    }
    let apart = (&ours - &theirs).iter().fold(0.0f64, |most, x| most.max(x.abs()));
    println!("at most {apart:.0e} apart");
    Ok(())
}

/// The outputs of the network with these weights, in double precision, and those that the file has.
///
/// # Errors
///
/// If an array is missing or has another shape.
pub fn outputs(weights: &Weights) -> Result<(ArrayD<f64>, ArrayD<f64>), ModelError> {
    let hidden = Dense::new(5, Activation::Tanh).into();
    let network = Network::new(&[4], &[hidden, Dense::new(3, Activation::Softmax).into()])?;

    // Our names and theirs; the shapes are the same, [out, in] and [out].
    let names =
        [("w2", "fc1.weight"), ("b2", "fc1.bias"), ("w3", "fc2.weight"), ("b3", "fc2.bias")];
    let mut state = Arrays::new();
    for parameter in network.parameters() {
        let found = names.iter().find(|(ours, _)| *ours == parameter.name);
        let (_, theirs) = found.expect("every parameter has a name there");
        let array = weights.array::<f64>(theirs, &parameter.shape)?;
        state.insert(parameter.name, array);
    }

    let g = Graph::new();
    let a = network.forward(network.examples(&g, "x")).output();
    let x = weights.array::<f64>("inputs", &[8, 4])?;
    let ours = evaluate(&[a], &Inputs::new().with_all(&state).with("x", &x))?.remove(0);
    Ok((ours, weights.array("outputs", &[8, 3])?))
}
