//! The product over axes: a composed function.

use std::ops::Mul;

use super::slice::plain_size;
use crate::{Axes, Expr, reshape, slice, sum};

/// The product of `x` over `axes`, which the result no longer has. The axes must have plain sizes:
/// it is written as multiplications, halves with halves, which are right to every order also where
/// elements are 0. The product of nothing is 1.
///
/// # Panics
///
/// If an axis is not one of x, or has no plain size.
#[track_caller]
pub fn prod<'g>(x: Expr<'g>, axes: impl Into<Axes>) -> Expr<'g> {
    let _line = x.graph().here();
    axes.into().iter().rev().fold(x, |x, axis| {
        let size = match plain_size(&x.shape(), axis) {
            Ok(size) => size,
            Err(error) => panic!("prod: {error}\n  {}", x.describe()),
        };
        let elements = (0..size as usize).map(|k| slice(x, axis, k..k + 1)).collect();
        match halves(elements) {
            Some(product) => reshape(product, x.shape().without([axis].into())),
            None => sum(x, [axis]) + 1.0,
        }
    })
}

/// The product of some factors, multiplied as a balanced tree; nothing for none.
fn halves<T: Mul<Output = T> + Copy>(mut factors: Vec<T>) -> Option<T> {
    while factors.len() > 1 {
        let pair = |pair: &[T]| pair.iter().copied().reduce(T::mul);
        factors = factors.chunks(2).filter_map(pair).collect();
    }
    factors.pop()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Arrays, Check, Graph, Inputs, evaluate, input};
    use ndarray::array;

    #[test]
    fn values() {
        let g = Graph::new();
        let x = input(&g, "x", [2, 3]);
        let nothing = input(&g, "nothing", ("n", 0));
        let y = [prod(x, [0]), prod(x, [0, 1]), prod(x, []), prod(nothing, [1])];
        let value = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let empty = ndarray::Array2::zeros((2, 0));
        let y = evaluate(&y, &Inputs::new().with("x", &value).with("nothing", &empty)).unwrap();
        assert_eq!(y[0], array![4.0, 10.0, 18.0].into_dyn());
        assert_eq!(y[1], ndarray::arr0(720.0).into_dyn());
        assert_eq!(y[2], value.into_dyn());
        assert_eq!(y[3], array![1.0, 1.0].into_dyn());
    }

    #[test]
    fn derivatives_are_right_at_zeros_too() {
        let g = Graph::new();
        let x = input(&g, "x", [5]);
        for zeros in 0..4 {
            let mut value = array![0.5, -1.0, 2.0, 1.5, -0.5];
            value.iter_mut().take(zeros).for_each(|x| *x = 0.0);
            let at = Arrays::from([("x".to_owned(), value.into_dyn())]);
            let report = Check::new(&[prod(x, [0])], &[x]).run(&at).unwrap();
            assert!(report.passed(), "{zeros} zeros\n{report}");
        }
    }

    #[test]
    #[should_panic(expected = "prod: axis 0 must have a plain size, it is n\n  %0 `x` : [n]")]
    fn a_named_axis_is_refused() {
        let g = Graph::new();
        prod(input(&g, "x", ("n",)), [0]);
    }
}
