//! Networks by name or file.

use std::path::Path;

use gradus::models::{ModelError, Network, Training, classic};

/// A network, and its training if it comes from a checkpoint.
pub struct Model {
    pub network: Network,
    pub training: Option<Training>,
}

/// The network of a name (`mnist`, `lenet`, `demon`, `cnn`), of a description (a file whose name
/// ends in `.json`), or of a checkpoint (any other file).
pub fn model(name: &str) -> Result<Model, ModelError> {
    let network = match name {
        "mnist" => classic::mnist(),
        "lenet" => classic::lenet(),
        "demon" => classic::demons(),
        "cnn" => classic::small_cnn(),
        _ if name.ends_with(".json") => read(Path::new(name))?,
        _ => {
            let training = Training::load(Path::new(name))?;
            return Ok(Model { network: training.network().clone(), training: Some(training) });
        }
    };
    Ok(Model { network, training: None })
}

/// Reads the description of a network.
fn read(path: &Path) -> Result<Network, ModelError> {
    let text = std::fs::read_to_string(path).map_err(|source| ModelError::File {
        path: path.to_owned(),
        action: "read",
        source,
    })?;
    serde_json::from_str(&text).map_err(|error| ModelError::Format {
        path: path.to_owned(),
        problem: format!("not the description of a network: {error}"),
    })
}
