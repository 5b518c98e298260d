//! Elementary functions of a register.
//!
//! Each function reduces its argument to a small interval and evaluates a polynomial there, whose
//! coefficients are those of the smallest largest relative error, found by Remez' exchange in 60
//! digits and then rounded. The errors are in units in the last place (ULP) of the exact value, and
//! hold for all instruction sets: measured for all arguments in `f32`, for samples in `f64`.

use super::vector::{MAX_LANES, Registers, Vector};

/// eˣ; infinity from above the largest finite value on, gradually to 0 below the smallest normal
/// one.
///
/// Error: at most 0.9 ULP.
#[inline(always)]
pub(crate) fn exp<T: Constants, V: Vector<T>>(x: V) -> V {
    // The order of the operands lets NaN pass.
    let x = V::splat(T::EXP_MIN).max(V::splat(T::EXP_MAX).min(x));
    let n = x.mul(V::splat(T::LOG2_E)).round();
    let r = n.mul_add(V::splat(-T::LN_2_HIGH), x);
    let r = n.mul_add(V::splat(-T::LN_2_LOW), r);
    // 1 + r is rounded; what it lost is added with the small terms.
    let one = V::splat(T::one());
    let most = one.add(r);
    let lost = r.sub(most.sub(one));
    most.add(r.mul(r).mul_add(polynomial(r, T::EXP), lost)).scale(n)
}

/// ln x; −∞ at 0, NaN below.
///
/// Error: at most 0.9 ULP.
#[inline(always)]
pub(crate) fn log<T: Constants, V: Vector<T>>(x: V) -> V {
    let (m, n) = x.split();
    let (half, one) = (V::splat(T::HALF), V::splat(T::one()));
    let large = m.gt(V::splat(T::SQRT_2));
    let m = V::select(large, m.mul(half), m);
    let n = V::select(large, n.add(one), n);
    let y = log_of_scaled(m.sub(one), n);
    let zero = V::splat(T::zero());
    let edge = V::splat(T::neg_infinity());
    let outside = V::select(x.eq(zero), edge, V::splat(T::nan()));
    let y = V::select(x.gt(zero), y, outside);
    V::select(x.eq(edge.neg()), x, y)
}

/// tanh x = 1 − 2 / (e²ˣ + 1), but an odd polynomial where that would cancel.
///
/// Error: at most 1.1 ULP in `f32`, 1.5 in `f64`.
#[inline(always)]
pub(crate) fn tanh<T: Constants, V: Vector<T>>(x: V) -> V {
    let a = x.abs();
    let z = a.mul(a);
    let small = a.mul(z).mul_add(polynomial(z, T::TANH), a);
    let one = V::splat(T::one());
    let large = one.sub(V::splat(T::TWO).div(exp(a.add(a)).add(one)));
    V::select(a.gt(V::splat(T::TANH_SMALL)), large, small).copysign(x)
}

/// σ(x) = 1 / (1 + e⁻ˣ), and eˣ / (1 + eˣ) for x < 0, down to subnormal numbers.
///
/// Error: at most 2.5 ULP.
#[inline(always)]
pub(crate) fn sigmoid<T: Constants, V: Vector<T>>(x: V) -> V {
    let e = exp(x.abs().neg());
    let one = V::splat(T::one());
    V::select(x.ge(V::splat(T::zero())), one, e).div(one.add(e))
}

/// ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|).
///
/// Error: at most 1.9 ULP.
#[inline(always)]
pub(crate) fn softplus<T: Constants, V: Vector<T>>(x: V) -> V {
    x.max(V::splat(T::zero())).add(softplus_of_minus_abs(x))
}

/// ln(1 + e^−|x|).
#[inline(always)]
pub(crate) fn softplus_of_minus_abs<T: Constants, V: Vector<T>>(x: V) -> V {
    let e = exp(x.abs().neg());
    let (one, zero) = (V::splat(T::one()), V::splat(T::zero()));
    // 1 + e = (1 + f) · 2ⁿ with 1 + f between √½ and √2.
    let large = e.gt(V::splat(T::SQRT_2 - T::one()));
    let f = V::select(large, e.sub(one).mul(V::splat(T::HALF)), e);
    log_of_scaled(f, V::select(large, one, zero))
}

/// sin x; that of the standard library for large x, and where multiply-add rounds twice.
///
/// Error: at most 1.65 ULP.
#[inline(always)]
pub(crate) fn sin<T: Constants, V: Vector<T>>(x: V) -> V {
    let y = sin_after_quarters(x.abs(), T::zero());
    where_far(x, y.mul(V::splat(T::one()).copysign(x)), T::sin)
}

/// cos x; that of the standard library for large x, and where multiply-add rounds twice.
///
/// Error: at most 1.65 ULP.
#[inline(always)]
pub(crate) fn cos<T: Constants, V: Vector<T>>(x: V) -> V {
    let y = sin_after_quarters(x.abs(), T::one());
    where_far(x, y, T::cos)
}

/// Σₖ c\[k\] xᵏ.
#[inline(always)]
fn polynomial<T: Constants, V: Vector<T>>(x: V, c: &[T]) -> V {
    let mut sum = V::splat(c[c.len() - 1]);
    for &c in c[..c.len() - 1].iter().rev() {
        sum = sum.mul_add(x, V::splat(c));
    }
    sum
}

/// ln((1 + f) · 2ⁿ) for 1 + f between √½ and √2.
///
/// With s = f / (2 + f): ln(1 + f) = ln((1 + s) / (1 − s)) = 2s + s R with a series R in s², and
/// 2s = f − s f, so that f, which is exact, comes last.
///
/// Source of the arrangement: `e_log.c` of Sun's fdlibm.
#[inline(always)]
fn log_of_scaled<T: Constants, V: Vector<T>>(f: V, n: V) -> V {
    let s = f.div(V::splat(T::TWO).add(f));
    let z = s.mul(s);
    let r = z.mul(polynomial(z, T::LOG));
    let h = f.mul(f).mul(V::splat(T::HALF));
    let low = s.mul_add(h.add(r), n.mul(V::splat(T::LN_2_LOW)));
    n.mul_add(V::splat(T::LN_2_HIGH), f.sub(h.sub(low)))
}

/// sin(a + k π/2) for 0 ≤ a ≤ `FAR` and k = 0 or 1.
#[inline(always)]
fn sin_after_quarters<T: Constants, V: Vector<T>>(a: V, k: T) -> V {
    let one = V::splat(T::one());
    let q = a.mul(V::splat(T::FRAC_2_PI)).round();
    let mut r = a;
    for &part in T::PI_HALVES {
        r = q.mul_add(V::splat(-part), r);
    }
    let z = r.mul(r);
    let sin = r.mul(z).mul_add(polynomial(z, T::SIN), r);
    let cos = z.mul_add(V::splat(-T::HALF), one);
    let cos = z.mul(z).mul_add(polynomial(z, T::COS), cos);

    // k quarters are h halves and perhaps one more; an odd half changes the sign.
    let k = q.add(V::splat(k));
    let (half, quarter) = (V::splat(T::HALF), V::splat(T::HALF * T::HALF));
    let h = k.mul(half).sub(quarter).round();
    let odd_quarter = k.sub(h).sub(h).gt(half);
    let whole = h.mul(half).round();
    let odd_half = h.sub(whole).sub(whole).abs().gt(half);
    let y = V::select(odd_quarter, cos, sin);
    V::select(odd_half, y.neg(), y)
}

/// y, but f(x) where |x| > `FAR`, and everywhere if multiply-add rounds twice.
#[inline(always)]
fn where_far<T: Constants, V: Vector<T>>(x: V, y: V, f: fn(T) -> T) -> V {
    if !V::FUSED {
        return one_by_one(x, f);
    }
    let far = x.abs().gt(V::splat(T::FAR));
    if V::any(far) { V::select(far, one_by_one(x, f), y) } else { y }
}

/// f(x), one lane after the other.
#[cold]
#[inline(never)]
#[allow(unsafe_code)]
fn one_by_one<T: Constants, V: Vector<T>>(x: V, f: fn(T) -> T) -> V {
    let mut lanes = [T::zero(); MAX_LANES];
    // SAFETY: the array has at least `LANES` elements.
    unsafe {
        x.store(lanes.as_mut_ptr());
        lanes[..V::LANES].iter_mut().for_each(|x| *x = f(*x));
        V::load(lanes.as_ptr())
    }
}

/// The numbers in which the functions differ for `f32` and `f64`.
pub trait Constants: Registers {
    /// ½.
    const HALF: Self;
    /// 2.
    const TWO: Self;
    /// √2.
    const SQRT_2: Self;
    /// log₂ e.
    const LOG2_E: Self;
    /// 2/π.
    const FRAC_2_PI: Self;
    /// ln 2, so short that its product with an exponent is exact.
    const LN_2_HIGH: Self;
    /// The rest of ln 2.
    const LN_2_LOW: Self;
    /// eˣ is 0 from here on.
    const EXP_MIN: Self;
    /// eˣ is infinite from here on.
    const EXP_MAX: Self;
    /// (eˣ − 1 − x) / x² for |x| ≤ ½ ln 2.
    const EXP: &'static [Self];
    /// ln((1 + s) / (1 − s)) / s³ − 2 / s² in s² for |s| ≤ 3 − 2√2.
    const LOG: &'static [Self];
    /// Up to here tanh is a polynomial.
    const TANH_SMALL: Self;
    /// (tanh x − x) / x³ in x² for |x| ≤ `TANH_SMALL`.
    const TANH: &'static [Self];
    /// (sin x − x) / x³ in x² for |x| ≤ π/4.
    const SIN: &'static [Self];
    /// (cos x − 1 + x²/2) / x⁴ in x² for |x| ≤ π/4.
    const COS: &'static [Self];
    /// π/2 as a sum.
    const PI_HALVES: &'static [Self];
    /// Beyond it, sin and cos are left to the standard library: up to it, the product of a number
    /// of quarters with the first part of π/2 leaves an exact remainder.
    const FAR: Self;
}

impl Constants for f32 {
    const HALF: Self = 0.5;
    const TWO: Self = 2.0;
    const SQRT_2: Self = std::f32::consts::SQRT_2;
    const LOG2_E: Self = std::f32::consts::LOG2_E;
    const FRAC_2_PI: Self = std::f32::consts::FRAC_2_PI;
    const LN_2_HIGH: Self = 6.9314575e-1;
    const LN_2_LOW: Self = 1.4286068e-6;
    const EXP_MIN: Self = -104.0;
    const EXP_MAX: Self = 89.0;
    const EXP: &'static [Self] =
        &[4.9999994e-1, 1.6666527e-1, 4.166827e-2, 8.368115e-3, 1.381778e-3];
    const LOG: &'static [Self] = &[6.6666776e-1, 3.9977497e-1, 2.9873073e-1];
    const TANH_SMALL: Self = 0.75;
    const TANH: &'static [Self] = &[
        -3.3333316e-01,
        1.3332695e-01,
        -5.3892724e-02,
        2.1452038e-02,
        -7.6572606e-03,
        1.7369388e-03,
    ];
    const SIN: &'static [Self] = &[-1.6666655e-1, 8.332156e-3, -1.9514632e-4];
    const COS: &'static [Self] = &[4.1666646e-2, -1.388731e-3, 2.4432413e-5];
    const PI_HALVES: &'static [Self] =
        &[std::f32::consts::FRAC_PI_2, -4.371139e-08, -1.7151245e-15];
    const FAR: Self = 1600.0;
}

impl Constants for f64 {
    const HALF: Self = 0.5;
    const TWO: Self = 2.0;
    const SQRT_2: Self = std::f64::consts::SQRT_2;
    const LOG2_E: Self = std::f64::consts::LOG2_E;
    const FRAC_2_PI: Self = std::f64::consts::FRAC_2_PI;
    const LN_2_HIGH: Self = 0.6931471805598903;
    const LN_2_LOW: Self = 5.497923018708371e-14;
    const EXP_MIN: Self = -746.0;
    const EXP_MAX: Self = 710.0;
    const EXP: &'static [Self] = &[
        0.5000000000000006,
        0.16666666666666458,
        0.0416666666665719,
        0.00833333333348154,
        0.0013888888933730507,
        0.00019841269509676595,
        2.4801502479900457e-5,
        2.755759980513583e-6,
        2.7627157133090465e-7,
        2.49919425287193e-8,
    ];
    const LOG: &'static [Self] = &[
        0.6666666666666735,
        0.39999999999411107,
        0.28571428743260424,
        0.22222198476132016,
        0.18183569735442331,
        0.15313903297828368,
        0.14797507658605685,
    ];
    const TANH_SMALL: Self = 0.625;
    const TANH: &'static [Self] = &[
        -0.33333333333332854,
        0.13333333333262093,
        -0.05396825393126857,
        0.021869487576112942,
        -0.008863221002850233,
        0.003591989175444321,
        -0.0014549588857365153,
        0.0005863165639798409,
        -0.0002285642557851935,
        7.714441414948506e-5,
        -1.6072591390779756e-5,
    ];
    const SIN: &'static [Self] = &[
        -0.1666666666666663,
        0.008333333333322005,
        -0.00019841269829495652,
        2.755731358766045e-6,
        -2.505074231292331e-8,
        1.5895904970586424e-10,
    ];
    const COS: &'static [Self] = &[
        0.041666666666666595,
        -0.0013888888888872895,
        2.4801587288748156e-5,
        -2.755731414861744e-7,
        2.087569657207771e-9,
        -1.13583104763117e-11,
    ];
    const PI_HALVES: &'static [Self] =
        &[std::f64::consts::FRAC_PI_2, 6.123233995736766e-17, -1.4973849048591698e-33];
    const FAR: Self = 1e6;
}

#[cfg(test)]
mod tests;
