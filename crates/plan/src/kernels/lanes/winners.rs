//! The adjoint of a convolution to its filters, behind max-pooling: of each window of the maps only
//! the winner has a cotangent.

#![allow(unsafe_code)]

use crate::arena::Memory;
use crate::kernels::vector::{Job, Vector, run};
use crate::kernels::{Isa, Real};
use crate::memory::Place;

/// w̄ from x, the winners of windows of 2×2 of the maps, and the cotangents of what they are pooled
/// to. The filter moves by single cells.
#[derive(Clone, Debug)]
pub(crate) struct WinnersAdjoint {
    pub x: Place,
    pub winners: Place,
    pub b: Place,
    pub to: Place,
    pub examples: usize,
    pub channels: usize,
    pub maps: usize,
    /// Rows and columns of pictures, of filters, and of pooled maps.
    pub size: [usize; 2],
    pub filter: [usize; 2],
    pub pooled: [usize; 2],
    pub isa: Isa,
}

/// Maps and weights of a row of a filter that are summed at once.
const MAPS: usize = 4;
const TAPS: usize = 5;

impl WinnersAdjoint {
    /// The sizes.
    pub fn name(&self) -> String {
        let Self { examples, channels, maps, filter, .. } = self;
        let (rows, columns) = (filter[0], filter[1]);
        format!(
            "convolution, winners to its filter {channels}→{maps} {rows}×{columns} × {examples}"
        )
    }

    /// # Safety
    ///
    /// The operands and the result must lie in `memory`, and these not overlap.
    pub unsafe fn run<T: Real>(&self, memory: &Memory<T>) {
        // SAFETY: by the caller's promise, here and in the job.
        unsafe {
            let [x, winners, b, to] =
                [self.x, self.winners, self.b, self.to].map(|place| memory.at(place));
            run(self.isa, &Adjoint { shape: self, x, winners, b, to });
        }
    }
}

struct Adjoint<'a, T> {
    shape: &'a WinnersAdjoint,
    x: *const T,
    winners: *const T,
    b: *const T,
    to: *mut T,
}

impl<T: Real> Job<T> for Adjoint<'_, T> {
    /// # Safety
    ///
    /// As [`WinnersAdjoint::run`].
    #[inline(always)]
    unsafe fn run<V: Vector<T>>(&self) {
        let s = self.shape;
        for o in (0..s.maps).step_by(MAPS) {
            for c in 0..s.channels {
                for p in 0..s.filter[0] {
                    for q in (0..s.filter[1]).step_by(TAPS) {
                        let (maps, taps) = ((s.maps - o).min(MAPS), (s.filter[1] - q).min(TAPS));
                        // SAFETY: by the caller's promise; as many maps and weights are left.
                        unsafe { self.weights_of::<V>([o, c, p, q], maps, taps) };
                    }
                }
            }
        }
    }
}

impl<T: Real> Adjoint<'_, T> {
    /// # Safety
    ///
    /// As [`WinnersAdjoint::run`].
    #[inline(always)]
    unsafe fn weights_of<V: Vector<T>>(&self, first: [usize; 4], maps: usize, taps: usize) {
        macro_rules! sizes {
            ($($m:literal: $($n:literal)*;)*) => {
                match (maps, taps) {
                    // SAFETY: by the caller's promise.
                    $($(($m, $n) => unsafe { self.weights::<V, $m, $n>(first) },)*)*
                    _ => unreachable!("at most as many as there are registers for"),
                }
            };
        }
        sizes!(1: 1 2 3 4 5; 2: 1 2 3 4 5; 3: 1 2 3 4 5; 4: 1 2 3 4 5;);
    }

    /// The sums for `M` maps and `N` neighbouring weights.
    ///
    /// # Safety
    ///
    /// As [`WinnersAdjoint::run`].
    #[inline(always)]
    unsafe fn weights<V: Vector<T>, const M: usize, const N: usize>(
        &self, [o, c, p, q]: [usize; 4],
    ) {
        let s = self.shape;
        let ([rows, columns], n) = (s.pooled, s.examples);
        let line = s.size[1] * n;
        let [one, two, three] = [1.0, 2.0, 3.0].map(|k| V::splat(T::from_double(k)));
        let mut sums = [[V::splat(T::zero()); N]; M];
        let mut lane = 0;
        // SAFETY: by the caller's promise, in all of this.
        unsafe {
            while lane < n {
                let width = (n - lane).min(V::LANES);
                let load = |from: *const T| match width == V::LANES {
                    true => V::load(from),
                    false => V::load_part(from, width),
                };
                for window in 0..rows * columns {
                    let (i, j) = (2 * (window / columns) + p, 2 * (window % columns) + q);
                    let x = self.x.add((c * s.size[0] + i) * line + j * n + lane);
                    let upper: [V; N] = std::array::from_fn(|k| load(x.add(k * n)));
                    let upper_last = load(x.add(N * n));
                    let lower: [V; N] = std::array::from_fn(|k| load(x.add(line + k * n)));
                    let lower_last = load(x.add(line + N * n));
                    let right = |row: &[V; N], last: V, k: usize| match k + 1 < N {
                        true => row[k + 1],
                        false => last,
                    };
                    for (r, sums) in sums.iter_mut().enumerate() {
                        let place = ((o + r) * rows * columns + window) * n + lane;
                        let (b, winner) = (load(self.b.add(place)), load(self.winners.add(place)));
                        let (first, third) = (winner.eq(one), winner.eq(three));
                        let below = winner.ge(two);
                        for (k, sum) in sums.iter_mut().enumerate() {
                            let above = V::select(first, right(&upper, upper_last, k), upper[k]);
                            let under = V::select(third, right(&lower, lower_last, k), lower[k]);
                            *sum = b.mul_add(V::select(below, under, above), *sum);
                        }
                    }
                }
                lane += width;
            }
            for (r, sums) in sums.iter().enumerate() {
                let filter = ((o + r) * s.channels + c) * s.filter[0] + p;
                for (k, sum) in sums.iter().enumerate() {
                    *self.to.add(filter * s.filter[1] + q + k) = sum.sum();
                }
            }
        }
    }
}
