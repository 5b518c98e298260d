//! Layers, composed into a network.
//!
//! Names follow the books, which count the input as layer 1: the first dense layer has the
//! parameters `w2`, `b2`, the weighted inputs `z2` and the outputs `a2`.

use std::fmt;

use gradus_ops::{Dim, Expr, Graph, input};
use serde::{Deserialize, Serialize};

use crate::layer::{Dense, Layer, Mode, Placed, times};
use crate::{Activation, ModelError, Parameter};

/// The most numbers that a network may learn, and that a layer may give for an example; two to the
/// 28th take a gibibyte.
pub(crate) const MOST: usize = 1 << 28;

/// The most layers of a network, axes of its input and bytes of its name: each layer keeps the name
/// and two shapes, so that without bounds a short description could make a large network.
const LAYERS: usize = 4096;
const AXES: usize = 8;
const NAME: usize = 100;

/// Layers, each the input of the next.
///
/// As JSON it is its description, from which it can be made again:
///
/// ```
/// use gradus_models::{Activation, Network};
/// let text = r#"{"input":[784],"layers":[
///     {"kind":"dense","units":30,"activation":"sigmoid"},
///     {"kind":"dense","units":10,"activation":"sigmoid"}]}"#;
/// let network: Network = serde_json::from_str(text).unwrap();
/// assert_eq!(network, Network::dense(&[784, 30, 10], Activation::Sigmoid).unwrap());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Description", into = "Description")]
pub struct Network {
    name: String,
    input: Vec<usize>,
    layers: Vec<Placed>,
}

/// What a network is made from.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    name: String,
    input: Vec<usize>,
    layers: Vec<Layer>,
}

impl Network {
    /// A network for inputs of this shape (an example's; `[784]`, or `[1, 28, 28]` for channels,
    /// rows and columns), with these layers.
    ///
    /// ```
    /// use gradus_models::{Activation::{Sigmoid, Identity}, Conv, Dense, Flatten, MaxPool, Network};
    /// let layers = [
    ///     Conv::new(3, 3, 3, Sigmoid).into(),
    ///     MaxPool::new(2, 2).into(),
    ///     Flatten.into(),
    ///     Dense::new(3, Sigmoid).into(),
    /// ];
    /// let network = Network::new(&[1, 6, 6], &layers).unwrap();
    /// assert_eq!(network.count(), 69);
    /// ```
    ///
    /// # Errors
    ///
    /// If there is no layer, a layer does not fit the one before, or there are more than 2^28
    /// parameters, or numbers between two layers; more than 4096 layers or 8 axes of the input.
    pub fn new(input: &[usize], layers: &[Layer]) -> Result<Self, ModelError> {
        let (input, layers) = (input.to_vec(), layers.to_vec());
        let description = Description { name: String::new(), input, layers };
        description.try_into().map_err(ModelError::Settings)
    }

    /// A network of dense layers of these sizes, the first being the number of inputs, and one
    /// activation function for all units: `&[784, 30, 10]` is the books' network for MNIST.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn dense(sizes: &[usize], activation: Activation) -> Result<Self, ModelError> {
        let (input, units) = sizes.split_at(sizes.len().min(1));
        let dense = |&units: &usize| Dense::new(units, activation).into();
        let layers: Vec<Layer> = units.iter().map(dense).collect();
        Self::new(input, &layers)
    }

    /// The same network under a name, which comes first in the names of its parameters, labels and
    /// layers. Two networks in one graph need two names: one name is one parameter.
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self.layers.iter_mut().for_each(|layer| name.clone_into(&mut layer.network));
        self
    }

    /// The shape of one example's input.
    pub fn input(&self) -> &[usize] {
        &self.input
    }

    /// The shape of one example's output.
    pub fn output(&self) -> &[usize] {
        &self.last().output
    }

    /// The layers.
    pub fn layers(&self) -> &[Placed] {
        &self.layers
    }

    /// The last layer.
    pub fn last(&self) -> &Placed {
        self.layers.last().expect("a network has a layer")
    }

    /// All parameters, layer by layer, weights before biases: what training changes by the gradient.
    pub fn parameters(&self) -> Vec<Parameter> {
        self.layers.iter().flat_map(Placed::parameters).collect()
    }

    /// All running statistics, layer by layer: what training keeps beside the parameters.
    pub fn statistics(&self) -> Vec<Parameter> {
        self.layers.iter().flat_map(Placed::statistics).collect()
    }

    /// How many numbers all parameters have.
    pub fn count(&self) -> usize {
        self.parameters().iter().map(Parameter::count).sum()
    }

    /// The input called `name` of a graph, with the examples along the named axis `n`.
    ///
    /// # Panics
    ///
    /// If the name is taken.
    #[track_caller]
    pub fn examples<'g>(&self, graph: &'g Graph, name: &str) -> Expr<'g> {
        input(graph, name, with_examples(&self.input))
    }

    /// The targets called `name`, of the shape of the outputs.
    ///
    /// # Panics
    ///
    /// If the name is taken.
    #[track_caller]
    pub fn targets<'g>(&self, graph: &'g Graph, name: &str) -> Expr<'g> {
        input(graph, name, with_examples(self.output()))
    }

    /// Writes the network into the graph of `x`, whose first axis is that of the examples, for its
    /// outputs.
    ///
    /// # Panics
    ///
    /// If `x` has another shape, or a parameter's name is taken by another input.
    #[track_caller]
    pub fn forward<'g>(&self, x: Expr<'g>) -> Forward<'g> {
        self.forward_in(x, Mode::Inference)
    }

    /// Writes the network into the graph of `x`, for its outputs or for training.
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    #[track_caller]
    pub fn forward_in<'g>(&self, x: Expr<'g>, mode: Mode<'g>) -> Forward<'g> {
        let _line = x.graph().here();
        let last_activation = self.last().layer.activation();
        let (z, a, updates) = (Vec::new(), Vec::new(), Vec::new());
        let mut forward = Forward { z, a, updates, last_activation };
        let mut input = x;
        for layer in &self.layers {
            let applied = layer.apply(input, mode);
            forward.z.push(applied.z);
            forward.a.push(applied.a);
            forward.updates.extend(applied.updates);
            input = applied.a;
        }
        forward
    }
}

fn with_examples(shape: &[usize]) -> Vec<Dim> {
    [Dim::from("n")].into_iter().chain(shape.iter().map(|&size| Dim::from(size))).collect()
}

/// What the layers of a network compute. It lives as long as the graph; the network itself holds no
/// expression.
#[derive(Clone, Debug)]
pub struct Forward<'g> {
    /// The weighted inputs, layer by layer; of a layer without units, its outputs.
    pub z: Vec<Expr<'g>>,
    /// The outputs, layer by layer.
    pub a: Vec<Expr<'g>>,
    /// The next values of running statistics, in training.
    pub updates: Vec<(String, Expr<'g>)>,
    /// The activation function of the last layer.
    pub last_activation: Activation,
}

impl<'g> Forward<'g> {
    /// The outputs of the last layer.
    pub fn output(&self) -> Expr<'g> {
        self.a[self.a.len() - 1]
    }
}

impl TryFrom<Description> for Network {
    type Error = String;

    fn try_from(description: Description) -> Result<Self, String> {
        let Description { name, input, layers } = description;
        if layers.is_empty() || input.is_empty() {
            return Err("a network has at least two layers, the input and one more".to_owned());
        }
        for (what, found, most) in [
            ("layers", layers.len(), LAYERS),
            ("axes in its input", input.len(), AXES),
            ("bytes in its name", name.len(), NAME),
        ] {
            if found > most {
                return Err(format!("a network has at most {most} {what}, not {found}"));
            }
        }
        bounded(&input).map_err(|problem| format!("{problem}, in the input"))?;
        let mut network = Self { name, input, layers: Vec::with_capacity(layers.len()) };
        let (mut number, mut learned) = (1, 0);
        for (index, layer) in layers.into_iter().enumerate() {
            let input = network.layers.last().map_or(&network.input, |before| &before.output);
            let output = layer.output(input).and_then(|output| bounded(&output).map(|()| output));
            let output = output.map_err(|problem| format!("{problem}, in `{layer}`"))?;
            number += usize::from(layer.counts());
            let input = input.clone();
            let placed =
                Placed { layer, number, index, network: network.name.clone(), input, output };
            for Parameter { shape, .. } in placed.parameters() {
                let count = shape.iter().try_fold(1, |n: usize, &size| n.checked_mul(size));
                learned = match count.and_then(|count| count.checked_add(learned)) {
                    Some(learned) if learned <= MOST => learned,
                    _ => return Err(format!("a network has at most {MOST} parameters")),
                };
            }
            network.layers.push(placed);
        }
        let twice = |pair: &&[Parameter]| pair[0].name == pair[1].name;
        let mut parameters = network.parameters();
        parameters.sort_by(|a, b| a.name.cmp(&b.name));
        match parameters.windows(2).find(twice) {
            Some(pair) => Err(format!("two layers would share the parameter `{}`", pair[0].name)),
            None => Ok(network),
        }
    }
}

/// Checks that there are some numbers and not too many.
fn bounded(shape: &[usize]) -> Result<(), String> {
    match shape.iter().try_fold(1, |n: usize, &size| n.checked_mul(size)) {
        Some(0) => Err("every layer of a network has at least one unit".to_owned()),
        Some(count) if count <= MOST => Ok(()),
        _ => Err(format!("{} are more than {MOST} numbers", times(shape))),
    }
}

impl From<Network> for Description {
    fn from(network: Network) -> Self {
        let layers = network.layers.iter().map(|placed| placed.layer).collect();
        Description { name: network.name, input: network.input, layers }
    }
}

/// `784-30-10` for dense layers with one activation function; else the layers in words.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = |placed: &Placed| match placed.layer {
            Layer::Dense(dense) => Some(dense.units.to_string()),
            _ => None,
        };
        write!(f, "{}", times(&self.input))?;
        match self.layers.iter().map(units).collect::<Option<Vec<_>>>() {
            Some(units) => write!(f, "-{}", units.join("-")),
            None => self.layers.iter().try_for_each(|placed| write!(f, "; {}", placed.layer)),
        }
    }
}

#[cfg(test)]
mod tests;
