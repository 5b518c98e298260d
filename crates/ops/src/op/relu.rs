//! The rectified linear unit.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape, greater};

/// y = max(0, x), element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Relu;

/// The rectified linear unit max(0, x), element by element.
///
/// x̄ = ȳ · \[y > 0\], where \[·\] is 1 if true, else 0. Convention: the derivative at 0 is 0.
#[track_caller]
pub fn relu(x: Expr<'_>) -> Expr<'_> {
    apply(Relu, [x])
}

impl Operation for Relu {
    const CARD: Card = Card {
        name: "relu",
        operands: &["x"],
        formula: "y = max(0, x)",
        shapes: "x: any; y: like x",
        pullback: "x̄ = ȳ · [y > 0]",
        convention: "the derivative at 0 is 0; NaN stays NaN",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        map(x, |x| if x <= T::zero() { T::zero() } else { x })
    }

    fn vjp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(y_bar * greater(y, y.filled(0.0)))
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(x_dot * greater(y, y.filled(0.0)))
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::spread(Relu, &[&[2, 3]], 0.5, 2.0), Sample::spread(Relu, &[&[4]], -2.0, -0.5)]
    }
}

#[cfg(test)]
mod tests {
    use crate::operation::tests::{derivative, value};

    #[test]
    fn values_and_the_kink() {
        assert_eq!(value(super::relu, &[-1.0, 0.0, 2.0]), [0.0, 0.0, 2.0]);
        assert_eq!(derivative(super::relu, &[-1.0, -0.0, 0.0, 2.0]), [0.0, 0.0, 0.0, 1.0]);
        assert!(value(super::relu, &[f64::NAN])[0].is_nan());
    }
}
