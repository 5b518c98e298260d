//! A part of an array along an axis.

use ndarray::{ArrayD, ArrayViewD, Axis, Slice as Part};

use crate::operation::{Card, Operation, Sample, apply, has_axis};
use crate::{Dim, Environment, Expr, Pad, Scalar, Shape};

/// y = the elements `start`, `start + step`, … before `end` of x along `axis`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slice {
    /// The axis.
    pub axis: u8,
    /// The first element.
    pub start: u32,
    /// The element before which to end.
    pub end: u32,
    /// From one element to the next, at least 1.
    pub step: u32,
}

impl Slice {
    /// How many elements the slice has along its axis.
    fn len(self) -> usize {
        (self.end.saturating_sub(self.start) as usize).div_ceil(self.step as usize)
    }

    /// What puts a slice of an array with `size` elements along the axis back into its place.
    fn back(self, size: u32) -> Pad {
        let last = self.start + (self.len() as u32).saturating_sub(1) * self.step;
        let (low, high) = if self.len() == 0 { (0, size) } else { (self.start, size - 1 - last) };
        Pad { axis: self.axis, low, high, between: self.step - 1 }
    }
}

/// The elements of `x` in `range` along `axis`. The axis must have a plain size.
///
/// x̄ = ȳ in the range, 0 elsewhere: the adjoint of a slice is a [`pad`](crate::pad).
///
/// ```
/// use gradus_ops::{Graph, input, slice};
/// let g = Graph::new();
/// let x = input(&g, "x", ("n", 10));
/// assert_eq!(slice(x, 1, 2..5).shape().to_string(), "[n, 3]");
/// ```
///
/// # Panics
///
/// If the axis or the range is not one of x.
#[track_caller]
pub fn slice(x: Expr<'_>, axis: usize, range: std::ops::Range<usize>) -> Expr<'_> {
    slice_step(x, axis, range, 1)
}

/// Every `step`-th element of `x` in `range` along `axis`, the first of the range first.
///
/// # Panics
///
/// If the axis or the range is not one of x, or the step is 0.
#[track_caller]
pub fn slice_step(
    x: Expr<'_>, axis: usize, range: std::ops::Range<usize>, step: usize,
) -> Expr<'_> {
    let (start, end, step) = (narrow(range.start), narrow(range.end), narrow(step));
    apply(Slice { axis: narrow_axis(axis), start, end, step }, [x])
}

/// A count as operations keep it.
#[track_caller]
pub(super) fn narrow(count: usize) -> u32 {
    match u32::try_from(count) {
        Ok(count) => count,
        Err(_) => panic!("{count} is too large: counts along an axis are below 2^32"),
    }
}

/// An axis as operations keep it.
#[track_caller]
pub(super) fn narrow_axis(axis: usize) -> u8 {
    match u8::try_from(axis) {
        Ok(axis) => axis,
        Err(_) => panic!("axis {axis}: arrays have fewer than 256 axes here"),
    }
}

/// The plain size of an axis.
pub(super) fn plain_size(shape: &Shape, axis: usize) -> Result<u32, String> {
    has_axis(shape, axis)?;
    let dim = &shape.dims()[axis];
    let size =
        dim.plain().ok_or_else(|| format!("axis {axis} must have a plain size, it is {dim}"))?;
    u32::try_from(size).map_err(|_| format!("axis {axis} is too long: {size}"))
}

impl Operation for Slice {
    const CARD: Card = Card {
        name: "slice",
        operands: &["x"],
        formula: "y = the elements start, start + step, .. before end of x along the axis",
        shapes: "x: any with the axis, of plain size; y: shorter along the axis",
        pullback: "x̄ = ȳ in its place, 0 elsewhere",
        convention: "",
    };

    fn attributes(&self) -> String {
        let Self { axis, start, end, step } = self;
        let by = if *step == 1 { String::new() } else { format!(" by {step}") };
        format!("axis {axis}, {start}..{end}{by}")
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        let (Self { start, end, step, .. }, axis) = (self, usize::from(self.axis));
        let size = plain_size(x[0], axis)?;
        if *step == 0 {
            return Err("the step is at least 1, not 0".to_owned());
        }
        if start > end || *end > size {
            let attributes = self.attributes();
            return Err(format!("{attributes} is no part of axis {axis} of size {size}"));
        }
        let mut dims = x[0].dims().to_vec();
        dims[axis] = Dim::from(self.len());
        Ok(dims.into())
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        let (start, end, step) = (self.start as isize, self.end as isize, self.step as isize);
        x[0].slice_axis(Axis(self.axis.into()), Part::new(start, Some(end), step)).to_owned()
    }

    fn vjp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        let size = plain_size(&x[0].shape(), self.axis.into()).expect("checked when applied");
        Some(apply(self.back(size), [y_bar]))
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(apply(*self, [x_dot]))
    }

    fn samples() -> Vec<Sample> {
        let part = |axis, start, end, step, shape| {
            Sample::spread(Slice { axis, start, end, step }, &[shape], -2.0, 2.0)
        };
        vec![
            part(0, 1, 3, 1, &[4]),
            part(1, 0, 5, 2, &[2, 5]),
            part(1, 1, 6, 3, &[2, 6]),
            part(0, 0, 2, 1, &[2, 2]),
            part(0, 2, 2, 1, &[3]),
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
        let x = input(&g, "x", ("n", 5));
        let parts = [slice(x, 1, 1..3), slice_step(x, 1, 0..5, 2), slice(x, 1, 2..2)];
        let value = array![[1.0, 2.0, 3.0, 4.0, 5.0]];
        let y = evaluate(&parts, &Inputs::new().with("x", &value)).unwrap();
        assert_eq!(y[0], array![[2.0, 3.0]].into_dyn());
        assert_eq!(y[1], array![[1.0, 3.0, 5.0]].into_dyn());
        assert_eq!(y[2].shape(), [1, 0]);
    }

    #[test]
    fn what_is_no_part_is_named() {
        let refused = |axis, [start, end]: [usize; 2], step, text: &str| {
            let error = wanted(move |g| {
                slice_step(input(g, "x", ("n", 5)), axis, start..end, step);
            });
            assert!(error.contains(text), "{error}");
        };
        refused(1, [2, 6], 1, "slice[axis 1, 2..6]: axis 1, 2..6 is no part of axis 1 of size 5\n");
        refused(1, [4, 2], 1, "axis 1, 4..2 is no part of axis 1 of size 5\n");
        refused(1, [0, 5], 0, "slice[axis 1, 0..5 by 0]: the step is at least 1, not 0\n");
        refused(0, [0, 1], 1, "axis 0 must have a plain size, it is n\n");
        refused(2, [0, 1], 1, "there is no axis 2 in [n, 5]: 2 axes, counted from 0\n");
    }
}
