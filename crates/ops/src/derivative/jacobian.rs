//! The matrix of all first derivatives.

use super::{count, joined, units};
use gradus_autodiff::Primitive;

use crate::{Expr, Op, jvp, reshape, stack, vjp};

/// The Jacobian of `y` with respect to `x`, ∂yᵢ/∂xⱼ in the shape of y followed by that of x. It is 0
/// where y does not depend on x.
///
/// It is written by sweeps, one for each number on one side: in forward mode a column for each
/// element of x, in reverse mode a row for each element of y. Forward mode is taken if x has at
/// most as many numbers as y, or if y has named axes; otherwise reverse mode. So the graph grows
/// by min(|x|, |y|) sweeps, each of at most a few times as many nodes as lie between x and y: for
/// large Jacobians ask for products with [`jvp`] and [`vjp`] instead. Source: A. Griewank, A.
/// Walther, *Evaluating Derivatives*, 2nd edition, SIAM 2008, chapters 3 and 4.
///
/// ```
/// use gradus_ops::{Graph, Inputs, concat, cos, evaluate, input, jacobian, matmul, param, sin, slice};
/// use ndarray::array;
/// let g = Graph::new();
/// // From polar coordinates to Cartesian ones, at r = 2 and φ = 0.
/// let p = param(&g, "p", [2]);
/// let (r, phi) = (slice(p, 0, 0..1), slice(p, 0, 1..2));
/// let y = concat(&[r * cos(phi), r * sin(phi)], 0);
/// let at = array![2.0, 0.0];
/// let j = evaluate(&[jacobian(y, p)], &Inputs::new().with("p", &at)).unwrap();
/// assert_eq!(j[0], array![[1.0, 0.0], [0.0, 2.0]].into_dyn());
/// // A value for each of n examples: in forward mode, a column for each parameter.
/// let (x, w) = (input(&g, "x", ("n", 3)), param(&g, "w", [3, 1]));
/// assert_eq!(jacobian(matmul(x, w), w).shape().to_string(), "[n, 1, 3, 1]");
/// ```
///
/// # Panics
///
/// If both have named axes: then the number of sweeps is not known when the graph is written. If
/// they are of two graphs.
#[track_caller]
pub fn jacobian<'g>(y: Expr<'g>, x: Expr<'g>) -> Expr<'g> {
    let _line = y.graph().here();
    let (rows, columns) = (count(&y.shape()), count(&x.shape()));
    let shape = joined(&y.shape(), &x.shape());
    let (parts, axis): (Vec<_>, _) = match (rows, columns) {
        (rows, Some(columns)) if rows.is_none_or(|rows| columns <= rows) => {
            let column = |unit| jvp(&[y], &[(x, unit)])[0].unwrap_or_else(|| y.filled(0.0));
            (units(x, columns).map(column).collect(), y.shape().rank())
        }
        (Some(rows), _) => {
            let row = |unit| vjp(&[(y, unit)], &[x]).or_zeros(x);
            (units(y, rows).map(row).collect(), 0)
        }
        (None, _) => panic!(
            "a Jacobian is written with a sweep for each number of one side, and both have named \
             axes\n  y: {}\n  x: {}",
            y.describe(),
            x.describe()
        ),
    };
    if parts.is_empty() {
        return Op::fill(y.graph(), 0.0, &shape);
    }
    reshape(stack(&parts, axis), shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Arrays, Check, Graph, Inputs, evaluate, input, matmul, param, sin, square, sum, tanh,
    };
    use ndarray::{Array2, ArrayD, array};

    fn values(y: Expr<'_>, at: &Arrays<f64>) -> ArrayD<f64> {
        evaluate(&[y], &Inputs::new().with_all(at)).unwrap().remove(0)
    }

    fn at(arrays: &[(&str, ArrayD<f64>)]) -> Arrays<f64> {
        arrays.iter().map(|(name, array)| ((*name).to_owned(), array.clone())).collect()
    }

    #[test]
    fn a_product_by_hand_in_both_modes() {
        let g = Graph::new();
        let (x, w) = (param(&g, "x", [2, 3]), param(&g, "w", [3, 1]));
        let (a, b) = (array![[1.0, 2.0, 3.0], [-1.0, 0.5, 4.0]], array![[7.0], [8.0], [9.0]]);
        let at = at(&[("x", a.clone().into_dyn()), ("w", b.clone().into_dyn())]);
        let y = matmul(x, w);
        // ∂yᵢ/∂xₚᵣ = δᵢₚ wᵣ: two rows and six columns, so reverse mode.
        let by_x = values(jacobian(y, x), &at);
        assert_eq!(by_x.shape(), [2, 1, 2, 3]);
        for (i, p, r) in (0..12).map(|k| (k / 6, k / 3 % 2, k % 3)) {
            assert_eq!(by_x[[i, 0, p, r]], if i == p { b[[r, 0]] } else { 0.0 });
        }
        // ∂yᵢ/∂wᵣ = xᵢᵣ.
        let by_w = values(jacobian(y, w), &at);
        assert_eq!(by_w, a.into_shape_with_order((2, 1, 3, 1)).unwrap().into_dyn());
    }

    #[test]
    fn both_modes_agree_with_finite_differences() {
        let g = Graph::new();
        let (x, w) = (param(&g, "x", [2]), param(&g, "w", [2, 3]));
        let at = at(&[
            ("x", array![0.3, -0.8].into_dyn()),
            ("w", array![[0.1, 0.7, -0.4], [0.9, -0.2, 0.5]].into_dyn()),
        ]);
        for (y, x) in [(tanh(w) * sum(sin(x), [0]), x), (sum(tanh(w), [1]) * x, w)] {
            let j = jacobian(y, x);
            let value = values(j, &at);
            let (rows, name) = (y.shape().len().size(), x.label().unwrap());
            let flat = value.to_shape((rows, value.len() / rows)).unwrap();
            for column in 0..flat.ncols() {
                let moved = |by: f64| {
                    let mut at = at.clone();
                    *at.get_mut(&name).unwrap().iter_mut().nth(column).unwrap() += by;
                    values(y, &at)
                };
                let difference = (moved(1e-6) - moved(-1e-6)) / 2e-6;
                for (a, b) in flat.column(column).iter().zip(&difference) {
                    assert!((a - b).abs() < 1e-9, "{a} {b}");
                }
            }
            // The derivative of the Jacobian, too: it is an expression like any other.
            let report = Check::new(&[j], &[x]).order(1).run(&at).unwrap();
            assert!(report.passed(), "{report}");
        }
    }

    #[test]
    fn the_shorter_side_is_swept() {
        let nodes = |rows: usize, columns: usize| {
            let g = Graph::new();
            let (x, m) = (param(&g, "x", [columns, 1]), input(&g, "m", [rows, columns]));
            let y = matmul(m, tanh(x));
            let before = g.len();
            jacobian(y, x);
            g.len() - before
        };
        let (wide, tall) = (nodes(2, 50), nodes(50, 2));
        assert!(wide < 40 && tall < 40, "{wide} {tall}");
        assert!(nodes(50, 50) > 150, "fifty sweeps");
    }

    #[test]
    fn named_axes_on_one_side() {
        let g = Graph::new();
        let (x, w) = (input(&g, "x", ("n", 2)), param(&g, "w", [2, 1]));
        let (rows, weights) = (array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], array![[0.5], [2.0]]);
        let at = at(&[("x", rows.clone().into_dyn()), ("w", weights.into_dyn())]);
        let by_w = values(jacobian(matmul(x, w), w), &at);
        assert_eq!(by_w, rows.clone().into_shape_with_order((3, 1, 2, 1)).unwrap().into_dyn());
        let by_x = values(jacobian(sum(square(x), [0, 1]), x), &at);
        assert_eq!(by_x, (2.0 * rows).into_dyn());
    }

    #[test]
    fn it_is_zero_where_nothing_depends() {
        let g = Graph::new();
        let (x, other) = (param(&g, "x", [2]), param(&g, "other", [3]));
        let (two, three) = (array![1.0, 2.0].into_dyn(), array![0.0, 0.5, 1.0].into_dyn());
        let at = at(&[("x", two), ("other", three)]);
        for (y, x, shape) in [(sin(x), other, (2, 3)), (sin(other), x, (3, 2))] {
            assert_eq!(values(jacobian(y, x), &at), Array2::zeros(shape).into_dyn());
        }
        let nothing = param(&g, "nothing", [0]);
        assert_eq!(jacobian(nothing, x).shape().to_string(), "[0, 2]");
        assert_eq!(jacobian(x, nothing).shape().to_string(), "[2, 0]");
    }

    #[test]
    #[should_panic(expected = "both have named axes\n  y: %1 : [n], written at")]
    fn two_named_sides_are_refused() {
        let g = Graph::new();
        let x = input(&g, "x", ("n",));
        let _ = jacobian(sin(x), x);
    }
}
