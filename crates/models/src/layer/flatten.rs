//! From maps to units in a row.

use std::fmt;

use gradus_ops::{Dim, Expr, reshape};
use serde::{Deserialize, Serialize};

use super::{Applied, Layer, Mode, Placed, Rules};

/// The cells of all maps in a row: map by map, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flatten;

impl Rules for Flatten {
    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        Ok(vec![input.iter().product()])
    }

    fn apply<'g>(&self, at: &Placed, x: Expr<'g>, _mode: Mode<'g>) -> Applied<'g> {
        let n = x.shape().dims()[0].clone();
        let flat = reshape(x, vec![n, Dim::from(at.output[0])]);
        Applied::plain(at.label("flat", flat))
    }
}

impl fmt::Display for Flatten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("flatten")
    }
}

impl From<Flatten> for Layer {
    fn from(layer: Flatten) -> Self {
        Layer::Flatten(layer)
    }
}
