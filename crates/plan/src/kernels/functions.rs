//! The functions of the element-wise operations: over registers, and plain.
//!
//! Each means what the reference kernel of its operation says, at zeros, infinities and NaN too.

#![allow(unsafe_code)]

use crate::kernels::Real;
use crate::kernels::math;
use crate::kernels::vector::Vector;

/// A function of one number, over registers.
pub(crate) trait Unary {
    fn apply<T: Real, V: Vector<T>>(x: V) -> V;
}

/// A function of two numbers, over registers.
pub(crate) trait Binary {
    fn apply<T: Real, V: Vector<T>>(a: V, b: V) -> V;
}

/// A function of one number.
pub(crate) trait Plain1 {
    fn apply<T: Real>(x: T) -> T;
}

/// A function of two numbers.
pub(crate) trait Plain2 {
    fn apply<T: Real>(a: T, b: T) -> T;
}

#[inline(always)]
fn zero<T: Real, V: Vector<T>>() -> V {
    V::splat(T::zero())
}

#[inline(always)]
fn one<T: Real, V: Vector<T>>() -> V {
    V::splat(T::one())
}

/// 1 where the mask is true, else 0.
#[inline(always)]
fn truth<T: Real, V: Vector<T>>(mask: V::Mask) -> V {
    V::select(mask, one(), zero())
}

/// A name for each function, and the function.
macro_rules! functions {
    (unary { $($U:ident |$x:ident| $unary:expr;)* }
     binary { $($B:ident |$a:ident, $b:ident| $binary:expr;)* }
     plain1 { $($P:ident |$p:ident| $plain1:expr;)* }
     plain2 { $($Q:ident |$q:ident, $r:ident| $plain2:expr;)* }) => {
        $(pub(crate) struct $U;
        impl Unary for $U {
            #[inline(always)]
            fn apply<T: Real, V: Vector<T>>($x: V) -> V { $unary }
        })*
        $(pub(crate) struct $B;
        impl Binary for $B {
            #[inline(always)]
            fn apply<T: Real, V: Vector<T>>($a: V, $b: V) -> V { $binary }
        })*
        $(pub(crate) struct $P;
        impl Plain1 for $P {
            #[inline(always)]
            fn apply<T: Real>($p: T) -> T { $plain1 }
        })*
        $(pub(crate) struct $Q;
        impl Plain2 for $Q {
            #[inline(always)]
            fn apply<T: Real>($q: T, $r: T) -> T { $plain2 }
        })*
    };
}

functions! {
    unary {
    Copy |x| x;
    Neg |x| x.neg();
    Reciprocal |x| one::<T, V>().div(x);
    Square |x| x.mul(x);
    Sqrt |x| x.sqrt();
    Rsqrt |x| one::<T, V>().div(x.sqrt());
    Exp |x| math::exp(x);
    Log |x| math::log(x);
    Sin |x| trigonometric::<T, V>(x, false);
    Cos |x| trigonometric::<T, V>(x, true);
    Tanh |x| math::tanh(x);
    Sigmoid |x| math::sigmoid(x);
    Softplus |x| math::softplus(x);
    // 0 for what is at most 0; NaN stays.
    Relu |x| V::select(zero::<T, V>().ge(x), zero(), x);
    Abs |x| x.abs();
    Sign |x| {
        let y = V::select(x.gt(zero()), one(), x.abs());
        V::select(zero::<T, V>().gt(x), one::<T, V>().neg(), y)
    };
    Step |x| {
        let y = V::select(x.ge(zero()), one(), x);
        V::select(zero::<T, V>().gt(x), zero(), y)
    };
    }
    binary {
    Add |a, b| a.add(b);
    Sub |a, b| a.sub(b);
    Mul |a, b| a.mul(b);
    Div |a, b| a.div(b);
    // NaN in either wins.
    Maximum |a, b| V::select(a.eq(a), a.max(b), a);
    Greater |a, b| truth(a.gt(b));
    GreaterEqual |a, b| truth(a.ge(b));
    Equal |a, b| truth(a.eq(b));
    // max(z, 0) − z y + ln(1 + e^−|z|)
    Logits |z, y| math::softplus(z).sub(z.mul(y));
    }
    plain1 {
    Expm1 |x| x.exp_m1();
    Log1p |x| x.ln_1p();
    Tan |x| x.tan();
    Atan |x| x.atan();
    Sinh |x| x.sinh();
    Cosh |x| x.cosh();
    StdExp |x| x.exp();
    StdLog |x| x.ln();
    StdSin |x| x.sin();
    StdCos |x| x.cos();
    StdTanh |x| x.tanh();
    StdSigmoid |x| {
        let one = T::one();
        if x >= T::zero() { one / (one + (-x).exp()) } else { x.exp() / (one + x.exp()) }
    };
    StdSoftplus |x| x.max(T::zero()) + (-x.abs()).exp().ln_1p();
    }
    plain2 {
    Pow |a, b| a.powf(b);
    XLogY |a, b| if a == T::zero() && !b.is_nan() { a } else { a * b.ln() };
    CrossEntropy |a, y| {
        let times = |y: T, ln_a: T| if y == T::zero() { T::zero() } else { y * ln_a };
        -(times(y, a.ln()) + times(T::one() - y, (-a).ln_1p()))
    };
    StdLogits |z, y| z.max(T::zero()) - z * y + (-z.abs()).exp().ln_1p();
    }
}

/// sin or cos, by the standard library's where an argument is too large for ours.
#[inline(always)]
fn trigonometric<T: Real, V: Vector<T>>(x: V, cosine: bool) -> V {
    // Infinities are not within the bound; NaN is taken for one that is.
    let size = V::select(x.eq(x), x.abs(), zero());
    if V::all(V::splat(math::trigonometric_bound()).ge(size)) {
        return math::sin_cos(x, cosine);
    }
    plain(x, if cosine { T::cos } else { T::sin })
}

/// A plain function of each number in a register.
#[cold]
fn plain<T: Real, V: Vector<T>>(x: V, f: impl Fn(T) -> T) -> V {
    let mut numbers = [T::zero(); 16];
    assert!(V::LANES <= numbers.len());
    // SAFETY: there is room for a register.
    unsafe {
        x.store(numbers.as_mut_ptr());
        numbers.iter_mut().for_each(|x| *x = f(*x));
        V::load(numbers.as_ptr())
    }
}
