//! A power with a constant exponent.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape};

/// y = xᵖ for a number p, kept as its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PowConst(u64);

impl PowConst {
    /// The power with exponent p.
    pub fn new(p: f64) -> Self {
        Self(p.to_bits())
    }

    /// The exponent p.
    pub fn exponent(self) -> f64 {
        f64::from_bits(self.0)
    }

    /// ∂y/∂x = p xᵖ⁻¹, or nothing for p = 0.
    fn slope(self, x: Expr<'_>) -> Option<Expr<'_>> {
        let p = self.exponent();
        (p != 0.0).then(|| p * pow_const(x, p - 1.0))
    }
}

/// xᵖ, element by element, for a constant p.
///
/// x̄ = ȳ p xᵖ⁻¹. For x < 0 the value is NaN unless p is a whole number; 0⁰ = 1.
#[track_caller]
pub fn pow_const(x: Expr<'_>, p: f64) -> Expr<'_> {
    apply(PowConst::new(p), [x])
}

impl Operation for PowConst {
    const CARD: Card = Card {
        name: "pow_const",
        operands: &["x"],
        formula: "y = x^p",
        shapes: "x: any; y: like x",
        pullback: "x̄ = ȳ · p · x^(p - 1)",
        convention: "0^0 = 1; NaN for x < 0 unless p is a whole number",
    };

    fn attributes(&self) -> String {
        format!("{:?}", self.exponent())
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        let p = T::from_double(self.exponent());
        map(x, |x| x.powf(p))
    }

    fn vjp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(y_bar * self.slope(x[0])?)
    }

    fn jvp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(x_dot * self.slope(x[0])?)
    }

    fn samples() -> Vec<Sample> {
        let with = |p, low, high| Sample::spread(PowConst::new(p), &[&[2, 3]], low, high);
        vec![with(2.5, 0.5, 2.0), with(3.0, -2.0, -0.5), with(-1.0, 0.5, 2.0), with(1.0, 0.5, 2.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{derivative, value};

    #[test]
    fn values_and_zero() {
        assert_eq!(value(|x| pow_const(x, 3.0), &[2.0, -2.0, 0.0]), [8.0, -8.0, 0.0]);
        assert_eq!(value(|x| pow_const(x, 0.0), &[0.0, 5.0]), [1.0, 1.0]);
        assert!(value(|x| pow_const(x, 0.5), &[-1.0])[0].is_nan());
        assert_eq!(derivative(|x| pow_const(x, 2.0), &[0.0, 3.0]), [0.0, 6.0]);
        assert_eq!(derivative(|x| pow_const(x, 1.0), &[0.0]), [1.0]);
        assert_eq!(derivative(|x| pow_const(x, 0.5), &[0.0]), [f64::INFINITY]);
    }
}
