//! Elementary functions: a reduced argument and a power series, or a Newton step from the `f64`
//! value.

use super::DoubleDouble;

pub(super) const PI: DoubleDouble =
    DoubleDouble::new(std::f64::consts::PI, 1.224_646_799_147_353_2e-16);
pub(super) const LN_2: DoubleDouble =
    DoubleDouble::new(std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17);
pub(super) const LN_10: DoubleDouble =
    DoubleDouble::new(std::f64::consts::LN_10, -2.170_756_223_382_249_4e-16);

/// What π/2 has beyond its double-double.
const HALF_PI_REST: f64 = -1.497_384_904_859_169_8e-33;

const ONE: DoubleDouble = DoubleDouble::new(1.0, 0.0);
const TWO: DoubleDouble = DoubleDouble::new(2.0, 0.0);

impl DoubleDouble {
    /// √x, by a Newton step for its reciprocal (A. H. Karp, P. Markstein, 1997).
    pub(super) fn square_root(self) -> Self {
        let guess = self.high.sqrt();
        if guess == 0.0 || !guess.is_finite() {
            return guess.into();
        }
        let guess = Self::from(guess);
        guess + (self - guess * guess) / guess.scaled(2.0)
    }

    /// eˣ.
    pub(super) fn exponential(self) -> Self {
        let plain = self.high.exp();
        if plain == 0.0 || !plain.is_finite() {
            return plain.into();
        }
        let twos = (self.high / LN_2.high).round();
        let rest = self - LN_2 * twos.into();
        // In two halves, since a power of two may be beyond the largest number before it is
        // multiplied.
        let half = (twos / 2.0).trunc();
        (ONE + rest.exponential_less_one_near_zero())
            .scaled(half.exp2())
            .scaled((twos - half).exp2())
    }

    /// eˣ − 1.
    pub(super) fn exponential_less_one(self) -> Self {
        if self.high == 0.0 {
            self
        } else if self.high.abs() < 0.5 {
            self.exponential_less_one_near_zero()
        } else {
            self.exponential() - ONE
        }
    }

    /// eˣ − 1 for |x| ≤ ½: the series at x / 512, and nine times (1 + e)² − 1 = e (2 + e).
    fn exponential_less_one_near_zero(self) -> Self {
        let x = self.scaled(1.0 / 512.0);
        let (mut sum, mut term) = (x, x);
        for n in 2..=12 {
            term = term * x / f64::from(n).into();
            sum += term;
        }
        for _ in 0..9 {
            sum = sum * (TWO + sum);
        }
        sum
    }

    /// ln x, by a Newton step for e^y = x.
    pub(super) fn logarithm(self) -> Self {
        let guess = self.high.ln();
        if !guess.is_finite() {
            return guess.into();
        }
        // The exponent is taken out first, so that e^−y has all its digits.
        let twos = self.high.log2().round();
        let half = (twos / 2.0).trunc();
        let scaled = self.scaled((-half).exp2()).scaled((half - twos).exp2());
        let guess = Self::from(scaled.high.ln());
        LN_2 * twos.into() + (guess + (scaled * (-guess).exponential() - ONE))
    }

    /// ln(1 + x), by a Newton step for e^y − 1 = x where x is small.
    pub(super) fn logarithm_of_one_plus(self) -> Self {
        let guess = self.high.ln_1p();
        if self.high.abs() >= 0.5 || guess == 0.0 || !guess.is_finite() {
            return if guess.is_finite() && guess != 0.0 {
                (ONE + self).logarithm()
            } else {
                guess.into()
            };
        }
        let less_one = Self::from(guess).exponential_less_one();
        Self::from(guess) + (self - less_one) / (ONE + less_one)
    }

    /// sin x and cos x.
    pub(super) fn sine_and_cosine(self) -> (Self, Self) {
        if !self.high.is_finite() {
            return (f64::NAN.into(), f64::NAN.into());
        }
        let quarters = (self.high / (0.5 * PI.high)).round();
        let rest = self - PI.scaled(0.5) * quarters.into() - (HALF_PI_REST * quarters).into();
        let (sine, cosine) = rest.sine_and_cosine_near_zero();
        match quarters.rem_euclid(4.0) as u8 {
            0 => (sine, cosine),
            1 => (cosine, -sine),
            2 => (-sine, -cosine),
            _ => (-cosine, sine),
        }
    }

    /// The series for |x| ≤ π/4, up to x²⁹ / 29!.
    fn sine_and_cosine_near_zero(self) -> (Self, Self) {
        let square = self * self;
        let (mut sine, mut cosine) = (self, ONE);
        let (mut odd, mut even) = (self, ONE);
        for k in 1..=14 {
            let n = 2.0 * f64::from(k);
            even = -even * square / (n * (n - 1.0)).into();
            odd = -odd * square / (n * (n + 1.0)).into();
            cosine += even;
            sine += odd;
        }
        (sine, cosine)
    }

    /// atan x = y + atan((x − tan y) / (1 + x tan y)) for the `f64` value y, whose last term is its
    /// own argument.
    pub(super) fn arc_tangent(self) -> Self {
        let guess = self.high.atan();
        if guess == 0.0 || !self.high.is_finite() {
            return if self.high.is_infinite() {
                PI.scaled(0.5 * self.high.signum())
            } else {
                guess.into()
            };
        }
        let (sine, cosine) = Self::from(guess).sine_and_cosine();
        Self::from(guess) + (self * cosine - sine) / (cosine + self * sine)
    }

    /// sinh x.
    pub(super) fn hyperbolic_sine(self) -> Self {
        if self.high.abs() > 40.0 {
            return self.large_exponential().scaled(self.high.signum());
        }
        let e = self.exponential_less_one();
        (e + e / (ONE + e)).scaled(0.5)
    }

    /// cosh x.
    pub(super) fn hyperbolic_cosine(self) -> Self {
        if self.high.abs() > 40.0 {
            return self.large_exponential();
        }
        let e = self.exponential();
        (e + ONE / e).scaled(0.5)
    }

    /// tanh x.
    pub(super) fn hyperbolic_tangent(self) -> Self {
        if self.high.abs() > 40.0 {
            return self.high.signum().into();
        }
        let e = self.scaled(2.0).exponential_less_one();
        e / (e + TWO)
    }

    /// ½ e^|x|, which may be finite where e^|x| is not.
    fn large_exponential(self) -> Self {
        let size = if self.high < 0.0 { -self } else { self };
        let root = size.scaled(0.5).exponential();
        root.scaled(0.5) * root
    }

    /// xⁿ, by repeated squaring.
    pub(super) fn whole_power(self, n: i32) -> Self {
        let (mut power, mut square, mut rest) = (ONE, self, n.unsigned_abs());
        while rest > 0 {
            if rest & 1 == 1 {
                power *= square;
            }
            rest >>= 1;
            if rest > 0 {
                square = square * square;
            }
        }
        if n < 0 { ONE / power } else { power }
    }

    /// xⁿ for any n, with the conventions of `f64` at zeros, infinities and for x < 0.
    pub(super) fn power(self, n: Self) -> Self {
        let plain = self.high.powf(n.high);
        if plain == 0.0 || !plain.is_finite() || self.high == 0.0 || !self.high.is_finite() {
            return plain.into();
        }
        if n.low == 0.0 && n.high.fract() == 0.0 && n.high.abs() <= 1024.0 {
            return self.whole_power(n.high as i32);
        }
        let size = if self.high < 0.0 { -self } else { self };
        (n * size.logarithm()).exponential().scaled(plain.signum())
    }
}
