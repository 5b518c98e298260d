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
    /// How far apart two terms of a sum are.
    pub step: isize,
}

/// Rows of maps, and what becomes of what the filters' rows make of them.
#[derive(Clone, Debug)]
pub(super) struct Band {
    pub rows: Range<usize>,
    pub sums: Vec<Sum>,
}

/// What a band adds to a row of a picture.
#[derive(Clone, Debug)]
pub(super) struct Sum {
    pub row: usize,
    /// Where the first of the terms is in a channel's rows.
    pub from: usize,
    pub terms: usize,
    /// Whether it is added to what an earlier band has written.
    pub more: bool,
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
        // From one row of a filter to the next that meets the same row of a picture: so many rows of
        // the filter further down, and so many of the map further up.
        let common = gcd(g.stride[0], g.dilation[0]);
        let [down, up] = [g.stride[0] / common, g.dilation[0] / common];
        let step = (down * height * width) as isize - (up * width) as isize;
        let bands = (0..g.y[0]).step_by(height).map(|start| {
            let rows = start..g.y[0].min(start + height);
            let [top, end] = [start * g.stride[0], (rows.end - 1) * g.stride[0]];
            let sum = |row: usize| {
                let padded = row + g.before[0];
                let until = padded.checked_sub(top).map_or(0, |most| most / g.dilation[0] + 1);
                let first = padded.saturating_sub(end).div_ceil(g.dilation[0]);
                let shifts = (first..until.min(g.w[0])).map(|p| (p, padded - p * g.dilation[0]));
                let mut terms = shifts.filter(|(_, shift)| shift % g.stride[0] == 0).peekable();
                let at = |&(p, shift): &(usize, usize)| p * height + shift / g.stride[0] - start;
                let from = terms.peek().map_or(0, at) * width;
                Sum { row, from, terms: terms.count(), more: start > 0 }
            };
            let met =
                top.saturating_sub(g.before[0])..(end + g.reach(0) + 1).saturating_sub(g.before[0]);
            // The first band writes all rows.
            let met = if start == 0 { 0..g.x[0] } else { met.start..met.end.min(g.x[0]) };
            let sums = met.map(sum).filter(|sum| start == 0 || sum.terms > 0).collect();
            Band { rows, sums }
        });
        let bands = bands.collect();
        let mut spread = Self { width, height, bands, lead, phases: Vec::new(), step };
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

/// The greatest common divisor.
fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
