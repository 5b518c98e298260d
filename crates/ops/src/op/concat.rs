//! Arrays one after the other along an axis.

use ndarray::{ArrayD, ArrayViewD, Axis};

use super::slice::{narrow_axis, plain_size};
use crate::operation::{Card, Operation, Sample};
use crate::{Dim, Environment, Expr, Pad, Scalar, Shape, Slice, reshape};

/// y = the operands one after the other along `axis`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Concat {
    /// The axis.
    pub axis: u8,
}

/// Arrays one after the other along `axis`, equal in all other axes. The axis must have plain
/// sizes.
///
/// The cotangent of each is its part of ȳ.
///
/// # Panics
///
/// If there are no arrays, or they do not fit.
#[track_caller]
pub fn concat<'g>(x: &[Expr<'g>], axis: usize) -> Expr<'g> {
    let [first, ..] = x else { panic!("at least one array is needed to concatenate") };
    first.graph().apply(Concat { axis: narrow_axis(axis) }.into(), x)
}

/// Arrays of one shape side by side along a new axis `axis`.
///
/// # Panics
///
/// If there are no arrays, or their shapes differ.
#[track_caller]
pub fn stack<'g>(x: &[Expr<'g>], axis: usize) -> Expr<'g> {
    let _line = x.first().map(|x| x.graph().here());
    let thin = |x: &Expr<'g>| {
        let mut dims = x.shape().dims().to_vec();
        assert!(axis <= dims.len(), "a new axis {axis} leaves a gap after\n  {}", x.describe());
        dims.insert(axis, Dim::from(1));
        reshape(*x, dims)
    };
    concat(&x.iter().map(thin).collect::<Vec<_>>(), axis)
}

impl Concat {
    /// The elements along the axis of operand `k`, those before it and those after it.
    fn place(self, k: usize, x: &[Expr<'_>]) -> (u32, u32, u32) {
        let size = |x: &Expr<'_>| plain_size(&x.shape(), self.axis.into()).expect("checked");
        (size(&x[k]), x[..k].iter().map(size).sum(), x[k + 1..].iter().map(size).sum())
    }
}

impl Operation for Concat {
    const CARD: Card = Card {
        name: "concat",
        operands: &["x.."],
        formula: "y = the operands one after the other along the axis",
        shapes: "x..: equal but for the axis, of plain size; y: as long as all together",
        pullback: "x̄[k] = its part of ȳ",
        convention: "",
    };

    fn arity(&self) -> Option<usize> {
        None
    }

    fn attributes(&self) -> String {
        format!("axis {}", self.axis)
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        let [first, ..] = x else { return Err("at least one operand is needed".to_owned()) };
        let axis = usize::from(self.axis);
        let mut total = 0;
        for (k, shape) in x.iter().enumerate() {
            let size = plain_size(shape, axis).map_err(|error| format!("operand {k}: {error}"))?;
            total = u32::checked_add(total, size).ok_or("the result would be 2^32 or longer")?;
            let mut dims = shape.dims().to_vec();
            dims[axis] = first.dims()[axis].clone();
            if dims != first.dims() {
                return Err(format!(
                    "the operands must be equal but for axis {axis}, operand 0 is {first} and \
                     operand {k} is {shape}"
                ));
            }
        }
        let mut dims = first.dims().to_vec();
        dims[axis] = Dim::from(total as usize);
        Ok(dims.into())
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        ndarray::concatenate(Axis(self.axis.into()), x).expect("the shape rule has compared them")
    }

    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        let (size, start, _) = self.place(k, x);
        let part = Slice { axis: self.axis, start, end: start + size, step: 1 };
        Some(y_bar.graph().apply(part.into(), &[y_bar]))
    }

    fn jvp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        let (_, low, high) = self.place(k, x);
        let pad = Pad { axis: self.axis, low, high, between: 0 };
        Some(x_dot.graph().apply(pad.into(), &[x_dot]))
    }

    fn samples() -> Vec<Sample> {
        let along = |axis, shapes: &[&[usize]]| Sample::spread(Concat { axis }, shapes, -2.0, 2.0);
        vec![along(0, &[&[2], &[3]]), along(1, &[&[2, 1], &[2, 2], &[2, 3]]), along(0, &[&[2, 2]])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::wanted;
    use crate::{Graph, Inputs, evaluate, input};
    use ndarray::array;

    #[test]
    fn values() {
        let g = Graph::new();
        let (a, b) = (input(&g, "a", ("n", 1)), input(&g, "b", ("n", 2)));
        let y = [concat(&[a, b, a], 1), stack(&[b, b], 1), stack(&[b, b], 2)];
        let (a, b) = (array![[1.0]], array![[2.0, 3.0]]);
        let y = evaluate(&y, &Inputs::new().with("a", &a).with("b", &b)).unwrap();
        assert_eq!(y[0], array![[1.0, 2.0, 3.0, 1.0]].into_dyn());
        assert_eq!(y[1], array![[[2.0, 3.0], [2.0, 3.0]]].into_dyn());
        assert_eq!(y[2], array![[[2.0, 2.0], [3.0, 3.0]]].into_dyn());
    }

    #[test]
    fn arrays_that_do_not_fit_are_named() {
        let text = wanted(|g| {
            concat(&[input(g, "a", ("n", 2)), input(g, "b", [3, 2])], 1);
        });
        let wanted_text = "concat[axis 1]: the operands must be equal but for axis 1, operand 0 is \
                           [n, 2] and operand 1 is [3, 2]\n";
        assert!(text.starts_with(wanted_text), "{text}");
        let text = wanted(|g| {
            concat(&[input(g, "a", ("n", 2))], 0);
        });
        assert!(
            text.starts_with("concat[axis 0]: operand 0: axis 0 must have a plain size, it is n")
        );
    }

    #[test]
    #[should_panic(expected = "at least one array is needed to concatenate")]
    fn nothing_cannot_be_concatenated() {
        concat(&[], 0);
    }
}
