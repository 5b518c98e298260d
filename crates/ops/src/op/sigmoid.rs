//! The logistic function, the smooth unit of both books.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, elementwise, map};
use crate::{Environment, Expr, Scalar, Shape};

/// y = σ(x) = 1/(1 + e⁻ˣ), element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sigmoid;

/// The logistic function σ(x) = 1/(1 + e⁻ˣ), element by element.
///
/// σ′ = σ (1 − σ), by (1/f)′ = −f′/f²; so x̄ = ȳ · y · (1 − y). Neither value nor derivative
/// overflows. Source: M. Nielsen, *Neural Networks and Deep Learning*, chapter 1; Y. and S. Wakui,
/// *The Mathematics of Deep Learning*, sections 1-3 and 2-1.
#[track_caller]
pub fn sigmoid(x: Expr<'_>) -> Expr<'_> {
    apply(Sigmoid, [x])
}

impl Operation for Sigmoid {
    const CARD: Card = Card {
        name: "sigmoid",
        operands: &["x"],
        formula: "y = 1 / (1 + e^-x)",
        shapes: "x: any; y: like x",
        pullback: "x̄ = ȳ · y · (1 - y)",
        convention: "no overflow for any x: 1 for large x, 0 for large -x, derivative 0 at both",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        let one = T::one();
        map(
            x,
            |x| if x >= T::zero() { one / (one + (-x).exp()) } else { x.exp() / (one + x.exp()) },
        )
    }

    fn vjp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(y_bar * y * (1.0 - y))
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(x_dot * y * (1.0 - y))
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::spread(Sigmoid, &[&[2, 3]], -3.0, 3.0),
            Sample::spread(Sigmoid, &[&[]], -1.0, 1.0),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{derivative, value};
    use crate::{Graph, grad, input, sum_all};

    #[test]
    fn values_and_saturation() {
        assert_eq!(value(sigmoid, &[0.0, 1000.0, -1000.0]), [0.5, 1.0, 0.0]);
        let [a, b] = value(sigmoid, &[2.0, -2.0])[..] else { panic!("two values") };
        assert!((a + b - 1.0).abs() < 1e-15, "σ(-x) = 1 - σ(x)");
        assert_eq!(derivative(sigmoid, &[0.0, 1000.0, -1000.0]), [0.25, 0.0, 0.0]);
        assert!(value(sigmoid, &[f64::NAN])[0].is_nan());
    }

    #[test]
    fn the_derivative_is_the_books() {
        let g = Graph::new();
        let x = input(&g, "x", ("n",));
        let y = sigmoid(x);
        let [dx] = grad(sum_all(y), [x]);
        assert_eq!(dx, x.filled(1.0) * y * (1.0 - y));
    }
}
