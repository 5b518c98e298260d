//! The largest in each window of a picture.

use std::sync::Arc;

use ndarray::{Array4, ArrayD, ArrayViewD};

use super::convolution::{four, sizes};
use super::pooling::Pooling;
use crate::operation::{Card, Operation, Sample, apply};
use crate::{
    Convolution, Environment, Expr, MaxPool2dGather, MaxPool2dScatter, Scalar, Shape, conv2d,
    reshape,
};

/// y = the largest cell of each window of x.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MaxPool2d(Arc<Pooling>);

impl MaxPool2d {
    /// The operation with this geometry.
    pub fn new(pooling: Pooling) -> Self {
        Self(Arc::new(pooling))
    }

    /// The geometry.
    pub fn pooling(&self) -> Pooling {
        *self.0
    }
}

/// The largest cell of each window of the pictures `x` \[n, channels, rows, columns\].
///
/// x̄ = ȳ at the winner of each window, added up where windows overlap, 0 elsewhere. Convention: of
/// equal largest cells the first in row-major order wins alone. (The book lets every one of them
/// have the whole δ.) Padding counts as −∞; a NaN wins.
///
/// Source: Y. and S. Wakui, *The Mathematics of Deep Learning*, sections 5-1 and 5-5.
///
/// ```
/// use gradus_ops::{Graph, Pooling, input, max_pool2d};
/// let g = Graph::new();
/// let x = input(&g, "x", ("n", 3, 4, 4));
/// assert_eq!(max_pool2d(x, Pooling::new(2, 2)).shape().to_string(), "[n, 3, 2, 2]");
/// ```
#[track_caller]
pub fn max_pool2d(x: Expr<'_>, pooling: Pooling) -> Expr<'_> {
    apply(MaxPool2d::new(pooling), [x])
}

/// The mean of each window of the pictures `x` \[n, channels, rows, columns\]: a convolution, channel
/// by channel, with equal weights. Padding counts as zeros if `count_padding`, else not at all: the
/// mean is then over the cells of the picture, and NaN for a window of nothing but padding.
///
/// # Panics
///
/// If x is not of pictures, or the window does not fit.
#[track_caller]
pub fn avg_pool2d(x: Expr<'_>, pooling: Pooling, count_padding: bool) -> Expr<'_> {
    let _line = x.graph().here();
    let shape = x.shape();
    let pooled = match pooling.output(&shape) {
        Ok(pooled) => pooled,
        Err(error) => panic!("avg_pool2d: {error}\n  {}", x.describe()),
    };
    let dims = shape.dims();
    let single =
        vec![dims[0].clone() * dims[1].clone(), 1.into(), dims[2].clone(), dims[3].clone()];
    let x = reshape(x, single);
    let [rows, columns] = pooling.window;
    let ones: Expr<'_> =
        <crate::Op as crate::Primitive>::fill(x.graph(), 1.0, &[1, 1, rows, columns].into());
    let convolution: Convolution = pooling.convolution();
    let total = conv2d(x, ones, convolution);
    let mean = match count_padding {
        true => total / (rows * columns) as f64,
        false => total / conv2d(x.filled(1.0), ones, convolution),
    };
    reshape(mean, pooled)
}

impl Operation for MaxPool2d {
    const CARD: Card = Card {
        name: "max_pool2d",
        operands: &["x"],
        formula: "y[n, c, i, j] = max x over the window at (i, j)",
        shapes: "x: [n, channels, rows, columns]; y: [n, channels, rows, columns], fewer",
        pullback: "x̄ = ȳ at the winner of each window, 0 elsewhere",
        convention: "the first largest in row-major order wins alone; padding is -infinity; a NaN \
                     wins",
    };

    fn attributes(&self) -> String {
        self.0.to_string()
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        self.0.output(x[0])
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        let x = four(&x[0]);
        let pooled = self.0.output(&Shape::from(x.shape())).expect("compared before");
        let mut y = Array4::from_elem(sizes(&pooled), T::neg_infinity());
        self.0.winners(&x, |place, winner| {
            if let Some(winner) = winner {
                y[place] = x[winner];
            }
        });
        y.into_dyn()
    }

    fn vjp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(apply(MaxPool2dScatter::new(*self.0), [x[0], y_bar]))
    }

    fn jvp<'g>(
        &self, _k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        Some(apply(MaxPool2dGather::new(*self.0), [x[0], x_dot]))
    }

    fn samples() -> Vec<Sample> {
        let of = |pooling, x: &[usize]| Sample::spread(MaxPool2d::new(pooling), &[x], -1.0, 1.0);
        vec![
            of(Pooling::new(2, 2), &[2, 1, 4, 4]),
            of(Pooling::new(2, 2).stride(1, 1), &[1, 2, 3, 3]),
            of(Pooling::new(3, 2).stride(2, 1).padding(1, 1), &[1, 1, 4, 3]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Graph, Inputs, evaluate, grad, input, sum_all};
    use ndarray::array;

    #[test]
    fn values_and_ties() {
        let g = Graph::new();
        let x = input(&g, "x", ("n", 1, 2, 4));
        let y = max_pool2d(x, Pooling::new(2, 2));
        let [dx] = grad(sum_all(y), [x]);
        let picture = array![[[[1.0, 3.0, 5.0, 5.0], [3.0, 2.0, 5.0, 0.0]]]];
        let value = evaluate(&[y, dx], &Inputs::new().with("x", &picture)).unwrap();
        assert_eq!(value[0], array![[[[3.0, 5.0]]]].into_dyn());
        let first = array![[[[0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]]]];
        assert_eq!(value[1], first.into_dyn(), "the first largest takes all");
    }

    #[test]
    fn means_with_and_without_padding() {
        let g = Graph::new();
        let x = input(&g, "x", ("n", 2, 2, 2));
        let pooling = Pooling::new(2, 2).stride(1, 1).padding(1, 1);
        let means = [avg_pool2d(x, pooling, true), avg_pool2d(x, pooling, false)];
        let picture = array![[[[4.0, 8.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]]];
        let y = evaluate(&means, &Inputs::new().with("x", &picture)).unwrap();
        assert_eq!(y[0].shape(), [1, 2, 3, 3]);
        assert_eq!((y[0][[0, 0, 0, 0]], y[0][[0, 0, 0, 1]]), (1.0, 3.0));
        assert_eq!((y[1][[0, 0, 0, 0]], y[1][[0, 0, 0, 1]]), (4.0, 6.0));
        assert!(y[1].iter().skip(9).all(|&mean| mean == 1.0));
    }

    #[test]
    #[should_panic(expected = "avg_pool2d: a filter of 3 cells does not fit 2, padded\n  %0 `x`")]
    fn a_window_that_does_not_fit_is_named() {
        let g = Graph::new();
        avg_pool2d(input(&g, "x", ("n", 1, 2, 2)), Pooling::new(3, 3), true);
    }
}
