//! Element-wise kernels over contiguous memory, as function pointers.

#![allow(unsafe_code)]

use gradus_ops::Scalar;

use crate::kernels::Isa;
use crate::kernels::functions::{self as fun, Binary, Unary};
use crate::kernels::vector::{Registers, Vector};

/// y\[i\] = f(x\[i\]) for i < n; y may be x.
pub(crate) type Map1<T> = unsafe fn(x: *const T, y: *mut T, n: usize);
/// y\[i\] = f(a\[i\], b\[i\]) for i < n, where one operand may be a single number; y may be a or b.
pub(crate) type Map2<T> = unsafe fn(a: *const T, b: *const T, y: *mut T, n: usize);
/// y\[i\] = f(a\[i\], b\[i\], c\[i\]) for i < n; y may be one of them.
pub(crate) type Map3<T> = unsafe fn(a: *const T, b: *const T, c: *const T, y: *mut T, n: usize);

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fun1 {
    Copy,
    Neg,
    Reciprocal,
    Square,
    Sqrt,
    Rsqrt,
    Exp,
    Expm1,
    Log,
    Log1p,
    Sin,
    Cos,
    Tan,
    Atan,
    Sinh,
    Cosh,
    Tanh,
    Sigmoid,
    Softplus,
    Relu,
    Abs,
    Sign,
    Step,
}

/// A function of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fun2 {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    XLogY,
    Maximum,
    Greater,
    GreaterEqual,
    Equal,
    BinaryCrossEntropy,
    BinaryCrossEntropyWithLogits,
}

/// Which operand is a single number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Both,
    ScalarLeft,
    ScalarRight,
}

/// How a plan computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numerics {
    /// With vectorised functions, right to a few units in the last place, and sums in an order that
    /// is fast.
    Fast,
    /// Bit for bit as the reference evaluator.
    Exact,
}

/// A number type that plans run in: `f32` or `f64`.
pub trait Real: Scalar + Registers {}

impl Real for f32 {}
impl Real for f64 {}

/// The kernel of a function of one number.
pub(crate) fn map1<T: Real>(f: Fun1, isa: Isa, numerics: Numerics) -> Map1<T> {
    if numerics == Numerics::Exact {
        match f {
            Fun1::Exp => return plain1::<T, fun::StdExp>,
            Fun1::Log => return plain1::<T, fun::StdLog>,
            Fun1::Sin => return plain1::<T, fun::StdSin>,
            Fun1::Cos => return plain1::<T, fun::StdCos>,
            Fun1::Tanh => return plain1::<T, fun::StdTanh>,
            Fun1::Sigmoid => return plain1::<T, fun::StdSigmoid>,
            Fun1::Softplus => return plain1::<T, fun::StdSoftplus>,
            _ => {}
        }
    }
    match f {
        Fun1::Copy => vector1::<T, fun::Copy>(isa),
        Fun1::Neg => vector1::<T, fun::Neg>(isa),
        Fun1::Reciprocal => vector1::<T, fun::Reciprocal>(isa),
        Fun1::Square => vector1::<T, fun::Square>(isa),
        Fun1::Sqrt => vector1::<T, fun::Sqrt>(isa),
        Fun1::Rsqrt => vector1::<T, fun::Rsqrt>(isa),
        Fun1::Exp => vector1::<T, fun::Exp>(isa),
        Fun1::Log => vector1::<T, fun::Log>(isa),
        Fun1::Sin => vector1::<T, fun::Sin>(isa),
        Fun1::Cos => vector1::<T, fun::Cos>(isa),
        Fun1::Tanh => vector1::<T, fun::Tanh>(isa),
        Fun1::Sigmoid => vector1::<T, fun::Sigmoid>(isa),
        Fun1::Softplus => vector1::<T, fun::Softplus>(isa),
        Fun1::Relu => vector1::<T, fun::Relu>(isa),
        Fun1::Abs => vector1::<T, fun::Abs>(isa),
        Fun1::Sign => vector1::<T, fun::Sign>(isa),
        Fun1::Step => vector1::<T, fun::Step>(isa),
        Fun1::Expm1 => plain1::<T, fun::Expm1>,
        Fun1::Log1p => plain1::<T, fun::Log1p>,
        Fun1::Tan => plain1::<T, fun::Tan>,
        Fun1::Atan => plain1::<T, fun::Atan>,
        Fun1::Sinh => plain1::<T, fun::Sinh>,
        Fun1::Cosh => plain1::<T, fun::Cosh>,
    }
}

/// The kernel of a function of two numbers.
pub(crate) fn map2<T: Real>(f: Fun2, form: Form, isa: Isa, numerics: Numerics) -> Map2<T> {
    if numerics == Numerics::Exact && f == Fun2::BinaryCrossEntropyWithLogits {
        return plain2::<T, fun::StdLogits>(form);
    }
    match f {
        Fun2::Add => vector2::<T, fun::Add>(form, isa),
        Fun2::Sub => vector2::<T, fun::Sub>(form, isa),
        Fun2::Mul => vector2::<T, fun::Mul>(form, isa),
        Fun2::Div => vector2::<T, fun::Div>(form, isa),
        Fun2::Maximum => vector2::<T, fun::Maximum>(form, isa),
        Fun2::Greater => vector2::<T, fun::Greater>(form, isa),
        Fun2::GreaterEqual => vector2::<T, fun::GreaterEqual>(form, isa),
        Fun2::Equal => vector2::<T, fun::Equal>(form, isa),
        Fun2::BinaryCrossEntropyWithLogits => vector2::<T, fun::Logits>(form, isa),
        Fun2::Pow => plain2::<T, fun::Pow>(form),
        Fun2::XLogY => plain2::<T, fun::XLogY>(form),
        Fun2::BinaryCrossEntropy => plain2::<T, fun::CrossEntropy>(form),
    }
}

/// The kernel of y = b where a is not 0, else c.
pub(crate) fn select<T: Real>(isa: Isa) -> Map3<T> {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => select_avx512::<T>,
        Isa::Avx2 => select_body::<T, T::Avx2>,
        _ => select_body::<T, T::Portable>,
    }
}

fn vector1<T: Real, F: Unary>(isa: Isa) -> Map1<T> {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => map1_avx512::<T, F>,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => map1_avx2::<T, F>,
        _ => map1_body::<T, T::Portable, F>,
    }
}

fn vector2<T: Real, F: Binary>(form: Form, isa: Isa) -> Map2<T> {
    match form {
        Form::Both => vector2_form::<T, F, true, true>(isa),
        Form::ScalarLeft => vector2_form::<T, F, false, true>(isa),
        Form::ScalarRight => vector2_form::<T, F, true, false>(isa),
    }
}

fn vector2_form<T: Real, F: Binary, const A: bool, const B: bool>(isa: Isa) -> Map2<T> {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => map2_avx512::<T, F, A, B>,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => map2_avx2::<T, F, A, B>,
        _ => map2_body::<T, T::Portable, F, A, B>,
    }
}

/// # Safety
///
/// As [`Map1`] says; the machine must have AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
unsafe fn map1_avx512<T: Real, F: Unary>(x: *const T, y: *mut T, n: usize) {
    // SAFETY: by the caller's promise.
    unsafe { map1_body::<T, T::Avx512, F>(x, y, n) }
}

/// # Safety
///
/// As [`Map1`] says; the machine must have AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn map1_avx2<T: Real, F: Unary>(x: *const T, y: *mut T, n: usize) {
    // SAFETY: by the caller's promise.
    unsafe { map1_body::<T, T::Avx2, F>(x, y, n) }
}

/// # Safety
///
/// As [`Map2`] says; the machine must have AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
unsafe fn map2_avx512<T: Real, F: Binary, const A: bool, const B: bool>(
    a: *const T, b: *const T, y: *mut T, n: usize,
) {
    // SAFETY: by the caller's promise.
    unsafe { map2_body::<T, T::Avx512, F, A, B>(a, b, y, n) }
}

/// # Safety
///
/// As [`Map2`] says; the machine must have AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn map2_avx2<T: Real, F: Binary, const A: bool, const B: bool>(
    a: *const T, b: *const T, y: *mut T, n: usize,
) {
    // SAFETY: by the caller's promise.
    unsafe { map2_body::<T, T::Avx2, F, A, B>(a, b, y, n) }
}

/// # Safety
///
/// As [`Map3`] says; the machine must have AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
unsafe fn select_avx512<T: Real>(a: *const T, b: *const T, c: *const T, y: *mut T, n: usize) {
    // SAFETY: by the caller's promise.
    unsafe { select_body::<T, T::Avx512>(a, b, c, y, n) }
}

/// # Safety
///
/// `n` numbers must be readable at `x` and writable at `y`, which are the same or do not overlap.
#[inline(always)]
unsafe fn map1_body<T: Real, V: Vector<T>, F: Unary>(x: *const T, y: *mut T, n: usize) {
    let mut i = 0;
    // SAFETY: by the caller's promise, `i + LANES ≤ n` or a part of a register.
    unsafe {
        while i + 4 * V::LANES <= n {
            let x: [V; 4] = std::array::from_fn(|k| V::load(x.add(i + k * V::LANES)));
            (0..4).for_each(|k| F::apply(x[k]).store(y.add(i + k * V::LANES)));
            i += 4 * V::LANES;
        }
        while i + V::LANES <= n {
            F::apply(V::load(x.add(i))).store(y.add(i));
            i += V::LANES;
        }
        if i < n {
            F::apply(V::load_part(x.add(i), n - i)).store_part(y.add(i), n - i);
        }
    }
}

/// # Safety
///
/// As [`map1_body`]; a single number where `A` or `B` is false.
#[inline(always)]
unsafe fn map2_body<T: Real, V: Vector<T>, F: Binary, const A: bool, const B: bool>(
    a: *const T, b: *const T, y: *mut T, n: usize,
) {
    let mut i = 0;
    // SAFETY: by the caller's promise, `i + LANES ≤ n` or a part of a register.
    unsafe {
        if n == 0 {
            return;
        }
        let (one_a, one_b) = (V::splat(*a), V::splat(*b));
        let load_a = |i: usize| if A { V::load(a.add(i)) } else { one_a };
        let load_b = |i: usize| if B { V::load(b.add(i)) } else { one_b };
        while i + 4 * V::LANES <= n {
            let a: [V; 4] = std::array::from_fn(|k| load_a(i + k * V::LANES));
            let b: [V; 4] = std::array::from_fn(|k| load_b(i + k * V::LANES));
            (0..4).for_each(|k| F::apply(a[k], b[k]).store(y.add(i + k * V::LANES)));
            i += 4 * V::LANES;
        }
        while i + V::LANES <= n {
            F::apply(load_a(i), load_b(i)).store(y.add(i));
            i += V::LANES;
        }
        if i < n {
            let a = if A { V::load_part(a.add(i), n - i) } else { one_a };
            let b = if B { V::load_part(b.add(i), n - i) } else { one_b };
            F::apply(a, b).store_part(y.add(i), n - i);
        }
    }
}

/// # Safety
///
/// As [`map1_body`].
#[inline(always)]
unsafe fn select_body<T: Real, V: Vector<T>>(
    a: *const T, b: *const T, c: *const T, y: *mut T, n: usize,
) {
    let mut i = 0;
    let choose = |a: V, b: V, c: V| V::select(a.eq(V::splat(T::zero())), c, b);
    // SAFETY: by the caller's promise, `i + LANES ≤ n` or a part of a register.
    unsafe {
        while i + V::LANES <= n {
            choose(V::load(a.add(i)), V::load(b.add(i)), V::load(c.add(i))).store(y.add(i));
            i += V::LANES;
        }
        if i < n {
            let part = |p: *const T| V::load_part(p.add(i), n - i);
            choose(part(a), part(b), part(c)).store_part(y.add(i), n - i);
        }
    }
}

/// # Safety
///
/// As [`map1_body`].
unsafe fn plain1<T: Real, F: fun::Plain1>(x: *const T, y: *mut T, n: usize) {
    // SAFETY: by the caller's promise.
    (0..n).for_each(|i| unsafe { *y.add(i) = F::apply(*x.add(i)) });
}

fn plain2<T: Real, F: fun::Plain2>(form: Form) -> Map2<T> {
    match form {
        Form::Both => plain2_form::<T, F, 1, 1>,
        Form::ScalarLeft => plain2_form::<T, F, 0, 1>,
        Form::ScalarRight => plain2_form::<T, F, 1, 0>,
    }
}

/// # Safety
///
/// As [`map1_body`]; a single number where the step is 0.
unsafe fn plain2_form<T: Real, F: fun::Plain2, const A: usize, const B: usize>(
    a: *const T, b: *const T, y: *mut T, n: usize,
) {
    // SAFETY: by the caller's promise.
    (0..n).for_each(|i| unsafe { *y.add(i) = F::apply(*a.add(A * i), *b.add(B * i)) });
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_ops::{Environment, Op};
    use ndarray::ArrayView1;

    /// The kernel's values at `x`.
    fn values<T: Real>(f: Fun1, isa: Isa, numerics: Numerics, x: &[T]) -> Vec<T> {
        let mut y = x.to_vec();
        // SAFETY: in place, over all of the numbers.
        unsafe { map1::<T>(f, isa, numerics)(y.as_ptr(), y.as_mut_ptr(), y.len()) };
        y
    }

    /// Arguments of all sizes, both signs, and the special ones.
    fn arguments(most: f64) -> Vec<f64> {
        let special = [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-310, -1e-310];
        let golden = (5f64.sqrt() - 1.0) / 2.0;
        let spread = (0..400_000).map(|k| (2.0 * (golden * f64::from(k)).fract() - 1.0) * most);
        let scales = (0..4000).flat_map(|k| {
            let x = 2f64.powf(f64::from(k) / 10.0 - 200.0);
            [x, -x]
        });
        special.into_iter().chain(spread).chain(scales.filter(|x| x.abs() <= most)).collect()
    }

    /// How far `got` is from the exact value, in units of the last place of an `f32`.
    fn ulp_single(got: f32, want: f64) -> f64 {
        let rounded = want as f32;
        if got == rounded || got.is_nan() && want.is_nan() {
            return 0.0;
        }
        let size = f64::from(rounded.abs().max(f32::MIN_POSITIVE));
        (f64::from(got) - want).abs() / (size.log2().floor() - 23.0).exp2()
    }

    fn ulp_double(got: f64, want: f64) -> f64 {
        if got == want || got.is_nan() && want.is_nan() {
            return 0.0;
        }
        let size = want.abs().max(f64::MIN_POSITIVE);
        (got - want).abs() / (size.log2().floor() - 52.0).max(-1074.0).exp2()
    }

    /// A function of the standard library, which is right to an ulp.
    type Plain = fn(f64) -> f64;

    fn sigmoid(x: f64) -> f64 {
        let e = (-x.abs()).exp();
        if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
    }

    const FUNCTIONS: [(Fun1, Plain, f64, [f64; 2]); 7] = [
        (Fun1::Exp, f64::exp, 800.0, [1.0, 2.0]),
        (Fun1::Log, f64::ln, 1e6, [1.5, 2.0]),
        (Fun1::Tanh, f64::tanh, 30.0, [2.6, 3.5]),
        (Fun1::Sigmoid, sigmoid, 800.0, [2.5, 4.0]),
        (Fun1::Softplus, |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), 800.0, [2.5, 4.0]),
        (Fun1::Sin, f64::sin, 1e4, [1.5, 2.0]),
        (Fun1::Cos, f64::cos, 1e4, [1.5, 2.0]),
    ];

    #[test]
    fn vectorised_functions_are_right_to_a_few_units_in_the_last_place() {
        for (f, plain, most, bounds) in FUNCTIONS {
            for isa in Isa::available() {
                let x = arguments(most);
                let single: Vec<f32> = x.iter().map(|&x| x as f32).collect();
                let worst = |errors: Vec<(f64, f64)>| {
                    errors.into_iter().fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a })
                };
                let y = values(f, isa, Numerics::Fast, &single);
                let errors = single.iter().zip(y);
                let errors =
                    errors.map(|(&x, y)| (ulp_single(y, plain(f64::from(x))), f64::from(x)));
                let single = worst(errors.collect());
                let y = values(f, isa, Numerics::Fast, &x);
                let errors = x.iter().zip(y).map(|(&x, y)| (ulp_double(y, plain(x)), x));
                let double = worst(errors.collect());
                println!("{f:?} {isa:?}: f32 {single:?}, f64 {double:?}");
                // Without fused multiply-adds an exponential in f32 is off by a little more.
                let more = if isa == Isa::Portable && f == Fun1::Exp { 1.2 } else { 1.0 };
                assert!(single.0 <= more * bounds[0] && double.0 <= bounds[1], "{f:?} {isa:?}");
            }
        }
    }

    /// Numbers of all kinds, so many of them.
    fn numbers<T: Real>(n: usize, seed: usize) -> Vec<T> {
        let special = [0.0, -0.0, 1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -1.0, 2.5];
        let number = |k: usize| match (k * 7 + seed) % 3 {
            0 => special[(k + seed) % special.len()],
            _ => ((k * 37 + seed * 11) % 101) as f64 / 10.0 - 5.0,
        };
        (0..n).map(|k| T::from_double(number(k))).collect()
    }

    fn assert_same<T: Real>(got: &[T], want: impl Iterator<Item = T>, what: &str) {
        for (k, (got, want)) in got.iter().zip(want).enumerate() {
            let signs = got.is_sign_negative() == want.is_sign_negative();
            let same = *got == want && (signs || want != T::zero());
            assert!(same || got.is_nan() && want.is_nan(), "{what} [{k}]: {got}, not {want}");
        }
    }

    /// The reference kernel's values of an operation.
    fn reference<T: Real>(op: &Op, operands: &[&[T]]) -> Vec<T> {
        let views: Vec<_> = operands.iter().map(|&x| ArrayView1::from(x).into_dyn()).collect();
        op.eval(&views, &Environment::default()).into_iter().collect()
    }

    fn unary() -> Vec<(Fun1, Op, bool)> {
        vec![
            (Fun1::Copy, gradus_ops::StopGradient.into(), true),
            (Fun1::Neg, gradus_ops::Neg.into(), true),
            (Fun1::Reciprocal, gradus_ops::Reciprocal.into(), true),
            (Fun1::Square, gradus_ops::Square.into(), true),
            (Fun1::Sqrt, gradus_ops::Sqrt.into(), true),
            (Fun1::Rsqrt, gradus_ops::Rsqrt.into(), true),
            (Fun1::Exp, gradus_ops::Exp.into(), false),
            (Fun1::Expm1, gradus_ops::Expm1.into(), true),
            (Fun1::Log, gradus_ops::Log.into(), false),
            (Fun1::Log1p, gradus_ops::Log1p.into(), true),
            (Fun1::Sin, gradus_ops::Sin.into(), false),
            (Fun1::Cos, gradus_ops::Cos.into(), false),
            (Fun1::Tan, gradus_ops::Tan.into(), true),
            (Fun1::Atan, gradus_ops::Atan.into(), true),
            (Fun1::Sinh, gradus_ops::Sinh.into(), true),
            (Fun1::Cosh, gradus_ops::Cosh.into(), true),
            (Fun1::Tanh, gradus_ops::Tanh.into(), false),
            (Fun1::Sigmoid, gradus_ops::Sigmoid.into(), false),
            (Fun1::Softplus, gradus_ops::Softplus.into(), false),
            (Fun1::Relu, gradus_ops::Relu.into(), true),
            (Fun1::Abs, gradus_ops::Abs.into(), true),
            (Fun1::Sign, gradus_ops::Sign.into(), true),
            (Fun1::Step, gradus_ops::Step.into(), true),
        ]
    }

    fn unary_agrees<T: Real>() {
        for (f, op, always) in unary() {
            for isa in Isa::available() {
                for n in 0..70 {
                    let x = numbers::<T>(n, n);
                    let want = || reference(&op, &[&x]).into_iter();
                    let exact = values(f, isa, Numerics::Exact, &x);
                    assert_same(&exact, want(), &format!("{f:?}, exact"));
                    if always {
                        let fast = values(f, isa, Numerics::Fast, &x);
                        assert_same(&fast, want(), &format!("{f:?} {isa:?}"));
                    }
                }
            }
        }
    }

    fn binary_agrees<T: Real>() {
        let functions: [(Fun2, Op, bool); 12] = [
            (Fun2::Add, gradus_ops::Add.into(), true),
            (Fun2::Sub, gradus_ops::Sub.into(), true),
            (Fun2::Mul, gradus_ops::Mul.into(), true),
            (Fun2::Div, gradus_ops::Div.into(), true),
            (Fun2::Pow, gradus_ops::Pow.into(), true),
            (Fun2::XLogY, gradus_ops::XLogY.into(), true),
            (Fun2::Maximum, gradus_ops::Maximum.into(), true),
            (Fun2::Greater, gradus_ops::Greater.into(), true),
            (Fun2::GreaterEqual, gradus_ops::GreaterEqual.into(), true),
            (Fun2::Equal, gradus_ops::Equal.into(), true),
            (Fun2::BinaryCrossEntropy, gradus_ops::BinaryCrossEntropy.into(), true),
            (
                Fun2::BinaryCrossEntropyWithLogits,
                gradus_ops::BinaryCrossEntropyWithLogits.into(),
                false,
            ),
        ];
        for (f, op, always) in functions {
            for (isa, n) in
                Isa::available().into_iter().flat_map(|isa| (1..70).map(move |n| (isa, n)))
            {
                let (a, b) = (numbers::<T>(n, n), numbers::<T>(n, 3 * n + 1));
                for form in [Form::Both, Form::ScalarLeft, Form::ScalarRight] {
                    let a = if form == Form::ScalarLeft { vec![a[n / 2]; n] } else { a.clone() };
                    let b = if form == Form::ScalarRight { vec![b[n / 2]; n] } else { b.clone() };
                    for numerics in [Numerics::Exact, Numerics::Fast] {
                        if numerics == Numerics::Fast && !always {
                            continue;
                        }
                        let mut y = a.clone();
                        // A single left operand is read before anything is written over it.
                        let kernel = map2::<T>(f, form, isa, numerics);
                        let left = if form == Form::ScalarLeft { a.as_ptr() } else { y.as_ptr() };
                        // SAFETY: in place, over all of the numbers.
                        unsafe { kernel(left, b.as_ptr(), y.as_mut_ptr(), n) };
                        let want = reference(&op, &[&a, &b]).into_iter();
                        assert_same(&y, want, &format!("{f:?} {form:?} {isa:?} {numerics:?}"));
                    }
                }
            }
        }
    }

    fn selection_agrees<T: Real>() {
        for (isa, n) in Isa::available().into_iter().flat_map(|isa| (0..70).map(move |n| (isa, n)))
        {
            let [a, b, c] = [1, 2, 3].map(|k| numbers::<T>(n, k * n + k));
            let mut y = vec![T::zero(); n];
            // SAFETY: over all of the numbers.
            unsafe { select::<T>(isa)(a.as_ptr(), b.as_ptr(), c.as_ptr(), y.as_mut_ptr(), n) };
            let want = reference(&gradus_ops::Select.into(), &[&a, &b, &c]).into_iter();
            assert_same(&y, want, "select");
        }
    }

    #[test]
    fn kernels_give_the_bits_of_the_reference() {
        unary_agrees::<f32>();
        unary_agrees::<f64>();
        binary_agrees::<f32>();
        binary_agrees::<f64>();
        selection_agrees::<f32>();
        selection_agrees::<f64>();
    }

    /// Infinities, zeros and NaN go where they should.
    #[test]
    fn vectorised_functions_keep_what_is_special() {
        let x = [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e300, -1e300];
        for (f, op, always) in unary() {
            for isa in Isa::available() {
                let got = values(f, isa, Numerics::Fast, &x);
                for (got, want) in got.iter().zip(reference(&op, &[&x])) {
                    let near = (got - want).abs() <= 1e-15 * want.abs();
                    assert!(
                        always
                            || near
                            || got.to_bits() == want.to_bits()
                            || want.is_nan() && got.is_nan(),
                        "{f:?} {isa:?}: {got}, not {want}"
                    );
                }
            }
        }
    }
}
