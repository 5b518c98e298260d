//! Elements of an axis, chosen by number.

use ndarray::{ArrayD, ArrayViewD, Axis};

use crate::operation::{Card, Operation, Sample, apply, check_indices, has_axis};
use crate::{Dim, Environment, Expr, Scalar, ScatterAdd, Shape};

/// y = the slices of x along `axis` that the indices name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Gather {
    /// The axis of x that the indices count along.
    pub axis: usize,
}

/// The slices of `x` along `axis` that `indices` name: the axis gives way to the axes of the
/// indices. Rows of a table, chosen by number, are an embedding.
///
/// x̄ = ȳ, each slice added where it came from: the adjoint of a gather is a scatter-add. Indices
/// are whole numbers, held in the number type and counted from 0; one that is not, or too large, is
/// an error when the graph runs. They have no derivative.
///
/// ```
/// use gradus_ops::{Graph, gather, input, param};
/// let g = Graph::new();
/// let (table, words) = (param(&g, "table", [1000, 16]), input(&g, "words", ("n", 5)));
/// assert_eq!(gather(table, words, 0).shape().to_string(), "[n, 5, 16]");
/// ```
#[track_caller]
pub fn gather<'g>(x: Expr<'g>, indices: Expr<'g>, axis: usize) -> Expr<'g> {
    apply(Gather { axis }, [x, indices])
}

impl Gather {
    /// The sum that undoes this choice in `x`.
    fn adjoint(self, x: Expr<'_>) -> ScatterAdd {
        ScatterAdd::new(self.axis, x.shape().dims()[self.axis].clone())
    }
}

impl Operation for Gather {
    const CARD: Card = Card {
        name: "gather",
        operands: &["x", "indices"],
        formula: "y[.., i, ..] = x[.., indices[i], ..]",
        shapes: "x: any with the axis; indices: any; y: x with the axis replaced by the indices' \
                 axes",
        pullback: "x̄ = ȳ, each slice added where it came from; none for the indices",
        convention: "an index that is not a whole number of the axis is an error",
    };

    fn attributes(&self) -> String {
        format!("axis {}", self.axis)
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        has_axis(x[0], self.axis)?;
        let mut dims: Vec<Dim> = x[0].dims().to_vec();
        dims.splice(self.axis..=self.axis, x[1].dims().iter().cloned());
        Ok(dims.into())
    }

    fn accept<T: Scalar>(
        &self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>,
    ) -> Result<(), String> {
        check_indices(&x[1], x[0].len_of(Axis(self.axis)))
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        let indices: Vec<usize> = x[1].iter().map(|i| i.to_double() as usize).collect();
        let chosen = x[0].select(Axis(self.axis), &indices);
        let mut sizes = x[0].shape().to_vec();
        sizes.splice(self.axis..=self.axis, x[1].shape().iter().copied());
        chosen.to_shape(sizes).expect("as many numbers").into_owned()
    }

    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        (k == 0).then(|| apply(self.adjoint(x[0]), [y_bar, x[1]]))
    }

    fn jvp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        (k == 0).then(|| gather(x_dot, x[1], self.axis))
    }

    fn samples() -> Vec<Sample> {
        let of = |axis, shape: &[usize], indices: ArrayD<f64>| {
            let mut sample = Sample::spread(Gather { axis }, &[shape, indices.shape()], -2.0, 2.0);
            sample.operands[1] = indices;
            sample.fixing(&[1])
        };
        let (vector, matrix) = (ndarray::array![2.0, 0.0, 2.0], ndarray::array![[1.0], [0.0]]);
        vec![
            of(0, &[3], vector.clone().into_dyn()),
            of(1, &[2, 3], vector.into_dyn()),
            of(0, &[2, 2], matrix.into_dyn()),
            of(0, &[2], ndarray::arr0(1.0).into_dyn()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EvalError, Graph, Inputs, evaluate, input};
    use ndarray::array;

    #[test]
    fn values_and_the_bounds() {
        let g = Graph::new();
        let (x, i) = (input(&g, "x", [3, 2]), input(&g, "i", ("n",)));
        let y = gather(x, i, 0);
        let table = array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
        let run = |i: [f64; 2]| {
            evaluate(&[y], &Inputs::new().with("x", &table).with("i", &array![i[0], i[1]]))
        };
        assert_eq!(run([2.0, 0.0]).unwrap()[0], array![[5.0, 6.0], [1.0, 2.0]].into_dyn());
        for (i, text) in [(3.0, "3"), (-1.0, "-1"), (0.5, "0.5"), (f64::NAN, "NaN")] {
            let Err(EvalError::Value { node, problem }) = run([0.0, i]) else { panic!("{i}") };
            let wanted = format!("index 1 is {text}; wanted a whole number from 0 to 2");
            assert_eq!(problem, wanted);
            assert!(node.starts_with("gather[axis 0], %2 : [n, 2], written at "), "{node}");
        }
    }
}
