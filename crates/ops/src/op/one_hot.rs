//! Class labels as rows of targets.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, check_indices};
use crate::{Dim, Environment, Expr, Scalar, Shape};

/// y = 1 at the place that the label names, 0 elsewhere, along a new last axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OneHot {
    /// How many classes there are.
    pub classes: usize,
}

/// Rows of `classes` numbers: 1 at the place that each of `labels` names, 0 elsewhere.
///
/// Labels are whole numbers, held in the number type and counted from 0; one that is not, or too
/// large, is an error when the graph runs. They have no derivative.
#[track_caller]
pub fn one_hot(labels: Expr<'_>, classes: usize) -> Expr<'_> {
    apply(OneHot { classes }, [labels])
}

impl Operation for OneHot {
    const CARD: Card = Card {
        name: "one_hot",
        operands: &["labels"],
        formula: "y[.., k] = 1 if the label is k, else 0",
        shapes: "labels: any; y: with a new last axis of the classes",
        pullback: "none: labels are whole numbers",
        convention: "a label that is not a whole number of a class is an error",
    };

    fn attributes(&self) -> String {
        self.classes.to_string()
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        Ok(x[0].dims().iter().cloned().chain([Dim::from(self.classes)]).collect())
    }

    fn accept<T: Scalar>(
        &self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>,
    ) -> Result<(), String> {
        check_indices(&x[0], self.classes)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        let sizes = [x[0].shape(), &[self.classes]].concat();
        let mut y = ArrayD::zeros(sizes);
        for (mut row, label) in y.rows_mut().into_iter().zip(&x[0]) {
            row[label.to_double() as usize] = T::one();
        }
        y
    }

    fn vjp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], _y: Expr<'g>, _y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        None
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], _y: Expr<'g>, _x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        None
    }

    fn samples() -> Vec<Sample> {
        let labels = ndarray::array![2.0, 0.0, 1.0].into_dyn();
        vec![Sample { op: OneHot { classes: 3 }.into(), operands: vec![labels], fixed: vec![0] }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Graph, Inputs, evaluate, input};
    use ndarray::array;

    #[test]
    fn values_and_the_bounds() {
        let g = Graph::new();
        let y = one_hot(input(&g, "labels", ("n",)), 3);
        let run = |labels| evaluate(&[y], &Inputs::new().with("labels", &labels));
        let rows = array![[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]];
        assert_eq!(run(array![2.0, 0.0]).unwrap()[0], rows.into_dyn());
        let error = run(array![2.0, 3.0]).unwrap_err().to_string();
        assert!(error.contains("index 1 is 3; wanted a whole number from 0 to 2"), "{error}");
    }
}
