//! Numbers of 31 digits: the unevaluated sum of two `f64`.
//!
//! T. J. Dekker, *A floating-point technique for extending the available precision*, 1971; D. E.
//! Knuth, *The Art of Computer Programming 2*, section 4.2.2; Y. Hida, X. S. Li, D. H. Bailey,
//! *Algorithms for quad-double precision floating point arithmetic*, 2001.
//!
//! Invariant: `high` is the sum rounded to `f64`; where it is not finite, `low` is 0.

mod float;
mod functions;
mod text;

use std::cmp::Ordering;
use std::ops::{
    Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign,
};

use ndarray::{ArrayD, ArrayViewD, NdFloat, ScalarOperand};
use num_traits::Float;

use crate::{CustomOp, Scalar};

/// The number `high + low`, with a unit roundoff of 2⁻¹⁰⁴ or so. Overflow is as in `f64`; below
/// 1e-290 the low part loses digits.
#[derive(Clone, Copy, PartialEq, Default)]
pub(crate) struct DoubleDouble {
    high: f64,
    low: f64,
}

/// A bound of the relative error of one operation, 2⁻¹⁰⁰.
pub(crate) const ROUNDOFF: f64 = 1.0 / (1u128 << 100) as f64;

impl DoubleDouble {
    const fn new(high: f64, low: f64) -> Self {
        Self { high, low }
    }

    /// The sum of two numbers of which the first is the larger (Dekker).
    fn quick_sum(high: f64, low: f64) -> Self {
        let sum = high + low;
        if sum.is_finite() { Self::new(sum, low - (sum - high)) } else { Self::new(sum, 0.0) }
    }

    /// The sum of two numbers, and what rounding took from it (Knuth).
    fn sum(a: f64, b: f64) -> (f64, f64) {
        let sum = a + b;
        let part = sum - a;
        (sum, (a - (sum - part)) + (b - part))
    }

    /// This number times a power of two.
    fn scaled(self, power: f64) -> Self {
        Self::new(self.high * power, self.low * power)
    }
}

impl From<f64> for DoubleDouble {
    fn from(x: f64) -> Self {
        Self::new(x, 0.0)
    }
}

impl From<DoubleDouble> for f64 {
    fn from(x: DoubleDouble) -> Self {
        x.high
    }
}

impl Add for DoubleDouble {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let (high, rest) = Self::sum(self.high, other.high);
        if !high.is_finite() {
            return Self::new(high, 0.0);
        }
        let (low, end) = Self::sum(self.low, other.low);
        let Self { high, low } = Self::quick_sum(high, rest + low);
        Self::quick_sum(high, low + end)
    }
}

impl Neg for DoubleDouble {
    type Output = Self;

    fn neg(self) -> Self {
        Self::new(-self.high, -self.low)
    }
}

impl Sub for DoubleDouble {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for DoubleDouble {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let product = self.high * other.high;
        if !product.is_finite() {
            return Self::new(product, 0.0);
        }
        // A fused multiplication keeps what rounding takes from the product.
        let rest = self.high.mul_add(other.high, -product);
        Self::quick_sum(product, rest + (self.high * other.low + self.low * other.high))
    }
}

impl Div for DoubleDouble {
    type Output = Self;

    /// Long division, with three digits of 53 bits.
    fn div(self, other: Self) -> Self {
        let first = self.high / other.high;
        if !first.is_finite() || !other.high.is_finite() {
            return Self::new(first, 0.0);
        }
        let rest = self - other * first.into();
        let second = rest.high / other.high;
        let rest = rest - other * second.into();
        Self::quick_sum(first, second) + (rest.high / other.high).into()
    }
}

impl Rem for DoubleDouble {
    type Output = Self;

    fn rem(self, other: Self) -> Self {
        self - (self / other).trunc() * other
    }
}

impl AddAssign for DoubleDouble {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for DoubleDouble {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl MulAssign for DoubleDouble {
    fn mul_assign(&mut self, other: Self) {
        *self = *self * other;
    }
}

impl DivAssign for DoubleDouble {
    fn div_assign(&mut self, other: Self) {
        *self = *self / other;
    }
}

impl RemAssign for DoubleDouble {
    fn rem_assign(&mut self, other: Self) {
        *self = *self % other;
    }
}

impl PartialOrd for DoubleDouble {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match self.high.partial_cmp(&other.high) {
            Some(Ordering::Equal) => self.low.partial_cmp(&other.low),
            order => order,
        }
    }
}

impl ScalarOperand for DoubleDouble {}

impl NdFloat for DoubleDouble {}

impl Scalar for DoubleDouble {
    fn from_double(value: f64) -> Self {
        value.into()
    }

    fn to_double(self) -> f64 {
        self.high
    }

    /// By the kernel for `f64`, and so to 16 digits only: what asks for 31 leaves graphs with such
    /// operations out.
    fn eval_custom(op: &dyn CustomOp, x: &[ArrayViewD<'_, Self>]) -> ArrayD<Self> {
        let narrow: Vec<_> = x.iter().map(|x| x.mapv(Self::to_double)).collect();
        let narrow: Vec<_> = narrow.iter().map(|x| x.view()).collect();
        op.eval(&narrow).mapv(Self::from_double)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Function = fn(DoubleDouble) -> DoubleDouble;
    type Plain = fn(f64) -> f64;

    fn near(value: DoubleDouble, wanted: &str, within: f64) {
        let wanted: DoubleDouble = wanted.parse().unwrap();
        let error = ((value - wanted) / wanted).high.abs();
        assert!(error <= within, "{value:?} and {wanted:?} are {error:e} apart");
    }

    fn of(x: f64) -> DoubleDouble {
        x.into()
    }

    #[test]
    fn arithmetic_has_31_digits() {
        let third = of(1.0) / of(3.0);
        near(third, "0.33333333333333333333333333333333333333", 1e-31);
        near(third * of(3.0), "1", 1e-31);
        near(of(1e16) + of(1.0) / of(7.0), "10000000000000000.142857142857142857", 1e-31);
        let apart = (of(1.0) + third * of(1e-16)) - of(1.0);
        near(apart, "3.3333333333333333333333333333333333e-17", 1e-14);
        near(of(2.0).sqrt(), "1.4142135623730950488016887242096980786", 1e-31);
        near(of(0.7).sqrt(), "0.83666002653407552143876559031018473648", 1e-31);
        assert_eq!(of(7.5) % of(2.0), of(1.5));
        assert!(of(1.0) + of(1e-25) > of(1.0) && of(1.0) - of(1e-25) < of(1.0));
    }

    /// The right values have been computed with 100 digits by other programs.
    #[test]
    fn elementary_functions_have_30_digits() {
        let cases: &[(Function, f64, &str)] = &[
            (Float::exp, 0.7, "2.01375270747047643219596451918424683853"),
            (Float::exp, -20.3, "1.52694015912660863364937665635517552169e-9"),
            (Float::exp, 300.25, "2.49412486153492128610161431490681943195e130"),
            (Float::ln, 0.7, "-0.35667494393873244235395440410727451457"),
            (Float::ln, 123_456.789, "11.7236464871858810160296312529384925180"),
            (Float::exp_m1, 1e-9, "1.00000000050000006244825818676978124115e-9"),
            (Float::exp_m1, -0.4, "-0.32967995396436071413966205438340650685"),
            (Float::ln_1p, 1e-9, "9.99999999500000062614924728581598356932e-10"),
            (Float::ln_1p, -0.4, "-0.51082562376599072021294825047550047304"),
            (Float::sin, 0.7, "0.64421768723769101970679809028251216127"),
            (Float::sin, 10.3, "-0.76768580976358243359857177330983087773"),
            (Float::cos, -2.5, "-0.80114361554693371483350279046735166442"),
            (Float::tan, -2.5, "0.74702229723866027935535268782527455790"),
            (Float::atan, -3.25, "-1.27229739520871734129619374982248049406"),
            (Float::atan, 1e6, "1.57079532679489661956465502497288477543"),
            (Float::sinh, 0.7, "0.75858370183953344771917345369934094994"),
            (Float::sinh, -2.5, "-6.05020448103978732145032363835040318767"),
            (Float::cosh, 10.3, "14866.3094432622650663918691892566433125"),
            (Float::tanh, 0.7, "0.60436777711716346812058688551755027987"),
            (Float::tanh, 10.3, "0.99999999773762981901589432929187474286"),
        ];
        for (f, x, wanted) in cases {
            near(f(of(*x)), wanted, 1e-30);
        }
        near(of(0.7).powf(of(2.3)), "0.44027648647741344682605066153466482190", 1e-30);
        near(of(-3.0).powf(of(5.0)), "-243", 1e-31);
        // Near 1 a logarithm is small, and its absolute error is what an operand's rounding is.
        let small = of(1.0001).ln() - "0.0000999950003332973230219935167146130".parse().unwrap();
        assert!(small.high.abs() < 1e-31, "{small:?}");
    }

    /// Identities tie the functions that no kernel needs to those above.
    #[test]
    fn the_other_functions_invert() {
        let x = of(0.3) + of(1e-20);
        let one_and_x = x + of(1.0);
        for (value, wanted) in [
            (x.sin().asin(), x),
            (x.cos().acos(), x),
            (x.sinh().asinh(), x),
            (one_and_x.cosh().acosh(), one_and_x),
            (x.tanh().atanh(), x),
            (x.exp2().log2(), x),
            (x.cbrt().powi(3), x),
            (of(10.0).powf(x).log10(), x),
            ((x * of(2.0)).sin().atan2((x * of(2.0)).cos()), x * of(2.0)),
            (of(3.0).hypot(of(4.0)), of(5.0)),
        ] {
            assert!(((value - wanted) / wanted).high.abs() < 1e-29, "{value:?}, not {wanted:?}");
        }
    }

    #[test]
    fn the_edges_are_those_of_doubles() {
        let (infinity, nan) = (f64::INFINITY, f64::NAN);
        let functions: &[(Function, Plain)] = &[
            (Float::exp, f64::exp),
            (Float::exp_m1, f64::exp_m1),
            (Float::ln, f64::ln),
            (Float::ln_1p, f64::ln_1p),
            (Float::sqrt, f64::sqrt),
            (Float::recip, f64::recip),
            (Float::atan, f64::atan),
            (Float::sinh, f64::sinh),
            (Float::cosh, f64::cosh),
            (Float::tanh, f64::tanh),
            (Float::abs, f64::abs),
            (Float::signum, f64::signum),
            (Float::floor, f64::floor),
            (|x| x.powf(0.5.into()), |x| x.powf(0.5)),
            (|x| x.powf((-1.0).into()), |x| x.powf(-1.0)),
            (|x| x.powf(3.0.into()), |x| x.powf(3.0)),
            (|x| x.powf(0.0.into()), |x| x.powf(0.0)),
        ];
        for (k, (f, known)) in functions.iter().enumerate() {
            for x in [0.0, -0.0, -1.0, 1.0, 800.0, -800.0, 2.5, infinity, -infinity, nan] {
                let (value, known) = (f(of(x)).high, known(x));
                let same = value == known || value.is_nan() && known.is_nan();
                let near = ((value - known) / known).abs() < 1e-15;
                assert!(same || near, "function {k} of {x}: {value}, not {known}");
            }
        }
        assert!((of(infinity) - of(infinity)).is_nan() && (of(nan) + of(1.0)).is_nan());
        assert_eq!(of(1.0) / of(infinity), of(0.0));
        assert_eq!(of(1.0) / of(0.0), of(infinity));
        assert_eq!(of(infinity) + of(1.0), of(infinity));
        assert_eq!(of(2.0).max(of(nan)), of(2.0));
    }
}
