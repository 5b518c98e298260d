//! Derivatives beyond the gradient, as expressions: whole Jacobians and Hessians, their products
//! with vectors, and the gradient of each example by itself.
//!
//! All of them are sweeps of [`jvp`](crate::jvp) and [`vjp`](crate::vjp), so they are nodes of the
//! same graph, and can be differentiated again.
//!
//! The gradient of an inner node, the books' δ, is asked for as that of a parameter is:
//!
//! ```
//! use gradus_ops::{Graph, adjoints, input, matmul, param, quadratic_cost, sigmoid, transpose};
//! let g = Graph::new();
//! let (x, y) = (input(&g, "x", ("n", 3)), input(&g, "y", ("n", 2)));
//! let (w2, w3) = (param(&g, "w2", [4, 3]), param(&g, "w3", [2, 4]));
//! let z2 = matmul(x, transpose(w2));
//! let z3 = matmul(sigmoid(z2), transpose(w3));
//! let a3 = sigmoid(z3);
//! let all = adjoints(quadratic_cost(a3, y), &[w2, w3]).unwrap();
//! let (delta2, delta3) = (all.of(z2).unwrap(), all.of(z3).unwrap());
//! assert_eq!(delta3, all.of(a3).unwrap() * a3 * (1.0 - a3), "the first of the four equations");
//! assert_eq!(delta2.shape(), z2.shape());
//! ```
//!
//! Invariant: nothing here knows the rule of an operation; `per_example` alone looks at what an
//! operation is, to write it again for a stack of operands.

mod jacobian;
mod per_example;
mod second;

pub use jacobian::jacobian;
pub use per_example::{PerExampleError, per_example};
pub use second::{gauss_newton, gauss_newton_product, hessian, hvp};

use crate::{Dim, Expr, Shape, constant, one_hot, reshape};

/// The arrays of a shape that are 1 at one place and 0 elsewhere, place by place in row-major
/// order.
fn units<'g>(like: Expr<'g>, len: usize) -> impl Iterator<Item = Expr<'g>> {
    let (graph, shape) = (like.graph(), like.shape());
    (0..len).map(move |k| reshape(one_hot(constant(graph, k as f64), len), shape.clone()))
}

/// The dimensions of one shape and then those of another.
fn joined(first: &Shape, second: &Shape) -> Shape {
    first.dims().iter().chain(second.dims()).cloned().collect()
}

/// How many numbers an array of this shape has, if no named axis is in it.
fn count(shape: &Shape) -> Option<usize> {
    shape.dims().iter().map(Dim::plain).product()
}
