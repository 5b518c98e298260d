//! Reading and printing.

use std::fmt;
use std::str::FromStr;

use num_traits::Float;

use super::DoubleDouble;

impl FromStr for DoubleDouble {
    type Err = String;

    /// Decimal digits, with a point and an exponent if there is one.
    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = || format!("a number is wanted, not `{text}`");
        let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let mut exponent: i32 = exponent.parse().map_err(|_| wanted())?;
        let (negative, digits) = match digits.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, digits),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let mut value = Self::from(0.0);
        for digit in whole.chars().chain(fraction.chars()) {
            let digit = digit.to_digit(10).ok_or_else(wanted)?;
            value = value * 10.0.into() + f64::from(digit).into();
        }
        if whole.is_empty() && fraction.is_empty() {
            return Err(wanted());
        }
        exponent -= fraction.len() as i32;
        let power = Self::from(10.0).powi(exponent.abs());
        value = if exponent < 0 { value / power } else { value * power };
        Ok(if negative { -value } else { value })
    }
}

/// Printed as the `f64` nearest to it.
impl fmt::Display for DoubleDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.high.fmt(f)
    }
}

impl fmt::LowerExp for DoubleDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerExp::fmt(&self.high, f)
    }
}

impl fmt::UpperExp for DoubleDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::UpperExp::fmt(&self.high, f)
    }
}

/// The two parts.
impl fmt::Debug for DoubleDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} + {:?}", self.high, self.low)
    }
}
