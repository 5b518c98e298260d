//! Networks by name or description.

use std::path::Path;

use gradus::models::{ModelError, Network, classic, read_bounded};

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

/// The longest description of a network, in bytes.
const LARGEST: usize = 1 << 24;

/// Reads the description of a network.
fn read(path: &Path) -> Result<Network, ModelError> {
    let refused = |problem| ModelError::Format { path: path.to_owned(), problem };
    let text = read_bounded(path, LARGEST)?;
    if text.len() > LARGEST {
        return Err(refused(format!("the file is too large: it has more than {LARGEST} bytes")));
    }
    serde_json::from_slice(&text)
        .map_err(|error| refused(format!("not the description of a network: {error}")))
}
