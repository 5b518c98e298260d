//! Cells of pictures and maps, copied.

#![allow(unsafe_code)]

use crate::kernels::Real;
use crate::kernels::vector::Vector;

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

/// A copy of the few cells of a row.
///
/// # Safety
///
/// As [`Conv::run`](super::Conv::run); the arrays have as many elements.
#[inline(always)]
pub(super) unsafe fn copy<T: Real, V: Vector<T>>(x: *const T, y: *mut T, n: usize) {
    let mut i = 0;
    // SAFETY: by the caller's promise, within the arrays.
    unsafe {
        while i + V::LANES <= n {
            V::load(x.add(i)).store(y.add(i));
            i += V::LANES;
        }
        if i < n {
            V::load_part(x.add(i), n - i).store_part(y.add(i), n - i);
        }
    }
}

/// y = x + b.
///
/// # Safety
///
/// As [`Conv::run`](super::Conv::run); the arrays have as many elements.
#[inline(always)]
pub(super) unsafe fn add_to<T: Real, V: Vector<T>>(x: *const T, b: T, y: *mut T, n: usize) {
    let (b, mut i) = (V::splat(b), 0);
    // SAFETY: by the caller's promise, within the arrays.
    unsafe {
        while i + V::LANES <= n {
            V::load(x.add(i)).add(b).store(y.add(i));
            i += V::LANES;
        }
        if i < n {
            V::load_part(x.add(i), n - i).add(b).store_part(y.add(i), n - i);
        }
    }
}
