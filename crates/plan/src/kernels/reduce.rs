//! Sums and maxima, and what softmax needs of rows.

#![allow(unsafe_code)]

use crate::arena::Memory;
use crate::kernels::{Fun1, Isa, Map1, Numerics, Real, map1};
use crate::memory::Place;

/// A reduction of the middle one of three axes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reduce {
    pub kind: Reduction,
    pub from: Place,
    pub to: Place,
    pub outer: usize,
    pub length: usize,
    pub inner: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reduction {
    Sum,
    /// NaN where there is one.
    Max,
}

impl Reduce {
    /// # Safety
    ///
    /// The operand and the result must lie in `memory` and not overlap.
    pub unsafe fn run<T: Real>(&self, memory: &Memory<T>) {
        let Self { kind, from, to, outer, length, inner } = *self;
        // SAFETY: by the caller's promise.
        let (x, y) = unsafe {
            let x = std::slice::from_raw_parts(memory.at(from), outer * length * inner);
            (x, std::slice::from_raw_parts_mut(memory.at(to), outer * inner))
        };
        let start = match kind {
            Reduction::Sum => T::zero(),
            Reduction::Max => T::neg_infinity(),
        };
        if length * inner == 0 {
            return y.fill(start);
        }
        let parts = x.chunks_exact(length * inner);
        if inner == 1 {
            for (x, y) in parts.zip(y) {
                *y = match kind {
                    Reduction::Sum => sum(x),
                    Reduction::Max => x.iter().fold(start, |y, &x| larger(y, x)),
                };
            }
            return;
        }
        for (part, y) in parts.zip(y.chunks_exact_mut(inner)) {
            y.fill(start);
            for row in part.chunks_exact(inner) {
                match kind {
                    Reduction::Sum => y.iter_mut().zip(row).for_each(|(y, &x)| *y += x),
                    Reduction::Max => y.iter_mut().zip(row).for_each(|(y, &x)| *y = larger(*y, x)),
                }
            }
        }
    }
}

fn larger<T: Real>(y: T, x: T) -> T {
    if x > y || x.is_nan() { x } else { y }
}

/// The sum, in an order that depends on the length alone.
fn sum<T: Real>(x: &[T]) -> T {
    const LANES: usize = 16;
    let mut lanes = [T::zero(); LANES];
    let chunks = x.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, &x)| *lane += x);
    }
    lanes.iter_mut().zip(rest).for_each(|(lane, &x)| *lane += x);
    let mut width = LANES / 2;
    while width > 0 {
        (0..width).for_each(|k| lanes[k] = lanes[k] + lanes[k + width]);
        width /= 2;
    }
    lanes[0]
}

/// Softmax, its logarithm, or log-sum-exp along the last of two axes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<T> {
    kind: RowKind,
    from: Place,
    to: Place,
    rows: usize,
    length: usize,
    exp: Map1<T>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowKind {
    Softmax,
    LogSoftmax,
    LogSumExp,
}

impl<T: Real> Rows<T> {
    pub fn new(kind: RowKind, from: Place, to: Place, [rows, length]: [usize; 2], isa: Isa) -> Self {
        Self { kind, from, to, rows, length, exp: map1(Fun1::Exp, isa, Numerics::Fast) }
    }

    /// # Safety
    ///
    /// The operand and the result must lie in `memory` and not overlap.
    pub unsafe fn run(&self, memory: &Memory<T>) {
        // SAFETY: by the caller's promise.
        let (x, y) = unsafe { (memory.at(self.from), memory.at(self.to)) };
        for row in 0..self.rows {
            // SAFETY: within the operand.
            let x = unsafe { std::slice::from_raw_parts(x.add(row * self.length), self.length) };
            let largest = x.iter().fold(T::neg_infinity(), |largest, &x| largest.max(x));
            if self.kind == RowKind::LogSumExp {
                // SAFETY: within the result.
                unsafe { *y.add(row) = self.log_sum_exp(x, largest) };
                continue;
            }
            // SAFETY: within the result.
            let y = unsafe { std::slice::from_raw_parts_mut(y.add(row * self.length), self.length) };
            y.iter_mut().zip(x).for_each(|(y, &x)| *y = x - largest);
            match self.kind {
                RowKind::Softmax => {
                    // SAFETY: in place, over all of the row.
                    unsafe { (self.exp)(y.as_ptr(), y.as_mut_ptr(), y.len()) };
                    let total = sum(y);
                    y.iter_mut().for_each(|y| *y /= total);
                }
                _ => {
                    let log_sum = self.sum_of_exponentials(y, T::zero()).ln();
                    y.iter_mut().for_each(|y| *y -= log_sum);
                }
            }
        }
    }

    fn log_sum_exp(&self, x: &[T], largest: T) -> T {
        if largest.is_infinite() {
            return x.iter().fold(largest, |y, &x| if x.is_nan() { x } else { y });
        }
        largest + self.sum_of_exponentials(x, largest).ln()
    }

    /// Σ e^(x − largest), a piece at a time.
    fn sum_of_exponentials(&self, x: &[T], largest: T) -> T {
        let mut piece = [T::zero(); 64];
        let mut total = T::zero();
        for x in x.chunks(piece.len()) {
            let piece = &mut piece[..x.len()];
            piece.iter_mut().zip(x).for_each(|(y, &x)| *y = x - largest);
            // SAFETY: in place, over all of the piece.
            unsafe { (self.exp)(piece.as_ptr(), piece.as_mut_ptr(), piece.len()) };
            total += sum(piece);
        }
        total
    }
}
