//! A number.

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample};
use crate::{Environment, Expr, Graph, Scalar, Shape};

/// A number, kept as the bits of an `f64` so that it can be hashed; rounded by the evaluator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Constant(u64);

impl Constant {
    /// The constant of this value.
    pub fn new(value: f64) -> Self {
        Self(value.to_bits())
    }

    /// The number.
    pub fn value(self) -> f64 {
        f64::from_bits(self.0)
    }
}

/// The number `value`. In arithmetic a literal does: `2.0 * x`.
#[track_caller]
pub fn constant(graph: &Graph, value: f64) -> Expr<'_> {
    graph.apply(Constant::new(value).into(), &[])
}

impl Operation for Constant {
    const CARD: Card = Card {
        name: "constant",
        operands: &[],
        formula: "y = the number",
        shapes: "[]",
        pullback: "none: a constant has no operands",
        convention: "0 and -0 are different constants; so are NaNs of different bits",
    };

    fn attributes(&self) -> String {
        format!("{:?}", self.value())
    }

    fn shape(&self, _x: &[&Shape]) -> Result<Shape, String> {
        Ok(Shape::scalar())
    }

    fn eval<T: Scalar>(&self, _x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        ndarray::arr0(T::from_double(self.value())).into_dyn()
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
    fn equal_bits_are_one_node() {
        let g = Graph::new();
        assert_eq!(constant(&g, 0.1), constant(&g, 0.1));
        assert_ne!(constant(&g, 0.0), constant(&g, -0.0));
        assert_eq!(constant(&g, f64::NAN), constant(&g, f64::NAN));
        assert_eq!(constant(&g, 0.5).op().to_string(), "constant[0.5]");
    }
}
