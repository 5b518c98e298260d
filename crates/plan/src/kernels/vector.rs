//! Registers full of numbers, one trait for all instruction sets.
//!
//! A kernel is written once, over [`Vector`], and instantiated for each instruction set.
//! The methods have no `#[target_feature]` of their own: they are inlined into functions that have.

#![allow(unsafe_code)]

use crate::kernels::{Isa, Real};

/// A register full of numbers. Comparisons with NaN are false.
pub trait Vector<T>: Copy {
    /// How many numbers it holds.
    const LANES: usize;
    /// How many rows of two registers a matrix product keeps its sums in.
    const ROWS: usize;
    /// One truth value for each number.
    type Mask: Copy;

    /// # Safety
    ///
    /// `LANES` numbers must be readable.
    unsafe fn load(p: *const T) -> Self;
    /// The first `n` numbers, the others 0.
    ///
    /// # Safety
    ///
    /// `n ≤ LANES` numbers must be readable.
    unsafe fn load_part(p: *const T, n: usize) -> Self;
    /// # Safety
    ///
    /// `LANES` numbers must be writable.
    unsafe fn store(self, p: *mut T);
    /// # Safety
    ///
    /// `n ≤ LANES` numbers must be writable.
    unsafe fn store_part(self, p: *mut T, n: usize);
    /// The first of each pair, and the second, of `n ≤ 2 LANES` numbers, n being even.
    ///
    /// # Safety
    ///
    /// `n` numbers must be readable.
    unsafe fn unzip(p: *const T, n: usize) -> (Self, Self);
    /// Writes pairs: the reverse of [`unzip`](Self::unzip).
    ///
    /// # Safety
    ///
    /// `n` numbers must be writable.
    unsafe fn zip(a: Self, b: Self, p: *mut T, n: usize);
    fn splat(x: T) -> Self;
    fn add(self, b: Self) -> Self;
    fn sub(self, b: Self) -> Self;
    fn mul(self, b: Self) -> Self;
    fn div(self, b: Self) -> Self;
    fn sqrt(self) -> Self;
    /// self · a + b, rounded once where the machine can.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// The larger of two; `b` if either is NaN.
    fn max(self, b: Self) -> Self;
    /// The smaller of two; `b` if either is NaN.
    fn min(self, b: Self) -> Self;
    fn gt(self, b: Self) -> Self::Mask;
    fn ge(self, b: Self) -> Self::Mask;
    fn eq(self, b: Self) -> Self::Mask;
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
    /// Whether all are true.
    fn all(mask: Self::Mask) -> bool;
    /// To the next whole number, halves to the even one.
    fn round(self) -> Self;
    /// Without the sign.
    fn abs(self) -> Self;
    /// With the sign turned, also of zeros.
    fn neg(self) -> Self;
    /// self · 2ⁿ for whole n, rounded once where the machine can, with subnormal and infinite
    /// results.
    fn scale(self, n: Self) -> Self;
    /// The exponent e and the mantissa m of a positive number: m · 2ᵉ with 1 ≤ m < 2.
    fn split(self) -> (Self, Self);
    /// The sum of all, in a fixed order.
    fn sum(self) -> T;
}

/// Work that is compiled for each instruction set.
pub(crate) trait Job<T: Real> {
    /// # Safety
    ///
    /// As the job says.
    unsafe fn run<V: Vector<T>>(&self);
}

/// Does the job with the instructions of `isa`.
///
/// # Safety
///
/// The machine must have them, and what the job asks for must hold.
pub(crate) unsafe fn run<T: Real, J: Job<T>>(isa: Isa, job: &J) {
    // SAFETY: by the caller's promise.
    unsafe {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => run_avx512(job),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => run_avx2(job),
            _ => job.run::<T::Portable>(),
        }
    }
}

/// # Safety
///
/// As [`run`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2<T: Real, J: Job<T>>(job: &J) {
    // SAFETY: by the caller's promise.
    unsafe { job.run::<T::Avx2>() }
}

/// # Safety
///
/// As [`run`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
unsafe fn run_avx512<T: Real, J: Job<T>>(job: &J) {
    // SAFETY: by the caller's promise.
    unsafe { job.run::<T::Avx512>() }
}

/// The types of registers that a number type has, and what of it the arithmetic above needs.
pub trait Registers: Sized {
    /// For any machine.
    type Portable: Vector<Self>;
    /// For machines with AVX2 and FMA.
    type Avx2: Vector<Self>;
    /// For machines with AVX-512.
    #[cfg(target_arch = "x86_64")]
    type Avx512: Vector<Self>;

    /// To the next whole number, halves to the even one; of numbers up to 2²² in size.
    fn nearest(self) -> Self;
    /// self · 2ⁿ for whole n.
    fn scaled(self, n: Self) -> Self;
    /// The exponent e and the mantissa m of a positive number: m · 2ᵉ with 1 ≤ m < 2.
    fn parted(self) -> (Self, Self);
}

macro_rules! registers {
    ($T:ident, $Bits:ident, $Int:ident, $lanes:literal, $fraction:literal, $bias:literal,
     $Avx512:ident) => {
        impl Registers for $T {
            type Portable = Lanes<$T, $lanes, false>;
            type Avx2 = Lanes<$T, $lanes, true>;
            #[cfg(target_arch = "x86_64")]
            type Avx512 = std::arch::x86_64::$Avx512;

            #[inline(always)]
            fn nearest(self) -> Self {
                const LARGE: $T = 1.5 * (1u64 << $fraction) as $T;
                (self + LARGE) - LARGE
            }

            #[inline(always)]
            fn scaled(self, n: Self) -> Self {
                // In two factors: one might be out of range where the result is not.
                let power = |n: $T| $T::from_bits(((n as $Int + $bias) as $Bits) << $fraction);
                let half = (n * 0.5).nearest();
                self * power(half) * power(n - half)
            }

            #[inline(always)]
            fn parted(self) -> (Self, Self) {
                const RAISE: $Int = $fraction + 1;
                let small = self < $T::MIN_POSITIVE;
                let normal = if small { self * (1u64 << RAISE) as $T } else { self };
                let bits = normal.to_bits();
                let exponent = (bits >> $fraction) as $Int - $bias - if small { RAISE } else { 0 };
                let fraction = bits & ((1 << $fraction) - 1);
                (exponent as $T, $T::from_bits(fraction | ($bias as $Bits) << $fraction))
            }
        }
    };
}

registers!(f32, u32, i32, 8, 23, 127, __m512);
registers!(f64, u64, i64, 4, 52, 1023, __m512d);

/// Some numbers, for which the compiler finds what registers there are; `FUSED` where a machine that
/// rounds x · a + b once is sure.
#[derive(Clone, Copy)]
pub struct Lanes<T, const N: usize, const FUSED: bool>([T; N]);

impl<T: Real, const N: usize, const FUSED: bool> Lanes<T, N, FUSED> {
    #[inline(always)]
    fn map(self, f: impl Fn(T) -> T) -> Self {
        Self(self.0.map(f))
    }

    #[inline(always)]
    fn both(self, b: Self, f: impl Fn(T, T) -> T) -> Self {
        Self(std::array::from_fn(|k| f(self.0[k], b.0[k])))
    }

    #[inline(always)]
    fn test(self, b: Self, f: impl Fn(T, T) -> bool) -> [bool; N] {
        std::array::from_fn(|k| f(self.0[k], b.0[k]))
    }
}

impl<T: Real, const N: usize, const FUSED: bool> Vector<T> for Lanes<T, N, FUSED> {
    const LANES: usize = N;
    const ROWS: usize = if FUSED { 6 } else { 3 };
    type Mask = [bool; N];

    #[inline(always)]
    unsafe fn load(p: *const T) -> Self {
        // SAFETY: by the caller's promise.
        Self(unsafe { p.cast::<[T; N]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn load_part(p: *const T, n: usize) -> Self {
        // SAFETY: by the caller's promise, only the first `n` are read.
        Self(std::array::from_fn(|k| if k < n { unsafe { *p.add(k) } } else { T::zero() }))
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut T) {
        // SAFETY: by the caller's promise.
        unsafe { p.cast::<[T; N]>().write_unaligned(self.0) };
    }

    #[inline(always)]
    unsafe fn store_part(self, p: *mut T, n: usize) {
        // SAFETY: by the caller's promise.
        (0..n).for_each(|k| unsafe { *p.add(k) = self.0[k] });
    }

    #[inline(always)]
    unsafe fn unzip(p: *const T, n: usize) -> (Self, Self) {
        // SAFETY: by the caller's promise, only the first `n` are read.
        let at = |k: usize| if k < n { unsafe { *p.add(k) } } else { T::zero() };
        let evens = std::array::from_fn(|k| at(2 * k));
        (Self(evens), Self(std::array::from_fn(|k| at(2 * k + 1))))
    }

    #[inline(always)]
    unsafe fn zip(a: Self, b: Self, p: *mut T, n: usize) {
        for k in 0..n / 2 {
            // SAFETY: by the caller's promise.
            unsafe { (*p.add(2 * k), *p.add(2 * k + 1)) = (a.0[k], b.0[k]) };
        }
    }

    #[inline(always)]
    fn splat(x: T) -> Self {
        Self([x; N])
    }

    #[inline(always)]
    fn add(self, b: Self) -> Self {
        self.both(b, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        self.both(b, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        self.both(b, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, b: Self) -> Self {
        self.both(b, |a, b| a / b)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(T::sqrt)
    }

    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        match FUSED {
            true => Self(std::array::from_fn(|k| self.0[k].mul_add(a.0[k], b.0[k]))),
            false => self.mul(a).add(b),
        }
    }

    #[inline(always)]
    fn max(self, b: Self) -> Self {
        self.both(b, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn min(self, b: Self) -> Self {
        self.both(b, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn gt(self, b: Self) -> [bool; N] {
        self.test(b, |a, b| a > b)
    }

    #[inline(always)]
    fn ge(self, b: Self) -> [bool; N] {
        self.test(b, |a, b| a >= b)
    }

    #[inline(always)]
    fn eq(self, b: Self) -> [bool; N] {
        self.test(b, |a, b| a == b)
    }

    #[inline(always)]
    fn select(mask: [bool; N], yes: Self, no: Self) -> Self {
        Self(std::array::from_fn(|k| if mask[k] { yes.0[k] } else { no.0[k] }))
    }

    #[inline(always)]
    fn all(mask: [bool; N]) -> bool {
        mask.iter().all(|&x| x)
    }

    #[inline(always)]
    fn round(self) -> Self {
        self.map(T::nearest)
    }

    #[inline(always)]
    fn abs(self) -> Self {
        self.map(|x| x.abs())
    }

    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|x| -x)
    }

    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        self.both(n, T::scaled)
    }

    #[inline(always)]
    fn split(self) -> (Self, Self) {
        let parts = self.0.map(T::parted);
        (Self(parts.map(|(exponent, _)| exponent)), Self(parts.map(|(_, mantissa)| mantissa)))
    }

    #[inline(always)]
    fn sum(self) -> T {
        let (mut lanes, mut width) = (self.0, N / 2);
        while width > 0 {
            (0..width).for_each(|k| lanes[k] = lanes[k] + lanes[k + width]);
            width /= 2;
        }
        lanes[0]
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Vector;

    /// The mask of the first `n` lanes.
    #[inline(always)]
    fn first(n: usize) -> u32 {
        (1u32 << n) - 1
    }

    /// Places `first`, `first + step`, … in a pair of registers.
    #[inline(always)]
    fn every16(first: i32, step: i32) -> __m512i {
        let places: [i32; 16] = std::array::from_fn(|k| first + step * k as i32);
        // SAFETY: as large as the register.
        unsafe { std::mem::transmute(places) }
    }

    /// The same, of registers with 8 numbers.
    #[inline(always)]
    fn every8(first: i64, step: i64) -> __m512i {
        let places: [i64; 8] = std::array::from_fn(|k| first + step * k as i64);
        // SAFETY: as large as the register.
        unsafe { std::mem::transmute(places) }
    }

    /// Places from `first` on in two registers by turns.
    #[inline(always)]
    fn woven16(first: i32) -> __m512i {
        let places: [i32; 16] = std::array::from_fn(|k| first + k as i32 / 2 + 16 * (k as i32 % 2));
        // SAFETY: as large as the register.
        unsafe { std::mem::transmute(places) }
    }

    /// The same, of registers with 8 numbers.
    #[inline(always)]
    fn woven8(first: i64) -> __m512i {
        let places: [i64; 8] = std::array::from_fn(|k| first + k as i64 / 2 + 8 * (k as i64 % 2));
        // SAFETY: as large as the register.
        unsafe { std::mem::transmute(places) }
    }

    macro_rules! avx512 {
        ($T:ty, $V:ty, $lanes:literal, $Mask:ty, $load:ident, $maskz_load:ident, $store:ident,
         $mask_store:ident, $set1:ident, $add:ident, $sub:ident, $mul:ident, $div:ident, $sqrt:ident,
         $fmadd:ident, $max:ident, $min:ident, $cmp:ident, $blend:ident, $round:ident, $abs:ident,
         $neg:ident, $scale:ident, $getexp:ident, $getmant:ident, $sum:ident, $permute:ident,
         $places:ident, $places_store:ident) => {
            impl Vector<$T> for $V {
                const LANES: usize = $lanes;
                const ROWS: usize = 14;
                type Mask = $Mask;

                #[inline(always)]
                unsafe fn load(p: *const $T) -> Self {
                    // SAFETY: by the caller's promise.
                    unsafe { $load(p) }
                }

                #[inline(always)]
                unsafe fn load_part(p: *const $T, n: usize) -> Self {
                    // SAFETY: by the caller's promise; masked lanes are not read.
                    unsafe { $maskz_load(first(n) as $Mask, p) }
                }

                #[inline(always)]
                unsafe fn store(self, p: *mut $T) {
                    // SAFETY: by the caller's promise.
                    unsafe { $store(p, self) }
                }

                #[inline(always)]
                unsafe fn store_part(self, p: *mut $T, n: usize) {
                    // SAFETY: by the caller's promise; masked lanes are not written.
                    unsafe { $mask_store(p, first(n) as $Mask, self) }
                }

                #[inline(always)]
                unsafe fn unzip(p: *const $T, n: usize) -> (Self, Self) {
                    // SAFETY: by the caller's promise.
                    unsafe {
                        let low = Self::load_part(p, n.min($lanes));
                        let high =
                            Self::load_part(p.wrapping_add($lanes), n.saturating_sub($lanes));
                        let (evens, odds) = ($places(0, 2), $places(1, 2));
                        ($permute(low, evens, high), $permute(low, odds, high))
                    }
                }

                #[inline(always)]
                unsafe fn zip(a: Self, b: Self, p: *mut $T, n: usize) {
                    // SAFETY: by the caller's promise.
                    unsafe {
                        let (low, high) = ($places_store(0), $places_store($lanes / 2));
                        $permute(a, low, b).store_part(p, n.min($lanes));
                        let rest = n.saturating_sub($lanes);
                        $permute(a, high, b).store_part(p.wrapping_add($lanes), rest);
                    }
                }

                // SAFETY, of all that follow: these instructions touch registers only, and a kernel
                // runs over this type where the machine has them.
                #[inline(always)]
                fn splat(x: $T) -> Self {
                    unsafe { $set1(x) }
                }

                #[inline(always)]
                fn add(self, b: Self) -> Self {
                    unsafe { $add(self, b) }
                }

                #[inline(always)]
                fn sub(self, b: Self) -> Self {
                    unsafe { $sub(self, b) }
                }

                #[inline(always)]
                fn mul(self, b: Self) -> Self {
                    unsafe { $mul(self, b) }
                }

                #[inline(always)]
                fn div(self, b: Self) -> Self {
                    unsafe { $div(self, b) }
                }

                #[inline(always)]
                fn sqrt(self) -> Self {
                    unsafe { $sqrt(self) }
                }

                #[inline(always)]
                fn mul_add(self, a: Self, b: Self) -> Self {
                    unsafe { $fmadd(self, a, b) }
                }

                #[inline(always)]
                fn max(self, b: Self) -> Self {
                    unsafe { $max(self, b) }
                }

                #[inline(always)]
                fn min(self, b: Self) -> Self {
                    unsafe { $min(self, b) }
                }

                #[inline(always)]
                fn gt(self, b: Self) -> $Mask {
                    unsafe { $cmp::<_CMP_GT_OQ>(self, b) }
                }

                #[inline(always)]
                fn ge(self, b: Self) -> $Mask {
                    unsafe { $cmp::<_CMP_GE_OQ>(self, b) }
                }

                #[inline(always)]
                fn eq(self, b: Self) -> $Mask {
                    unsafe { $cmp::<_CMP_EQ_OQ>(self, b) }
                }

                #[inline(always)]
                fn select(mask: $Mask, yes: Self, no: Self) -> Self {
                    unsafe { $blend(mask, no, yes) }
                }

                #[inline(always)]
                fn all(mask: $Mask) -> bool {
                    mask as u32 == first($lanes)
                }

                #[inline(always)]
                fn round(self) -> Self {
                    unsafe { $round::<0x08>(self) }
                }

                #[inline(always)]
                fn abs(self) -> Self {
                    unsafe { $abs(self) }
                }

                #[inline(always)]
                fn neg(self) -> Self {
                    unsafe { $neg(self, $set1(-0.0)) }
                }

                #[inline(always)]
                fn scale(self, n: Self) -> Self {
                    unsafe { $scale(self, n) }
                }

                #[inline(always)]
                fn split(self) -> (Self, Self) {
                    unsafe {
                        ($getexp(self), $getmant::<_MM_MANT_NORM_1_2, _MM_MANT_SIGN_SRC>(self))
                    }
                }

                #[inline(always)]
                fn sum(self) -> $T {
                    unsafe { $sum(self) }
                }
            }
        };
    }

    avx512!(
        f32,
        __m512,
        16,
        __mmask16,
        _mm512_loadu_ps,
        _mm512_maskz_loadu_ps,
        _mm512_storeu_ps,
        _mm512_mask_storeu_ps,
        _mm512_set1_ps,
        _mm512_add_ps,
        _mm512_sub_ps,
        _mm512_mul_ps,
        _mm512_div_ps,
        _mm512_sqrt_ps,
        _mm512_fmadd_ps,
        _mm512_max_ps,
        _mm512_min_ps,
        _mm512_cmp_ps_mask,
        _mm512_mask_blend_ps,
        _mm512_roundscale_ps,
        _mm512_abs_ps,
        _mm512_xor_ps,
        _mm512_scalef_ps,
        _mm512_getexp_ps,
        _mm512_getmant_ps,
        _mm512_reduce_add_ps,
        _mm512_permutex2var_ps,
        every16,
        woven16
    );
    avx512!(
        f64,
        __m512d,
        8,
        __mmask8,
        _mm512_loadu_pd,
        _mm512_maskz_loadu_pd,
        _mm512_storeu_pd,
        _mm512_mask_storeu_pd,
        _mm512_set1_pd,
        _mm512_add_pd,
        _mm512_sub_pd,
        _mm512_mul_pd,
        _mm512_div_pd,
        _mm512_sqrt_pd,
        _mm512_fmadd_pd,
        _mm512_max_pd,
        _mm512_min_pd,
        _mm512_cmp_pd_mask,
        _mm512_mask_blend_pd,
        _mm512_roundscale_pd,
        _mm512_abs_pd,
        _mm512_xor_pd,
        _mm512_scalef_pd,
        _mm512_getexp_pd,
        _mm512_getmant_pd,
        _mm512_reduce_add_pd,
        _mm512_permutex2var_pd,
        every8,
        woven8
    );
}
