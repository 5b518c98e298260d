//! The pushforward of max-pooling.

use std::sync::Arc;

use ndarray::{Array4, ArrayD, ArrayViewD};

use super::convolution::{four, sizes};
use super::pooling::Pooling;
use crate::operation::{Card, Operation, Sample, apply};
use crate::{Environment, Expr, MaxPool2dScatter, Scalar, Shape};

/// y = b at the winner of each window of x: the pushforward of [`max_pool2d`](crate::max_pool2d).
/// Linear in b; constant in x between its jumps.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MaxPool2dGather(Arc<Pooling>);

impl MaxPool2dGather {
    /// The operation with this geometry.
    pub fn new(pooling: Pooling) -> Self {
        Self(Arc::new(pooling))
    }

    /// The geometry.
    pub fn pooling(&self) -> Pooling {
        *self.0
    }
}

impl Operation for MaxPool2dGather {
    const CARD: Card = Card {
        name: "max_pool2d_gather",
        operands: &["x", "b"],
        formula: "y = b at the winner of each window of x",
        shapes: "x: [n, channels, rows, columns]; b: like x; y: the shape of the pooled x",
        pullback: "of b: max_pool2d_scatter(x, ·); none for x: constant between its jumps",
        convention: "the first largest in row-major order wins alone; 0 for a window of nothing \
                     but padding",
    };

    fn attributes(&self) -> String {
        self.0.to_string()
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        match x[0] == x[1] {
            true => self.0.output(x[0]),
            false => {
                Err(format!("the operands must have equal shapes, they are {} and {}", x[0], x[1]))
            }
        }
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        let (x, b) = (four(&x[0]), four(&x[1]));
        let pooled = self.0.output(&Shape::from(x.shape())).expect("compared before");
        let mut y = Array4::zeros(sizes(&pooled));
        self.0.winners(&x, |place, winner| {
            if let Some(winner) = winner {
                y[place] = b[winner];
            }
        });
        y.into_dyn()
    }

    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        (k == 1).then(|| apply(MaxPool2dScatter::new(*self.0), [x[0], y_bar]))
    }

    fn jvp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        (k == 1).then(|| apply(self.clone(), [x[0], x_dot]))
    }

    fn samples() -> Vec<Sample> {
        let of = |pooling: Pooling, x: &[usize]| {
            Sample::spread(MaxPool2dGather::new(pooling), &[x, x], -1.0, 1.0).fixing(&[0])
        };
        vec![
            of(Pooling::new(2, 2), &[2, 1, 4, 4]),
            of(Pooling::new(3, 2).stride(2, 1).padding(1, 1), &[1, 1, 4, 3]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Graph, Inputs, evaluate, input};
    use ndarray::array;

    #[test]
    fn the_winners_places_are_read() {
        let g = Graph::new();
        let (x, b) = (input(&g, "x", [1, 1, 1, 4]), input(&g, "b", [1, 1, 1, 4]));
        let y = apply(MaxPool2dGather::new(Pooling::new(1, 2)), [x, b]);
        let (x, b) = (array![[[[1.0, 9.0, 2.0, 2.0]]]], array![[[[1.0, 2.0, 3.0, 4.0]]]]);
        let y = evaluate(&[y], &Inputs::new().with("x", &x).with("b", &b)).unwrap();
        assert_eq!(y[0], array![[[[2.0, 3.0]]]].into_dyn());
    }
}
