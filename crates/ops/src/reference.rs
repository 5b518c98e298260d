//! The reference evaluator.
//!
//! Invariant: it computes one node after the other with the operations' own kernels and nothing
//! else. It is the oracle; every faster evaluator must agree with it.

use ndarray::{ArrayD, ArrayViewD};

use crate::{
    Application, Arrays, Environment, EvalError, Evaluator, Expr, Inputs, Op, Program, Scalar,
};

/// The reference evaluator: slow and plain, the oracle for all others.
///
/// It owns what it needs of the graph and can be sent to another thread.
#[derive(Clone, Debug)]
pub struct Reference {
    program: Program,
}

impl Reference {
    /// An evaluator of `outputs`, with `updates` of named arrays.
    ///
    /// # Errors
    ///
    /// As [`Program::new`].
    pub fn new(outputs: &[Expr<'_>], updates: &[(String, Expr<'_>)]) -> Result<Self, EvalError> {
        Ok(Self { program: Program::new(outputs, updates)? })
    }

    /// What it runs.
    pub(crate) fn program(&self) -> &Program {
        &self.program
    }

    /// The values of all nodes.
    fn run<T: Scalar>(
        &self, state: &Arrays<T>, inputs: &Inputs<'_, T>,
    ) -> Result<Vec<ArrayD<T>>, EvalError> {
        let env = self.program.environment(state, inputs)?;
        let mut values: Vec<ArrayD<T>> = Vec::with_capacity(self.program.steps().len());
        for step in self.program.steps() {
            values.push(apply(step, &env, |x| values[x].view())?);
        }
        Ok(values)
    }

    /// The values of all nodes, which [`revised`](Self::revised) begins with.
    pub(crate) fn values<T: Scalar>(
        &self, inputs: &Inputs<'_, T>,
    ) -> Result<Vec<ArrayD<T>>, EvalError> {
        self.run(&Arrays::new(), inputs)
    }

    /// For each node, whether its value depends on one of the named inputs.
    pub(crate) fn dependents(&self, names: &[&str]) -> Vec<bool> {
        let mut depends = Vec::with_capacity(self.program.steps().len());
        for Application { op, operands, .. } in self.program.steps() {
            let is_one = matches!(op, Op::Input(input) if names.contains(&input.name()));
            depends.push(is_one || operands.iter().any(|&x| depends[x]));
        }
        depends
    }

    /// The values of the outputs where inputs have changed since the `values` of all nodes were
    /// computed: only `dependents`, the nodes that depend on these inputs, are computed again.
    pub(crate) fn revised<T: Scalar>(
        &self, values: &[ArrayD<T>], dependents: &[bool], inputs: &Inputs<'_, T>,
    ) -> Result<Vec<ArrayD<T>>, EvalError> {
        let state = Arrays::new();
        let env = self.program.environment(&state, inputs)?;
        let mut revised: Vec<Option<ArrayD<T>>> = Vec::with_capacity(values.len());
        for (step, depends) in self.program.steps().iter().zip(dependents) {
            let y = match depends {
                true => Some(apply(step, &env, |x| now(values, &revised, x).view())?),
                false => None,
            };
            revised.push(y);
        }
        let outputs = self.program.outputs().iter();
        Ok(outputs.map(|&y| standard(now(values, &revised, y))).collect())
    }

    /// The values of the outputs, without any update.
    ///
    /// # Errors
    ///
    /// As [`Evaluator::step`].
    pub fn evaluate<T: Scalar>(&self, inputs: &Inputs<'_, T>) -> Result<Vec<ArrayD<T>>, EvalError> {
        let values = self.run(&Arrays::new(), inputs)?;
        Ok(self.program.outputs().iter().map(|&y| standard(&values[y])).collect())
    }
}

impl<T: Scalar> Evaluator<T> for Reference {
    fn step(
        &mut self, state: &mut Arrays<T>, inputs: &Inputs<'_, T>,
    ) -> Result<Vec<ArrayD<T>>, EvalError> {
        self.program.check_state(state)?;
        let values = self.run(state, inputs)?;
        for (name, y) in self.program.updates() {
            state.insert(name.clone(), standard(&values[*y]));
        }
        Ok(self.program.outputs().iter().map(|&y| standard(&values[y])).collect())
    }
}

/// The value of a step, from those of its operands.
fn apply<'v, T: Scalar>(
    step: &Application, env: &Environment<'_, T>, value: impl Fn(usize) -> ArrayViewD<'v, T>,
) -> Result<ArrayD<T>, EvalError> {
    let Application { op, operands, shape, node } = step;
    let x: Vec<_> = operands.iter().map(|&x| value(x)).collect();
    op.accept(&x, env).map_err(|problem| step.refuse(problem))?;
    let y = op.eval(&x, env);
    let (sizes, got) = (env.sizes(shape), y.shape());
    if sizes != got {
        let problem = format!("the kernel returned the sizes {got:?}, not {sizes:?}");
        return Err(EvalError::Value { node: node.clone(), problem });
    }
    Ok(y)
}

/// The value of a node, the revised one if there is one.
fn now<'v, T>(
    values: &'v [ArrayD<T>], revised: &'v [Option<ArrayD<T>>], node: usize,
) -> &'v ArrayD<T> {
    revised[node].as_ref().unwrap_or(&values[node])
}

/// A copy in row-major order.
fn standard<T: Scalar>(array: &ArrayD<T>) -> ArrayD<T> {
    array.as_standard_layout().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Check, Dim, Graph, broadcast, evaluate, grad, input, matmul, mean_all, param, sum, sum_all,
    };
    use ndarray::{Array1, Array2, array};

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
    fn revised_values_are_those_of_the_changed_inputs() {
        let g = Graph::new();
        let (x, w) = (input(&g, "x", ("n", 2)), param(&g, "w", [2]));
        let [dx, dw] = grad(mean_all(x * x * w), [x, w]);
        let reference = Reference::new(&[dx, dw, x * x], &[]).unwrap();
        let (x, w) = (array![[1.0, -2.0], [0.5, 3.0]], array![0.7, -0.2]);
        let values = reference.values(&Inputs::new().with("x", &x).with("w", &w)).unwrap();
        let (other_x, other_w) = (array![[1.0, -2.5], [0.5, 3.0]], array![0.7, 0.2]);
        for (names, x, w) in [
            (&["x"][..], &other_x, &w),
            (&["w"], &x, &other_w),
            (&["x", "w"], &other_x, &other_w),
            (&[], &x, &w),
        ] {
            let inputs = Inputs::new().with("x", x).with("w", w);
            let revised = reference.revised(&values, &reference.dependents(names), &inputs);
            assert_eq!(revised.unwrap(), reference.evaluate(&inputs).unwrap(), "{names:?}");
        }
        let square = reference.dependents(&["w"]);
        assert!(!square[reference.program.outputs()[2]] && square.contains(&true));
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
    fn a_constant_derivative_knows_the_sizes_of_what_it_does_not_read() {
        let g = Graph::new();
        let x = input(&g, "x", ("n", 2));
        let [dx] = grad(mean_all(x), [x]);
        let value =
            evaluate(&[dx], &Inputs::new().with("x", &Array2::<f64>::zeros((3, 2)))).unwrap();
        assert_eq!(value[0], Array2::from_elem((3, 2), 1.0 / 6.0).into_dyn());
        let area = input(&g, "area", vec![Dim::from("n") * Dim::from("m")]);
        input(&g, "m", ("m",));
        let (six, three, two) = (Array1::ones(6), Array2::<f64>::zeros((3, 2)), Array1::zeros(2));
        let both = Inputs::new().with("area", &six).with("x", &three).with("m", &two);
        assert_eq!(evaluate(&[area], &both).unwrap()[0].sum(), 6.0);
        let report = Check::new(&[sum_all(2.0 * x)], &[x])
            .run(&Arrays::from([("x".to_owned(), Array2::from_elem((3, 2), 0.5).into_dyn())]));
        assert!(report.unwrap().passed());
    }

    #[test]
    fn arrays_that_do_not_fit_are_named() {
        let g = Graph::new();
        let (x, w) = (input(&g, "x", ("n", 2)), param(&g, "w", (2, "k")));
        let (bias, y) = (input(&g, "bias", ("k",)), input(&g, "y", ("n", "k")));
        let cost = sum_all(matmul(x, w) + bias - y);
        let (two, three) = (Array2::<f64>::zeros((2, 2)), Array2::<f64>::zeros((3, 2)));
        let (wide, flat) = (Array2::<f64>::zeros((2, 3)), array![0.0, 0.0]);
        let error = |inputs: &Inputs<'_, f64>| evaluate(&[cost], inputs).unwrap_err().to_string();
        let good = Inputs::new().with("x", &two).with("w", &two).with("bias", &flat);
        let (dx, dy) = (x.describe(), y.describe());
        assert_eq!(error(&good), format!("no array is given for {dy}"));
        let tall = good.clone().with("y", &three);
        assert_eq!(error(&tall), format!("axis `n` is 3 by {dy}\n  and 2 by {dx}"));
        let rank = good.clone().with("y", &three).with("x", &flat);
        assert_eq!(error(&rank), format!("an array of the sizes [2] is given for {dx}"));
        let size = good.clone().with("y", &three).with("x", &wide);
        assert_eq!(error(&size), format!("an array of the sizes [2, 3] is given for {dx}"));
    }

    #[test]
    fn an_axis_without_a_size_is_named() {
        let g = Graph::new();
        let y = broadcast(input(&g, "x", [2]), [0], ("n", 2));
        let error = evaluate(&[sum(y, [0])], &Inputs::new().with("x", &array![1.0, 2.0]));
        let text = error.unwrap_err().to_string();
        let node = y.describe();
        assert_eq!(text, format!("no array given tells the size of axis `n`, wanted for {node}"));
        let odd = input(&g, "odd", vec![Dim::from("m") * Dim::from(2)]);
        let error = evaluate(&[odd], &Inputs::new().with("odd", &array![1.0, 2.0, 3.0]));
        let node = odd.describe();
        let wanted = format!("an array of the sizes [3] is given for {node}");
        assert_eq!(error.unwrap_err().to_string(), wanted);
    }

    #[test]
    fn a_step_that_fails_leaves_the_state() {
        let g = Graph::new();
        let (x, w) = (input(&g, "x", [2]), param(&g, "w", [2]));
        let mut step = Reference::new(&[], &[("w".to_owned(), w - x)]).unwrap();
        let mut state = Arrays::from([("w".to_owned(), array![1.0, 2.0].into_dyn())]);
        let before = state.clone();
        step.step(&mut state, &Inputs::new()).unwrap_err();
        let zeros = array![0.0, 0.0];
        let inputs = Inputs::new().with("w", &zeros).with("x", &zeros);
        let twice = step.step(&mut state, &inputs).unwrap_err().to_string();
        let node = w.describe();
        let wanted = "an array is given twice, among the inputs and in the state, for";
        assert_eq!(twice, format!("{wanted} {node}"));
        assert_eq!(state, before);
        let error = step.step(&mut Arrays::new(), &inputs).unwrap_err().to_string();
        assert_eq!(error, "the update of `w`: the state has no array of this name");
    }

    #[test]
    fn updates_that_make_no_sense_are_refused() {
        let g = Graph::new();
        let w = param(&g, "w", [2]);
        let total = sum_all(w).named("total");
        let error = |updates: &[(&str, Expr<'_>)]| {
            let updates: Vec<_> = updates.iter().map(|&(name, y)| (name.to_owned(), y)).collect();
            Reference::new(&[w], &updates).unwrap_err().to_string()
        };
        assert_eq!(error(&[("W", w)]), "the update of `W`: the graph has no input of this name");
        let label = error(&[("total", total)]);
        assert_eq!(label, "the update of `total`: the graph has no input of this name");
        assert_eq!(error(&[("w", w), ("w", -w)]), "the update of `w`: it is there twice");
        let (input, update) = (w.describe(), total.describe());
        let wanted = "the update of `w`: it must have the shape of its input";
        assert_eq!(error(&[("w", total)]), format!("{wanted}\n  input {input}\n  update {update}"));
    }
}
