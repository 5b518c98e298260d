//! The handle that users hold, and its operators.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops;

use smallvec::SmallVec;

use crate::{Arithmetic, Graph, Id, Primitive};

/// A node of a graph: `Copy`, with operators.
///
/// Two expressions are equal if they are the same node of the same graph, which by hash-consing
/// is to say: if they were written the same way.
pub struct Expr<'g, P: Primitive> {
    pub(crate) graph: &'g Graph<P>,
    pub(crate) id: Id,
}

impl<'g, P: Primitive> Expr<'g, P> {
    /// The graph that this expression belongs to.
    pub fn graph(self) -> &'g Graph<P> {
        self.graph
    }

    /// The number of the node.
    pub fn id(self) -> Id {
        self.id
    }

    /// The operation.
    pub fn op(self) -> P {
        self.graph.nodes.borrow()[self.id].op.clone()
    }

    /// The operands, in order.
    pub fn operands(self) -> SmallVec<[Self; 2]> {
        let nodes = self.graph.nodes.borrow();
        nodes[self.id].operands.iter().map(|&id| Self { graph: self.graph, id }).collect()
    }

    /// The shape of the value.
    pub fn shape(self) -> P::Shape {
        self.graph.nodes.borrow()[self.id].shape.clone()
    }

    /// The constant `value` in the shape of this expression.
    #[track_caller]
    pub fn filled(self, value: f64) -> Self {
        let _line = self.graph.here();
        P::fill(self.graph, value, &self.shape())
    }

    /// The node in a line, as errors name it: number, label, shape, and where it was written.
    pub fn describe(self) -> String {
        let label = self.label().map_or(String::new(), |label| format!(" `{label}`"));
        let origin = self.graph.place(&self.origin());
        format!("%{}{label} : {}, written at {origin}", self.id.index(), self.shape())
    }
}

impl<P: Primitive> Clone for Expr<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Primitive> Copy for Expr<'_, P> {}

impl<P: Primitive> PartialEq for Expr<'_, P> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && std::ptr::eq(self.graph, other.graph)
    }
}

impl<P: Primitive> Eq for Expr<'_, P> {}

impl<P: Primitive> Hash for Expr<'_, P> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl<P: Primitive> fmt::Debug for Expr<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.op(), self.describe())
    }
}

impl<'g, P: Arithmetic> ops::Neg for Expr<'g, P> {
    type Output = Self;

    #[track_caller]
    fn neg(self) -> Self {
        self.graph.apply(P::NEG, &[self])
    }
}

/// Applies a binary operator after fitting its operands.
#[track_caller]
fn binary<'g, P: Arithmetic>(op: P, a: Expr<'g, P>, b: Expr<'g, P>) -> Expr<'g, P> {
    let _line = a.graph.here();
    let (a, b) = if std::ptr::eq(a.graph, b.graph) { P::fit(a, b) } else { (a, b) };
    a.graph.apply(op, &[a, b])
}

/// The operators between expressions, and between an expression and a literal.
macro_rules! operators {
    ($($Operator:ident $method:ident $OP:ident),*) => {$(
        impl<'g, P: Arithmetic> ops::$Operator for Expr<'g, P> {
            type Output = Self;

            #[track_caller]
            fn $method(self, other: Self) -> Self {
                binary(P::$OP, self, other)
            }
        }

        impl<'g, P: Arithmetic> ops::$Operator<f64> for Expr<'g, P> {
            type Output = Self;

            #[track_caller]
            fn $method(self, literal: f64) -> Self {
                let _line = self.graph.here();
                binary(P::$OP, self, self.filled(literal))
            }
        }

        impl<'g, P: Arithmetic> ops::$Operator<Expr<'g, P>> for f64 {
            type Output = Expr<'g, P>;

            #[track_caller]
            fn $method(self, other: Expr<'g, P>) -> Expr<'g, P> {
                let _line = other.graph.here();
                binary(P::$OP, other.filled(self), other)
            }
        }
    )*};
}

operators!(Add add ADD, Sub sub SUB, Mul mul MUL, Div div DIV);
