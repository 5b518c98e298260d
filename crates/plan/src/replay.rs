//! A plan for arrays of certain sizes: made by the passes, then replayed.
//!
//! Here, in the parts and in the arena is the only `unsafe` outside the kernels and the pool: the
//! steps are run on arrays whose sizes have been compared with those that the places were laid out
//! for.

#![allow(unsafe_code)]

use std::time::Duration;

use gradus_ops::{Arrays, Environment, Inputs, Program};
use ndarray::ArrayD;

use crate::arena::{Aligned, Memory};
use crate::compile::Maker;
use crate::kernels::Real;
use crate::kernels::step::Objection;
use crate::lower::Target;
use crate::net::Net;
use crate::part::Part;
use crate::pool::Pool;

/// A plan for arrays of certain sizes.
pub struct Compiled<T> {
    /// The arrays that matter, in the order of their names.
    given: Vec<Given<T>>,
    /// All arrays of the state and of the inputs when this was made, in the order of their names.
    seen: [Vec<Seen>; 2],
    pub(crate) parts: Vec<Part<T>>,
    /// What one part leaves for another.
    between: Vec<Between<T>>,
    pub outputs: Vec<ArrayD<T>>,
    /// Where all arrays begin: those given, those between parts, and the outputs.
    heads: Memory<T>,
    pool: Pool,
}

/// An array that a step reads or writes, or that tells the size of an axis.
struct Given<T> {
    name: String,
    from: Source,
    sizes: Vec<usize>,
    /// Where its elements lie side by side, if the caller's do not.
    staged: Vec<T>,
}

/// An array as it was when the plan was made: if it is so again, it need not be looked for.
struct Seen {
    name: String,
    sizes: Vec<usize>,
    /// Its place among those that matter, if it is one.
    given: Option<usize>,
}

impl Seen {
    fn all<'a>(
        arrays: impl Iterator<Item = (&'a str, &'a [usize])>, given: &[Given<impl Sized>],
    ) -> Vec<Self> {
        let seen = arrays.map(|(name, sizes)| {
            let given = given.binary_search_by(|given| given.name.as_str().cmp(name)).ok();
            Self { name: name.to_owned(), sizes: sizes.to_vec(), given }
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

/// An array that one part leaves for another.
pub(crate) struct Between<T> {
    numbers: Aligned<T>,
    /// How many numbers it has, and for how many shares there is one.
    len: usize,
    shares: usize,
    /// The first and the last part that add to it.
    totals: Option<(usize, usize)>,
}

/// What is compiled in this crate, once for each number type, and not wherever plans are used.
pub trait Instance: Sized {
    /// Compiles a program for the sizes of these arrays.
    fn compile(
        program: &Program, env: &Environment<'_, Self>, target: Target, pool: Pool,
        arrays: (&Arrays<Self>, &Inputs<'_, Self>),
    ) -> Compiled<Self>;

    /// Runs all steps, so many times, on the arrays that were just found to fit; adds up the times of
    /// the steps, if they are asked for.
    fn run(
        compiled: &mut Compiled<Self>, rounds: usize, times: Option<&mut [Duration]>,
    ) -> Result<(), Box<Objection>>;
}

impl Instance for f32 {
    fn compile(
        program: &Program, env: &Environment<'_, Self>, target: Target, pool: Pool,
        arrays: (&Arrays<Self>, &Inputs<'_, Self>),
    ) -> Compiled<Self> {
        Compiled::new(program, env, target, pool, arrays)
    }

    fn run(
        compiled: &mut Compiled<Self>, rounds: usize, times: Option<&mut [Duration]>,
    ) -> Result<(), Box<Objection>> {
        compiled.run(rounds, times)
    }
}

impl Instance for f64 {
    fn compile(
        program: &Program, env: &Environment<'_, Self>, target: Target, pool: Pool,
        arrays: (&Arrays<Self>, &Inputs<'_, Self>),
    ) -> Compiled<Self> {
        Compiled::new(program, env, target, pool, arrays)
    }

    fn run(
        compiled: &mut Compiled<Self>, rounds: usize, times: Option<&mut [Duration]>,
    ) -> Result<(), Box<Objection>> {
        compiled.run(rounds, times)
    }
}

impl<T: Real> Compiled<T> {
    fn new(
        program: &Program, env: &Environment<'_, T>, target: Target, pool: Pool,
        (state, inputs): (&Arrays<T>, &Inputs<'_, T>),
    ) -> Self {
        let mut names: Vec<&str> = program.inputs().map(|(name, _)| name).collect();
        names.extend(program.updates().iter().map(|(name, _)| name.as_str()));
        names.sort_unstable();
        names.dedup();
        let names = names.as_slice();
        let given = names.iter().map(|&name| {
            let (from, sizes) = match (state.get(name), inputs.get(name)) {
                (Some(array), _) => (Source::State, array.shape().to_vec()),
                (None, Some(array)) => (Source::Inputs, array.shape().to_vec()),
                (None, None) => (Source::Nowhere, Vec::new()),
            };
            Given { name: name.to_owned(), from, sizes, staged: Vec::new() }
        });
        let given: Vec<Given<T>> = given.collect();
        let states = state.iter().map(|(name, array)| (name.as_str(), array.shape()));
        let others = inputs.iter().map(|(name, array)| (name, array.shape()));
        let seen = [Seen::all(states, &given), Seen::all(others, &given)];
        let whole = Net::bind(program, env, None);
        let shapes = whole.outputs.iter().map(|&y| whole.nodes[y].sizes.as_slice());
        let outputs: Vec<ArrayD<T>> = shapes.map(ArrayD::zeros).collect();

        let (parts, between) = Maker { names, program, env, target, pool }.parts(&whole);
        let heads = given.len() + between.len() + outputs.len();
        let heads = Memory { bases: Vec::with_capacity(heads), row: 0 };
        Self { given, seen, parts, between, outputs, heads, pool }
    }

    /// How many numbers the plan keeps: between its steps, of these at the worst moment, and in
    /// registers.
    pub fn len(&self) -> (usize, usize, usize) {
        let between: usize = self.between.iter().map(|array| array.numbers.len()).sum();
        let (mut arena, mut live, mut registers) = (between, between, 0);
        for part in &self.parts {
            let (own, more) = part.len();
            (arena, registers) = (arena + own, registers + more);
            live += part.live * part.shares();
        }
        (arena, live, registers)
    }

    /// Whether these are arrays of the sizes that this is made for, where it expects them. Then the
    /// heads are theirs.
    pub fn fits(&mut self, state: &mut Arrays<T>, inputs: &Inputs<'_, T>) -> bool {
        let heads = &mut self.heads.bases;
        heads.clear();
        heads.resize(self.given.len(), std::ptr::null_mut());
        if !self.are_as_before(state, inputs) && !self.are_found(state, inputs) {
            return false;
        }
        let heads = &mut self.heads.bases;
        heads.extend(self.between.iter_mut().map(|array| array.numbers.pointer()));
        heads.extend(self.outputs.iter_mut().map(ArrayD::as_mut_ptr));
        true
    }

    /// Whether all arrays, also those that do not matter, have the names and sizes that they had when
    /// this was made.
    fn are_as_before(&mut self, state: &mut Arrays<T>, inputs: &Inputs<'_, T>) -> bool {
        let heads = &mut self.heads.bases;
        let [states, others] = &self.seen;
        let mut seen = states.iter();
        for (name, array) in state.iter_mut() {
            match seen.next() {
                Some(seen) if seen.is(name, array.shape(), array.strides()) => {
                    if let Some(given) = seen.given {
                        heads[given] = array.as_mut_ptr();
                    }
                }
                _ => return false,
            }
        }
        let mut more = others.iter();
        for (name, array) in inputs.iter() {
            match more.next() {
                Some(seen) if seen.is(name, array.shape(), array.strides()) => {
                    if let Some(given) = seen.given {
                        heads[given] = array.as_ptr().cast_mut();
                    }
                }
                _ => return false,
            }
        }
        seen.next().is_none() && more.next().is_none()
    }

    /// Whether the arrays that matter are among these, where they are expected and with the sizes.
    fn are_found(&mut self, state: &mut Arrays<T>, inputs: &Inputs<'_, T>) -> bool {
        let heads = &mut self.heads.bases;
        // All three lists are in the order of the names.
        let (mut states, mut others) = (state.iter_mut().peekable(), inputs.iter().peekable());
        for (head, given) in heads.iter_mut().zip(&mut self.given) {
            while states.next_if(|(name, _)| name.as_str() < given.name.as_str()).is_some() {}
            while others.next_if(|(name, _)| *name < given.name.as_str()).is_some() {}
            let state = states.next_if(|(name, _)| **name == given.name);
            let other = others.next_if(|(name, _)| *name == given.name.as_str());
            *head = match (given.from, state, other) {
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
        }
        true
    }

    fn run(
        &mut self, rounds: usize, mut times: Option<&mut [Duration]>,
    ) -> Result<(), Box<Objection>> {
        let done = (0..rounds).try_for_each(|_| self.run_once(times.as_deref_mut()));
        self.heads.bases.clear();
        done
    }

    fn run_once(&mut self, mut times: Option<&mut [Duration]>) -> Result<(), Box<Objection>> {
        let Self { parts, between, heads, pool, .. } = self;
        let mut first = 0;
        for (k, part) in parts.iter_mut().enumerate() {
            let totals = |array: &&mut Between<T>, edge: fn((usize, usize)) -> usize| {
                array.totals.map(edge) == Some(k)
            };
            let begun = between.iter_mut().filter(|array| totals(array, |(first, _)| first));
            begun.for_each(Between::clear);
            let count = part.steps.len();
            let times = times.as_deref_mut().map(|times| &mut times[first..first + count]);
            first += count;
            // SAFETY: the arrays have the sizes that the parts were made for.
            unsafe { part.run(heads, *pool, times) }?;
            let ended = between.iter_mut().filter(|array| totals(array, |(_, last)| last));
            ended.for_each(Between::add_up);
        }
        Ok(())
    }
}

impl<T: Real> Between<T> {
    /// An array of so many numbers, one for each share; `totals` are the parts that add to it.
    pub fn new(len: usize, shares: usize, totals: Option<(usize, usize)>) -> Self {
        Self { numbers: Aligned::new(Self::row(len) * shares), len, shares, totals }
    }

    /// How far apart those of two shares are.
    pub fn row(len: usize) -> usize {
        len.next_multiple_of(Aligned::<T>::LINE)
    }

    fn numbers(&mut self) -> &mut [T] {
        let len = self.numbers.len();
        // SAFETY: as many numbers as there is room for.
        unsafe { std::slice::from_raw_parts_mut(self.numbers.pointer(), len) }
    }

    /// Zeros, to be added to.
    fn clear(&mut self) {
        self.numbers().fill(T::zero());
    }

    /// Adds what the shares have added up to that of the first, in their order.
    fn add_up(&mut self) {
        let (len, shares) = (self.len, self.shares);
        let row = Self::row(len);
        for share in 1..shares {
            let (first, other) = self.numbers().split_at_mut(share * row);
            first[..len].iter_mut().zip(other).for_each(|(y, &mut x)| *y += x);
        }
    }
}
