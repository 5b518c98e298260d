//! Products of large matrices.
//!
//! A and B are taken in blocks that stay in the caches. Of B they are rearranged into panels of two
//! registers' columns, which the innermost loop reads from one end to the other. Of A it reads one
//! number of each of a tile's rows after the other, so rows are only copied to where they do not
//! drive each other out of the cache; columns become panels, a tile's rows side by side. What belongs
//! to C is summed up block after block in C itself, which is why blocks are deep: C is the one that
//! comes from afar each time.
//!
//! Invariant: how the depth is cut into blocks follows from the depth alone, and within a block one
//! product is added after the other. So an element of C has the same bits however the rows and
//! columns of C are divided.

#![allow(unsafe_code)]

use super::turned::{Strided, turn};
use super::{Product, Start, outer_rows, part};
use crate::kernels::Real;
use crate::kernels::vector::{MAX_LANES, Vector, for_each_isa};

for_each_isa! {
    /// The kernel for large matrices: of A and of B, either the rows' or the columns' elements lie
    /// side by side.
    pub(crate) fn packed[T: Real] = packed_body[T](p: &Strided<T>);
}

for_each_isa! {
    /// How many numbers the panels of a product of these sizes take.
    pub(crate) fn panels[T: Real] = panels_body[T](m: usize, n: usize, k: usize) -> usize;
}

/// How many numbers of a row of A, or a column of B, are in a block at most.
const DEPTH: usize = 1024;
/// How many bytes of a row of B are in a block at most.
const WIDTH_BYTES: usize = 4096;
/// How many bytes of A are in a block at most, about.
const A_BYTES: usize = 512 << 10;

/// How many tiles' rows of A are in a block at most.
#[inline(always)]
fn tiles<T: Real, V: Vector<T>>() -> usize {
    A_BYTES / (DEPTH * V::ROWS * size_of::<T>())
}

/// How far apart the rows of A are in a block. A register's worth too much is written behind each.
#[inline(always)]
fn row_of_a<T: Real, V: Vector<T>>(depth: usize) -> usize {
    depth.next_multiple_of(V::LANES) + V::LANES
}

/// # Safety
///
/// None; it is a kernel to know the registers.
#[inline(always)]
unsafe fn panels_body<T: Real, V: Vector<T>>(m: usize, n: usize, k: usize) -> usize {
    let [rows, columns] = [m.min(tiles::<T, V>() * V::ROWS), n.min(WIDTH_BYTES / size_of::<T>())];
    let depth = k.min(DEPTH);
    let b = depth * columns.next_multiple_of(2 * V::LANES);
    (row_of_a::<T, V>(depth) * rows).next_multiple_of(MAX_LANES) + b
}

/// # Safety
///
/// All elements must be there, and C and the panels overlap nothing.
#[inline(always)]
unsafe fn packed_body<T: Real, V: Vector<T>>(p: &Strided<T>) {
    let depth = part(p.k, DEPTH);
    let rows = part(p.m, V::ROWS);
    let height = rows * part(p.m.div_ceil(rows), tiles::<T, V>());
    let columns = 2 * V::LANES;
    let width = columns * part(p.n.div_ceil(columns), WIDTH_BYTES / size_of::<T>() / columns);
    let a_panels = p.room;
    // SAFETY: all of it is within the matrices and the panels.
    unsafe {
        let a_room = row_of_a::<T, V>(depth) * height.min(p.m);
        let b_panels = p.room.add(a_room.next_multiple_of(MAX_LANES));
        for j in (0..p.n).step_by(width) {
            let width = width.min(p.n - j);
            for l in (0..p.k).step_by(depth) {
                let depth = depth.min(p.k - l);
                let b = p.b.add(l * p.b_row + j * p.b_column);
                pack_b::<T, V>(b, [p.b_row, p.b_column], [depth, width], b_panels);
                let start = match p.start {
                    Start::Bias(bias) if l == 0 => Start::Bias(bias.add(j)),
                    Start::Column(bias) if l == 0 => Start::Column(bias),
                    Start::Zero if l > 0 => Start::Add(T::one()),
                    Start::Bias(_) | Start::Column(_) => Start::Add(T::one()),
                    start => start,
                };
                for i in (0..p.m).step_by(height) {
                    let height = height.min(p.m - i);
                    let a = p.a.add(i * p.a_row + l * p.a_column);
                    pack_a::<T, V>(a, [p.a_row, p.a_column], [height, depth], rows, a_panels);
                    let row_of_a = row_of_a::<T, V>(depth);
                    for s in (0..width).step_by(columns) {
                        let start = match start {
                            Start::Bias(bias) => Start::Bias(bias.add(s)),
                            start => start,
                        };
                        for r in (0..height).step_by(rows) {
                            let start = match start {
                                Start::Column(bias) => Start::Column(bias.add(i + r)),
                                start => start,
                            };
                            let m = rows.min(height - r);
                            let [a_row, a_column] =
                                if p.a_column == 1 { [row_of_a, 1] } else { [1, m] };
                            let n = columns.min(width - s);
                            let tile = Product {
                                m,
                                n,
                                k: depth,
                                a: a_panels.add(r * if p.a_column == 1 { a_row } else { depth }),
                                a_row,
                                a_column,
                                b: b_panels.add(s * depth),
                                b_step: columns,
                                b_table: None,
                                times: 1,
                                a_next: 0,
                                b_next: 0,
                                c: p.c.add((i + r) * p.c_row + j + s),
                                c_row: p.c_row,
                                start,
                            };
                            outer_rows::<T, V, false>(&tile, 0, 0, m, n);
                        }
                    }
                }
            }
        }
    }
}

/// The rows of A, [`row_of_a`] apart; or, if the columns' numbers lie side by side, panels of so many
/// rows: one column after the other, the rows' numbers side by side.
///
/// # Safety
///
/// All elements must be there, and room for the rows.
#[inline(always)]
unsafe fn pack_a<T: Real, V: Vector<T>>(
    a: *const T, [row, column]: [usize; 2], [height, depth]: [usize; 2], rows: usize, to: *mut T,
) {
    // SAFETY: by the caller's promise; what is written too far is written again, or in the room
    // that is left, which is more than a register.
    unsafe {
        if column == 1 {
            for i in 0..height {
                let (a, to) = (a.add(i * row), to.add(i * row_of_a::<T, V>(depth)));
                let rest = depth % V::LANES;
                for l in (0..depth - rest).step_by(V::LANES) {
                    V::load(a.add(l)).store(to.add(l));
                }
                V::load_part(a.add(depth - rest), rest).store(to.add(depth - rest));
            }
            return;
        }
        for i in (0..height).step_by(rows) {
            let n = rows.min(height - i);
            let (a, to) = (a.add(i * row), to.add(i * depth));
            for l in 0..depth {
                for i in (0..n).step_by(V::LANES) {
                    let numbers = V::load_part(a.add(i + l * column), V::LANES.min(n - i));
                    numbers.store(to.add(l * n + i));
                }
            }
        }
    }
}

/// Panels of two registers' columns of B: one row after the other, with zeros for what is not there.
///
/// # Safety
///
/// All elements must be there.
#[inline(always)]
unsafe fn pack_b<T: Real, V: Vector<T>>(
    b: *const T, [row, column]: [usize; 2], [depth, width]: [usize; 2], to: *mut T,
) {
    let columns = 2 * V::LANES;
    let halves = width.next_multiple_of(columns) / V::LANES;
    // Where a register's columns go, and how many there are.
    let half = |h: usize| {
        let place = h / 2 * columns * depth + h % 2 * V::LANES;
        (h * V::LANES, place, width.saturating_sub(h * V::LANES).min(V::LANES))
    };
    // SAFETY: by the caller's promise.
    unsafe {
        if row == 1 {
            for (j, place, n) in (0..halves).map(half) {
                turn::<T, V>(
                    b.wrapping_add(j * column),
                    column,
                    [n, depth],
                    to.add(place),
                    columns,
                );
            }
            return;
        }
        // Row by row, as they lie.
        let whole = width / V::LANES;
        for l in 0..depth {
            let (b, to) = (b.add(l * row), to.add(l * columns));
            for (j, place, _) in (0..whole).map(half) {
                V::load(b.add(j)).store(to.add(place));
            }
            for (j, place, n) in (whole..halves).map(half) {
                V::load_part(b.wrapping_add(j), n).store(to.add(place));
            }
        }
    }
}
