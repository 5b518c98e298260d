//! How the learning rate changes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{History, ModelError};

/// A rule for the learning rate of each epoch: a factor of the rate that training starts with.
///
/// Invariant: it is a function of what the epochs before have brought, and of nothing else, so that
/// a resumed training goes on as it would have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Schedule {
    /// The same rate throughout.
    #[default]
    Constant,
    /// The rate times `factor` after each `every` epochs.
    Steps {
        /// How many epochs have the same rate.
        every: usize,
        /// What the rate is multiplied by.
        factor: f64,
    },
    /// Down along a cosine: ½ (1 + cos(π k/`epochs`)) in epoch k, counted from 0, and after
    /// `epochs` the rate of the last. Source: I. Loshchilov, F. Hutter, *SGDR*, ICLR 2017,
    /// equation 5, without restarts.
    Cosine {
        /// How many epochs it takes.
        epochs: usize,
    },
    /// The rate times `factor` whenever the validation accuracy has not risen above its best for
    /// `patience` epochs, counted anew after each change. Source: M. Nielsen, *Neural Networks and
    /// Deep Learning*, chapter 3 (an exercise, with the factor ½).
    Plateau {
        /// How many epochs without improvement.
        patience: usize,
        /// What the rate is multiplied by.
        factor: f64,
    },
}

impl Schedule {
    /// The factor of the learning rate in the epoch after those of `history`.
    pub fn factor(&self, history: &History) -> f64 {
        let epoch = history.len();
        match *self {
            Schedule::Constant => 1.0,
            Schedule::Steps { every, factor } => power(factor, epoch / every.max(1)),
            Schedule::Cosine { epochs } => {
                let k = epoch.min(epochs.saturating_sub(1)) as f64;
                0.5 * (1.0 + (std::f64::consts::PI * k / epochs.max(1) as f64).cos())
            }
            Schedule::Plateau { patience, factor } => {
                let (mut best, mut since, mut changes) = (None, 0, 0);
                for correct in history.validations() {
                    since += 1;
                    if Some(correct) > best {
                        (best, since) = (Some(correct), 0);
                    } else if since == patience {
                        (since, changes) = (0, changes + 1);
                    }
                }
                power(factor, changes)
            }
        }
    }

    /// Whether each epoch must be followed by a validation.
    pub fn wants_validation(&self) -> bool {
        matches!(self, Schedule::Plateau { .. })
    }

    /// Checks its numbers.
    ///
    /// # Errors
    ///
    /// If a number of epochs is 0 or a factor is not more than 0 and at most 1.
    pub fn check(&self) -> Result<(), ModelError> {
        let (epochs, factor) = match *self {
            Schedule::Constant => (1, 1.0),
            Schedule::Steps { every, factor } => (every, factor),
            Schedule::Cosine { epochs } => (epochs, 1.0),
            Schedule::Plateau { patience, factor } => (patience, factor),
        };
        let problem = if epochs == 0 {
            "a learning-rate schedule counts at least one epoch".to_owned()
        } else if !(factor > 0.0 && factor <= 1.0) {
            format!("the factor of a schedule is more than 0 and at most 1, not {factor:?}")
        } else {
            return Ok(());
        };
        Err(ModelError::Settings(problem))
    }
}

fn power(factor: f64, times: usize) -> f64 {
    factor.powi(i32::try_from(times).unwrap_or(i32::MAX))
}

/// As [`from_str`](Self::from_str) reads it.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Schedule::Constant => f.write_str("constant"),
            Schedule::Steps { every, factor } => write!(f, "steps:{every}:{factor:?}"),
            Schedule::Cosine { epochs } => write!(f, "cosine:{epochs}"),
            Schedule::Plateau { patience, factor } => write!(f, "plateau:{patience}:{factor:?}"),
        }
    }
}

/// Reads `constant`, `steps:10:0.5` (every 10 epochs times 0.5), `cosine:30` (over 30 epochs) or
/// `plateau:10:0.5` (times 0.5 after 10 epochs without improvement).
impl FromStr for Schedule {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let parts: Vec<&str> = text.split(':').collect();
        let schedule = match parts[..] {
            ["constant"] => Some(Schedule::Constant),
            ["steps", every, factor] => every
                .parse()
                .ok()
                .zip(factor.parse().ok())
                .map(|(every, factor)| Schedule::Steps { every, factor }),
            ["cosine", epochs] => epochs.parse().ok().map(|epochs| Schedule::Cosine { epochs }),
            ["plateau", patience, factor] => patience
                .parse()
                .ok()
                .zip(factor.parse().ok())
                .map(|(patience, factor)| Schedule::Plateau { patience, factor }),
            _ => None,
        };
        let schedule = schedule.ok_or_else(|| {
            ModelError::Settings(format!(
                "a schedule is constant, steps:EPOCHS:FACTOR, cosine:EPOCHS or \
                 plateau:EPOCHS:FACTOR, not {text:?}"
            ))
        })?;
        schedule.check()?;
        Ok(schedule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The factors of as many epochs as there are validations, and one more.
    fn factors(schedule: &str, validations: &[usize]) -> Vec<f64> {
        let schedule: Schedule = schedule.parse().unwrap();
        (0..=validations.len())
            .map(|k| schedule.factor(&History::of_validations(&validations[..k])))
            .collect()
    }

    #[test]
    fn factors_are_as_stated() {
        assert_eq!(factors("constant", &[0; 3]), [1.0; 4]);
        assert_eq!(factors("steps:2:0.5", &[0; 4]), [1.0, 1.0, 0.5, 0.5, 0.25]);
        let cosine = factors("cosine:4", &[0; 5]);
        let half = 0.5 * 0.5f64.sqrt();
        for (got, want) in cosine.iter().zip([1.0, 0.5 + half, 0.5, 0.5 - half, 0.5 - half]) {
            assert!((got - want).abs() < 1e-15, "{cosine:?}");
        }
        // Better, worse, equal (two without improvement), better, then twice two without.
        assert_eq!(
            factors("plateau:2:0.5", &[5, 4, 5, 6, 6, 6, 1, 2]),
            [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125]
        );
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        let text = |text: &str| text.parse::<Schedule>().unwrap_err().to_string();
        for wrong in ["", "linear", "steps", "steps:2", "steps:x:0.5", "cosine:-1", "cosine:3:4"] {
            assert!(text(wrong).starts_with("a schedule is constant, steps:EPOCHS:FACTOR"));
        }
        assert_eq!(text("cosine:0"), "a learning-rate schedule counts at least one epoch");
        let factor = "the factor of a schedule is more than 0 and at most 1, not 1.5";
        assert_eq!(text("steps:1:1.5"), factor);
        assert!(text("plateau:1:NaN").ends_with("not NaN"));
        for good in ["constant", "steps:10:0.5", "cosine:30", "plateau:10:0.5"] {
            assert_eq!(good.parse::<Schedule>().unwrap().to_string(), good);
        }
    }
}
