//! The geometry that conv2d and its two adjoints share, and the loops over it.

use std::fmt;

use ndarray::{ArrayView4, ArrayViewD, CowArray, Ix4};

use crate::{Dim, Shape};

/// How a filter moves over pictures: strides, zeros around the picture, holes in the filter, and
/// groups of channels. As the books have it by default: steps of one cell, no padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Convolution {
    /// Steps down and to the right, at least 1.
    pub stride: [usize; 2],
    /// Zeros above and below, left and right.
    pub padding: [[usize; 2]; 2],
    /// Distances between the cells that neighbouring weights see, at least 1.
    pub dilation: [usize; 2],
    /// Groups of channels, each seen by its own group of filters, at least 1.
    pub groups: usize,
}

impl Default for Convolution {
    fn default() -> Self {
        Self { stride: [1, 1], padding: [[0, 0], [0, 0]], dilation: [1, 1], groups: 1 }
    }
}

impl Convolution {
    /// With steps of `rows` down and `columns` to the right.
    pub fn stride(self, rows: usize, columns: usize) -> Self {
        Self { stride: [rows, columns], ..self }
    }

    /// With `rows` zeros above and below, `columns` left and right.
    pub fn padding(self, rows: usize, columns: usize) -> Self {
        Self { padding: [[rows, rows], [columns, columns]], ..self }
    }

    /// With weights that see cells `rows` and `columns` apart.
    pub fn dilation(self, rows: usize, columns: usize) -> Self {
        Self { dilation: [rows, columns], ..self }
    }

    /// With this many groups of channels.
    pub fn groups(self, groups: usize) -> Self {
        Self { groups, ..self }
    }

    /// The shape of the feature maps of filters of shape `w` over pictures of shape `x`.
    pub(super) fn output(&self, x: &Shape, w: &Shape) -> Result<Shape, String> {
        let (n, [channels, height, width]) = picture(x, "the pictures")?;
        let (filters, [per_group, rows, columns]) = picture(w, "the filters")?;
        let filters =
            filters.plain().ok_or_else(|| format!("the number of filters must be plain in {w}"))?;
        let Self { stride, dilation, groups, .. } = *self;
        if groups == 0 || stride.contains(&0) || dilation.contains(&0) {
            return Err(format!("strides, dilations and groups are at least 1, not as in {self}"));
        }
        if rows == 0 || columns == 0 {
            return Err(format!(
                "a filter or window has at least one cell, not {rows} × {columns}"
            ));
        }
        if per_group * groups != channels || filters % groups != 0 {
            return Err(format!(
                "{groups} groups of {per_group} channels and {filters} filters do not fit \
                 {channels} channels"
            ));
        }
        let size = |axis: usize, cells: usize, weights: usize| {
            let padded = cells + self.padding[axis][0] + self.padding[axis][1];
            let reach = dilation[axis] * (weights - 1) + 1;
            match padded.checked_sub(reach) {
                Some(rest) => Ok(Dim::from(rest / stride[axis] + 1)),
                None => Err(format!("a filter of {reach} cells does not fit {padded}, padded")),
            }
        };
        Ok(vec![n, filters.into(), size(0, height, rows)?, size(1, width, columns)?].into())
    }

    /// Calls `f` with every cell of the pictures, weight of the filters and cell of the feature
    /// maps that meet: with their places in row-major order, among the sizes \[n, channels, rows,
    /// columns\], \[filters, channels of a group, rows, columns\] and \[n, filters, rows,
    /// columns\], which [`conv2d`](crate::conv2d) relates. It is what readers of a graph know of the
    /// geometry.
    pub fn each(
        &self, x: [usize; 4], w: [usize; 4], y: [usize; 4], mut f: impl FnMut(usize, usize, usize),
    ) {
        let [filters, per_group, rows, columns] = w;
        let cell = |axis: usize, place: usize, weight: usize, cells: usize| {
            let padded = place * self.stride[axis] + weight * self.dilation[axis];
            padded.checked_sub(self.padding[axis][0]).filter(|&cell| cell < cells)
        };
        for (k, [n, o, i, j]) in places([x[0], filters, y[2], y[3]]).enumerate() {
            let first = o / (filters / self.groups) * per_group;
            for c in 0..per_group {
                for p in 0..rows {
                    let Some(row) = cell(0, i, p, x[2]) else { continue };
                    let x_row = ((n * x[1] + first + c) * x[2] + row) * x[3];
                    let w_row = ((o * per_group + c) * rows + p) * columns;
                    for q in 0..columns {
                        let Some(column) = cell(1, j, q, x[3]) else { continue };
                        f(x_row + column, w_row + q, k);
                    }
                }
            }
        }
    }
}

impl fmt::Display for Convolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stride, padding, dilation, groups } = self;
        write!(f, "stride {stride:?}, padding {padding:?}, dilation {dilation:?}, groups {groups}")
    }
}

/// The first dimension of pictures or filters, and the plain sizes of the other three.
pub(super) fn picture(shape: &Shape, what: &str) -> Result<(Dim, [usize; 3]), String> {
    let wanted = || {
        format!(
            "{what} must be [n, channels, rows, columns] with plain sizes but for n, not {shape}"
        )
    };
    let [n, rest @ ..] = shape.dims() else { return Err(wanted()) };
    let sizes: Option<Vec<usize>> = rest.iter().map(Dim::plain).collect();
    let sizes = sizes.and_then(|sizes| <[usize; 3]>::try_from(sizes).ok()).ok_or_else(wanted)?;
    Ok((n.clone(), sizes))
}

/// An array of four axes, as which it is read.
pub(super) fn four<'a, T>(x: &ArrayViewD<'a, T>) -> ArrayView4<'a, T> {
    x.clone().into_dimensionality().expect("the shape rule has asked for four axes")
}

/// The numbers of an array of four axes in row-major order.
pub(super) fn flat<'a, T>(x: &'a CowArray<'_, T, Ix4>) -> &'a [T] {
    x.as_slice().expect("it is row-major")
}

/// The sizes of an array of four axes.
pub(super) fn sizes(shape: &Shape) -> [usize; 4] {
    let plain: Vec<usize> = shape.dims().iter().map(Dim::size).collect();
    plain.try_into().expect("four axes")
}

/// All places in a box of these sizes, in row-major order.
pub(super) fn places(sizes: [usize; 4]) -> impl Iterator<Item = [usize; 4]> {
    let [a, b, c, d] = sizes;
    (0..a).flat_map(move |i| {
        (0..b).flat_map(move |j| (0..c).flat_map(move |k| (0..d).map(move |l| [i, j, k, l])))
    })
}
