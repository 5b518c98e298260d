//! Cells of pictures and maps, copied.

#![allow(unsafe_code)]

use crate::kernels::Real;
use crate::kernels::vector::{MAX_LANES, Vector};

/// The transpose of a matrix of so many rows and columns.
///
/// # Safety
///
/// As [`Conv::run`](super::Conv::run); the arrays have as many elements.
#[inline(always)]
pub(super) unsafe fn transpose<T: Copy>(from: *const T, to: *mut T, rows: usize, columns: usize) {
    for i in 0..rows {
        for j in 0..columns {
            // SAFETY: by the caller's promise, within the arrays.
            unsafe { *to.add(j * rows + i) = *from.add(i * columns + j) };
        }
    }
}

/// `n` ≤ `LANES` numbers a stride apart, then anything.
///
/// # Safety
///
/// As [`Conv::run`](super::Conv::run); the array has as many elements.
#[inline(always)]
pub(super) unsafe fn gather<T: Real, V: Vector<T>>(x: *const T, stride: usize, n: usize) -> V {
    // SAFETY: by the caller's promise; no register has more lanes.
    unsafe {
        if stride == 1 {
            return V::load_part(x, n);
        }
        let mut numbers = [T::zero(); MAX_LANES];
        for (j, number) in numbers.iter_mut().enumerate().take(n) {
            *number = *x.add(j * stride);
        }
        V::load(numbers.as_ptr())
    }
}

/// The first `n` ≤ `LANES` numbers, to where they are a stride apart.
///
/// # Safety
///
/// As [`Conv::run`](super::Conv::run); the array has as many elements.
#[inline(always)]
pub(super) unsafe fn scatter<T: Real, V: Vector<T>>(x: V, y: *mut T, stride: usize, n: usize) {
    // SAFETY: by the caller's promise; no register has more lanes.
    unsafe {
        if stride == 1 {
            return x.store_part(y, n);
        }
        let mut numbers = [T::zero(); MAX_LANES];
        x.store(numbers.as_mut_ptr());
        for (j, &number) in numbers.iter().enumerate().take(n) {
            *y.add(j * stride) = number;
        }
    }
}

/// So many rows of cells, a stride apart, each followed by zeros up to where the next begins, `width`
/// later. Up to a register's worth of zeros may be written behind the last.
///
/// # Safety
///
/// As [`Conv::run`](super::Conv::run); the arrays have as many elements.
#[inline(always)]
pub(super) unsafe fn spread<T: Real, V: Vector<T>>(
    x: *const T, [x_row, stride]: [usize; 2], y: *mut T, width: usize, [rows, cells]: [usize; 2],
) {
    // SAFETY: by the caller's promise, within the arrays.
    unsafe {
        if stride > 1 {
            for (k, j) in (0..rows).flat_map(|k| (0..width).map(move |j| (k, j))) {
                let cell = if j < cells { *x.add(k * x_row + j * stride) } else { T::zero() };
                *y.add(k * width + j) = cell;
            }
            return;
        }
        // From the right, so that what a register writes over the next row is written again.
        for i in (0..width).step_by(V::LANES).rev() {
            let n = cells.saturating_sub(i).min(V::LANES);
            for k in 0..rows {
                V::load_part(x.wrapping_add(k * x_row + i), n).store(y.add(k * width + i));
            }
        }
    }
}

/// So many zeros; up to a register's worth more may be written.
///
/// # Safety
///
/// As [`Conv::run`](super::Conv::run); the array has as many elements.
#[inline(always)]
pub(super) unsafe fn zeros<T: Real, V: Vector<T>>(y: *mut T, n: usize) {
    for i in (0..n).step_by(V::LANES) {
        // SAFETY: by the caller's promise, within the array.
        unsafe { V::splat(T::zero()).store(y.add(i)) };
    }
}
