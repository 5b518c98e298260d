//! The quadratic cost, in the forms of both books: composed functions.

use super::Sub;
use super::mean::examples;
use crate::operation::apply;
use crate::{Expr, sum_all};

/// The quadratic cost of outputs a for targets y, the first axis being the examples:
/// C = 1/(2n) Σₓ ‖y − a‖².
///
/// ∂C/∂a = (a − y)/n. Source: M. Nielsen, *Neural Networks and Deep Learning*, chapter 1.
#[track_caller]
pub fn quadratic_cost<'g>(a: Expr<'g>, y: Expr<'g>) -> Expr<'g> {
    let _line = a.graph().here();
    let error = apply(Sub, [a, y]);
    sum_all(error * error) / (2.0 * examples(error))
}

/// The sum of squared errors of outputs a for targets t: C = Σ ½ (t − a)², over all examples.
///
/// ∂C/∂a = a − t. Source: Y. and S. Wakui, *The Mathematics of Deep Learning*, sections 2-12, 3-4.
#[track_caller]
pub fn squared_error<'g>(a: Expr<'g>, t: Expr<'g>) -> Expr<'g> {
    let _line = a.graph().here();
    let error = apply(Sub, [a, t]);
    sum_all(0.5 * (error * error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::tests::{value2, wanted};
    use crate::{Graph, Inputs, evaluate, input, size};
    use ndarray::array;

    #[test]
    fn values() {
        let g = Graph::new();
        let (a, y) = (input(&g, "a", ("n", 3)), input(&g, "y", ("n", 3)));
        let costs = [quadratic_cost(a, y), squared_error(a, y)];
        let (one, other) =
            (array![[1.0, 0.0, 0.0], [0.0, 0.0, 2.0]], array![[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]);
        let values = evaluate(&costs, &Inputs::new().with("a", &one).with("y", &other)).unwrap();
        assert_eq!([values[0].sum(), values[1].sum()], [1.5, 3.0]);
        assert_eq!(value2(squared_error, &[1.0, 3.0], &[2.0, 1.0]), [2.5]);
    }

    #[test]
    fn the_cost_divides_by_the_number_of_examples() {
        let g = Graph::new();
        let (a, y) = (input(&g, "a", ("n", 3)), input(&g, "y", ("n", 3)));
        let cost = quadratic_cost(a, y);
        assert_eq!(cost, sum_all((a - y) * (a - y)) / (2.0 * size(&g, "n")));
    }

    #[test]
    fn targets_are_not_broadcast() {
        let text = wanted(|g| {
            quadratic_cost(input(g, "a", ("n", 1)), input(g, "y", ("n",)));
        });
        assert!(text.starts_with("sub: the operands must have equal shapes"), "{text}");
        let text = wanted(|g| {
            quadratic_cost(input(g, "a", ()), input(g, "y", ()));
        });
        assert!(text.starts_with("a cost wants the examples along the first axis of\n  %2 : []"));
    }
}
