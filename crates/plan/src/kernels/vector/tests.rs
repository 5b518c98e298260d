//! What a register does against what a number does.

use super::super::isa::Isa;
use super::*;

/// Results of all operations, in this order.
const OPERATIONS: usize = 12;

for_each_isa! {
    /// See [`all_body`].
    fn all[T: Registers] = all_body[T](x: *const T, y: *const T, z: *mut T, stride: usize);
}

/// Operations on the numbers at x and y, `MAX_LANES` each, written to z, `stride` apart.
///
/// # Safety
///
/// There is as much to read and to write.
#[inline(always)]
unsafe fn all_body<T: Registers, V: Vector<T>>(x: *const T, y: *const T, z: *mut T, stride: usize) {
    for i in (0..MAX_LANES).step_by(V::LANES) {
        // SAFETY: i + LANES ≤ MAX_LANES.
        unsafe {
            let (a, b) = (V::load(x.add(i)), V::load(y.add(i)));
            let whole = b.round();
            let (m, n) = a.abs().split();
            let results: [V; OPERATIONS] = [
                a.max(b),
                a.min(b),
                a.round(),
                a.copysign(b),
                a.mul_add(b, b),
                V::select(a.gt(b), a, b),
                V::select(a.ge(b), a, b),
                V::select(a.eq(b), a, b),
                V::select(a.is_nan(), b, a),
                m,
                n,
                m.scale(whole),
            ];
            for (k, result) in results.into_iter().enumerate() {
                result.store(z.add(k * stride + i));
            }
        }
    }
}

for_each_isa! {
    /// See [`sum_body`].
    fn sum[T: Registers] = sum_body[T](x: *const T, n: usize) -> T;
}

/// Σ x over n numbers, a part of a register at a time, or NaN if a part that has a number is none.
///
/// # Safety
///
/// n numbers can be read from x on.
#[inline(always)]
unsafe fn sum_body<T: Registers, V: Vector<T>>(x: *const T, n: usize) -> T {
    let mut sum = T::zero();
    for i in (0..n).step_by(V::LANES) {
        // SAFETY: no more than n numbers are read.
        let part = unsafe { V::load_part(x.add(i), V::LANES.min(n - i)) };
        let seen = V::any(part.gt(V::splat(T::zero())));
        sum = sum + if seen { part.sum() } else { T::nan() };
    }
    sum
}

#[test]
fn every_lane_does_what_a_number_does() {
    let tiny = f32::MIN_POSITIVE;
    let x = [
        0.5,
        1.5,
        -2.5,
        0.0,
        -0.0,
        3.7,
        1e9,
        -1e9,
        tiny,
        tiny / 8.0,
        1e-45,
        3e38,
        0.3,
        -0.3,
        f32::NAN,
        7.0,
    ];
    let y = [
        1.5,
        1.5,
        -150.0,
        -0.0,
        0.0,
        127.0,
        -149.0,
        128.0,
        -130.0,
        100.0,
        -1.0,
        -126.0,
        30.0,
        -7.0,
        1.0,
        f32::NAN,
    ];
    check(x, y);
    let tiny = f64::MIN_POSITIVE;
    let x = [
        0.5,
        1.5,
        -2.5,
        0.0,
        -0.0,
        3.7,
        1e19,
        -1e19,
        tiny,
        tiny / 8.0,
        5e-324,
        1e308,
        0.3,
        -0.3,
        f64::NAN,
        7.0,
    ];
    let y = [
        1.5,
        1.5,
        -1070.0,
        -0.0,
        0.0,
        1023.0,
        -1074.0,
        1024.0,
        -1030.0,
        100.0,
        -1.0,
        -1022.0,
        30.0,
        -7.0,
        1.0,
        f64::NAN,
    ];
    check(x, y);
}

fn check<T: Registers + std::fmt::Debug>(x: [T; MAX_LANES], y: [T; MAX_LANES]) {
    let two = T::one() + T::one();
    for isa in Isa::available() {
        let mut z = [[T::zero(); MAX_LANES]; OPERATIONS];
        // SAFETY: the arrays have the sizes; the machine has the instruction set.
        unsafe { all::<T>(isa)(x.as_ptr(), y.as_ptr(), z.as_mut_ptr().cast(), MAX_LANES) }
        for i in 0..MAX_LANES {
            let (a, b) = (x[i], y[i]);
            let fused = if isa == Isa::Portable { a * b + b } else { a.mul_add(b, b) };
            let wanted = [
                if a > b { a } else { b },
                if a < b { a } else { b },
                round(a),
                a.copysign(b),
                fused,
                if a > b { a } else { b },
                if a >= b { a } else { b },
                if a == b { a } else { b },
                if a.is_nan() { b } else { a },
            ];
            for (k, wanted) in wanted.into_iter().enumerate() {
                assert!(same(z[k][i], wanted), "{isa:?} {k}: {a:?}, {b:?} gave {:?}", z[k][i]);
            }
            if a != T::zero() && a.is_finite() && b.is_finite() {
                let (m, n) = (z[9][i], z[10][i]);
                assert!(m >= T::one() && m < two, "{isa:?}: {m:?} of {a:?}");
                assert!(times_power(m, n) == a.abs(), "{isa:?}: {m:?} · 2^{n:?} of {a:?}");
                let scaled = times_power(m, round(b));
                assert!(same(z[11][i], scaled), "{isa:?}: {m:?} · 2^{b:?} gave {:?}", z[11][i]);
            }
        }
    }
}

#[test]
fn parts_are_filled_with_zeros_and_summed() {
    for isa in Isa::available() {
        for n in 0..70_u8 {
            let x: Vec<f32> = (1..=n).map(f32::from).collect();
            let wide: Vec<f64> = (1..=n).map(f64::from).collect();
            let exact = u16::from(n) * (u16::from(n) + 1) / 2;
            // SAFETY: n numbers are read; the machine has the instruction set.
            let sums = unsafe {
                (sum::<f32>(isa)(x.as_ptr(), x.len()), sum::<f64>(isa)(wide.as_ptr(), wide.len()))
            };
            assert_eq!(sums, (f32::from(exact), f64::from(exact)), "{isa:?}, n = {n}");
        }
    }
}

/// The nearest whole number, the even one of two.
fn round<T: Registers>(x: T) -> T {
    let two = T::one() + T::one();
    let tie = (x.abs() - x.abs().floor()) * two == T::one();
    if tie { (x / two).round() * two } else { x.round() }
}

/// m · 2ⁿ, rounded once: the steps before the last have no subnormal results.
fn times_power<T: Registers>(m: T, n: T) -> T {
    let two = T::one() + T::one();
    let half = (n / two).trunc();
    m * two.powi(half.to_i32().unwrap()) * two.powi((n - half).to_i32().unwrap())
}

/// Equal to the sign of zero, or both NaN.
fn same<T: Registers>(a: T, b: T) -> bool {
    a.is_nan() && b.is_nan() || a == b && a.is_sign_negative() == b.is_sign_negative()
}
