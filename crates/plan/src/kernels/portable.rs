//! Registers of a machine that is not known.

#![allow(unsafe_code)]

use std::array::from_fn;

use super::vector::Vector;

/// A register of a machine that is not known: an array, whose loops the compiler may vectorise.
#[derive(Clone, Copy, Debug)]
pub struct Lanes<T, const N: usize>([T; N]);

/// [`Vector`] for [`Lanes`] of a number type with the bits of `$bits`.
macro_rules! lanes {
    ($T:ident, $bits:ident, $lanes:literal) => {
        impl Lanes<$T, $lanes> {
            /// How many bits the fraction has.
            const FRACTION: u32 = $T::MANTISSA_DIGITS - 1;

            /// From here on all numbers are whole: a whole number below that is added to this one
            /// makes the low bits of its fraction.
            const WHOLE: $T = 1.0 / $T::EPSILON;

            /// The exponent of 1, as it is stored.
            const BIAS: $T = ($T::MAX_EXP - 1) as $T;

            /// 2ⁿ for whole n, between the exponents of normal numbers.
            #[inline(always)]
            fn power(self) -> Self {
                let low = Self::WHOLE + Self::BIAS;
                Self(self.0.map(|n| $T::from_bits((n + low).to_bits() << Self::FRACTION)))
            }
        }

        impl Vector<$T> for Lanes<$T, $lanes> {
            const LANES: usize = $lanes;
            const FUSED: bool = false;
            type Mask = [$bits; $lanes];

            #[inline(always)]
            unsafe fn load(p: *const $T) -> Self {
                // SAFETY: the caller promises `LANES` numbers; an array is aligned as its elements.
                Self(unsafe { p.cast::<[$T; $lanes]>().read() })
            }

            #[inline(always)]
            unsafe fn store(self, p: *mut $T) {
                // SAFETY: the caller promises room; an array is aligned as its elements.
                unsafe { p.cast::<[$T; $lanes]>().write(self.0) }
            }

            #[inline(always)]
            unsafe fn load_part(p: *const $T, n: usize) -> Self {
                // SAFETY: the caller promises that the first `n` can be read.
                Self(from_fn(|i| if i < n { unsafe { *p.add(i) } } else { 0.0 }))
            }

            #[inline(always)]
            unsafe fn store_part(self, p: *mut $T, n: usize) {
                for (i, &x) in self.0.iter().enumerate().take(n) {
                    // SAFETY: i < n, and the caller promises room for `n` numbers.
                    unsafe { *p.add(i) = x }
                }
            }

            #[inline(always)]
            fn splat(x: $T) -> Self {
                Self([x; $lanes])
            }

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                Self(from_fn(|i| self.0[i] + other.0[i]))
            }

            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                Self(from_fn(|i| self.0[i] - other.0[i]))
            }

            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                Self(from_fn(|i| self.0[i] * other.0[i]))
            }

            #[inline(always)]
            fn div(self, other: Self) -> Self {
                Self(from_fn(|i| self.0[i] / other.0[i]))
            }

            #[inline(always)]
            fn sqrt(self) -> Self {
                Self(self.0.map($T::sqrt))
            }

            #[inline(always)]
            fn neg(self) -> Self {
                Self(self.0.map(|x| -x))
            }

            #[inline(always)]
            fn abs(self) -> Self {
                Self(self.0.map($T::abs))
            }

            #[inline(always)]
            fn copysign(self, sign: Self) -> Self {
                Self(from_fn(|i| self.0[i].copysign(sign.0[i])))
            }

            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                Self(from_fn(|i| self.0[i] * a.0[i] + b.0[i]))
            }

            #[inline(always)]
            fn max(self, other: Self) -> Self {
                Self::select(self.gt(other), self, other)
            }

            #[inline(always)]
            fn min(self, other: Self) -> Self {
                Self::select(other.gt(self), self, other)
            }

            #[inline(always)]
            fn gt(self, other: Self) -> Self::Mask {
                from_fn(|i| if self.0[i] > other.0[i] { $bits::MAX } else { 0 })
            }

            #[inline(always)]
            fn ge(self, other: Self) -> Self::Mask {
                from_fn(|i| if self.0[i] >= other.0[i] { $bits::MAX } else { 0 })
            }

            #[inline(always)]
            fn eq(self, other: Self) -> Self::Mask {
                from_fn(|i| if self.0[i] == other.0[i] { $bits::MAX } else { 0 })
            }

            #[inline(always)]
            fn is_nan(self) -> Self::Mask {
                self.0.map(|x| if x.is_nan() { $bits::MAX } else { 0 })
            }

            #[inline(always)]
            fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
                Self(from_fn(|i| {
                    let (yes, no) = (yes.0[i].to_bits(), no.0[i].to_bits());
                    $T::from_bits(mask[i] & yes | !mask[i] & no)
                }))
            }

            #[inline(always)]
            fn any(mask: Self::Mask) -> bool {
                mask.iter().fold(0, |any, &mask| any | mask) != 0
            }

            #[inline(always)]
            fn round(self) -> Self {
                let whole = Self::splat(Self::WHOLE);
                let rounded = self.abs().add(whole).sub(whole).copysign(self);
                Self::select(whole.gt(self.abs()), rounded, self)
            }

            #[inline(always)]
            fn scale(self, n: Self) -> Self {
                let half = n.mul(Self::splat(0.5)).round();
                self.mul(half.power()).mul(n.sub(half).power())
            }

            #[inline(always)]
            fn split(self) -> (Self, Self) {
                let small = Self::splat($T::MIN_POSITIVE).gt(self);
                let x = Self::select(small, self.mul(Self::splat(2.0 * Self::WHOLE)), self);
                let n = Self::splat(-Self::BIAS);
                let n = Self::select(small, n.sub(Self::splat($T::MANTISSA_DIGITS as $T)), n);
                let biased = Self(x.0.map(|x| {
                    let biased = x.to_bits() >> Self::FRACTION;
                    $T::from_bits(biased | Self::WHOLE.to_bits()) - Self::WHOLE
                }));
                let fraction = (1 << Self::FRACTION) - 1;
                let one = (1.0 as $T).to_bits();
                let m = x.0.map(|x| $T::from_bits(x.to_bits() & fraction | one));
                (Self(m), biased.add(n))
            }

            #[inline(always)]
            fn sum(mut self) -> $T {
                let mut n = $lanes;
                while n > 1 {
                    n /= 2;
                    for i in 0..n {
                        self.0[i] += self.0[i + n];
                    }
                }
                self.0[0]
            }
        }
    };
}

lanes!(f32, u32, 8);
lanes!(f64, u64, 4);
lanes!(f32, u32, 1);
lanes!(f64, u64, 1);
