//! Registers of 256 bits.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

use crate::kernels::vector::{MAX_LANES, Vector};

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
