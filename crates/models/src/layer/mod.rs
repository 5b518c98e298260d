//! Layers: what a network is composed of.
//!
//! A layer is described by what its author chose; how many inputs it has it learns from its
//! [`Placed`] in a network. One kind of layer is one file, and one variant of [`Layer`].

mod batch_norm;
mod conv;
mod dense;
mod dropout;
mod flatten;
mod pool;

use std::fmt;

use gradus_ops::Expr;
use serde::{Deserialize, Serialize};

pub use batch_norm::BatchNorm;
pub use conv::Conv;
pub use dense::Dense;
pub use dropout::Dropout;
pub use flatten::Flatten;
pub use pool::{AvgPool, MaxPool};

use crate::{Activation, Parameter};

/// One layer of a network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Layer {
    /// See [`Dense`].
    Dense(Dense),
    /// See [`Conv`].
    Conv(Conv),
    /// See [`MaxPool`].
    MaxPool(MaxPool),
    /// See [`AvgPool`].
    AvgPool(AvgPool),
    /// See [`Flatten`].
    Flatten(Flatten),
    /// See [`Dropout`].
    Dropout(Dropout),
    /// See [`BatchNorm`].
    BatchNorm(BatchNorm),
}

/// What a network is written for: dropout and batch normalisation differ.
#[derive(Clone, Copy, Debug)]
pub enum Mode<'g> {
    /// For its outputs: nothing is dropped, and running statistics stand in for the batch's.
    Inference,
    /// For a step of training.
    Training {
        /// How many steps were done before, a whole number of shape \[\]: each has masks of its
        /// own.
        step: Expr<'g>,
        /// What the masks are drawn from.
        seed: u64,
    },
}

/// A layer in its place in a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The layer.
    pub layer: Layer,
    /// Its number, which is part of all names. As in the books the input is layer 1; dense and
    /// convolutional layers are counted, and the others have the number of the layer before.
    pub number: usize,
    /// Its place among all layers, from 0.
    pub index: usize,
    /// The name of the network, or nothing.
    pub network: String,
    /// The shape of one example's input.
    pub input: Vec<usize>,
    /// The shape of one example's output.
    pub output: Vec<usize>,
}

impl Placed {
    /// The arrays that training changes by the gradient.
    pub fn parameters(&self) -> Vec<Parameter> {
        self.layer.rules().parameters(self)
    }

    /// The arrays that training keeps beside them, such as running means.
    pub fn statistics(&self) -> Vec<Parameter> {
        self.layer.rules().statistics(self)
    }

    /// What the layer computes for `x`, whose first axis is that of the examples.
    #[track_caller]
    pub fn apply<'g>(&self, x: Expr<'g>, mode: Mode<'g>) -> Applied<'g> {
        let _line = x.graph().here();
        let _layer = x.graph().scope(&self.named("layer"));
        self.layer.rules().apply(self, x, mode)
    }

    /// `w2`, or `decoder.w2` in a network named `decoder`.
    fn named(&self, letter: &str) -> String {
        let dot = if self.network.is_empty() { "" } else { "." };
        format!("{}{dot}{letter}{}", self.network, self.number)
    }

    /// Labels the node of the layer's first application to an input; a second application, to
    /// another input, shares the parameters and goes without labels.
    fn label<'g>(&self, letter: &str, y: Expr<'g>) -> Expr<'g> {
        let label = self.named(letter);
        if y.graph().labelled(&label).is_none() { y.named(&label) } else { y }
    }

    /// The outputs of units for weighted inputs, both labelled.
    fn activate<'g>(&self, z: Expr<'g>, activation: Activation) -> Applied<'g> {
        let z = self.label("z", z);
        Applied { z, a: self.label("a", activation.apply(z)), updates: Vec::new() }
    }
}

/// What a layer computes.
#[derive(Clone, Debug)]
pub struct Applied<'g> {
    /// The weighted inputs of its units; of a layer without units, its outputs.
    pub z: Expr<'g>,
    /// Its outputs.
    pub a: Expr<'g>,
    /// The next values of its running statistics, in training.
    pub updates: Vec<(String, Expr<'g>)>,
}

impl<'g> Applied<'g> {
    /// Of a layer whose outputs are all that there is to say.
    fn plain(a: Expr<'g>) -> Self {
        Self { z: a, a, updates: Vec::new() }
    }
}

/// What each kind of layer implements.
trait Rules: fmt::Display {
    /// The shape of one example's output, or a sentence about what does not fit.
    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String>;

    /// What is learned by the gradient.
    fn parameters(&self, _at: &Placed) -> Vec<Parameter> {
        Vec::new()
    }

    /// What is kept beside it.
    fn statistics(&self, _at: &Placed) -> Vec<Parameter> {
        Vec::new()
    }

    /// Writes the layer into the graph of `x`.
    fn apply<'g>(&self, at: &Placed, x: Expr<'g>, mode: Mode<'g>) -> Applied<'g>;
}

impl Layer {
    /// The shape of one example's output for an input of this shape.
    ///
    /// # Errors
    ///
    /// A sentence about what makes no layer, or does not fit the input.
    pub fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        self.rules().output(input)
    }

    /// The activation function of its units; the identity if it has none.
    pub fn activation(&self) -> Activation {
        match self {
            Layer::Dense(layer) => layer.activation,
            Layer::Conv(layer) => layer.activation,
            Layer::BatchNorm(layer) => layer.activation,
            Layer::MaxPool(_) | Layer::AvgPool(_) | Layer::Flatten(_) | Layer::Dropout(_) => {
                Activation::Identity
            }
        }
    }

    /// Whether it is counted: whether units add up weighted inputs.
    pub(crate) fn counts(&self) -> bool {
        matches!(self, Layer::Dense(_) | Layer::Conv(_))
    }

    fn rules(&self) -> &dyn Rules {
        match self {
            Layer::Dense(layer) => layer,
            Layer::Conv(layer) => layer,
            Layer::MaxPool(layer) => layer,
            Layer::AvgPool(layer) => layer,
            Layer::Flatten(layer) => layer,
            Layer::Dropout(layer) => layer,
            Layer::BatchNorm(layer) => layer,
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rules().fmt(f)
    }
}

/// Sizes as people write them: `6×28×28`.
pub(crate) fn times(sizes: &[usize]) -> String {
    sizes.iter().map(usize::to_string).collect::<Vec<_>>().join("×")
}

/// A layer of maps wants channels, rows and columns.
fn maps(input: &[usize], who: &str) -> Result<[usize; 3], String> {
    input.try_into().map_err(|_| {
        format!(
            "{who} wants maps, channels × rows × columns, and the layer before gives {}",
            times(input)
        )
    })
}

/// The longest window, stride or padding; beyond is no picture.
const LONGEST: usize = 1 << 16;

/// How many windows there are along an axis of `cells` cells with `padding` on both sides, when a
/// window reaches over `reach` cells and they are `stride` apart.
fn windows(
    cells: usize, reach: usize, stride: usize, padding: usize, who: &str,
) -> Result<usize, String> {
    if reach == 0 || stride == 0 {
        return Err(format!("{who} has windows and strides of at least one cell"));
    }
    if reach.max(stride).max(padding) > LONGEST {
        return Err(format!("{who} has windows, strides and padding of at most {LONGEST} cells"));
    }
    match (cells + 2 * padding).checked_sub(reach) {
        Some(rest) => Ok(rest / stride + 1),
        None if padding == 0 => {
            Err(format!("{who} has a window of {reach} cells, more than {cells}"))
        }
        None => Err(format!(
            "{who} has a window of {reach} cells, more than {cells} with {padding} on each side"
        )),
    }
}
