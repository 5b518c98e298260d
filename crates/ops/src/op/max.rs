//! The largest over axes.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply, reduce};
use crate::{Axes, Environment, Expr, Scalar, Shape, broadcast, equal, sum};

/// y = max x over `axes`, which the result no longer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Max {
    /// The axes over which the largest is taken.
    pub axes: Axes,
}

/// The largest of `x` over `axes`, which the result no longer has.
///
/// x̄ = ȳ at the largest element, 0 elsewhere. Convention: equal largest elements share ȳ equally.
/// The largest of nothing is −∞; NaN if there is a NaN.
#[track_caller]
pub fn max<'g>(x: Expr<'g>, axes: impl Into<Axes>) -> Expr<'g> {
    apply(Max { axes: axes.into() }, [x])
}

/// The smallest of `x` over `axes`: the negative of the largest of −x, with its conventions.
#[track_caller]
pub fn min<'g>(x: Expr<'g>, axes: impl Into<Axes>) -> Expr<'g> {
    let _line = x.graph().here();
    -max(-x, axes)
}

impl Max {
    /// ∂y/∂x: 1 at the largest element, shared equally among equals.
    fn shares<'g>(self, x: Expr<'g>, y: Expr<'g>) -> Expr<'g> {
        let along = |y| broadcast(y, self.axes, x.shape());
        let largest = equal(x, along(y));
        largest / along(sum(largest, self.axes))
    }
}

impl Operation for Max {
    const CARD: Card = Card {
        name: "max",
        operands: &["x"],
        formula: "y = max x over the axes",
        shapes: "x: any; y: x without the axes",
        pullback: "x̄ = ȳ at the largest, 0 elsewhere",
        convention: "equal largest elements share ȳ equally; -infinity for nothing; NaN if there \
                     is one",
    };

    fn attributes(&self) -> String {
        self.axes.to_string()
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        self.axes.within(x[0])?;
        Ok(x[0].without(self.axes))
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        let larger = |y: T, &x: &T| if x > y || x.is_nan() { x } else { y };
        reduce(&x[0], self.axes, |x| x.iter().fold(T::neg_infinity(), larger))
    }

    fn vjp<'g>(&self, _k: usize, x: &[Expr<'g>], y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        Some(broadcast(y_bar, self.axes, x[0].shape()) * self.shares(x[0], y))
    }

    fn jvp<'g>(&self, _k: usize, x: &[Expr<'g>], y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        Some(sum(x_dot * self.shares(x[0], y), self.axes))
    }

    fn samples() -> Vec<Sample> {
        let over =
            |axes: &[usize], shape| Sample::spread(Max { axes: axes.into() }, &[shape], -2.0, 2.0);
        vec![over(&[0], &[3]), over(&[1], &[2, 3]), over(&[0, 2], &[2, 3, 2]), over(&[], &[2])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{derivative, value};

    #[test]
    fn values_ties_and_nan() {
        fn largest(x: Expr<'_>) -> Expr<'_> {
            max(x, [0])
        }
        assert_eq!(value(largest, &[1.0, 3.0, 2.0]), [3.0]);
        assert_eq!(value(largest, &[]), [f64::NEG_INFINITY]);
        assert!(value(largest, &[1.0, f64::NAN, 2.0])[0].is_nan());
        assert_eq!(derivative(largest, &[1.0, 3.0, 2.0]), [0.0, 1.0, 0.0]);
        assert_eq!(derivative(largest, &[3.0, 3.0, 2.0, 3.0, 3.0]), [0.25, 0.25, 0.0, 0.25, 0.25]);
        assert_eq!(value(|x| min(x, [0]), &[1.0, 3.0, 2.0]), [1.0]);
        assert_eq!(derivative(|x| min(x, [0]), &[1.0, 3.0, 1.0]), [0.5, 0.0, 0.5]);
    }
}
