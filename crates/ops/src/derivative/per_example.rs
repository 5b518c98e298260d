//! The gradient of each example's cost by itself.
//!
//! Invariant: the costs are written again, not differentiated by other rules. Every example gets its
//! own copy of the parameters, and the ordinary sweep does the rest.

use std::collections::HashMap;

use crate::{
    Axes, Broadcast, Concat, Dim, Expr, GradError, Id, LogSoftmax, LogSumExp, Max, Op, Pad,
    Reshape, Shape, Slice, Softmax, Sum, Tape, Transpose, broadcast, matmul, one_hot, reshape,
    sum_all, try_grad,
};

/// The gradient of each example's cost, ∂Cₓ/∂w for each w of `wrt`: in the shape of w after the axis
/// `axis` of the examples. `costs` has the cost of each, in the shape \[axis\]; the books' C is their
/// mean, so its gradient is the mean of these.
///
/// Each example is given its own copy of w, `broadcast(w, [0], [axis, ..])`; what lies between w and
/// the costs is written again with the copies, and differentiated once. So the values are as large
/// as they must be, n times w, and the graph about twice that of an ordinary gradient. A product of
/// the examples' rows with a matrix becomes a product of each row with its own matrix; a chosen row
/// of a table, a product with its one-hot row.
///
/// The examples must be along the first axis of whatever has them, and independent of each other.
///
/// ```
/// use gradus_ops::{
///     Graph, input, matmul, mean_all, param, per_example, reshape, square, transpose,
/// };
/// let g = Graph::new();
/// let (x, y) = (input(&g, "x", ("n", 3)), input(&g, "y", ("n",)));
/// let w = param(&g, "w", [1, 3]);
/// let costs = 0.5 * square(reshape(matmul(x, transpose(w)), ("n",)) - y);
/// let gradients = per_example(costs, &[w], "n").unwrap();
/// assert_eq!(gradients[0].shape().to_string(), "[n, 1, 3]");
/// ```
///
/// # Errors
///
/// If the costs have not the shape \[axis\], or do not depend on one of `wrt`; if something between
/// has the examples elsewhere than along its first axis, lets them act on each other (as batch
/// normalisation does), or is an operation that has no form with a parameter for each example
/// (convolutions have none).
#[track_caller]
pub fn per_example<'g>(
    costs: Expr<'g>, wrt: &[Expr<'g>], axis: &str,
) -> Result<Vec<Expr<'g>>, PerExampleError> {
    let _line = costs.graph().here();
    let n = Dim::named(axis).map_err(PerExampleError::Axis)?;
    if costs.shape() != Shape::from(vec![n.clone()]) {
        return Err(PerExampleError::Costs { axis: axis.to_owned(), costs: costs.describe() });
    }
    // Asked for, since a parameter without an effect would be refused by the name of its copy.
    try_grad(sum_all(costs), wrt)?;
    let mut copies = Copies { n, of: HashMap::new() };
    let own: Vec<_> = wrt.iter().map(|&w| copies.own(w)).collect::<Result<_, _>>()?;
    for &id in Tape::new(&[costs]).ids() {
        copies.write(costs.graph().expr(id))?;
    }
    Ok(try_grad(sum_all(copies.read(costs)), &own)?)
}

/// Costs that have no gradient for each example, or none that can be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PerExampleError {
    /// The axis has no name.
    #[error("{0}")]
    Axis(String),
    /// There is not one cost for each example.
    #[error("a cost for each example is wanted, in the shape [{axis}]\n  got {costs}")]
    Costs {
        /// The axis of the examples.
        axis: String,
        /// The costs, described.
        costs: String,
    },
    /// The costs do not depend on a parameter.
    #[error(transparent)]
    Grad(#[from] GradError),
    /// A node between the parameters and the costs has no form with a parameter for each example.
    #[error("{problem}\n  at {operation} = {node}")]
    Node {
        /// What is wrong with it.
        problem: String,
        /// The operation.
        operation: String,
        /// The node, described.
        node: String,
    },
}

/// What depends on the parameters, written again with a copy of them for each example.
struct Copies<'g> {
    n: Dim,
    of: HashMap<Id, Expr<'g>>,
}

impl<'g> Copies<'g> {
    /// The copies of a parameter, which everything after reads in its place.
    fn own(&mut self, w: Expr<'g>) -> Result<Expr<'g>, PerExampleError> {
        if self.has_examples(w)? {
            return Err(refuse(w, "this has a value for each example already".to_owned()));
        }
        let own = self.repeat(w);
        self.of.insert(w.id(), own);
        Ok(own)
    }

    /// The node with the copies, or as it is if it does not depend on them.
    fn read(&self, y: Expr<'g>) -> Expr<'g> {
        self.of.get(&y.id()).copied().unwrap_or(y)
    }

    /// Writes `y` again, if it depends on the copies and is not one.
    fn write(&mut self, y: Expr<'g>) -> Result<(), PerExampleError> {
        let x = y.operands();
        if self.of.contains_key(&y.id()) || !x.iter().any(|x| self.of.contains_key(&x.id())) {
            return Ok(());
        }
        let mut batched = Vec::with_capacity(x.len());
        for &x in &x {
            batched.push(self.has_examples(x)?);
        }
        let written = match (self.has_examples(y)?, batched.contains(&true)) {
            (false, false) => {
                let op = self.stacked(y)?;
                let x: Vec<_> = x.iter().map(|&x| self.each(x)).collect();
                y.graph().apply(op, &x)
            }
            (false, true) => {
                return Err(refuse(y, "this adds up or compares the examples".to_owned()));
            }
            (true, _) => self.batched(y, &batched)?,
        };
        self.of.insert(y.id(), written);
        Ok(())
    }

    /// A node that has the examples, of operands some of which do not.
    fn batched(&self, y: Expr<'g>, batched: &[bool]) -> Result<Expr<'g>, PerExampleError> {
        let (op, x) = (y.op(), y.operands());
        let mixes = match &op {
            Op::Softmax(Softmax { axis }) | Op::LogSoftmax(LogSoftmax { axis }) => *axis == 0,
            Op::Gather(gather) => gather.axis == 0 && batched[0],
            Op::ScatterAdd(scatter) => scatter.axis() == 0,
            Op::Custom(_) => true,
            _ => false,
        };
        if mixes {
            return Err(refuse(y, "this may let the examples act on each other".to_owned()));
        }
        let shared = |k: usize| !batched[k] && self.of.contains_key(&x[k].id());
        if !(0..x.len()).any(shared) {
            let x: Vec<_> = x.iter().map(|&x| self.read(x)).collect();
            return Ok(y.graph().apply(op, &x));
        }
        match op {
            Op::Broadcast(Broadcast { axes, shape }) => {
                let others: Axes = axes.iter().filter(|&axis| axis != 0).collect();
                Ok(broadcast(self.read(x[0]), others, shape))
            }
            Op::Matmul(_) if batched[0] && x[1].shape().rank() == 2 => {
                let row =
                    Shape::from(vec![self.n.clone(), Dim::from(1), x[0].shape().dims()[1].clone()]);
                Ok(reshape(matmul(reshape(self.read(x[0]), row), self.read(x[1])), y.shape()))
            }
            Op::Gather(gather) if gather.axis == 0 && !shared(1) && x[0].shape().rank() == 2 => {
                let table = x[0].shape();
                let Some(rows) = table.dims()[0].plain() else {
                    return Err(self.without_form(y));
                };
                // Rows of one table each: the places of all indices of an example are one axis.
                let places = x[1].shape().without([0].into()).len();
                let chosen = vec![self.n.clone(), places, Dim::from(rows)];
                let chosen = reshape(one_hot(self.read(x[1]), rows), chosen);
                Ok(reshape(matmul(chosen, self.read(x[0])), y.shape()))
            }
            _ => Err(self.without_form(y)),
        }
    }

    /// The operation of `y`, whose operands have no examples, for a stack of operands.
    fn stacked(&self, y: Expr<'g>) -> Result<Op, PerExampleError> {
        let after = |axes: Axes| axes.iter().map(|axis| axis + 1).collect::<Axes>();
        let next = |axis: u8| axis + 1;
        Ok(match y.op() {
            Op::Sum(Sum { axes }) => Sum { axes: after(axes) }.into(),
            Op::Max(Max { axes }) => Max { axes: after(axes) }.into(),
            Op::LogSumExp(LogSumExp { axes }) => LogSumExp { axes: after(axes) }.into(),
            Op::Softmax(Softmax { axis }) => Softmax { axis: axis + 1 }.into(),
            Op::LogSoftmax(LogSoftmax { axis }) => LogSoftmax { axis: axis + 1 }.into(),
            Op::Broadcast(Broadcast { axes, shape }) => {
                Broadcast { axes: after(axes), shape: self.stack_of(&shape) }.into()
            }
            Op::Reshape(Reshape { shape }) => Reshape { shape: self.stack_of(&shape) }.into(),
            Op::Transpose(transpose) => {
                let order = transpose.order().iter().map(|axis| axis + 1);
                Transpose::new(&[0].into_iter().chain(order).collect::<Vec<_>>()).into()
            }
            Op::Slice(slice) => Slice { axis: next(slice.axis), ..slice }.into(),
            Op::Pad(pad) => Pad { axis: next(pad.axis), ..pad }.into(),
            Op::Concat(Concat { axis }) => Concat { axis: next(axis) }.into(),
            op @ (Op::OneHot(_) | Op::Matmul(_)) => op,
            op if op.is_elementwise() => op,
            _ => return Err(self.without_form(y)),
        })
    }

    /// The value for each example of a node that has no examples: its copies, or itself repeated.
    fn each(&self, x: Expr<'g>) -> Expr<'g> {
        self.of.get(&x.id()).copied().unwrap_or_else(|| self.repeat(x))
    }

    fn repeat(&self, x: Expr<'g>) -> Expr<'g> {
        broadcast(x, [0], self.stack_of(&x.shape()))
    }

    fn stack_of(&self, shape: &Shape) -> Shape {
        [&self.n].into_iter().chain(shape.dims()).cloned().collect()
    }

    /// Whether `y` has a value for each example: along its first axis, and nowhere else.
    fn has_examples(&self, y: Expr<'g>) -> Result<bool, PerExampleError> {
        let (shape, name) = (y.shape(), &self.n.axes()[0]);
        let mut places = shape.dims().iter().map(|dim| dim.axes().contains(name));
        match (places.next(), places.any(|place| place)) {
            (Some(true), false) if shape.dims()[0] == self.n => Ok(true),
            (None | Some(false), false) => Ok(false),
            _ => Err(refuse(y, format!("the axis {name} must be the first, and only there"))),
        }
    }

    fn without_form(&self, y: Expr<'g>) -> PerExampleError {
        refuse(y, format!("{} has no form with a parameter for each example", y.op().card().name))
    }
}

fn refuse(y: Expr<'_>, problem: String) -> PerExampleError {
    PerExampleError::Node { problem, operation: y.op().to_string(), node: y.describe() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Arrays, Check, Convolution, Graph, Inputs, concat, conv2d, evaluate, exp, gather, grad,
        input, log_softmax, mean, param, sigmoid, slice, softmax, square, sum, tanh, transpose,
    };
    use ndarray::{ArrayD, Axis, Slice as Part};

    /// Numbers without a pattern.
    fn some(sizes: &[usize], seed: f64) -> ArrayD<f64> {
        let mut k = seed;
        ArrayD::from_shape_simple_fn(sizes, || {
            k += 1.0;
            (1.7 * k).sin()
        })
    }

    /// The costs of the examples of a network in which parameters are used as they are, transposed,
    /// through functions of their own, and more than once.
    fn network(g: &Graph) -> (Expr<'_>, Vec<Expr<'_>>, Arrays<f64>) {
        let (x, y) = (input(g, "x", ("n", 3)), input(g, "y", ("n", 2)));
        let (w, b) = (param(g, "w", [4, 3]), param(g, "b", [4]));
        let (v, s) = (param(g, "v", [2, 4]), param(g, "s", ()));
        let a = sigmoid(matmul(x, transpose(w)) + b * exp(s));
        let doubled = softmax(concat(&[v, tanh(v * s)], 0), 1);
        let z = matmul(a, transpose(slice(doubled, 0, 1..3))) + sum_all(matmul(v, w));
        let costs = sum(-y * log_softmax(z, 1), [1]) + s * sum_all(square(w)) * sum(a, [1]);
        let arrays = [("x", &[5, 3][..]), ("y", &[5, 2]), ("w", &[4, 3]), ("b", &[4])];
        let arrays = arrays.into_iter().chain([("v", &[2, 4][..]), ("s", &[])]);
        let at = arrays
            .zip(0..)
            .map(|((name, sizes), k)| (name.to_owned(), some(sizes, 10.0 * f64::from(k))));
        (costs, vec![w, b, v, s], at.collect())
    }

    /// Compares with the gradients of one example after the other, each a batch of its own, and
    /// with the gradient of the sum.
    fn agrees(costs: Expr<'_>, wrt: &[Expr<'_>], at: &Arrays<f64>, data: &[&str]) {
        let values =
            |of: &[Expr<'_>], at: &Arrays<f64>| evaluate(of, &Inputs::new().with_all(at)).unwrap();
        let gradients = values(&per_example(costs, wrt, "n").unwrap(), at);
        let total = try_grad(sum_all(costs), wrt).unwrap();
        let near = |a: &ArrayD<f64>, b: &ArrayD<f64>| {
            let scale = 1.0 + b.iter().fold(0.0f64, |m, b| m.max(b.abs()));
            assert_eq!(a.shape(), b.shape());
            assert!((a - b).iter().all(|d| d.abs() <= 1e-13 * scale), "{a}\n{b}");
        };
        let n = gradients[0].shape()[0];
        for k in 0..n {
            let mut alone = at.clone();
            for &name in data {
                let part = at[name].slice_axis(Axis(0), Part::from(k..k + 1)).to_owned();
                alone.insert(name.to_owned(), part);
            }
            for (all, one) in gradients.iter().zip(values(&total, &alone)) {
                near(&all.index_axis(Axis(0), k).to_owned(), &one);
            }
        }
        for (all, sum) in gradients.iter().zip(values(&total, at)) {
            near(&all.sum_axis(Axis(0)), &sum);
        }
    }

    #[test]
    fn as_loops_over_the_examples() {
        let g = Graph::new();
        let (costs, wrt, at) = network(&g);
        agrees(costs, &wrt, &at, &["x", "y"]);
        // One alone: the others stay what all examples share.
        for w in wrt {
            agrees(costs, &[w], &at, &["x", "y"]);
        }
    }

    #[test]
    fn they_can_be_differentiated_again() {
        let g = Graph::new();
        let (costs, wrt, at) = network(&g);
        let gradients = per_example(costs, &wrt, "n").unwrap();
        let report = Check::new(&gradients[1..2], &wrt).order(1).run(&at).unwrap();
        assert!(report.passed(), "{report}");
    }

    #[test]
    fn rows_of_a_table_chosen_by_number() {
        let g = Graph::new();
        let (table, words) = (param(&g, "table", [6, 2]), input(&g, "words", ("n", 3)));
        let costs = sum(square(sum(tanh(gather(table, words, 0)), [1])), [1]);
        let words = ArrayD::from_shape_fn(vec![4, 3], |k| ((2 * k[0] + 3 * k[1]) % 6) as f64);
        let at =
            Arrays::from([("table".to_owned(), some(&[6, 2], 0.0)), ("words".to_owned(), words)]);
        agrees(costs, &[table], &at, &["words"]);
    }

    #[test]
    fn stacks_of_matrices() {
        let g = Graph::new();
        let (x, q) = (input(&g, "x", ("n", 4, 3)), param(&g, "q", [3, 3]));
        let scores = matmul(x, broadcast(q, [0], ("n", 3, 3)));
        let mixed = matmul(softmax(matmul(scores, transpose(x)), 2), x);
        let costs = mean(reshape(square(mixed), ("n", 12)), [1]);
        let at = Arrays::from([
            ("x".to_owned(), some(&[2, 4, 3], 0.0)),
            ("q".to_owned(), some(&[3, 3], 50.0)),
        ]);
        agrees(costs, &[q], &at, &["x"]);
    }

    #[test]
    fn what_has_no_gradient_for_each_example_is_named() {
        let g = Graph::new();
        let (x, w) = (input(&g, "x", ("n", 3)), param(&g, "w", [3]));
        let unused = param(&g, "unused", [2]);
        let z = x * w;
        let starts = |costs, wrt: &[Expr<'_>], wanted: &str| {
            let text = per_example(costs, wrt, "n").unwrap_err().to_string();
            assert!(text.starts_with(wanted), "{text}");
        };
        starts(z, &[w], "a cost for each example is wanted, in the shape [n]\n  got %");
        let wanted = "the output does not depend differentiably on\n  %2 `unused`";
        starts(sum(z, [1]), &[w, unused], wanted);
        let centred = sum(z - mean(z, [0]), [1]);
        starts(centred, &[w], "this adds up or compares the examples\n  at sum[0] = %");
        let compared = sum(softmax(z, 0), [1]);
        starts(compared, &[w], "this may let the examples act on each other\n  at softmax[");
        let others = sum(gather(z, input(&g, "others", ("n",)), 0), [1]);
        starts(others, &[w], "this may let the examples act on each other\n  at gather[");
        let turned = sum(transpose(transpose(z)), [1]);
        starts(turned, &[w], "the axis n must be the first, and only there\n  at transpose[1");
        let (p, f) = (input(&g, "p", ("n", 1, 3, 3)), param(&g, "f", [1, 1, 3, 3]));
        let map = reshape(conv2d(p, f, Convolution::default()), ("n",));
        starts(map, &[f], "conv2d has no form with a parameter for each example\n  at conv2d");
        starts(sum(z, [1]), &[z], "this has a value for each example already\n  at mul = %");
        let text = per_example(sum(z, [1]), &[w], "2n").unwrap_err().to_string();
        assert_eq!(text, "`2n` is no axis name: a letter, then letters, digits and _");
    }

    #[test]
    fn a_linear_cost_gives_back_the_examples() {
        let g = Graph::new();
        let (x, w) = (input(&g, "x", ("n", 2)), param(&g, "w", [2]));
        let gradients = per_example(sum(x * w, [1]), &[w], "n").unwrap();
        let at = Arrays::from([("x".to_owned(), some(&[3, 2], 0.0))]);
        let value = evaluate(&gradients, &Inputs::new().with_all(&at)).unwrap();
        assert_eq!(value[0], at["x"], "∂(x · w)/∂w is x, to the last bit");
        let [again] = grad(sum_all(exp(gradients[0])), [x]);
        assert_eq!(again.shape(), x.shape());
    }
}
