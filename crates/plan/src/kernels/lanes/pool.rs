//! Max-pooling and its two derivatives.
//!
//! The first of equal largest cells wins, in row-major order; a NaN wins over numbers. Which cell of
//! its window wins is kept as a number, so that the derivatives need not look at the pictures.

#![allow(unsafe_code)]

use gradus_ops::Pooling;

use crate::arena::Memory;
use crate::kernels::vector::{Job, Vector, run};
use crate::kernels::{Isa, Real};
use crate::memory::Place;

/// What is computed for each window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LaneRole {
    /// y is the largest cell of x.
    Pool,
    /// y is the number of the winner of x among the cells of its window.
    Winners,
    /// x̄ is b at the winners, which are x, and 0 elsewhere.
    Scatter,
    /// y is what b is at the winners, which are x.
    Gather,
}

/// Max-pooling of pictures whose examples are the last axis, or a part or derivative of it.
#[derive(Clone, Debug)]
pub(crate) struct LanePool {
    pub role: LaneRole,
    pub pooling: Pooling,
    pub x: Place,
    /// Not read without winners.
    pub b: Place,
    pub to: Place,
    /// Where max-pooling also writes the numbers of the winners.
    pub winners: Option<Place>,
    pub channels: usize,
    pub size: [usize; 2],
    pub pooled: [usize; 2],
    pub examples: usize,
    pub isa: Isa,
}

impl LanePool {
    /// What is computed, and for how many examples.
    pub fn name(&self) -> String {
        let role = match self.role {
            LaneRole::Pool if self.winners.is_some() => " and winners",
            LaneRole::Pool => "",
            LaneRole::Winners => ", winners",
            LaneRole::Scatter => ", to the winners",
            LaneRole::Gather => ", at the winners",
        };
        format!("pool{role} × {}", self.examples)
    }

    /// Whether it is max-pooling by 2×2 of all cells.
    pub fn is_of_squares(&self) -> bool {
        self.pooling.window == [2, 2] && self.covers()
    }

    /// Whether every cell is in exactly one window.
    fn covers(&self) -> bool {
        let Pooling { window, stride, padding } = self.pooling;
        let whole = |k: usize| self.pooled[k] * window[k] == self.size[k];
        window == stride && padding == [[0, 0], [0, 0]] && whole(0) && whole(1)
    }

    /// # Safety
    ///
    /// The operands and the results must lie in `memory`, and these not overlap.
    pub unsafe fn run<T: Real>(&self, memory: &Memory<T>) {
        // SAFETY: by the caller's promise, here and in the job.
        unsafe {
            let [x, b, to] = [self.x, self.b, self.to].map(|place| memory.at(place));
            let winners = match self.role {
                LaneRole::Winners => Some(to),
                _ => self.winners.map(|place| memory.at(place)),
            };
            let windows = Windows { shape: self, covers: self.covers(), x, b, to, winners };
            if self.role == LaneRole::Scatter && !windows.covers {
                let len = self.channels * self.size[0] * self.size[1] * self.examples;
                std::slice::from_raw_parts_mut(windows.to, len).fill(T::zero());
            }
            run(self.isa, &windows);
        }
    }
}

/// Pooling with its arrays.
struct Windows<'a, T> {
    shape: &'a LanePool,
    covers: bool,
    x: *const T,
    b: *const T,
    to: *mut T,
    winners: Option<*mut T>,
}

impl<T: Real> Job<T> for Windows<'_, T> {
    /// # Safety
    ///
    /// As [`LanePool::run`].
    #[inline(always)]
    unsafe fn run<V: Vector<T>>(&self) {
        let s = self.shape;
        let Pooling { window, stride, padding } = s.pooling;
        let [rows, columns] = s.pooled;
        let inside = window == [2, 2] && padding == [[0, 0], [0, 0]];
        let squares = inside && (self.covers || s.role != LaneRole::Scatter);
        for channel in 0..s.channels {
            for i in 0..rows {
                for j in 0..columns {
                    let place = ((channel * rows + i) * columns + j) * s.examples;
                    let [row, column] = [i * stride[0], j * stride[1]];
                    let corner = ((channel * s.size[0] + row) * s.size[1] + column) * s.examples;
                    // SAFETY: by the caller's promise.
                    unsafe {
                        match squares {
                            true => self.square::<V>(place, corner),
                            false => self.window::<V>(place, channel, [row, column]),
                        }
                    }
                }
            }
        }
    }
}

impl<T: Real> Windows<'_, T> {
    /// A window of 2×2, whose first cell is at `corner` in pictures.
    ///
    /// # Safety
    ///
    /// As [`LanePool::run`].
    #[inline(always)]
    unsafe fn square<V: Vector<T>>(&self, place: usize, corner: usize) {
        let n = self.shape.examples;
        let mut lane = 0;
        while lane < n {
            let (place, corner, rest) = (place + lane, corner + lane, n - lane);
            // SAFETY: by the caller's promise.
            unsafe {
                match rest >= V::LANES {
                    true => self.square_of::<V, true>(place, corner, V::LANES),
                    false => self.square_of::<V, false>(place, corner, rest),
                }
            }
            lane += V::LANES;
        }
    }

    /// A window of 2×2 for a register of examples, all of it if `FULL`.
    ///
    /// # Safety
    ///
    /// As [`LanePool::run`].
    #[inline(always)]
    unsafe fn square_of<V: Vector<T>, const FULL: bool>(
        &self, place: usize, corner: usize, n: usize,
    ) {
        let (s, line) = (self.shape, self.shape.size[1] * self.shape.examples);
        let cells = [corner, corner + s.examples, corner + line, corner + line + s.examples];
        let numbers = numbers::<T, V>();
        // SAFETY: by the caller's promise, in all of this.
        unsafe {
            let load = |from: *const T, at: usize| match FULL {
                true => V::load(from.add(at)),
                false => V::load_part(from.add(at), n),
            };
            let store = |value: V, to: *mut T, at: usize| match FULL {
                true => value.store(to.add(at)),
                false => value.store_part(to.add(at), n),
            };
            match s.role {
                LaneRole::Pool | LaneRole::Winners => {
                    let (best, winner) = largest(cells.map(|at| load(self.x, at)), numbers);
                    if s.role == LaneRole::Pool {
                        store(best, self.to, place);
                    }
                    if let Some(winners) = self.winners {
                        store(winner, winners, place);
                    }
                }
                LaneRole::Scatter => {
                    let (winner, b) = (load(self.x, place), load(self.b, place));
                    for (at, number) in cells.into_iter().zip(numbers) {
                        store(V::select(winner.eq(number), b, V::splat(T::zero())), self.to, at);
                    }
                }
                LaneRole::Gather => {
                    let winner = load(self.x, place);
                    let mut y = load(self.b, cells[0]);
                    for (at, number) in cells.into_iter().zip(numbers).skip(1) {
                        y = V::select(winner.eq(number), load(self.b, at), y);
                    }
                    store(y, self.to, place);
                }
            }
        }
    }

    /// A window of any kind.
    ///
    /// # Safety
    ///
    /// As [`LanePool::run`].
    #[inline(always)]
    unsafe fn window<V: Vector<T>>(&self, place: usize, channel: usize, corner: [usize; 2]) {
        let n = self.shape.examples;
        let mut lane = 0;
        while lane < n {
            let some = (n - lane).min(V::LANES);
            // SAFETY: by the caller's promise.
            unsafe { self.window_of::<V>(place + lane, channel, corner, lane, some) };
            lane += some;
        }
    }

    /// A window of any kind, for some examples.
    ///
    /// # Safety
    ///
    /// As [`LanePool::run`].
    #[inline(always)]
    unsafe fn window_of<V: Vector<T>>(
        &self, place: usize, channel: usize, corner: [usize; 2], lane: usize, n: usize,
    ) {
        let s = self.shape;
        let zero = V::splat(T::zero());
        let (mut best, mut winner, mut found) = (V::splat(T::neg_infinity()), zero, false);
        let (mut gathered, mut k) = (zero, 0);
        for p in 0..s.pooling.window[0] {
            for q in 0..s.pooling.window[1] {
                let cell = |axis: usize, offset: usize| {
                    let padded = corner[axis] + offset;
                    let cell = padded.checked_sub(s.pooling.padding[axis][0]);
                    cell.filter(|&cell| cell < s.size[axis])
                };
                let number = V::splat(T::from_double(k as f64));
                k += 1;
                let (Some(row), Some(column)) = (cell(0, p), cell(1, q)) else { continue };
                let at = ((channel * s.size[0] + row) * s.size[1] + column) * s.examples + lane;
                // SAFETY: by the caller's promise: a cell of the pictures, a place of the windows.
                unsafe {
                    match s.role {
                        LaneRole::Pool | LaneRole::Winners => {
                            let here = V::load_part(self.x.add(at), n);
                            if !std::mem::replace(&mut found, true) {
                                (best, winner) = (here, number);
                                continue;
                            }
                            (best, winner) = better((best, winner), (here, number));
                        }
                        LaneRole::Scatter => {
                            let wins = V::load_part(self.x.add(place), n).eq(number);
                            let b = V::select(wins, V::load_part(self.b.add(place), n), zero);
                            let to = self.to.add(at);
                            V::load_part(to, n).add(b).store_part(to, n);
                        }
                        LaneRole::Gather => {
                            let wins = V::load_part(self.x.add(place), n).eq(number);
                            let here = V::load_part(self.b.add(at), n);
                            gathered = V::select(wins, here, gathered);
                        }
                    }
                }
            }
        }
        // SAFETY: by the caller's promise.
        unsafe {
            match s.role {
                LaneRole::Pool => best.store_part(self.to.add(place), n),
                LaneRole::Gather => gathered.store_part(self.to.add(place), n),
                LaneRole::Winners | LaneRole::Scatter => {}
            }
            if let Some(winners) = self.winners {
                winner.store_part(winners.add(place), n);
            }
        }
    }
}

/// The numbers of the four cells of a window.
#[inline(always)]
pub(super) fn numbers<T: Real, V: Vector<T>>() -> [V; 4] {
    std::array::from_fn(|k| V::splat(T::from_double(k as f64)))
}

/// The largest of four cells, and its number.
#[inline(always)]
pub(super) fn largest<T: Real, V: Vector<T>>(
    [a, b, c, d]: [V; 4], [zero, one, two, three]: [V; 4],
) -> (V, V) {
    if V::any(a.add(b).add(c.add(d)).is_nan()) {
        let upper = better((a, zero), (b, one));
        return better(better(upper, (c, two)), (d, three));
    }
    let (upper, lower) = (b.max(a), d.max(c));
    let above = V::select(b.gt(a), one, zero);
    let below = V::select(d.gt(c), three, two);
    (lower.max(upper), V::select(lower.gt(upper), below, above))
}

/// The better of the best cell so far and another, with their numbers: a NaN is not larger, and is
/// better unless the best is one.
#[inline(always)]
fn better<T: Real, V: Vector<T>>((best, winner): (V, V), (here, number): (V, V)) -> (V, V) {
    let larger = here.gt(best);
    let first = V::select(best.eq(best), number, winner);
    let winner = V::select(here.is_nan(), first, V::select(larger, number, winner));
    (V::select(here.is_nan(), here, V::select(larger, here, best)), winner)
}
