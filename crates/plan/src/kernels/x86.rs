//! The registers of x86-64.

#![allow(unsafe_code)]

use std::arch::x86_64::*;
use std::array::from_fn;
use std::mem::transmute;

use super::vector::{MAX_LANES, Vector};

/// The methods of [`Vector`] that are one instruction in every register of x86-64.
macro_rules! instructions {
    (
        $T:ident,
        load $load:ident, store $store:ident, splat $set1:ident, mul_add $fmadd:ident,
        compare $compare:ident to $M:ident,
        $($unary:ident($x:ident) = $unary_intrinsic:expr),*;
        $($binary:ident($a:ident, $b:ident) = $binary_intrinsic:expr),*;
    ) => {
        #[inline(always)]
        unsafe fn load(p: *const $T) -> Self {
            // SAFETY: as the caller promises; the machine has this register.
            unsafe { $load(p) }
        }

        #[inline(always)]
        unsafe fn store(self, p: *mut $T) {
            // SAFETY: as the caller promises; the machine has this register.
            unsafe { $store(p, self) }
        }

        #[inline(always)]
        fn splat(x: $T) -> Self {
            // SAFETY: the machine has this register.
            unsafe { $set1(x) }
        }

        #[inline(always)]
        fn mul_add(self, a: Self, b: Self) -> Self {
            // SAFETY: the machine has this register.
            unsafe { $fmadd(self, a, b) }
        }

        #[inline(always)]
        fn gt(self, other: Self) -> $M {
            // SAFETY: the machine has this register.
            unsafe { $compare::<_CMP_GT_OQ>(self, other) }
        }

        #[inline(always)]
        fn ge(self, other: Self) -> $M {
            // SAFETY: the machine has this register.
            unsafe { $compare::<_CMP_GE_OQ>(self, other) }
        }

        #[inline(always)]
        fn eq(self, other: Self) -> $M {
            // SAFETY: the machine has this register.
            unsafe { $compare::<_CMP_EQ_OQ>(self, other) }
        }

        #[inline(always)]
        fn is_nan(self) -> $M {
            // SAFETY: the machine has this register.
            unsafe { $compare::<_CMP_UNORD_Q>(self, self) }
        }

        $(
            #[inline(always)]
            fn $unary(self) -> Self {
                let $x = self;
                // SAFETY: the machine has this register.
                unsafe { $unary_intrinsic }
            }
        )*

        $(
            #[inline(always)]
            fn $binary(self, $b: Self) -> Self {
                let $a = self;
                // SAFETY: the machine has this register.
                unsafe { $binary_intrinsic }
            }
        )*
    };
}

impl Vector<f32> for __m512 {
    const LANES: usize = 16;
    const FUSED: bool = true;
    type Mask = __mmask16;

    instructions! {
        f32,
        load _mm512_loadu_ps, store _mm512_storeu_ps, splat _mm512_set1_ps,
        mul_add _mm512_fmadd_ps, compare _mm512_cmp_ps_mask to __mmask16,
        sqrt(x) = _mm512_sqrt_ps(x),
        neg(x) = _mm512_xor_ps(x, _mm512_set1_ps(-0.0)),
        abs(x) = _mm512_andnot_ps(_mm512_set1_ps(-0.0), x),
        round(x) = _mm512_roundscale_ps::<_MM_FROUND_TO_NEAREST_INT>(x);
        add(a, b) = _mm512_add_ps(a, b),
        sub(a, b) = _mm512_sub_ps(a, b),
        mul(a, b) = _mm512_mul_ps(a, b),
        div(a, b) = _mm512_div_ps(a, b),
        max(a, b) = _mm512_max_ps(a, b),
        min(a, b) = _mm512_min_ps(a, b),
        scale(a, n) = _mm512_scalef_ps(a, n),
        copysign(a, b) = _mm512_or_ps(
            a.abs(),
            _mm512_and_ps(b, _mm512_set1_ps(-0.0))
        );
    }

    #[inline(always)]
    unsafe fn load_part(p: *const f32, n: usize) -> Self {
        // SAFETY: as the caller promises; the machine has this register.
        unsafe { _mm512_maskz_loadu_ps(((1_u32 << n) - 1) as __mmask16, p) }
    }

    #[inline(always)]
    unsafe fn store_part(self, p: *mut f32, n: usize) {
        // SAFETY: as the caller promises; the machine has this register.
        unsafe { _mm512_mask_storeu_ps(p, ((1_u32 << n) - 1) as __mmask16, self) }
    }

    #[inline(always)]
    unsafe fn unzip(p: *const f32, n: usize) -> (Self, Self) {
        // SAFETY: as the caller promises; the machine has this register, and the places fill one.
        unsafe {
            let low = Self::load_part(p, n.min(16));
            let high = Self::load_part(p.wrapping_add(16), n.saturating_sub(16));
            let every_second = |first| from_fn(|k| first + 2 * k as i32);
            let [evens, odds] =
                [0, 1].map(|first| transmute::<[i32; 16], __m512i>(every_second(first)));
            (_mm512_permutex2var_ps(low, evens, high), _mm512_permutex2var_ps(low, odds, high))
        }
    }

    #[inline(always)]
    unsafe fn zip(first: Self, second: Self, p: *mut f32, n: usize) {
        // SAFETY: as the caller promises; the machine has this register, and the places fill one.
        unsafe {
            let woven = |from: i32| from_fn(|k| from + k as i32 / 2 + 16 * (k as i32 % 2));
            let [low, high] = [0, 16 / 2].map(|from| transmute::<[i32; 16], __m512i>(woven(from)));
            _mm512_permutex2var_ps(first, low, second).store_part(p, n.min(16));
            let rest = n.saturating_sub(16);
            _mm512_permutex2var_ps(first, high, second).store_part(p.wrapping_add(16), rest);
        }
    }

    #[inline(always)]
    fn select(mask: __mmask16, yes: Self, no: Self) -> Self {
        // SAFETY: the machine has this register.
        unsafe { _mm512_mask_blend_ps(mask, no, yes) }
    }

    #[inline(always)]
    fn any(mask: __mmask16) -> bool {
        mask != 0
    }

    #[inline(always)]
    fn split(self) -> (Self, Self) {
        // SAFETY: the machine has this register.
        unsafe {
            let m = _mm512_getmant_ps::<_MM_MANT_NORM_1_2, _MM_MANT_SIGN_ZERO>(self);
            (m, _mm512_getexp_ps(self))
        }
    }

    #[inline(always)]
    fn transpose(rows: [Self; MAX_LANES]) -> [Self; MAX_LANES] {
        let (mut parts, mut columns) = (rows, rows);
        // SAFETY: the machine has this register.
        unsafe {
            // Squares of four within quarters of registers, then the quarters.
            for g in (0..16).step_by(4) {
                let ab = _mm512_castps_pd(_mm512_unpacklo_ps(rows[g], rows[g + 1]));
                let cd = _mm512_castps_pd(_mm512_unpacklo_ps(rows[g + 2], rows[g + 3]));
                parts[g] = _mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd));
                parts[g + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd));
                let ab = _mm512_castps_pd(_mm512_unpackhi_ps(rows[g], rows[g + 1]));
                let cd = _mm512_castps_pd(_mm512_unpackhi_ps(rows[g + 2], rows[g + 3]));
                parts[g + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd));
                parts[g + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd));
            }
            for k in 0..4 {
                let low = _mm512_shuffle_f32x4::<0x88>(parts[k], parts[4 + k]);
                let high = _mm512_shuffle_f32x4::<0x88>(parts[8 + k], parts[12 + k]);
                columns[k] = _mm512_shuffle_f32x4::<0x88>(low, high);
                columns[8 + k] = _mm512_shuffle_f32x4::<0xdd>(low, high);
                let low = _mm512_shuffle_f32x4::<0xdd>(parts[k], parts[4 + k]);
                let high = _mm512_shuffle_f32x4::<0xdd>(parts[8 + k], parts[12 + k]);
                columns[4 + k] = _mm512_shuffle_f32x4::<0x88>(low, high);
                columns[12 + k] = _mm512_shuffle_f32x4::<0xdd>(low, high);
            }
        }
        columns
    }

    #[inline(always)]
    fn sums(mut rows: [Self; MAX_LANES]) -> Self {
        // SAFETY: the machine has this register.
        unsafe {
            for g in 0..4 {
                let [a, b] = [rows[4 * g], rows[4 * g + 1]];
                let [c, d] = [rows[4 * g + 2], rows[4 * g + 3]];
                let ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
                let cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
                let (ab, cd) = (_mm512_castps_pd(ab), _mm512_castps_pd(cd));
                let even = _mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd));
                let odd = _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd));
                rows[g] = _mm512_add_ps(even, odd);
            }
            // First of four registers, then of two: what remains has a sum in each lane.
            for _ in 0..2 {
                for g in 0..2 {
                    let even = _mm512_shuffle_f32x4::<0x88>(rows[2 * g], rows[2 * g + 1]);
                    let odd = _mm512_shuffle_f32x4::<0xdd>(rows[2 * g], rows[2 * g + 1]);
                    rows[g] = _mm512_add_ps(even, odd);
                }
            }
        }
        rows[0]
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        // SAFETY: the machine has this register.
        unsafe { _mm512_castps512_ps256(self).add(_mm512_extractf32x8_ps::<1>(self)).sum() }
    }
}

impl Vector<f64> for __m512d {
    const LANES: usize = 8;
    const FUSED: bool = true;
    type Mask = __mmask8;

    instructions! {
        f64,
        load _mm512_loadu_pd, store _mm512_storeu_pd, splat _mm512_set1_pd,
        mul_add _mm512_fmadd_pd, compare _mm512_cmp_pd_mask to __mmask8,
        sqrt(x) = _mm512_sqrt_pd(x),
        neg(x) = _mm512_xor_pd(x, _mm512_set1_pd(-0.0)),
        abs(x) = _mm512_andnot_pd(_mm512_set1_pd(-0.0), x),
        round(x) = _mm512_roundscale_pd::<_MM_FROUND_TO_NEAREST_INT>(x);
        add(a, b) = _mm512_add_pd(a, b),
        sub(a, b) = _mm512_sub_pd(a, b),
        mul(a, b) = _mm512_mul_pd(a, b),
        div(a, b) = _mm512_div_pd(a, b),
        max(a, b) = _mm512_max_pd(a, b),
        min(a, b) = _mm512_min_pd(a, b),
        scale(a, n) = _mm512_scalef_pd(a, n),
        copysign(a, b) = _mm512_or_pd(
            a.abs(),
            _mm512_and_pd(b, _mm512_set1_pd(-0.0))
        );
    }

    #[inline(always)]
    unsafe fn load_part(p: *const f64, n: usize) -> Self {
        // SAFETY: as the caller promises; the machine has this register.
        unsafe { _mm512_maskz_loadu_pd(((1_u32 << n) - 1) as __mmask8, p) }
    }

    #[inline(always)]
    unsafe fn store_part(self, p: *mut f64, n: usize) {
        // SAFETY: as the caller promises; the machine has this register.
        unsafe { _mm512_mask_storeu_pd(p, ((1_u32 << n) - 1) as __mmask8, self) }
    }

    #[inline(always)]
    unsafe fn unzip(p: *const f64, n: usize) -> (Self, Self) {
        // SAFETY: as the caller promises; the machine has this register, and the places fill one.
        unsafe {
            let low = Self::load_part(p, n.min(8));
            let high = Self::load_part(p.wrapping_add(8), n.saturating_sub(8));
            let every_second = |first| from_fn(|k| first + 2 * k as i64);
            let [evens, odds] =
                [0, 1].map(|first| transmute::<[i64; 8], __m512i>(every_second(first)));
            (_mm512_permutex2var_pd(low, evens, high), _mm512_permutex2var_pd(low, odds, high))
        }
    }

    #[inline(always)]
    unsafe fn zip(first: Self, second: Self, p: *mut f64, n: usize) {
        // SAFETY: as the caller promises; the machine has this register, and the places fill one.
        unsafe {
            let woven = |from: i64| from_fn(|k| from + k as i64 / 2 + 8 * (k as i64 % 2));
            let [low, high] = [0, 8 / 2].map(|from| transmute::<[i64; 8], __m512i>(woven(from)));
            _mm512_permutex2var_pd(first, low, second).store_part(p, n.min(8));
            let rest = n.saturating_sub(8);
            _mm512_permutex2var_pd(first, high, second).store_part(p.wrapping_add(8), rest);
        }
    }

    #[inline(always)]
    fn select(mask: __mmask8, yes: Self, no: Self) -> Self {
        // SAFETY: the machine has this register.
        unsafe { _mm512_mask_blend_pd(mask, no, yes) }
    }

    #[inline(always)]
    fn any(mask: __mmask8) -> bool {
        mask != 0
    }

    #[inline(always)]
    fn split(self) -> (Self, Self) {
        // SAFETY: the machine has this register.
        unsafe {
            let m = _mm512_getmant_pd::<_MM_MANT_NORM_1_2, _MM_MANT_SIGN_ZERO>(self);
            (m, _mm512_getexp_pd(self))
        }
    }

    #[inline(always)]
    fn transpose(rows: [Self; MAX_LANES]) -> [Self; MAX_LANES] {
        let (mut parts, mut columns) = (rows, rows);
        // SAFETY: the machine has this register.
        unsafe {
            for g in (0..8).step_by(2) {
                parts[g] = _mm512_unpacklo_pd(rows[g], rows[g + 1]);
                parts[g + 1] = _mm512_unpackhi_pd(rows[g], rows[g + 1]);
            }
            for k in 0..2 {
                let low = _mm512_shuffle_f64x2::<0x88>(parts[k], parts[2 + k]);
                let high = _mm512_shuffle_f64x2::<0x88>(parts[4 + k], parts[6 + k]);
                columns[k] = _mm512_shuffle_f64x2::<0x88>(low, high);
                columns[4 + k] = _mm512_shuffle_f64x2::<0xdd>(low, high);
                let low = _mm512_shuffle_f64x2::<0xdd>(parts[k], parts[2 + k]);
                let high = _mm512_shuffle_f64x2::<0xdd>(parts[4 + k], parts[6 + k]);
                columns[2 + k] = _mm512_shuffle_f64x2::<0x88>(low, high);
                columns[6 + k] = _mm512_shuffle_f64x2::<0xdd>(low, high);
            }
        }
        columns
    }

    #[inline(always)]
    fn sums(mut rows: [Self; MAX_LANES]) -> Self {
        // SAFETY: the machine has this register.
        unsafe {
            for g in 0..4 {
                let (a, b) = (rows[2 * g], rows[2 * g + 1]);
                rows[g] = _mm512_add_pd(_mm512_unpacklo_pd(a, b), _mm512_unpackhi_pd(a, b));
            }
            // First of four registers, then of two: what remains has a sum in each lane.
            for _ in 0..2 {
                for g in 0..2 {
                    let even = _mm512_shuffle_f64x2::<0x88>(rows[2 * g], rows[2 * g + 1]);
                    let odd = _mm512_shuffle_f64x2::<0xdd>(rows[2 * g], rows[2 * g + 1]);
                    rows[g] = _mm512_add_pd(even, odd);
                }
            }
        }
        rows[0]
    }

    #[inline(always)]
    fn sum(self) -> f64 {
        // SAFETY: the machine has this register.
        unsafe { _mm512_castpd512_pd256(self).add(_mm512_extractf64x4_pd::<1>(self)).sum() }
    }
}

impl Vector<f32> for __m256 {
    const LANES: usize = 8;
    const FUSED: bool = true;
    type Mask = __m256;

    instructions! {
        f32,
        load _mm256_loadu_ps, store _mm256_storeu_ps, splat _mm256_set1_ps,
        mul_add _mm256_fmadd_ps, compare _mm256_cmp_ps to __m256,
        sqrt(x) = _mm256_sqrt_ps(x),
        neg(x) = _mm256_xor_ps(x, _mm256_set1_ps(-0.0)),
        abs(x) = _mm256_andnot_ps(_mm256_set1_ps(-0.0), x),
        round(x) = _mm256_round_ps::<ROUND>(x);
        add(a, b) = _mm256_add_ps(a, b),
        sub(a, b) = _mm256_sub_ps(a, b),
        mul(a, b) = _mm256_mul_ps(a, b),
        div(a, b) = _mm256_div_ps(a, b),
        max(a, b) = _mm256_max_ps(a, b),
        min(a, b) = _mm256_min_ps(a, b),
        copysign(a, b) = _mm256_blendv_ps(a.abs(), a.abs().neg(), b);
    }

    #[inline(always)]
    unsafe fn load_part(p: *const f32, n: usize) -> Self {
        // SAFETY: as the caller promises; the machine has this register.
        unsafe { _mm256_maskload_ps(p, first_ps(n)) }
    }

    #[inline(always)]
    unsafe fn store_part(self, p: *mut f32, n: usize) {
        // SAFETY: as the caller promises; the machine has this register.
        unsafe { _mm256_maskstore_ps(p, first_ps(n), self) }
    }

    #[inline(always)]
    fn select(mask: __m256, yes: Self, no: Self) -> Self {
        // SAFETY: the machine has this register.
        unsafe { _mm256_blendv_ps(no, yes, mask) }
    }

    #[inline(always)]
    fn any(mask: __m256) -> bool {
        // SAFETY: the machine has this register.
        unsafe { _mm256_movemask_ps(mask) != 0 }
    }

    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        let half = n.mul(Self::splat(0.5)).round();
        self.mul(power_ps(half)).mul(power_ps(n.sub(half)))
    }

    #[inline(always)]
    fn split(self) -> (Self, Self) {
        let small = Self::splat(f32::MIN_POSITIVE).gt(self);
        let x = Self::select(small, self.mul(Self::splat(TWO_23 * 2.0)), self);
        let n = Self::select(small, Self::splat(-127.0 - 24.0), Self::splat(-127.0));
        // SAFETY: the machine has this register.
        unsafe {
            let bits = _mm256_castps_si256(x);
            let biased = _mm256_castsi256_ps(_mm256_srli_epi32::<23>(bits));
            let biased = _mm256_or_ps(biased, Self::splat(TWO_23)).sub(Self::splat(TWO_23));
            let fraction = _mm256_set1_epi32(0x007f_ffff);
            let fraction = _mm256_castsi256_ps(_mm256_and_si256(bits, fraction));
            (_mm256_or_ps(fraction, Self::splat(1.0)), biased.add(n))
        }
    }

    #[inline(always)]
    fn transpose(rows: [Self; MAX_LANES]) -> [Self; MAX_LANES] {
        let (mut parts, mut columns) = (rows, rows);
        // SAFETY: the machine has this register.
        unsafe {
            // Squares of four within halves of registers, then the halves.
            for g in [0, 4] {
                let ab = _mm256_unpacklo_ps(rows[g], rows[g + 1]);
                let cd = _mm256_unpacklo_ps(rows[g + 2], rows[g + 3]);
                parts[g] = _mm256_shuffle_ps::<0x44>(ab, cd);
                parts[g + 1] = _mm256_shuffle_ps::<0xee>(ab, cd);
                let ab = _mm256_unpackhi_ps(rows[g], rows[g + 1]);
                let cd = _mm256_unpackhi_ps(rows[g + 2], rows[g + 3]);
                parts[g + 2] = _mm256_shuffle_ps::<0x44>(ab, cd);
                parts[g + 3] = _mm256_shuffle_ps::<0xee>(ab, cd);
            }
            for k in 0..4 {
                columns[k] = _mm256_permute2f128_ps::<0x20>(parts[k], parts[4 + k]);
                columns[4 + k] = _mm256_permute2f128_ps::<0x31>(parts[k], parts[4 + k]);
            }
        }
        columns
    }

    #[inline(always)]
    fn sums(mut rows: [Self; MAX_LANES]) -> Self {
        // SAFETY: the machine has this register.
        unsafe {
            for g in 0..2 {
                let ab = _mm256_hadd_ps(rows[4 * g], rows[4 * g + 1]);
                let cd = _mm256_hadd_ps(rows[4 * g + 2], rows[4 * g + 3]);
                rows[g] = _mm256_hadd_ps(ab, cd);
            }
            let low = _mm256_permute2f128_ps::<0x20>(rows[0], rows[1]);
            low.add(_mm256_permute2f128_ps::<0x31>(rows[0], rows[1]))
        }
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        let mut x = [0.0; 8];
        // SAFETY: there is room for 8.
        unsafe { self.store(x.as_mut_ptr()) }
        ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]))
    }
}

/// 2²³: added to whole numbers of up to 23 bits, it makes them the low bits of its fraction.
const TWO_23: f32 = 8_388_608.0;

/// The mask of the first n lanes.
#[inline(always)]
fn first_ps(n: usize) -> __m256i {
    // SAFETY: called in methods of AVX2 registers only.
    unsafe {
        let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        _mm256_cmpgt_epi32(_mm256_set1_epi32(n as i32), lanes)
    }
}

/// 2ⁿ for whole n, |n| ≤ 126.
#[inline(always)]
fn power_ps(n: __m256) -> __m256 {
    let biased = n.add(__m256::splat(TWO_23 + 127.0));
    // SAFETY: called in methods of AVX2 registers only.
    unsafe { _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_castps_si256(biased))) }
}

impl Vector<f64> for __m256d {
    const LANES: usize = 4;
    const FUSED: bool = true;
    type Mask = __m256d;

    instructions! {
        f64,
        load _mm256_loadu_pd, store _mm256_storeu_pd, splat _mm256_set1_pd,
        mul_add _mm256_fmadd_pd, compare _mm256_cmp_pd to __m256d,
        sqrt(x) = _mm256_sqrt_pd(x),
        neg(x) = _mm256_xor_pd(x, _mm256_set1_pd(-0.0)),
        abs(x) = _mm256_andnot_pd(_mm256_set1_pd(-0.0), x),
        round(x) = _mm256_round_pd::<ROUND>(x);
        add(a, b) = _mm256_add_pd(a, b),
        sub(a, b) = _mm256_sub_pd(a, b),
        mul(a, b) = _mm256_mul_pd(a, b),
        div(a, b) = _mm256_div_pd(a, b),
        max(a, b) = _mm256_max_pd(a, b),
        min(a, b) = _mm256_min_pd(a, b),
        copysign(a, b) = _mm256_blendv_pd(a.abs(), a.abs().neg(), b);
    }

    #[inline(always)]
    unsafe fn load_part(p: *const f64, n: usize) -> Self {
        // SAFETY: as the caller promises; the machine has this register.
        unsafe { _mm256_maskload_pd(p, first_pd(n)) }
    }

    #[inline(always)]
    unsafe fn store_part(self, p: *mut f64, n: usize) {
        // SAFETY: as the caller promises; the machine has this register.
        unsafe { _mm256_maskstore_pd(p, first_pd(n), self) }
    }

    #[inline(always)]
    fn select(mask: __m256d, yes: Self, no: Self) -> Self {
        // SAFETY: the machine has this register.
        unsafe { _mm256_blendv_pd(no, yes, mask) }
    }

    #[inline(always)]
    fn any(mask: __m256d) -> bool {
        // SAFETY: the machine has this register.
        unsafe { _mm256_movemask_pd(mask) != 0 }
    }

    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        let half = n.mul(Self::splat(0.5)).round();
        self.mul(power_pd(half)).mul(power_pd(n.sub(half)))
    }

    #[inline(always)]
    fn split(self) -> (Self, Self) {
        let small = Self::splat(f64::MIN_POSITIVE).gt(self);
        let x = Self::select(small, self.mul(Self::splat(TWO_52 * 2.0)), self);
        let n = Self::select(small, Self::splat(-1023.0 - 53.0), Self::splat(-1023.0));
        // SAFETY: the machine has this register.
        unsafe {
            let bits = _mm256_castpd_si256(x);
            let biased = _mm256_castsi256_pd(_mm256_srli_epi64::<52>(bits));
            let biased = _mm256_or_pd(biased, Self::splat(TWO_52)).sub(Self::splat(TWO_52));
            let fraction = _mm256_set1_epi64x(0x000f_ffff_ffff_ffff);
            let fraction = _mm256_castsi256_pd(_mm256_and_si256(bits, fraction));
            (_mm256_or_pd(fraction, Self::splat(1.0)), biased.add(n))
        }
    }

    #[inline(always)]
    fn transpose(rows: [Self; MAX_LANES]) -> [Self; MAX_LANES] {
        let mut columns = rows;
        // SAFETY: the machine has this register.
        unsafe {
            let low = [_mm256_unpacklo_pd(rows[0], rows[1]), _mm256_unpacklo_pd(rows[2], rows[3])];
            let high = [_mm256_unpackhi_pd(rows[0], rows[1]), _mm256_unpackhi_pd(rows[2], rows[3])];
            columns[0] = _mm256_permute2f128_pd::<0x20>(low[0], low[1]);
            columns[1] = _mm256_permute2f128_pd::<0x20>(high[0], high[1]);
            columns[2] = _mm256_permute2f128_pd::<0x31>(low[0], low[1]);
            columns[3] = _mm256_permute2f128_pd::<0x31>(high[0], high[1]);
        }
        columns
    }

    #[inline(always)]
    fn sums(rows: [Self; MAX_LANES]) -> Self {
        // SAFETY: the machine has this register.
        unsafe {
            let ab = _mm256_hadd_pd(rows[0], rows[1]);
            let cd = _mm256_hadd_pd(rows[2], rows[3]);
            let low = _mm256_permute2f128_pd::<0x20>(ab, cd);
            low.add(_mm256_permute2f128_pd::<0x31>(ab, cd))
        }
    }

    #[inline(always)]
    fn sum(self) -> f64 {
        let mut x = [0.0; 4];
        // SAFETY: there is room for 4.
        unsafe { self.store(x.as_mut_ptr()) }
        (x[0] + x[2]) + (x[1] + x[3])
    }
}

/// 2⁵²: added to whole numbers of up to 52 bits, it makes them the low bits of its fraction.
const TWO_52: f64 = 4_503_599_627_370_496.0;

/// The mask of the first n lanes.
#[inline(always)]
fn first_pd(n: usize) -> __m256i {
    // SAFETY: called in methods of AVX2 registers only.
    unsafe {
        let lanes = _mm256_setr_epi64x(0, 1, 2, 3);
        _mm256_cmpgt_epi64(_mm256_set1_epi64x(n as i64), lanes)
    }
}

/// 2ⁿ for whole n, |n| ≤ 1022.
#[inline(always)]
fn power_pd(n: __m256d) -> __m256d {
    let biased = n.add(__m256d::splat(TWO_52 + 1023.0));
    // SAFETY: called in methods of AVX2 registers only.
    unsafe { _mm256_castsi256_pd(_mm256_slli_epi64::<52>(_mm256_castpd_si256(biased))) }
}

/// To the nearest, ties to even, without an exception.
const ROUND: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
