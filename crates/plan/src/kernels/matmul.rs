//! Products of matrices.

#![allow(unsafe_code)]

use crate::arena::Memory;
use crate::kernels::{Isa, Real};
use crate::memory::Place;
use crate::net::Sizes;
use crate::pass::row_offset;
use crate::view::View;

/// y = x w for matrices, or for each pair in two stacks of them.
#[derive(Clone, Debug)]
pub(crate) struct Matmul<T> {
    x: Place,
    w: Place,
    y: Place,
    sizes: [usize; 3],
    x_strides: [usize; 2],
    w_strides: [usize; 2],
    stack: Sizes,
    x_stack: Sizes,
    w_stack: Sizes,
    isa: Isa,
    number: std::marker::PhantomData<T>,
}

impl<T: Real> Matmul<T> {
    pub fn new(x: &View, w: &View, [x_place, w_place, y]: [Place; 3], isa: Isa) -> Self {
        let axis = x.sizes.len() - 2;
        Self {
            x: x_place,
            w: w_place,
            y,
            sizes: [x.sizes[axis], w.sizes[axis + 1], x.sizes[axis + 1]],
            x_strides: [x.strides[axis], x.strides[axis + 1]],
            w_strides: [w.strides[axis], w.strides[axis + 1]],
            stack: x.sizes[..axis].into(),
            x_stack: x.strides[..axis].into(),
            w_stack: w.strides[..axis].into(),
            isa,
            number: std::marker::PhantomData,
        }
    }

    /// # Safety
    ///
    /// The operands and the result must lie in `memory`, and these not overlap.
    pub unsafe fn run(&self, memory: &Memory<T>) {
        // SAFETY: by the caller's promise.
        let (x, w, y) = unsafe { (memory.at(self.x), memory.at(self.w), memory.at(self.y)) };
        let [m, n, k] = self.sizes;
        let [[xr, xc], [wr, wc]] = [self.x_strides, self.w_strides];
        for pair in 0..self.stack.iter().product() {
            unsafe {
                let x = x.add(row_offset(&self.stack, &self.x_stack, pair));
                let w = w.add(row_offset(&self.stack, &self.w_stack, pair));
                let y = y.add(pair * m * n);
                for i in 0..m {
                    for j in 0..n {
                        let mut sum = T::zero();
                        for l in 0..k {
                            sum += *x.add(i * xr + l * xc) * *w.add(l * wr + j * wc);
                        }
                        *y.add(i * n + j) = sum;
                    }
                }
            }
        }
    }
}
