//! The adjoint of a convolution by its filters.

use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD};

use super::conv2d::geometries;
use super::convolution::{Convolution, flat, four, picture, sizes};
use crate::operation::{Card, Operation, Sample, apply};
use crate::{Conv2d, Conv2dInputAdjoint, Environment, Expr, Scalar, Shape};

/// w̄ = what the cotangents ȳ of feature maps say of the filters, through the pictures x.
///
/// w̄_kcpq = Σ x_nc(i+p)(j+q) ȳ_nkij. Linear in both operands: for the cotangent b of w̄, that of x
/// is the pictures' adjoint of ȳ, b, and that of ȳ is `conv2d(x, b)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Conv2dFilterAdjoint(Arc<(Convolution, [usize; 2])>);

impl Conv2dFilterAdjoint {
    /// The adjoint of the convolution of this geometry, with filters of these rows and columns.
    pub fn new(convolution: Convolution, size: [usize; 2]) -> Self {
        Self(Arc::new((convolution, size)))
    }

    /// The geometry.
    pub fn convolution(&self) -> Convolution {
        self.0.0
    }
}

impl Operation for Conv2dFilterAdjoint {
    const CARD: Card = Card {
        name: "conv2d_filter_adjoint",
        operands: &["x", "y_bar"],
        formula: "w̄[k, c, p, q] = Σ_nij x[n, c, i + p, j + q] · ȳ[n, k, i, j]",
        shapes: "x: [n, channels, rows, columns]; ȳ: [n, filters, rows, columns]; w̄: [filters, \
                 channels / groups, rows, columns]",
        pullback: "of x: conv2d_input_adjoint(ȳ, b), of ȳ: conv2d(x, b), for the cotangent b of w̄",
        convention: "",
    };

    fn attributes(&self) -> String {
        let (convolution, [rows, columns]) = *self.0;
        format!("{convolution}, to {rows} × {columns}")
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        let (_, [channels, ..]) = picture(x[0], "the pictures")?;
        let (_, [filters, ..]) = picture(x[1], "the cotangents of the maps")?;
        let (convolution, [rows, columns]) = *self.0;
        let filters = Shape::from([filters, channels / convolution.groups.max(1), rows, columns]);
        match convolution.output(x[0], &filters)? {
            maps if maps == *x[1] => Ok(filters),
            maps => Err(format!("the maps of filters {filters} are {maps}, operand 1 is {}", x[1])),
        }
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        let (a, b) = (four(&x[0]), four(&x[1]));
        let ([rows, columns], convolution) = (self.0.1, self.0.0);
        let (x, y) = (<[usize; 4]>::from(a.dim()), <[usize; 4]>::from(b.dim()));
        let w = [y[1], x[1] / convolution.groups, rows, columns];
        let (a, b) = (a.as_standard_layout(), b.as_standard_layout());
        let (a, b) = (flat(&a), flat(&b));
        let mut w_bar = vec![T::zero(); w.iter().product()];
        convolution.each(x, w, y, |i, j, k| w_bar[j] += a[i] * b[k]);
        ArrayD::from_shape_vec(&w[..], w_bar).expect("as many weights")
    }

    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        let convolution = self.0.0;
        let size = super::conv2d::window(x[0]);
        Some(match k {
            0 => apply(Conv2dInputAdjoint::new(convolution, size), [x[1], y_bar]),
            _ => apply(Conv2d::new(convolution), [x[0], y_bar]),
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
            let op = Conv2dFilterAdjoint::new(convolution, [w[2], w[3]]);
            Sample::spread(op, &[&x, &y], -1.0, 1.0)
        };
        geometries().into_iter().map(sample).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input;
    use crate::operation::tests::wanted;

    #[test]
    fn maps_of_other_filters_are_refused() {
        let text = wanted(|g| {
            let op = Conv2dFilterAdjoint::new(Convolution::default(), [3, 3]);
            apply(op, [input(g, "x", ("n", 1, 6, 6)), input(g, "y", ("n", 3, 5, 4))]);
        });
        let want =
            "]: the maps of filters [3, 1, 3, 3] are [n, 3, 4, 4], operand 1 is [n, 3, 5, 4]\n";
        assert!(text.contains(want), "{text}");
    }
}
