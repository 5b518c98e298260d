//! Vectors of sixteen numbers, and the loops over them that the training steps share.
//!
//! A step is written once, over [`Lanes`], and compiled twice: for AVX-512 and for any processor.
//! [`Instructions::best`] finds out at run time which to take.

#![allow(unsafe_code)]

use std::array::from_fn;

/// How many numbers a vector has.
pub const LANES: usize = 16;

/// Sixteen numbers in a buffer, aligned as vectors are loaded fastest.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Line(pub [f32; LANES]);

/// A buffer of zeros.
pub fn zeros(lines: usize) -> Vec<Line> {
    vec![Line([0.0; LANES]); lines]
}

/// The numbers of a buffer.
pub fn numbers(lines: &[Line]) -> *const f32 {
    lines.as_ptr().cast()
}

/// The numbers of a buffer, to write to.
pub fn numbers_mut(lines: &mut [Line]) -> *mut f32 {
    lines.as_mut_ptr().cast()
}

/// An instruction set's way to compute with vectors of sixteen `f32`. Masks have a bit per lane.
pub trait Lanes: Copy {
    /// A vector.
    type V: Copy;

    /// A number in all lanes.
    fn splat(self, x: f32) -> Self::V;

    /// The sixteen numbers from `p` on.
    ///
    /// # Safety
    ///
    /// They must be readable.
    unsafe fn load(self, p: *const f32) -> Self::V;

    /// The first `count` of the numbers from `p` on, at most sixteen, and zeros after them.
    ///
    /// # Safety
    ///
    /// They must be readable.
    unsafe fn load_first(self, p: *const f32, count: usize) -> Self::V;

    /// Writes sixteen numbers from `p` on.
    ///
    /// # Safety
    ///
    /// The place must be writable.
    unsafe fn store(self, p: *mut f32, v: Self::V);

    /// Writes the first `count` lanes, at most sixteen, from `p` on.
    ///
    /// # Safety
    ///
    /// The place must be writable.
    unsafe fn store_first(self, p: *mut f32, count: usize, v: Self::V);

    /// a + b.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;

    /// a − b.
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;

    /// a b.
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;

    /// a / b.
    fn div(self, a: Self::V, b: Self::V) -> Self::V;

    /// a b + c.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;

    /// The greater of a and b.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;

    /// Where a > b.
    fn greater(self, a: Self::V, b: Self::V) -> u16;

    /// `yes` in the lanes of the mask and `no` in the others.
    fn select(self, mask: u16, yes: Self::V, no: Self::V) -> Self::V;

    /// `v` in the lanes of the mask and zero in the others.
    fn keep(self, mask: u16, v: Self::V) -> Self::V;

    /// e to the power of x, within 1.1 ulp where it is a normal number.
    fn exp(self, x: Self::V) -> Self::V;

    /// 1/(1 + e^(−x)), within 3 ulp.
    fn sigmoid(self, x: Self::V) -> Self::V;

    /// Lane k of the result is the lane `lanes[k]` of `v`.
    fn permute(self, v: Self::V, lanes: &[i32; LANES]) -> Self::V;

    /// Rows to columns.
    fn transpose(self, rows: [Self::V; LANES]) -> [Self::V; LANES];

    /// Lane k of the result is the sum of the lanes of `v[k]`, for k below 4, and anything after.
    fn sums4(self, v: [Self::V; 4]) -> Self::V;

    /// Lane k of the result is the sum of the lanes of `v[k]`.
    fn sums(self, v: [Self::V; LANES]) -> Self::V;

    /// The sum of the lanes.
    fn sum(self, v: Self::V) -> f32;
}

/// The instructions that every processor has.
#[derive(Clone, Copy, Debug)]
pub struct Portable;

impl Lanes for Portable {
    type V = [f32; LANES];

    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        [x; LANES]
    }

    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> Self::V {
        // SAFETY: the caller vouches for sixteen numbers.
        unsafe { p.cast::<Self::V>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn load_first(self, p: *const f32, count: usize) -> Self::V {
        // SAFETY: the caller vouches for `count` numbers.
        from_fn(|k| if k < count { unsafe { *p.add(k) } } else { 0.0 })
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: Self::V) {
        // SAFETY: the caller vouches for sixteen numbers.
        unsafe { p.cast::<Self::V>().write_unaligned(v) }
    }

    #[inline(always)]
    unsafe fn store_first(self, p: *mut f32, count: usize, v: Self::V) {
        for (k, x) in v.into_iter().enumerate().take(count) {
            // SAFETY: the caller vouches for `count` numbers.
            unsafe { *p.add(k) = x }
        }
    }

    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        from_fn(|k| a[k] + b[k])
    }

    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        from_fn(|k| a[k] - b[k])
    }

    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        from_fn(|k| a[k] * b[k])
    }

    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        from_fn(|k| a[k] / b[k])
    }

    #[inline(always)]
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        from_fn(|k| a[k] * b[k] + c[k])
    }

    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        from_fn(|k| if a[k] > b[k] { a[k] } else { b[k] })
    }

    #[inline(always)]
    fn greater(self, a: Self::V, b: Self::V) -> u16 {
        (0..LANES).fold(0, |mask, k| mask | u16::from(a[k] > b[k]) << k)
    }

    #[inline(always)]
    fn select(self, mask: u16, yes: Self::V, no: Self::V) -> Self::V {
        from_fn(|k| if mask >> k & 1 == 1 { yes[k] } else { no[k] })
    }

    #[inline(always)]
    fn keep(self, mask: u16, v: Self::V) -> Self::V {
        self.select(mask, v, [0.0; LANES])
    }

    #[inline(always)]
    fn exp(self, x: Self::V) -> Self::V {
        x.map(f32::exp)
    }

    #[inline(always)]
    fn sigmoid(self, x: Self::V) -> Self::V {
        x.map(|x| 1.0 / (1.0 + (-x).exp()))
    }

    #[inline(always)]
    fn permute(self, v: Self::V, lanes: &[i32; LANES]) -> Self::V {
        lanes.map(|k| v[k as usize])
    }

    #[inline(always)]
    fn transpose(self, rows: [Self::V; LANES]) -> [Self::V; LANES] {
        from_fn(|i| from_fn(|j| rows[j][i]))
    }

    #[inline(always)]
    fn sums4(self, v: [Self::V; 4]) -> Self::V {
        from_fn(|k| self.sum(v[k % 4]))
    }

    #[inline(always)]
    fn sums(self, v: [Self::V; LANES]) -> Self::V {
        v.map(|v| self.sum(v))
    }

    #[inline(always)]
    fn sum(self, v: Self::V) -> f32 {
        v.iter().sum()
    }
}

#[cfg(target_arch = "x86_64")]
pub use avx512::Avx512;

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    use super::{LANES, Lanes, Step};

    /// AVX-512, its parts F, DQ, BW and VL. A value is a proof that the processor has them.
    #[derive(Clone, Copy, Debug)]
    pub struct Avx512(());

    impl Avx512 {
        /// A value, if the processor has the instructions.
        pub fn new() -> Option<Self> {
            let found = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("fma");
            found.then_some(Self(()))
        }

        /// A step of a network with these instructions.
        pub fn step<N: Step>(self, network: &mut N, x: &[f32], y: &[f32], eta: f32) -> f32 {
            #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,fma")]
            fn compiled<N: Step>(
                s: Avx512, network: &mut N, x: &[f32], y: &[f32], eta: f32,
            ) -> f32 {
                network.step_with(s, x, y, eta)
            }
            // SAFETY: `self` proves that the processor has the instructions.
            unsafe { compiled(self, network, x, y, eta) }
        }

        /// The sums of the lanes of four vectors, in part: of every fourth lane.
        #[inline(always)]
        fn quarter_sums(self, [a, b, c, d]: [__m512; 4]) -> __m512 {
            // SAFETY: `self` proves that the processor has the instructions.
            unsafe {
                let ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
                let cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
                let (ab, cd) = (_mm512_castps_pd(ab), _mm512_castps_pd(cd));
                let low = _mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd));
                _mm512_add_ps(low, _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd)))
            }
        }

        /// The sums of neighbouring quarters of two vectors.
        #[inline(always)]
        fn pair_sums(self, a: __m512, b: __m512) -> __m512 {
            // SAFETY: `self` proves that the processor has the instructions.
            unsafe {
                let even = _mm512_shuffle_f32x4::<0x88>(a, b);
                _mm512_add_ps(even, _mm512_shuffle_f32x4::<0xdd>(a, b))
            }
        }
    }

    /// The calls of one intrinsic.
    macro_rules! intrinsic {
        ($call:expr) => {
            // SAFETY: the `Avx512` at hand proves that the processor has the instructions; the
            // caller vouches for the memory, if any.
            unsafe { $call }
        };
    }

    impl Lanes for Avx512 {
        type V = __m512;

        #[inline(always)]
        fn splat(self, x: f32) -> __m512 {
            intrinsic!(_mm512_set1_ps(x))
        }

        #[inline(always)]
        unsafe fn load(self, p: *const f32) -> __m512 {
            intrinsic!(_mm512_loadu_ps(p))
        }

        #[inline(always)]
        unsafe fn load_first(self, p: *const f32, count: usize) -> __m512 {
            intrinsic!(_mm512_maskz_loadu_ps(((1u32 << count) - 1) as u16, p))
        }

        #[inline(always)]
        unsafe fn store(self, p: *mut f32, v: __m512) {
            intrinsic!(_mm512_storeu_ps(p, v));
        }

        #[inline(always)]
        unsafe fn store_first(self, p: *mut f32, count: usize, v: __m512) {
            intrinsic!(_mm512_mask_storeu_ps(p, ((1u32 << count) - 1) as u16, v));
        }

        #[inline(always)]
        fn add(self, a: __m512, b: __m512) -> __m512 {
            intrinsic!(_mm512_add_ps(a, b))
        }

        #[inline(always)]
        fn sub(self, a: __m512, b: __m512) -> __m512 {
            intrinsic!(_mm512_sub_ps(a, b))
        }

        #[inline(always)]
        fn mul(self, a: __m512, b: __m512) -> __m512 {
            intrinsic!(_mm512_mul_ps(a, b))
        }

        #[inline(always)]
        fn div(self, a: __m512, b: __m512) -> __m512 {
            intrinsic!(_mm512_div_ps(a, b))
        }

        #[inline(always)]
        fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
            intrinsic!(_mm512_fmadd_ps(a, b, c))
        }

        #[inline(always)]
        fn max(self, a: __m512, b: __m512) -> __m512 {
            intrinsic!(_mm512_max_ps(a, b))
        }

        #[inline(always)]
        fn greater(self, a: __m512, b: __m512) -> u16 {
            intrinsic!(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b))
        }

        #[inline(always)]
        fn select(self, mask: u16, yes: __m512, no: __m512) -> __m512 {
            intrinsic!(_mm512_mask_blend_ps(mask, no, yes))
        }

        #[inline(always)]
        fn keep(self, mask: u16, v: __m512) -> __m512 {
            intrinsic!(_mm512_maskz_mov_ps(mask, v))
        }

        /// e^x = 2^n e^r with n = round(x / ln 2), and e^r by the polynomial of the Cephes library.
        #[inline(always)]
        fn exp(self, x: __m512) -> __m512 {
            const P: [f32; 6] =
                [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5];
            // SAFETY: `self` proves that the processor has the instructions.
            unsafe {
                let x = _mm512_min_ps(self.splat(128.0), _mm512_max_ps(self.splat(-128.0), x));
                let n = _mm512_mul_ps(x, self.splat(std::f32::consts::LOG2_E));
                let n = _mm512_roundscale_ps::<0>(n);
                let r = _mm512_fnmadd_ps(n, self.splat(0.693_359_4), x);
                let r = _mm512_fnmadd_ps(n, self.splat(-2.121_944_4e-4), r);
                let r2 = _mm512_mul_ps(r, r);
                let high = _mm512_fmadd_ps(self.splat(P[0]), r, self.splat(P[1]));
                let middle = _mm512_fmadd_ps(self.splat(P[2]), r, self.splat(P[3]));
                let low = _mm512_fmadd_ps(self.splat(P[4]), r, self.splat(P[5]));
                let p = _mm512_fmadd_ps(_mm512_fmadd_ps(high, r2, middle), r2, low);
                let p = _mm512_add_ps(_mm512_fmadd_ps(p, r2, r), self.splat(1.0));
                _mm512_scalef_ps(p, n)
            }
        }

        /// With the reciprocal by one step of Newton's method.
        #[inline(always)]
        fn sigmoid(self, x: __m512) -> __m512 {
            // SAFETY: `self` proves that the processor has the instructions.
            unsafe {
                let x = _mm512_max_ps(_mm512_set1_ps(-87.0), x);
                let one = _mm512_set1_ps(1.0);
                let d = _mm512_add_ps(one, self.exp(_mm512_sub_ps(_mm512_setzero_ps(), x)));
                let y = _mm512_rcp14_ps(d);
                _mm512_fmadd_ps(y, _mm512_fnmadd_ps(d, y, one), y)
            }
        }

        #[inline(always)]
        fn permute(self, v: __m512, lanes: &[i32; LANES]) -> __m512 {
            intrinsic!(_mm512_permutexvar_ps(_mm512_loadu_si512(lanes.as_ptr().cast()), v))
        }

        #[inline(always)]
        fn transpose(self, rows: [__m512; LANES]) -> [__m512; LANES] {
            // SAFETY: `self` proves that the processor has the instructions.
            unsafe {
                let mut quads = rows;
                for k in (0..LANES).step_by(4) {
                    let [a, b, c, d] = [rows[k], rows[k + 1], rows[k + 2], rows[k + 3]];
                    let ab = _mm512_castps_pd(_mm512_unpacklo_ps(a, b));
                    let cd = _mm512_castps_pd(_mm512_unpacklo_ps(c, d));
                    quads[k] = _mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd));
                    quads[k + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd));
                    let ab = _mm512_castps_pd(_mm512_unpackhi_ps(a, b));
                    let cd = _mm512_castps_pd(_mm512_unpackhi_ps(c, d));
                    quads[k + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd));
                    quads[k + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd));
                }
                let mut columns = rows;
                for k in 0..4 {
                    let [a, b, c, d] = [quads[k], quads[k + 4], quads[k + 8], quads[k + 12]];
                    let ab = _mm512_shuffle_f32x4::<0x88>(a, b);
                    let cd = _mm512_shuffle_f32x4::<0x88>(c, d);
                    columns[k] = _mm512_shuffle_f32x4::<0x88>(ab, cd);
                    columns[k + 8] = _mm512_shuffle_f32x4::<0xdd>(ab, cd);
                    let ab = _mm512_shuffle_f32x4::<0xdd>(a, b);
                    let cd = _mm512_shuffle_f32x4::<0xdd>(c, d);
                    columns[k + 4] = _mm512_shuffle_f32x4::<0x88>(ab, cd);
                    columns[k + 12] = _mm512_shuffle_f32x4::<0xdd>(ab, cd);
                }
                columns
            }
        }

        #[inline(always)]
        fn sums4(self, v: [__m512; 4]) -> __m512 {
            let quarters = self.quarter_sums(v);
            let halves = self.pair_sums(quarters, quarters);
            self.pair_sums(halves, halves)
        }

        #[inline(always)]
        fn sums(self, v: [__m512; LANES]) -> __m512 {
            let low = self.pair_sums(
                self.quarter_sums([v[0], v[1], v[2], v[3]]),
                self.quarter_sums([v[4], v[5], v[6], v[7]]),
            );
            let high = self.pair_sums(
                self.quarter_sums([v[8], v[9], v[10], v[11]]),
                self.quarter_sums([v[12], v[13], v[14], v[15]]),
            );
            self.pair_sums(low, high)
        }

        #[inline(always)]
        fn sum(self, v: __m512) -> f32 {
            intrinsic!(_mm512_reduce_add_ps(v))
        }
    }
}

/// An instruction set, found at run time.
#[derive(Clone, Copy, Debug)]
pub enum Instructions {
    /// AVX-512.
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    /// What every processor has.
    Portable(Portable),
}

impl Instructions {
    /// The best that the processor has.
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx512) = Avx512::new() {
            return Self::Avx512(avx512);
        }
        Self::Portable(Portable)
    }

    /// A step of a network with these instructions.
    pub fn step<N: Step>(self, network: &mut N, x: &[f32], y: &[f32], eta: f32) -> f32 {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(s) => s.step(network, x, y, eta),
            Self::Portable(s) => network.step_with(s, x, y, eta),
        }
    }
}

/// A training step, for any instruction set.
pub trait Step {
    /// A step; `#[inline(always)]`, with all that it calls, so that it is compiled for `s`.
    fn step_with<S: Lanes>(&mut self, s: S, x: &[f32], y: &[f32], eta: f32) -> f32;
}

/// A matrix in memory, by its first number and the steps to the next row and column.
#[derive(Clone, Copy, Debug)]
pub struct Strided {
    /// The first number.
    pub start: *const f32,
    /// From a row to the next.
    pub row: usize,
    /// From a column to the next.
    pub column: usize,
}

/// Vectors whose starts are `row` apart.
///
/// # Safety
///
/// They must be readable.
#[inline(always)]
pub unsafe fn load<S: Lanes, const N: usize>(s: S, start: *const f32, row: usize) -> [S::V; N] {
    let mut vectors = [s.splat(0.0); N];
    for (n, v) in vectors.iter_mut().enumerate() {
        // SAFETY: as the caller vouches.
        *v = unsafe { s.load(start.add(n * row)) };
    }
    vectors
}

/// `M` rows and `N` vectors of columns of the product of `a`, of `depth` columns, and `b`, whose
/// rows are `b_row` apart.
///
/// # Safety
///
/// All of the numbers must be readable.
#[inline(always)]
pub unsafe fn product<S: Lanes, const M: usize, const N: usize>(
    s: S, depth: usize, a: Strided, b: *const f32, b_row: usize,
) -> [[S::V; N]; M] {
    let mut c = [[s.splat(0.0); N]; M];
    for k in 0..depth {
        // SAFETY: row k of b and column k of a are within what the caller vouches for.
        unsafe {
            let b = load::<S, N>(s, b.add(k * b_row), LANES);
            for (m, c) in c.iter_mut().enumerate() {
                let a = s.splat(*a.start.add(m * a.row + k * a.column));
                for (c, &b) in c.iter_mut().zip(&b) {
                    *c = s.fma(a, b, *c);
                }
            }
        }
    }
    c
}

/// The products of `M` rows from `a` on and `N` rows from `b` on, of `vectors` vectors each, not
/// yet summed over the lanes.
///
/// # Safety
///
/// All of the numbers must be readable.
#[inline(always)]
pub unsafe fn dots<S: Lanes, const M: usize, const N: usize>(
    s: S, vectors: usize, a: *const f32, b: *const f32,
) -> [[S::V; N]; M] {
    let mut c = [[s.splat(0.0); N]; M];
    let row = vectors * LANES;
    for k in 0..vectors {
        // SAFETY: vector k of each row is within what the caller vouches for.
        unsafe {
            let b = load::<S, N>(s, b.add(k * LANES), row);
            for (m, c) in c.iter_mut().enumerate() {
                let a = s.load(a.add(m * row + k * LANES));
                for (c, &b) in c.iter_mut().zip(&b) {
                    *c = s.fma(a, b, *c);
                }
            }
        }
    }
    c
}

/// Adds the product of `a`, of `depth` columns, and `b` to `M` rows and `N` vectors of columns of
/// `c`.
///
/// # Safety
///
/// All of the numbers must be readable, and those of `c` writable.
#[inline(always)]
pub unsafe fn add_product<S: Lanes, const M: usize, const N: usize>(
    s: S, depth: usize, a: Strided, b: (*const f32, usize), c: (*mut f32, usize),
) {
    // SAFETY: as the caller vouches.
    let sums = unsafe { product::<S, M, N>(s, depth, a, b.0, b.1) };
    for (m, sums) in sums.into_iter().enumerate() {
        for (n, sum) in sums.into_iter().enumerate() {
            // SAFETY: this is within c.
            unsafe {
                let place = c.0.add(m * c.1 + n * LANES);
                s.store(place, s.add(s.load(place), sum));
            }
        }
    }
}

/// Writes the sums of the lanes of each line, sixteen lines at a time.
#[inline(always)]
pub fn sum_lines<S: Lanes, const N: usize>(s: S, lines: &[Line; N], sums: &mut [f32; N]) {
    assert!(N.is_multiple_of(LANES));
    for k in (0..N).step_by(LANES) {
        // SAFETY: there are sixteen lines from k on, and as many sums.
        unsafe {
            let v = load::<S, LANES>(s, numbers(&lines[k..]), LANES);
            s.store(sums.as_mut_ptr().add(k), s.sums(v));
        }
    }
}

/// Adds numbers to as many parameters.
#[inline(always)]
pub fn add(parameters: &mut [f32], steps: &[f32]) {
    for (parameter, step) in parameters.iter_mut().zip(steps) {
        *parameter += step;
    }
}
