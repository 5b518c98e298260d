//! Registers of 512 bits.

#![allow(unsafe_code)]

use std::arch::x86_64::*;
use std::array::from_fn;
use std::mem::transmute;

use crate::kernels::vector::{MAX_LANES, Vector};

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
