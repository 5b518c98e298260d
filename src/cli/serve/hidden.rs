//! What the hidden units of a network give.

use gradus::models::{Layer, ModelError, Network, Training};
use gradus::ndarray::Array2;
use gradus::ops::{Arrays, Graph, Inputs};
use gradus::plan::{Plan, compile};
use serde_json::{Value, json};

/// The most numbers of hidden units in an answer. Of a network with more, layers from the first on
/// are shown until they are used up, each in whole maps or units.
const MOST: usize = 1 << 16;

/// The hidden layers of a network, compiled.
pub struct Hidden {
    plan: Plan<f32>,
    layers: Vec<Shown>,
}

/// A layer that is shown.
struct Shown {
    number: usize,
    kind: String,
    shape: Vec<usize>,
    /// How many of its numbers are shown.
    numbers: usize,
}

impl Hidden {
    /// The layers before the last. What only passes numbers on, as `flatten` does and dropout after
    /// training, is left out.
    pub fn of(network: &Network) -> Result<Self, ModelError> {
        let g = Graph::new();
        let forward = network.forward(network.examples(&g, "x"));
        let passes_on = |layer: &Layer| matches!(layer, Layer::Flatten(_) | Layer::Dropout(_));
        let mut computed: Vec<_> = network.layers().iter().zip(&forward.a).collect();
        computed.retain(|(placed, _)| !passes_on(&placed.layer));
        computed.pop();
        let (mut layers, mut outputs, mut left) = (Vec::new(), Vec::new(), MOST);
        for (placed, &a) in computed {
            let (shape, kind) = (placed.output.clone(), placed.layer.to_string());
            let a_map: usize = shape[1..].iter().product();
            let numbers = shape[0].min(left / a_map) * a_map;
            if numbers == 0 {
                break;
            }
            left -= numbers;
            layers.push(Shown { number: placed.number, kind, shape, numbers });
            outputs.push(a);
        }
        Ok(Self { plan: compile(&outputs, &[])?, layers })
    }

    /// The layers with their values for a picture, as JSON.
    pub fn units(&mut self, training: &Training, row: &Array2<f32>) -> Result<Value, ModelError> {
        if self.layers.is_empty() {
            return Ok(json!([]));
        }
        let mut shape = vec![1];
        shape.extend(training.network().input());
        let x = row.to_shape(shape).expect("28×28 inputs");
        let inputs = Inputs::new().with_all(training.state()).with("x", &x);
        let values = self.plan.step(&mut Arrays::new(), &inputs)?;
        let layers = self.layers.iter().zip(values).map(|(shown, values)| {
            let values: Vec<f32> = values.iter().take(shown.numbers).copied().collect();
            json!({
                "layer": shown.number,
                "kind": shown.kind,
                "shape": shown.shape,
                "values": values,
            })
        });
        Ok(layers.collect())
    }
}
