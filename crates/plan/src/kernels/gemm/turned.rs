//! Matrices that must be turned before they can be multiplied: the elements of B's columns lie side
//! by side, and its rows' should.

#![allow(unsafe_code)]

use super::{Product, Start, outer_body};
use crate::kernels::Real;
use crate::kernels::vector::{MAX_LANES, Vector, for_each_isa};

/// C = A B, or a variant of it, for A \[m, k\], B \[k, n\] and C \[m, n\], whose rows' elements lie
/// side by side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strided<T> {
    pub m: usize,
    pub n: usize,
    pub k: usize,
    pub a: *const T,
    pub a_row: usize,
    pub a_column: usize,
    pub b: *const T,
    pub b_row: usize,
    pub b_column: usize,
    pub c: *mut T,
    pub c_row: usize,
    pub start: Start<T>,
    /// Memory in which matrices are arranged anew, as much as the kernel wants.
    pub room: *mut T,
}

for_each_isa! {
    /// The kernel for columns of B that lie side by side: it turns B, as a whole.
    pub(crate) fn turned[T: Real] = turned_body[T](p: &Strided<T>);
}

/// How many numbers B takes when it is turned.
pub(crate) fn room<T>(n: usize, k: usize) -> usize {
    k * turned_row::<T>(n)
}

/// The distance of the rows of B when it is turned. Rows that are far apart by a power of two would
/// drive each other out of the cache.
fn turned_row<T>(n: usize) -> usize {
    let row = n.next_multiple_of(MAX_LANES);
    if (row * size_of::<T>()).is_multiple_of(2048) { row + MAX_LANES } else { row }
}

/// # Safety
///
/// All elements must be there, C and the room overlap nothing.
#[inline(always)]
unsafe fn turned_body<T: Real, V: Vector<T>>(p: &Strided<T>) {
    let Strided { m, n, k, a, a_row, a_column, c, c_row, start, .. } = *p;
    let row = turned_row::<T>(n);
    let mut j = 0;
    while j < n {
        let some = V::LANES.min(n - j);
        // SAFETY: by the caller's promise.
        unsafe { turn::<T, V>(p.b.add(j * p.b_column), p.b_column, [some, k], p.room.add(j), row) };
        j += V::LANES;
    }
    let product = Product {
        m,
        n,
        k,
        a,
        a_row,
        a_column,
        b: p.room,
        b_step: row,
        b_table: None,
        times: 1,
        a_next: 0,
        b_next: 0,
        c,
        c_row,
        start,
    };
    // SAFETY: by the caller's promise.
    unsafe { outer_body::<T, V, false>(&product) }
}

/// The columns of `n` ≤ `LANES` rows of so many numbers, each written as a whole register, with zeros
/// for the rows that are not there.
///
/// # Safety
///
/// The rows must be there, and a register's room for each column.
#[inline(always)]
pub(super) unsafe fn turn<T: Real, V: Vector<T>>(
    from: *const T, row: usize, [n, length]: [usize; 2], to: *mut T, step: usize,
) {
    let mut l = 0;
    while l < length {
        let part = V::LANES.min(length - l);
        let mut rows = [V::splat(T::zero()); MAX_LANES];
        // SAFETY: by the caller's promise.
        unsafe {
            if part == V::LANES && n == V::LANES {
                for (i, register) in rows.iter_mut().enumerate().take(V::LANES) {
                    *register = V::load(from.add(i * row + l));
                }
                let columns = V::transpose(rows);
                for (i, column) in columns.iter().enumerate().take(V::LANES) {
                    column.store(to.add((l + i) * step));
                }
            } else {
                for (i, register) in rows.iter_mut().enumerate().take(n) {
                    *register = V::load_part(from.add(i * row + l), part);
                }
                let columns = V::transpose(rows);
                for (i, column) in columns.iter().enumerate().take(part) {
                    column.store(to.add((l + i) * step));
                }
            }
        }
        l += part;
    }
}
