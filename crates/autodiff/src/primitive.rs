//! What the graph asks of a language of operations.

use std::fmt::{Debug, Display};
use std::hash::Hash;

use crate::{Expr, Graph};

/// An operation, seen from differentiation: a value that can be compared, hashed and printed,
/// with its shape rule and its two derivative rules.
///
/// Attributes that are not differentiated (axes, a constant's value, a name) belong to the
/// operation itself; everything that is differentiated is an operand. `Display` gives the
/// operation's name and attributes, as in `sum[1]`; it appears in every error and printed tape.
///
/// The rules are *linear* in their last argument and written in differentiable expressions, so
/// that derivatives of any order follow.
pub trait Primitive: Sized + Clone + Eq + Hash + Debug + Display {
    /// What is known of a value before it is computed. Opaque here.
    type Shape: Clone + Eq + Debug + Display;

    /// The shape of the result for operands of the given shapes.
    ///
    /// # Errors
    ///
    /// A sentence that says what was wanted, without the operation's name and the operands'
    /// labels: [`Graph::try_apply`] adds those.
    fn shape(&self, operands: &[&Self::Shape]) -> Result<Self::Shape, String>;

    /// The pullback of operand `k`: what the cotangent `y_bar` of the result `y` contributes to
    /// the cotangent of `x[k]`. `None` says that this is zero by definition, and nothing else: an
    /// operation without a rule is an operation with a wrong one.
    fn vjp<'g>(
        &self, k: usize, x: &[Expr<'g, Self>], y: Expr<'g, Self>, y_bar: Expr<'g, Self>,
    ) -> Option<Expr<'g, Self>>;

    /// The pushforward of operand `k`: what the tangent `x_dot` of `x[k]` contributes to the
    /// tangent of the result `y`; `None` as for [`vjp`](Self::vjp).
    fn jvp<'g>(
        &self, k: usize, x: &[Expr<'g, Self>], y: Expr<'g, Self>, x_dot: Expr<'g, Self>,
    ) -> Option<Expr<'g, Self>>;

    /// The constant `value` in every place of `shape`.
    fn fill<'g>(graph: &'g Graph<Self>, value: f64, shape: &Self::Shape) -> Expr<'g, Self>;

    /// The sum of two values of equal shape; contributions to a cotangent meet here.
    fn add<'g>(a: Expr<'g, Self>, b: Expr<'g, Self>) -> Expr<'g, Self>;

    /// The shape of a single number, which is what [`grad`](crate::grad) differentiates.
    fn scalar() -> Self::Shape;
}

/// The operations behind `a + b`, `a - b`, `a * b`, `a / b`, `-a` and behind the literals in
/// `2.0 * a`.
pub trait Arithmetic: Primitive {
    /// The operation of `a + b`.
    const ADD: Self;
    /// The operation of `a - b`.
    const SUB: Self;
    /// The operation of `a * b`.
    const MUL: Self;
    /// The operation of `a / b`.
    const DIV: Self;
    /// The operation of `-a`.
    const NEG: Self;

    /// Makes the operands of a binary operator fit each other, where the language has a rule for
    /// it (broadcasting). Operands that the rule cannot fit are returned as they are; the shape
    /// rule then says what is wrong with them.
    fn fit<'g>(a: Expr<'g, Self>, b: Expr<'g, Self>) -> (Expr<'g, Self>, Expr<'g, Self>) {
        (a, b)
    }
}
