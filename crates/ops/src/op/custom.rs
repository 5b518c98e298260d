//! Operations of the user's own.

use std::any::{Any, TypeId};
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample};
use crate::{Environment, Expr, Scalar, Shape, square};

/// An operation of the user's own, with its own kernel and rules.
///
/// First ask whether a plain function that composes expressions will do: it works with every reader
/// of graphs, and needs no rules. An operation is for what floating point would break, or for a
/// kernel that no composition gives.
///
/// Attributes are fields; two values that are `Eq` are the same operation, and the same application
/// of it is the same node. The rules are made of expressions, so that they can be differentiated;
/// [`Check`](crate::Check) checks them like any others.
pub trait CustomOp: Identity + Debug + Send + Sync {
    /// The name, as in a printed graph.
    fn name(&self) -> &str;

    /// The shape of the result, as in [`Operation::shape`]; the number of operands is not checked
    /// before.
    ///
    /// # Errors
    ///
    /// A sentence that says what was wanted of the operands.
    fn shape(&self, x: &[&Shape]) -> Result<Shape, String>;

    /// The value of the result, in the sizes that the shape rule promised; others are an error when
    /// the graph runs.
    fn eval(&self, x: &[ArrayViewD<'_, f64>]) -> ArrayD<f64>;

    /// The value of the result in `f32`, if there is a kernel for it; otherwise the operands are
    /// widened and the result of [`eval`](Self::eval) is rounded.
    fn eval_f32(&self, _x: &[ArrayViewD<'_, f32>]) -> Option<ArrayD<f32>> {
        None
    }

    /// The pullback of operand `k`, as in [`Operation::vjp`].
    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>>;

    /// The pushforward of operand `k`, as in [`Operation::jvp`].
    fn jvp<'g>(&self, k: usize, x: &[Expr<'g>], y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>>;
}

/// Comparison and hashing of custom operations, which every type that is `Eq + Hash` has.
pub trait Identity {
    /// This value, to be compared with another of its type.
    fn as_any(&self) -> &dyn Any;

    /// Whether the other is of the same type and equal.
    fn same(&self, other: &dyn CustomOp) -> bool;

    /// Hashes the type and the value.
    fn hash_into(&self, state: &mut dyn Hasher);
}

impl<T: CustomOp + Eq + Hash + 'static> Identity for T {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn same(&self, other: &dyn CustomOp) -> bool {
        other.as_any().downcast_ref::<T>() == Some(self)
    }

    fn hash_into(&self, mut state: &mut dyn Hasher) {
        TypeId::of::<T>().hash(&mut state);
        self.hash(&mut state);
    }
}

/// A [`CustomOp`] in the table.
#[derive(Clone, Debug)]
pub struct Custom(Arc<dyn CustomOp>);

impl Custom {
    /// The operation.
    pub fn op(&self) -> &dyn CustomOp {
        &*self.0
    }
}

impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        self.0.same(&*other.0)
    }
}

impl Eq for Custom {}

impl Hash for Custom {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash_into(state);
    }
}

/// Applies an operation of the user's own to operands.
///
/// # Panics
///
/// If there are no operands, or the shape rule refuses them.
#[track_caller]
pub fn custom<'g>(op: impl CustomOp + 'static, x: &[Expr<'g>]) -> Expr<'g> {
    let [first, ..] = x else { panic!("{}: at least one operand is needed", op.name()) };
    first.graph().apply(Custom(Arc::new(op)).into(), x)
}

impl Operation for Custom {
    const CARD: Card = Card {
        name: "custom",
        operands: &["x.."],
        formula: "as its author says",
        shapes: "as its author says",
        pullback: "as its author says",
        convention: "without a kernel for f32, f64 is used and rounded",
    };

    fn arity(&self) -> Option<usize> {
        None
    }

    fn attributes(&self) -> String {
        self.0.name().to_owned()
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        self.0.shape(x)
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>) -> ArrayD<T> {
        T::eval_custom(&*self.0, x)
    }

    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        self.0.vjp(k, x, y, y_bar)
    }

    fn jvp<'g>(&self, k: usize, x: &[Expr<'g>], y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        self.0.jvp(k, x, y, x_dot)
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::spread(Custom(Arc::new(Cube)), &[&[2, 3]], -2.0, 2.0)]
    }
}

/// y = x³, the sample of a custom operation.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Cube;

impl CustomOp for Cube {
    fn name(&self) -> &str {
        "cube"
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        match x {
            [x] => Ok((*x).clone()),
            _ => Err(format!("there must be 1 operand, there are {}", x.len())),
        }
    }

    fn eval(&self, x: &[ArrayViewD<'_, f64>]) -> ArrayD<f64> {
        x[0].mapv(|x| x * x * x)
    }

    fn vjp<'g>(&self, _: usize, x: &[Expr<'g>], _: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        Some(y_bar * 3.0 * square(x[0]))
    }

    fn jvp<'g>(&self, _: usize, x: &[Expr<'g>], _: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        Some(x_dot * 3.0 * square(x[0]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{value, wanted};
    use crate::{Graph, Inputs, evaluate, input};

    /// y = x + n, to have an attribute, and another type that would hash alike.
    #[derive(Debug, PartialEq, Eq, Hash)]
    struct Shift(i32);

    impl CustomOp for Shift {
        fn name(&self) -> &str {
            "shift"
        }

        fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
            Ok(x[0].clone())
        }

        fn eval(&self, x: &[ArrayViewD<'_, f64>]) -> ArrayD<f64> {
            match self.0 {
                0 => ndarray::arr0(0.0).into_dyn(),
                n => x[0].mapv(|x| x + f64::from(n)),
            }
        }

        fn eval_f32(&self, x: &[ArrayViewD<'_, f32>]) -> Option<ArrayD<f32>> {
            Some(x[0].mapv(|x| x + 100.0))
        }

        fn vjp<'g>(
            &self, _: usize, _: &[Expr<'g>], _: Expr<'g>, y_bar: Expr<'g>,
        ) -> Option<Expr<'g>> {
            Some(y_bar)
        }

        fn jvp<'g>(
            &self, _: usize, _: &[Expr<'g>], _: Expr<'g>, x_dot: Expr<'g>,
        ) -> Option<Expr<'g>> {
            Some(x_dot)
        }
    }

    #[test]
    fn equal_operations_are_one_node() {
        let g = Graph::new();
        let x = input(&g, "x", [2]);
        assert_eq!(custom(Shift(1), &[x]), custom(Shift(1), &[x]));
        assert_ne!(custom(Shift(1), &[x]), custom(Shift(2), &[x]));
        assert_ne!(custom(Cube, &[x]), custom(Shift(1), &[x]));
        assert_eq!(custom(Cube, &[x]).op().to_string(), "custom[cube]");
    }

    #[test]
    fn values_in_both_precisions() {
        assert_eq!(value(|x| custom(Cube, &[x]), &[2.0, -1.0]), [8.0, -1.0]);
        let g = Graph::new();
        let x = input(&g, "x", [1]);
        let one = ndarray::array![3f32];
        let y = [custom(Cube, &[x]), custom(Shift(1), &[x])];
        let y = evaluate(&y, &Inputs::new().with("x", &one)).unwrap();
        assert_eq!([y[0][[0]], y[1][[0]]], [27.0, 103.0], "by conversion, and by its own kernel");
    }

    #[test]
    fn a_kernel_that_breaks_its_promise_is_named() {
        let g = Graph::new();
        let y = custom(Shift(0), &[input(&g, "x", [2])]);
        let two = ndarray::array![1.0, 2.0];
        let error = evaluate(&[y], &Inputs::new().with("x", &two)).unwrap_err().to_string();
        assert!(error.ends_with(": the kernel returned the sizes [], not [2]"), "{error}");
    }

    #[test]
    fn a_refusal_names_the_operation() {
        let text = wanted(|g| {
            let x = input(g, "x", [2]);
            custom(Cube, &[x, x]);
        });
        assert!(text.starts_with("custom[cube]: there must be 1 operand, there are 2\n"), "{text}");
    }
}
