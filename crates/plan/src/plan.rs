//! Compiled plans.

#![allow(unsafe_code)]

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::{Duration, Instant};

use gradus_ops::{Arrays, EvalError, Evaluator, Expr, Inputs, Program};
use ndarray::ArrayD;

use crate::absorb::absorb;
use crate::arena::{Aligned, Memory};
use crate::fuse::fuse;
use crate::kernels::{Isa, Numerics, Real};
use crate::lower::{Lowered, Target, lower, takes, takes_standard};
use crate::memory::{Layout, lay_out};
use crate::net::Net;
use crate::normal::normalise;
use crate::schedule::schedule;
use crate::simplify::simplify;
use crate::step::Step;

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
    let target = Target { isa: Isa::best(), numerics: Numerics::Fast };
    Ok(Plan { program, target, compiled: Vec::new(), latest: 0 })
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

    /// The memory of the binding that was used last, in bytes: what the plan keeps for the values
    /// between its steps, and how much of it is alive at the worst moment.
    pub fn memory(&self) -> (usize, usize) {
        let bytes = |numbers: usize| numbers * size_of::<T>();
        self.compiled
            .get(self.latest)
            .map_or((0, 0), |compiled| (bytes(compiled.arena.len()), bytes(compiled.live)))
    }

    /// One step: reads `inputs` and `state`, updates `state` in place, returns the outputs, which
    /// stay until the next step.
    ///
    /// After the first step with arrays of some sizes, a step with such arrays allocates nothing.
    ///
    /// # Errors
    ///
    /// As [`Evaluator::step`]; `state` is then as it was.
    pub fn step(
        &mut self, state: &mut Arrays<T>, inputs: &Inputs<'_, T>,
    ) -> Result<&[ArrayD<T>], EvalError> {
        let known = self.compiled.get_mut(self.latest).is_some_and(|c| c.fits(state, inputs));
        if !known {
            self.latest = self.specialise(state, inputs)?;
        }
        let compiled = &mut self.compiled[self.latest];
        if let Err(objection) = compiled.run() {
            return Err(self.program.steps()[objection.origin].refuse(objection.problem));
        }
        Ok(&self.compiled[self.latest].outputs)
    }

    /// The steps of the binding that was used last: what each does, for which nodes of the graph,
    /// and the memory that it all takes.
    pub fn describe(&self) -> String {
        let Some(compiled) = self.compiled.get(self.latest) else {
            return format!("{self:?}: no step has been taken\n");
        };
        let mut text = String::new();
        for k in 0..compiled.steps.len() {
            text += &format!("{k:>4}  {}\n", self.describe_step(compiled, k));
        }
        let bytes = |numbers: usize| numbers * size_of::<T>();
        text += &format!(
            "{} steps; arena {} bytes, {} bytes of them alive at the worst moment; registers {} bytes\n",
            compiled.steps.len(),
            bytes(compiled.arena.len()),
            bytes(compiled.live),
            bytes(compiled.registers.len()),
        );
        text
    }

    /// What a step does, and for which nodes.
    fn describe_step(&self, compiled: &Compiled<T>, k: usize) -> String {
        let node = |&origin: &usize| {
            let step = &self.program.steps()[origin];
            format!("{} {}", step.op.card().name, step.node)
        };
        let all: Vec<String> = compiled.origins[k].iter().map(node).collect();
        let shown = match all.as_slice() {
            [] => String::new(),
            [one] => one.clone(),
            [first, .., last] => format!("{first} … {last}"),
        };
        format!("{:<44} {shown}", compiled.steps[k].name())
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
        let mut times = vec![Duration::ZERO; self.compiled[self.latest].steps.len()];
        for _ in 0..rounds {
            let compiled = &mut self.compiled[self.latest];
            assert!(compiled.fits(state, inputs), "as in the step before");
            if let Err(objection) = compiled.run_timed(&mut times) {
                return Err(self.program.steps()[objection.origin].refuse(objection.problem));
            }
        }
        let compiled = &self.compiled[self.latest];
        let line = |(k, time): (usize, &Duration)| {
            (*time / rounds.max(1), self.describe_step(compiled, k))
        };
        Ok(times.iter().enumerate().map(line).collect())
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
        let net = Net::bind(&self.program, &env);
        drop(env);
        let mut compiled = Compiled::new(&self.program, net, self.target, state, inputs);
        let fits = compiled.fits(state, inputs);
        assert!(fits, "a plan fits the arrays that it was made for");
        self.compiled.push(compiled);
        Ok(self.compiled.len() - 1)
    }
}

/// The same plan, to be compiled anew when it is first used.
impl<T> Clone for Plan<T> {
    fn clone(&self) -> Self {
        let (program, target) = (self.program.clone(), self.target);
        Self { program, target, compiled: Vec::new(), latest: 0 }
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

/// A plan for arrays of certain sizes.
struct Compiled<T> {
    /// The arrays that matter, in the order of their names.
    given: Vec<Given<T>>,
    steps: Vec<Step<T>>,
    /// For each step, the places on the program's tape of what it computes.
    origins: Vec<Vec<usize>>,
    /// How many numbers must be kept at the worst moment.
    live: usize,
    arena: Aligned<T>,
    registers: Aligned<T>,
    outputs: Vec<ArrayD<T>>,
    memory: Memory<T>,
}

/// An array that a step reads or writes, or that tells the size of an axis.
struct Given<T> {
    name: String,
    from: Source,
    sizes: Vec<usize>,
    /// Its place among the bases, if it is read or written.
    base: Option<usize>,
    /// Where its elements lie side by side, if the caller's do not.
    staged: Vec<T>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    State,
    Inputs,
    Nowhere,
}

impl<T: Real> Compiled<T> {
    fn new(
        program: &Program, net: Net, target: Target, state: &Arrays<T>, inputs: &Inputs<'_, T>,
    ) -> Self {
        let numerics = target.numerics;
        let net = simplify::<T>(&normalise(&net, numerics));
        let fused = match numerics {
            Numerics::Exact => fuse(net, HashMap::new(), takes_standard),
            Numerics::Fast => {
                let (net, taken) = absorb(net);
                fuse(net, taken, takes)
            }
        };
        let schedule = schedule(&fused);
        let layout = lay_out(&fused, &schedule, Aligned::<T>::LINE);
        let Lowered { steps, nodes, registers } = lower(&fused, &schedule, &layout, target);
        let origin =
            |nodes: &Vec<usize>| nodes.iter().map(|&y| fused.net.nodes[y].origin).collect();
        let origins = nodes.iter().map(origin).collect();

        let Layout { arrays, constants, arena, live, .. } = layout;
        let bases: BTreeMap<&str, usize> = (crate::memory::ARRAYS..)
            .zip(&arrays)
            .map(|(base, name)| (name.as_str(), base))
            .collect();
        let mut names: Vec<&str> = program.inputs().map(|(name, _)| name).collect();
        names.extend(arrays.iter().map(String::as_str));
        names.sort_unstable();
        names.dedup();
        let given = names.into_iter().map(|name| {
            let (from, sizes) = match (state.get(name), inputs.get(name)) {
                (Some(array), _) => (Source::State, array.shape().to_vec()),
                (None, Some(array)) => (Source::Inputs, array.shape().to_vec()),
                (None, None) => (Source::Nowhere, Vec::new()),
            };
            let base = bases.get(name).copied();
            Given { name: name.to_owned(), from, sizes, base, staged: Vec::new() }
        });
        let given = given.collect();
        let mut arena = Aligned::<T>::new(arena);
        for (k, &number) in constants.iter().enumerate() {
            // SAFETY: the arena begins with the constants.
            unsafe { *arena.pointer().add(k) = T::from_double(number) };
        }
        let shapes = fused.net.outputs.iter().map(|&y| fused.net.nodes[y].sizes.as_slice());
        let outputs = shapes.map(ArrayD::zeros).collect();
        let bases =
            Vec::with_capacity(crate::memory::ARRAYS + arrays.len() + fused.net.outputs.len());
        let registers = Aligned::new(registers);
        Self { given, steps, origins, live, arena, registers, outputs, memory: Memory { bases } }
    }

    /// Whether these are arrays of the sizes that this is made for, where it expects them. Then the
    /// bases are theirs.
    fn fits(&mut self, state: &mut Arrays<T>, inputs: &Inputs<'_, T>) -> bool {
        let bases = &mut self.memory.bases;
        bases.clear();
        bases.resize(bases.capacity(), std::ptr::null_mut());
        bases[crate::memory::ARENA] = self.arena.pointer();
        bases[crate::memory::REGISTERS] = self.registers.pointer();
        let outputs = bases.len() - self.outputs.len();
        for (base, output) in bases[outputs..].iter_mut().zip(&mut self.outputs) {
            *base = output.as_mut_ptr();
        }
        // All three lists are in the order of the names.
        let (mut states, mut others) = (state.iter_mut().peekable(), inputs.iter().peekable());
        for given in &mut self.given {
            while states.next_if(|(name, _)| name.as_str() < given.name.as_str()).is_some() {}
            while others.next_if(|(name, _)| *name < given.name.as_str()).is_some() {}
            let state = states.next_if(|(name, _)| **name == given.name);
            let other = others.next_if(|(name, _)| *name == given.name.as_str());
            let pointer = match (given.from, state, other) {
                (Source::State, Some((_, array)), None) => {
                    if array.shape() != given.sizes || !array.is_standard_layout() {
                        return false;
                    }
                    array.as_mut_ptr()
                }
                (Source::Inputs, None, Some((_, array))) => {
                    if array.shape() != given.sizes {
                        return false;
                    }
                    match array.as_slice() {
                        Some(numbers) => numbers.as_ptr().cast_mut(),
                        None => {
                            given.staged.clear();
                            given.staged.extend(array.iter());
                            given.staged.as_mut_ptr()
                        }
                    }
                }
                (Source::Nowhere, None, None) => continue,
                _ => return false,
            };
            if let Some(base) = given.base {
                bases[base] = pointer;
            }
        }
        true
    }

    /// Runs the steps on the arrays that were just found to fit.
    fn run(&mut self) -> Result<(), Box<crate::step::Objection>> {
        let done = self.steps.iter().try_for_each(|step| {
            // SAFETY: the places were laid out for arrays of these sizes.
            unsafe { step.run(&self.memory) }
        });
        self.memory.bases.clear();
        done
    }

    /// [`run`](Self::run), adding up the time that each step takes.
    fn run_timed(&mut self, times: &mut [Duration]) -> Result<(), Box<crate::step::Objection>> {
        let done = self.steps.iter().zip(times).try_for_each(|(step, time)| {
            let start = Instant::now();
            // SAFETY: the places were laid out for arrays of these sizes.
            let done = unsafe { step.run(&self.memory) };
            *time += start.elapsed();
            done
        });
        self.memory.bases.clear();
        done
    }
}
