//! The exponential function.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape};

/// y = eˣ, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Exp;

/// eˣ, element by element.
///
/// x̄ = ȳ · y. Overflows to infinity and underflows to 0, as its derivative does.
#[track_caller]
pub fn exp(x: Expr<'_>) -> Expr<'_> {
    apply(Exp, [x])
}

impl Operation for Exp {
    const CARD: Card = Card {
        name: "exp",
        operands: &["x"],
        formula: "y = e^x",
        shapes: "x: any; y: like x",
        pullback: "x̄ = ȳ · y",
        convention: "overflows to infinity, underflows to 0",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        map(x, T::exp)
    }

    fn vjp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(y_bar * y)
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(x_dot * y)
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::spread(Exp, &[&[2, 3]], -2.0, 2.0), Sample::spread(Exp, &[&[]], -1.0, 1.0)]
    }
}

#[cfg(test)]
mod tests {
    use crate::operation::tests::value;

    #[test]
    fn values_to_the_ends_of_the_range() {
        assert_eq!(value(super::exp, &[0.0, 1.0]), [1.0, std::f64::consts::E]);
        assert_eq!(value(super::exp, &[-1000.0, 1000.0]), [0.0, f64::INFINITY]);
    }
}
