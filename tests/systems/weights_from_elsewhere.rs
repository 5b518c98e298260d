//! Weights from a Python program, against the outputs that it computed.

use std::path::Path;

use gradus::models::Weights;
use gradus::ndarray::Axis;

use crate::examples::weights_from_elsewhere::outputs;

fn file() -> Vec<u8> {
    std::fs::read("data/weights/elsewhere.safetensors").unwrap()
}

fn weights(bytes: &[u8]) -> Weights {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights");
    std::fs::write(&path, bytes).unwrap();
    Weights::read(&path).unwrap()
}

/// What the error says of a file in which one text is another of the same length.
fn refused(from: &str, to: &str) -> String {
    let mut bytes = file();
    let at = bytes.windows(from.len()).position(|w| w == from.as_bytes()).expect("in there");
    bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
    let text = outputs(&weights(&bytes)).unwrap_err().to_string();
    text.split_once(": ").expect("the path comes first").1.to_owned()
}

#[test]
fn the_network_gives_what_numpy_gave() {
    let weights = Weights::read(Path::new("data/weights/elsewhere.safetensors")).unwrap();
    let (ours, theirs) = outputs(&weights).unwrap();
    assert_eq!((ours.shape(), theirs.shape()), (&[8, 3][..], &[8, 3][..]));
    for (a, y) in ours.iter().zip(&theirs) {
        assert!((a - y).abs() < 1e-14, "{a}, there {y}");
    }
    // The rows tell the examples apart, so a wrong order would be seen.
    assert!(
        (&ours.index_axis(Axis(0), 0) - &ours.index_axis(Axis(0), 1))
            .iter()
            .all(|x| x.abs() > 1e-3)
    );
}

#[test]
fn a_missing_name_and_a_wrong_shape_are_named() {
    let there = "`fc1.bias`, `fc1.weight`, `fc2.b1as`, `fc2.weight`, `inputs`, `outputs`";
    let text = refused("fc2.bias", "fc2.b1as");
    assert_eq!(text, format!("has no array `fc2.bias`; it has {there}"));
    let text = refused("\"shape\":[3,5]", "\"shape\":[5,3]");
    assert_eq!(text, "the array `fc2.weight` is [5, 3]; wanted [3, 5]");
}
