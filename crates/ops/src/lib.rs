//! The operations of Gradus: what one writes networks and objectives with.
//!
//! An [`Expr`] is written with functions and operators, as a book writes it:
//!
//! ```
//! use gradus_ops::{
//!     Graph, Inputs, evaluate, grad, input, matmul, param, quadratic_cost, sigmoid, transpose,
//! };
//! use ndarray::array;
//!
//! let g = Graph::new();
//! let (x, y) = (input(&g, "x", ("n", 2)), input(&g, "y", ("n", 1)));
//! let (w, b) = (param(&g, "w", [1, 2]), param(&g, "b", [1]));
//! let a = sigmoid(matmul(x, transpose(w)) + b);
//! let [dw, db] = grad(quadratic_cost(a, y), [w, b]);
//!
//! let (x, y) = (array![[0.0, 1.0], [1.0, 1.0]], array![[1.0], [0.0]]);
//! let (w, b) = (array![[-2.0, -2.0]], array![3.0]);
//! let inputs = Inputs::new().with("x", &x).with("y", &y).with("w", &w).with("b", &b);
//! let values = evaluate(&[dw, db], &inputs).unwrap();
//! assert_eq!(values[0].shape(), [1, 2]);
//! ```
//!
//! The parts:
//!
//! * [`Shape`] with named axes ([`Dim`]): the axis `n` above gets its size when `x` arrives;
//! * the table of operations, [`Op`], one file each, an [`Operation`] with a [`Card`] to read;
//! * [`Evaluator`], what runs a graph on arrays, and [`Reference`], the slow, plain one that all
//!   others are measured by;
//! * [`Check`], which decides whether a derivative is right.
//!
//! # Invariants
//!
//! * Invariant: derivative rules contain no shape logic; broadcasting is an operation with explicit
//!   axes.
//! * Invariant: a graph has no number type; constants are `f64` and rounded by the evaluator.
//! * Invariant: the derivative of every operation is made of operations of the table.

#![forbid(unsafe_code)]

mod check;
mod derivative;
mod elementwise;
mod environment;
mod evaluate;
mod op;
mod operation;
mod program;
mod reference;
mod scalar;
mod shape;
mod trace;

pub use check::{
    Blame, Check, Compared, Coverage, Difference, Remainders, Report, Slope, Taylor, Test, Verdict,
};
pub use derivative::{
    PerExampleError, gauss_newton, gauss_newton_product, hessian, hvp, jacobian, per_example,
};
pub use environment::Environment;
pub use evaluate::{Arrays, EvalError, Evaluator, Inputs, evaluate};
pub use gradus_autodiff::{
    ApplyError, Arithmetic, GradError, Guard, Id, LabelError, Node, Origin, Primitive, Rule, Tape,
    adjoints, grad, jvp, jvp_with, try_grad, vjp, vjp_with,
};
pub use op::*;
pub use operation::{Card, Operation, Sample, check_indices};
pub use program::{Application, Program};
pub use reference::Reference;
pub use scalar::Scalar;
pub use shape::{Axes, Dim, Shape};
pub use trace::{NonFinite, trace_nonfinite};

/// A graph over the operations of this crate.
pub type Graph = gradus_autodiff::Graph<Op>;

/// The adjoints of expressions over the operations of this crate.
pub type Adjoints<'g> = gradus_autodiff::Adjoints<'g, Op>;

/// An expression over the operations of this crate.
pub type Expr<'g> = gradus_autodiff::Expr<'g, Op>;
