//! Dropout.

use std::fmt;

use gradus_ops::{Expr, dropout};
use serde::{Deserialize, Serialize};

use super::{Applied, Layer, Mode, Placed, Rules};

/// Dropout: in training each number is 0 with probability `rate`, and divided by 1 − rate else, so
/// that the mean stays; for outputs it does nothing.
///
/// The mask is decided by the seed, the layer's place and the step. Source: N. Srivastava et al.,
/// *Dropout*, JMLR 15, 2014; M. Nielsen, *Neural Networks and Deep Learning*, chapter 3.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropout {
    /// The probability of 0, from 0 to below 1.
    pub rate: f64,
}

impl Dropout {
    /// Dropout with this probability of 0.
    pub fn new(rate: f64) -> Self {
        Self { rate }
    }
}

impl Rules for Dropout {
    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        if (0.0..1.0).contains(&self.rate) {
            Ok(input.to_vec())
        } else {
            Err(format!("dropout is from 0 to below 1, not {:?}", self.rate))
        }
    }

    fn apply<'g>(&self, at: &Placed, x: Expr<'g>, mode: Mode<'g>) -> Applied<'g> {
        Applied::plain(match mode {
            Mode::Inference => x,
            Mode::Training { step, seed } => {
                // Layers and usual seeds are small numbers: these streams are all different.
                let stream = seed.rotate_left(16) ^ at.index as u64;
                at.label("dropout", dropout(x, self.rate, step, stream))
            }
        })
    }
}

impl fmt::Display for Dropout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dropout {:?}", self.rate)
    }
}

impl From<Dropout> for Layer {
    fn from(layer: Dropout) -> Self {
        Layer::Dropout(layer)
    }
}
