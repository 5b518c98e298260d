//! A plan for arrays of certain sizes: made by the passes, then replayed.
//!
//! Here and in the arena is the only `unsafe` outside the kernels: the steps are run on arrays whose
//! sizes have been compared with those that the places were laid out for.

#![allow(unsafe_code)]

use std::collections::{BTreeMap, HashMap};

use gradus_ops::{Arrays, Inputs, Program};
use ndarray::ArrayD;

use crate::absorb::absorb;
use crate::arena::{Aligned, Memory};
use crate::fuse::fuse;
use crate::kernels::step::{Objection, Step};
use crate::kernels::{Numerics, Real};
use crate::lower::{Lowered, Target, lower, takes, takes_standard};
use crate::memory::{ARENA, ARRAYS, Layout, REGISTERS, lay_out};
use crate::net::Net;
use crate::normal::normalise;
use crate::pool::Pool;
use crate::report::Report;
use crate::schedule::schedule;
use crate::simplify::simplify;

/// A plan for arrays of certain sizes.
pub(crate) struct Compiled<T> {
    /// The arrays that matter, in the order of their names.
    given: Vec<Given<T>>,
    /// All arrays of the state and of the inputs when this was made, in the order of their names.
    seen: [Vec<Seen>; 2],
    pub steps: Vec<Step<T>>,
    /// For each step, the places on the program's tape of what it computes.
    pub origins: Vec<Vec<usize>>,
    pub report: Report,
    /// How many numbers must be kept at the worst moment.
    pub live: usize,
    pub arena: Aligned<T>,
    pub registers: Aligned<T>,
    pub outputs: Vec<ArrayD<T>>,
    memory: Memory<T>,
    pool: Pool,
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

/// An array as it was when the plan was made: if it is so again, it need not be looked for.
struct Seen {
    name: String,
    sizes: Vec<usize>,
    /// Its place among the bases, if it is read or written.
    base: Option<usize>,
}

impl Seen {
    fn all<'a>(
        arrays: impl Iterator<Item = (&'a str, &'a [usize])>, bases: &BTreeMap<&str, usize>,
    ) -> Vec<Self> {
        let seen = arrays.map(|(name, sizes)| {
            let base = bases.get(name).copied();
            Self { name: name.to_owned(), sizes: sizes.to_vec(), base }
        });
        seen.collect()
    }

    /// Whether this array has the name and the sizes, its elements side by side in row-major order.
    #[inline(always)]
    fn is(&self, name: &str, sizes: &[usize], strides: &[isize]) -> bool {
        // Names and shapes are too short for a call that compares them.
        if self.name.len() != name.len() || self.sizes.len() != sizes.len() {
            return false;
        }
        let mut same = self.name.bytes().zip(name.bytes()).all(|(a, b)| a == b);
        let mut stride = 1;
        for (&seen, (&size, &found)) in self.sizes.iter().zip(sizes.iter().zip(strides)).rev() {
            same &= seen == size && found == stride;
            stride *= size as isize;
        }
        same
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    State,
    Inputs,
    Nowhere,
}

impl<T: Real> Compiled<T> {
    /// Compiles the net of a program, which is bound to the sizes of these arrays.
    pub fn new(
        program: &Program, net: Net, target: Target, pool: Pool, state: &Arrays<T>,
        inputs: &Inputs<'_, T>,
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
        let Lowered { steps, nodes, registers, between } =
            lower(&fused, &schedule, &layout, target);
        let origin =
            |nodes: &Vec<usize>| nodes.iter().map(|&y| fused.net.nodes[y].origin).collect();
        let origins = nodes.iter().map(origin).collect();
        let report = Report::new(&fused, &nodes);

        let Layout { arrays, constants, arena, live, .. } = layout;
        let bases: BTreeMap<&str, usize> =
            (ARRAYS..).zip(&arrays).map(|(base, name)| (name.as_str(), base)).collect();
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
        let states = state.iter().map(|(name, array)| (name.as_str(), array.shape()));
        let others = inputs.iter().map(|(name, array)| (name, array.shape()));
        let seen = [Seen::all(states, &bases), Seen::all(others, &bases)];
        let mut arena = Aligned::<T>::new(arena + between);
        for (k, &number) in constants.iter().enumerate() {
            // SAFETY: the arena begins with the constants.
            unsafe { *arena.pointer().add(k) = T::from_double(number) };
        }
        let shapes = fused.net.outputs.iter().map(|&y| fused.net.nodes[y].sizes.as_slice());
        let outputs = shapes.map(ArrayD::zeros).collect();
        let bases = Vec::with_capacity(ARRAYS + arrays.len() + fused.net.outputs.len());
        // Parts that may run at the same time have registers each.
        let parts = match pool.threads() {
            1 => 1,
            _ => steps.iter().map(Step::parts).max().unwrap_or(1),
        };
        let row = registers.next_multiple_of(Aligned::<T>::LINE);
        let memory = Memory { bases, row: if parts > 1 { row } else { 0 } };
        let registers = Aligned::new(row * parts);
        Self { given, seen, steps, origins, report, live, arena, registers, outputs, memory, pool }
    }

    /// Whether these are arrays of the sizes that this is made for, where it expects them. Then the
    /// bases are theirs.
    pub fn fits(&mut self, state: &mut Arrays<T>, inputs: &Inputs<'_, T>) -> bool {
        let bases = &mut self.memory.bases;
        bases.clear();
        bases.resize(bases.capacity(), std::ptr::null_mut());
        bases[ARENA] = self.arena.pointer();
        bases[REGISTERS] = self.registers.pointer();
        let outputs = bases.len() - self.outputs.len();
        for (base, output) in bases[outputs..].iter_mut().zip(&mut self.outputs) {
            *base = output.as_mut_ptr();
        }
        self.are_as_before(state, inputs) || self.are_found(state, inputs)
    }

    /// Whether all arrays, also those that do not matter, have the names and sizes that they had when
    /// this was made.
    fn are_as_before(&mut self, state: &mut Arrays<T>, inputs: &Inputs<'_, T>) -> bool {
        let bases = &mut self.memory.bases;
        let [states, others] = &self.seen;
        let mut seen = states.iter();
        for (name, array) in state.iter_mut() {
            match seen.next() {
                Some(seen) if seen.is(name, array.shape(), array.strides()) => {
                    if let Some(base) = seen.base {
                        bases[base] = array.as_mut_ptr();
                    }
                }
                _ => return false,
            }
        }
        let mut more = others.iter();
        for (name, array) in inputs.iter() {
            match more.next() {
                Some(seen) if seen.is(name, array.shape(), array.strides()) => {
                    if let Some(base) = seen.base {
                        bases[base] = array.as_ptr().cast_mut();
                    }
                }
                _ => return false,
            }
        }
        seen.next().is_none() && more.next().is_none()
    }

    /// Whether the arrays that matter are among these, where they are expected and with the sizes.
    fn are_found(&mut self, state: &mut Arrays<T>, inputs: &Inputs<'_, T>) -> bool {
        let bases = &mut self.memory.bases;
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

    /// Runs the steps on the arrays that were just found to fit, and calls `after` with the number of
    /// each when it is done.
    pub fn run(&mut self, mut after: impl FnMut(usize)) -> Result<(), Box<Objection>> {
        let Self { memory, pool, .. } = self;
        let threaded = memory.row > 0;
        let done = self.steps.iter().enumerate().try_for_each(|(k, step)| {
            let parts = if threaded { step.parts() } else { 1 };
            // SAFETY: the places were laid out for arrays of these sizes.
            match parts {
                1 => unsafe { step.run(memory) }?,
                _ => pool.run(parts, &|part| unsafe { step.run_part(memory, part) }),
            }
            after(k);
            Ok(())
        });
        self.memory.bases.clear();
        done
    }
}
