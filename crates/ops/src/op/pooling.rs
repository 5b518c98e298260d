//! The geometry that max_pool2d and its derivatives share, and the search for winners.

use std::fmt;

use ndarray::ArrayView4;

use super::convolution::{Convolution, picture, places};
use crate::{Scalar, Shape};

/// How a window moves over pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pooling {
    /// Rows and columns of the window, at least 1.
    pub window: [usize; 2],
    /// Steps down and to the right, at least 1.
    pub stride: [usize; 2],
    /// Cells added above and below, left and right.
    pub padding: [[usize; 2]; 2],
}

impl Pooling {
    /// Windows of `rows` × `columns` side by side, as the books have them.
    pub fn new(rows: usize, columns: usize) -> Self {
        Self { window: [rows, columns], stride: [rows, columns], padding: [[0, 0], [0, 0]] }
    }

    /// With steps of `rows` down and `columns` to the right: smaller than the window they overlap.
    pub fn stride(self, rows: usize, columns: usize) -> Self {
        Self { stride: [rows, columns], ..self }
    }

    /// With `rows` cells above and below, `columns` left and right.
    pub fn padding(self, rows: usize, columns: usize) -> Self {
        Self { padding: [[rows, rows], [columns, columns]], ..self }
    }

    /// The convolution that moves in the same way.
    pub(super) fn convolution(&self) -> Convolution {
        Convolution { stride: self.stride, padding: self.padding, ..Convolution::default() }
    }

    /// The shape of pooled pictures.
    pub(super) fn output(&self, x: &Shape) -> Result<Shape, String> {
        let (n, [channels, ..]) = picture(x, "the pictures")?;
        let [rows, columns] = self.window;
        let one = |channels: usize| Shape::from([channels, channels, rows, columns]);
        let pooled = self.convolution().output(x, &one(channels))?;
        let dims = pooled.dims();
        Ok(vec![n, channels.into(), dims[2].clone(), dims[3].clone()].into())
    }

    /// Calls `f` with each pooled cell (n, channel, row, column) of pictures of the sizes `x`, and
    /// with the cells of its window in row-major order, without the padding.
    ///
    /// # Panics
    ///
    /// If the window does not fit the pictures.
    pub fn windows(&self, x: [usize; 4], mut f: impl FnMut([usize; 4], &[[usize; 4]])) {
        let pooled = self.output(&Shape::from(x)).expect("the shape rule has compared them");
        let mut window = Vec::with_capacity(self.window[0] * self.window[1]);
        for [n, c, i, j] in places(super::convolution::sizes(&pooled)) {
            window.clear();
            for [p, q, ..] in places([self.window[0], self.window[1], 1, 1]) {
                let cell = |axis: usize, place: usize, offset: usize| {
                    let padded = place * self.stride[axis] + offset;
                    padded.checked_sub(self.padding[axis][0]).filter(|&k| k < x[axis + 2])
                };
                if let (Some(row), Some(column)) = (cell(0, i, p), cell(1, j, q)) {
                    window.push([n, c, row, column]);
                }
            }
            f([n, c, i, j], &window);
        }
    }

    /// Calls `f` with each pooled cell (n, channel, row, column) and the cell of the picture that
    /// wins its window: the first largest in row-major order, a NaN before all, or none if the
    /// whole window is padding.
    pub(super) fn winners<T: Scalar>(
        &self, x: &ArrayView4<'_, T>, mut f: impl FnMut([usize; 4], Option<[usize; 4]>),
    ) {
        let wins = |here: [usize; 4], best: [usize; 4]| {
            x[here] > x[best] || x[here].is_nan() && !x[best].is_nan()
        };
        self.windows(x.dim().into(), |place, window| {
            let better = |best, &here: &[usize; 4]| match best {
                Some(best) if !wins(here, best) => Some(best),
                _ => Some(here),
            };
            f(place, window.iter().fold(None, better));
        });
    }
}

impl fmt::Display for Pooling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { window, stride, padding } = self;
        write!(f, "window {window:?}, stride {stride:?}, padding {padding:?}")
    }
}
