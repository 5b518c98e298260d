//! Products of matrices.
//!
//! Two micro-kernels, each a tile of sums in registers. [`outer`] adds up columns of A times rows of
//! B, and wants the elements of B's rows to lie side by side. [`dot`] takes inner products of rows of
//! A with columns of B, and wants the elements of both to lie side by side. Neither moves anything;
//! what does is in [`turned`] and, for large matrices, [`packed`], which then use the first. In
//! [`tiny`] is what a single tile is enough for.
//!
//! Invariant: an element of C has the same bits however the rows and columns of C are divided.

#![allow(unsafe_code)]

use crate::kernels::vector::{MAX_LANES, Vector, for_each_isa};
use crate::kernels::{Isa, Real};

pub(crate) mod packed;
pub(crate) mod tiny;
pub(crate) mod turned;

/// C = A B, or a variant of it, for A \[m, k\], B \[k, n\] and C \[m, n\], whose rows lie side by side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product<T> {
    pub m: usize,
    pub n: usize,
    pub k: usize,
    pub a: *const T,
    pub a_row: usize,
    pub a_column: usize,
    pub b: *const T,
    /// The distance of the rows of B for [`outer`], of its columns for [`dot`].
    pub b_step: usize,
    /// Instead: where each row or column begins, if they are not equally far apart.
    pub b_table: Option<*const usize>,
    /// How many products are added up by [`dot`], and how far apart their operands are.
    pub times: usize,
    pub a_next: usize,
    pub b_next: usize,
    pub c: *mut T,
    pub c_row: usize,
    pub start: Start<T>,
}

/// What the sums are added to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start<T> {
    /// C = A B.
    Zero,
    /// C = b + A B with one row b for all.
    Bias(*const T),
    /// C = b + A B with one column b for all.
    Column(*const T),
    /// C = C + factor · A B.
    Add(T),
}

/// A kernel of products.
pub(crate) type Gemm<T> = unsafe fn(&Product<T>);

for_each_isa! {
    /// The kernel for rows of B that lie side by side.
    pub(crate) fn outer[T: Real] = outer_rows_of_b[T](p: &Product<T>);
}

for_each_isa! {
    /// The kernel for rows of A and columns of B that lie side by side.
    pub(crate) fn dot[T: Real] = dot_columns_of_b[T](p: &Product<T>);
}

for_each_isa! {
    /// How many rows a tile has at most, and how many numbers a register.
    pub(crate) fn tile[T: Real] = tile_body[T]() -> [usize; 2];
}

/// How many numbers a register has.
pub(crate) fn lanes<T: Real>(isa: Isa) -> usize {
    // SAFETY: it only tells the sizes of registers.
    unsafe { tile::<T>(isa)()[1] }
}

/// # Safety
///
/// None; it is a kernel to know the registers.
#[inline(always)]
unsafe fn tile_body<T: Real, V: Vector<T>>() -> [usize; 2] {
    [V::ROWS, V::LANES]
}

/// # Safety
///
/// As [`outer_body`].
#[inline(always)]
unsafe fn outer_rows_of_b<T: Real, V: Vector<T>>(p: &Product<T>) {
    // SAFETY: by the caller's promise.
    unsafe { outer_body::<T, V, false>(p) }
}

/// # Safety
///
/// As [`dot_body`].
#[inline(always)]
unsafe fn dot_columns_of_b<T: Real, V: Vector<T>>(p: &Product<T>) {
    // SAFETY: by the caller's promise.
    unsafe { dot_body::<T, V, false>(p) }
}

/// # Safety
///
/// All elements must be there, and C must not overlap A or B.
#[inline(always)]
pub(crate) unsafe fn outer_body<T: Real, V: Vector<T>, const TABLE: bool>(p: &Product<T>) {
    let rows = part(p.m, V::ROWS);
    // The first columns are those after which a register of C is a cache line; the places of a table
    // are at any cell.
    let wide = !TABLE && p.n >= WIDE * V::LANES;
    let ahead = match wide && p.c_row.is_multiple_of(V::LANES) {
        true => (p.c.addr() / size_of::<T>()).wrapping_neg() % V::LANES,
        false => 0,
    };
    let mut j = 0;
    while j < p.n {
        let columns = if j == 0 && ahead > 0 { V::LANES + ahead } else { 2 * V::LANES };
        let columns = columns.min(p.n - j);
        let mut i = 0;
        while i < p.m {
            // SAFETY: by the caller's promise; the tile is within C.
            unsafe { outer_rows::<T, V, TABLE>(p, i, j, rows.min(p.m - i), columns) };
            i += rows;
        }
        j += columns;
    }
}

/// A tile of so many rows.
///
/// # Safety
///
/// As [`outer_body`].
#[inline(always)]
unsafe fn outer_rows<T: Real, V: Vector<T>, const TABLE: bool>(
    p: &Product<T>, i: usize, j: usize, rows: usize, columns: usize,
) {
    macro_rules! rows {
        ($($n:literal)*) => {
            match rows {
                // SAFETY: by the caller's promise.
                $($n if $n <= V::ROWS => unsafe { outer_columns::<T, V, $n, TABLE>(p, i, j, columns) },)*
                _ => unreachable!("at most as many rows as there are registers for"),
            }
        };
    }
    rows!(1 2 3 4 5 6 7 8 9 10 11 12 13 14);
}

/// # Safety
///
/// As [`outer_body`].
#[inline(always)]
unsafe fn outer_columns<T: Real, V: Vector<T>, const M: usize, const TABLE: bool>(
    p: &Product<T>, i: usize, j: usize, columns: usize,
) {
    // SAFETY: by the caller's promise.
    unsafe {
        if columns == 2 * V::LANES {
            outer_tile::<T, V, M, 2, false, TABLE>(p, i, j, columns);
        } else if columns > V::LANES {
            outer_tile::<T, V, M, 2, true, TABLE>(p, i, j, columns);
        } else {
            outer_tile::<T, V, M, 1, true, TABLE>(p, i, j, columns);
        }
    }
}

/// A tile of `M` rows and `N` registers of columns, the last register perhaps in part.
///
/// # Safety
///
/// As [`outer_body`].
#[inline(always)]
unsafe fn outer_tile<
    T: Real,
    V: Vector<T>,
    const M: usize,
    const N: usize,
    const PART: bool,
    const TABLE: bool,
>(
    p: &Product<T>, i: usize, j: usize, columns: usize,
) {
    let table = p.b_table.unwrap_or(std::ptr::null());
    let last = columns - (N - 1) * V::LANES;
    let load = |from: *const T, register: usize| {
        // SAFETY: as many columns as there are.
        unsafe {
            let from = from.add(register * V::LANES);
            if PART && register == N - 1 { V::load_part(from, last) } else { V::load(from) }
        }
    };
    let store = |value: V, to: *mut T, register: usize| {
        // SAFETY: as many columns as there are.
        unsafe {
            let to = to.add(register * V::LANES);
            if PART && register == N - 1 { value.store_part(to, last) } else { value.store(to) }
        }
    };
    let mut sums = [[V::splat(T::zero()); N]; M];
    // SAFETY: by the caller's promise, all of this is within A, B and C.
    unsafe {
        if let Start::Bias(bias) = p.start {
            let bias: [V; N] = std::array::from_fn(|register| load(bias.add(j), register));
            sums = [bias; M];
        }
        if let Start::Column(bias) = p.start {
            for (r, sums) in sums.iter_mut().enumerate() {
                *sums = [V::splat(*bias.add(i + r)); N];
            }
        }
        let mut a = p.a.add(i * p.a_row);
        for l in 0..p.k {
            let begin = if TABLE { *table.add(l) } else { l * p.b_step };
            let b = p.b.add(begin + j);
            let row: [V; N] = std::array::from_fn(|register| load(b, register));
            for (r, sums) in sums.iter_mut().enumerate() {
                let x = V::splat(*a.add(r * p.a_row));
                for (sum, y) in sums.iter_mut().zip(row) {
                    *sum = x.mul_add(y, *sum);
                }
            }
            a = a.add(p.a_column);
        }
        let c = p.c.add(i * p.c_row + j);
        for (r, sums) in sums.iter().enumerate() {
            let c = c.add(r * p.c_row);
            for (register, &sum) in sums.iter().enumerate() {
                match p.start {
                    Start::Add(factor) => {
                        let old = load(c, register);
                        store(sum.mul_add(V::splat(factor), old), c, register);
                    }
                    _ => store(sum, c, register),
                }
            }
        }
    }
}

/// How many registers a row of C has if it is worth to begin at a cache line.
const WIDE: usize = 8;

/// `whole` in equal parts, of `most` at most.
#[inline(always)]
fn part(whole: usize, most: usize) -> usize {
    if whole <= most { whole.max(1) } else { whole.div_ceil(whole.div_ceil(most)) }
}

/// How many rows and columns a tile of inner products has at most.
const DOTS: usize = 5;

/// # Safety
///
/// All elements must be there, and C must not overlap A or B.
#[inline(always)]
pub(crate) unsafe fn dot_body<T: Real, V: Vector<T>, const TABLE: bool>(p: &Product<T>) {
    let most = if V::ROWS > DOTS * 2 { DOTS } else { 3 };
    let (rows, columns) = (part(p.m, most), part(p.n, most));
    // Some of the fewer stay in the nearest cache while all of the others pass by.
    let few_rows = p.m <= p.n;
    let [few, others] = if few_rows { [p.m, p.n] } else { [p.n, p.m] };
    let [few_step, others_step] = if few_rows { [rows, columns] } else { [columns, rows] };
    let mut s = 0;
    while s < few {
        let mut t = 0;
        while t < others {
            let (i, j) = if few_rows { (s, t) } else { (t, s) };
            // SAFETY: by the caller's promise; the tile is within C.
            unsafe { dot_rows::<T, V, TABLE>(p, i, j, rows.min(p.m - i), columns.min(p.n - j)) };
            t += others_step;
        }
        s += few_step;
    }
}

/// # Safety
///
/// As [`dot_body`].
#[inline(always)]
unsafe fn dot_rows<T: Real, V: Vector<T>, const TABLE: bool>(
    p: &Product<T>, i: usize, j: usize, rows: usize, columns: usize,
) {
    macro_rules! sizes {
        ($($m:literal: $($n:literal)*;)*) => {
            match (rows, columns) {
                // SAFETY: by the caller's promise.
                $($(($m, $n) => unsafe { dot_tile::<T, V, $m, $n, TABLE>(p, i, j) },)*)*
                _ => unreachable!("at most as many as there are registers for"),
            }
        };
    }
    sizes!(1: 1 2 3 4 5; 2: 1 2 3 4 5; 3: 1 2 3 4 5; 4: 1 2 3 4 5; 5: 1 2 3 4 5;);
}

/// A tile of inner products.
///
/// # Safety
///
/// As [`dot_body`].
#[inline(always)]
unsafe fn dot_tile<T: Real, V: Vector<T>, const M: usize, const N: usize, const TABLE: bool>(
    p: &Product<T>, i: usize, j: usize,
) {
    let mut sums = [[V::splat(T::zero()); N]; M];
    // SAFETY: by the caller's promise, all of this is within A, B and C.
    unsafe {
        let begin: [usize; N] = std::array::from_fn(|s| match p.b_table {
            Some(table) if TABLE => *table.add(j + s),
            _ => (j + s) * p.b_step,
        });
        for time in 0..p.times {
            let (a, b) = (p.a.add(i * p.a_row + time * p.a_next), p.b.add(time * p.b_next));
            let mut l = 0;
            while l + V::LANES <= p.k {
                let columns: [V; N] = std::array::from_fn(|s| V::load(b.add(begin[s] + l)));
                for (r, sums) in sums.iter_mut().enumerate() {
                    let x = V::load(a.add(r * p.a_row + l));
                    sums.iter_mut().zip(columns).for_each(|(sum, y)| *sum = x.mul_add(y, *sum));
                }
                l += V::LANES;
            }
            if l < p.k {
                let rest = p.k - l;
                let columns: [V; N] =
                    std::array::from_fn(|s| V::load_part(b.add(begin[s] + l), rest));
                for (r, sums) in sums.iter_mut().enumerate() {
                    let x = V::load_part(a.add(r * p.a_row + l), rest);
                    sums.iter_mut().zip(columns).for_each(|(sum, y)| *sum = x.mul_add(y, *sum));
                }
            }
        }
        if M == 1 && N <= V::LANES {
            let mut row = [V::splat(T::zero()); MAX_LANES];
            row[..N].copy_from_slice(&sums[0]);
            let (sums, c) = (V::sums(row), p.c.add(i * p.c_row + j));
            return match p.start {
                Start::Zero => sums.store_part(c, N),
                Start::Bias(bias) => V::load_part(bias.add(j), N).add(sums).store_part(c, N),
                Start::Column(bias) => V::splat(*bias.add(i)).add(sums).store_part(c, N),
                Start::Add(factor) => {
                    sums.mul_add(V::splat(factor), V::load_part(c, N)).store_part(c, N);
                }
            };
        }
        let mut totals = [T::zero(); (DOTS * DOTS).next_multiple_of(MAX_LANES)];
        let mut first = 0;
        while first < M * N {
            let mut some = [V::splat(T::zero()); MAX_LANES];
            let mut k = 0;
            while k < V::LANES && first + k < M * N {
                some[k] = sums[(first + k) / N][(first + k) % N];
                k += 1;
            }
            V::sums(some).store(totals.as_mut_ptr().add(first));
            first += V::LANES;
        }
        for (r, totals) in totals.chunks_exact(N).enumerate().take(M) {
            for (s, &total) in totals.iter().enumerate() {
                let c = p.c.add((i + r) * p.c_row + j + s);
                *c = match p.start {
                    Start::Zero => total,
                    Start::Bias(bias) => *bias.add(j + s) + total,
                    Start::Column(bias) => *bias.add(i + r) + total,
                    Start::Add(factor) => *c + factor * total,
                };
            }
        }
    }
}

#[cfg(test)]
mod tests;
