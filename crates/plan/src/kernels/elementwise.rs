#![allow(unsafe_code)]
#![allow(missing_docs)]
use gradus_ops::Scalar;
pub(crate) type Map1<T> = unsafe fn(x: *const T, y: *mut T, n: usize);
pub(crate) type Map2<T> = unsafe fn(a: *const T, b: *const T, y: *mut T, n: usize);
pub(crate) type Map3<T> = unsafe fn(a: *const T, b: *const T, c: *const T, y: *mut T, n: usize);
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fun1 { Copy, Neg, Reciprocal, Square, Sqrt, Rsqrt, Exp, Expm1, Log, Log1p, Sin, Cos, Tan, Atan, Sinh, Cosh, Tanh, Sigmoid, Softplus, Relu, Abs, Sign, Step }
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fun2 { Add, Sub, Mul, Div, Pow, XLogY, Maximum, Greater, GreaterEqual, Equal, BinaryCrossEntropy, BinaryCrossEntropyWithLogits }
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form { Both, ScalarLeft, ScalarRight }
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numerics { Fast, Exact }
pub trait Real: Scalar {
    fn map1(f: Fun1, isa: super::Isa, numerics: Numerics) -> Map1<Self>;
    fn map2(f: Fun2, form: Form, isa: super::Isa, numerics: Numerics) -> Map2<Self>;
    fn select(isa: super::Isa) -> Map3<Self>;
}
macro_rules! one { ($f:expr) => {{ unsafe fn k<T: Scalar>(x: *const T, y: *mut T, n: usize) { let f = $f; for i in 0..n { unsafe { *y.add(i) = f(*x.add(i)); } } } k::<Self> }} }
macro_rules! two { ($form:expr, $f:expr) => {{
    unsafe fn k<T: Scalar, const A: usize, const B: usize>(a: *const T, b: *const T, y: *mut T, n: usize) { let f = $f; for i in 0..n { unsafe { *y.add(i) = f(*a.add(i * A), *b.add(i * B)); } } }
    match $form { Form::Both => k::<Self, 1, 1>, Form::ScalarLeft => k::<Self, 0, 1>, Form::ScalarRight => k::<Self, 1, 0> } }} }
macro_rules! real { ($T:ty) => { impl Real for $T {
    fn map1(f: Fun1, _: super::Isa, _: Numerics) -> Map1<Self> {
        match f {
            Fun1::Copy => one!(|x: T| x), Fun1::Neg => one!(|x: T| -x), Fun1::Reciprocal => one!(|x: T| x.recip()),
            Fun1::Square => one!(|x: T| x * x), Fun1::Sqrt => one!(|x: T| x.sqrt()), Fun1::Rsqrt => one!(|x: T| x.sqrt().recip()),
            Fun1::Exp => one!(|x: T| x.exp()), Fun1::Expm1 => one!(|x: T| x.exp_m1()), Fun1::Log => one!(|x: T| x.ln()), Fun1::Log1p => one!(|x: T| x.ln_1p()),
            Fun1::Sin => one!(|x: T| x.sin()), Fun1::Cos => one!(|x: T| x.cos()), Fun1::Tan => one!(|x: T| x.tan()), Fun1::Atan => one!(|x: T| x.atan()),
            Fun1::Sinh => one!(|x: T| x.sinh()), Fun1::Cosh => one!(|x: T| x.cosh()), Fun1::Tanh => one!(|x: T| x.tanh()),
            Fun1::Sigmoid => one!(|x: T| if x >= T::zero() { T::one() / (T::one() + (-x).exp()) } else { x.exp() / (T::one() + x.exp()) }),
            Fun1::Softplus => one!(|x: T| x.max(T::zero()) + (-x.abs()).exp().ln_1p()),
            Fun1::Relu => one!(|x: T| if x <= T::zero() { T::zero() } else { x }), Fun1::Abs => one!(|x: T| x.abs()),
            Fun1::Sign => one!(|x: T| if x.is_nan() || x == T::zero() { x.abs() } else { x.signum() }),
            Fun1::Step => one!(|x: T| if x.is_nan() { x } else if x < T::zero() { T::zero() } else { T::one() }),
        }
    }
    fn map2(f: Fun2, form: Form, _: super::Isa, _: Numerics) -> Map2<Self> {
        match f {
            Fun2::Add => two!(form, |a: T, b: T| a + b), Fun2::Sub => two!(form, |a: T, b: T| a - b), Fun2::Mul => two!(form, |a: T, b: T| a * b), Fun2::Div => two!(form, |a: T, b: T| a / b),
            Fun2::Pow => two!(form, |a: T, b: T| a.powf(b)),
            Fun2::XLogY => two!(form, |a: T, b: T| if a == T::zero() && !b.is_nan() { a } else { a * b.ln() }),
            Fun2::Maximum => two!(form, |a: T, b: T| if a > b || a.is_nan() { a } else { b }),
            Fun2::Greater => two!(form, |a: T, b: T| if a > b { T::one() } else { T::zero() }),
            Fun2::GreaterEqual => two!(form, |a: T, b: T| if a >= b { T::one() } else { T::zero() }),
            Fun2::Equal => two!(form, |a: T, b: T| if a == b { T::one() } else { T::zero() }),
            Fun2::BinaryCrossEntropy => two!(form, |a: T, y: T| { let times = |y: T, l: T| if y == T::zero() { T::zero() } else { y * l }; -(times(y, a.ln()) + times(T::one() - y, (-a).ln_1p())) }),
            Fun2::BinaryCrossEntropyWithLogits => two!(form, |z: T, y: T| z.max(T::zero()) - z * y + (-z.abs()).exp().ln_1p()),
        }
    }
    fn select(_: super::Isa) -> Map3<Self> {
        unsafe fn k<T: Scalar>(a: *const T, b: *const T, c: *const T, y: *mut T, n: usize) { for i in 0..n { unsafe { *y.add(i) = if *a.add(i) == T::zero() { *c.add(i) } else { *b.add(i) }; } } }
        k::<Self>
    }
} } }
real!(f32);
real!(f64);
