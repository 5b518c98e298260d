//! The pullback of max-pooling.

use std::sync::Arc;

use ndarray::{Array4, ArrayD, ArrayViewD};

use super::convolution::{four, sizes};
use super::pooling::Pooling;
use crate::operation::{Card, Operation, Sample, apply};
use crate::{Environment, Expr, MaxPool2dGather, Scalar, Shape};

/// x̄ = b at the winner of each window of x, added up where windows overlap, 0 elsewhere: the
/// pullback of [`max_pool2d`](crate::max_pool2d). Linear in b; constant in x between its jumps.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MaxPool2dScatter(Arc<Pooling>);

impl MaxPool2dScatter {
    /// The operation with this geometry.
    pub fn new(pooling: Pooling) -> Self {
        Self(Arc::new(pooling))
    }

    /// The geometry.
    pub fn pooling(&self) -> Pooling {
        *self.0
    }
}

impl Operation for MaxPool2dScatter {
    const CARD: Card = Card {
        name: "max_pool2d_scatter",
        operands: &["x", "b"],
        formula: "x̄ = Σ b at the winner of each window of x",
        shapes: "x: [n, channels, rows, columns]; b: the shape of the pooled x; x̄: like x",
        pullback: "of b: max_pool2d_gather(x, ·); none for x: constant between its jumps",
        convention: "the first largest in row-major order wins alone",
    };

    fn attributes(&self) -> String {
        self.0.to_string()
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        match self.0.output(x[0])? {
            pooled if pooled == *x[1] => Ok(x[0].clone()),
            pooled => Err(format!(
                "operand 1 must be {pooled}, the shape of the pooled operand 0, it is {}",
                x[1]
            )),
        }
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        let (x, b) = (four(&x[0]), four(&x[1]));
        let mut x_bar = Array4::zeros(x.dim());
        self.0.winners(&x, |place, winner| {
            if let Some(winner) = winner {
                x_bar[winner] += b[place];
            }
        });
        x_bar.into_dyn()
    }

    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        (k == 1).then(|| apply(MaxPool2dGather::new(*self.0), [x[0], y_bar]))
    }

    fn jvp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        (k == 1).then(|| apply(self.clone(), [x[0], x_dot]))
    }

    fn samples() -> Vec<Sample> {
        let of = |pooling: Pooling, x: &[usize]| {
            let pooled = pooling.output(&x.into()).expect("it fits");
            let y = sizes(&pooled);
            Sample::spread(MaxPool2dScatter::new(pooling), &[x, &y], -1.0, 1.0).fixing(&[0])
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
    fn overlapping_windows_add_up_at_their_winner() {
        let g = Graph::new();
        let (x, b) = (input(&g, "x", [1, 1, 1, 3]), input(&g, "b", [1, 1, 1, 2]));
        let y = apply(MaxPool2dScatter::new(Pooling::new(1, 2).stride(1, 1)), [x, b]);
        let (x, b) = (array![[[[1.0, 9.0, 2.0]]]], array![[[[10.0, 5.0]]]]);
        let y = evaluate(&[y], &Inputs::new().with("x", &x).with("b", &b)).unwrap();
        assert_eq!(y[0], array![[[[0.0, 15.0, 0.0]]]].into_dyn());
    }

    #[test]
    fn another_shape_is_named() {
        let text = crate::operation::tests::wanted(|g| {
            let op = MaxPool2dScatter::new(Pooling::new(2, 2));
            apply(op, [input(g, "x", ("n", 1, 4, 4)), input(g, "b", ("n", 1, 4, 2))]);
        });
        let want = "]: operand 1 must be [n, 1, 2, 2], the shape of the pooled operand 0, it is [n, 1, 4, 2]\n";
        assert!(text.contains(want), "{text}");
    }
}
