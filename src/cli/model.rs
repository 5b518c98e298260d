//! Networks by name or description.

use std::path::Path;

use gradus::models::{ModelError, Network, classic};

/// The network of a name (`mnist`, `lenet`, `demon`, `cnn`) or of a description, a file whose name
/// ends in `.json`; nothing for anything else.
pub fn model(name: &str) -> Result<Option<Network>, ModelError> {
    Ok(Some(match name {
        "mnist" => classic::mnist(),
        "lenet" => classic::lenet(),
        "demon" => classic::demons(),
        "cnn" => classic::small_cnn(),
        _ if name.ends_with(".json") => read(Path::new(name))?,
        _ => return Ok(None),
    }))
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
