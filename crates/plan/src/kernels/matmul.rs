//! Products of matrices, by the kernel that suits their shape.

#![allow(unsafe_code)]

use crate::arena::Memory;
use crate::kernels::gemm::{Gemm, Product, Start, dot, outer};
use crate::kernels::pass::row_offset;
use crate::kernels::{Isa, Real};
use crate::memory::{Place, REGISTERS};
use crate::net::Sizes;
use crate::view::View;

/// y = x w for matrices, or for each pair in two stacks of them.
#[derive(Clone, Debug)]
pub(crate) struct Matmul<T> {
    x: Place,
    w: Place,
    y: Place,
    /// Rows of x, columns of w, and what is summed over.
    sizes: [usize; 3],
    x_strides: [usize; 2],
    w_strides: [usize; 2],
    stack: Sizes,
    x_stack: Sizes,
    w_stack: Sizes,
    engine: Engine<T>,
    base: Base,
}

/// What computes a product.
#[derive(Clone, Copy, Debug)]
enum Engine<T> {
    /// Rows of w side by side.
    Outer(Gemm<T>),
    /// The same, w being transposed before.
    Packed(Gemm<T>),
    /// Rows of x and columns of w side by side.
    Dot(Gemm<T>),
    /// The crate `gemm`, for large matrices.
    Large,
}

/// What a product is added to, as places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    Zero,
    /// One row for all.
    Bias(Place),
    /// One column for all.
    Column(Place),
    /// The result's memory itself, to which a multiple is added: the factor's place, and whether it
    /// is subtracted instead.
    Add {
        factor: Place,
        minus: bool,
    },
}

/// Sizes from which on the crate `gemm` is faster.
const LARGE: usize = 48;
/// Lengths of inner products that are too short for the kernel of inner products.
const SHORT: usize = 24;

impl<T: Real> Matmul<T> {
    pub fn new(
        x: &View, w: &View, [x_place, w_place, y]: [Place; 3], base: Base, isa: Isa,
    ) -> Self {
        let axis = x.sizes.len() - 2;
        let sizes @ [m, n, k] = [x.sizes[axis], w.sizes[axis + 1], x.sizes[axis + 1]];
        let x_strides = [x.strides[axis], x.strides[axis + 1]];
        let w_strides = [w.strides[axis], w.strides[axis + 1]];
        let engine = if m.min(n).min(k) >= LARGE {
            Engine::Large
        } else if w_strides[1] == 1 || n == 1 {
            Engine::Outer(outer(isa))
        } else if k >= SHORT && x_strides[1] == 1 && w_strides[0] == 1 {
            Engine::Dot(dot(isa))
        } else {
            Engine::Packed(outer(isa))
        };
        let (stack, x_stack, w_stack) =
            (x.sizes[..axis].into(), x.strides[..axis].into(), w.strides[..axis].into());
        let (x, w) = (x_place, w_place);
        Self { x, w, y, sizes, x_strides, w_strides, stack, x_stack, w_stack, engine, base }
    }

    /// The kernel, the sizes, and what is taken on.
    pub fn name(&self) -> String {
        let [m, n, k] = self.sizes;
        let kernel = match self.engine {
            Engine::Outer(_) => "outer products",
            Engine::Packed(_) => "outer products, packed",
            Engine::Dot(_) => "inner products",
            Engine::Large => "large product",
        };
        let base = match self.base {
            Base::Zero => "",
            Base::Bias(_) | Base::Column(_) => ", with bias",
            Base::Add { .. } => ", added in place",
        };
        format!("{kernel} {m}×{k}×{n}{base}")
    }

    /// How many registers the product needs.
    pub fn registers(&self) -> usize {
        match self.engine {
            Engine::Packed(_) => self.sizes[1] * self.sizes[2],
            _ => 0,
        }
    }

    /// # Safety
    ///
    /// The operands and the result must lie in `memory`, and these not overlap.
    pub unsafe fn run(&self, memory: &Memory<T>) {
        // SAFETY: by the caller's promise.
        let (x, w, y) = unsafe { (memory.at(self.x), memory.at(self.w), memory.at(self.y)) };
        let [m, n, _] = self.sizes;
        for pair in 0..self.stack.iter().product() {
            // SAFETY: by the caller's promise.
            unsafe {
                let x = x.add(row_offset(&self.stack, &self.x_stack, pair));
                let w = w.add(row_offset(&self.stack, &self.w_stack, pair));
                self.product(memory, x, w, y.add(pair * m * n));
            }
        }
    }

    /// One product.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    #[inline(always)]
    unsafe fn product(&self, memory: &Memory<T>, a: *const T, b: *const T, c: *mut T) {
        let [m, n, k] = self.sizes;
        let [[a_row, a_column], [b_row, b_column]] = [self.x_strides, self.w_strides];
        // SAFETY: by the caller's promise.
        unsafe {
            let start = match self.base {
                Base::Zero => Start::Zero,
                Base::Bias(bias) => Start::Bias(memory.at(bias).cast_const()),
                Base::Column(bias) => Start::Column(memory.at(bias).cast_const()),
                Base::Add { factor, minus: false } => Start::Add(*memory.at(factor)),
                Base::Add { factor, minus: true } => Start::Add(-*memory.at(factor)),
            };
            let product = Product {
                m,
                n,
                k,
                a,
                a_row,
                a_column,
                b,
                b_step: b_row,
                b_table: None,
                times: 1,
                a_next: 0,
                b_next: 0,
                c,
                c_row: n,
                start,
            };
            match self.engine {
                Engine::Outer(kernel) => kernel(&product),
                Engine::Dot(kernel) => kernel(&Product { b_step: b_column, ..product }),
                Engine::Packed(kernel) => {
                    let packed = memory.at(Place { base: REGISTERS, offset: 0 });
                    for l in 0..k {
                        for j in 0..n {
                            *packed.add(l * n + j) = *b.add(l * b_row + j * b_column);
                        }
                    }
                    kernel(&Product { b: packed, b_step: n, ..product });
                }
                Engine::Large => large(&product, b_column),
            }
        }
    }
}

/// A product by the crate `gemm`, on one thread.
///
/// # Safety
///
/// As [`Matmul::run`].
unsafe fn large<T: Real>(p: &Product<T>, b_column: usize) {
    let (zero, one) = (T::zero(), T::one());
    let (keep, factor) = match p.start {
        Start::Zero => (false, one),
        Start::Bias(bias) => {
            // SAFETY: by the caller's promise.
            (0..p.m).for_each(|i| unsafe {
                std::ptr::copy_nonoverlapping(bias, p.c.add(i * p.c_row), p.n);
            });
            (true, one)
        }
        Start::Column(bias) => {
            // SAFETY: by the caller's promise.
            (0..p.m).for_each(|i| unsafe {
                std::slice::from_raw_parts_mut(p.c.add(i * p.c_row), p.n).fill(*bias.add(i));
            });
            (true, one)
        }
        Start::Add(factor) => (true, factor),
    };
    let step = |stride: usize| stride as isize;
    // SAFETY: by the caller's promise.
    unsafe {
        gemm::gemm(
            p.m,
            p.n,
            p.k,
            p.c,
            1,
            step(p.c_row),
            keep,
            p.a,
            step(p.a_column),
            step(p.a_row),
            p.b,
            step(b_column),
            step(p.b_step),
            if keep { one } else { zero },
            factor,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
