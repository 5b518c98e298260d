//! Functions of one, two or three numbers, over contiguous memory.

#![allow(unsafe_code)]

use gradus_ops::Scalar;

use crate::replay::Instance;

use super::isa::Isa;
use super::math::{self, Constants};
use super::vector::{Vector, for_each_isa};

/// y\[i\] = f(x\[i\]) for i < n; y may be x.
///
/// As all kernels, it may be called if the machine has the instruction set that it was chosen for,
/// the operands can be read and the result can be written. Overlap is allowed where the result is
/// an operand, from its first element on.
pub type Map1<T> = unsafe fn(x: *const T, y: *mut T, n: usize);

/// y\[i\] = f(a\[i\], b\[i\]) for i < n, where one operand may be a single number; y may be a
/// or b.
pub type Map2<T> = unsafe fn(a: *const T, b: *const T, y: *mut T, n: usize);

/// y\[i\] = f(a\[i\], b\[i\], c\[i\]) for i < n; y may be a, b or c.
pub type Map3<T> = unsafe fn(a: *const T, b: *const T, c: *const T, y: *mut T, n: usize);

/// A function of one number: that of the operation of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Fun1 {
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

/// A function of two numbers: that of the operation of the same name, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Fun2 {
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
    /// a (1 − a) b.
    SigmoidSlope,
    /// (1 − a²) b.
    TanhSlope,
}

/// Which operand of a [`Fun2`] is one number for all i.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// Neither.
    Both,
    /// The first.
    ScalarLeft,
    /// The second.
    ScalarRight,
}

/// How the elementary functions are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Numerics {
    /// A register at a time, right to about two units in the last place; sums in another order; and
    /// max-pooling before an activation function, so that of cells that it rounds to one number the
    /// one with the largest argument wins, where the reference takes the first.
    Fast,
    /// By the standard library: bit for bit as the reference.
    Exact,
}

/// `f32` or `f64`: a number type with kernels. No others can be added.
pub trait Real: Scalar + Constants + Instance {
    /// The kernel of a function of one number.
    fn map1(f: Fun1, isa: Isa, numerics: Numerics) -> Map1<Self>;

    /// The kernel of a function of two numbers. An operand that is one number is read once, before
    /// the result is written.
    fn map2(f: Fun2, form: Form, isa: Isa, numerics: Numerics) -> Map2<Self>;

    /// The kernel of y\[i\] = b\[i\], but c\[i\] where a\[i\] = 0.
    fn select(isa: Isa) -> Map3<Self>;
}

/// The kernel of a function: `arithmetic` ones are exact in registers, `fast` ones have an error
/// there, `scalar` ones are left to the standard library.
macro_rules! kernel {
    (
        $F:ident $f:ident, $numerics:ident, $vector:ident $isa:tt, $scalar:ident $form:tt,
        arithmetic [$($arithmetic:ident)*], fast [$($fast:ident)*], scalar [$($slow:ident)*]
    ) => {
        match ($f, $numerics) {
            $(($F::$arithmetic, _) => $vector::<T, { $F::$arithmetic as usize }> $isa,)*
            $(($F::$fast, Numerics::Fast) => $vector::<T, { $F::$fast as usize }> $isa,)*
            $(($F::$fast, Numerics::Exact) => $scalar::<T, { $F::$fast as usize }> $form,)*
            $(($F::$slow, _) => $scalar::<T, { $F::$slow as usize }> $form,)*
        }
    };
}

impl<T: Scalar + Constants + Instance> Real for T {
    fn map1(f: Fun1, isa: Isa, numerics: Numerics) -> Map1<T> {
        kernel!(
            Fun1 f, numerics, vector1(isa), scalar1(),
            arithmetic [Copy Neg Reciprocal Square Sqrt Rsqrt Relu Abs Sign Step],
            fast [Exp Log Sin Cos Tanh Sigmoid Softplus],
            scalar [Expm1 Log1p Tan Atan Sinh Cosh]
        )
    }

    fn map2(f: Fun2, form: Form, isa: Isa, numerics: Numerics) -> Map2<T> {
        kernel!(
            Fun2 f, numerics, vector2(form, isa), scalar2(form),
            arithmetic [
                Add Sub Mul Div Maximum Greater GreaterEqual Equal SigmoidSlope TanhSlope
            ],
            fast [BinaryCrossEntropyWithLogits],
            scalar [Pow XLogY BinaryCrossEntropy]
        )
    }

    fn select(isa: Isa) -> Map3<T> {
        select(isa)
    }
}

impl Fun1 {
    /// All functions, each at its number.
    const ALL: [Self; 23] = [
        Self::Copy,
        Self::Neg,
        Self::Reciprocal,
        Self::Square,
        Self::Sqrt,
        Self::Rsqrt,
        Self::Exp,
        Self::Expm1,
        Self::Log,
        Self::Log1p,
        Self::Sin,
        Self::Cos,
        Self::Tan,
        Self::Atan,
        Self::Sinh,
        Self::Cosh,
        Self::Tanh,
        Self::Sigmoid,
        Self::Softplus,
        Self::Relu,
        Self::Abs,
        Self::Sign,
        Self::Step,
    ];

    /// Whether its kernel computes a register at a time.
    pub(super) fn in_registers(self, numerics: Numerics) -> bool {
        use Fun1::{
            Atan, Cos, Cosh, Exp, Expm1, Log, Log1p, Sigmoid, Sin, Sinh, Softplus, Tan, Tanh,
        };
        match self {
            Expm1 | Log1p | Tan | Atan | Sinh | Cosh => false,
            Exp | Log | Sin | Cos | Tanh | Sigmoid | Softplus => numerics == Numerics::Fast,
            _ => true,
        }
    }

    /// f(x) in registers.
    #[inline(always)]
    pub(super) fn of_vector<T: Real, V: Vector<T>>(self, x: V) -> V {
        match self {
            Self::Exp => math::exp(x),
            Self::Log => math::log(x),
            Self::Sin => math::sin(x),
            Self::Cos => math::cos(x),
            Self::Tanh => math::tanh(x),
            Self::Sigmoid => math::sigmoid(x),
            Self::Softplus => math::softplus(x),
            _ => self.arithmetic(x),
        }
    }

    /// f(x) in registers, if that is arithmetic: who has a place for each of these functions had
    /// better not have the others inlined at each, too. Without optimisation that would take a
    /// stack of megabytes.
    #[inline(always)]
    pub(super) fn arithmetic<T: Real, V: Vector<T>>(self, x: V) -> V {
        let (zero, one) = (V::splat(T::zero()), V::splat(T::one()));
        match self {
            Self::Copy => x,
            Self::Neg => x.neg(),
            Self::Reciprocal => one.div(x),
            Self::Square => x.mul(x),
            Self::Sqrt => x.sqrt(),
            Self::Rsqrt => one.div(x.sqrt()),
            Self::Relu => V::select(zero.ge(x), zero, x),
            Self::Abs => x.abs(),
            Self::Sign => {
                let sign = V::select(x.eq(zero), zero, one.copysign(x));
                V::select(x.is_nan(), x, sign)
            }
            Self::Step => V::select(x.is_nan(), x, V::select(zero.gt(x), zero, one)),
            _ => unreachable!("{self:?} has a scalar kernel only"),
        }
    }

    /// f(x) by the standard library, as the operation's reference.
    #[inline(always)]
    fn of_scalar<T: Real>(self, x: T) -> T {
        let (zero, one) = (T::zero(), T::one());
        match self {
            Self::Exp => x.exp(),
            Self::Expm1 => x.exp_m1(),
            Self::Log => x.ln(),
            Self::Log1p => x.ln_1p(),
            Self::Sin => x.sin(),
            Self::Cos => x.cos(),
            Self::Tan => x.tan(),
            Self::Atan => x.atan(),
            Self::Sinh => x.sinh(),
            Self::Cosh => x.cosh(),
            Self::Tanh => x.tanh(),
            Self::Sigmoid if x >= zero => one / (one + (-x).exp()),
            Self::Sigmoid => x.exp() / (one + x.exp()),
            Self::Softplus => x.max(zero) + (-x.abs()).exp().ln_1p(),
            _ => unreachable!("{self:?} has a kernel in registers only"),
        }
    }
}

impl Fun2 {
    /// All functions, each at its number.
    const ALL: [Self; 14] = [
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::Pow,
        Self::XLogY,
        Self::Maximum,
        Self::Greater,
        Self::GreaterEqual,
        Self::Equal,
        Self::BinaryCrossEntropy,
        Self::BinaryCrossEntropyWithLogits,
        Self::SigmoidSlope,
        Self::TanhSlope,
    ];

    /// Whether its kernel computes a register at a time.
    pub(super) fn in_registers(self, numerics: Numerics) -> bool {
        match self {
            Self::Pow | Self::XLogY | Self::BinaryCrossEntropy => false,
            Self::BinaryCrossEntropyWithLogits => numerics == Numerics::Fast,
            _ => true,
        }
    }

    /// f(a, b) in registers.
    #[inline(always)]
    pub(super) fn of_vector<T: Real, V: Vector<T>>(self, a: V, b: V) -> V {
        match self {
            Self::BinaryCrossEntropyWithLogits => {
                let zero = V::splat(T::zero());
                a.max(zero).sub(a.mul(b)).add(math::softplus_of_minus_abs(a))
            }
            _ => self.arithmetic(a, b),
        }
    }

    /// f(a, b) in registers, if that is arithmetic.
    #[inline(always)]
    pub(super) fn arithmetic<T: Real, V: Vector<T>>(self, a: V, b: V) -> V {
        let (zero, one) = (V::splat(T::zero()), V::splat(T::one()));
        match self {
            Self::Add => a.add(b),
            Self::Sub => a.sub(b),
            Self::Mul => a.mul(b),
            Self::Div => a.div(b),
            Self::Maximum => V::select(a.is_nan(), a, a.max(b)),
            Self::Greater => V::select(a.gt(b), one, zero),
            Self::GreaterEqual => V::select(a.ge(b), one, zero),
            Self::Equal => V::select(a.eq(b), one, zero),
            Self::SigmoidSlope => a.mul(one.sub(a)).mul(b),
            Self::TanhSlope => one.sub(a.mul(a)).mul(b),
            _ => unreachable!("{self:?} has a scalar kernel only"),
        }
    }

    /// f(a, b) by the standard library, as the operation's reference.
    #[inline(always)]
    fn of_scalar<T: Real>(self, a: T, b: T) -> T {
        let (zero, one) = (T::zero(), T::one());
        let times = |y: T, ln_a: T| if y == zero { zero } else { y * ln_a };
        match self {
            Self::Pow => a.powf(b),
            Self::XLogY if a == zero && !b.is_nan() => a,
            Self::XLogY => a * b.ln(),
            Self::BinaryCrossEntropy => -(times(b, a.ln()) + times(one - b, (-a).ln_1p())),
            Self::BinaryCrossEntropyWithLogits => a.max(zero) - a * b + (-a.abs()).exp().ln_1p(),
            _ => unreachable!("{self:?} has a kernel in registers only"),
        }
    }
}

for_each_isa! {
    /// The kernel of function number `F` in registers.
    fn vector1[T: Real, const F: usize] =
        vector1_body[T, F](x: *const T, y: *mut T, n: usize);
}

/// The kernel of function number `F` in registers.
fn vector2<T: Real, const F: usize>(form: Form, isa: Isa) -> Map2<T> {
    match form {
        Form::Both => vector2_with::<T, F, false, false>(isa),
        Form::ScalarLeft => vector2_with::<T, F, true, false>(isa),
        Form::ScalarRight => vector2_with::<T, F, false, true>(isa),
    }
}

for_each_isa! {
    /// The kernel of function number `F` in registers, `LEFT` or `RIGHT` being one number.
    fn vector2_with[T: Real, const F: usize, const LEFT: bool, const RIGHT: bool] =
        vector2_body[T, F, LEFT, RIGHT](a: *const T, b: *const T, y: *mut T, n: usize);
}

for_each_isa! {
    /// The kernel of [`Real::select`].
    fn select[T: Real] = select_body[T](a: *const T, b: *const T, c: *const T, y: *mut T, n: usize);
}

/// The kernel of function number `F` by the standard library.
fn scalar1<T: Real, const F: usize>() -> Map1<T> {
    scalar1_body::<T, F>
}

/// The kernel of function number `F` by the standard library.
fn scalar2<T: Real, const F: usize>(form: Form) -> Map2<T> {
    match form {
        Form::Both => scalar2_body::<T, F, false, false>,
        Form::ScalarLeft => scalar2_body::<T, F, true, false>,
        Form::ScalarRight => scalar2_body::<T, F, false, true>,
    }
}

/// See [`Map1`].
///
/// # Safety
///
/// As [`Map1`] says.
#[inline(always)]
unsafe fn vector1_body<T: Real, V: Vector<T>, const F: usize>(x: *const T, y: *mut T, n: usize) {
    let f = const { Fun1::ALL[F] };
    let mut i = 0;
    // SAFETY: all accesses are below `n`.
    unsafe {
        while i + V::LANES <= n {
            f.of_vector(V::load(x.add(i))).store(y.add(i));
            i += V::LANES;
        }
        if i < n {
            f.of_vector(V::load_part(x.add(i), n - i)).store_part(y.add(i), n - i);
        }
    }
}

/// See [`Map2`].
///
/// # Safety
///
/// As [`Map2`] says.
#[inline(always)]
unsafe fn vector2_body<
    T: Real,
    V: Vector<T>,
    const F: usize,
    const LEFT: bool,
    const RIGHT: bool,
>(
    a: *const T, b: *const T, y: *mut T, n: usize,
) {
    let f = const { Fun2::ALL[F] };
    let mut i = 0;
    // SAFETY: all accesses are below `n`, or to a number that is the same for all.
    unsafe {
        let left = V::splat(if LEFT { *a } else { T::zero() });
        let right = V::splat(if RIGHT { *b } else { T::zero() });
        while i + V::LANES <= n {
            let a = if LEFT { left } else { V::load(a.add(i)) };
            let b = if RIGHT { right } else { V::load(b.add(i)) };
            f.of_vector(a, b).store(y.add(i));
            i += V::LANES;
        }
        if i < n {
            let a = if LEFT { left } else { V::load_part(a.add(i), n - i) };
            let b = if RIGHT { right } else { V::load_part(b.add(i), n - i) };
            f.of_vector(a, b).store_part(y.add(i), n - i);
        }
    }
}

/// See [`Real::select`].
///
/// # Safety
///
/// As [`Map3`] says.
#[inline(always)]
unsafe fn select_body<T: Real, V: Vector<T>>(
    a: *const T, b: *const T, c: *const T, y: *mut T, n: usize,
) {
    let choose = |a: V, b: V, c: V| V::select(a.eq(V::splat(T::zero())), c, b);
    let mut i = 0;
    // SAFETY: all accesses are below `n`.
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

/// See [`Map1`].
///
/// # Safety
///
/// As [`Map1`] says.
unsafe fn scalar1_body<T: Real, const F: usize>(x: *const T, y: *mut T, n: usize) {
    let f = const { Fun1::ALL[F] };
    for i in 0..n {
        // SAFETY: i < n.
        unsafe { *y.add(i) = f.of_scalar(*x.add(i)) }
    }
}

/// See [`Map2`].
///
/// # Safety
///
/// As [`Map2`] says.
unsafe fn scalar2_body<T: Real, const F: usize, const LEFT: bool, const RIGHT: bool>(
    a: *const T, b: *const T, y: *mut T, n: usize,
) {
    let f = const { Fun2::ALL[F] };
    // SAFETY: all accesses are below `n`, or to a number that is the same for all.
    unsafe {
        let left = if LEFT { *a } else { T::zero() };
        let right = if RIGHT { *b } else { T::zero() };
        for i in 0..n {
            let a = if LEFT { left } else { *a.add(i) };
            let b = if RIGHT { right } else { *b.add(i) };
            *y.add(i) = f.of_scalar(a, b);
        }
    }
}

#[cfg(test)]
mod tests;
