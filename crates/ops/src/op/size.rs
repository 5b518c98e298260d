//! The number of elements along dimensions, as a value.

use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample};
use crate::{Dim, Environment, Expr, Graph, Scalar, Shape};

/// The size of a dimension with named axes, known when the axes have sizes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Size(Arc<Dim>);

impl Size {
    /// The size of this dimension.
    pub fn new(dim: Dim) -> Self {
        Self(Arc::new(dim))
    }

    /// The dimension.
    pub fn dim(&self) -> &Dim {
        &self.0
    }
}

/// The size of `dim` as a number to calculate with: what a mean divides by. A constant where no
/// named axis is involved.
///
/// ```
/// use gradus_ops::{Dim, Graph, constant, size};
/// let g = Graph::new();
/// assert_eq!(size(&g, Dim::from(10)), constant(&g, 10.0));
/// assert_eq!(size(&g, Dim::from("n") * Dim::from(10)).op().to_string(), "size[10·n]");
/// ```
#[track_caller]
pub fn size(graph: &Graph, dim: impl Into<Dim>) -> Expr<'_> {
    let dim = dim.into();
    match dim.plain() {
        Some(size) => super::constant(graph, size as f64),
        None => graph.apply(Size::new(dim).into(), &[]),
    }
}

impl Operation for Size {
    const CARD: Card = Card {
        name: "size",
        operands: &[],
        formula: "y = the size of the dimension",
        shapes: "[]",
        pullback: "none: a size has no operands",
        convention: "",
    };

    fn attributes(&self) -> String {
        self.0.to_string()
    }

    fn shape(&self, _x: &[&Shape]) -> Result<Shape, String> {
        Ok(Shape::scalar())
    }

    fn eval<T: Scalar>(&self, _x: &[ArrayViewD<'_, T>], env: &Environment<'_, T>) -> ArrayD<T> {
        ndarray::arr0(T::from_double(env.size(&self.0) as f64)).into_dyn()
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
    use crate::{Inputs, evaluate, input};

    #[test]
    fn the_size_comes_with_the_array() {
        let g = Graph::new();
        let x = input(&g, "x", ("n", 2));
        let y = x * size(&g, x.shape().len());
        let one = ndarray::Array2::<f32>::ones((3, 2));
        let value = &evaluate(&[y], &Inputs::new().with("x", &one)).unwrap()[0];
        assert!(value.iter().all(|&y| y == 6.0));
    }
}
