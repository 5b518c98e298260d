//! The convolution of pictures with filters.

use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD};

use super::convolution::{Convolution, flat, four, picture, sizes};
use crate::operation::{Card, Operation, Sample, apply};
use crate::{Conv2dFilterAdjoint, Conv2dInputAdjoint, Environment, Expr, Scalar, Shape};

/// y = the feature maps of filters w over pictures x.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Conv2d(Arc<Convolution>);

impl Conv2d {
    /// The convolution of this geometry.
    pub fn new(convolution: Convolution) -> Self {
        Self(Arc::new(convolution))
    }

    /// The geometry.
    pub fn convolution(&self) -> Convolution {
        *self.0
    }
}

/// The feature maps of the filters `w` \[filters, channels, rows, columns\] over the pictures `x`
/// \[n, channels, rows, columns\]: y_nkij = Σ_cpq w_kcpq x_nc(i+p)(j+q), without turning the filter
/// round (a cross-correlation), and with the strides, padding, dilation and groups of
/// `convolution`. A bias is added by broadcasting.
///
/// x̄ and w̄ are operations of their own, linear in both operands like this one:
/// [`Conv2dInputAdjoint`] and [`Conv2dFilterAdjoint`].
///
/// Source: Y. and S. Wakui, *The Mathematics of Deep Learning*, sections 5-1 and 5-3.
///
/// ```
/// use gradus_ops::{Convolution, Graph, conv2d, input, param};
/// let g = Graph::new();
/// let (x, w) = (input(&g, "x", ("n", 1, 6, 6)), param(&g, "w", [3, 1, 3, 3]));
/// assert_eq!(conv2d(x, w, Convolution::default()).shape().to_string(), "[n, 3, 4, 4]");
/// ```
#[track_caller]
pub fn conv2d<'g>(x: Expr<'g>, w: Expr<'g>, convolution: Convolution) -> Expr<'g> {
    apply(Conv2d::new(convolution), [x, w])
}

impl Operation for Conv2d {
    const CARD: Card = Card {
        name: "conv2d",
        operands: &["x", "w"],
        formula: "y[n, k, i, j] = Σ_cpq w[k, c, p, q] · x[n, c, i + p, j + q]",
        shapes: "x: [n, channels, rows, columns]; w: [filters, channels / groups, rows, columns]; \
                 y: [n, filters, rows, columns]",
        pullback: "x̄ = conv2d_input_adjoint(ȳ, w), w̄ = conv2d_filter_adjoint(x, ȳ)",
        convention: "the filter is not turned round; padding is zeros",
    };

    fn attributes(&self) -> String {
        self.0.to_string()
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        self.0.output(x[0], x[1])
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        let (x, w) = (four(&x[0]), four(&x[1]));
        let (x_sizes, w_sizes) = (<[usize; 4]>::from(x.dim()), <[usize; 4]>::from(w.dim()));
        let maps = self.0.output(&Shape::from(x_sizes), &Shape::from(w_sizes));
        let y_sizes = sizes(&maps.expect("the shape rule has compared the shapes"));
        let (x, w) = (x.as_standard_layout(), w.as_standard_layout());
        let (x, w) = (flat(&x), flat(&w));
        let mut y = vec![T::zero(); y_sizes.iter().product()];
        self.0.each(x_sizes, w_sizes, y_sizes, |i, j, k| y[k] += x[i] * w[j]);
        ArrayD::from_shape_vec(&y_sizes[..], y).expect("as many cells")
    }

    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        let [rows, columns] = window(x[k]);
        Some(match k {
            0 => apply(Conv2dInputAdjoint::new(*self.0, [rows, columns]), [y_bar, x[1]]),
            _ => apply(Conv2dFilterAdjoint::new(*self.0, [rows, columns]), [x[0], y_bar]),
        })
    }

    fn jvp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        Some(match k {
            0 => apply(self.clone(), [x_dot, x[1]]),
            _ => apply(self.clone(), [x[0], x_dot]),
        })
    }

    fn samples() -> Vec<Sample> {
        geometries()
            .into_iter()
            .map(|(convolution, x, w)| {
                Sample::spread(Conv2d::new(convolution), &[&x, &w], -1.0, 1.0)
            })
            .collect()
    }
}

/// The last two sizes of pictures or filters.
pub(super) fn window(x: Expr<'_>) -> [usize; 2] {
    let (_, [_, rows, columns]) = picture(&x.shape(), "operand").expect("checked when applied");
    [rows, columns]
}

/// Geometries to test with: each with shapes of pictures and filters.
pub(super) fn geometries() -> Vec<(Convolution, [usize; 4], [usize; 4])> {
    let plain = Convolution::default();
    let lopsided = Convolution { padding: [[1, 0], [0, 2]], ..plain };
    vec![
        (plain, [2, 1, 4, 3], [2, 1, 2, 2]),
        (plain.stride(2, 1).padding(1, 1), [1, 2, 4, 3], [1, 2, 3, 2]),
        (plain.dilation(2, 1), [1, 1, 5, 3], [1, 1, 2, 2]),
        (plain.groups(2), [1, 4, 2, 2], [2, 2, 2, 1]),
        (lopsided.stride(2, 2), [1, 1, 4, 3], [1, 1, 2, 3]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::wanted;
    use crate::{Graph, Inputs, evaluate, input};
    use ndarray::array;

    /// The pattern "/" looked for in a picture, as the book's little demon does.
    #[test]
    fn matching_cells_are_counted() {
        let g = Graph::new();
        let (x, w) = (input(&g, "x", ("n", 1, 3, 3)), input(&g, "w", [1, 1, 2, 2]));
        let picture = array![[[[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]]];
        let slash = array![[[[0.0, 1.0], [1.0, 0.0]]]];
        let y = [conv2d(x, w, Convolution::default())];
        let y = evaluate(&y, &Inputs::new().with("x", &picture).with("w", &slash)).unwrap();
        assert_eq!(y[0], array![[[[2.0, 1.0], [0.0, 1.0]]]].into_dyn());
    }

    #[test]
    fn shapes_that_do_not_fit_are_named() {
        let refused = |convolution: Convolution, x: Shape, w: Shape, text: &str| {
            let error = wanted(move |g| {
                conv2d(input(g, "x", x), input(g, "w", w), convolution);
            });
            assert!(error.contains(text), "{error}");
        };
        let plain = Convolution::default();
        let (x, w) = (Shape::from(("n", 1, 6, 6)), Shape::from([3, 1, 3, 3]));
        let text = "the pictures must be [n, channels, rows, columns] with plain sizes but for n, \
                    not [6, 6]";
        refused(plain, [6, 6].into(), w.clone(), text);
        let text = "a filter of 7 cells does not fit 6, padded";
        refused(plain, x.clone(), [3, 1, 7, 3].into(), text);
        let text = "a filter or window has at least one cell, not 0 × 3";
        refused(plain, x.clone(), [3, 1, 0, 3].into(), text);
        let text = "1 groups of 2 channels and 3 filters do not fit 1 channels";
        refused(plain, x.clone(), [3, 2, 3, 3].into(), text);
        refused(
            plain.stride(0, 1),
            x,
            w,
            "strides, dilations and groups are at least 1, not as in",
        );
    }
}
