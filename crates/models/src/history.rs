//! What each epoch has brought.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{ModelError, Score, write_atomically};

/// An epoch: how it was trained, and how well the network did after it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The learning rate.
    pub eta: f64,
    /// The mean cost of the training pictures, each before its own step.
    pub cost: f32,
    /// On the validation pictures, if that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Score>,
    /// On the test pictures, if that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<Score>,
}

/// The epochs of a training, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History {
    pub(crate) records: Vec<Record>,
}

impl History {
    /// The epochs.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// How many epochs there were.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there were none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// How many validation pictures were right, epoch by epoch; epochs without are passed over.
    pub(crate) fn validations(&self) -> impl Iterator<Item = usize> {
        self.records.iter().filter_map(|record| record.validation).map(|score| score.correct)
    }

    /// The epoch after which the most validation pictures were right, the first of equals, counted
    /// from 0.
    pub fn best(&self) -> Option<usize> {
        let scored = self.records.iter().enumerate();
        let scored = scored.filter_map(|(epoch, record)| Some((epoch, record.validation?.correct)));
        scored.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|best| best.0)
    }

    /// Whether `patience` epochs have passed since the [best](Self::best). Source: M. Nielsen,
    /// *Neural Networks and Deep Learning*, chapter 3, "no-improvement-in-n".
    pub fn exhausted(&self, patience: usize) -> bool {
        self.best().is_some_and(|best| self.len() - 1 - best >= patience)
    }

    /// The log as comma-separated values: a line of names, then one for each epoch, counted from
    /// 0. What was not asked is empty.
    pub fn csv(&self) -> String {
        let mut text = "epoch,eta,training_cost,validation_cost,validation_accuracy,test_cost,\
                        test_accuracy\n"
            .to_owned();
        for (epoch, Record { eta, cost, validation, test }) in self.records.iter().enumerate() {
            let score = |score: &Option<Score>| match score {
                Some(score) => format!("{:?},{:?}", score.cost, score.accuracy()),
                None => ",".to_owned(),
            };
            let (validation, test) = (score(validation), score(test));
            text += &format!("{epoch},{eta:?},{cost:?},{validation},{test}\n");
        }
        text
    }

    /// Writes the [log](Self::csv) to a file, which is replaced as a whole or not at all.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write_csv(&self, path: &Path) -> Result<(), ModelError> {
        write_atomically(path, self.csv().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl History {
        /// Epochs with these numbers of right validation pictures.
        pub(crate) fn of_validations(correct: &[usize]) -> Self {
            let record = |&correct| {
                let validation = Some(Score { cost: 0.25, correct, of: 10 });
                Record { eta: 0.5, cost: 1.5, validation, test: None }
            };
            Self { records: correct.iter().map(record).collect() }
        }
    }

    #[test]
    fn patience_is_counted_from_the_first_best() {
        let exhausted =
            |correct: &[usize], patience| History::of_validations(correct).exhausted(patience);
        assert!(!exhausted(&[], 1));
        assert!(!exhausted(&[5], 1));
        assert!(exhausted(&[5, 5], 1) && !exhausted(&[5, 6], 1));
        assert!(!exhausted(&[1, 7, 6, 7], 3) && exhausted(&[1, 7, 6, 7, 5], 3));
        assert_eq!(History::of_validations(&[1, 7, 6, 7]).best(), Some(1));
    }

    #[test]
    fn the_log_has_a_line_for_each_epoch() {
        let mut history = History::of_validations(&[5]);
        history.records[0].test = Some(Score { cost: 1e-7, correct: 3, of: 4 });
        history.records.push(Record { eta: 3.0, cost: 0.1, validation: None, test: None });
        let text = "epoch,eta,training_cost,validation_cost,validation_accuracy,test_cost,\
                    test_accuracy\n\
                    0,0.5,1.5,0.25,0.5,1e-7,0.75\n\
                    1,3.0,0.1,,,,\n";
        assert_eq!(history.csv(), text);
    }
}
