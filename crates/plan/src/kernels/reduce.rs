//! Sums and maxima, and what softmax needs of rows.

#![allow(unsafe_code)]

use std::ops::Range;

use gradus_ops::Axes;

use crate::arena::Memory;
use crate::kernels::cost::{Cost, share};
use crate::kernels::vector::{Job, Vector, run};
use crate::kernels::{Fun1, Isa, Map1, Numerics, Real, math};
use crate::memory::Place;

/// A reduction of the middle one of three axes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reduce {
    pub kind: Reduction,
    pub from: Place,
    pub to: Place,
    pub outer: usize,
    pub length: usize,
    pub inner: usize,
    /// How many rows of the last axis there are: where the last result has fewer than the others,
    /// not `outer · length`.
    pub rows: usize,
    pub parts: usize,
    pub isa: Isa,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reduction {
    Sum,
    /// NaN where there is one.
    Max,
}

impl Reduce {
    /// The three axes of a reduction of neighbouring axes: what is before them, they, and what is
    /// after them.
    pub fn axes(sizes: &[usize], axes: Axes) -> [usize; 3] {
        let mut all = [1, 1, 1];
        for (axis, size) in sizes.iter().enumerate() {
            let before = axes.iter().next().is_some_and(|first| axis < first);
            all[if axes.contains(axis) {
                1
            } else if before {
                0
            } else {
                2
            }] *= size;
        }
        all
    }

    /// The reduction of such axes, on as many threads as it is worth.
    pub fn new<T: Real>(
        kind: Reduction, [from, to]: [Place; 2], [outer, length, inner]: [usize; 3], isa: Isa,
    ) -> Self {
        let rows = outer * length;
        let parts = Cost::ARITHMETIC.parts::<T>(rows * inner, isa).min(outer.max(1));
        Self { kind, from, to, outer, length, inner, rows, parts, isa }
    }

    /// Of a large reduction to few numbers: that of so many pieces to `between`, which gets as many
    /// rows, and that of these.
    pub fn in_pieces<T: Real>(&self, between: Place) -> Option<(usize, [Self; 2])> {
        let &Self { kind, from, to, outer, length, inner, isa, .. } = self;
        let pieces = Cost::ARITHMETIC.parts::<T>(length * inner, isa).min(length / 2);
        if outer != 1 || pieces < 2 {
            return None;
        }
        let piece = length.div_ceil(pieces);
        let pieces = length.div_ceil(piece);
        let first = Self::new::<T>(kind, [from, between], [pieces, piece, inner], isa);
        let second = Self::new::<T>(kind, [between, to], [1, pieces, inner], isa);
        Some((pieces * inner, [Self { rows: length, ..first }, second]))
    }

    /// # Safety
    ///
    /// The operand and the result must lie in `memory` and not overlap.
    pub unsafe fn run<T: Real>(&self, memory: &Memory<T>) {
        // SAFETY: by the caller's promise.
        unsafe { self.results(memory, 0..self.outer) };
    }

    /// # Safety
    ///
    /// As [`run`](Self::run).
    pub unsafe fn run_part<T: Real>(&self, memory: &Memory<T>, part: usize) {
        // SAFETY: by the caller's promise.
        unsafe { self.results(memory, share(self.outer, self.parts, part)) };
    }

    /// These of the outer results.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn results<T: Real>(&self, memory: &Memory<T>, outer: Range<usize>) {
        let &Self { length, inner, rows, .. } = self;
        let (first, end) = ((outer.start * length).min(rows), (outer.end * length).min(rows));
        // SAFETY: by the caller's promise.
        let (x, y) = unsafe {
            let x = memory.at(self.from).add(first * inner);
            let y = memory.at(self.to).add(outer.start * inner);
            let x = std::slice::from_raw_parts(x, (end - first) * inner);
            (x, std::slice::from_raw_parts_mut(y, outer.len() * inner))
        };
        y.fill(self.kind.nothing());
        // SAFETY: the plan is made for instructions that the machine has.
        unsafe { self.kind.join(x, y, [length, inner], self.isa) };
    }
}

impl Reduction {
    /// Reduces the middle one of three axes of `x`, of which the last two have these sizes, and joins
    /// the results to those in `y`; of the middle one there may be less for the last result.
    ///
    /// # Safety
    ///
    /// The machine has the instructions.
    pub unsafe fn join<T: Real>(self, x: &[T], y: &mut [T], sizes: [usize; 2], isa: Isa) {
        let [length, inner] = sizes;
        match self {
            _ if x.is_empty() => {}
            Reduction::Max => self.largest(x, y, sizes),
            // SAFETY: by the caller's promise.
            Reduction::Sum => unsafe {
                run(isa, &Sums { length, inner, x, y: y.as_mut_ptr(), results: y.len() });
            },
        }
    }

    fn largest<T: Real>(self, x: &[T], y: &mut [T], [length, inner]: [usize; 2]) {
        for (part, y) in x.chunks(length * inner).zip(y.chunks_exact_mut(inner)) {
            for row in part.chunks_exact(inner) {
                let larger = |y: T, x: T| if x > y || x.is_nan() { x } else { y };
                y.iter_mut().zip(row).for_each(|(y, &x)| *y = larger(*y, x));
            }
        }
    }

    /// The reduction of no numbers.
    pub fn nothing<T: Real>(self) -> T {
        match self {
            Reduction::Sum => T::zero(),
            Reduction::Max => T::neg_infinity(),
        }
    }
}

/// Sums that are added to results, in an order that depends on the sizes and the registers alone.
struct Sums<'a, T> {
    length: usize,
    inner: usize,
    x: &'a [T],
    y: *mut T,
    results: usize,
}

impl<T: Real> Job<T> for Sums<'_, T> {
    /// # Safety
    ///
    /// There must be room for the results.
    #[inline(always)]
    unsafe fn run<V: Vector<T>>(&self) {
        let &Self { length, inner, .. } = self;
        // SAFETY: by the caller's promise.
        let y = unsafe { std::slice::from_raw_parts_mut(self.y, self.results) };
        for (k, part) in self.x.chunks(length * inner).enumerate() {
            let y = &mut y[k * inner..][..inner];
            match inner {
                1 => y[0] += total::<T, V>(part),
                2..SHORT => columns_short::<T, V>(part, y),
                _ => columns::<T, V>(part, y),
            }
        }
    }
}

/// From how many columns on each row is added by itself.
const SHORT: usize = 16;

/// The sum of all.
#[inline(always)]
fn total<T: Real, V: Vector<T>>(x: &[T]) -> T {
    let mut sums = [V::splat(T::zero()); 4];
    let mut chunks = x.chunks_exact(4 * V::LANES);
    for chunk in &mut chunks {
        for (sum, part) in sums.iter_mut().zip(chunk.chunks_exact(V::LANES)) {
            // SAFETY: a register's worth.
            *sum = sum.add(unsafe { V::load(part.as_ptr()) });
        }
    }
    let rest = chunks.remainder().chunks(V::LANES);
    for (sum, part) in sums.iter_mut().zip(rest) {
        // SAFETY: what is left.
        *sum = sum.add(unsafe { V::load_part(part.as_ptr(), part.len()) });
    }
    sums[0].add(sums[1]).add(sums[2].add(sums[3])).sum()
}

/// Adds to `y` the sum of each column of rows as long as it, some registers of columns at a time.
#[inline(always)]
fn columns<T: Real, V: Vector<T>>(x: &[T], y: &mut [T]) {
    let inner = y.len();
    let mut j = 0;
    while j < inner {
        let n = (inner - j).min(V::LANES);
        let mut sums = [V::splat(T::zero()); 4];
        for rows in x.chunks(4 * inner) {
            for (sum, row) in sums.iter_mut().zip(rows.chunks_exact(inner)) {
                // SAFETY: `n` columns are left in the row.
                *sum = sum.add(unsafe { V::load_part(row.as_ptr().add(j), n) });
            }
        }
        let sum = sums[0].add(sums[1]).add(sums[2].add(sums[3]));
        // SAFETY: as many results are left.
        unsafe {
            let y = y.as_mut_ptr().add(j);
            V::load_part(y, n).add(sum).store_part(y, n);
        }
        j += n;
    }
}

/// The same for few columns: as many rows as a register has numbers are taken for one row.
#[inline(always)]
fn columns_short<T: Real, V: Vector<T>>(x: &[T], y: &mut [T]) {
    let inner = y.len();
    let mut sums = [V::splat(T::zero()); SHORT];
    for rows in x.chunks(inner * V::LANES) {
        for (sum, part) in sums.iter_mut().zip(rows.chunks(V::LANES)) {
            // SAFETY: what the part has.
            *sum = sum.add(unsafe { V::load_part(part.as_ptr(), part.len()) });
        }
    }
    let mut all = [T::zero(); SHORT * 16];
    for (k, sum) in sums[..inner].iter().enumerate() {
        // SAFETY: there is room for as many registers of at most 16 numbers.
        unsafe { sum.store(all.as_mut_ptr().add(k * V::LANES)) };
    }
    for row in all[..inner * V::LANES].chunks_exact(inner) {
        y.iter_mut().zip(row).for_each(|(y, &x)| *y += x);
    }
}

/// The sum of a short row, in an order that depends on the length alone.
fn sum<T: Real>(x: &[T]) -> T {
    const LANES: usize = 16;
    let mut lanes = [T::zero(); LANES];
    for chunk in x.chunks(LANES) {
        lanes.iter_mut().zip(chunk).for_each(|(lane, &x)| *lane += x);
    }
    let mut width = LANES / 2;
    while width > 0 {
        (0..width).for_each(|k| lanes[k] += lanes[k + width]);
        width /= 2;
    }
    lanes[0]
}

/// Softmax, its logarithm, or log-sum-exp along the last of two axes, or the middle one of three.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<T> {
    kind: RowKind,
    from: Place,
    to: Place,
    rows: usize,
    length: usize,
    inner: usize,
    parts: usize,
    exp: Map1<T>,
    isa: Isa,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowKind {
    Softmax,
    LogSoftmax,
    LogSumExp,
}

impl<T: Real> Rows<T> {
    pub fn new(
        kind: RowKind, from: Place, to: Place, [rows, length, inner]: [usize; 3], isa: Isa,
    ) -> Self {
        let parts = Cost::SOFTMAX.parts::<T>(rows * length * inner, isa).min(rows.max(1));
        let exp = T::map1(Fun1::Exp, isa, Numerics::Fast);
        Self { kind, from, to, rows, length, inner, parts, exp, isa }
    }

    /// Into how many parts it is divided.
    pub fn parts(&self) -> usize {
        self.parts
    }

    /// # Safety
    ///
    /// The operand and the result must lie in `memory` and not overlap.
    pub unsafe fn run(&self, memory: &Memory<T>) {
        // SAFETY: by the caller's promise.
        unsafe { self.some(memory, 0..self.rows) };
    }

    /// # Safety
    ///
    /// As [`run`](Self::run).
    pub unsafe fn run_part(&self, memory: &Memory<T>, part: usize) {
        // SAFETY: by the caller's promise.
        unsafe { self.some(memory, share(self.rows, self.parts, part)) };
    }

    /// Some of the rows.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn some(&self, memory: &Memory<T>, rows: Range<usize>) {
        // SAFETY: by the caller's promise.
        let (x, y) = unsafe { (memory.at(self.from), memory.at(self.to)) };
        if self.inner > 1 {
            // SAFETY: by the caller's promise.
            return unsafe { run(self.isa, &Columns { shape: self, rows, x, y }) };
        }
        for row in rows {
            // SAFETY: within the operand.
            let x = unsafe { std::slice::from_raw_parts(x.add(row * self.length), self.length) };
            let largest = x.iter().fold(T::neg_infinity(), |largest, &x| largest.max(x));
            if self.kind == RowKind::LogSumExp {
                // SAFETY: within the result.
                unsafe { *y.add(row) = self.log_sum_exp(x, largest) };
                continue;
            }
            // SAFETY: within the result.
            let y =
                unsafe { std::slice::from_raw_parts_mut(y.add(row * self.length), self.length) };
            y.iter_mut().zip(x).for_each(|(y, &x)| *y = x - largest);
            match self.kind {
                RowKind::Softmax => {
                    // SAFETY: in place, over all of the row.
                    unsafe { (self.exp)(y.as_ptr(), y.as_mut_ptr(), y.len()) };
                    let total = sum(y);
                    y.iter_mut().for_each(|y| *y /= total);
                }
                _ => {
                    let log_sum = self.sum_of_exponentials(y, T::zero()).ln();
                    y.iter_mut().for_each(|y| *y -= log_sum);
                }
            }
        }
    }

    fn log_sum_exp(&self, x: &[T], largest: T) -> T {
        if largest.is_infinite() {
            return x.iter().fold(largest, |y, &x| if x.is_nan() { x } else { y });
        }
        largest + self.sum_of_exponentials(x, largest).ln()
    }

    /// Σ e^(x − largest), a piece at a time.
    fn sum_of_exponentials(&self, x: &[T], largest: T) -> T {
        let mut piece = [T::zero(); 64];
        let mut total = T::zero();
        for x in x.chunks(piece.len()) {
            let piece = &mut piece[..x.len()];
            piece.iter_mut().zip(x).for_each(|(y, &x)| *y = x - largest);
            // SAFETY: in place, over all of the piece.
            unsafe { (self.exp)(piece.as_ptr(), piece.as_mut_ptr(), piece.len()) };
            total += sum(piece);
        }
        total
    }
}

/// Softmax and its kin along the middle axis: a register of neighbours at a time.
struct Columns<'a, T> {
    shape: &'a Rows<T>,
    rows: Range<usize>,
    x: *const T,
    y: *mut T,
}

impl<T: Real> Job<T> for Columns<'_, T> {
    /// # Safety
    ///
    /// As [`Rows::run`].
    #[inline(always)]
    unsafe fn run<V: Vector<T>>(&self) {
        let &Rows { length, inner, .. } = self.shape;
        for row in self.rows.clone() {
            let mut j = 0;
            while j < inner {
                let n = (inner - j).min(V::LANES);
                // SAFETY: by the caller's promise; `n` columns are left.
                unsafe { self.column::<V>(row * length * inner + j, row * inner + j, n) };
                j += n;
            }
        }
    }
}

impl<T: Real> Columns<'_, T> {
    /// So many columns, from a place in x on, and a place in a result without the middle axis.
    ///
    /// # Safety
    ///
    /// As [`Rows::run`].
    #[inline(always)]
    unsafe fn column<V: Vector<T>>(&self, at: usize, reduced: usize, n: usize) {
        let &Rows { kind, length, inner, .. } = self.shape;
        let (zero, edge) = (V::splat(T::zero()), V::splat(T::neg_infinity()));
        // SAFETY: by the caller's promise, in all of this.
        unsafe {
            let load = |from: *const T, k: usize| V::load_part(from.add(at + k * inner), n);
            let largest = (0..length).fold(edge, |most, k| load(self.x, k).max(most));
            if kind == RowKind::LogSumExp {
                // Where all are −∞, or one is ∞, the sum is that; a NaN stays one.
                let finite = largest.sub(largest).eq(zero);
                let shift = V::select(finite, largest, zero);
                let total = (0..length)
                    .fold(zero, |total, k| total.add(math::exp(load(self.x, k).sub(shift))));
                return math::log(total).add(shift).store_part(self.y.add(reduced), n);
            }
            let y = |k: usize| self.y.add(at + k * inner);
            let mut total = zero;
            for k in 0..length {
                let shifted = load(self.x, k).sub(largest);
                let e = math::exp(shifted);
                total = total.add(e);
                if kind == RowKind::Softmax { e } else { shifted }.store_part(y(k), n);
            }
            let log = math::log(total);
            for k in 0..length {
                let value = V::load_part(y(k), n);
                if kind == RowKind::Softmax { value.div(total) } else { value.sub(log) }
                    .store_part(y(k), n);
            }
        }
    }
}
