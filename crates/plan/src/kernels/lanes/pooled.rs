//! Convolutions whose maps nobody reads but max-pooling by 2×2: the maps are never stored.

#![allow(unsafe_code)]

use super::conv::Correlation;
use super::pool::{LanePool, largest, numbers};
use crate::arena::Memory;
use crate::kernels::Real;
use crate::kernels::vector::{Job, Vector, run};
use crate::memory::{Place, REGISTERS};

/// A convolution without padding, with its bias, and max-pooling of its maps by 2×2: of a window the
/// sums of all four places stay in registers, for several maps at once.
#[derive(Clone, Debug)]
pub(crate) struct Pooled {
    pub conv: Correlation,
    pub pool: LanePool,
}

impl Pooled {
    /// What the convolution and the pooling say.
    pub fn name(&self) -> String {
        format!("{}, {}", self.conv.name(), self.pool.name())
    }

    /// # Safety
    ///
    /// The operands and the results must lie in `memory`, and these not overlap.
    pub unsafe fn run<T: Real>(&self, memory: &Memory<T>) {
        // SAFETY: by the caller's promise, here and in the job.
        unsafe {
            let packed = memory.at(Place { base: REGISTERS, offset: 0 });
            let [x, w] = self.conv.operands().map(|place| memory.at(place).cast_const());
            self.conv.pack(w, packed);
            let job = Windows {
                shape: self,
                x,
                w: packed,
                bias: self.conv.bias().map(|place| memory.at(place).cast_const()),
                to: memory.at(self.pool.to),
                winners: self.pool.winners.map(|place| memory.at(place)),
                steps: [self.conv.cell([0, 1]), self.conv.cell([1, 0])],
            };
            run(self.pool.isa, &job);
        }
    }
}

struct Windows<'a, T> {
    shape: &'a Pooled,
    x: *const T,
    w: *const T,
    bias: Option<*const T>,
    to: *mut T,
    winners: Option<*mut T>,
    /// From a cell of a window to those beside and below it, in the pictures.
    steps: [usize; 2],
}

/// Where a window is: its first cell in the pictures, and its place in a pooled map.
#[derive(Clone, Copy)]
struct Corner<T> {
    x: *const T,
    place: usize,
}

impl<T: Real> Job<T> for Windows<'_, T> {
    /// # Safety
    ///
    /// As [`Pooled::run`].
    #[inline(always)]
    unsafe fn run<V: Vector<T>>(&self) {
        let Pooled { conv, pool } = self.shape;
        let (n, [rows, columns], maps) = (pool.examples, pool.pooled, pool.channels);
        // Each map has four sums; beside them are four cells and a weight.
        let most = (V::ROWS / 3).max(1);
        let group = maps.div_ceil(maps.div_ceil(most).max(1)).max(1);
        for i in 0..rows {
            for j in 0..columns {
                let cell = conv.cell([2 * i, 2 * j]);
                for lane in (0..n).step_by(V::LANES) {
                    // SAFETY: by the caller's promise; the cell is in the pictures.
                    unsafe {
                        let x = self.x.add(cell + lane);
                        let corner = Corner { x, place: (i * columns + j) * n + lane };
                        match n - lane >= V::LANES {
                            true => self.maps::<V, true>(corner, group, V::LANES),
                            false => self.maps::<V, false>(corner, group, n - lane),
                        }
                    }
                }
            }
        }
    }
}

impl<T: Real> Windows<'_, T> {
    /// A window of all maps, so many at once, for a register of examples, all of it if `FULL`.
    ///
    /// # Safety
    ///
    /// As [`Pooled::run`].
    #[inline(always)]
    unsafe fn maps<V: Vector<T>, const FULL: bool>(
        &self, corner: Corner<T>, group: usize, n: usize,
    ) {
        let maps = self.shape.pool.channels;
        macro_rules! maps {
            ($map:ident, $($m:literal)*) => {
                match group.min(maps - $map) {
                    $($m if $m <= V::ROWS => {
                        // SAFETY: by the caller's promise; so many maps are left.
                        unsafe { self.window::<V, $m, FULL>(corner, $map, n) }
                    })*
                    _ => unreachable!("at most as many maps as there are registers for"),
                }
            };
        }
        for map in (0..maps).step_by(group) {
            maps!(map, 1 2 3 4);
        }
    }

    /// A window of `M` maps.
    ///
    /// # Safety
    ///
    /// As [`Pooled::run`].
    #[inline(always)]
    unsafe fn window<V: Vector<T>, const M: usize, const FULL: bool>(
        &self, corner: Corner<T>, map: usize, n: usize,
    ) {
        let Pooled { conv, pool } = self.shape;
        let ([right, down], numbers) = (self.steps, numbers::<T, V>());
        let mut sums = [[V::splat(T::zero()); 4]; M];
        // SAFETY: by the caller's promise, all of this is within the pictures, weights and results.
        unsafe {
            if let Some(bias) = self.bias {
                for (k, sums) in sums.iter_mut().enumerate() {
                    *sums = [V::splat(*bias.add(map + k)); 4];
                }
            }
            let w = self.w.add(map);
            for &[weight, cell] in conv.met() {
                let (w, x) = (w.offset(weight), corner.x.offset(cell));
                let x = [x, x.add(right), x.add(down), x.add(down + right)];
                let x: [V; 4] = std::array::from_fn(|place| match FULL {
                    true => V::load(x[place]),
                    false => V::load_part(x[place], n),
                });
                for (k, sums) in sums.iter_mut().enumerate() {
                    let w = V::splat(*w.add(k));
                    sums.iter_mut().zip(x).for_each(|(sum, x)| *sum = w.mul_add(x, *sum));
                }
            }
            let store = |value: V, to: *mut T| match FULL {
                true => value.store(to),
                false => value.store_part(to, n),
            };
            let map_size = pool.pooled[0] * pool.pooled[1] * pool.examples;
            for (k, &sums) in sums.iter().enumerate() {
                let (best, winner) = largest(sums, numbers);
                let place = (map + k) * map_size + corner.place;
                store(best, self.to.add(place));
                if let Some(winners) = self.winners {
                    store(winner, winners.add(place));
                }
            }
        }
    }
}
