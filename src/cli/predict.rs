//! `gradus predict`.

use std::path::{Path, PathBuf};

use clap::Args;
use gradus::models::ModelError;
use gradus::models::data::read_digit;

use super::reader::{Reader, Reading};
use super::say;

/// Read pictures of digits with a saved network
///
/// A picture is a PNG file with one digit, of any size, dark on light or light on dark. It is made
/// like MNIST's (28×28 grey, the digit 20 pixels long and centred by mass) and shown to the network.
/// Prints the digit and the outputs of the network. A picture that cannot be read does not keep the
/// others from being read; the exit status then says that there was one.
#[derive(Args)]
pub struct Predict {
    /// The checkpoint
    checkpoint: PathBuf,

    /// The pictures
    #[arg(required = true, value_name = "PICTURE.png")]
    pictures: Vec<PathBuf>,

    /// Print JSON: a list with picture, digit and outputs of each
    #[arg(long)]
    json: bool,

    /// Print each picture as the network sees it
    #[arg(long, conflicts_with = "json")]
    show: bool,
}

/// What the network makes of a picture.
struct Answer<'a> {
    picture: &'a Path,
    reading: Reading,
}

impl Predict {
    pub fn run(self) -> Result<(), ModelError> {
        let reader = Reader::load(&self.checkpoint, |outputs| outputs == 10, "10")?;
        let (mut answers, mut failed) = (Vec::new(), 0);
        for picture in &self.pictures {
            match answer(&reader, picture) {
                Ok(answer) if self.json => answers.push(answer.json()),
                Ok(answer) => say(&answer.text(self.show))?,
                Err(error) => {
                    eprintln!("gradus: {error}");
                    failed += 1;
                }
            }
        }
        if self.json {
            say(&serde_json::Value::from(answers).to_string())?;
        }
        match (failed, self.pictures.len()) {
            (0, _) => Ok(()),
            (failed, all) => {
                let problem = format!("{failed} of {all} pictures could not be read");
                Err(ModelError::Settings(problem))
            }
        }
    }
}

fn answer<'a>(reader: &Reader, picture: &'a Path) -> Result<Answer<'a>, ModelError> {
    Ok(Answer { picture, reading: reader.read(read_digit(picture)?)? })
}

impl Answer<'_> {
    fn text(&self, show: bool) -> String {
        let Reading { seen, digit, outputs } = &self.reading;
        let digit = digit.map_or("no digit".to_owned(), |digit| digit.to_string());
        let mut text = format!("{}: {digit}", self.picture.display());
        if show {
            text += &format!("\n{seen}");
        }
        for (class, output) in outputs.iter().enumerate() {
            text += format!("\n  {class}  {output:.3}  {}", bar(*output)).trim_end();
        }
        text
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "picture": self.picture.to_string_lossy(),
            "digit": self.reading.digit,
            "outputs": self.reading.outputs.to_vec(),
        })
    }
}

/// A bar of up to 24 characters for a number from 0 to 1, to an eighth of a character.
fn bar(output: f32) -> String {
    let eighths = (output.clamp(0.0, 1.0) * 24.0 * 8.0).round() as usize;
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
    "█".repeat(eighths / 8) + rest
}
