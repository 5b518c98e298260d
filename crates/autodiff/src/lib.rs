//! An expression graph that differentiates itself.
//!
//! A [`Graph`] holds applications of *primitives*; an [`Expr`] is a `Copy` handle to one of
//! them. What the primitives are is the user's: this crate asks of a language `P` only what
//! [`Primitive`] lists: a shape rule, one rule for each direction of differentiation, how to
//! write a constant and how to add. From that it derives
//!
//! * the [`Tape`] (Wengert list): what some outputs need, in an order in which it can be computed;
//! * reverse mode, [`grad`] and [`vjp`], which returns all [`Adjoints`] between inputs and outputs;
//! * forward mode, [`jvp`].
//!
//! Both modes return expressions of the same graph, so a derivative can be differentiated
//! again, printed, or run by whatever runs the graph.
//!
//! # Invariants
//!
//! * Invariant: this crate knows no arrays, no kernels and no particular operation. A shape is
//!   an opaque value that it copies, compares and prints.
//! * Invariant: the graph is append-only and hash-consed: an equal application is the same node.
//!   Nothing is simplified while a graph is built.
//! * Invariant: a node's operands have smaller ids than the node, so ids in creation order are a
//!   topological order.
//! * Invariant: no pass recurses; a chain of a million nodes needs no more stack than one of ten.
//! * Invariant: origins and labels are side tables; they never decide which node an expression is.
//!
//! # A language in a few lines
//!
//! The tests of this crate use a toy language over numbers with no shapes at all
//! (`tests/language/toy.rs`); the crate `gradus-ops` is the real one, over arrays.

#![forbid(unsafe_code)]

mod error;
mod expr;
mod forward;
mod graph;
mod origin;
mod primitive;
mod reverse;
mod tape;

pub use error::{ApplyError, GradError, LabelError};
pub use expr::Expr;
pub use forward::{jvp, jvp_with};
pub use graph::{Graph, Id, Node};
pub use origin::{Guard, Origin, Rule};
pub use primitive::{Arithmetic, Primitive};
pub use reverse::{Adjoints, adjoints, grad, try_grad, vjp, vjp_with};
pub use tape::Tape;
