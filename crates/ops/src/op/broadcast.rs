//! Repetition along new axes.

use ndarray::{ArrayD, ArrayViewD, Axis};

use crate::operation::{Card, Operation, Sample, apply};
use crate::{Axes, Environment, Expr, Scalar, Shape, sum};

/// y = x, repeated along `axes` of `shape`, which x does not have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Broadcast {
    /// The axes of the result along which x is repeated.
    pub axes: Axes,
    /// The shape of the result.
    pub shape: Shape,
}

/// `x`, repeated along `axes` of `shape`; `x` has the other axes of `shape`, in their order.
///
/// Operators insert this where one operand is a scalar or the tail of the other. All else is
/// written out: to repeat a column along the rows, name the axis.
///
/// x̄ = Σ ȳ over the axes: the adjoint of a broadcast is a [`sum`].
///
/// ```
/// use gradus_ops::{Graph, broadcast, input};
/// let g = Graph::new();
/// let column = input(&g, "column", ("n",));
/// assert_eq!(broadcast(column, [1], ("n", 30)).shape().to_string(), "[n, 30]");
/// ```
#[track_caller]
pub fn broadcast<'g>(x: Expr<'g>, axes: impl Into<Axes>, shape: impl Into<Shape>) -> Expr<'g> {
    apply(Broadcast { axes: axes.into(), shape: shape.into() }, [x])
}

impl Operation for Broadcast {
    const CARD: Card = Card {
        name: "broadcast",
        operands: &["x"],
        formula: "y = x, repeated along the axes",
        shapes: "x: the shape without the axes; y: the shape",
        pullback: "x̄ = Σ ȳ over the axes",
        convention: "",
    };

    fn attributes(&self) -> String {
        format!("{} of {}", self.axes, self.shape)
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        let Self { axes, shape } = self;
        if let Some(axis) = axes.iter().find(|&axis| axis >= shape.rank()) {
            return Err(format!("there is no axis {axis} in {shape}"));
        }
        match shape.without(*axes) {
            wanted if wanted == *x[0] => Ok(shape.clone()),
            wanted => Err(format!(
                "repeating along axes {axes} of {shape} wants operand 0 to be {wanted}, it is {}",
                x[0]
            )),
        }
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], env: &Environment<'_, T>) -> ArrayD<T> {
        let thin = self.axes.iter().fold(x[0].view(), |x, axis| x.insert_axis(Axis(axis)));
        let sizes = env.sizes(&self.shape);
        thin.broadcast(sizes).expect("the shape rule has compared the shapes").to_owned()
    }

    fn vjp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(sum(y_bar, self.axes))
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(broadcast(x_dot, self.axes, self.shape.clone()))
    }

    fn samples() -> Vec<Sample> {
        let along = |axes: &[usize], to: &[usize], from: &[usize]| {
            let op = Broadcast { axes: axes.into(), shape: to.into() };
            Sample::spread(op, &[from], -2.0, 2.0)
        };
        vec![
            along(&[0], &[2, 3], &[3]),
            along(&[1], &[2, 3], &[2]),
            along(&[0, 1], &[2, 3], &[]),
            along(&[0, 2], &[2, 3, 2], &[3]),
            along(&[], &[2, 3], &[2, 3]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Graph, Inputs, evaluate, input};
    use ndarray::array;

    #[test]
    fn values() {
        let g = Graph::new();
        let x = input(&g, "x", [2]);
        input(&g, "rows", ("n",));
        let rows = broadcast(x, [0], ("n", 2));
        let columns = broadcast(x, [1], (2, "n"));
        let (value, three) = (array![1.0, 2.0], array![0.0, 0.0, 0.0]);
        let inputs = Inputs::new().with("x", &value).with("rows", &three);
        let y = evaluate(&[rows, columns], &inputs).unwrap();
        assert_eq!(y[0], array![[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]].into_dyn());
        assert_eq!(y[1], array![[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]].into_dyn());
    }

    #[test]
    fn a_shape_that_does_not_fit_is_named() {
        let g = Graph::new();
        let x = input(&g, "x", [2]);
        let wanted = |axes: &[usize], shape: Shape| {
            let op = Broadcast { axes: axes.into(), shape };
            g.try_apply(op.into(), &[x]).unwrap_err().wanted
        };
        assert_eq!(
            wanted(&[0], ("n", 30).into()),
            "repeating along axes 0 of [n, 30] wants operand 0 to be [30], it is [2]"
        );
        assert_eq!(wanted(&[2], [2, 2].into()), "there is no axis 2 in [2, 2]");
    }
}
