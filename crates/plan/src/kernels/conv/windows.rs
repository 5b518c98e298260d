//! Pictures, arranged so that all cells which one weight meets lie side by side.
//!
//! For each column of a filter there is a copy of the picture which begins at that column, has every
//! stride-th of those after it, and whose rows are as long as a map's. So what a weight meets in rows
//! of places is one piece of memory, as the places of a map are. The copies are as many as a filter
//! has columns, not weights.
//!
//! Large pictures are taken in bands of rows, so that the copies stay in the second cache. For a single
//! row of places, one copy serves all columns.

#![allow(unsafe_code)]

use std::ops::Range;

use super::cells::{spread, zeros};
use super::geometry::{BAND, Geometry};
use crate::kernels::Real;
use crate::kernels::vector::{MAX_LANES, Vector};

/// How the copies of a group's picture are arranged.
#[derive(Clone, Debug)]
pub(super) struct Windows {
    /// Where each weight of a filter begins to see them.
    pub table: Vec<usize>,
    /// Their cells, of a band: none if the picture itself is arranged like this.
    pub size: usize,
    /// How many rows of places a band has at most.
    band: usize,
    /// How many cells of the picture, a stride apart, are beside each other, and how many rows of
    /// these, a stride apart, below each other.
    width: usize,
    height: usize,
    /// Where the copies' columns come from.
    columns: Vec<Columns>,
    /// How many times rows are taken, begun one further each time, until all of a stride are there.
    phases: usize,
}

/// The columns of a copy that come from the picture; the others are padding.
#[derive(Clone, Debug)]
struct Columns {
    to: Range<usize>,
    /// Which column of the picture is the first.
    from: usize,
}

impl Windows {
    /// For numbers of so many bytes.
    pub fn new(g: &Geometry, bytes: usize) -> Self {
        let [stride, dilation, reach] = [g.stride[1], g.dilation[1], g.reach(1)];
        let phases = g.stride[0].min(g.reach(0) + 1);
        let more = g.reach(0) / g.stride[0];
        // How many rows of places fit, with so many copies of such a width.
        let fits = |[copies, width]: [usize; 2]| {
            (BAND / (g.channels * copies * phases * width * bytes).max(1)).saturating_sub(more)
        };
        let by_column = [g.w[1], g.y[1]];
        // Of a single row of places there need only be copies for each start of a stride.
        let by_start = [stride.min(reach + 1), g.y[1] + reach / stride];
        let single = g.y[0] == 1 || fits(by_column) < 2;
        let [copies, width] = if single { by_start } else { by_column };
        let columns = (0..copies).map(|copy| {
            let first = if single { copy } else { copy * dilation };
            let to = g.inside(1, first, width);
            let from = (first + to.start * stride).saturating_sub(g.before[1]);
            Columns { to, from }
        });
        // For a column of the filter, its copy, and where it begins in it.
        let column = |q: usize| match single {
            true => (q * dilation % stride, q * dilation / stride),
            false => (q, 0),
        };
        let is_picture = (g.y[0] == 1 || reach == 0)
            && g.stride == [1, 1]
            && g.before == [0, 0]
            && copies == 1
            && width == g.x[1]
            && g.y[0] + more <= g.x[0];
        let band = match fits(by_column) {
            _ if is_picture => g.y[0],
            _ if single => 1,
            most => g.y[0].div_ceil(g.y[0].div_ceil(most)),
        };
        let height = if is_picture { g.x[0] } else { band + more };
        let copy = height * width;
        let table = (0..g.channels).flat_map(|c| {
            (0..g.w[0]).flat_map(move |p| {
                (0..g.w[1]).map(move |q| {
                    let (shift, (number, begin)) = (p * g.dilation[0], column(q));
                    let (phase, row) = (shift % g.stride[0], shift / g.stride[0]);
                    ((c * copies + number) * phases + phase) * copy + row * width + begin
                })
            })
        });
        let size = if is_picture { 0 } else { g.channels * copies * phases * copy };
        let (table, columns) = (table.collect(), columns.collect());
        Self { table, size, band, width, height, columns, phases }
    }

    /// The rows of places, band by band.
    pub fn bands(&self, g: &Geometry) -> impl Iterator<Item = Range<usize>> + use<> {
        let (rows, band) = (g.y[0], self.band);
        (0..rows).step_by(band).map(move |first| first..rows.min(first + band))
    }

    /// How many cells are written for so many pictures' copies.
    pub fn room(&self, pictures: usize) -> usize {
        if self.size == 0 { 0 } else { pictures * self.size + self.width + MAX_LANES }
    }

    /// What a group's picture is seen as in the places of the band that begins with a row: the picture
    /// itself, or copies at `to`.
    ///
    /// # Safety
    ///
    /// As [`Conv::run`](super::Conv::run); the arrays have as many elements, and there is
    /// [`room`](Self::room) for the copies.
    #[inline(always)]
    pub unsafe fn of<T: Real, V: Vector<T>>(
        &self, g: &Geometry, x: *const T, row: usize, to: *mut T,
    ) -> *const T {
        if self.size == 0 {
            // SAFETY: by the caller's promise, within the picture.
            return unsafe { x.add(row * g.x[1]) };
        }
        let size = self.height * self.width;
        let mut copy = to;
        for (c, columns) in (0..g.channels).flat_map(|c| self.columns.iter().map(move |k| (c, k))) {
            for first in (0..self.phases).map(|phase| row * g.stride[0] + phase) {
                let rows = match columns.to.is_empty() {
                    true => 0..0,
                    false => g.inside(0, first, self.height),
                };
                let row = (first + rows.start * g.stride[0]).saturating_sub(g.before[0]);
                let from = x.wrapping_add((c * g.x[0] + row) * g.x[1] + columns.from);
                let begin = rows.start * self.width + columns.to.start;
                let end = begin + rows.len() * self.width;
                let cells = [rows.len(), columns.to.len()];
                // SAFETY: by the caller's promise, within the arrays. What is written too far is written
                // again, or is in the room for it.
                unsafe {
                    zeros::<T, V>(copy, begin);
                    let steps = [g.stride[0] * g.x[1], g.stride[1]];
                    spread::<T, V>(from, steps, copy.add(begin), self.width, cells);
                    zeros::<T, V>(copy.add(end), size.saturating_sub(end));
                    copy = copy.add(size);
                }
            }
        }
        to
    }
}
