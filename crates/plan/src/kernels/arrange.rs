//! Kernels that move numbers: copies into another arrangement, and choice by index.

#![allow(unsafe_code)]

use std::ops::Range;

use crate::arena::Memory;
use crate::kernels::cost::{Cost, share};
use crate::kernels::pass::row_offset;
use crate::kernels::step::Objection;
use crate::kernels::{Isa, Real};
use crate::memory::Place;
use crate::net::Sizes;

/// A copy between two arrangements of the same elements.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    pub from: Place,
    pub to: Place,
    /// Sizes with neighbouring axes merged, and none of size 1.
    pub sizes: Sizes,
    pub from_strides: Sizes,
    pub to_strides: Sizes,
}

impl Copy {
    /// Into how many parts of rows it is divided.
    pub fn parts<T>(&self) -> usize {
        let close =
            [&self.from_strides, &self.to_strides].map(|strides| strides.last() == Some(&1));
        let cost = if close == [true, true] { Cost::COPIED } else { Cost::GATHERED };
        // Its speed is that of the memory, whatever the instructions.
        cost.parts::<T>(self.sizes.iter().product(), Isa::Avx512).min(self.rows().max(1))
    }

    /// The rows of the last axis.
    fn rows(&self) -> usize {
        self.sizes.iter().rev().skip(1).product()
    }

    /// # Safety
    ///
    /// All elements must lie in `memory`, and those read must not overlap those written.
    pub unsafe fn run<T: Real>(&self, memory: &Memory<T>) {
        // SAFETY: by the caller's promise.
        unsafe { self.some(memory, 0..self.rows()) };
    }

    /// # Safety
    ///
    /// As [`run`](Self::run).
    pub unsafe fn run_part<T: Real>(&self, memory: &Memory<T>, part: usize) {
        // SAFETY: by the caller's promise.
        unsafe { self.some(memory, share(self.rows(), self.parts::<T>(), part)) };
    }

    /// Some of the rows.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn some<T: Real>(&self, memory: &Memory<T>, rows: Range<usize>) {
        // SAFETY: by the caller's promise, here and below.
        let (from, to) = unsafe { (memory.at(self.from), memory.at(self.to)) };
        let Some((&length, outer)) = self.sizes.split_last() else {
            // SAFETY: a single number.
            return unsafe { *to = *from };
        };
        let (step, from_outer) = self.from_strides.split_last().expect("as many as sizes");
        let (to_step, to_outer) = self.to_strides.split_last().expect("as many as sizes");
        for row in rows {
            let (read, write) =
                (row_offset(outer, from_outer, row), row_offset(outer, to_outer, row));
            // SAFETY: a row of each arrangement.
            unsafe {
                let (from, to) = (from.add(read), to.add(write));
                match (step, to_step) {
                    (1, 1) => std::ptr::copy_nonoverlapping(from, to, length),
                    _ => (0..length).for_each(|k| *to.add(k * to_step) = *from.add(k * step)),
                }
            }
        }
    }
}

/// The slices that indices name, of the middle one of three axes.
#[derive(Clone, Debug)]
pub(crate) struct Gather {
    pub from: Place,
    pub indices: Place,
    pub to: Place,
    pub outer: usize,
    /// How many slices there are to choose from, and how many are chosen.
    pub size: usize,
    pub chosen: usize,
    pub inner: usize,
    pub origin: usize,
}

impl Gather {
    /// # Safety
    ///
    /// All elements must lie in `memory`, and the result must not overlap the operands.
    pub unsafe fn run<T: Real>(&self, memory: &Memory<T>) -> Result<(), Box<Objection>> {
        let &Self { size, chosen, inner, .. } = self;
        // SAFETY: by the caller's promise.
        let (x, indices, y) = unsafe {
            let indices = std::slice::from_raw_parts(memory.at(self.indices), chosen);
            (memory.at(self.from), indices, memory.at(self.to))
        };
        check_indices(indices, size, self.origin)?;
        for o in 0..self.outer {
            for (k, i) in indices.iter().enumerate() {
                // SAFETY: the index is less than the size.
                unsafe {
                    let from = x.add((o * size + i.to_double() as usize) * inner);
                    std::ptr::copy_nonoverlapping(from, y.add((o * chosen + k) * inner), inner);
                }
            }
        }
        Ok(())
    }
}

/// Zeros, to which slices are added where the indices say.
#[derive(Clone, Debug)]
pub(crate) struct Scatter(pub Gather);

impl Scatter {
    /// # Safety
    ///
    /// As [`Gather::run`].
    pub unsafe fn run<T: Real>(&self, memory: &Memory<T>) -> Result<(), Box<Objection>> {
        let &Gather { outer, size, chosen, inner, .. } = &self.0;
        // SAFETY: by the caller's promise.
        let (x, indices, y) = unsafe {
            let x = std::slice::from_raw_parts(memory.at(self.0.from), outer * chosen * inner);
            let indices = std::slice::from_raw_parts(memory.at(self.0.indices), chosen);
            let to = memory.at(self.0.to);
            (x, indices, std::slice::from_raw_parts_mut(to, outer * size * inner))
        };
        check_indices(indices, size, self.0.origin)?;
        y.fill(T::zero());
        for o in 0..outer {
            for (k, i) in indices.iter().enumerate() {
                let to = (o * size + i.to_double() as usize) * inner;
                let from = &x[(o * chosen + k) * inner..][..inner];
                y[to..to + inner].iter_mut().zip(from).for_each(|(y, &x)| *y += x);
            }
        }
        Ok(())
    }
}

/// Rows with a 1 at the place that a label names.
#[derive(Clone, Debug)]
pub(crate) struct OneHot {
    pub labels: Place,
    pub to: Place,
    pub rows: usize,
    pub classes: usize,
    pub origin: usize,
}

impl OneHot {
    /// # Safety
    ///
    /// All elements must lie in `memory`, and the result must not overlap the labels.
    pub unsafe fn run<T: Real>(&self, memory: &Memory<T>) -> Result<(), Box<Objection>> {
        // SAFETY: by the caller's promise.
        let (labels, y) = unsafe {
            let labels = std::slice::from_raw_parts(memory.at(self.labels), self.rows);
            let to = memory.at(self.to);
            (labels, std::slice::from_raw_parts_mut(to, self.rows * self.classes))
        };
        check_indices(labels, self.classes, self.origin)?;
        y.fill(T::zero());
        for (row, label) in labels.iter().enumerate() {
            y[row * self.classes + label.to_double() as usize] = T::one();
        }
        Ok(())
    }
}

/// Checks that all indices are whole numbers below `size`.
fn check_indices<T: Real>(indices: &[T], size: usize, origin: usize) -> Result<(), Box<Objection>> {
    gradus_ops::check_indices(&ndarray::ArrayView1::from(indices).into_dyn(), size)
        .map_err(|problem| Box::new(Objection { origin, problem }))
}
