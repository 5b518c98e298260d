//! Zeros around and between the elements along an axis.

use ndarray::{ArrayD, ArrayViewD, Axis, Slice as Part};

use super::slice::{narrow, narrow_axis, plain_size};
use crate::operation::{Card, Operation, Sample, apply};
use crate::{Dim, Environment, Expr, Scalar, Shape, Slice, select};

/// y = x with zeros along `axis`: `low` before it, `high` after it, `between` each two elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pad {
    /// The axis.
    pub axis: u8,
    /// Zeros before the first element.
    pub low: u32,
    /// Zeros after the last element.
    pub high: u32,
    /// Zeros between each two elements.
    pub between: u32,
}

impl Pad {
    /// How many elements the result has for `size` elements, if they can be counted.
    fn len(self, size: u32) -> Option<u32> {
        let between = self.between.checked_mul(size.saturating_sub(1))?;
        self.low.checked_add(self.high)?.checked_add(size)?.checked_add(between)
    }

    /// The part of the result, for `size` elements, in which the elements are.
    fn part(self, size: u32) -> Slice {
        let step = self.between + 1;
        let end = if size == 0 { self.low } else { self.low + (size - 1) * step + 1 };
        Slice { axis: self.axis, start: self.low, end, step }
    }
}

/// `x` with `low` zeros before it and `high` after it along `axis`. The axis must have a plain
/// size.
///
/// x̄ = the part of ȳ where x is: the adjoint of a pad is a [`slice`](crate::slice).
///
/// # Panics
///
/// If the axis is not one of x.
#[track_caller]
pub fn pad(x: Expr<'_>, axis: usize, low: usize, high: usize) -> Expr<'_> {
    let (low, high) = (narrow(low), narrow(high));
    apply(Pad { axis: narrow_axis(axis), low, high, between: 0 }, [x])
}

/// [`pad`] with `value` instead of zeros.
///
/// # Panics
///
/// As [`pad`].
#[track_caller]
pub fn pad_with(x: Expr<'_>, axis: usize, low: usize, high: usize, value: f64) -> Expr<'_> {
    let _line = x.graph().here();
    let padded = pad(x, axis, low, high);
    select(pad(x.filled(1.0), axis, low, high), padded, padded.filled(value))
}

impl Operation for Pad {
    const CARD: Card = Card {
        name: "pad",
        operands: &["x"],
        formula: "y = x with zeros before, after and between its elements along the axis",
        shapes: "x: any with the axis, of plain size; y: longer along the axis",
        pullback: "x̄ = ȳ where x is",
        convention: "",
    };

    fn attributes(&self) -> String {
        let Self { axis, low, high, between } = self;
        let inside = if *between == 0 { String::new() } else { format!(", {between} between") };
        format!("axis {axis}, {low} before, {high} after{inside}")
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        let axis = usize::from(self.axis);
        let size = plain_size(x[0], axis)?;
        let mut dims = x[0].dims().to_vec();
        let len = self.len(size).ok_or_else(|| format!("axis {axis} would be 2^32 or longer"))?;
        dims[axis] = Dim::from(len as usize);
        Ok(dims.into())
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        let axis = Axis(self.axis.into());
        let size = x[0].len_of(axis) as u32;
        let Slice { start, end, step, .. } = self.part(size);
        let mut sizes = x[0].shape().to_vec();
        sizes[axis.0] = self.len(size).expect("the shape rule has counted") as usize;
        let mut y = ArrayD::zeros(sizes);
        let part = Part::new(start as isize, Some(end as isize), step as isize);
        y.slice_axis_mut(axis, part).assign(&x[0]);
        y
    }

    fn vjp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        let size = plain_size(&x[0].shape(), self.axis.into()).expect("checked when applied");
        Some(apply(self.part(size), [y_bar]))
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(apply(*self, [x_dot]))
    }

    fn samples() -> Vec<Sample> {
        let with = |axis, low, high, between, shape| {
            Sample::spread(Pad { axis, low, high, between }, &[shape], -2.0, 2.0)
        };
        vec![
            with(0, 1, 2, 0, &[3]),
            with(1, 0, 1, 2, &[2, 3]),
            with(0, 1, 0, 1, &[1, 2]),
            with(0, 0, 0, 0, &[2]),
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
    fn values() {
        let g = Graph::new();
        let x = input(&g, "x", ("n", 2));
        let spread = apply(Pad { axis: 1, low: 0, high: 1, between: 2 }, [x]);
        let y = [pad(x, 1, 1, 2), pad_with(x, 1, 1, 0, f64::NEG_INFINITY), spread];
        let y = evaluate(&y, &Inputs::new().with("x", &array![[1.0, 2.0]])).unwrap();
        assert_eq!(y[0], array![[0.0, 1.0, 2.0, 0.0, 0.0]].into_dyn());
        assert_eq!(y[1], array![[f64::NEG_INFINITY, 1.0, 2.0]].into_dyn());
        assert_eq!(y[2], array![[1.0, 0.0, 0.0, 2.0, 0.0]].into_dyn());
    }

    #[test]
    fn an_axis_without_a_plain_size_is_named() {
        let text = wanted(|g| {
            pad(input(g, "x", ("n", 2)), 0, 1, 1);
        });
        assert!(text.contains("]: axis 0 must have a plain size, it is n\n"), "{text}");
        let text = wanted(|g| {
            pad(input(g, "x", [2]), 0, 1 << 31, 1 << 31);
        });
        assert!(text.contains("]: axis 0 would be 2^32 or longer\n"), "{text}");
    }
}
