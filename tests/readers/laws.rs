//! What holds for any bytes that a reader is given: an answer or a refusal, no panic; and what is
//! accepted can be used, and is written as it was read. The fuzz targets run the same laws.

use gradus::models::data::{Digit, Idx};
use gradus::models::layer::Mode;
use gradus::models::{History, Network, Schedule, Settings, Training, Weights};
use gradus::ndarray::Array2;
use gradus::ops::{Graph, Shape, input};

/// An IDX file, plain or gzipped. Whether it is accepted; so also below.
pub fn idx(bytes: &[u8]) -> bool {
    let Ok(idx) = Idx::from_bytes(bytes) else { return false };
    assert_eq!(idx.sizes.iter().product::<usize>(), idx.bytes.len());
    true
}

/// A PNG picture of a digit.
pub fn picture(bytes: &[u8]) -> bool {
    let Ok(digit) = Digit::from_png(bytes) else { return false };
    assert_eq!(digit.pixels().len(), 784);
    assert_eq!(digit.pixels().iter().max(), Some(&255), "the strongest ink");
    true
}

/// A checkpoint.
pub fn checkpoint(bytes: &[u8]) -> bool {
    let Ok(training) = Training::from_bytes(bytes) else { return false };
    let written = training.to_bytes();
    let again = Training::from_bytes(&written).expect("what was written is read");
    assert_eq!(again.to_bytes(), written);
    assert!(training.eta() >= 0.0);
    assert!(!training.history().csv().is_empty());
    works(&training);
    true
}

/// Weights of another program.
pub fn weights(bytes: &[u8]) -> bool {
    let Ok(weights) = Weights::from_bytes("weights".as_ref(), bytes.to_vec()) else { return false };
    for (name, shape) in weights.shapes() {
        // Numbers of other types are refused.
        if let Ok(array) = weights.array::<f64>(&name, &shape) {
            assert_eq!(array.shape(), shape);
        }
        let other = [&shape[..], &[2]].concat();
        assert!(weights.array::<f64>(&name, &other).is_err(), "{name} has two shapes");
    }
    true
}

/// The description of a network, in JSON.
pub fn network(bytes: &[u8]) -> bool {
    let Ok(network) = serde_json::from_slice::<Network>(bytes) else { return false };
    let written = serde_json::to_string(&network).expect("names and numbers");
    assert_eq!(serde_json::from_str::<Network>(&written).unwrap(), network);
    assert!(!network.to_string().is_empty());
    let g = Graph::new();
    let (x, step) = (network.examples(&g, "x"), input(&g, "step", ()));
    for mode in [Mode::Inference, Mode::Training { step, seed: 1 }] {
        let forward = network.forward_in(x, mode);
        for (placed, a) in network.layers().iter().zip(&forward.a) {
            let dims = a.shape().dims()[1..].iter().cloned().collect::<Shape>();
            assert_eq!(dims, Shape::from(placed.output.as_slice()));
        }
    }
    if small(&network) {
        // A network that no input reaches, or that the cost does not suit, is refused.
        if let Ok(training) = Training::start(network, Settings::default()) {
            works(&training);
        }
    }
    true
}

/// A rule for the learning rate, as on the command line.
pub fn schedule(bytes: &[u8]) -> bool {
    let Some(schedule) = str::from_utf8(bytes).ok().and_then(|text| text.parse().ok()) else {
        return false;
    };
    let schedule: Schedule = schedule;
    assert_eq!(schedule.to_string().parse::<Schedule>().unwrap(), schedule);
    let factor = schedule.factor(&History::default());
    assert!((0.0..=1.0).contains(&factor), "{factor}");
    true
}

/// A small network computes as many outputs as it says.
fn works(training: &Training) {
    if small(training.network()) {
        let inputs = training.network().input().iter().product();
        let outputs = training.outputs(&Array2::zeros((1, inputs))).expect("one example");
        let wanted: usize = training.network().output().iter().product();
        assert_eq!(outputs.dim(), (1, wanted));
    }
}

/// Whether a network is computed in a moment. A description is short, and what it asks for need not
/// be: two to the 28th numbers are allowed.
fn small(network: &Network) -> bool {
    let numbers = |shape: &[usize]| shape.iter().product::<usize>();
    let most = network.layers().iter().map(|placed| numbers(&placed.output)).max();
    numbers(network.input()).max(most.unwrap_or(0)) <= 1 << 10 && network.count() <= 1 << 14
}
