//! Element-wise operations fused into one pass over their elements.
//!
//! The elements are taken a tile at a time, small enough that what one operation leaves for the
//! next stays in the nearest cache.

#![allow(unsafe_code)]

use std::ops::Range;

use crate::arena::Memory;
use crate::kernels::cost::share;
use crate::kernels::ending::{Ending, Tile};
use crate::kernels::{Map1, Map2, Map3, Real};
use crate::memory::{Place, REGISTERS};
use crate::net::Sizes;
use crate::view::extent;

/// Operations over the same elements, one after the other for each tile.
#[derive(Clone, Debug)]
pub(crate) struct Pass<T> {
    pub len: usize,
    pub tile: usize,
    /// How many parts of whole tiles it is worth to divide it into.
    pub parts: usize,
    /// Operands in another arrangement, brought into step before the operations.
    pub loads: Vec<Load>,
    pub code: Vec<Instruction<T>>,
    /// What is reduced of what the operations made.
    pub endings: Vec<Ending>,
}

/// An operand of an operation, or its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operand {
    pub place: Place,
    /// 1 if it has a number for each element, 0 if it is a register or a single number.
    pub moves: usize,
}

/// One operation.
#[derive(Clone, Debug)]
pub(crate) enum Instruction<T> {
    One(Map1<T>, Operand, Operand),
    Two(Map2<T>, [Operand; 2], Operand),
    Three(Map3<T>, [Operand; 3], Operand),
}

/// What is read at other places than it is used: repeated, transposed, or a part of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    pub from: Place,
    pub sizes: Sizes,
    pub strides: Sizes,
    /// The register that it fills, as an offset.
    pub register: usize,
    /// Whether every tile reads the same numbers.
    pub once: bool,
}

impl<T> Instruction<T> {
    /// Calls `f` with what is read.
    pub fn reads(&mut self, f: impl FnMut(&mut Operand)) {
        match self {
            Instruction::One(_, x, _) => std::slice::from_mut(x).iter_mut().for_each(f),
            Instruction::Two(_, x, _) => x.iter_mut().for_each(f),
            Instruction::Three(_, x, _) => x.iter_mut().for_each(f),
        }
    }

    /// What is written.
    pub fn writes(&mut self) -> &mut Operand {
        match self {
            Instruction::One(_, _, y) | Instruction::Two(_, _, y) | Instruction::Three(_, _, y) => {
                y
            }
        }
    }

    /// Calls `f` with all that is read and written.
    pub fn operands(&mut self, mut f: impl FnMut(&mut Operand)) {
        self.reads(&mut f);
        f(self.writes());
    }
}

impl<T: Real> Pass<T> {
    /// Runs the operations.
    ///
    /// # Safety
    ///
    /// All places must lie in `memory`, with `len` elements where they move.
    pub unsafe fn run(&self, memory: &Memory<T>) {
        // What is reduced is reduced for each part, so that the bits are those of threads.
        let parts = if self.endings.is_empty() { 1 } else { self.parts };
        for part in 0..parts {
            // SAFETY: by the caller's promise.
            unsafe { self.tiles(memory, self.elements(parts, part), 0, part) };
        }
    }

    /// Runs the operations on a part of the elements.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run), and the registers must have a row for the part.
    pub unsafe fn run_part(&self, memory: &Memory<T>, part: usize) {
        // SAFETY: by the caller's promise.
        unsafe { self.tiles(memory, self.elements(self.parts, part), part * memory.row, part) };
    }

    /// How many numbers its registers hold.
    pub fn registers(&self) -> usize {
        let mut end = 0;
        let mut reach = |register: usize| end = end.max(register + self.tile.next_multiple_of(16));
        self.loads.iter().for_each(|load| reach(load.register));
        for mut instruction in self.code.iter().cloned() {
            instruction.operands(|x| {
                if x.place.base == REGISTERS {
                    reach(x.place.offset);
                }
            });
        }
        end
    }

    /// Leaves so many numbers before its registers to others.
    pub fn shift(&mut self, by: usize) {
        self.loads.iter_mut().for_each(|load| load.register += by);
        for instruction in &mut self.code {
            instruction.operands(|x| {
                if x.place.base == REGISTERS {
                    x.place.offset += by;
                }
            });
        }
    }

    /// The elements of one of some parts.
    fn elements(&self, parts: usize, part: usize) -> Range<usize> {
        let Range { start, end } = share(self.len.div_ceil(self.tile), parts, part);
        start * self.tile..(end * self.tile).min(self.len)
    }

    /// Runs the operations on these elements, with the registers that begin at `row`. If something is
    /// reduced, the first element must begin a tile.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run), and there must be such registers.
    pub unsafe fn tiles(
        &self, memory: &Memory<T>, elements: Range<usize>, row: usize, part: usize,
    ) {
        let mut start = elements.start;
        while start < elements.end {
            let n = self.tile.min(elements.end - start);
            for load in self.loads.iter().filter(|load| start == elements.start || !load.once) {
                // SAFETY: by the caller's promise.
                unsafe { load.run(memory, start, n, row) };
            }
            let at = |x: &Operand| {
                let further = if x.place.base == REGISTERS { row } else { start * x.moves };
                // SAFETY: by the caller's promise; `start` is less than the length.
                unsafe { memory.at(x.place).add(further) }
            };
            for instruction in &self.code {
                // SAFETY: by the caller's promise; `n` elements follow each place that moves, and a
                // register has room for a tile.
                unsafe {
                    match instruction {
                        Instruction::One(f, x, y) => f(at(x), at(y), n),
                        Instruction::Two(f, [a, b], y) => f(at(a), at(b), at(y), n),
                        Instruction::Three(f, [a, b, c], y) => f(at(a), at(b), at(c), at(y), n),
                    }
                }
            }
            let tile = Tile { start, n, first: start == elements.start, part };
            for ending in &self.endings {
                // SAFETY: by the caller's promise; the numbers have just been computed.
                unsafe { ending.run(memory, at(&ending.from), tile) };
            }
            start += n;
        }
    }
}

impl Load {
    /// How many numbers lie from the first that is read to the last.
    pub fn extent(&self) -> usize {
        extent(&self.sizes, &self.strides)
    }

    /// Fills the register, in the row that begins at `row`, with the elements from `start` on.
    ///
    /// # Safety
    ///
    /// All elements of the view must lie in `memory`.
    pub unsafe fn run<T: Real>(&self, memory: &Memory<T>, start: usize, n: usize, row: usize) {
        // SAFETY: by the caller's promise, also below.
        let (from, to) = unsafe {
            let offset = row + self.register;
            (memory.at(self.from), memory.at(Place { base: REGISTERS, offset }))
        };
        let (Some((&length, outer)), Some((&stride, outer_strides))) =
            (self.sizes.split_last(), self.strides.split_last())
        else {
            // SAFETY: a single number.
            return unsafe { repeat(from, to, n) };
        };
        let (mut done, mut column, mut row) = (0, start % length, start / length);
        while done < n {
            let run = (length - column).min(n - done);
            let offset = row_offset(outer, outer_strides, row);
            // SAFETY: a run within a row of the view, and within the register.
            unsafe {
                let (from, to) = (from.add(offset + column * stride), to.add(done));
                match stride {
                    0 => repeat(from, to, run),
                    1 => copy_short(from, to, run),
                    _ => (0..run).for_each(|k| *to.add(k) = *from.add(k * stride)),
                }
            }
            (done, column, row) = (done + run, 0, row + 1);
        }
    }
}

/// Where a row of a view begins.
pub(crate) fn row_offset(sizes: &[usize], strides: &[usize], mut row: usize) -> usize {
    match (sizes, strides) {
        ([], _) => 0,
        (_, [stride]) => row * stride,
        _ => {
            let mut offset = 0;
            for (size, stride) in sizes.iter().zip(strides).rev() {
                offset += row % size * stride;
                row /= size;
            }
            offset
        }
    }
}

/// # Safety
///
/// `from` must be readable, `n` elements from `to` on writable.
unsafe fn repeat<T: Copy>(from: *const T, to: *mut T, n: usize) {
    // SAFETY: by the caller's promise.
    unsafe {
        let value = *from;
        (0..n).for_each(|k| *to.add(k) = value);
    }
}

/// A copy without a call for the few elements that rows often have.
///
/// # Safety
///
/// `n` elements must be readable and writable, and must not overlap.
unsafe fn copy_short<T: Copy>(from: *const T, to: *mut T, n: usize) {
    // SAFETY: by the caller's promise.
    unsafe {
        match n {
            0..8 => (0..n).for_each(|k| *to.add(k) = *from.add(k)),
            _ => std::ptr::copy_nonoverlapping(from, to, n),
        }
    }
}
