//! Transposes of matrices.

#![allow(unsafe_code)]

use crate::arena::Memory;
use crate::kernels::vector::{Job, MAX_LANES, Vector, run};
use crate::kernels::{Isa, Real};
use crate::memory::Place;

/// y\[i, j\] = x\[j, i\] for matrices whose rows lie side by side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub from: Place,
    pub from_row: usize,
    pub to: Place,
    pub to_row: usize,
    /// Rows and columns of the result.
    pub rows: usize,
    pub columns: usize,
    pub isa: Isa,
}

impl Turn {
    /// # Safety
    ///
    /// All elements must lie in `memory`, and those read must not overlap those written.
    pub unsafe fn run<T: Real>(&self, memory: &Memory<T>) {
        // SAFETY: by the caller's promise, here and in the job.
        unsafe {
            let (from, to) = (memory.at(self.from), memory.at(self.to));
            run(self.isa, &Blocks { shape: self, from, to });
        }
    }
}

struct Blocks<'a, T> {
    shape: &'a Turn,
    from: *const T,
    to: *mut T,
}

impl<T: Real> Job<T> for Blocks<'_, T> {
    /// # Safety
    ///
    /// As [`Turn::run`].
    #[inline(always)]
    unsafe fn run<V: Vector<T>>(&self) {
        let &Turn { from_row, to_row, rows, columns, .. } = self.shape;
        for j in (0..columns).step_by(V::LANES) {
            for i in (0..rows).step_by(V::LANES) {
                let (rows, columns) = ((rows - i).min(V::LANES), (columns - j).min(V::LANES));
                // SAFETY: by the caller's promise: a block of both matrices.
                unsafe {
                    let (from, to) = (self.from.add(j * from_row + i), self.to.add(i * to_row + j));
                    match rows {
                        _ if columns < V::LANES => {
                            part::<T, V>(from, from_row, to, to_row, [rows, columns]);
                        }
                        rows if rows == V::LANES => {
                            block::<T, V, MAX_LANES, true>(from, from_row, to, to_row, rows);
                        }
                        rows if rows > FEW => {
                            block::<T, V, MAX_LANES, false>(from, from_row, to, to_row, rows);
                        }
                        rows => block::<T, V, FEW, false>(from, from_row, to, to_row, rows),
                    }
                }
            }
        }
    }
}

/// Results of up to so many rows are made without the others.
const FEW: usize = 4;

/// A block of a register in each row of the result, of which there are at most `MOST`, or as many
/// as lanes if `WHOLE`.
///
/// # Safety
///
/// As [`Turn::run`].
#[inline(always)]
unsafe fn block<T: Real, V: Vector<T>, const MOST: usize, const WHOLE: bool>(
    from: *const T, from_row: usize, to: *mut T, to_row: usize, rows: usize,
) {
    // SAFETY: by the caller's promise.
    unsafe {
        let block: [V; MAX_LANES] = std::array::from_fn(|k| match k < V::LANES {
            true if WHOLE => V::load(from.add(k * from_row)),
            true => V::load_part(from.add(k * from_row), rows),
            false => V::splat(T::zero()),
        });
        let columns = V::transpose(block);
        for (k, column) in columns.iter().enumerate().take(MOST.min(V::LANES)) {
            if WHOLE || k < rows {
                column.store(to.add(k * to_row));
            }
        }
    }
}

/// A block that fills no register of the result.
///
/// # Safety
///
/// As [`Turn::run`].
#[inline(always)]
unsafe fn part<T: Real, V: Vector<T>>(
    from: *const T, from_row: usize, to: *mut T, to_row: usize, [rows, columns]: [usize; 2],
) {
    let mut block = [V::splat(T::zero()); MAX_LANES];
    // SAFETY: by the caller's promise.
    unsafe {
        for (k, row) in block.iter_mut().enumerate().take(columns) {
            *row = V::load_part(from.add(k * from_row), rows);
        }
        for (k, column) in V::transpose(block).into_iter().enumerate().take(rows) {
            column.store_part(to.add(k * to_row), columns);
        }
    }
}
