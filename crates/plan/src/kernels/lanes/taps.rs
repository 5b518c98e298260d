//! Sums of weights times runs of numbers, by a table of where both are.

#![allow(unsafe_code)]

use crate::kernels::Real;
use crate::kernels::vector::Vector;

/// C \[m, n\] = b + Σ A B, where each term is a column of A and a run of B, at the places that a table
/// tells. The columns of A, the runs of B and the rows of C lie side by side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taps<'a, T> {
    pub m: usize,
    pub n: usize,
    pub a: *const T,
    pub b: *const T,
    /// For each term, how far from `a` the column is, and how far from `b` the run.
    pub table: &'a [[isize; 2]],
    /// A number for each row.
    pub bias: Option<*const T>,
    pub c: *mut T,
    pub c_row: usize,
}

/// How many rows have their sums in registers at once, beside two registers of B, and beside four.
const ROWS: usize = 8;
const FEW_ROWS: usize = 6;

/// # Safety
///
/// All elements must be there, and C must not overlap A or B.
#[inline(always)]
pub(super) unsafe fn taps<T: Real, V: Vector<T>>(p: &Taps<'_, T>) {
    let most = V::ROWS.min(ROWS);
    let rows = p.m.div_ceil(p.m.div_ceil(most).max(1)).max(1);
    let wide = if V::ROWS > ROWS && rows <= FEW_ROWS { 4 } else { 2 };
    let mut j = 0;
    while j < p.n {
        let columns = (p.n - j).min(wide * V::LANES);
        let mut i = 0;
        while i < p.m {
            // SAFETY: by the caller's promise; the tile is within C.
            unsafe { tile_of_rows::<T, V>(p, i, j, rows.min(p.m - i), columns) };
            i += rows;
        }
        j += columns;
    }
}

/// # Safety
///
/// As [`taps`]; the tile must be within C.
#[inline(always)]
unsafe fn tile_of_rows<T: Real, V: Vector<T>>(
    p: &Taps<'_, T>, i: usize, j: usize, rows: usize, columns: usize,
) {
    macro_rules! rows {
        ($($m:literal)*) => {
            match rows {
                $($m if $m <= V::ROWS => {
                    // SAFETY: by the caller's promise.
                    unsafe {
                        match columns {
                            n if V::ROWS > ROWS && $m <= FEW_ROWS && n == 4 * V::LANES => {
                                tile::<T, V, $m, 4, false>(p, i, j, n);
                            }
                            n if V::ROWS > ROWS && $m <= FEW_ROWS && n > 2 * V::LANES => {
                                tile::<T, V, $m, 2, false>(p, i, j, 2 * V::LANES);
                                tile_of_two::<T, V, $m>(p, i, j + 2 * V::LANES, n - 2 * V::LANES);
                            }
                            n => tile_of_two::<T, V, $m>(p, i, j, n),
                        }
                    }
                })*
                _ => unreachable!("at most as many rows as there are registers for"),
            }
        };
    }
    rows!(1 2 3 4 5 6 7 8);
}

/// A tile of at most two registers of columns.
///
/// # Safety
///
/// As [`taps`]; the tile must be within C.
#[inline(always)]
unsafe fn tile_of_two<T: Real, V: Vector<T>, const M: usize>(
    p: &Taps<'_, T>, i: usize, j: usize, columns: usize,
) {
    // SAFETY: by the caller's promise.
    unsafe {
        match columns {
            n if n == 2 * V::LANES => tile::<T, V, M, 2, false>(p, i, j, n),
            n if n > V::LANES => tile::<T, V, M, 2, true>(p, i, j, n),
            n if n == V::LANES => tile::<T, V, M, 1, false>(p, i, j, n),
            n => tile::<T, V, M, 1, true>(p, i, j, n),
        }
    }
}

/// A tile of `M` rows and `N` registers, the last perhaps in part.
///
/// # Safety
///
/// As [`taps`]; the tile must be within C.
#[inline(always)]
unsafe fn tile<T: Real, V: Vector<T>, const M: usize, const N: usize, const PART: bool>(
    p: &Taps<'_, T>, i: usize, j: usize, columns: usize,
) {
    let last = columns - (N - 1) * V::LANES;
    let mut sums = [[V::splat(T::zero()); N]; M];
    // SAFETY: by the caller's promise, all of this is within A, B, C and the bias.
    unsafe {
        if let Some(bias) = p.bias {
            for (r, sums) in sums.iter_mut().enumerate() {
                *sums = [V::splat(*bias.add(i + r)); N];
            }
        }
        let (a, b) = (p.a.add(i), p.b.add(j));
        for &[a_offset, b_offset] in p.table {
            let (a, b) = (a.offset(a_offset), b.offset(b_offset));
            let row: [V; N] = std::array::from_fn(|register| {
                let from = b.add(register * V::LANES);
                match PART && register == N - 1 {
                    true => V::load_part(from, last),
                    false => V::load(from),
                }
            });
            for (r, sums) in sums.iter_mut().enumerate() {
                let x = V::splat(*a.add(r));
                sums.iter_mut().zip(row).for_each(|(sum, y)| *sum = x.mul_add(y, *sum));
            }
        }
        let c = p.c.add(i * p.c_row + j);
        for (r, sums) in sums.iter().enumerate() {
            for (register, sum) in sums.iter().enumerate() {
                let to = c.add(r * p.c_row + register * V::LANES);
                match PART && register == N - 1 {
                    true => sum.store_part(to, last),
                    false => sum.store(to),
                }
            }
        }
    }
}
