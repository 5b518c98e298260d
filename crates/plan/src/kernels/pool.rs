//! Max-pooling and its two derivatives, which look for the winners again.
//!
//! The first of equal largest cells wins, in row-major order; a NaN wins over numbers.

#![allow(unsafe_code)]

use std::ops::Range;

use gradus_ops::Pooling;

use crate::arena::Memory;
use crate::kernels::cost::{Cost, share};
use crate::kernels::vector::{Job, Vector, run};
use crate::kernels::{Isa, Real};
use crate::memory::Place;

/// What is done at the winner of each window of x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// y is the winner.
    Pool,
    /// x̄ is b at the winners, 0 elsewhere.
    Scatter,
    /// y is what b is at the winner.
    Gather,
}

/// Max-pooling, its pullback, or its pushforward.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub role: Role,
    pub pooling: Pooling,
    pub x: Place,
    /// Not read by max-pooling itself.
    pub b: Place,
    pub to: Place,
    /// Examples times channels.
    pub pictures: usize,
    pub size: [usize; 2],
    pub pooled: [usize; 2],
    pub isa: Isa,
}

impl Pool {
    /// Whether the windows are 2×2 and lie side by side.
    fn pairs(&self) -> bool {
        let Pooling { window, stride, padding } = self.pooling;
        window == [2, 2] && stride == [2, 2] && padding == [[0, 0], [0, 0]]
    }

    /// Into how many parts it is divided.
    pub fn parts<T>(&self) -> usize {
        let cost = if self.pairs() { Cost::PAIRED } else { Cost::POOLED };
        let cells = self.pictures * self.size[0] * self.size[1];
        cost.parts::<T>(cells, self.isa).min(self.pictures.max(1))
    }

    /// # Safety
    ///
    /// The operands and the result must lie in `memory`, and these not overlap.
    pub unsafe fn run<T: Real>(&self, memory: &Memory<T>) {
        // SAFETY: by the caller's promise.
        unsafe { self.some(memory, 0..self.pictures) };
    }

    /// # Safety
    ///
    /// As [`run`](Self::run).
    pub unsafe fn run_part<T: Real>(&self, memory: &Memory<T>, part: usize) {
        // SAFETY: by the caller's promise.
        unsafe { self.some(memory, share(self.pictures, self.parts::<T>(), part)) };
    }

    /// Some of the pictures.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn some<T: Real>(&self, memory: &Memory<T>, pictures: Range<usize>) {
        let cells = self.size[0] * self.size[1];
        // SAFETY: by the caller's promise, here and in the job.
        unsafe {
            let (x, b, to) = (memory.at(self.x), memory.at(self.b), memory.at(self.to));
            if self.role == Role::Scatter {
                let to = to.add(pictures.start * cells);
                std::slice::from_raw_parts_mut(to, pictures.len() * cells).fill(T::zero());
            }
            match self.pairs() {
                true => run(self.isa, &Pairs { pool: self, pictures, x, b, to }),
                false => self.windows(pictures, x, b, to),
            }
        }
    }

    /// Windows of any kind.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn windows<T: Real>(
        &self, pictures: Range<usize>, x: *const T, b: *const T, to: *mut T,
    ) {
        let ([rows, columns], [height, width]) = (self.pooled, self.size);
        for place in pictures.start * rows * columns..pictures.end * rows * columns {
            let (picture, i, j) =
                (place / (rows * columns), place / columns % rows, place % columns);
            let first = picture * height * width;
            // SAFETY: by the caller's promise; the winner is a cell of the picture.
            unsafe {
                let winner = self.winner(x.add(first), i, j);
                match (self.role, winner) {
                    (Role::Pool, None) => *to.add(place) = T::neg_infinity(),
                    (Role::Pool, Some(k)) => *to.add(place) = *x.add(first + k),
                    (Role::Gather, None) => *to.add(place) = T::zero(),
                    (Role::Gather, Some(k)) => *to.add(place) = *b.add(first + k),
                    (Role::Scatter, None) => {}
                    (Role::Scatter, Some(k)) => *to.add(first + k) += *b.add(place),
                }
            }
        }
    }

    /// The cell that wins the window at row `i` and column `j`, unless all of it is padding.
    ///
    /// # Safety
    ///
    /// `x` must be a picture.
    unsafe fn winner<T: Real>(&self, x: *const T, i: usize, j: usize) -> Option<usize> {
        let Pooling { window, stride, padding } = self.pooling;
        let mut best: Option<(usize, T)> = None;
        for p in 0..window[0] {
            let row = (i * stride[0] + p).checked_sub(padding[0][0]);
            let Some(row) = row.filter(|&row| row < self.size[0]) else { continue };
            for q in 0..window[1] {
                let column = (j * stride[1] + q).checked_sub(padding[1][0]);
                let Some(column) = column.filter(|&column| column < self.size[1]) else { continue };
                let cell = row * self.size[1] + column;
                // SAFETY: within the picture.
                let here = unsafe { *x.add(cell) };
                let wins = |(_, best): (usize, T)| here > best || here.is_nan() && !best.is_nan();
                if best.is_none_or(wins) {
                    best = Some((cell, here));
                }
            }
        }
        best.map(|(cell, _)| cell)
    }
}

/// Windows of 2×2 side by side.
struct Pairs<'a, T> {
    pool: &'a Pool,
    pictures: Range<usize>,
    x: *const T,
    b: *const T,
    to: *mut T,
}

impl<T: Real> Job<T> for Pairs<'_, T> {
    /// # Safety
    ///
    /// As [`Pool::run`].
    #[inline(always)]
    unsafe fn run<V: Vector<T>>(&self) {
        let Pool { size: [height, width], pooled: [rows, columns], role, .. } = *self.pool;
        for picture in self.pictures.clone() {
            for i in 0..rows {
                let (place, cell) =
                    ((picture * rows + i) * columns, (picture * height + 2 * i) * width);
                let mut j = 0;
                while j < columns {
                    let n = (columns - j).min(V::LANES);
                    let (place, cell) = (place + j, cell + 2 * j);
                    // SAFETY: by the caller's promise; `n` windows are left in the row.
                    unsafe {
                        let x = window::<T, V>(self.x.add(cell), width, n);
                        let (best, winner) = winners::<T, V>(x);
                        match role {
                            Role::Pool => best.store_part(self.to.add(place), n),
                            Role::Scatter => {
                                let b = V::load_part(self.b.add(place), n);
                                let cells = std::array::from_fn(|k| chosen(winner, k, b, zero()));
                                store_window::<T, V>(cells, self.to.add(cell), width, n);
                            }
                            Role::Gather => {
                                let b = window::<T, V>(self.b.add(cell), width, n);
                                let y = (1..4).fold(b[0], |y, k| chosen(winner, k, b[k], y));
                                y.store_part(self.to.add(place), n);
                            }
                        }
                    }
                    j += n;
                }
            }
        }
    }
}

#[inline(always)]
fn zero<T: Real, V: Vector<T>>() -> V {
    V::splat(T::zero())
}

/// `yes` where the winner is cell `k` of its window, else `no`.
#[inline(always)]
fn chosen<T: Real, V: Vector<T>>(winner: V, k: usize, yes: V, no: V) -> V {
    V::select(winner.eq(V::splat(T::from_double(k as f64))), yes, no)
}

/// The four cells of `n` windows.
///
/// # Safety
///
/// Two rows of `2 n` cells must be readable, `width` cells apart.
#[inline(always)]
unsafe fn window<T: Real, V: Vector<T>>(x: *const T, width: usize, n: usize) -> [V; 4] {
    // SAFETY: by the caller's promise.
    unsafe {
        let (a, b) = V::unzip(x, 2 * n);
        let (c, d) = V::unzip(x.add(width), 2 * n);
        [a, b, c, d]
    }
}

/// Writes the four cells of `n` windows.
///
/// # Safety
///
/// Two rows of `2 n` cells must be writable, `width` cells apart.
#[inline(always)]
unsafe fn store_window<T: Real, V: Vector<T>>(x: [V; 4], to: *mut T, width: usize, n: usize) {
    // SAFETY: by the caller's promise.
    unsafe {
        V::zip(x[0], x[1], to, 2 * n);
        V::zip(x[2], x[3], to.add(width), 2 * n);
    }
}

/// The largest cell of each window, and which one it is.
#[inline(always)]
fn winners<T: Real, V: Vector<T>>(x: [V; 4]) -> (V, V) {
    let (mut best, mut winner) = (x[0], zero::<T, V>());
    for (k, &here) in x.iter().enumerate().skip(1) {
        let k = V::splat(T::from_double(k as f64));
        let pick = |larger: V, here: V, old: V, was: V| {
            // NaN is not larger, and wins unless there was one before.
            let fresh = V::select(was.eq(was), here, old);
            V::select(larger.eq(larger), old, fresh)
        };
        let (gt, old) = (here.gt(best), best);
        winner = pick(here, k, V::select(gt, k, winner), old);
        best = pick(here, here, V::select(gt, here, best), old);
    }
    (best, winner)
}
