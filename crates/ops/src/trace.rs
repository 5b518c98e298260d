//! Where NaN and infinities come from.

use std::fmt;

use crate::check::indices;
use crate::{Arrays, EvalError, Expr, Inputs, Program, Scalar, Tape};
use ndarray::ArrayD;

/// The first value that is not finite, although all it is computed from is.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct NonFinite {
    /// The operation with its attributes, as in a printed graph.
    pub operation: String,
    /// The node: number, label, shape and line; a derived one also with the rule that made it and
    /// the number of the node that it serves.
    pub node: String,
    /// The node's label.
    pub label: Option<String>,
    /// The line of the user's source, `file:line`.
    pub line: Option<String>,
    /// The node that a derived node serves, described: it is in the backward pass then, or in that
    /// of tangents.
    pub serves: Option<String>,
    /// The indices of the first element that is not finite.
    pub index: Vec<usize>,
    /// Its value.
    pub value: f64,
    /// How many elements are not finite, and of how many.
    pub count: [usize; 2],
    /// The operands, and their values: a line for each.
    pub operands: Vec<String>,
}

/// Runs a graph with the reference evaluator and names the node at which a value that is not finite
/// begins: one whose own value has a NaN or an infinity while its operands have none, and from which
/// such values lead to an output. Of several the first on the tape; nothing if all outputs are
/// finite. Such a node may be of the forward or of the backward pass: pass derivatives as outputs.
///
/// ```
/// use gradus_ops::{Graph, Inputs, grad, input, log, sum_all, trace_nonfinite};
/// use ndarray::array;
/// let g = Graph::new();
/// let x = input(&g, "x", [2]);
/// let [dx] = grad(sum_all(log(x)), [x]);
/// let found = trace_nonfinite(&[dx], &Inputs::new().with("x", &array![1.0, 0.0])).unwrap();
/// let text = found.unwrap().to_string();
/// assert!(text.starts_with("inf in div"), "{text}");
/// ```
///
/// # Errors
///
/// As [`Evaluator::step`](crate::Evaluator::step).
pub fn trace_nonfinite<T: Scalar>(
    outputs: &[Expr<'_>], inputs: &Inputs<'_, T>,
) -> Result<Option<NonFinite>, EvalError> {
    let program = Program::new(outputs, &[])?;
    let state = Arrays::new();
    let env = program.environment(&state, inputs)?;
    let mut values: Vec<ArrayD<T>> = Vec::with_capacity(program.steps().len());
    for step in program.steps() {
        let x: Vec<_> = step.operands.iter().map(|&x| values[x].view()).collect();
        step.op.accept(&x, &env).map_err(|problem| step.refuse(problem))?;
        values.push(step.op.eval(&x, &env));
    }
    let finite: Vec<bool> =
        values.iter().map(|value| value.iter().all(|y| y.is_finite())).collect();
    // From the outputs back to where it begins, by values that are not finite only.
    let mut reached = vec![false; values.len()];
    for &y in program.outputs() {
        reached[y] = !finite[y];
    }
    let mut first = None;
    for (k, step) in program.steps().iter().enumerate().rev() {
        if reached[k] {
            let mut begins = true;
            for &x in step.operands.iter().filter(|&&x| !finite[x]) {
                (reached[x], begins) = (true, false);
            }
            first = if begins { Some(k) } else { first };
        }
    }
    let Some(k) = first else { return Ok(None) };
    let node = outputs[0].graph().expr(Tape::new(outputs).ids()[k]);
    Ok(Some(describe(node, &values[k], &program.steps()[k].operands, &values)))
}

fn describe<T: Scalar>(
    node: Expr<'_>, value: &ArrayD<T>, operands: &[usize], values: &[ArrayD<T>],
) -> NonFinite {
    let wrong = |y: &&T| !y.is_finite();
    let element = value.iter().position(|y| !y.is_finite()).expect("one is not finite");
    let index = indices(value.shape(), element);
    let origin = node.origin();
    let seen = |(k, (x, &place)): (usize, (Expr<'_>, &usize))| {
        format!("operand {k}: {}: {}", x.describe(), summary(&values[place], value, &index))
    };
    NonFinite {
        operation: node.op().to_string(),
        node: node.describe(),
        label: node.label(),
        line: origin.location.map(|at| format!("{}:{}", at.file(), at.line())),
        serves: origin.derivation.map(|(_, id)| node.graph().expr(id).describe()),
        value: value[index.as_slice()].to_double(),
        count: [value.iter().filter(wrong).count(), value.len()],
        operands: node.operands().into_iter().zip(operands).enumerate().map(seen).collect(),
        index,
    }
}

/// An operand's element, if it has the same places as the result; else what it lies between.
fn summary<T: Scalar>(operand: &ArrayD<T>, result: &ArrayD<T>, index: &[usize]) -> String {
    if operand.shape() == result.shape() {
        return format!("{:e} there", operand[index]);
    }
    match operand.len() {
        0 => "no elements".to_owned(),
        1 => format!("{:e}", operand.sum()),
        count => {
            let low = operand.iter().fold(T::infinity(), |low, &x| low.min(x));
            let high = operand.iter().fold(T::neg_infinity(), |high, &x| high.max(x));
            format!("{count} elements from {low:e} to {high:e}")
        }
    }
}

impl fmt::Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, node, index, value, count: [wrong, all], .. } = self;
        write!(
            f,
            "{value} in {operation}, {wrong} of {all} elements, first at {index:?}\n  {node}"
        )?;
        for operand in &self.operands {
            write!(f, "\n  {operand}")?;
        }
        match &self.serves {
            Some(serves) => write!(f, "\n  serving {serves}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Graph, exp, grad, greater, input, log, select, sqrt, sum_all};
    use ndarray::{Array1, array};

    fn trace<'g>(y: Expr<'g>, x: &Array1<f64>) -> Option<NonFinite> {
        trace_nonfinite(&[y], &Inputs::new().with("x", x)).unwrap()
    }

    #[test]
    fn the_first_node_is_named_with_its_operands_and_line() {
        let g = Graph::new();
        let x = input(&g, "x", [3]);
        let (z, line) = (log(x).named("z"), line!());
        let y = sum_all(exp(z) * 2.0);
        let found = trace(y, &array![1.0, -2.0, 0.0]).unwrap();
        assert_eq!((found.operation.as_str(), found.label.as_deref()), ("log", Some("z")));
        assert_eq!(found.line, Some(format!("crates/ops/src/trace.rs:{line}")));
        assert_eq!((&found.index[..], found.count), (&[1][..], [2, 3]));
        assert!(found.value.is_nan() && found.serves.is_none());
        let operand = format!("operand 0: {}: -2e0 there", x.describe());
        assert_eq!(found.operands, [operand.as_str()]);
        let wanted =
            format!("NaN in log, 2 of 3 elements, first at [1]\n  {}\n  {operand}", z.describe());
        assert_eq!(found.to_string(), wanted);
        assert_eq!(trace(y, &array![1.0, 2.0, 3.0]), None);
    }

    #[test]
    fn a_derived_node_names_the_node_it_serves() {
        let g = Graph::new();
        let x = input(&g, "x", [2]);
        let root = sqrt(x);
        let [dx] = grad(sum_all(root), [x]);
        assert_eq!(trace(sum_all(root), &array![0.0, 1.0]), None, "the value is finite");
        let found = trace(dx, &array![0.0, 1.0]).unwrap();
        assert_eq!(found.serves, Some(root.describe()));
        assert!(found.node.contains(" by Vjp(0) of %1"), "{}", found.node);
    }

    #[test]
    fn what_is_not_chosen_is_not_to_blame() {
        let g = Graph::new();
        let x = input(&g, "x", [2]);
        let y = select(greater(x, x.filled(0.0)), log(x), x.filled(0.0));
        assert_eq!(trace(y, &array![0.0, 1.0]), None);
        let wrong = y + log(-x);
        let found = trace(wrong, &array![0.0, 1.0]).unwrap();
        assert_eq!(found.node, log(-x).describe());
    }

    #[test]
    fn an_input_that_is_not_finite_is_the_beginning() {
        let g = Graph::new();
        let x = input(&g, "x", [2]);
        let found = trace(exp(x), &array![f64::INFINITY, 1.0]).unwrap();
        assert_eq!((found.node, found.operands.len()), (x.describe(), 0));
    }
}
