//! The same numbers in another shape.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply};
use crate::{Axes, Dim, Environment, Expr, Scalar, Shape};

/// y = the numbers of x in row-major order, in `shape`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reshape {
    /// The shape of the result.
    pub shape: Shape,
}

/// The numbers of `x`, in row-major order, in another shape of as many numbers. Named axes count:
/// `[n, 28, 28]` can become `[n, 784]`, not `[784]`.
///
/// x̄ = ȳ in the shape of x.
#[track_caller]
pub fn reshape<'g>(x: Expr<'g>, shape: impl Into<Shape>) -> Expr<'g> {
    apply(Reshape { shape: shape.into() }, [x])
}

/// `y` with axes of size 1 put in at the positions `axes` of the result: what a reduction over
/// `axes` leaves when it keeps them.
///
/// ```
/// use gradus_ops::{Graph, input, keep_axes, sum};
/// let g = Graph::new();
/// let x = input(&g, "x", ("n", 10));
/// assert_eq!(keep_axes(sum(x, [1]), [1]).shape().to_string(), "[n, 1]");
/// ```
#[track_caller]
pub fn keep_axes<'g>(y: Expr<'g>, axes: impl Into<Axes>) -> Expr<'g> {
    let axes = axes.into();
    let mut dims = y.shape().dims().to_vec();
    for axis in axes.iter() {
        assert!(axis <= dims.len(), "axis {axis} leaves a gap after\n  {}", y.describe());
        dims.insert(axis, Dim::from(1));
    }
    reshape(y, dims)
}

impl Operation for Reshape {
    const CARD: Card = Card {
        name: "reshape",
        operands: &["x"],
        formula: "y = the numbers of x in row-major order, in the shape",
        shapes: "x: any of as many numbers; y: the shape",
        pullback: "x̄ = ȳ in the shape of x",
        convention: "",
    };

    fn attributes(&self) -> String {
        self.shape.to_string()
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        let (from, to) = (x[0].len(), self.shape.len());
        if from == to {
            return Ok(self.shape.clone());
        }
        Err(format!("{} has {to} numbers, operand 0 is {} and has {from}", self.shape, x[0]))
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], env: &Environment<'_, T>) -> ArrayD<T> {
        let sizes = env.sizes(&self.shape);
        let reshaped = x[0].to_shape(sizes).expect("the shape rule has compared the numbers");
        reshaped.into_owned()
    }

    fn vjp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(reshape(y_bar, x[0].shape()))
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(reshape(x_dot, self.shape.clone()))
    }

    fn samples() -> Vec<Sample> {
        let to = |shape: &[usize], from| {
            Sample::spread(Reshape { shape: shape.into() }, &[from], -2.0, 2.0)
        };
        vec![
            to(&[6], &[2, 3]),
            to(&[4], &[2, 2]),
            to(&[3, 1, 2], &[2, 3]),
            to(&[], &[1, 1]),
            to(&[1], &[]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Graph, Inputs, evaluate, input, transpose};
    use ndarray::array;

    #[test]
    fn row_by_row_whatever_the_strides() {
        let g = Graph::new();
        let x = input(&g, "x", (2, "n"));
        let (value, y) =
            (array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], reshape(transpose(x), ("n", 2, 1)));
        let y = evaluate(&[y, reshape(x, vec![x.shape().len()])], &Inputs::new().with("x", &value));
        let y = y.unwrap();
        assert_eq!(y[0], array![[[1.0], [4.0]], [[2.0], [5.0]], [[3.0], [6.0]]].into_dyn());
        assert_eq!(y[1], array![1.0, 2.0, 3.0, 4.0, 5.0, 6.0].into_dyn());
    }

    #[test]
    fn a_different_number_of_numbers_is_refused() {
        let g = Graph::new();
        let x = input(&g, "x", ("n", 28, 28));
        assert_eq!(reshape(x, ("n", 784)).shape().to_string(), "[n, 784]");
        let error = g.try_apply(Reshape { shape: [784].into() }.into(), &[x]).unwrap_err();
        assert_eq!(error.wanted, "[784] has 784 numbers, operand 0 is [n, 28, 28] and has 784·n");
    }
}
