//! The adjoint of a convolution to its filters.

#![allow(unsafe_code)]

use gradus_ops::Convolution;

use crate::arena::Memory;
use crate::kernels::gemm::{Product, Start, dot_body};
use crate::kernels::vector::{Job, Vector, run};
use crate::kernels::{Isa, Real};
use crate::memory::Place;

/// The adjoint of a convolution to its filters, w̄ from x and ȳ; there is no padding.
#[derive(Clone, Debug)]
pub(crate) struct FilterAdjoint {
    places: [Place; 3],
    examples: usize,
    maps: usize,
    /// Rows and columns of maps, and columns of pictures.
    size: [usize; 2],
    x_columns: usize,
    stride: [usize; 2],
    /// Where each weight of a filter begins to see the pictures.
    table: Vec<usize>,
    isa: Isa,
}

impl FilterAdjoint {
    /// For pictures, filters and maps of these sizes.
    pub fn new(
        convolution: Convolution, [x, w, y]: [[usize; 4]; 3], places: [Place; 3], isa: Isa,
    ) -> Self {
        let Convolution { stride, dilation, .. } = convolution;
        let mut table = Vec::with_capacity(w[1] * w[2] * w[3]);
        for c in 0..w[1] {
            for p in 0..w[2] {
                for q in 0..w[3] {
                    let row = c * x[1] + p * dilation[0];
                    table.push((row * x[2] + q * dilation[1]) * x[3]);
                }
            }
        }
        let (size, x_columns) = ([y[1], y[2]], x[2]);
        Self { places, examples: x[3], maps: y[0], size, x_columns, stride, table, isa }
    }

    /// The sizes.
    pub fn name(&self) -> String {
        let (weights, maps, n) = (self.table.len(), self.maps, self.examples);
        format!("convolution, to its filter {maps}×{weights} × {n}")
    }

    /// # Safety
    ///
    /// The operands and the result must lie in `memory`, and these not overlap.
    pub unsafe fn run<T: Real>(&self, memory: &Memory<T>) {
        // SAFETY: by the caller's promise, here and in the job.
        unsafe {
            let [x, y, to] = self.places.map(|place| memory.at(place));
            run(self.isa, &FilterJob { shape: self, x, y, to });
        }
    }
}

struct FilterJob<'a, T> {
    shape: &'a FilterAdjoint,
    x: *const T,
    y: *const T,
    to: *mut T,
}

impl<T: Real> Job<T> for FilterJob<'_, T> {
    /// # Safety
    ///
    /// As [`FilterAdjoint::run`].
    #[inline(always)]
    unsafe fn run<V: Vector<T>>(&self) {
        let s = self.shape;
        let (n, [rows, columns]) = (s.examples, s.size);
        // Whole rows lie side by side, or only the examples of a cell.
        let whole = s.stride[1] == 1;
        let (times, length) = if whole { (rows, columns * n) } else { (columns, n) };
        let b_next = if whole { s.stride[0] * s.x_columns * n } else { s.stride[1] * n };
        let product = Product {
            m: s.maps,
            n: s.table.len(),
            k: length,
            a: self.y,
            a_row: rows * columns * n,
            a_column: 1,
            b: self.x,
            b_step: 0,
            b_table: Some(s.table.as_ptr()),
            times,
            a_next: length,
            b_next,
            c: self.to,
            c_row: s.table.len(),
            start: Start::Zero,
        };
        // SAFETY: by the caller's promise; the table leads to cells that are there.
        unsafe {
            if whole {
                return dot_body::<T, V, true>(&product);
            }
            for i in 0..rows {
                let start = if i == 0 { Start::Zero } else { Start::Add(T::one()) };
                let (a, b) =
                    (self.y.add(i * columns * n), self.x.add(i * s.stride[0] * s.x_columns * n));
                dot_body::<T, V, true>(&Product { a, b, start, ..product });
            }
        }
    }
}
