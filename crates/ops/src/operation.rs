//! What an operation consists of: the trait that the author of one implements.

use std::fmt::Debug;
use std::hash::Hash;

use ndarray::{ArrayD, ArrayView1, ArrayViewD};

use crate::{Axes, Environment, Expr, Op, Scalar, Shape};

/// One operation: its meaning, in one file. [`Op`] lists them all.
///
/// The trait mirrors [`Primitive`](gradus_autodiff::Primitive) and adds a reference kernel, a
/// description and sample points.
/// The kernel says what the operation means as plainly as possible: it is the oracle for every
/// faster one.
pub trait Operation: Clone + Eq + Hash + Debug + Into<Op> {
    /// What a reader wants to know of the operation.
    const CARD: Card;

    /// How many operands there are, or nothing if any number will do: that of the card's.
    fn arity(&self) -> Option<usize> {
        Some(Self::CARD.operands.len())
    }

    /// The attributes, as they follow the name in a printed graph; empty if there are none.
    fn attributes(&self) -> String {
        String::new()
    }

    /// The shape of the result. The number of operands has been checked.
    ///
    /// # Errors
    ///
    /// A sentence that says what was wanted of the operands.
    fn shape(&self, x: &[&Shape]) -> Result<Shape, String>;

    /// Checks that the operands' values are what shapes cannot promise: whole numbers in a range.
    ///
    /// # Errors
    ///
    /// A sentence that says which value was not, and what was wanted.
    fn accept<T: Scalar>(
        &self, _x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>,
    ) -> Result<(), String> {
        Ok(())
    }

    /// The value of the result. The shapes have been checked and the values accepted; all named
    /// axes have sizes.
    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], env: &Environment<'_, T>) -> ArrayD<T>;

    /// The pullback of operand `k`, as in [`Primitive::vjp`](gradus_autodiff::Primitive::vjp).
    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>>;

    /// The pushforward of operand `k`, as in [`Primitive::jvp`](gradus_autodiff::Primitive::jvp).
    fn jvp<'g>(&self, k: usize, x: &[Expr<'g>], y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>>;

    /// Points at which the operation is tested, away from its kinks and poles: every attribute
    /// that matters, every kind of shape.
    fn samples() -> Vec<Sample>;
}

/// The description of an operation, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Card {
    /// The name, as in a printed graph.
    pub name: &'static str,
    /// The names of the operands, in order; one that ends in `..` stands for any number.
    pub operands: &'static [&'static str],
    /// What the operation computes.
    pub formula: &'static str,
    /// The shapes it takes and gives.
    pub shapes: &'static str,
    /// The pullback of each differentiable operand.
    pub pullback: &'static str,
    /// What holds at kinks, at the edge of the domain, and for very large numbers; or nothing.
    pub convention: &'static str,
}

/// An operation with operands at which it can be computed and differentiated.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The operation.
    pub op: Op,
    /// The operands' values.
    pub operands: Vec<ArrayD<f64>>,
    /// The operands that a check must not vary: they are whole numbers, or by decree constant.
    pub fixed: Vec<usize>,
}

impl Sample {
    /// Operands of the given shapes whose elements lie between `low` and `high`, well spread and
    /// all different.
    pub(crate) fn spread(op: impl Into<Op>, shapes: &[&[usize]], low: f64, high: f64) -> Self {
        // Multiples of the golden ratio, modulo 1, are spread evenly (H. Weyl, 1916).
        let golden = (5f64.sqrt() - 1.0) / 2.0;
        let mut k = 0.0;
        let operand = |shape: &&[usize]| {
            ArrayD::from_shape_simple_fn(*shape, || {
                k += 1.0;
                low + (high - low) * (golden * k).fract()
            })
        };
        Self { op: op.into(), operands: shapes.iter().map(operand).collect(), fixed: Vec::new() }
    }

    /// This sample, with operands that a check must not vary.
    pub(crate) fn fixing(self, fixed: &[usize]) -> Self {
        Self { fixed: fixed.to_vec(), ..self }
    }

    /// A graph over inputs `x0`, `x1`, … of the operands' shapes, and the operation applied.
    pub fn build<'g>(&self, graph: &'g crate::Graph) -> (Vec<Expr<'g>>, Expr<'g>) {
        let shapes = self.operands.iter().map(|x| Shape::from(x.shape()));
        let x: Vec<_> =
            (0..).zip(shapes).map(|(k, s)| crate::input(graph, &format!("x{k}"), s)).collect();
        let y = graph.apply(self.op.clone(), &x);
        (x, y)
    }
}

/// An error sentence if the shape does not have the axis.
pub(crate) fn has_axis(shape: &Shape, axis: usize) -> Result<(), String> {
    match shape.rank() {
        rank if axis < rank => Ok(()),
        rank => Err(format!("there is no axis {axis} in {shape}: {rank} axes, counted from 0")),
    }
}

/// Checks that indices are whole numbers below `size`.
///
/// # Errors
///
/// A sentence about the first one that is not.
pub fn check_indices<T: Scalar>(indices: &ArrayViewD<'_, T>, size: usize) -> Result<(), String> {
    let fits =
        |i: &T| i.to_double() >= 0.0 && i.to_double() < size as f64 && i.fract() == T::zero();
    match indices.iter().enumerate().find(|(_, i)| !fits(i)) {
        None => Ok(()),
        Some((k, i)) if size == 0 => {
            Err(format!("index {k} is {i}; there is nothing to choose from"))
        }
        Some((k, i)) => {
            Err(format!("index {k} is {i}; wanted a whole number from 0 to {}", size - 1))
        }
    }
}

/// `f` of each group of elements that differ only along `axes`.
pub(crate) fn reduce<T: Scalar>(
    x: &ArrayViewD<'_, T>, axes: Axes, f: impl Fn(&ArrayView1<'_, T>) -> T,
) -> ArrayD<T> {
    let kept: Vec<usize> = (0..x.ndim()).filter(|&axis| !axes.contains(axis)).collect();
    let sizes: Vec<usize> = kept.iter().map(|&axis| x.shape()[axis]).collect();
    let inner: usize = axes.iter().map(|axis| x.shape()[axis]).product();
    let outer = sizes.iter().product::<usize>();
    let order: Vec<usize> = kept.into_iter().chain(axes.iter()).collect();
    let groups = x.view().permuted_axes(order);
    let groups = groups.to_shape((outer, inner)).expect("as many numbers");
    let y = groups.outer_iter().map(|group| f(&group)).collect();
    ArrayD::from_shape_vec(sizes, y).expect("one result for each group")
}

/// The shape of an operation that acts element by element: that of all operands.
pub(crate) fn elementwise(x: &[&Shape]) -> Result<Shape, String> {
    match x.iter().position(|shape| *shape != x[0]) {
        Some(k) => Err(format!(
            "the operands must have equal shapes, operand 0 is {} and operand {k} is {}",
            x[0], x[k]
        )),
        None => Ok(x[0].clone()),
    }
}

/// [`elementwise`], for the operators, which have fitted their operands as far as they could.
pub(crate) fn arithmetic(x: &[&Shape]) -> Result<Shape, String> {
    elementwise(x).map_err(|error| {
        format!("{error}; an operator also takes a scalar, or the tail of the other's shape")
    })
}

/// The value of a unary operation that acts element by element.
pub(crate) fn map<T: Scalar>(x: &[ArrayViewD<'_, T>], f: impl Fn(T) -> T) -> ArrayD<T> {
    x[0].mapv(f)
}

/// The value of a binary operation that acts element by element.
pub(crate) fn zip<T: Scalar>(x: &[ArrayViewD<'_, T>], f: impl Fn(T, T) -> T) -> ArrayD<T> {
    ndarray::Zip::from(&x[0]).and(&x[1]).map_collect(|&a, &b| f(a, b))
}

/// Applies an operation to operands of one graph.
#[track_caller]
pub(crate) fn apply<'g, const N: usize>(op: impl Operation, x: [Expr<'g>; N]) -> Expr<'g> {
    x[0].graph().apply(op.into(), &x)
}

#[cfg(test)]
pub(crate) mod tests {
    //! What the operations' own tests share.

    use ndarray::ArrayView1;

    use crate::{Expr, Graph, Inputs, evaluate, grad, input, sum_all};

    /// The value of a function of one vector.
    pub(crate) fn value(f: impl for<'g> Fn(Expr<'g>) -> Expr<'g>, x: &[f64]) -> Vec<f64> {
        let g = Graph::new();
        let y = f(input(&g, "x", ("n",)));
        evaluate(&[y], &Inputs::new().with("x", &ArrayView1::from(x))).unwrap()[0]
            .iter()
            .copied()
            .collect()
    }

    /// The value of a function of two vectors.
    pub(crate) fn value2(
        f: impl for<'g> Fn(Expr<'g>, Expr<'g>) -> Expr<'g>, a: &[f64], b: &[f64],
    ) -> Vec<f64> {
        let g = Graph::new();
        let y = f(input(&g, "a", ("n",)), input(&g, "b", ("n",)));
        let inputs = (ArrayView1::from(a), ArrayView1::from(b));
        let inputs = Inputs::new().with("a", &inputs.0).with("b", &inputs.1);
        evaluate(&[y], &inputs).unwrap()[0].iter().copied().collect()
    }

    /// The derivative of a function that acts element by element.
    pub(crate) fn derivative(f: impl for<'g> Fn(Expr<'g>) -> Expr<'g>, x: &[f64]) -> Vec<f64> {
        value(
            |x| {
                let [dx] = grad(sum_all(f(x)), [x]);
                dx
            },
            x,
        )
    }

    /// The text of a panic.
    pub(crate) fn wanted(f: impl FnOnce(&Graph) + std::panic::UnwindSafe) -> String {
        let panic = std::panic::catch_unwind(move || f(&Graph::new())).unwrap_err();
        panic.downcast_ref::<String>().cloned().unwrap()
    }
}
