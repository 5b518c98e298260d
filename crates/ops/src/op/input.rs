//! A named array from outside.

use std::sync::Arc;

use gradus_autodiff::{LabelError, Primitive};
use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample};
use crate::{Environment, Expr, Graph, Op, Scalar, Shape};

/// A named array from outside: data, a parameter, a learning rate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Input(Arc<(String, Shape)>);

impl Input {
    /// The input of this name and shape.
    pub fn new(name: &str, shape: Shape) -> Self {
        Self(Arc::new((name.to_owned(), shape)))
    }

    /// The name under which the array is given.
    pub fn name(&self) -> &str {
        &self.0.0
    }

    /// The shape that the array must have.
    pub fn declared(&self) -> &Shape {
        &self.0.1
    }
}

/// The input `name`. Written again with the same shape it is the same node; its name is also its
/// label.
///
/// # Panics
///
/// If the name is taken: by an input of another shape, or by a node with that label.
#[track_caller]
pub fn input<'g>(graph: &'g Graph, name: &str, shape: impl Into<Shape>) -> Expr<'g> {
    match try_input(graph, name, shape.into()) {
        Ok(x) => x,
        Err(error) => panic!("{error}"),
    }
}

/// [`input`], for names and shapes that come from outside the program.
///
/// # Errors
///
/// If the name is taken: by an input of another shape, or by a node with that label.
#[track_caller]
pub fn try_input<'g>(graph: &'g Graph, name: &str, shape: Shape) -> Result<Expr<'g>, LabelError> {
    let op = Op::from(Input::new(name, shape));
    if let Some(other) = graph.labelled(name).filter(|other| other.op() != op) {
        // Nothing is written, so that no second input of the name is left behind.
        let wanted = format!("{op} : {}", op.shape(&[]).expect("an input has its own shape"));
        return Err(other.taken(name, wanted));
    }
    graph.apply(op, &[]).try_named(name)
}

/// An [`input`] whose array belongs to the model: a parameter that training updates. The graph
/// treats both alike; the word is for the reader.
///
/// # Panics
///
/// As [`input`].
#[track_caller]
pub fn param<'g>(graph: &'g Graph, name: &str, shape: impl Into<Shape>) -> Expr<'g> {
    input(graph, name, shape)
}

impl Operation for Input {
    const CARD: Card = Card {
        name: "input",
        operands: &[],
        formula: "the array given under the name",
        shapes: "as declared; named axes take their sizes from the array",
        pullback: "none: an input has no operands",
        convention: "",
    };

    fn attributes(&self) -> String {
        self.name().to_owned()
    }

    fn shape(&self, _x: &[&Shape]) -> Result<Shape, String> {
        Ok(self.declared().clone())
    }

    fn eval<T: Scalar>(&self, _x: &[ArrayViewD<'_, T>], env: &Environment<'_, T>) -> ArrayD<T> {
        env.array(self.name()).to_owned()
    }

    fn vjp<'g>(&self, _: usize, _: &[Expr<'g>], _: Expr<'g>, _: Expr<'g>) -> Option<Expr<'g>> {
        None
    }

    fn jvp<'g>(&self, _: usize, _: &[Expr<'g>], _: Expr<'g>, _: Expr<'g>) -> Option<Expr<'g>> {
        None
    }

    fn samples() -> Vec<Sample> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_is_one_input() {
        let g = Graph::new();
        let w = input(&g, "w", [30, 784]);
        assert_eq!(param(&g, "w", [30, 784]), w);
        assert_eq!((w.op().to_string(), w.label()), ("input[w]".to_owned(), Some("w".to_owned())));
        let (line, at) = (w.origin().location.unwrap().line(), line!() + 1);
        let error = try_input(&g, "w", Shape::from([784, 30])).unwrap_err();
        let file = file!();
        assert_eq!(g.len(), 1, "nothing is left behind");
        assert_eq!(
            error.to_string(),
            format!(
                "label `w` names two nodes\n  \
                 it is on %0 `w` : [30, 784], written at {file}:{line}\n  \
                 and wanted for input[w] : [784, 30]\n  \
                 at {file}:{at}"
            )
        );
    }
}
