//! Sums over three nested loops of weights times runs of numbers.

#![allow(unsafe_code)]

use crate::kernels::Real;
use crate::kernels::vector::Vector;

/// C \[m, n\] = b + Σ A B, where the sum is over three nested loops, each with its own steps through
/// A and B. The columns of A, the runs of B and the rows of C lie side by side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taps<T> {
    pub m: usize,
    pub n: usize,
    pub a: *const T,
    pub b: *const T,
    /// Counts, steps through A and steps through B.
    pub loops: [(usize, isize, isize); 3],
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
pub(super) unsafe fn taps<T: Real, V: Vector<T>>(p: &Taps<T>) {
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
    p: &Taps<T>, i: usize, j: usize, rows: usize, columns: usize,
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
    p: &Taps<T>, i: usize, j: usize, columns: usize,
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
    p: &Taps<T>, i: usize, j: usize, columns: usize,
) {
    let last = columns - (N - 1) * V::LANES;
    let mut sums = [[V::splat(T::zero()); N]; M];
    let [outer, middle, inner] = p.loops;
    // SAFETY: by the caller's promise, all of this is within A, B, C and the bias.
    unsafe {
        if let Some(bias) = p.bias {
            for (r, sums) in sums.iter_mut().enumerate() {
                *sums = [V::splat(*bias.add(i + r)); N];
            }
        }
        let (mut a0, mut b0) = (p.a.add(i), p.b.add(j));
        for _ in 0..outer.0 {
            let (mut a1, mut b1) = (a0, b0);
            for _ in 0..middle.0 {
                let (mut a2, mut b2) = (a1, b1);
                for _ in 0..inner.0 {
                    let row: [V; N] = std::array::from_fn(|register| {
                        let from = b2.add(register * V::LANES);
                        match PART && register == N - 1 {
                            true => V::load_part(from, last),
                            false => V::load(from),
                        }
                    });
                    for (r, sums) in sums.iter_mut().enumerate() {
                        let x = V::splat(*a2.add(r));
                        sums.iter_mut().zip(row).for_each(|(sum, y)| *sum = x.mul_add(y, *sum));
                    }
                    (a2, b2) = (a2.wrapping_offset(inner.1), b2.wrapping_offset(inner.2));
                }
                (a1, b1) = (a1.wrapping_offset(middle.1), b1.wrapping_offset(middle.2));
            }
            (a0, b0) = (a0.wrapping_offset(outer.1), b0.wrapping_offset(outer.2));
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
