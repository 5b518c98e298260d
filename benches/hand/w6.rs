//! The gradient of f(x) = Σ sin(x_i x_(i+1)) exp(−x_i²) in `f64`.

#![allow(unsafe_code)]

/// The gradient, with the standard library's functions or with vectors.
#[derive(Clone, Copy, Debug)]
pub enum W6 {
    /// A number after the other.
    Plain,
    /// Eight numbers at once, where the processor has AVX-512.
    Vectors,
}

impl W6 {
    /// Writes the gradient of f at `x` to `out`.
    pub fn gradient(&self, x: &[f64], out: &mut [f64]) {
        assert_eq!(x.len(), out.len());
        match self {
            Self::Plain => plain(x, out),
            Self::Vectors => vectors(x, out),
        }
    }
}

fn plain(x: &[f64], out: &mut [f64]) {
    let mut before = 0.0;
    for (pair, out) in x.windows(2).zip(&mut *out) {
        let (sin, cos) = (pair[0] * pair[1]).sin_cos();
        let e = (-pair[0] * pair[0]).exp();
        *out = before + e * (cos * pair[1] - 2.0 * pair[0] * sin);
        before = e * cos * pair[0];
    }
    if let Some(last) = out.last_mut() {
        *last = before;
    }
}

#[cfg(not(target_arch = "x86_64"))]
use plain as vectors;

#[cfg(target_arch = "x86_64")]
fn vectors(x: &[f64], out: &mut [f64]) {
    if super::kernels::Avx512::new().is_some() && x.iter().all(|x| x.abs() < avx512::LARGEST) {
        // SAFETY: the processor has the instructions.
        unsafe { avx512::gradient(x, out) }
    } else {
        plain(x, out);
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;
    use std::f64::consts::{FRAC_2_PI, FRAC_PI_2, LN_2, LOG2_E};

    const LANES: usize = 8;
    /// Products of numbers below this are reduced to a quarter turn without loss.
    pub const LARGEST: f64 = 256.0;
    /// What π/2 and ln 2 are more than their `f64`.
    const FRAC_PI_2_REST: f64 = 6.123_233_995_736_766e-17;
    const LN_2_REST: f64 = 2.319_046_813_846_299_6e-17;

    /// The polynomial with these coefficients, that of the highest power first.
    #[target_feature(enable = "avx512f,avx512dq")]
    #[inline]
    fn polynomial<const N: usize>(x: __m512d, coefficients: [f64; N]) -> __m512d {
        let mut y = _mm512_set1_pd(coefficients[0]);
        for c in &coefficients[1..] {
            y = _mm512_fmadd_pd(y, x, _mm512_set1_pd(*c));
        }
        y
    }

    /// e^x = 2^n e^r with n = round(x / ln 2), and e^r by its Taylor series.
    #[target_feature(enable = "avx512f,avx512dq")]
    #[inline]
    fn exp(x: __m512d) -> __m512d {
        let x = _mm512_max_pd(_mm512_set1_pd(-800.0), x);
        let n = _mm512_roundscale_pd::<0>(_mm512_mul_pd(x, _mm512_set1_pd(LOG2_E)));
        let r = _mm512_fnmadd_pd(n, _mm512_set1_pd(LN_2), x);
        let r = _mm512_fnmadd_pd(n, _mm512_set1_pd(LN_2_REST), r);
        let series = [
            1.0 / 6_227_020_800.0,
            1.0 / 479_001_600.0,
            1.0 / 39_916_800.0,
            1.0 / 3_628_800.0,
            1.0 / 362_880.0,
            1.0 / 40_320.0,
            1.0 / 5_040.0,
            1.0 / 720.0,
            1.0 / 120.0,
            1.0 / 24.0,
            1.0 / 6.0,
            0.5,
            1.0,
            1.0,
        ];
        _mm512_scalef_pd(polynomial(r, series), n)
    }

    /// Sine and cosine: those of x less whole quarter turns by the polynomials of FreeBSD's
    /// library, swapped and negated as the quarter turns say.
    #[target_feature(enable = "avx512f,avx512dq")]
    #[inline]
    fn sin_cos(x: __m512d) -> (__m512d, __m512d) {
        let n = _mm512_roundscale_pd::<0>(_mm512_mul_pd(x, _mm512_set1_pd(FRAC_2_PI)));
        let r = _mm512_fnmadd_pd(n, _mm512_set1_pd(FRAC_PI_2), x);
        let r = _mm512_fnmadd_pd(n, _mm512_set1_pd(FRAC_PI_2_REST), r);
        let r2 = _mm512_mul_pd(r, r);
        let s = [
            1.589_690_995_211_55e-10,
            -2.505_076_025_340_686_3e-8,
            2.755_731_370_707_006_8e-6,
            -1.984_126_982_985_795e-4,
            8.333_333_333_322_49e-3,
            -1.666_666_666_666_663_2e-1,
        ];
        let sin = _mm512_fmadd_pd(_mm512_mul_pd(polynomial(r2, s), r2), r, r);
        let c = [
            -1.135_964_755_778_819_5e-11,
            2.087_572_321_298_175e-9,
            -2.755_731_435_139_066_3e-7,
            2.480_158_728_947_673e-5,
            -1.388_888_888_887_411e-3,
            4.166_666_666_666_66e-2,
            -0.5,
            1.0,
        ];
        let cos = polynomial(r2, c);
        let quarter = _mm512_cvtpd_epi64(n);
        let odd = _mm512_test_epi64_mask(quarter, _mm512_set1_epi64(1));
        // Bit 1 of the quarter turns, or of one more, is the sign.
        let sign = |turns| {
            let bit = _mm512_and_si512(turns, _mm512_set1_epi64(2));
            _mm512_castsi512_pd(_mm512_slli_epi64::<62>(bit))
        };
        let next = _mm512_add_epi64(quarter, _mm512_set1_epi64(1));
        let sine = _mm512_xor_pd(_mm512_mask_blend_pd(odd, sin, cos), sign(quarter));
        (sine, _mm512_xor_pd(_mm512_mask_blend_pd(odd, cos, sin), sign(next)))
    }

    /// Writes the gradient of f at `x` to `out`, as long as `x`.
    #[target_feature(enable = "avx512f,avx512dq")]
    pub fn gradient(x: &[f64], out: &mut [f64]) {
        let mut before = _mm512_setzero_pd();
        for i in (0..x.len()).step_by(LANES) {
            let mask = |count: usize| ((1u32 << count.min(LANES)) - 1) as u8;
            // Terms, and numbers of the gradient.
            let (terms, numbers) = (mask(x.len() - 1 - i), mask(x.len() - i));
            // SAFETY: term i reads numbers i and i + 1 of x.
            let (here, next) = unsafe {
                let x = x.as_ptr().add(i);
                (_mm512_maskz_loadu_pd(terms, x), _mm512_maskz_loadu_pd(terms, x.wrapping_add(1)))
            };
            let (sin, cos) = sin_cos(_mm512_mul_pd(here, next));
            let e = exp(_mm512_fnmadd_pd(here, here, _mm512_setzero_pd()));
            let twice = _mm512_mul_pd(_mm512_add_pd(here, here), sin);
            let own = _mm512_mul_pd(e, _mm512_fmsub_pd(cos, next, twice));
            // The term of i − 1 has a part in number i.
            let other = _mm512_mul_pd(_mm512_mul_pd(e, cos), here);
            let shifted = _mm512_castsi512_pd(_mm512_alignr_epi64::<7>(
                _mm512_castpd_si512(other),
                _mm512_castpd_si512(before),
            ));
            // SAFETY: these are numbers of `out`.
            unsafe {
                let out = out.as_mut_ptr().add(i);
                _mm512_mask_storeu_pd(out, numbers, _mm512_add_pd(own, shifted));
            }
            before = other;
        }
    }
}
