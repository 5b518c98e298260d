//! Elementary functions over registers.
//!
//! Each reduces its argument to a short interval and sums a Taylor series there. The tests state the
//! error of each in units in the last place (ULP).

use crate::kernels::Real;
use crate::kernels::vector::Vector;

/// c₀ + c₁ x + c₂ x² + …, by Horner's rule.
#[inline(always)]
fn polynomial<T: Real, V: Vector<T>>(x: V, coefficients: &[f64]) -> V {
    let number = |c: f64| V::splat(T::from_double(c));
    let (last, rest) = coefficients.split_last().expect("a coefficient");
    rest.iter().rev().fold(number(*last), |y, &c| y.mul_add(x, number(c)))
}

#[inline(always)]
fn splat<T: Real, V: Vector<T>>(x: f64) -> V {
    V::splat(T::from_double(x))
}

#[inline(always)]
fn is_double<T>() -> bool {
    size_of::<T>() == 8
}

/// 1/k! for k = 0, 1, …
const EXP: [f64; 14] = {
    let mut terms = [1.0; 14];
    let mut k = 1;
    while k < 14 {
        terms[k] = terms[k - 1] / k as f64;
        k += 1;
    }
    terms
};

/// ln 2 in two parts, the first of so few digits that whole multiples of it are exact.
fn ln2<T>() -> (f64, f64) {
    match is_double::<T>() {
        true => (6.931_457_519_531_25e-1, 1.428_606_820_309_417_3e-6),
        false => (6.933_593_75e-1, -2.121_944_400_546_905_8e-4),
    }
}

/// x = n ln 2 + r with |r| ≤ ½ ln 2: n and r.
#[inline(always)]
fn by_ln2<T: Real, V: Vector<T>>(x: V) -> (V, V) {
    let n = x.mul(splat(std::f64::consts::LOG2_E)).round();
    let (high, low) = ln2::<T>();
    (n, n.mul_add(splat(-low), n.mul_add(splat(-high), x)))
}

/// eˣ.
#[inline(always)]
pub(crate) fn exp<T: Real, V: Vector<T>>(x: V) -> V {
    // Beyond these bounds the result is 0 or infinite. NaN passes: it is the second operand.
    let (least, most) = if is_double::<T>() { (-746.0, 710.0) } else { (-104.0, 89.0) };
    let bounded = splat::<T, V>(most).min(splat::<T, V>(least).max(x));
    let (n, r) = by_ln2(bounded);
    let terms = if is_double::<T>() { EXP.as_slice() } else { &EXP[..8] };
    polynomial(r, terms).scale(n)
}

/// ln x: −∞ of 0, NaN of negative numbers.
#[inline(always)]
pub(crate) fn log<T: Real, V: Vector<T>>(x: V) -> V {
    let (exponent, mantissa) = x.split();
    // The mantissa between √½ and √2.
    let large = mantissa.gt(splat(std::f64::consts::SQRT_2));
    let m = V::select(large, mantissa.mul(splat(0.5)), mantissa);
    let e = V::select(large, exponent.add(splat(1.0)), exponent);
    // ln m = 2 artanh s with s = (m − 1)/(m + 1): f − s (f − R) with f = m − 1, as in FDLIBM.
    let f = m.sub(splat(1.0));
    let s = f.div(f.add(splat(2.0)));
    let z = s.mul(s);
    const ARTANH: [f64; 11] = [
        2.0 / 3.0,
        2.0 / 5.0,
        2.0 / 7.0,
        2.0 / 9.0,
        2.0 / 11.0,
        2.0 / 13.0,
        2.0 / 15.0,
        2.0 / 17.0,
        2.0 / 19.0,
        2.0 / 21.0,
        2.0 / 23.0,
    ];
    let terms = if is_double::<T>() { ARTANH.as_slice() } else { &ARTANH[..4] };
    let r = z.mul(polynomial(z, terms));
    let half = f.mul(f).mul(splat(0.5));
    let (high, low) = ln2::<T>();
    let small = s.mul(half.add(r)).add(e.mul(splat(low)));
    let y = e.mul_add(splat(high), f.sub(half.sub(small)));
    let zero = splat::<T, V>(0.0);
    let y = V::select(x.gt(zero), y, splat(f64::NAN));
    let y = V::select(x.eq(zero), splat(f64::NEG_INFINITY), y);
    V::select(x.eq(splat(f64::INFINITY)), x, y)
}

/// σ(x) = 1/(1 + e⁻ˣ), from e^−|x|.
#[inline(always)]
pub(crate) fn sigmoid<T: Real, V: Vector<T>>(x: V) -> V {
    let e = exp(x.abs().neg());
    let one = splat::<T, V>(1.0);
    let top = V::select(x.ge(splat(0.0)), one, e);
    top.div(one.add(e))
}

/// tanh x: an odd polynomial near 0, 1 − 2/(e²ˣ + 1) elsewhere.
#[inline(always)]
pub(crate) fn tanh<T: Real, V: Vector<T>>(x: V) -> V {
    let (size, one) = (x.abs(), splat::<T, V>(1.0));
    // tanh s = expm1(2s)/(expm1(2s) + 2), and expm1(2s) = 2ⁿ (eʳ − 1) + (2ⁿ − 1).
    let most = if is_double::<T>() { 20.0 } else { 10.0 };
    let twice = splat::<T, V>(2.0 * most).min(size.add(size));
    let (n, r) = by_ln2(twice);
    let terms = if is_double::<T>() { &EXP[1..] } else { &EXP[1..8] };
    let less_one = r.mul(polynomial(r, terms));
    let power = one.scale(n);
    let expm1 = power.mul_add(less_one, power.sub(one));
    let y = expm1.div(expm1.add(splat(2.0)));
    let y = V::select(x.gt(splat(0.0)), y, y.neg());
    // Zeros keep their sign, and NaN stays.
    V::select(size.gt(splat(0.0)), y, x)
}

/// ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|).
#[inline(always)]
pub(crate) fn softplus<T: Real, V: Vector<T>>(x: V) -> V {
    let positive = x.max(splat(0.0));
    // The first operand is chosen unless it compares less: NaN comes second, and stays.
    let positive = V::select(x.eq(x), positive, x);
    positive.add(log1p_small(exp(x.abs().neg())))
}

/// ln(1 + e) for 0 ≤ e ≤ 1: 2 artanh s with s = e/(2 + e).
#[inline(always)]
fn log1p_small<T: Real, V: Vector<T>>(e: V) -> V {
    // ln(1 + e) = ln 2 · [e > √2 − 1] + 2 artanh s, where s is of 1 + e or of half of it.
    let large = e.gt(splat(std::f64::consts::SQRT_2 - 1.0));
    let one = splat::<T, V>(1.0);
    let top = V::select(large, e.sub(one), e);
    let bottom = V::select(large, e.add(splat(3.0)), e.add(splat(2.0)));
    let s = top.div(bottom);
    let z = s.mul(s);
    const ARTANH: [f64; 11] = [
        2.0,
        2.0 / 3.0,
        2.0 / 5.0,
        2.0 / 7.0,
        2.0 / 9.0,
        2.0 / 11.0,
        2.0 / 13.0,
        2.0 / 15.0,
        2.0 / 17.0,
        2.0 / 19.0,
        2.0 / 21.0,
    ];
    let terms = if is_double::<T>() { ARTANH.as_slice() } else { &ARTANH[..5] };
    let y = s.mul(polynomial(z, terms));
    V::select(large, y.add(splat(std::f64::consts::LN_2)), y)
}

/// How large an argument of sin and cos may be for the reduction to be accurate.
pub(crate) fn trigonometric_bound<T: Real>() -> T {
    T::from_double(if is_double::<T>() { 1e5 } else { 1e3 })
}

/// sin x, or cos x, of arguments up to [`trigonometric_bound`].
#[inline(always)]
pub(crate) fn sin_cos<T: Real, V: Vector<T>>(x: V, cosine: bool) -> V {
    // x = q π/2 + r with |r| ≤ π/4, π/2 in parts of which whole multiples are exact.
    let q = x.mul(splat(std::f64::consts::FRAC_2_PI)).round();
    let parts: [f64; 3] = match is_double::<T>() {
        true => [1.570_796_251_296_997, 7.549_789_415_861_596e-8, 5.390_302_858_158_119e-15],
        false => [1.570_312_5, 4.837_512_969_970_703e-4, 7.549_790_126_404_332e-8],
    };
    let r = parts.iter().fold(x, |r, &part| q.mul_add(splat(-part), r));
    let z = r.mul(r);
    const SIN: [f64; 9] = [
        1.0,
        -1.0 / 6.0,
        1.0 / 120.0,
        -1.0 / 5_040.0,
        1.0 / 362_880.0,
        -1.0 / 39_916_800.0,
        1.0 / 6_227_020_800.0,
        -1.0 / 1_307_674_368_000.0,
        1.0 / 355_687_428_096_000.0,
    ];
    const COS: [f64; 9] = [
        1.0,
        -1.0 / 2.0,
        1.0 / 24.0,
        -1.0 / 720.0,
        1.0 / 40_320.0,
        -1.0 / 3_628_800.0,
        1.0 / 479_001_600.0,
        -1.0 / 87_178_291_200.0,
        1.0 / 20_922_789_888_000.0,
    ];
    let terms = if is_double::<T>() { 9 } else { 5 };
    let odd = r.mul(z).mul_add(polynomial(z, &SIN[1..terms]), r);
    let half = z.mul(splat(0.5));
    let even = splat::<T, V>(1.0).sub(half).add(z.mul(z).mul(polynomial(z, &COS[2..terms])));
    // Which of the two, and its sign, from q modulo 4.
    let q = if cosine { q.add(splat(1.0)) } else { q };
    let half_turns = q.mul(splat(0.5)).sub(splat(0.25)).round();
    let is_odd = q.sub(half_turns.add(half_turns)).gt(splat(0.5));
    let y = V::select(is_odd, even, odd);
    let turns = half_turns.mul(splat(0.5)).sub(splat(0.25)).round();
    let turned = half_turns.sub(turns.add(turns)).gt(splat(0.5));
    let y = V::select(turned, y.neg(), y);
    // Zeros keep their sign.
    if cosine { y } else { V::select(x.eq(splat(0.0)), x, y) }
}
