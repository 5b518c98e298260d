//! The trait of floating-point numbers, which kernels are written over.

use std::num::FpCategory;

use num_traits::{Float, Num, NumCast, One, ToPrimitive, Zero};

use super::functions::{LN_2, LN_10, PI};
use super::{DoubleDouble, ROUNDOFF};

impl Zero for DoubleDouble {
    fn zero() -> Self {
        0.0.into()
    }

    fn is_zero(&self) -> bool {
        self.high == 0.0
    }
}

impl One for DoubleDouble {
    fn one() -> Self {
        1.0.into()
    }
}

impl Num for DoubleDouble {
    type FromStrRadixErr = String;

    fn from_str_radix(text: &str, radix: u32) -> Result<Self, String> {
        match radix {
            10 => text.parse(),
            _ => Err(format!("numbers are read in base 10, not {radix}")),
        }
    }
}

impl ToPrimitive for DoubleDouble {
    fn to_i64(&self) -> Option<i64> {
        self.trunc().high.to_i64()
    }

    fn to_u64(&self) -> Option<u64> {
        self.trunc().high.to_u64()
    }

    fn to_f64(&self) -> Option<f64> {
        Some(self.high)
    }
}

impl NumCast for DoubleDouble {
    fn from<T: ToPrimitive>(n: T) -> Option<Self> {
        n.to_f64().map(Into::into)
    }
}

impl Float for DoubleDouble {
    fn nan() -> Self {
        f64::NAN.into()
    }

    fn infinity() -> Self {
        f64::INFINITY.into()
    }

    fn neg_infinity() -> Self {
        f64::NEG_INFINITY.into()
    }

    fn neg_zero() -> Self {
        (-0.0).into()
    }

    fn min_value() -> Self {
        f64::MIN.into()
    }

    fn min_positive_value() -> Self {
        f64::MIN_POSITIVE.into()
    }

    fn epsilon() -> Self {
        ROUNDOFF.into()
    }

    fn max_value() -> Self {
        f64::MAX.into()
    }

    fn is_nan(self) -> bool {
        self.high.is_nan()
    }

    fn is_infinite(self) -> bool {
        self.high.is_infinite()
    }

    fn is_finite(self) -> bool {
        self.high.is_finite()
    }

    fn is_normal(self) -> bool {
        self.high.is_normal()
    }

    fn classify(self) -> FpCategory {
        self.high.classify()
    }

    fn floor(self) -> Self {
        let high = self.high.floor();
        if high == self.high { Self::quick_sum(high, self.low.floor()) } else { high.into() }
    }

    fn ceil(self) -> Self {
        -(-self).floor()
    }

    fn round(self) -> Self {
        let half = Self::new(0.5, 0.0);
        if self.is_sign_negative() { (self - half).ceil() } else { (self + half).floor() }
    }

    fn trunc(self) -> Self {
        if self.is_sign_negative() { self.ceil() } else { self.floor() }
    }

    fn fract(self) -> Self {
        self - self.trunc()
    }

    fn abs(self) -> Self {
        if self.is_sign_negative() { -self } else { self }
    }

    fn signum(self) -> Self {
        self.high.signum().into()
    }

    fn is_sign_positive(self) -> bool {
        self.high.is_sign_positive()
    }

    fn is_sign_negative(self) -> bool {
        self.high.is_sign_negative()
    }

    fn mul_add(self, a: Self, b: Self) -> Self {
        self * a + b
    }

    fn recip(self) -> Self {
        Self::one() / self
    }

    fn powi(self, n: i32) -> Self {
        self.whole_power(n)
    }

    fn powf(self, n: Self) -> Self {
        self.power(n)
    }

    fn sqrt(self) -> Self {
        self.square_root()
    }

    fn exp(self) -> Self {
        self.exponential()
    }

    fn exp2(self) -> Self {
        (self * LN_2).exp()
    }

    fn ln(self) -> Self {
        self.logarithm()
    }

    fn log(self, base: Self) -> Self {
        self.ln() / base.ln()
    }

    fn log2(self) -> Self {
        self.ln() / LN_2
    }

    fn log10(self) -> Self {
        self.ln() / LN_10
    }

    fn max(self, other: Self) -> Self {
        if self >= other || other.is_nan() { self } else { other }
    }

    fn min(self, other: Self) -> Self {
        if self <= other || other.is_nan() { self } else { other }
    }

    fn abs_sub(self, other: Self) -> Self {
        (self - other).max(Self::zero())
    }

    fn cbrt(self) -> Self {
        (self.abs().ln() / 3.0.into()).exp() * self.signum()
    }

    fn hypot(self, other: Self) -> Self {
        (self * self + other * other).sqrt()
    }

    fn sin(self) -> Self {
        self.sine_and_cosine().0
    }

    fn cos(self) -> Self {
        self.sine_and_cosine().1
    }

    fn tan(self) -> Self {
        let (sine, cosine) = self.sine_and_cosine();
        sine / cosine
    }

    fn asin(self) -> Self {
        (self / (Self::one() - self * self).sqrt()).atan()
    }

    fn acos(self) -> Self {
        PI.scaled(0.5) - self.asin()
    }

    fn atan(self) -> Self {
        self.arc_tangent()
    }

    fn atan2(self, other: Self) -> Self {
        let angle = (self / other).atan();
        match (other.is_sign_negative(), self.is_sign_negative()) {
            (false, _) => angle,
            (true, false) => angle + PI,
            (true, true) => angle - PI,
        }
    }

    fn sin_cos(self) -> (Self, Self) {
        self.sine_and_cosine()
    }

    fn exp_m1(self) -> Self {
        self.exponential_less_one()
    }

    fn ln_1p(self) -> Self {
        self.logarithm_of_one_plus()
    }

    fn sinh(self) -> Self {
        self.hyperbolic_sine()
    }

    fn cosh(self) -> Self {
        self.hyperbolic_cosine()
    }

    fn tanh(self) -> Self {
        self.hyperbolic_tangent()
    }

    fn asinh(self) -> Self {
        let size = self.abs();
        (size + (size * size + Self::one()).sqrt()).ln() * self.signum()
    }

    fn acosh(self) -> Self {
        (self + (self * self - Self::one()).sqrt()).ln()
    }

    fn atanh(self) -> Self {
        (self.scaled(2.0) / (Self::one() - self)).ln_1p().scaled(0.5)
    }

    fn integer_decode(self) -> (u64, i16, i8) {
        self.high.integer_decode()
    }
}
