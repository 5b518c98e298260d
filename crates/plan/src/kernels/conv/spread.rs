//! Cotangents of maps, arranged so that in a row all cells of a picture which meet one weight find
//! theirs side by side: between the rows are as many zeros that they are as long as the picture's.
//!
//! So what each row of a filter makes of each row of a map is a product of matrices; and a row of the
//! picture's cotangent is the sum over the filter's rows. As with the windows of the other direction,
//! what is made this way is as many times the picture as the filter has rows, not weights. Columns of
//! the padded picture a stride apart are a phase, and meet the same weights.
//!
//! Large maps are taken in bands, so that all of it stays in the second cache.

use std::ops::Range;

use super::geometry::{BAND, Geometry};
use crate::kernels::axis::Axis;
use crate::kernels::vector::MAX_LANES;

/// How the cotangents of a group's maps are arranged, and who meets whom.
#[derive(Clone, Debug)]
pub(super) struct Spread {
    /// How long rows are.
    pub width: usize,
    /// How many rows of maps a band has at most.
    pub height: usize,
    pub bands: Vec<Band>,
    /// The zeros before the cotangents of a map.
    pub lead: usize,
    pub phases: Vec<Phase>,
}

/// Rows of maps, and what becomes of what the filter's rows make of them.
#[derive(Clone, Debug)]
pub(super) struct Band {
    pub rows: Range<usize>,
    pub sums: Vec<Sum>,
    /// How far apart two terms of a sum are.
    pub step: isize,
}

/// What a band adds to a row of a picture.
#[derive(Clone, Debug)]
pub(super) struct Sum {
    pub row: usize,
    /// Where the first of the terms is in a channel's rows.
    pub from: usize,
    pub terms: usize,
}

/// Columns of the padded picture a stride apart.
#[derive(Clone, Debug)]
pub(super) struct Phase {
    /// For each pair of a filter's column that they meet and a map: that column, and the map.
    pub taps: Vec<[usize; 2]>,
    /// For each pair, where the cells see the map's cotangents from.
    pub table: Vec<usize>,
    /// Which are the picture's.
    pub inside: Range<usize>,
    /// The first of these in the picture.
    pub column: usize,
}

impl Spread {
    /// For these sizes, and numbers of so many bytes.
    pub fn new(g: &Geometry, bytes: usize) -> Self {
        let reach = (g.y[1] - 1) * g.stride[1] + g.reach(1) + 1;
        let width = reach.max(g.before[1] + g.x[1]).div_ceil(g.stride[1]);
        let most = (BAND / ((g.maps + g.channels * g.w[0]) * width * bytes)).max(1);
        let height = g.y[0].div_ceil(g.y[0].div_ceil(most));
        let lead = g.reach(1) / g.stride[1];
        let bands =
            (0..g.y[0]).step_by(height).map(|start| Band::new(g, start, [height, width])).collect();
        let mut spread = Self { width, height, bands, lead, phases: Vec::new() };
        let phases = (0..g.stride[1]).map(|start| spread.phase(g, start));
        spread.phases = phases.collect();
        spread
    }

    fn phase(&self, g: &Geometry, start: usize) -> Phase {
        let columns = (0..g.w[1]).filter(|q| q * g.dilation[1] % g.stride[1] == start);
        let taps = columns.flat_map(|q| (0..g.maps).map(move |o| [q, o]));
        let taps: Vec<_> = taps.collect();
        let place =
            |&[q, o]: &[usize; 2]| o * self.map() + self.lead - q * g.dilation[1] / g.stride[1];
        let table = taps.iter().map(place).collect();
        let inside = g.inside(1, start, self.width);
        let column = (start + inside.start * g.stride[1]).saturating_sub(g.before[1]);
        Phase { taps, table, inside, column }
    }

    /// The cells of a map's cotangents in a band, with zeros before and after.
    pub fn map(&self) -> usize {
        self.lead + self.height * self.width
    }

    /// How many cells are written for the maps of a group.
    pub fn room(&self, g: &Geometry) -> usize {
        g.maps * self.map() + MAX_LANES
    }

    /// How many cells the rows of filters make of a band, and a register's more that is read.
    pub fn made(&self, g: &Geometry) -> usize {
        g.channels * g.w[0] * self.height * self.width + MAX_LANES
    }
}

impl Band {
    /// So many rows of such a width from `start` on, or as many as there are.
    fn new(g: &Geometry, start: usize, [height, width]: [usize; 2]) -> Self {
        let rows = start..g.y[0].min(start + height);
        let top = start * g.stride[0];
        let first = top.saturating_sub(g.before[0]);
        // The first band writes all of the picture's rows, what follows adds to those that it meets.
        let end = match start {
            0 => g.x[0],
            _ => {
                let end = (rows.end - 1) * g.stride[0] + g.reach(0) + 1;
                end.saturating_sub(g.before[0]).min(g.x[0])
            }
        };
        let (cells, before) = (end.saturating_sub(first), g.before[0] + first - top);
        let [stride, dilation] = [g.stride[0], g.dilation[0]];
        let meets = Axis::adjoint(cells, g.w[0], rows.len(), before, stride, dilation);
        let sums = meets.runs.iter().flat_map(|run| (0..run.len).map(move |k| (run, k)));
        let sums = sums.map(|(run, k)| Sum {
            row: first + run.to + k,
            from: (run.tap * height + run.source + k) * width,
            terms: run.taps,
        });
        let sums = sums.collect();
        let step = (meets.tap_step * height) as isize + meets.source_step;
        Self { rows, sums, step: step * width as isize }
    }
}
