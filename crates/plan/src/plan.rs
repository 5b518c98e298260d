//! Compiled plans.

use std::fmt;
use std::time::Duration;

use gradus_ops::{Arrays, EvalError, Evaluator, Expr, Inputs, Program};
use ndarray::ArrayD;

use crate::kernels::{Isa, Numerics, Real};
use crate::lower::Target;
use crate::part::Part;
use crate::pool::Pool;
use crate::replay::Compiled;
use crate::report::Reason;

/// A graph's outputs and updates, compiled: for each binding of the named axes once, the first time
/// that arrays of these sizes come, and then replayed.
///
/// ```
/// use gradus_ops::{Arrays, Graph, Inputs, grad, input, param, sum_all};
/// use gradus_plan::compile;
/// use ndarray::{arr0, array};
///
/// let g = Graph::new();
/// let (w, eta) = (param(&g, "w", [2]), input(&g, "eta", ()));
/// let cost = sum_all(w * w);
/// let [dw] = grad(cost, [w]);
/// let mut plan = compile(&[cost], &[("w".to_owned(), w - eta * dw)]).unwrap();
///
/// let mut state = Arrays::from([("w".to_owned(), array![3.0, 4.0].into_dyn())]);
/// let eta = arr0(0.25);
/// let cost = plan.step(&mut state, &Inputs::new().with("eta", &eta)).unwrap();
/// assert_eq!(cost[0], arr0(25.0).into_dyn());
/// assert_eq!(state["w"], array![1.5, 2.0].into_dyn());
/// ```
pub struct Plan<T> {
    program: Program,
    target: Target,
    pool: Pool,
    compiled: Vec<Compiled<T>>,
    latest: usize,
}

/// Compiles `outputs` and `updates` of named arrays.
///
/// # Errors
///
/// As [`Program::new`].
pub fn compile<T: Real>(
    outputs: &[Expr<'_>], updates: &[(String, Expr<'_>)],
) -> Result<Plan<T>, EvalError> {
    let program = Program::new(outputs, updates)?;
    let target = Target { isa: Isa::best(), numerics: Numerics::Fast, round: None };
    Ok(Plan { program, target, pool: Pool::new(1), compiled: Vec::new(), latest: 0 })
}

impl<T: Real> Plan<T> {
    /// This plan with other numerics.
    pub fn numerics(self, numerics: Numerics) -> Self {
        let target = Target { numerics, ..self.target };
        Self { target, compiled: Vec::new(), ..self }
    }

    /// This plan with the instructions of another set than the machine's best.
    ///
    /// # Panics
    ///
    /// If the machine does not have them.
    #[track_caller]
    pub fn instructions(self, isa: Isa) -> Self {
        assert!(Isa::available().contains(&isa), "this machine has no {isa:?}");
        let target = Target { isa, ..self.target };
        Self { target, compiled: Vec::new(), ..self }
    }

    /// This plan on so many threads, at most 64: one, if nothing is said. The bits are the same for
    /// any number.
    ///
    /// The threads beside the calling one are those of a pool that all plans of the process share;
    /// they sleep when they have nothing to do. A step that is too small to be divided runs on one
    /// thread, and so does all of a plan's step while another plan's is using the pool.
    pub fn threads(self, threads: usize) -> Self {
        Self { pool: Pool::new(threads), compiled: Vec::new(), ..self }
    }

    /// This plan with batches taken so many examples at a time, at least one, where they can be: where
    /// what is computed of each example depends on no other, and the rest on sums over them. It
    /// needs less memory then. If nothing is said, the plan chooses.
    ///
    /// ```
    /// use gradus_ops::{Arrays, Graph, Inputs, input, matmul, mean_all, param, relu};
    /// use gradus_plan::compile;
    /// use ndarray::Array2;
    ///
    /// let g = Graph::new();
    /// let (x, w) = (input(&g, "x", ("n", 3)), param(&g, "w", [3, 2]));
    /// let mut plan = compile::<f32>(&[mean_all(relu(matmul(x, w)))], &[]).unwrap().round(16);
    /// let mut state = Arrays::from([("w".to_owned(), Array2::ones((3, 2)).into_dyn())]);
    /// let x = Array2::ones((100, 3));
    /// let y = plan.step(&mut state, &Inputs::new().with("x", &x)).unwrap();
    /// assert!((y[0].sum() - 3.0).abs() < 1e-5);
    /// assert!(plan.describe().contains("6 rounds of 16 examples"));
    /// ```
    pub fn round(self, examples: usize) -> Self {
        let target = Target { round: Some(examples.max(1)), ..self.target };
        Self { target, compiled: Vec::new(), ..self }
    }

    /// The memory of the binding that was used last, in bytes: what the plan keeps for the values
    /// between its steps, and how much of it is alive at the worst moment.
    pub fn memory(&self) -> (usize, usize) {
        let bytes = |numbers: usize| numbers * size_of::<T>();
        let latest = self.compiled.get(self.latest).map(Compiled::len);
        latest.map_or((0, 0), |(arena, live, _)| (bytes(arena), bytes(live)))
    }

    /// One step: reads `inputs` and `state`, updates `state` in place, returns the outputs, which
    /// stay until the next step.
    ///
    /// After the first step with arrays of some sizes, a step with such arrays allocates nothing, but
    /// for random numbers and operations of the user's own.
    ///
    /// # Errors
    ///
    /// As [`Evaluator::step`]; `state` is then as it was.
    pub fn step(
        &mut self, state: &mut Arrays<T>, inputs: &Inputs<'_, T>,
    ) -> Result<&[ArrayD<T>], EvalError> {
        self.repeat(1, state, inputs)
    }

    /// So many steps with the same arrays, at least one, as gradient descent on a whole set of data
    /// takes them; returns the outputs of the last. Arrays are looked for once: of a step that takes
    /// a fraction of a microsecond, that is a good part.
    ///
    /// ```
    /// use gradus_ops::{Arrays, Graph, Inputs, param};
    /// use gradus_plan::compile;
    /// use ndarray::arr0;
    ///
    /// let g = Graph::new();
    /// let w = param(&g, "w", ());
    /// let mut plan = compile::<f64>(&[w], &[("w".to_owned(), 0.5 * w)]).unwrap();
    /// let mut state = Arrays::from([("w".to_owned(), arr0(8.0).into_dyn())]);
    /// let w = plan.repeat(3, &mut state, &Inputs::new()).unwrap();
    /// assert_eq!(w[0], arr0(2.0).into_dyn());
    /// assert_eq!(state["w"], arr0(1.0).into_dyn());
    /// ```
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step), by the first step that cannot be done; `state` is then as the steps
    /// before have left it.
    pub fn repeat(
        &mut self, steps: usize, state: &mut Arrays<T>, inputs: &Inputs<'_, T>,
    ) -> Result<&[ArrayD<T>], EvalError> {
        let known = self.compiled.get_mut(self.latest).is_some_and(|c| c.fits(state, inputs));
        if !known {
            self.latest = self.specialise(state, inputs)?;
        }
        let compiled = &mut self.compiled[self.latest];
        if let Err(objection) = T::run(compiled, steps.max(1), None) {
            return Err(self.program.steps()[objection.origin].refuse(objection.problem));
        }
        Ok(&self.compiled[self.latest].outputs)
    }

    /// The steps of the binding that was used last: what each does, how many operations on numbers
    /// that takes, and for which nodes of the graph; the memory that it all takes; and the values
    /// that are stored between steps, with the reasons why no pass or product took them in.
    pub fn describe(&self) -> String {
        let Some(compiled) = self.compiled.get(self.latest) else {
            return format!("{self:?}: no step has been taken\n");
        };
        let mut text = String::new();
        let mut steps = 0;
        for part in &compiled.parts {
            if part.round > 0 {
                let (rounds, round) = (part.rounds, part.round);
                text += &format!("      {rounds} rounds of {round} examples:\n");
            }
            for k in 0..part.steps.len() {
                text += &format!("{:>4}  {}\n", steps + k, self.describe_step(part, k));
            }
            steps += part.steps.len();
        }
        let (arena, live, registers) = compiled.len();
        let [arena, live, registers] =
            [arena, live, registers].map(|numbers| numbers * size_of::<T>());
        let flops: usize = compiled.parts.iter().map(Part::flops).sum();
        text += &format!(
            "{steps} steps, {flops} flop; arena {arena} bytes, {live} bytes of them alive at the worst \
             moment; registers {registers} bytes\n"
        );
        for stored in compiled.parts.iter().flat_map(|part| &part.report.stored) {
            let reasons: Vec<String> = stored.reasons.iter().map(Reason::to_string).collect();
            let (bytes, node) = (stored.len * size_of::<T>(), self.node(stored.origin));
            text += &format!("not fused: {node}: {bytes} bytes, {}\n", reasons.join(", "));
        }
        text
    }

    /// What a step does, and for which nodes.
    fn describe_step(&self, part: &Part<T>, k: usize) -> String {
        let all: Vec<String> = part.origins[k].iter().map(|&y| self.node(y)).collect();
        let shown = match all.as_slice() {
            [] => String::new(),
            [one] => one.clone(),
            [first, .., last] => format!("{first} … {last}"),
        };
        let flops = part.report.flops[k];
        format!("{:<44} {flops:>10} flop  {shown}", part.steps[k].name())
    }

    /// The operation and the description of a node.
    fn node(&self, origin: usize) -> String {
        let step = &self.program.steps()[origin];
        format!("{} {}", step.op.card().name, step.node)
    }

    /// The mean time of each step, over so many rounds, beside what [`describe`](Self::describe)
    /// says of it. The state is updated in each round.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step).
    pub fn profile(
        &mut self, state: &mut Arrays<T>, inputs: &Inputs<'_, T>, rounds: u32,
    ) -> Result<Vec<(Duration, String)>, EvalError> {
        self.step(state, inputs)?;
        let all = |compiled: &Compiled<T>| compiled.parts.iter().map(|part| part.steps.len()).sum();
        let mut times = vec![Duration::ZERO; all(&self.compiled[self.latest])];
        let compiled = &mut self.compiled[self.latest];
        assert!(compiled.fits(state, inputs), "as in the step before");
        if let Err(objection) = T::run(compiled, rounds as usize, Some(&mut times)) {
            return Err(self.program.steps()[objection.origin].refuse(objection.problem));
        }
        let parts = self.compiled[self.latest].parts.iter();
        let lines =
            parts.flat_map(|part| (0..part.steps.len()).map(|k| self.describe_step(part, k)));
        Ok(times.iter().map(|time| *time / rounds.max(1)).zip(lines).collect())
    }

    /// The plan for the sizes of these arrays, found or made.
    fn specialise(
        &mut self, state: &mut Arrays<T>, inputs: &Inputs<'_, T>,
    ) -> Result<usize, EvalError> {
        for array in state.values_mut().filter(|array| !array.is_standard_layout()) {
            *array = array.as_standard_layout().into_owned();
        }
        if let Some(k) = self.compiled.iter_mut().position(|c| c.fits(state, inputs)) {
            return Ok(k);
        }
        self.program.check_state(state)?;
        let env = self.program.environment(state, inputs)?;
        let arrays = (&*state, inputs);
        let mut compiled = T::compile(&self.program, &env, self.target, self.pool, arrays);
        drop(env);
        let fits = compiled.fits(state, inputs);
        assert!(fits, "a plan fits the arrays that it was made for");
        self.compiled.push(compiled);
        Ok(self.compiled.len() - 1)
    }
}

/// The same plan, to be compiled anew when it is first used.
impl<T> Clone for Plan<T> {
    fn clone(&self) -> Self {
        let Self { ref program, target, pool, .. } = *self;
        Self { program: program.clone(), target, pool, compiled: Vec::new(), latest: 0 }
    }
}

impl<T: Real> Evaluator<T> for Plan<T> {
    fn step(
        &mut self, state: &mut Arrays<T>, inputs: &Inputs<'_, T>,
    ) -> Result<Vec<ArrayD<T>>, EvalError> {
        Ok(Plan::step(self, state, inputs)?.to_vec())
    }
}

impl<T> fmt::Debug for Plan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (nodes, bindings) = (self.program.steps().len(), self.compiled.len());
        write!(f, "Plan({nodes} nodes, {:?}, compiled for {bindings} bindings)", self.target)
    }
}
