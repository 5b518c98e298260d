//! The product of matrices.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Ix2};

use super::Mul;
use crate::operation::{Card, Operation, Sample, apply};
use crate::{Dim, Environment, Expr, Scalar, Shape, broadcast, sum, transpose};

/// y = x w, the product of matrices, or of each pair in two stacks of matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Matmul;

/// The product of the matrices `x` \[m, k\] and `w` \[k, n\]: yᵢⱼ = Σₗ xᵢₗ wₗⱼ. Axes before the
/// last two must be equal in both; the product is then taken for each pair of matrices.
///
/// x̄ = ȳ wᵀ and w̄ = xᵀ ȳ. A product over an inner axis of size 0 is 0.
///
/// ```
/// use gradus_ops::{Graph, input, matmul, param, transpose};
/// let g = Graph::new();
/// let (x, w) = (input(&g, "x", ("n", 784)), param(&g, "w", [30, 784]));
/// assert_eq!(matmul(x, transpose(w)).shape().to_string(), "[n, 30]");
/// ```
#[track_caller]
pub fn matmul<'g>(x: Expr<'g>, w: Expr<'g>) -> Expr<'g> {
    apply(Matmul, [x, w])
}

/// The inner product Σ aᵢ bᵢ of two vectors of one length.
///
/// # Panics
///
/// If the shapes differ or are not those of vectors.
#[track_caller]
pub fn dot<'g>(a: Expr<'g>, b: Expr<'g>) -> Expr<'g> {
    let _line = a.graph().here();
    sum(apply(Mul, [a, b]), [0])
}

/// The outer product yᵢⱼ = aᵢ bⱼ of two vectors.
///
/// # Panics
///
/// If one is not a vector.
#[track_caller]
pub fn outer<'g>(a: Expr<'g>, b: Expr<'g>) -> Expr<'g> {
    let _line = a.graph().here();
    let (rows, columns) = (a.shape(), b.shape());
    let shape: Shape = rows.dims().iter().chain(columns.dims()).cloned().collect();
    broadcast(a, [1], shape.clone()) * broadcast(b, [0], shape)
}

impl Operation for Matmul {
    const CARD: Card = Card {
        name: "matmul",
        operands: &["x", "w"],
        formula: "y[i, j] = Σ_l x[i, l] · w[l, j]",
        shapes: "x: [.., m, k]; w: [.., k, n]; y: [.., m, n]",
        pullback: "x̄ = ȳ wᵀ, w̄ = xᵀ ȳ",
        convention: "a sum over nothing is 0",
    };

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        let (x, w) = (x[0].dims(), x[1].dims());
        let ([stack @ .., m, k], [stack_w @ .., k_w, n]) = (x, w) else {
            let (x, w) = (x.len(), w.len());
            return Err(format!("both operands must have at least 2 axes, they have {x} and {w}"));
        };
        if k != k_w {
            return Err(format!(
                "the last axis of operand 0 ({k}) must equal the last but one of operand 1 ({k_w})"
            ));
        }
        if stack != stack_w {
            let list = |dims: &[Dim]| dims.iter().cloned().collect::<Shape>().to_string();
            let (x, w) = (list(stack), list(stack_w));
            return Err(format!("the axes before the last two must be equal, {x} and {w} are not"));
        }
        Ok(stack.iter().chain([m, n]).cloned().collect())
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        let (rows, columns) = (x[0].ndim() - 1, x[1].ndim() - 1);
        let mut y = ArrayD::zeros([&x[0].shape()[..rows], &x[1].shape()[columns..]].concat());
        product(&x[0], &x[1], y.view_mut());
        y
    }

    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        Some(match k {
            0 => matmul(y_bar, transpose(x[1])),
            _ => matmul(transpose(x[0]), y_bar),
        })
    }

    fn jvp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        Some(match k {
            0 => matmul(x_dot, x[1]),
            _ => matmul(x[0], x_dot),
        })
    }

    fn samples() -> Vec<Sample> {
        let of = |x, w| Sample::spread(Matmul, &[x, w], -1.0, 1.0);
        vec![of(&[2, 3], &[3, 4]), of(&[2, 2], &[2, 2]), of(&[2, 2, 3], &[2, 3, 1])]
    }
}

/// y = x w for matrices; for stacks, the product of each pair in turn.
fn product<T: Scalar>(x: &ArrayViewD<'_, T>, w: &ArrayViewD<'_, T>, mut y: ArrayViewMutD<'_, T>) {
    if x.ndim() == 2 {
        let (x, w) = (x.view().into_dimensionality(), w.view().into_dimensionality());
        let (x, w) = (x.expect("two axes"), w.expect("two axes"));
        let mut y = y.view_mut().into_dimensionality::<Ix2>().expect("two axes");
        general_mat_mul(T::one(), &x, &w, T::zero(), &mut y);
    } else {
        for ((x, w), y) in x.outer_iter().zip(w.outer_iter()).zip(y.outer_iter_mut()) {
            product(&x, &w, y);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{value2, wanted};
    use crate::{Graph, Inputs, Op, evaluate, input};
    use gradus_autodiff::Primitive;
    use ndarray::array;

    #[test]
    fn values() {
        let g = Graph::new();
        let (x, w) = (input(&g, "x", ("n", 2)), input(&g, "w", [2, 3]));
        let (a, b) = (array![[1.0, 2.0], [3.0, 4.0]], array![[1.0, 0.0, 2.0], [0.0, 1.0, 3.0]]);
        let y = evaluate(&[matmul(x, w)], &Inputs::new().with("x", &a).with("w", &b)).unwrap();
        assert_eq!(y[0], array![[1.0, 2.0, 8.0], [3.0, 4.0, 18.0]].into_dyn());
        let (stack_a, stack_b) = (input(&g, "a", (2, "m", 2)), input(&g, "b", [2, 2, 1]));
        let (a, b) = (array![[[1.0, 2.0]], [[3.0, 4.0]]], array![[[1.0], [1.0]], [[2.0], [0.5]]]);
        let inputs = Inputs::new().with("a", &a).with("b", &b);
        let y = evaluate(&[matmul(stack_a, stack_b)], &inputs).unwrap();
        assert_eq!(y[0], array![[[3.0]], [[8.0]]].into_dyn());
    }

    #[test]
    fn products_of_vectors() {
        assert_eq!(value2(dot, &[1.0, 2.0], &[3.0, 4.0]), [11.0]);
        assert_eq!(value2(outer, &[1.0, 2.0], &[3.0, 4.0]), [3.0, 4.0, 6.0, 8.0]);
        let text = wanted(|g| {
            dot(input(g, "a", [2]), input(g, "b", [2, 2]));
        });
        assert!(text.starts_with("mul: the operands must have equal shapes"), "{text}");
        let text = wanted(|g| {
            outer(input(g, "a", [2, 2]), input(g, "b", [2]));
        });
        assert!(text.starts_with("broadcast[0 of [2, 2, 2]]: "), "{text}");
    }

    #[test]
    fn shapes_that_do_not_fit_are_named() {
        let g = Graph::new();
        let refused = |x: Shape, w: Shape| Op::Matmul(Matmul).shape(&[&x, &w]).unwrap_err();
        assert_eq!(
            refused(("n", 784).into(), [785, 30].into()),
            "the last axis of operand 0 (784) must equal the last but one of operand 1 (785)"
        );
        assert_eq!(
            refused((2, "n", 3).into(), (3, 3, 4).into()),
            "the axes before the last two must be equal, [2] and [3] are not"
        );
        assert_eq!(
            refused([3].into(), [3, 4].into()),
            "both operands must have at least 2 axes, they have 1 and 2"
        );
        let (x, w) = (input(&g, "x", ("n", 784)), input(&g, "w", [30, 784]));
        let error = g.try_apply(Matmul.into(), &[x, w]).unwrap_err().to_string();
        assert!(error.starts_with("matmul: the last axis of operand 0 (784)"), "{error}");
        assert!(error.contains("\n  operand 1: %1 `w` : [30, 784], written at"), "{error}");
    }
}
