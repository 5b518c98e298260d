//! Dense layers, composed into a network.
//!
//! Names follow the books, which count the input as layer 1: the first dense layer has the
//! parameters `w2`, `b2`, the weighted inputs `z2` and the outputs `a2`.

use gradus_ops::{Expr, Graph, matmul, param, relu, sigmoid, tanh, transpose};
use serde::{Deserialize, Serialize};

use crate::ModelError;

/// What a unit makes of its weighted input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// a = z.
    Identity,
    /// a = 1/(1 + e⁻ᶻ).
    Sigmoid,
    /// a = tanh z.
    Tanh,
    /// a = max(0, z).
    Relu,
}

impl Activation {
    /// The outputs for weighted inputs `z`.
    #[track_caller]
    pub fn apply(self, z: Expr<'_>) -> Expr<'_> {
        match self {
            Activation::Identity => z,
            Activation::Sigmoid => sigmoid(z),
            Activation::Tanh => tanh(z),
            Activation::Relu => relu(z),
        }
    }
}

/// A fully connected layer: z = x wᵀ + b and a = activation(z), the rows of x being examples.
///
/// Weights are \[outputs, inputs\]: $w^l_{ji}$ leads from unit i of the layer before to unit j.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dense {
    /// The name of the network, if it has one: it comes first in all names, as in `decoder.w2`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub network: String,
    /// The number of the layer; it is part of all names.
    pub layer: usize,
    /// How many units the layer before has.
    pub inputs: usize,
    /// How many units this layer has.
    pub outputs: usize,
    /// The units' activation function.
    pub activation: Activation,
}

impl Dense {
    /// The weighted inputs and the outputs of this layer for `x` \[n, inputs\].
    #[track_caller]
    pub fn apply<'g>(&self, x: Expr<'g>) -> (Expr<'g>, Expr<'g>) {
        let _line = x.graph().here();
        let _layer = x.graph().scope(&self.named("layer"));
        let (w, b) = (self.weight().node(x.graph()), self.bias().node(x.graph()));
        let z = matmul(x, transpose(w)) + b;
        let a = self.activation.apply(z);
        (self.label("z", z), self.label("a", a))
    }

    /// The weights, `w2` in layer 2.
    pub fn weight(&self) -> Parameter {
        Parameter {
            name: self.named("w"),
            shape: vec![self.outputs, self.inputs],
            fan_in: Some(self.inputs),
        }
    }

    /// The biases, `b2` in layer 2.
    pub fn bias(&self) -> Parameter {
        Parameter { name: self.named("b"), shape: vec![self.outputs], fan_in: None }
    }

    /// `w2`, or `decoder.w2` in a network named `decoder`.
    fn named(&self, letter: &str) -> String {
        let dot = if self.network.is_empty() { "" } else { "." };
        format!("{}{dot}{letter}{}", self.network, self.layer)
    }

    /// Labels the node of the layer's first application to an input; a second application, to
    /// another input, shares the parameters and goes without labels.
    fn label<'g>(&self, letter: &str, y: Expr<'g>) -> Expr<'g> {
        let label = self.named(letter);
        if y.graph().labelled(&label).is_none() { y.named(&label) } else { y }
    }
}

/// A named array that training changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The name, as in the graph, in the state and in the checkpoint.
    pub name: String,
    /// The sizes.
    pub shape: Vec<usize>,
    /// For weights, how many inputs each unit adds up; for biases nothing.
    pub fan_in: Option<usize>,
}

impl Parameter {
    /// The node of this parameter.
    #[track_caller]
    pub fn node<'g>(&self, graph: &'g Graph) -> Expr<'g> {
        param(graph, &self.name, self.shape.as_slice())
    }

    /// How many numbers it has.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }
}

/// What the layers of a network compute: `z[k]` and `a[k]` are the weighted inputs and the outputs
/// of its k-th dense layer. It lives as long as the graph; the network itself holds no expression.
#[derive(Clone, Debug)]
pub struct Forward<'g> {
    /// The weighted inputs, layer by layer.
    pub z: Vec<Expr<'g>>,
    /// The outputs, layer by layer.
    pub a: Vec<Expr<'g>>,
    /// The activation function of the last layer.
    pub last_activation: Activation,
}

impl<'g> Forward<'g> {
    /// The outputs of the last layer.
    pub fn output(&self) -> Expr<'g> {
        self.a[self.a.len() - 1]
    }
}

/// The most numbers that a network may learn; two to the 28th take a gibibyte.
const MOST_PARAMETERS: usize = 1 << 28;

/// Dense layers, each the input of the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Dense>", into = "Vec<Dense>")]
pub struct Network(Vec<Dense>);

impl Network {
    /// A network with layers of these sizes, the first being the number of inputs, and one
    /// activation function for all units: `&[784, 30, 10]` is the books' network for MNIST.
    ///
    /// # Errors
    ///
    /// If there are fewer than two layers, one is empty, or there are more than 2^28 parameters.
    pub fn dense(sizes: &[usize], activation: Activation) -> Result<Self, ModelError> {
        let pairs = sizes.windows(2).zip(2..);
        let dense = |(pair, layer): (&[usize], usize)| Dense {
            network: String::new(),
            layer,
            inputs: pair[0],
            outputs: pair[1],
            activation,
        };
        pairs.map(dense).collect::<Vec<_>>().try_into().map_err(ModelError::Settings)
    }

    /// The same network under a name, which comes first in the names of its parameters, labels and
    /// layers. Two networks in one graph need two names: one name is one parameter.
    pub fn named(mut self, name: &str) -> Self {
        self.0.iter_mut().for_each(|layer| name.clone_into(&mut layer.network));
        self
    }

    /// The layers.
    pub fn layers(&self) -> &[Dense] {
        &self.0
    }

    /// The sizes of all layers, the number of inputs first.
    pub fn sizes(&self) -> Vec<usize> {
        [self.0[0].inputs].into_iter().chain(self.0.iter().map(|layer| layer.outputs)).collect()
    }

    /// The activation function of the last layer.
    pub fn last_activation(&self) -> Activation {
        self.0[self.0.len() - 1].activation
    }

    /// All parameters, layer by layer, weights before biases.
    pub fn parameters(&self) -> Vec<Parameter> {
        self.0.iter().flat_map(|layer| [layer.weight(), layer.bias()]).collect()
    }

    /// How many numbers all parameters have.
    pub fn count(&self) -> usize {
        self.parameters().iter().map(Parameter::count).sum()
    }

    /// Writes the network into the graph of `x` \[n, inputs\].
    ///
    /// # Panics
    ///
    /// If `x` has another shape, or a parameter's name is taken by another input.
    #[track_caller]
    pub fn forward<'g>(&self, x: Expr<'g>) -> Forward<'g> {
        let _line = x.graph().here();
        let last_activation = self.last_activation();
        let mut forward = Forward { z: Vec::new(), a: Vec::new(), last_activation };
        let mut input = x;
        for layer in &self.0 {
            let (z, a) = layer.apply(input);
            forward.z.push(z);
            forward.a.push(a);
            input = a;
        }
        forward
    }
}

impl TryFrom<Vec<Dense>> for Network {
    type Error = String;

    fn try_from(layers: Vec<Dense>) -> Result<Self, String> {
        if layers.is_empty() {
            return Err("a network has at least two layers, the input and one more".to_owned());
        }
        if layers.iter().any(|layer| layer.inputs == 0 || layer.outputs == 0) {
            return Err("every layer of a network has at least one unit".to_owned());
        }
        if let Some(pair) = layers.windows(2).find(|pair| pair[0].outputs != pair[1].inputs) {
            let (a, b) = (&pair[0], &pair[1]);
            return Err(format!(
                "layer {} has {} units and layer {} wants {} inputs",
                a.layer, a.outputs, b.layer, b.inputs
            ));
        }
        let count = |layer: &Dense| layer.inputs.checked_add(1)?.checked_mul(layer.outputs);
        let total = layers.iter().try_fold(0_usize, |n, layer| n.checked_add(count(layer)?));
        if total.is_none_or(|total| total > MOST_PARAMETERS) {
            return Err(format!("a network has at most {MOST_PARAMETERS} parameters"));
        }
        if layers.windows(2).any(|pair| pair[0].layer >= pair[1].layer) {
            return Err("the layers of a network are numbered in ascending order".to_owned());
        }
        Ok(Network(layers))
    }
}

impl From<Network> for Vec<Dense> {
    fn from(network: Network) -> Self {
        network.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_ops::input;

    #[test]
    fn the_books_networks_have_as_many_parameters_as_the_books_say() {
        let count = |sizes: &[usize]| Network::dense(sizes, Activation::Sigmoid).unwrap().count();
        assert_eq!(count(&[12, 3, 2]), 47);
        assert_eq!(count(&[784, 30, 10]), 23_860);
        assert_eq!(count(&[784, 100, 10]), 79_510);
    }

    #[test]
    fn names_are_the_books() {
        let network = Network::dense(&[12, 3, 2], Activation::Sigmoid).unwrap();
        let names: Vec<_> = network.parameters().into_iter().map(|p| p.name).collect();
        assert_eq!(names, ["w2", "b2", "w3", "b3"]);
        assert_eq!(network.sizes(), [12, 3, 2]);
        let g = Graph::new();
        let forward = network.forward(input(&g, "x", ("n", 12)));
        assert_eq!(g.labelled("z2"), Some(forward.z[0]));
        assert_eq!(g.labelled("a3"), Some(forward.output()));
        assert_eq!(forward.z[1].scope(), "layer3");
        assert_eq!(forward.output().shape().to_string(), "[n, 2]");
    }

    #[test]
    fn a_second_application_shares_the_parameters() {
        let network = Network::dense(&[2, 1], Activation::Tanh).unwrap();
        let g = Graph::new();
        let first = network.forward(input(&g, "x", ("n", 2)));
        let second = network.forward(input(&g, "y", ("m", 2)));
        assert_ne!(first.output(), second.output());
        assert_eq!(g.labelled("a2"), Some(first.output()));
        let weight =
            |forward: &Forward<'_>| forward.z[0].operands()[0].operands()[1].operands()[0].id();
        assert_eq!(weight(&first), weight(&second));
    }

    #[test]
    fn two_networks_in_one_graph_have_two_names() {
        let network = || Network::dense(&[4, 3, 4], Activation::Sigmoid).unwrap();
        let (encoder, decoder) = (network().named("encoder"), network().named("decoder"));
        let g = Graph::new();
        let code = encoder.forward(input(&g, "x", ("n", 4))).output();
        let output = decoder.forward(code).output();
        assert_eq!(output.label().as_deref(), Some("decoder.a3"));
        assert_eq!(output.scope(), "decoder.layer3");
        let (w, v) = (encoder.parameters(), decoder.parameters());
        assert_eq!((w[0].name.as_str(), v[3].name.as_str()), ("encoder.w2", "decoder.b3"));
        assert_ne!(w[0].node(&g), v[0].node(&g));
    }

    #[test]
    fn sizes_that_make_no_network_are_refused() {
        let text =
            |sizes: &[usize]| Network::dense(sizes, Activation::Sigmoid).unwrap_err().to_string();
        assert_eq!(text(&[784]), "a network has at least two layers, the input and one more");
        assert_eq!(text(&[784, 0, 10]), "every layer of a network has at least one unit");
        assert_eq!(text(&[784, 1 << 62, 10]), "a network has at most 268435456 parameters");
        assert_eq!(text(&[784, 10_000_000, 10]), "a network has at most 268435456 parameters");
        let layer = |layer, inputs, outputs| {
            format!(
                r#"{{"layer":{layer},"inputs":{inputs},"outputs":{outputs},"activation":"relu"}}"#
            )
        };
        let read = |a: String, b: String| serde_json::from_str::<Network>(&format!("[{a},{b}]"));
        assert!(read(layer(2, 4, 3), layer(3, 3, 1)).is_ok());
        let error = read(layer(2, 4, 3), layer(3, 2, 1)).unwrap_err().to_string();
        assert_eq!(error, "layer 2 has 3 units and layer 3 wants 2 inputs");
        let error = read(layer(3, 4, 3), layer(3, 3, 1)).unwrap_err().to_string();
        assert_eq!(error, "the layers of a network are numbered in ascending order");
    }
}
