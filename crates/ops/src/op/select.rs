//! A choice between two.

use ndarray::{ArrayD, ArrayViewD, Zip};

use crate::operation::{Card, Operation, Sample, apply, elementwise};
use crate::{Environment, Expr, Scalar, Shape, greater};

/// y = a where the condition is not 0, else b, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Select;

/// `a` where `condition` is not 0, else `b`, element by element. Conditions are made with
/// [`greater`] and its kin.
///
/// ā = ȳ where a was chosen, else 0, and b̄ likewise. An infinity or NaN that is not chosen has no
/// part in the value or in these cotangents. But a cotangent of 0 that meets an infinite slope
/// further back is NaN: `select(c, log(x), b)` is not differentiable where x = 0, chosen or not.
/// Choose before the pole: `select(c, log(select(c, x, one)), b)`.
#[track_caller]
pub fn select<'g>(condition: Expr<'g>, a: Expr<'g>, b: Expr<'g>) -> Expr<'g> {
    apply(Select, [condition, a, b])
}

/// The leaky rectifier: x where x > 0, else `slope` times x.
///
/// Convention: the derivative at 0 is `slope`.
#[track_caller]
pub fn leaky_relu(x: Expr<'_>, slope: f64) -> Expr<'_> {
    let _line = x.graph().here();
    select(greater(x, x.filled(0.0)), x, slope * x)
}

impl Operation for Select {
    const CARD: Card = Card {
        name: "select",
        operands: &["condition", "a", "b"],
        formula: "y = a if the condition is not 0, else b",
        shapes: "condition, a, b: equal; y: like them",
        pullback: "ā = ȳ where a is chosen, else 0; b̄ likewise; none for the condition",
        convention: "what is not chosen has cotangent 0, whatever it is; NaN counts as not 0",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        elementwise(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        let choose = |&c: &T, &a: &T, &b: &T| if c == T::zero() { b } else { a };
        Zip::from(&x[0]).and(&x[1]).and(&x[2]).map_collect(choose)
    }

    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        where_chosen(k, x[0], y_bar)
    }

    fn jvp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        where_chosen(k, x[0], x_dot)
    }

    fn samples() -> Vec<Sample> {
        let mut sample = Sample::spread(Select, &[&[2, 3], &[2, 3], &[2, 3]], -2.0, 2.0);
        sample.operands[0].mapv_inplace(|c| if c > 0.0 { 1.0 } else { 0.0 });
        vec![sample.fixing(&[0])]
    }
}

/// `bar` where operand `k` was chosen, else 0.
fn where_chosen<'g>(k: usize, condition: Expr<'g>, bar: Expr<'g>) -> Option<Expr<'g>> {
    match k {
        0 => None,
        1 => Some(select(condition, bar, bar.filled(0.0))),
        _ => Some(select(condition, bar.filled(0.0), bar)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{derivative, value};
    use crate::{log, relu};

    #[test]
    fn what_is_not_chosen_has_no_part() {
        fn late(x: Expr<'_>) -> Expr<'_> {
            select(greater(x, x.filled(0.0)), log(x), x.filled(7.0))
        }
        fn early(x: Expr<'_>) -> Expr<'_> {
            let positive = greater(x, x.filled(0.0));
            select(positive, log(select(positive, x, x.filled(1.0))), x.filled(7.0))
        }
        assert_eq!(value(late, &[1.0, 0.0, -1.0]), [0.0, 7.0, 7.0]);
        assert_eq!(value(early, &[1.0, 0.0, -1.0]), [0.0, 7.0, 7.0]);
        assert!(derivative(late, &[0.0])[0].is_nan(), "0 times an infinite slope");
        assert_eq!(derivative(early, &[2.0, 0.0, -1.0]), [0.5, 0.0, 0.0]);
    }

    #[test]
    fn the_leaky_rectifier_leaks() {
        fn leaky(x: Expr<'_>) -> Expr<'_> {
            leaky_relu(x, 0.1)
        }
        assert_eq!(value(leaky, &[-1.0, 0.0, 2.0]), [-0.1, 0.0, 2.0]);
        assert_eq!(derivative(leaky, &[-1.0, 0.0, 2.0]), [0.1, 0.1, 1.0]);
        assert_eq!(value(|x| leaky_relu(x, 0.0), &[-1.0, 2.0]), value(relu, &[-1.0, 2.0]));
    }
}
