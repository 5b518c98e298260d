//! The network behind the page, and its answers as JSON.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gradus::models::ModelError;
use gradus::models::data::Digit;
use serde_json::{Value, json};

use super::hidden::Hidden;
use crate::cli::reader::{Reader, Reading};
use crate::cli::share;

/// The most outputs: more are no bars on a page.
const MOST: usize = 1000;

/// A network that reads digits and shows its hidden units.
pub struct Recogniser {
    checkpoint: PathBuf,
    reader: Reader,
    hidden: Mutex<Hidden>,
}

impl Recogniser {
    /// Loads a checkpoint, or says why it is not one that reads pictures of 28×28 pixels.
    pub fn load(checkpoint: &Path) -> Result<Self, ModelError> {
        let wanted = format!("1 to {MOST}");
        let reader = Reader::load(checkpoint, |outputs| (1..=MOST).contains(&outputs), &wanted)?;
        let hidden = Mutex::new(Hidden::of(reader.training().network())?);
        Ok(Self { checkpoint: checkpoint.to_owned(), reader, hidden })
    }

    /// The network in a line.
    pub fn about(&self) -> String {
        let training = self.reader.training();
        let (network, epochs) = (training.network(), training.epochs());
        let test = training.history().records().last().and_then(|last| last.test);
        let right = test.map(|test| format!(", test pictures right {}", share(&test)));
        format!(
            "{}: {network} network, {} parameters, {epochs} {}{}",
            self.checkpoint.display(),
            network.count(),
            if epochs == 1 { "epoch" } else { "epochs" },
            right.unwrap_or_default()
        )
    }

    /// What `GET /api/network` answers.
    pub fn network(&self) -> Value {
        let training = self.reader.training();
        let test = training.history().records().last().and_then(|last| last.test);
        json!({
            "file": self.checkpoint.file_name().map(|name| name.to_string_lossy()),
            "network": training.network().to_string(),
            "parameters": training.network().count(),
            "epochs": training.epochs(),
            "test": test.map(|test| json!({ "correct": test.correct, "of": test.of })),
            "outputs": training.network().output()[0],
        })
    }

    /// What `POST /api/read` answers for the bytes of a PNG picture, or a sentence about what is
    /// wrong with them.
    pub fn read(&self, png: &[u8]) -> Result<Value, String> {
        let seen = Digit::from_png(png)?;
        let text = |error: ModelError| error.to_string();
        let row = seen.row();
        let Reading { seen, digit, outputs } = self.reader.read(seen).map_err(text)?;
        // A step that panics leaves nothing behind that the next one would read.
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        let layers = hidden.units(self.reader.training(), &row).map_err(text)?;
        Ok(json!({
            "digit": digit,
            "outputs": outputs.to_vec(),
            "pixels": seen.pixels(),
            "layers": layers,
        }))
    }
}
