//! What work costs, and from where on it pays to divide it.

use std::ops::{AddAssign, Range};

use crate::kernels::{Fun1, Fun2, Isa, Numerics};

/// The time that an element takes, in nanoseconds: of an `f32`, in registers of 512 bits and in
/// cache.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost(f64);

/// How many nanoseconds of work a part should have at least. Work that is not enough for two parts
/// is done faster by one thread.
const PART: f64 = 20e3;
/// The most parts of a step. More would balance the threads better, and cost more to hand out.
const MOST: usize = 16;

impl Cost {
    /// Additions, comparisons and the like.
    pub const ARITHMETIC: Self = Self(0.13);
    /// An elementary function in registers.
    const FUNCTION: Self = Self(0.4);
    /// A function of the standard library.
    const SCALAR: Self = Self(6.0);
    /// The softmax of a row, or what is like it.
    pub const SOFTMAX: Self = Self(2.5);
    /// A cell of the pictures that are pooled, where windows of 2×2 lie side by side, and else.
    pub const PAIRED: Self = Self(0.3);
    pub const POOLED: Self = Self(4.0);
    /// A copy, of rows and of elements that do not lie side by side.
    pub const COPIED: Self = Self(0.13);
    pub const GATHERED: Self = Self(0.8);
    /// A product that is added to a sum.
    pub const MULTIPLIED: Self = Self(0.025);

    /// The cost of a function of one number.
    pub fn of1(f: Fun1, numerics: Numerics) -> Self {
        use Fun1::{Abs, Copy, Neg, Reciprocal, Relu, Rsqrt, Sign, Sqrt, Square, Step};
        match f {
            Copy | Neg | Square | Relu | Abs | Sign | Step | Reciprocal | Sqrt | Rsqrt => {
                Self::ARITHMETIC
            }
            _ if f.in_registers(numerics) => Self::FUNCTION,
            _ => Self::SCALAR,
        }
    }

    /// The cost of a function of two numbers.
    pub fn of2(f: Fun2, numerics: Numerics) -> Self {
        match f {
            _ if !f.in_registers(numerics) => Self::SCALAR,
            Fun2::BinaryCrossEntropyWithLogits => Self::FUNCTION,
            _ => Self::ARITHMETIC,
        }
    }

    /// Into how many parts so many elements of this cost are best divided.
    pub fn parts<T>(self, elements: usize, isa: Isa) -> usize {
        let narrow = match isa {
            Isa::Avx512 => 1.0,
            Isa::Avx2 => 1.5,
            Isa::Portable => 3.0,
        };
        let wide = size_of::<T>() as f64 / 4.0;
        let parts = self.0 * wide * narrow * elements as f64 / PART;
        // A power of two, which two or four threads can share out equally.
        1 << (parts as usize).clamp(1, MOST).ilog2()
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

/// The share of one of `parts` in `all` things: they differ by one at most.
pub(crate) fn share(all: usize, parts: usize, part: usize) -> Range<usize> {
    all * part / parts..all * (part + 1) / parts
}
