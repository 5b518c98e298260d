//! A power.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, zip};
use crate::{Environment, Expr, Scalar, Shape, equal, select, x_log_y};

/// y = aᵇ, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pow;

/// aᵇ, element by element, for a ≥ 0 (for a < 0 only where b is a whole number, and then without a
/// derivative by b). A constant exponent has [`pow_const`](crate::pow_const).
///
/// ā = ȳ b aᵇ⁻¹, 0 where b = 0, and b̄ = ȳ y ln a. Convention: 0⁰ = 1, and y ln a = 0 where y = 0, so
/// that the derivative with respect to b of 0ᵇ is 0 for b > 0; for b = 0 it is −∞.
#[track_caller]
pub fn pow<'g>(a: Expr<'g>, b: Expr<'g>) -> Expr<'g> {
    apply(Pow, [a, b])
}

impl Operation for Pow {
    const CARD: Card = Card {
        name: "pow",
        operands: &["a", "b"],
        formula: "y = a^b",
        shapes: "a, b: equal; y: like them",
        pullback: "ā = ȳ · b · a^(b - 1), b̄ = ȳ · y · ln a",
        convention: "0^0 = 1; y ln a = 0 where y = 0; NaN for a < 0 unless b is a whole number",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        zip(x, T::powf)
    }

    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        Some(y_bar * slope(k, x, y))
    }

    fn jvp<'g>(&self, k: usize, x: &[Expr<'g>], y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        Some(x_dot * slope(k, x, y))
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::spread(Pow, &[&[2, 3], &[2, 3]], 0.5, 2.0),
            Sample::spread(Pow, &[&[], &[]], 0.5, 2.0),
        ]
    }
}

/// ∂y/∂a or ∂y/∂b.
fn slope<'g>(k: usize, x: &[Expr<'g>], y: Expr<'g>) -> Expr<'g> {
    let (a, b) = (x[0], x[1]);
    if k == 0 {
        // For b = 0 the factor is 0, whatever the power; 0⁻¹ would make it NaN.
        let nought = equal(b, b.filled(0.0));
        b * pow(a, select(nought, b.filled(1.0), b - 1.0))
    } else {
        x_log_y(y, a)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::value2;
    use crate::{grad, sum_all};

    #[test]
    fn values() {
        assert_eq!(
            value2(pow, &[2.0, 0.0, -2.0, 4.0], &[3.0, 0.0, 3.0, 0.5]),
            [8.0, 1.0, -8.0, 2.0]
        );
        assert!(value2(pow, &[-1.0], &[0.5])[0].is_nan());
        let slope =
            value2(|a, b| grad(sum_all(pow(a, b)), [a])[0], &[0.0, 0.0, 3.0], &[0.0, 1.0, 0.0]);
        assert_eq!(slope, [0.0, 1.0, 0.0]);
    }
}
