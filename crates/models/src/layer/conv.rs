//! Convolutional layers.

use std::fmt;

use gradus_ops::{Convolution, Expr, broadcast, conv2d};
use serde::{Deserialize, Serialize};

use super::{Applied, Layer, Mode, Placed, Rules, maps, times, windows};
use crate::network::MOST;
use crate::{Activation, Parameter, Role};

/// A convolutional layer: each filter makes a feature map of the maps before it,
/// z = conv2d(x, w) + b, and a = activation(z), for x \[n, channels, rows, columns\].
///
/// Filters `w2` are \[filters, channels / groups, rows, columns\] and not turned round; each filter
/// has one bias in `b2` \[filters\]. Source: Y. and S. Wakui, *The Mathematics of Deep Learning*,
/// section 5-3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv {
    /// How many filters there are, and so feature maps.
    pub filters: usize,
    /// Rows and columns of a filter.
    pub window: [usize; 2],
    /// The units' activation function.
    pub activation: Activation,
    /// Steps down and to the right.
    #[serde(default = "ones")]
    pub stride: [usize; 2],
    /// Zeros above and below, left and right.
    #[serde(default)]
    pub padding: [usize; 2],
    /// Distances between the cells that neighbouring weights see.
    #[serde(default = "ones")]
    pub dilation: [usize; 2],
    /// Groups of channels, each seen by its own group of filters.
    #[serde(default = "one")]
    pub groups: usize,
}

fn one() -> usize {
    1
}

fn ones() -> [usize; 2] {
    [1, 1]
}

impl Conv {
    /// Filters of `rows` × `columns` that move in steps of one cell, without padding.
    pub fn new(filters: usize, rows: usize, columns: usize, activation: Activation) -> Self {
        let window = [rows, columns];
        let (stride, padding, dilation, groups) = ([1, 1], [0, 0], [1, 1], 1);
        Self { filters, window, activation, stride, padding, dilation, groups }
    }

    /// With steps of `rows` down and `columns` to the right.
    pub fn stride(self, rows: usize, columns: usize) -> Self {
        Self { stride: [rows, columns], ..self }
    }

    /// With `rows` zeros above and below, `columns` left and right.
    pub fn padding(self, rows: usize, columns: usize) -> Self {
        Self { padding: [rows, columns], ..self }
    }

    /// With weights that see cells `rows` and `columns` apart.
    pub fn dilation(self, rows: usize, columns: usize) -> Self {
        Self { dilation: [rows, columns], ..self }
    }

    /// With this many groups of channels.
    pub fn groups(self, groups: usize) -> Self {
        Self { groups, ..self }
    }
}

const WHO: &str = "a convolutional layer";

impl Rules for Conv {
    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let [channels, rows, columns] = maps(input, WHO)?;
        let Self { filters, window, stride, padding, dilation, groups, activation } = *self;
        if filters == 0 {
            return Err("a convolutional layer has at least one filter".to_owned());
        }
        if activation == Activation::Softmax {
            return Err("softmax is for units in a row, not for feature maps".to_owned());
        }
        if groups == 0 || channels % groups != 0 || filters % groups != 0 {
            return Err(format!(
                "{groups} groups do not divide {channels} channels and {filters} filters"
            ));
        }
        let size = |axis: usize, cells| {
            // A filter without cells, or with cells on one another, reaches nowhere.
            let reach = match (window[axis], dilation[axis]) {
                (0, _) | (_, 0) => 0,
                (cells, apart) => (cells - 1).saturating_mul(apart).saturating_add(1),
            };
            windows(cells, reach, stride[axis], padding[axis], WHO)
        };
        let output = vec![filters, size(0, rows)?, size(1, columns)?];
        // With long strides over wide padding, a small output would need a large picture.
        let padded = [channels, rows + 2 * padding[0], columns + 2 * padding[1]];
        match padded.iter().try_fold(1, |n: usize, &size| n.checked_mul(size)) {
            Some(count) if count <= MOST => Ok(output),
            _ => Err(format!("{} with the padding are more than {MOST} numbers", times(&padded))),
        }
    }

    fn parameters(&self, at: &Placed) -> Vec<Parameter> {
        let [rows, columns] = self.window;
        let channels = at.input[0] / self.groups;
        let fan_in = channels * rows * columns;
        let fan_out = self.filters / self.groups * rows * columns;
        let weights = Role::Weights { fan_in, fan_out };
        vec![
            Parameter::new(at.named("w"), [self.filters, channels, rows, columns], weights),
            Parameter::new(at.named("b"), [self.filters], Role::Biases),
        ]
    }

    fn apply<'g>(&self, at: &Placed, x: Expr<'g>, _mode: Mode<'g>) -> Applied<'g> {
        let [w, b] = [0, 1].map(|k| self.parameters(at)[k].node(x.graph()));
        let geometry = Convolution::default()
            .stride(self.stride[0], self.stride[1])
            .padding(self.padding[0], self.padding[1])
            .dilation(self.dilation[0], self.dilation[1])
            .groups(self.groups);
        let maps = conv2d(x, w, geometry);
        at.activate(maps + broadcast(b, [0, 2, 3], maps.shape()), self.activation)
    }
}

impl fmt::Display for Conv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "conv {}, {}", self.filters, times(&self.window))?;
        for (name, sizes, usual) in [
            ("stride", self.stride, [1, 1]),
            ("padding", self.padding, [0, 0]),
            ("dilation", self.dilation, [1, 1]),
        ] {
            if sizes != usual {
                write!(f, ", {name} {}", times(&sizes))?;
            }
        }
        if self.groups != 1 {
            write!(f, ", {} groups", self.groups)?;
        }
        write!(f, ", {}", self.activation)
    }
}

impl From<Conv> for Layer {
    fn from(layer: Conv) -> Self {
        Layer::Conv(layer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Network;

    #[test]
    fn a_filter_adds_up_its_cells_and_a_cell_leads_to_the_filters_of_its_group() {
        let conv = Conv::new(8, 3, 2, Activation::Relu).groups(2);
        let network = Network::new(&[6, 5, 5], &[conv.into()]).unwrap();
        let [w, b] = &network.parameters()[..] else { panic!("weights and biases") };
        assert_eq!((&w.shape[..], &b.shape[..]), (&[8, 3, 3, 2][..], &[8][..]));
        assert_eq!(w.role, Role::Weights { fan_in: 3 * 6, fan_out: 4 * 6 });
        assert_eq!(b.role, Role::Biases);
    }
}
