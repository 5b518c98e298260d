//! Axes in another order.

use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample, apply};
use crate::{Environment, Expr, Scalar, Shape};

/// y = x with its axes in another order: axis i of y is axis `order[i]` of x.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transpose {
    order: Arc<[usize]>,
}

impl Transpose {
    /// Axis i of the result is axis `order[i]` of the operand.
    pub fn new(order: &[usize]) -> Self {
        Self { order: order.into() }
    }

    /// The order: axis i of the result is axis `order[i]` of the operand.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The transposition that undoes this one.
    fn inverse(&self) -> Self {
        let mut inverse = vec![0; self.order.len()];
        for (i, &axis) in self.order.iter().enumerate() {
            inverse[axis] = i;
        }
        Self::new(&inverse)
    }
}

/// The transpose of a matrix, or of each matrix in a stack: the last two axes change places.
///
/// x̄ = ȳᵀ.
///
/// # Panics
///
/// If there are fewer than two axes.
#[track_caller]
pub fn transpose(x: Expr<'_>) -> Expr<'_> {
    let mut order: Vec<usize> = (0..x.shape().rank().max(2)).collect();
    let last = order.len() - 1;
    order.swap(last - 1, last);
    permute(x, &order)
}

/// `x` with its axes in another order: axis i of the result is axis `order[i]` of `x`.
///
/// x̄ = ȳ with its axes put back.
#[track_caller]
pub fn permute<'g>(x: Expr<'g>, order: &[usize]) -> Expr<'g> {
    apply(Transpose::new(order), [x])
}

impl Operation for Transpose {
    const CARD: Card = Card {
        name: "transpose",
        operands: &["x"],
        formula: "y = x with its axes in another order",
        shapes: "x: any; y: axis i is axis order[i] of x",
        pullback: "x̄ = ȳ with its axes put back",
        convention: "",
    };

    fn attributes(&self) -> String {
        let order: Vec<String> = self.order.iter().map(ToString::to_string).collect();
        order.join(", ")
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        let rank = x[0].rank();
        let mut sorted = self.order.to_vec();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..rank) {
            let order = self.attributes();
            return Err(format!("the order [{order}] does not name each of {rank} axes once"));
        }
        Ok(self.order.iter().map(|&axis| x[0].dims()[axis].clone()).collect())
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        x[0].view().permuted_axes(self.order.to_vec()).to_owned()
    }

    fn vjp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(apply(self.inverse(), [y_bar]))
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(apply(self.clone(), [x_dot]))
    }

    fn samples() -> Vec<Sample> {
        let by =
            |order: &[usize], shape| Sample::spread(Transpose::new(order), &[shape], -2.0, 2.0);
        vec![
            by(&[1, 0], &[2, 3]),
            by(&[1, 0], &[2, 2]),
            by(&[1, 2, 0], &[2, 3, 2]),
            by(&[0], &[2]),
            by(&[], &[]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Graph, Inputs, evaluate, input};
    use ndarray::array;

    #[test]
    fn values() {
        let g = Graph::new();
        let (w, x) = (input(&g, "w", [2, 3]), input(&g, "x", (2, "n", 1)));
        let y = [transpose(w), permute(x, &[2, 0, 1]), transpose(x)];
        let matrix = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let stack = array![[[1.0], [2.0]], [[3.0], [4.0]]];
        let y = evaluate(&y, &Inputs::new().with("w", &matrix).with("x", &stack)).unwrap();
        assert_eq!(y[0], array![[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]].into_dyn());
        assert_eq!(y[1], array![[[1.0, 2.0], [3.0, 4.0]]].into_dyn());
        assert_eq!(y[2], array![[[1.0, 2.0]], [[3.0, 4.0]]].into_dyn());
    }

    #[test]
    fn an_order_names_each_axis_once() {
        let g = Graph::new();
        let x = input(&g, "x", ("n", 3));
        for (order, text) in [(&[0][..], "0"), (&[0, 0], "0, 0"), (&[0, 2], "0, 2")] {
            let error = g.try_apply(Transpose::new(order).into(), &[x]).unwrap_err();
            let wanted = format!("the order [{text}] does not name each of 2 axes once");
            assert_eq!(error.wanted, wanted);
        }
    }

    #[test]
    #[should_panic(
        expected = "transpose[1, 0]: the order [1, 0] does not name each of 1 axes once"
    )]
    fn a_vector_has_no_transpose() {
        let g = Graph::new();
        transpose(input(&g, "b", [3]));
    }
}
