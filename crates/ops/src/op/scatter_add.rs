//! Slices added into an axis, at places chosen by number.

use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD, Axis};

use crate::operation::{Card, Operation, Sample, apply, check_indices};
use crate::{Dim, Environment, Expr, Gather, Scalar, Shape};

/// y = zeros, with each slice of x added where the indices say: the adjoint of [`Gather`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScatterAdd(Arc<(usize, Dim)>);

impl ScatterAdd {
    /// The scatter into an axis at position `axis` of the result and of size `dim`.
    pub fn new(axis: usize, dim: Dim) -> Self {
        Self(Arc::new((axis, dim)))
    }

    /// The position of the axis that is scattered into.
    pub fn axis(&self) -> usize {
        self.0.0
    }
}

/// Zeros with an axis of size `dim` at position `axis`, to which each slice of `x` is added where
/// `indices` say; slices for one place add up. The axes of the indices are in `x` at that position.
///
/// x̄ = the slices of ȳ that the indices name. Indices are as for [`gather`](crate::gather).
#[track_caller]
pub fn scatter_add<'g>(
    x: Expr<'g>, indices: Expr<'g>, axis: usize, dim: impl Into<Dim>,
) -> Expr<'g> {
    apply(ScatterAdd::new(axis, dim.into()), [x, indices])
}

impl Operation for ScatterAdd {
    const CARD: Card = Card {
        name: "scatter_add",
        operands: &["x", "indices"],
        formula: "y[.., k, ..] = Σ x[.., i, ..] over the i with indices[i] = k",
        shapes: "x: the indices' axes in the place of the axis; indices: any; y: with the axis",
        pullback: "x̄ = the slices of ȳ that the indices name; none for the indices",
        convention: "an index that is not a whole number of the axis is an error",
    };

    fn attributes(&self) -> String {
        format!("axis {} of {}", self.0.0, self.0.1)
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        let (axis, end) = (self.axis(), self.axis() + x[1].rank());
        let mut dims: Vec<Dim> = x[0].dims().to_vec();
        if x[0].dims().get(axis..end) != Some(x[1].dims()) {
            return Err(format!(
                "operand 0, {}, must have the axes of operand 1, {}, at position {axis}",
                x[0], x[1]
            ));
        }
        dims.splice(axis..end, [self.0.1.clone()]);
        Ok(dims.into())
    }

    fn accept<T: Scalar>(
        &self, x: &[ArrayViewD<'_, T>], env: &Environment<'_, T>,
    ) -> Result<(), String> {
        check_indices(&x[1], env.size(&self.0.1))
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], env: &Environment<'_, T>) -> ArrayD<T> {
        let (axis, end) = (self.axis(), self.axis() + x[1].ndim());
        let mut flat = x[0].shape().to_vec();
        flat.splice(axis..end, [x[1].len()]);
        let slices = x[0].to_shape(flat.as_slice()).expect("as many numbers");
        flat[axis] = env.size(&self.0.1);
        let mut y = ArrayD::zeros(flat);
        for (slice, index) in slices.axis_iter(Axis(axis)).zip(&x[1]) {
            let mut place = y.index_axis_mut(Axis(axis), index.to_double() as usize);
            place += &slice;
        }
        y
    }

    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        (k == 0).then(|| apply(Gather { axis: self.axis() }, [y_bar, x[1]]))
    }

    fn jvp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        (k == 0).then(|| apply(self.clone(), [x_dot, x[1]]))
    }

    fn samples() -> Vec<Sample> {
        let of = |axis, size: usize, shape: &[usize], indices: ArrayD<f64>| {
            let op = ScatterAdd::new(axis, size.into());
            let mut sample = Sample::spread(op, &[shape, indices.shape()], -2.0, 2.0);
            sample.operands[1] = indices;
            sample.fixing(&[1])
        };
        let (vector, matrix) = (ndarray::array![2.0, 0.0, 2.0], ndarray::array![[1.0], [0.0]]);
        vec![
            of(0, 3, &[3], vector.clone().into_dyn()),
            of(1, 4, &[2, 3], vector.into_dyn()),
            of(0, 2, &[2, 1, 2], matrix.into_dyn()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::wanted;
    use crate::{Graph, Inputs, evaluate, input};
    use ndarray::array;

    #[test]
    fn slices_for_one_place_add_up() {
        let g = Graph::new();
        let (x, i) = (input(&g, "x", ("n", 2)), input(&g, "i", ("n",)));
        let y = scatter_add(x, i, 0, 4);
        let rows = array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
        let run = |i| evaluate(&[y], &Inputs::new().with("x", &rows).with("i", &i));
        let good = run(array![3.0, 1.0, 3.0]).unwrap();
        let want = array![[0.0, 0.0], [3.0, 4.0], [0.0, 0.0], [6.0, 8.0]];
        assert_eq!(good[0], want.into_dyn());
        let error = run(array![0.0, 0.0, 4.0]).unwrap_err();
        let text = "index 2 is 4; wanted a whole number from 0 to 3";
        assert!(error.to_string().contains(text), "{error}");
    }

    #[test]
    fn indices_that_do_not_fit_are_named() {
        let text = wanted(|g| {
            scatter_add(input(g, "x", ("n", 2)), input(g, "i", ("m",)), 0, 4);
        });
        let want = "scatter_add[axis 0 of 4]: operand 0, [n, 2], must have the axes of operand 1, \
                    [m], at position 0\n";
        assert!(text.starts_with(want), "{text}");
    }
}
