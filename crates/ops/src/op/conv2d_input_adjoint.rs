//! The adjoint of a convolution by its pictures.

use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD};

use super::conv2d::geometries;
use super::convolution::{Convolution, flat, four, picture, sizes};
use crate::operation::{Card, Operation, Sample, apply};
use crate::{Conv2d, Conv2dFilterAdjoint, Environment, Expr, Scalar, Shape};

/// x̄ = what the cotangents ȳ of feature maps say of the pictures, through the filters w.
///
/// x̄_nc(i+p)(j+q) = Σ w_kcpq ȳ_nkij; also known as a transposed convolution. Linear in both
/// operands: for the cotangent b of x̄, that of ȳ is `conv2d(b, w)` and that of w the filters'
/// adjoint of b, ȳ.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Conv2dInputAdjoint(Arc<(Convolution, [usize; 2])>);

impl Conv2dInputAdjoint {
    /// The adjoint of the convolution of this geometry, with pictures of these rows and columns.
    pub fn new(convolution: Convolution, size: [usize; 2]) -> Self {
        Self(Arc::new((convolution, size)))
    }

    /// The geometry.
    pub fn convolution(&self) -> Convolution {
        self.0.0
    }
}

impl Operation for Conv2dInputAdjoint {
    const CARD: Card = Card {
        name: "conv2d_input_adjoint",
        operands: &["y_bar", "w"],
        formula: "x̄[n, c, i + p, j + q] = Σ_kpq w[k, c, p, q] · ȳ[n, k, i, j]",
        shapes: "ȳ: [n, filters, rows, columns]; w: [filters, channels / groups, rows, columns]; \
                 x̄: [n, channels, rows, columns]",
        pullback: "of ȳ: conv2d(b, w), of w: conv2d_filter_adjoint(b, ȳ), for the cotangent b of \
                   x̄",
        convention: "",
    };

    fn attributes(&self) -> String {
        let (convolution, [rows, columns]) = *self.0;
        format!("{convolution}, to {rows} × {columns}")
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        let (n, _) = picture(x[0], "the cotangents of the maps")?;
        let (_, [per_group, ..]) = picture(x[1], "the filters")?;
        let (convolution, [rows, columns]) = *self.0;
        let channels = (per_group * convolution.groups).into();
        let pictures = Shape::from(vec![n, channels, rows.into(), columns.into()]);
        match convolution.output(&pictures, x[1])? {
            maps if maps == *x[0] => Ok(pictures),
            maps => Err(format!("the maps of {pictures} are {maps}, operand 0 is {}", x[0])),
        }
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        let (a, b) = (four(&x[0]), four(&x[1]));
        let ([rows, columns], convolution) = (self.0.1, self.0.0);
        let (y, w) = (<[usize; 4]>::from(a.dim()), <[usize; 4]>::from(b.dim()));
        let x = [y[0], w[1] * convolution.groups, rows, columns];
        let (a, b) = (a.as_standard_layout(), b.as_standard_layout());
        let (a, b) = (flat(&a), flat(&b));
        let mut x_bar = vec![T::zero(); x.iter().product()];
        convolution.each(x, w, y, |i, j, k| x_bar[i] += b[j] * a[k]);
        ArrayD::from_shape_vec(&x[..], x_bar).expect("as many cells")
    }

    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        let convolution = self.0.0;
        let size = super::conv2d::window(x[1]);
        Some(match k {
            0 => apply(Conv2d::new(convolution), [y_bar, x[1]]),
            _ => apply(Conv2dFilterAdjoint::new(convolution, size), [y_bar, x[0]]),
        })
    }

    fn jvp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        Some(match k {
            0 => apply(self.clone(), [x_dot, x[1]]),
            _ => apply(self.clone(), [x[0], x_dot]),
        })
    }

    fn samples() -> Vec<Sample> {
        let sample = |(convolution, x, w): (Convolution, [usize; 4], [usize; 4])| {
            let maps = convolution.output(&Shape::from(x), &Shape::from(w)).expect("they fit");
            let y = sizes(&maps);
            let op = Conv2dInputAdjoint::new(convolution, [x[2], x[3]]);
            Sample::spread(op, &[&y, &w], -1.0, 1.0)
        };
        geometries().into_iter().map(sample).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::wanted;
    use crate::{Graph, input};

    #[test]
    fn maps_of_other_pictures_are_refused() {
        let text = wanted(|g| {
            let op = Conv2dInputAdjoint::new(Convolution::default(), [6, 6]);
            apply(op, [input(g, "y", ("n", 3, 5, 4)), input(g, "w", [3, 1, 3, 3])]);
        });
        let want = "]: the maps of [n, 1, 6, 6] are [n, 3, 4, 4], operand 0 is [n, 3, 5, 4]\n";
        assert!(text.contains(want), "{text}");
    }

    /// One feature spread out by a filter.
    #[test]
    fn a_single_feature_leaves_the_filter() {
        let g = Graph::new();
        let (y, w) = (input(&g, "y", [1, 1, 2, 2]), input(&g, "w", [1, 1, 2, 2]));
        let x_bar = apply(Conv2dInputAdjoint::new(Convolution::default(), [3, 3]), [y, w]);
        let feature = ndarray::array![[[[0.0, 0.0], [0.0, 1.0]]]];
        let filter = ndarray::array![[[[1.0, 2.0], [3.0, 4.0]]]];
        let inputs = crate::Inputs::new().with("y", &feature).with("w", &filter);
        let value = crate::evaluate(&[x_bar], &inputs).unwrap();
        let want = ndarray::array![[[[0.0, 0.0, 0.0], [0.0, 1.0, 2.0], [0.0, 3.0, 4.0]]]];
        assert_eq!(value[0], want.into_dyn());
    }
}
