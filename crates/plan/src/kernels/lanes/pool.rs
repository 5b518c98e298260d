//! Max-pooling and its two derivatives.
//!
//! The first of equal largest cells wins, in row-major order; a NaN wins over numbers.

#![allow(unsafe_code)]

use crate::arena::Memory;
use crate::kernels::Real;
use crate::kernels::pool::{Pool, Role};
use crate::kernels::vector::{Job, Vector, run};

/// Max-pooling of pictures whose examples are the last axis, its pullback, or its pushforward: as
/// [`Pool`], whose pictures are the channels here.
#[derive(Clone, Debug)]
pub(crate) struct LanePool {
    pub pool: Pool,
    pub examples: usize,
}

impl LanePool {
    /// # Safety
    ///
    /// The operands and the result must lie in `memory`, and these not overlap.
    pub unsafe fn run<T: Real>(&self, memory: &Memory<T>) {
        let Pool { x, b, to, role, isa, .. } = self.pool;
        // SAFETY: by the caller's promise, here and in the job.
        unsafe {
            let (x, b, to) = (memory.at(x), memory.at(b), memory.at(to));
            if role == Role::Scatter && !self.pool.covers() {
                let [height, width] = self.pool.size;
                let len = self.pool.pictures * height * width * self.examples;
                std::slice::from_raw_parts_mut(to, len).fill(T::zero());
            }
            run(isa, &Windows { shape: self, x, b, to });
        }
    }
}

struct Windows<'a, T> {
    shape: &'a LanePool,
    x: *const T,
    b: *const T,
    to: *mut T,
}

impl<T: Real> Job<T> for Windows<'_, T> {
    /// # Safety
    ///
    /// As [`LanePool::run`].
    #[inline(always)]
    unsafe fn run<V: Vector<T>>(&self) {
        let LanePool { pool, examples } = self.shape;
        let [rows, columns] = pool.pooled;
        for place in 0..pool.pictures * rows * columns {
            let (channel, i, j) =
                (place / (rows * columns), place / columns % rows, place % columns);
            let window = Cells::of(pool, channel, i, j);
            let mut lane = 0;
            while lane < *examples {
                let n = (examples - lane).min(V::LANES);
                // SAFETY: by the caller's promise; the cells are those of the window in the picture.
                unsafe { self.window::<V>(place, &window, lane, n) };
                lane += n;
            }
        }
    }
}

/// The cells of a window that are in the picture.
struct Cells {
    first: usize,
    rows: usize,
    columns: usize,
    width: usize,
}

impl Cells {
    /// The window at row `i` and column `j`.
    fn of(pool: &Pool, channel: usize, i: usize, j: usize) -> Self {
        let [height, width] = pool.size;
        let range = |at: usize, axis: usize, cells: usize| {
            let before = pool.pooling.padding[axis][0];
            let begin = at * pool.pooling.stride[axis];
            let end = (begin + pool.pooling.window[axis]).saturating_sub(before).min(cells);
            let begin = begin.saturating_sub(before).min(end);
            (begin, end - begin)
        };
        let ((row, rows), (column, columns)) = (range(i, 0, height), range(j, 1, width));
        let first = (channel * height + row) * width + column;
        Self { first, rows, columns, width }
    }

    /// Their places, in row-major order.
    #[inline(always)]
    fn each(&self, mut f: impl FnMut(usize, usize)) {
        for row in 0..self.rows {
            for column in 0..self.columns {
                f(row * self.columns + column, self.first + row * self.width + column);
            }
        }
    }
}

impl<T: Real> Windows<'_, T> {
    /// One window, for some examples.
    ///
    /// # Safety
    ///
    /// As [`LanePool::run`]; the cells must be in the picture.
    #[inline(always)]
    unsafe fn window<V: Vector<T>>(&self, place: usize, cells: &Cells, lane: usize, n: usize) {
        let examples = self.shape.examples;
        let nothing = if self.shape.pool.role == Role::Pool { T::neg_infinity() } else { T::zero() };
        let at = |cell: usize| cell * examples + lane;
        let (mut best, mut winner) = (V::splat(nothing), V::splat(T::zero()));
        // SAFETY: by the caller's promise, also below.
        unsafe {
            let load = |from: *const T, cell: usize| match n == V::LANES {
                true => V::load(from.add(at(cell))),
                false => V::load_part(from.add(at(cell)), n),
            };
            let store = |value: V, cell: usize| match n == V::LANES {
                true => value.store(self.to.add(at(cell))),
                false => value.store_part(self.to.add(at(cell)), n),
            };
            cells.each(|k, cell| {
                let here = load(self.x, cell);
                if k == 0 {
                    best = here;
                    return;
                }
                // A NaN is not larger, and wins unless there was one before.
                let number = V::splat(T::from_double(k as f64));
                let larger = here.gt(best);
                let won = V::select(larger, number, winner);
                let was_number = V::select(best.eq(best), number, winner);
                winner = V::select(here.is_nan(), was_number, won);
                let kept = V::select(larger, here, best);
                best = V::select(here.is_nan(), here, kept);
            });
            match self.shape.pool.role {
                Role::Pool => store(best, place),
                Role::Gather => {
                    let mut y = V::splat(T::zero());
                    cells.each(|k, cell| {
                        let wins = winner.eq(V::splat(T::from_double(k as f64)));
                        y = V::select(wins, load(self.b, cell), y);
                    });
                    store(y, place);
                }
                Role::Scatter => {
                    let b = load(self.b, place);
                    let alone = self.shape.pool.covers();
                    cells.each(|k, cell| {
                        let wins = winner.eq(V::splat(T::from_double(k as f64)));
                        let here = V::select(wins, b, V::splat(T::zero()));
                        let old = if alone { V::splat(T::zero()) } else { load(self.to, cell) };
                        store(if alone { here } else { old.add(here) }, cell);
                    });
                }
            }
        }
    }
}
