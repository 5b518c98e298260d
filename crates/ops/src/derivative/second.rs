//! Second derivatives, and the products by which they are approximated.

use super::{count, jacobian, joined};
use crate::{Dim, Expr, adjoints, jvp, matmul, reshape, transpose, vjp};

/// The product of the Hessian of the number `f` with a vector, over several inputs at once: for
/// pairs of an input x and a direction v of its shape, Σⱼ ∂²f/∂xᵢ∂xⱼ vⱼ for each x.
///
/// It is forward mode over reverse mode, the derivative of the gradient in the direction v, and
/// costs a few gradients whatever the size of x; the Hessian is not written. Source: B. A.
/// Pearlmutter, *Fast exact multiplication by the Hessian*, Neural Computation 6(1), 1994.
///
/// ```
/// use gradus_ops::{Graph, hvp, input, param, sum_all};
/// let g = Graph::new();
/// let (x, v) = (param(&g, "x", [1000]), input(&g, "v", [1000]));
/// assert_eq!(hvp(sum_all(x * x * x), &[(x, v)])[0].shape(), x.shape());
/// ```
///
/// # Panics
///
/// If `f` is not a single number, or a direction has not the shape of its input.
#[track_caller]
pub fn hvp<'g>(f: Expr<'g>, directions: &[(Expr<'g>, Expr<'g>)]) -> Vec<Expr<'g>> {
    let _line = f.graph().here();
    let x: Vec<_> = directions.iter().map(|&(x, _)| x).collect();
    let gradient = gradient(f, &x);
    let products = jvp(&gradient, directions);
    x.iter().zip(products).map(|(x, product)| product.unwrap_or_else(|| x.filled(0.0))).collect()
}

/// The Hessian of the number `f`, ∂²f/∂xᵢ∂xⱼ in the shape of x twice: the [`jacobian`] of the
/// gradient, in forward mode, so it is written with |x| sweeps. It is 0 where f is linear in x.
///
/// ```
/// use gradus_ops::{Graph, Inputs, evaluate, hessian, param, sum_all};
/// use ndarray::array;
/// let g = Graph::new();
/// let x = param(&g, "x", [2]);
/// let h = hessian(sum_all(x * x * x), x);
/// let at = array![1.0, 2.0];
/// let h = evaluate(&[h], &Inputs::new().with("x", &at)).unwrap();
/// assert_eq!(h[0], array![[6.0, 0.0], [0.0, 12.0]].into_dyn());
/// ```
///
/// # Panics
///
/// If `f` is not a single number, or x has named axes.
#[track_caller]
pub fn hessian<'g>(f: Expr<'g>, x: Expr<'g>) -> Expr<'g> {
    let _line = f.graph().here();
    jacobian(gradient(f, &[x])[0], x)
}

/// The Gauss–Newton product JᵀJ v, J being the Jacobian of `r` with respect to several inputs
/// together: for pairs of an input x and a direction v, the part that belongs to each x.
///
/// It is what remains of the Hessian of ½ Σ rᵢ² without the second derivatives of r. One sweep
/// forward and one back; the matrix is not written. Source: N. N. Schraudolph, *Fast curvature
/// matrix-vector products for second-order gradient descent*, Neural Computation 14(7), 2002.
///
/// # Panics
///
/// If a direction has not the shape of its input.
#[track_caller]
pub fn gauss_newton_product<'g>(r: Expr<'g>, directions: &[(Expr<'g>, Expr<'g>)]) -> Vec<Expr<'g>> {
    let _line = r.graph().here();
    let x: Vec<_> = directions.iter().map(|&(x, _)| x).collect();
    let Some(r_dot) = jvp(&[r], directions).pop().flatten() else {
        return x.iter().map(|x| x.filled(0.0)).collect();
    };
    let adjoints = vjp(&[(r, r_dot)], &x);
    x.iter().map(|&x| adjoints.or_zeros(x)).collect()
}

/// The Gauss–Newton matrix JᵀJ, J being the [`jacobian`] of `r` with respect to `x`, in the shape of
/// x twice: the sum is over all elements of r, which may have named axes.
///
/// ```
/// use gradus_ops::{Graph, gauss_newton, input, matmul, param};
/// let g = Graph::new();
/// let (x, w) = (input(&g, "x", ("n", 2)), param(&g, "w", [2, 1]));
/// assert_eq!(gauss_newton(matmul(x, w), w).shape().to_string(), "[2, 1, 2, 1]");
/// ```
///
/// # Panics
///
/// If `x` has named axes.
#[track_caller]
pub fn gauss_newton<'g>(r: Expr<'g>, x: Expr<'g>) -> Expr<'g> {
    let _line = r.graph().here();
    let Some(columns) = count(&x.shape()) else {
        panic!("a Gauss–Newton matrix wants an input without named axes\n  got {}", x.describe());
    };
    let j = reshape(jacobian(r, x), vec![r.shape().len(), Dim::from(columns)]);
    reshape(matmul(transpose(j), j), joined(&x.shape(), &x.shape()))
}

/// The gradient, with zeros where `f` does not depend on x.
#[track_caller]
fn gradient<'g>(f: Expr<'g>, x: &[Expr<'g>]) -> Vec<Expr<'g>> {
    match adjoints(f, x) {
        Ok(adjoints) => x.iter().map(|&x| adjoints.or_zeros(x)).collect(),
        Err(error) => panic!("{error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Arrays, Check, Graph, Inputs, evaluate, exp, input, param, sigmoid, sin, square, sum,
        sum_all, tanh,
    };
    use ndarray::{ArrayD, array};

    fn values(y: &[Expr<'_>], at: &Arrays<f64>) -> Vec<ArrayD<f64>> {
        evaluate(y, &Inputs::new().with_all(at)).unwrap()
    }

    fn near(a: &ArrayD<f64>, b: &ArrayD<f64>) {
        assert_eq!(a.shape(), b.shape());
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-12 * (1.0 + b.abs())), "{a}\n{b}");
    }

    fn at(arrays: &[(&str, ArrayD<f64>)]) -> Arrays<f64> {
        arrays.iter().map(|(name, array)| ((*name).to_owned(), array.clone())).collect()
    }

    #[test]
    fn rosenbrock_by_hand() {
        let g = Graph::new();
        let (x, y) = (param(&g, "x", ()), param(&g, "y", ()));
        let f = square(1.0 - x) + 100.0 * square(y - square(x));
        let (a, b) = (-1.2, 1.0);
        let number = |x: f64| ndarray::arr0(x).into_dyn();
        let at = at(&[("x", number(a)), ("y", number(b)), ("u", number(0.5)), ("v", number(-2.0))]);
        let [xx, xy, yy] = [2.0 - 400.0 * (b - a * a) + 800.0 * a * a, -400.0 * a, 200.0];
        let h = values(&[hessian(f, x), hessian(f, y)], &at);
        near(&h[0], &number(xx));
        near(&h[1], &number(yy));
        let (u, v) = (input(&g, "u", ()), input(&g, "v", ()));
        let product = values(&hvp(f, &[(x, u), (y, v)]), &at);
        near(&product[0], &number(xx * 0.5 - xy * 2.0));
        near(&product[1], &number(xy * 0.5 - yy * 2.0));
    }

    #[test]
    fn the_product_is_the_matrix_times_the_vector() {
        let g = Graph::new();
        let (x, v) = (param(&g, "x", [2, 2]), input(&g, "v", [2, 2]));
        let f = sum_all(exp(sin(x)) * tanh(sum(x, [0]))) + sum_all(x);
        let at = at(&[
            ("x", array![[0.3, -0.8], [1.1, 0.4]].into_dyn()),
            ("v", array![[1.0, 2.0], [-0.5, 0.25]].into_dyn()),
        ]);
        let all = values(&[hessian(f, x), hvp(f, &[(x, v)])[0]], &at);
        let matrix = all[0].to_shape((4, 4)).unwrap();
        let by_matrix = matrix.dot(&at["v"].to_shape(4).unwrap());
        near(&all[1], &by_matrix.into_shape_with_order((2, 2)).unwrap().into_dyn());
        assert!((&matrix - &matrix.t()).iter().all(|d| d.abs() < 1e-14), "symmetric");
        // Third derivatives: those of the Hessian against its finite differences.
        let report = Check::new(&[hessian(f, x)], &[x]).order(1).run(&at).unwrap();
        assert!(report.passed(), "{report}");
        // And the Hessian against those of the gradient.
        let by_one = |k: usize, by: f64| {
            let mut at = at.clone();
            *at.get_mut("x").unwrap().iter_mut().nth(k).unwrap() += by;
            values(&[gradient(f, &[x])[0]], &at).remove(0)
        };
        for k in 0..4 {
            let difference = (by_one(k, 1e-6) - by_one(k, -1e-6)) / 2e-6;
            let mut pairs = matrix.column(k).into_iter().zip(&difference);
            assert!(pairs.all(|(a, b)| (a - b).abs() < 1e-8), "{matrix}");
        }
    }

    #[test]
    fn gauss_newton_by_jacobians() {
        let g = Graph::new();
        let (x, w) = (input(&g, "x", ("n", 3)), param(&g, "w", [3, 2]));
        let (v, c, u) = (input(&g, "v", [3, 2]), param(&g, "c", [2]), input(&g, "u", [2]));
        let r = sigmoid(matmul(x, w)) * c;
        let at = at(&[
            ("x", array![[1.0, 0.5, -1.0], [0.2, -0.3, 0.8], [2.0, 1.0, 0.1]].into_dyn()),
            ("w", array![[0.3, -0.8], [1.1, 0.4], [-0.6, 0.9]].into_dyn()),
            ("v", array![[1.0, 2.0], [-0.5, 0.25], [0.0, 3.0]].into_dyn()),
            ("c", array![1.5, -0.5].into_dyn()),
            ("u", array![0.7, -0.1].into_dyn()),
        ]);
        let product = gauss_newton_product(r, &[(w, v), (c, u)]);
        let wanted = [jacobian(r, w), jacobian(r, c), gauss_newton(r, w), product[0], product[1]];
        let all = values(&wanted, &at);
        let (by_w, by_c) = (all[0].to_shape((6, 6)).unwrap(), all[1].to_shape((6, 2)).unwrap());
        let y = by_w.dot(&at["v"].to_shape(6).unwrap()) + by_c.dot(&at["u"].to_shape(2).unwrap());
        near(&all[2], &by_w.t().dot(&by_w).into_shape_with_order((3, 2, 3, 2)).unwrap().into_dyn());
        near(&all[3], &by_w.t().dot(&y).into_shape_with_order((3, 2)).unwrap().into_dyn());
        near(&all[4], &by_c.t().dot(&y).into_dyn());
    }

    #[test]
    fn what_is_linear_has_no_second_derivatives() {
        let g = Graph::new();
        let (x, v, other) = (param(&g, "x", [2]), input(&g, "v", [2]), param(&g, "other", [1]));
        let f = sum_all(3.0 * x);
        let at = at(&[("x", array![1.0, 2.0].into_dyn()), ("v", array![1.0, 1.0].into_dyn())]);
        let all = [hvp(f, &[(x, v)])[0], gauss_newton_product(sum_all(sin(other)), &[(x, v)])[0]];
        for zero in values(&all, &at) {
            assert_eq!(zero, array![0.0, 0.0].into_dyn());
        }
        assert_eq!(values(&[hessian(f, x)], &at)[0], array![[0.0, 0.0], [0.0, 0.0]].into_dyn());
    }

    #[test]
    #[should_panic(expected = "only a single number has a gradient")]
    fn a_hessian_of_an_array_is_refused() {
        let g = Graph::new();
        let x = param(&g, "x", [2]);
        let _ = hessian(sin(x), x);
    }

    #[test]
    #[should_panic(expected = "wants an input without named axes\n  got %0 `x` : [n], written at")]
    fn a_named_axis_has_no_gauss_newton_matrix() {
        let g = Graph::new();
        let x = input(&g, "x", ("n",));
        let _ = gauss_newton(sin(x), x);
    }
}
