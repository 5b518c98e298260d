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
                    let from = self.from.add(j * from_row + i);
                    let mut block = [V::splat(T::zero()); MAX_LANES];
                    if rows == V::LANES && columns == V::LANES {
                        for (k, row) in block.iter_mut().enumerate().take(V::LANES) {
                            *row = V::load(from.add(k * from_row));
                        }
                        let to = self.to.add(i * to_row + j);
                        let columns = V::transpose(block);
                        for (k, column) in columns.iter().enumerate().take(V::LANES) {
                            column.store(to.add(k * to_row));
                        }
                        continue;
                    }
                    for (k, row) in block.iter_mut().enumerate().take(columns) {
                        *row = V::load_part(from.add(k * from_row), rows);
                    }
                    let to = self.to.add(i * to_row + j);
                    for (k, column) in V::transpose(block).into_iter().enumerate().take(rows) {
                        column.store_part(to.add(k * to_row), columns);
                    }
                }
            }
        }
    }
}
