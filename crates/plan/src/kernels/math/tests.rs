//! How far the functions are from their exact values, which are computed in double-double.

use super::super::elementwise::{Fun1, Numerics, Real};
use super::super::isa::Isa;

/// A function, the end of the interval for most arguments, the bound, the exact function.
type Case<T, R> = (Fun1, T, f64, fn(f64) -> R);

#[test]
fn the_errors_in_f32_are_as_documented() {
    let sigmoid =
        |x: f64| if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) };
    let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    let functions: [Case<f32, f64>; 7] = [
        (Fun1::Exp, 105.0, 0.9, f64::exp),
        (Fun1::Log, 10.0, 0.9, f64::ln),
        (Fun1::Tanh, 10.0, 1.1, f64::tanh),
        (Fun1::Sigmoid, 105.0, 2.5, sigmoid),
        (Fun1::Softplus, 105.0, 1.9, softplus),
        (Fun1::Sin, 1700.0, 1.65, f64::sin),
        (Fun1::Cos, 1700.0, 1.65, f64::cos),
    ];
    for (f, end, bound, exact) in functions {
        let even = (0..500_000).map(|i| end * (i as f32 / 250_000.0 - 1.0));
        let all = (0..500_000_u32).map(|i| f32::from_bits(i.wrapping_mul(8_590)));
        let quarters = (0..1000).map(|k| k as f32 * std::f32::consts::FRAC_PI_2);
        let x: Vec<f32> = even.chain(all).chain(quarters).collect();
        check(f, &x, bound, |x| Exact { value: Double(exact(x), 0.0), power: 0 });
    }
}

#[test]
fn the_errors_in_f64_are_as_documented() {
    let functions: [Case<f64, Exact>; 7] = [
        (Fun1::Exp, 750.0, 0.9, exp),
        (Fun1::Log, 10.0, 0.9, log),
        (Fun1::Tanh, 20.0, 1.5, tanh),
        (Fun1::Sigmoid, 750.0, 2.5, sigmoid),
        (Fun1::Softplus, 750.0, 1.9, softplus),
        (Fun1::Sin, 1e6, 1.65, sin),
        (Fun1::Cos, 1e6, 1.65, cos),
    ];
    for (f, end, bound, exact) in functions {
        let even = (0..50_000).map(|i| end * (f64::from(i) / 25_000.0 - 1.0));
        let narrow = (0..50_000).map(|i| f64::from(i) / 12_500.0 - 2.0);
        let all = (0..50_000_u64).map(|i| f64::from_bits(i.wrapping_mul(0x1_4f8b_588e_3a1d)));
        // In the range where sin and cos are those of the standard library, it is the reference.
        let far = matches!(f, Fun1::Sin | Fun1::Cos);
        let quarters = (0..1000).map(|k| f64::from(k * k) * std::f64::consts::FRAC_PI_2);
        let x = even.chain(narrow).chain(all).chain(quarters);
        let x: Vec<f64> = x.filter(|x| !far || x.abs() <= 1e6).collect();
        check(f, &x, bound, exact);
    }
}

/// Prints the largest error over all instruction sets, and asserts that it is within the bound.
fn check<T: Real>(f: Fun1, x: &[T], bound: f64, exact: impl Fn(f64) -> Exact) {
    let exact: Vec<_> = x.iter().map(|&x| exact(x.to_double())).collect();
    for isa in Isa::available() {
        let mut y = vec![T::zero(); x.len()];
        // SAFETY: both have the length; the machine has the instruction set.
        #[allow(unsafe_code)]
        unsafe {
            T::map1(f, isa, Numerics::Fast)(x.as_ptr(), y.as_mut_ptr(), x.len());
        }
        let errors = y.iter().zip(&exact).map(|(y, exact)| exact.error(*y));
        let (k, worst) = errors.enumerate().fold((0, 0.0), |a, b| if b.1 > a.1 { b } else { a });
        let name = std::any::type_name::<T>();
        println!("{f:?} {name} {isa:?}: {worst:.3} ULP at {:e}", x[k]);
        assert!(worst <= bound, "{f:?} {name} {isa:?}: {worst} ULP at {:e}", x[k]);
    }
}

/// value · 2^power.
#[derive(Clone, Copy, Debug)]
struct Exact {
    value: Double,
    power: i32,
}

impl Exact {
    /// The distance of y, in units of the last place that `T` has for this value.
    fn error<T: Real>(self, y: T) -> f64 {
        let Self { value: Double(high, low), power } = self;
        let y = y.to_double();
        let (digits, top) = if size_of::<T>() == 4 { (24, 128) } else { (53, 1024) };
        if high.is_nan() || high == 0.0 || high.is_infinite() {
            let same = y == high || y.is_nan() && high.is_nan();
            return if same { 0.0 } else { f64::INFINITY };
        }
        let binade = (high.abs().to_bits() >> 52) as i32 - 1023;
        if binade + power >= top {
            let overflow = y.is_infinite() && y.signum() == high.signum();
            return if overflow { 0.0 } else { f64::INFINITY };
        }
        let last = (binade - (digits - 1)).max(3 - top - digits - power);
        let y =
            if y.is_infinite() { y.signum() * scale(1.0, top - power) } else { scale(y, -power) };
        scale((y - high) - low, -last).abs()
    }
}

/// x · 2ⁿ.
fn scale(x: f64, n: i32) -> f64 {
    x * 2f64.powi(n / 2) * 2f64.powi(n - n / 2)
}

/// The sum of two numbers, of which the second is less than an ULP of the first: 106 bits.
///
/// Source of the arithmetic: T. J. Dekker, *A floating-point technique for extending the available
/// precision*, 1971.
#[derive(Clone, Copy, Debug)]
struct Double(f64, f64);

impl Double {
    fn of_sum(a: f64, b: f64) -> Self {
        let sum = a + b;
        let b_part = sum - a;
        Self(sum, (a - (sum - b_part)) + (b - b_part))
    }

    fn of_product(a: f64, b: f64) -> Self {
        let product = a * b;
        Self(product, a.mul_add(b, -product))
    }

    fn plus(self, other: Self) -> Self {
        let (high, low) = (Self::of_sum(self.0, other.0), Self::of_sum(self.1, other.1));
        let Self(high, middle) = Self::of_sum(high.0, high.1 + low.0);
        Self::of_sum(high, middle + low.1)
    }

    fn times(self, other: Self) -> Self {
        let Self(high, low) = Self::of_product(self.0, other.0);
        Self::of_sum(high, low + (self.0 * other.1 + self.1 * other.0))
    }

    fn over(self, other: Self) -> Self {
        let first = self.0 / other.0;
        let rest = self.plus(other.times(Self(-first, 0.0)));
        let second = rest.0 / other.0;
        let rest = rest.plus(other.times(Self(-second, 0.0)));
        Self::of_sum(first, second).plus(Self(rest.0 / other.0, 0.0))
    }
}

const ONE: Double = Double(1.0, 0.0);

/// ln 2 and π/2, each as a sum of three.
const LN_2: [f64; 3] = [std::f64::consts::LN_2, 2.3190468138462996e-17, 5.707708438416212e-34];
const PI_HALF: [f64; 3] =
    [std::f64::consts::FRAC_PI_2, 6.123233995736766e-17, -1.4973849048591833e-33];

/// x − n c.
fn remainder(x: f64, n: f64, c: [f64; 3]) -> Double {
    c.iter().fold(Double(x, 0.0), |sum, &c| sum.plus(Double::of_product(-n, c)))
}

/// Σ x^(first + step · i) / (first + step · i)!, with alternating signs if `turn` is −1.
fn series(x: Double, first: u32, step: u32, turn: f64) -> Double {
    let mut term = (1..=first).fold(ONE, |t, k| t.times(x).over(Double(f64::from(k), 0.0)));
    let (mut sum, mut k) = (term, first);
    while k < 34 {
        for _ in 0..step {
            k += 1;
            term = term.times(x).over(Double(f64::from(k), 0.0));
        }
        term = term.times(Double(turn, 0.0));
        sum = sum.plus(term);
    }
    sum
}

fn plain(x: f64) -> Exact {
    Exact { value: Double(x, 0.0), power: 0 }
}

fn exp(x: f64) -> Exact {
    if x.is_nan() || x.abs() < 1e-30 {
        return plain(1.0 + x);
    }
    let x = x.clamp(-1500.0, 1500.0);
    let n = (x / LN_2[0]).round();
    let value = ONE.plus(series(remainder(x, n, LN_2), 1, 1, 1.0));
    Exact { value, power: n as i32 }
}

/// ln((1 + f) · 2ⁿ) for small f.
fn log_of_scaled(f: Double, n: f64) -> Double {
    let s = f.over(f.plus(Double(2.0, 0.0)));
    let z = s.times(s);
    let mut sum = Double(0.0, 0.0);
    for k in (0..26).rev() {
        sum = sum.times(z).plus(Double(2.0, 0.0).over(Double(f64::from(2 * k + 1), 0.0)));
    }
    let ln_2 = remainder(0.0, -n, LN_2);
    ln_2.plus(s.times(sum))
}

fn log(x: f64) -> Exact {
    if x.is_nan() || x <= 0.0 || x.is_infinite() {
        return plain(x.ln());
    }
    let (x, shift) = if x < f64::MIN_POSITIVE { (scale(x, 60), 60.0) } else { (x, 0.0) };
    let n = (x.log2() - 0.01).round();
    let m = scale(x, -(n as i32));
    Exact { value: log_of_scaled(Double(m - 1.0, 0.0), n - shift), power: 0 }
}

fn tanh(x: f64) -> Exact {
    if x.is_nan() || x.abs() < 1e-30 || x.abs() > 50.0 {
        return plain(x.clamp(-1.0, 1.0));
    }
    let less_one = if x.abs() < 0.3 {
        series(Double(2.0 * x, 0.0), 1, 1, 1.0)
    } else {
        e_to(2.0 * x).plus(Double(-1.0, 0.0))
    };
    Exact { value: less_one.over(less_one.plus(Double(2.0, 0.0))), power: 0 }
}

/// eˣ for |x| ≤ 150.
fn e_to(x: f64) -> Double {
    let Exact { value: Double(high, low), power } = exp(x);
    Double(scale(high, power), scale(low, power))
}

fn sigmoid(x: f64) -> Exact {
    if x.is_nan() || x < -50.0 {
        return exp(x);
    }
    Exact { value: ONE.over(ONE.plus(e_to(-x.min(150.0)))), power: 0 }
}

fn softplus(x: f64) -> Exact {
    if x.is_nan() || x < -50.0 {
        return exp(x);
    }
    if x > 150.0 {
        return plain(x);
    }
    let e = e_to(-x.abs());
    let (f, n) = if e.0 > 0.4 {
        let twice = e.plus(Double(-1.0, 0.0));
        (Double(twice.0 / 2.0, twice.1 / 2.0), 1.0)
    } else {
        (e, 0.0)
    };
    Exact { value: log_of_scaled(f, n).plus(Double(x.max(0.0), 0.0)), power: 0 }
}

/// sin(x + k π/2).
fn sin_after_quarters(x: f64, k: i64) -> Exact {
    let q = (x / PI_HALF[0]).round();
    let r = remainder(x, q, PI_HALF);
    let k = q as i64 + k;
    let y = if k % 2 == 0 { series(r, 1, 2, -1.0) } else { series(r, 0, 2, -1.0) };
    let sign = if k.rem_euclid(4) < 2 { 1.0 } else { -1.0 };
    Exact { value: Double(y.0 * sign, y.1 * sign), power: 0 }
}

fn sin(x: f64) -> Exact {
    if x.is_nan() || x.abs() < 1e-30 { plain(x) } else { sin_after_quarters(x, 0) }
}

fn cos(x: f64) -> Exact {
    if x.is_nan() || x.abs() < 1e-30 { plain(1.0 + x) } else { sin_after_quarters(x, 1) }
}
