//! The reference evaluator.
//!
//! Invariant: it computes one node after the other with the operations' own kernels and nothing
//! else. It is the oracle; every faster evaluator must agree with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD};

use crate::{Arrays, Dim, EvalError, Evaluator, Expr, Inputs, Op, Scalar, Shape, Tape};

/// The reference evaluator: slow and plain, the oracle for all others.
///
/// It owns what it needs of the graph and can be sent to another thread.
#[derive(Clone, Debug)]
pub struct Reference {
    nodes: Vec<Step>,
    declared: Vec<(String, Shape)>,
    axes: Vec<(Arc<str>, String)>,
    outputs: Vec<usize>,
    updates: Vec<(String, usize)>,
}

/// One node: what it applies, to which values, and how it is named in an error.
#[derive(Clone, Debug)]
struct Step {
    op: Op,
    operands: Vec<usize>,
    node: String,
}

impl Reference {
    /// An evaluator of `outputs`, with `updates` of named arrays.
    ///
    /// # Errors
    ///
    /// If an update does not have the shape of the input that it is for.
    pub fn new(outputs: &[Expr<'_>], updates: &[(String, Expr<'_>)]) -> Result<Self, EvalError> {
        let roots: Vec<_> = outputs.iter().chain(updates.iter().map(|(_, y)| y)).copied().collect();
        let tape = Tape::new(&roots);
        let place = |y: Expr<'_>| tape.position(y.id()).expect("the tape has what its roots need");
        let mut evaluator = Self {
            nodes: Vec::with_capacity(tape.len()),
            declared: Vec::new(),
            axes: Vec::new(),
            outputs: outputs.iter().map(|&y| place(y)).collect(),
            updates: updates.iter().map(|(name, y)| (name.clone(), place(*y))).collect(),
        };
        for &id in tape.ids() {
            let y = roots[0].graph().expr(id);
            if let Op::Input(input) = y.op() {
                evaluator.declared.push((input.name().to_owned(), input.declared().clone()));
            }
            evaluator.note_axes(y);
            let operands = y.operands().iter().map(|&x| place(x)).collect();
            evaluator.nodes.push(Step { op: y.op(), operands, node: y.describe() });
        }
        for (name, update) in updates {
            let declared = evaluator.declared.iter().find(|(declared, _)| declared == name);
            if let Some((_, shape)) = declared.filter(|(_, shape)| *shape != update.shape()) {
                let (declared, update) = (shape.to_string(), update.describe());
                return Err(EvalError::Update { name: name.clone(), declared, update });
            }
        }
        Ok(evaluator)
    }

    /// Notes the named axes that must have a size before `y` can be computed.
    fn note_axes(&mut self, y: Expr<'_>) {
        let shape = y.shape();
        let of_size = if let Op::Size(size) = y.op() { size.dim().axes().to_vec() } else { vec![] };
        for axis in shape.dims().iter().flat_map(Dim::axes).chain(&of_size) {
            if self.axes.iter().all(|(known, _)| known != axis) {
                self.axes.push((axis.clone(), y.describe()));
            }
        }
    }

    /// The values of all nodes.
    fn run<T: Scalar>(
        &self, state: &Arrays<T>, inputs: &Inputs<'_, T>,
    ) -> Result<Vec<ArrayD<T>>, EvalError> {
        let env = Environment::new(&self.declared, state, inputs)?;
        if let Some((axis, node)) = self.axes.iter().find(|(axis, _)| !env.axes.contains_key(axis))
        {
            let (axis, node) = (axis.to_string(), node.clone());
            return Err(EvalError::AxisUnknown { axis, node });
        }
        let mut values: Vec<ArrayD<T>> = Vec::with_capacity(self.nodes.len());
        for Step { op, operands, node } in &self.nodes {
            let x: Vec<_> = operands.iter().map(|&x| values[x].view()).collect();
            op.accept(&x, &env).map_err(|problem| {
                let node = format!("{op}, {node}");
                EvalError::Value { node, problem }
            })?;
            let y = op.eval(&x, &env);
            values.push(y);
        }
        Ok(values)
    }

    /// The values of the outputs, without any update.
    ///
    /// # Errors
    ///
    /// As [`Evaluator::step`].
    pub fn evaluate<T: Scalar>(&self, inputs: &Inputs<'_, T>) -> Result<Vec<ArrayD<T>>, EvalError> {
        let values = self.run(&Arrays::new(), inputs)?;
        Ok(self.outputs.iter().map(|&y| standard(&values[y])).collect())
    }
}

impl<T: Scalar> Evaluator<T> for Reference {
    fn step(
        &mut self, state: &mut Arrays<T>, inputs: &Inputs<'_, T>,
    ) -> Result<Vec<ArrayD<T>>, EvalError> {
        let values = self.run(state, inputs)?;
        for (name, y) in &self.updates {
            state.insert(name.clone(), standard(&values[*y]));
        }
        Ok(self.outputs.iter().map(|&y| standard(&values[y])).collect())
    }
}

/// What a kernel may ask for beside its operands: the arrays given, and the sizes of named axes.
#[derive(Debug)]
pub struct Environment<'a, T> {
    arrays: BTreeMap<&'a str, ArrayViewD<'a, T>>,
    axes: BTreeMap<Arc<str>, (usize, &'a str)>,
}

impl<'a, T> Environment<'a, T> {
    /// The array given under a name.
    ///
    /// # Panics
    ///
    /// If there is none; an evaluator checks that before it runs.
    pub fn array(&self, name: &str) -> &ArrayViewD<'a, T> {
        &self.arrays[name]
    }

    /// The size of a dimension.
    ///
    /// # Panics
    ///
    /// If an axis has no size; an evaluator checks that before it runs.
    pub fn size(&self, dim: &Dim) -> usize {
        dim.axes().iter().map(|axis| self.axes[axis].0).product::<usize>() * dim.size()
    }

    /// The sizes of all dimensions of a shape.
    ///
    /// # Panics
    ///
    /// As [`size`](Self::size).
    pub fn sizes(&self, shape: &Shape) -> Vec<usize> {
        shape.dims().iter().map(|dim| self.size(dim)).collect()
    }

    /// The arrays of the declared inputs, with the sizes of the named axes read off them.
    fn new(
        declared: &'a [(String, Shape)], state: &'a Arrays<T>, inputs: &'a Inputs<'_, T>,
    ) -> Result<Self, EvalError> {
        let mut env = Self { arrays: BTreeMap::new(), axes: BTreeMap::new() };
        for (name, shape) in declared {
            let array = match (state.get(name), inputs.get(name)) {
                (Some(_), Some(_)) => return Err(EvalError::Twice { name: name.clone() }),
                (Some(array), None) => array.view(),
                (None, Some(array)) => array.view(),
                (None, None) => {
                    let (name, shape) = (name.clone(), shape.to_string());
                    return Err(EvalError::Missing { name, shape });
                }
            };
            env.arrays.insert(name, array);
        }
        for (name, shape) in declared {
            env.bind(name, shape)?;
        }
        for (name, shape) in declared {
            let given = env.arrays[name.as_str()].shape().to_vec();
            let known = shape.dims().iter().flat_map(Dim::axes).all(|a| env.axes.contains_key(a));
            if given.len() != shape.rank() || known && env.sizes(shape) != given {
                let (name, declared) = (name.clone(), shape.to_string());
                return Err(EvalError::Shape { name, declared, given });
            }
        }
        Ok(env)
    }

    /// Gives the axes that stand alone in a dimension of an input the size that its array has.
    fn bind(&mut self, name: &'a str, shape: &Shape) -> Result<(), EvalError> {
        let given = self.arrays[name].shape().to_vec();
        for (dim, &size) in shape.dims().iter().zip(&given) {
            let ([axis], 1..) = (dim.axes(), dim.size()) else { continue };
            if size % dim.size() != 0 {
                let (name, declared) = (name.to_owned(), shape.to_string());
                return Err(EvalError::Shape { name, declared, given });
            }
            let size = size / dim.size();
            let &mut (known, other) = self.axes.entry(axis.clone()).or_insert((size, name));
            if known != size {
                return Err(EvalError::AxisTwice {
                    axis: axis.to_string(),
                    name: name.to_owned(),
                    size,
                    other: other.to_owned(),
                    other_size: known,
                });
            }
        }
        Ok(())
    }
}

/// A copy in row-major order.
fn standard<T: Scalar>(array: &ArrayD<T>) -> ArrayD<T> {
    array.as_standard_layout().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Graph, broadcast, evaluate, input, matmul, param, sum, sum_all};
    use ndarray::{Array2, array};

    #[test]
    fn the_same_graph_runs_in_f32_and_f64() {
        let g = Graph::new();
        let x = input(&g, "x", ("n",));
        let y = [0.1 * x];
        let single = evaluate(&y, &Inputs::new().with("x", &array![3f32])).unwrap();
        let double = evaluate(&y, &Inputs::new().with("x", &array![3f64])).unwrap();
        assert_eq!(single[0], array![0.1f32 * 3.0].into_dyn());
        assert_eq!(double[0], array![0.1f64 * 3.0].into_dyn());
    }

    #[test]
    fn all_arrays_are_updated_at_once() {
        let g = Graph::new();
        let (a, b) = (param(&g, "a", ()), param(&g, "b", ()));
        let updates = [("a".to_owned(), a + b), ("b".to_owned(), a - b)];
        let mut step = Reference::new(&[a * b], &updates).unwrap();
        let number = |x: f64| ndarray::arr0(x).into_dyn();
        let mut state =
            Arrays::from([("a".to_owned(), number(2.0)), ("b".to_owned(), number(3.0))]);
        let y = step.step(&mut state, &Inputs::new()).unwrap();
        assert_eq!(y, [number(6.0)], "outputs are those of the state before");
        assert_eq!((&state["a"], &state["b"]), (&number(5.0), &number(-1.0)));
    }

    #[test]
    fn named_axes_take_their_sizes_from_the_inputs() {
        let g = Graph::new();
        let x = input(&g, "x", vec![Dim::from("n") * Dim::from(2)]);
        let y = broadcast(sum_all(x), [0, 1], ("n", "n"));
        let value = evaluate(&[y], &Inputs::new().with("x", &array![1.0, 2.0, 3.0, 4.0])).unwrap();
        assert_eq!(value[0], Array2::from_elem((2, 2), 10.0).into_dyn());
    }

    #[test]
    fn arrays_that_do_not_fit_are_named() {
        let g = Graph::new();
        let (x, w) = (input(&g, "x", ("n", 2)), param(&g, "w", (2, "k")));
        let (bias, y) = (input(&g, "bias", ("k",)), input(&g, "y", ("n", "k")));
        let cost = sum_all(matmul(x, w) + bias - y);
        let (two, three) = (Array2::<f64>::zeros((2, 2)), Array2::<f64>::zeros((3, 3)));
        let bias = array![0.0, 0.0];
        let text = |inputs: &Inputs<'_, f64>| evaluate(&[cost], inputs).unwrap_err();
        let good = Inputs::new().with("x", &two).with("w", &two).with("bias", &bias);
        assert_eq!(text(&good).to_string(), "no array is given for input `y`, which is [n, k]");
        let tall = good.clone().with("y", &three);
        let wanted = "axis `n` is 3 by input `y` and 2 by input `x`";
        assert_eq!(text(&tall).to_string(), wanted);
        let flat = good.clone().with("y", &two).with("x", &bias);
        let wanted = "input `x` is [n, 2], the array given for it is [2]";
        assert_eq!(text(&flat).to_string(), wanted);
        let three_wide = Array2::<f64>::zeros((2, 3));
        let wide = good.clone().with("y", &two).with("x", &three_wide);
        let wanted = "input `x` is [n, 2], the array given for it is [2, 3]";
        assert_eq!(text(&wide).to_string(), wanted);
    }

    #[test]
    fn an_axis_without_a_size_is_named() {
        let g = Graph::new();
        let x = input(&g, "x", [2]);
        let (y, line) = (broadcast(x, [0], ("n", 2)), line!());
        let error = evaluate(&[sum(y, [0])], &Inputs::new().with("x", &array![1.0, 2.0]));
        let wanted = format!(
            "no input gives axis `n` a size; it is wanted for %1 : [n, 2], written at {}:{line}",
            file!()
        );
        assert_eq!(error.unwrap_err().to_string(), wanted);
        let odd = input(&g, "odd", vec![Dim::from("m") * Dim::from(2)]);
        let error = evaluate(&[odd], &Inputs::new().with("odd", &array![1.0, 2.0, 3.0]));
        let wanted = "input `odd` is [2·m], the array given for it is [3]";
        assert_eq!(error.unwrap_err().to_string(), wanted);
    }

    #[test]
    fn a_step_that_fails_leaves_the_state() {
        let g = Graph::new();
        let (x, w) = (input(&g, "x", [2]), param(&g, "w", [2]));
        let update = |y| [("w".to_owned(), y)];
        let mut step = Reference::new(&[], &update(w - x)).unwrap();
        let mut state = Arrays::from([("w".to_owned(), array![1.0, 2.0].into_dyn())]);
        let before = state.clone();
        step.step(&mut state, &Inputs::new()).unwrap_err();
        let zeros = array![0.0, 0.0];
        let twice = step.step(&mut state, &Inputs::new().with("w", &zeros).with("x", &zeros));
        let wanted = "`w` is given twice: among the inputs and in the state";
        assert_eq!(twice.unwrap_err().to_string(), wanted);
        assert_eq!(state, before);
        let (total, line) = (sum_all(w), line!());
        let error = Reference::new(&[w], &update(total)).unwrap_err();
        let wanted = format!(
            "the update of `w` is %3 : [], written at {}:{line}, the input is [2]",
            file!()
        );
        assert_eq!(error.to_string(), wanted);
    }
}
