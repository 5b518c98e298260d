//! A saved network that reads pictures of digits: what `predict` and `serve` share.

use std::path::Path;

use gradus::models::data::Digit;
use gradus::models::{ModelError, Training, largest};
use gradus::ndarray::Array1;

/// A network of 28×28 inputs and a row of outputs.
pub struct Reader {
    training: Training,
}

/// What the network makes of a picture.
pub struct Reading {
    /// The picture as the network gets it.
    pub seen: Digit,
    /// The largest output; none if one is not a number.
    pub digit: Option<usize>,
    pub outputs: Array1<f32>,
}

impl Reader {
    /// Loads a checkpoint, and refuses it if its network is not one for 28×28 pixels, or has not so
    /// many outputs, in a row, as `fits` wants; `wanted` says how many these are.
    pub fn load(
        checkpoint: &Path, fits: impl Fn(usize) -> bool, wanted: &str,
    ) -> Result<Self, ModelError> {
        let training = Training::load(checkpoint)?;
        let (inputs, outputs) = (training.network().input(), training.network().output());
        let fits = matches!(outputs, &[count] if fits(count));
        if inputs.iter().product::<usize>() != 784 || !fits {
            return Err(ModelError::Format {
                path: checkpoint.to_owned(),
                problem: format!(
                    "is a network of {inputs:?} inputs and {outputs:?} outputs; digits want 28×28 \
                     inputs and {wanted} outputs"
                ),
            });
        }
        Ok(Self { training })
    }

    /// Shows the picture to the network.
    pub fn read(&self, seen: Digit) -> Result<Reading, ModelError> {
        let outputs = self.training.outputs(&seen.row())?.row(0).to_owned();
        Ok(Reading { seen, digit: largest(&outputs.view()), outputs })
    }

    /// The network and what it has learned.
    #[cfg(feature = "serve")]
    pub fn training(&self) -> &Training {
        &self.training
    }
}
