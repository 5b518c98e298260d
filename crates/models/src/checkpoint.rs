//! A network in training, as a file.
//!
//! The format is safetensors: every array of the state by its name, as little-endian `f32`; and
//! under the metadata key `gradus` a JSON text with the network, the settings, the counters and the
//! shuffler. Other programs read the arrays without knowing the text.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use gradus_ops::Arrays;
use ndarray::ArrayD;
use safetensors::tensor::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};

use crate::data::Shuffler;
use crate::train::{beside_parameters, check_arrays};
use crate::{History, ModelError, Network, Settings, Training, write_atomically};

/// The metadata key of everything that is not an array.
const KEY: &str = "gradus";

/// The version of the JSON text.
const FORMAT: u32 = 2;

/// Everything that is not an array.
#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    network: Network,
    settings: Settings,
    history: History,
    steps: u64,
    /// The shuffler's position; its seed is that of the settings.
    shuffler: u64,
}

impl Training {
    /// Saves the training to a file, which is replaced as a whole or not at all.
    ///
    /// # Errors
    ///
    /// If the file cannot be written; what was there before is then intact.
    pub fn save(&self, path: &Path) -> Result<(), ModelError> {
        write_atomically(path, &self.to_bytes())
    }

    /// Loads a training that was [saved](Self::save).
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is not a checkpoint of this program: truncated, foreign, of
    /// another version, or with arrays that do not fit the network it describes.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        // What is neither a file nor a folder may never end.
        if path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            return Err(ModelError::format(path, "is there and not a file; wanted a checkpoint"));
        }
        let bytes = std::fs::read(path).map_err(ModelError::file(path, "read"))?;
        Self::from_bytes(&bytes).map_err(|problem| ModelError::format(path, problem))
    }

    /// The bytes of the file that [`save`](Self::save) writes; equal trainings have equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let header = Header {
            format: FORMAT,
            network: self.network.clone(),
            settings: self.settings,
            history: self.history.clone(),
            steps: self.steps,
            shuffler: self.shuffler.position(),
        };
        let header = serde_json::to_string(&header).expect("names and numbers are JSON");
        let metadata = HashMap::from([(KEY.to_owned(), header)]);
        let tensors = self.state.iter().map(|(name, array)| (name, Tensor(array)));
        safetensors::serialize(tensors, Some(metadata)).expect("every array is well formed")
    }

    /// Reads the bytes of a file, as [`load`](Self::load) does.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let (_, metadata) = SafeTensors::read_metadata(bytes)
            .map_err(|error| format!("not a safetensors file, or a damaged one: {error}"))?;
        let tensors = SafeTensors::deserialize(bytes)
            .map_err(|error| format!("a damaged safetensors file: {error}"))?;
        let text = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
        let text = text.ok_or_else(|| {
            format!("a safetensors file, but not a checkpoint: it has no `{KEY}` metadata")
        })?;
        // The version first: another version's text may have another form.
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let damaged = |error| format!("the `{KEY}` metadata is damaged: {error}");
        let Version { format } = serde_json::from_str(text).map_err(damaged)?;
        if format != FORMAT {
            return Err(format!("a checkpoint of format {format}; this program reads {FORMAT}"));
        }
        let header: Header = serde_json::from_str(text).map_err(damaged)?;
        let Header { network, settings, history, steps, shuffler, .. } = header;

        let state = read_arrays(&tensors)?;
        let mut wanted = network.parameters();
        wanted.extend(beside_parameters(&network, &settings));
        check_arrays(&wanted, &state)?;
        let shuffler = Shuffler::at(settings.seed, shuffler);
        Training::resume(network, settings, state, history, steps, shuffler)
            .map_err(|error| error.to_string())
    }
}

/// The arrays of the file.
fn read_arrays(tensors: &SafeTensors<'_>) -> Result<Arrays<f32>, String> {
    let mut arrays = Arrays::new();
    for (name, tensor) in tensors.tensors() {
        if tensor.dtype() != Dtype::F32 {
            return Err(format!("the array `{name}` is {:?}; wanted F32", tensor.dtype()));
        }
        let numbers = tensor.data().chunks_exact(4);
        let numbers = numbers.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let array = ArrayD::from_shape_vec(tensor.shape(), numbers.collect());
        arrays.insert(name.clone(), array.map_err(|error| format!("the array `{name}`: {error}"))?);
    }
    Ok(arrays)
}

/// An array as safetensors wants it.
struct Tensor<'a>(&'a ArrayD<f32>);

impl View for Tensor<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        self.0.shape()
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.0.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>().into()
    }

    fn data_len(&self) -> usize {
        4 * self.0.len()
    }
}
