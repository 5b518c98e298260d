//! Products that take no longer than a few operations over a register: a row times a matrix, and a
//! column times a row. Their kernels find everything out for themselves, and are called directly.

#![allow(unsafe_code)]

use super::{Base, Matmul};
use crate::arena::Memory;
use crate::kernels::vector::{MAX_LANES, Vector, for_each_isa};
use crate::kernels::{Isa, Real};
use crate::memory::{Place, REGISTERS};

/// A kernel of a small product.
pub(super) type Small<T> = unsafe fn(&Matmul<T>, &Memory<T>);

/// The kernel for a product of these sizes, if it is small; `inner`, if its columns of w lie side by
/// side, else its rows do.
pub(super) fn small<T: Real>(
    [m, n, k]: [usize; 3], inner: bool, lanes: usize, isa: Isa,
) -> Option<Small<T>> {
    match (m, n, k) {
        _ if n > lanes => None,
        (1, 1, _) if inner => Some(dots::<T, 1>(isa)),
        (1, 2, _) if inner => Some(dots::<T, 2>(isa)),
        (1, 3, _) if inner => Some(dots::<T, 3>(isa)),
        (1, 4, _) if inner => Some(dots::<T, 4>(isa)),
        (1, 5, _) if inner => Some(dots::<T, 5>(isa)),
        (..=MAX_LANES, _, 1) if !inner || n == 1 => Some(column(isa)),
        (1, _, _) if !inner => Some(row(isa)),
        _ => None,
    }
}

for_each_isa! {
    /// A row times `N` columns that lie side by side.
    fn dots[T: Real, const N: usize] = dots_body[T, N](p: &Matmul<T>, memory: &Memory<T>);
}

for_each_isa! {
    /// A row times rows that lie side by side.
    fn row[T: Real] = row_body[T](p: &Matmul<T>, memory: &Memory<T>);
}

for_each_isa! {
    /// A column times a row.
    fn column[T: Real] = column_body[T](p: &Matmul<T>, memory: &Memory<T>);
}

/// # Safety
///
/// As [`Matmul::run`].
#[inline(always)]
unsafe fn dots_body<T: Real, V: Vector<T>, const N: usize>(p: &Matmul<T>, memory: &Memory<T>) {
    let [_, _, k] = p.sizes;
    let step = p.w_strides[1];
    let mut sums = [V::splat(T::zero()); MAX_LANES];
    // SAFETY: by the caller's promise.
    unsafe {
        let (x, w) = (memory.at(p.x), memory.at(p.w));
        let mut l = 0;
        while l + V::LANES <= k {
            let x = V::load(x.add(l));
            for (s, sum) in sums.iter_mut().enumerate().take(N) {
                *sum = x.mul_add(V::load(w.add(s * step + l)), *sum);
            }
            l += V::LANES;
        }
        if l < k {
            let x = V::load_part(x.add(l), k - l);
            for (s, sum) in sums.iter_mut().enumerate().take(N) {
                *sum = x.mul_add(V::load_part(w.add(s * step + l), k - l), *sum);
            }
        }
        finish(p, memory, V::sums(sums));
    }
}

/// # Safety
///
/// As [`Matmul::run`].
#[inline(always)]
unsafe fn row_body<T: Real, V: Vector<T>>(p: &Matmul<T>, memory: &Memory<T>) {
    let [_, n, k] = p.sizes;
    let (step, row) = (p.x_strides[1], p.w_strides[0]);
    // Two sums, so that one addition need not wait for the other.
    let mut sums = [V::splat(T::zero()); 2];
    // SAFETY: by the caller's promise.
    unsafe {
        let (x, w) = (memory.at(p.x), memory.at(p.w));
        for l in 0..k {
            let sum = &mut sums[l % 2];
            *sum = V::splat(*x.add(l * step)).mul_add(V::load_part(w.add(l * row), n), *sum);
        }
        finish(p, memory, sums[0].add(sums[1]));
    }
}

/// Adds what a row is added to, and writes it.
///
/// # Safety
///
/// As [`Matmul::run`].
#[inline(always)]
unsafe fn finish<T: Real, V: Vector<T>>(p: &Matmul<T>, memory: &Memory<T>, sum: V) {
    let [_, n, _] = p.sizes;
    // SAFETY: by the caller's promise.
    unsafe {
        let y = memory.at(p.y);
        let sum = match p.base {
            Base::Zero => sum,
            Base::Bias(bias) => V::load_part(memory.at(bias), n).add(sum),
            Base::Column(bias) => V::splat(*memory.at(bias)).add(sum),
            Base::Add { factor, minus } => {
                sum.mul_add(signed(memory, factor, minus), V::load_part(y, n))
            }
        };
        if p.y.base == REGISTERS { sum.store(y) } else { sum.store_part(y, n) }
    }
}

/// # Safety
///
/// As [`Matmul::run`].
#[inline(always)]
unsafe fn column_body<T: Real, V: Vector<T>>(p: &Matmul<T>, memory: &Memory<T>) {
    let [m, n, _] = p.sizes;
    let step = p.x_strides[0];
    // SAFETY: by the caller's promise.
    unsafe {
        let (x, y) = (memory.at(p.x), memory.at(p.y));
        let row = V::load_part(memory.at(p.w), n);
        let x = |i: usize| V::splat(*x.add(i * step));
        match p.base {
            Base::Zero => {
                (0..m).for_each(|i| x(i).mul(row).store_part(y.add(i * n), n));
            }
            Base::Bias(bias) => {
                let bias = V::load_part(memory.at(bias), n);
                (0..m).for_each(|i| x(i).mul_add(row, bias).store_part(y.add(i * n), n));
            }
            Base::Column(bias) => {
                let bias = memory.at(bias);
                (0..m).for_each(|i| {
                    x(i).mul_add(row, V::splat(*bias.add(i))).store_part(y.add(i * n), n);
                });
            }
            Base::Add { factor, minus } => {
                let row = row.mul(signed(memory, factor, minus));
                for i in 0..m {
                    let y = y.add(i * n);
                    x(i).mul_add(row, V::load_part(y, n)).store_part(y, n);
                }
            }
        }
    }
}

/// A factor, or its opposite, in all lanes.
///
/// # Safety
///
/// The factor must be there.
#[inline(always)]
unsafe fn signed<T: Real, V: Vector<T>>(memory: &Memory<T>, factor: Place, minus: bool) -> V {
    // SAFETY: by the caller's promise.
    let factor = unsafe { *memory.at(factor) };
    V::splat(if minus { -factor } else { factor })
}
