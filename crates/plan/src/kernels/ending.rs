//! Reductions at the end of a pass: of each tile while it is in the nearest cache.

#![allow(unsafe_code)]

use crate::arena::Memory;
use crate::kernels::pass::Operand;
use crate::kernels::reduce::Reduction;
use crate::kernels::{Isa, Real};
use crate::memory::Place;

/// A reduction of a value that a pass computes.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub kind: Reduction,
    pub from: Operand,
    /// The results; or where each part of the pass leaves a row of its own.
    pub to: Place,
    /// Three axes, of which the middle one is reduced.
    pub sizes: [usize; 3],
    pub isa: Isa,
}

/// Where a tile is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tile {
    /// Its first element, and how many there are.
    pub start: usize,
    pub n: usize,
    /// Whether it is the first of its part, and which part that is.
    pub first: bool,
    pub part: usize,
}

impl Ending {
    /// A tile must have a multiple of so many elements: all that is reduced to some results, or, where
    /// the outer axis has one place, as many as there are results.
    pub fn unit([outer, length, inner]: [usize; 3]) -> usize {
        if outer == 1 { inner } else { length * inner }
    }

    /// How many numbers each part of the pass leaves, if they are still to be reduced.
    pub fn left(&self) -> Option<usize> {
        (self.sizes[0] == 1).then_some(self.sizes[2])
    }

    /// Reduces the numbers at `x`, which are those of the tile.
    ///
    /// # Safety
    ///
    /// The numbers and the results must be there, and not overlap.
    pub unsafe fn run<T: Real>(&self, memory: &Memory<T>, x: *const T, tile: Tile) {
        let [outer, length, inner] = self.sizes;
        let Tile { start, n, first, part } = tile;
        // SAFETY: by the caller's promise, in all of this.
        unsafe {
            let (x, to) = (std::slice::from_raw_parts(x, n), memory.at(self.to));
            let (to, results, length) = match outer {
                1 => (to.add(part * inner), inner, n / inner),
                _ => (to.add(start / length), n / length, length),
            };
            let y = std::slice::from_raw_parts_mut(to, results);
            if first || outer > 1 {
                y.fill(self.kind.nothing());
            }
            self.kind.join(x, y, [length, inner], self.isa);
        }
    }
}
