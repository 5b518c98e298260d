//! How well a network does.

use std::fmt;

use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

/// What a network makes of pictures whose classes are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The cost: its mean over the pictures.
    pub cost: f64,
    /// Which classes it takes which for.
    pub confusion: Confusion,
}

impl Evaluation {
    /// The two numbers of it that are kept for each epoch.
    pub fn score(&self) -> Score {
        let confusion = &self.confusion;
        Score { cost: self.cost, correct: confusion.correct(), of: confusion.total() }
    }
}

/// A cost, and how many pictures were classified correctly.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The mean cost.
    pub cost: f64,
    /// How many were right.
    pub correct: usize,
    /// Of how many.
    pub of: usize,
}

impl Score {
    /// The share that was right, from 0 to 1; NaN of no pictures.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.of as f64
    }
}

/// A confusion matrix: how often pictures of each class were taken for each.
///
/// A network takes a picture for the class with the largest output, the first of equals, or for
/// none if an output is NaN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    /// Rows are classes, columns what they were taken for.
    counts: Array2<usize>,
    /// How many pictures of each class were taken for none.
    undecided: Vec<usize>,
}

impl Confusion {
    /// A matrix of so many classes and no pictures.
    pub fn new(classes: usize) -> Self {
        Self { counts: Array2::zeros((classes, classes)), undecided: vec![0; classes] }
    }

    /// Counts a picture of class `label` for which the network's outputs are `outputs`.
    ///
    /// # Panics
    ///
    /// If there are not as many outputs as classes, or the label is not one of them.
    pub fn count(&mut self, label: usize, outputs: &ArrayView1<'_, f32>) {
        assert_eq!(outputs.len(), self.undecided.len(), "an output for each class");
        match largest(outputs) {
            Some(taken_for) => self.counts[[label, taken_for]] += 1,
            None => self.undecided[label] += 1,
        }
    }

    /// Adds the counts of another matrix of as many classes.
    ///
    /// # Panics
    ///
    /// If it has another number of classes.
    pub fn add(&mut self, other: &Self) {
        assert_eq!(self.undecided.len(), other.undecided.len(), "as many classes");
        self.counts += &other.counts;
        self.undecided.iter_mut().zip(&other.undecided).for_each(|(a, b)| *a += b);
    }

    /// How many pictures of class `label` were taken for `class`.
    ///
    /// # Panics
    ///
    /// If one of them is not a class.
    pub fn taken(&self, label: usize, class: usize) -> usize {
        self.counts[[label, class]]
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.undecided.len()
    }

    /// How many pictures of class `label` there were.
    ///
    /// # Panics
    ///
    /// If it is not a class.
    pub fn of(&self, label: usize) -> usize {
        self.counts.row(label).sum() + self.undecided[label]
    }

    /// How many pictures were taken for what they are.
    pub fn correct(&self) -> usize {
        self.counts.diag().sum()
    }

    /// How many pictures were taken for no class, since an output was NaN.
    pub fn undecided(&self) -> usize {
        self.undecided.iter().sum()
    }

    /// How many pictures there were.
    pub fn total(&self) -> usize {
        self.counts.sum() + self.undecided()
    }
}

/// A table: a row for each class, and the share of it that was right.
impl fmt::Display for Confusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let classes = self.classes();
        let width = self.total().to_string().len().max(3) + 1;
        write!(f, "class │")?;
        (0..classes).try_for_each(|class| write!(f, "{class:>width$}"))?;
        writeln!(f, " │ right")?;
        write!(f, "──────┼{}─┼────────", "─".repeat(width * classes))?;
        for label in 0..classes {
            write!(f, "\n{label:>5} │")?;
            for class in 0..classes {
                match self.taken(label, class) {
                    0 => write!(f, "{:>width$}", "·")?,
                    count => write!(f, "{count:>width$}")?,
                }
            }
            match self.of(label) {
                0 => write!(f, " │      –")?,
                of => write!(f, " │ {:5.1}%", 100.0 * self.taken(label, label) as f64 / of as f64)?,
            }
        }
        match self.undecided() {
            0 => Ok(()),
            count => write!(f, "\n{count} taken for none: an output is not a number"),
        }
    }
}

/// The place of the largest number, the first of equals; none if there is a NaN.
pub fn largest(numbers: &ArrayView1<'_, f32>) -> Option<usize> {
    if numbers.iter().any(|x| x.is_nan()) {
        return None;
    }
    (0..numbers.len()).reduce(|best, k| if numbers[k] > numbers[best] { k } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{arr1, aview1};

    #[test]
    fn the_largest_is_the_first_of_equals() {
        assert_eq!(largest(&aview1(&[0.1, 0.7, 0.7])), Some(1));
        assert_eq!(largest(&aview1(&[f32::NEG_INFINITY; 2])), Some(0));
        assert_eq!(largest(&aview1(&[0.1, f32::NAN])), None);
        assert_eq!(largest(&aview1(&[])), None);
    }

    #[test]
    fn counts_add_up() {
        let mut confusion = Confusion::new(3);
        let mut count = |label, outputs: [f32; 3]| {
            let mut one = Confusion::new(3);
            one.count(label, &arr1(&outputs).view());
            confusion.add(&one);
        };
        count(0, [0.9, 0.1, 0.0]);
        count(0, [0.9, 0.1, 0.0]);
        count(0, [0.1, 0.9, 0.0]);
        count(2, [0.1, 0.2, 0.3]);
        count(2, [0.1, f32::NAN, 0.3]);
        let counts = [confusion.taken(0, 0), confusion.taken(0, 1), confusion.taken(2, 2)];
        assert_eq!(counts, [2, 1, 1]);
        assert_eq!((confusion.correct(), confusion.undecided(), confusion.total()), (3, 1, 5));
        let evaluation = Evaluation { cost: 0.5, confusion };
        assert_eq!(evaluation.score(), Score { cost: 0.5, correct: 3, of: 5 });
        assert_eq!(evaluation.score().accuracy(), 0.6);
        let table = "class │   0   1   2 │ right\n\
                     ──────┼─────────────┼────────\n    \
                     0 │   2   1   · │  66.7%\n    \
                     1 │   ·   ·   · │      –\n    \
                     2 │   ·   ·   1 │  50.0%\n\
                     1 taken for none: an output is not a number";
        assert_eq!(evaluation.confusion.to_string(), table);
    }
}
