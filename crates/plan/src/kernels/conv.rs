//! Convolutions and their adjoints, as products of matrices in which nothing is materialised.
//!
//! A picture is padded, and split into phases: cells a stride apart are neighbours. In these, the
//! cells that one weight meets lie side by side, a fixed distance from where the picture begins. So
//! the rows of the second factor are the picture itself, seen from the places of a table, and rows
//! of results are as long as those of a phase: the cells at their end that belong to no place are
//! dropped when the results are copied out.
//!
//! Padding is multiplied like any number: a weight that is infinite or NaN makes it NaN.

#![allow(unsafe_code)]

mod cells;
mod geometry;

use std::ops::Range;

use gradus_ops::Convolution;

use crate::arena::Memory;
use crate::kernels::cost::{Cost, share};
use crate::kernels::gemm::{Product, Start, dot_body, outer_body};
use crate::kernels::reduce::{Reduce, Reduction};
use crate::kernels::vector::{Job, Vector, run};
use crate::kernels::{Isa, Real};
use crate::memory::{Place, REGISTERS};
use cells::{add_to, copy, transpose};
use geometry::Geometry;

/// Which of the three linear maps of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// y from x and w.
    Forward,
    /// x̄ from ȳ and w.
    Input,
    /// w̄ from x and ȳ.
    Filter,
}

/// A convolution, or one of its adjoints.
#[derive(Clone, Debug)]
pub(crate) struct Conv {
    direction: Direction,
    /// The operands in the order of the operation, and the result.
    places: [Place; 3],
    /// What is added to each map of a forward convolution.
    bias: Option<Place>,
    geometry: Geometry,
    /// Of so many parts of the examples, each for itself; of the adjoint of a filter, each part is a
    /// result.
    parts: usize,
    isa: Isa,
}

/// How many examples' worth of a filter's adjoint is summed in registers.
const BLOCK: usize = 8;

impl Conv {
    /// For the sizes of pictures, filters and maps.
    pub fn new<T: Real>(
        direction: Direction, convolution: Convolution, sizes: [[usize; 4]; 3], places: [Place; 3],
        bias: Option<Place>, isa: Isa,
    ) -> Self {
        let geometry = Geometry::new(convolution, sizes);
        let examples = geometry.examples;
        let products = geometry.weights() * geometry.y[0] * geometry.y[1] * examples;
        let parts = Cost::MULTIPLIED.parts::<T>(products, isa).min(examples.max(1));
        Self { direction, places, bias, geometry, parts, isa }
    }

    /// Into how many parts it is divided.
    pub fn parts(&self) -> usize {
        self.parts
    }

    /// If it is the adjoint of a filter and has parts, leaves their results side by side at `between`;
    /// then returns what adds them up.
    pub fn divide<T: Real>(&mut self, between: Place) -> Option<Reduce> {
        if self.direction != Direction::Filter || self.parts == 1 {
            return None;
        }
        let places = [between, std::mem::replace(&mut self.places[2], between)];
        let shape = [1, self.parts, self.geometry.weights()];
        Some(Reduce::new::<T>(Reduction::Sum, places, shape, self.isa))
    }

    /// The direction and the sizes.
    pub fn name(&self) -> String {
        let Geometry { examples, groups, channels, maps, w, .. } = &self.geometry;
        let direction = match self.direction {
            Direction::Forward => "convolution",
            Direction::Input => "convolution, to its input",
            Direction::Filter => "convolution, to its filter",
        };
        let bias = if self.bias.is_some() { ", with bias" } else { "" };
        let (from, to) = (groups * channels, groups * maps);
        format!("{direction} {examples} × {from}→{to} {}×{}{bias}", w[0], w[1])
    }

    /// How many registers it needs.
    pub fn registers(&self) -> usize {
        let g = &self.geometry;
        let weights = g.weights() / g.groups;
        match self.direction {
            Direction::Forward => weights + g.picture() + g.maps * g.run(),
            Direction::Input => weights + g.maps * g.spread() + g.channels * g.cells(),
            Direction::Filter => BLOCK.min(g.examples) * (g.picture() + g.maps * g.run()),
        }
    }

    /// # Safety
    ///
    /// The operands and the result must lie in `memory`, and these not overlap.
    pub unsafe fn run<T: Real>(&self, memory: &Memory<T>) {
        // SAFETY: by the caller's promise.
        unsafe {
            match self.direction {
                Direction::Filter => (0..self.parts).for_each(|part| self.run_part(memory, part)),
                _ => self.some(memory, 0..self.geometry.examples, 0, 0),
            }
        }
    }

    /// # Safety
    ///
    /// As [`run`](Self::run), and the registers must have a row for the part.
    pub unsafe fn run_part<T: Real>(&self, memory: &Memory<T>, part: usize) {
        let g = &self.geometry;
        let result = if self.direction == Direction::Filter { part * g.weights() } else { 0 };
        let examples = share(g.examples, self.parts, part);
        // SAFETY: by the caller's promise.
        unsafe { self.some(memory, examples, result, part * memory.row) };
    }

    /// What some examples give, with the registers that begin at `row`.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run), and there must be such registers.
    unsafe fn some<T: Real>(
        &self, memory: &Memory<T>, examples: Range<usize>, result: usize, row: usize,
    ) {
        let (g, direction) = (&self.geometry, self.direction);
        // SAFETY: by the caller's promise, here and in the job.
        unsafe {
            let [a, b, to] = self.places.map(|place| memory.at(place));
            let to = to.add(result);
            let scratch = memory.at(Place { base: REGISTERS, offset: row });
            let bias = self.bias.map(|place| memory.at(place).cast_const());
            run(self.isa, &ConvJob { direction, g, examples, a, b, to, bias, scratch });
        }
    }
}

struct ConvJob<'a, T> {
    direction: Direction,
    g: &'a Geometry,
    examples: Range<usize>,
    a: *const T,
    b: *const T,
    to: *mut T,
    bias: Option<*const T>,
    scratch: *mut T,
}

impl<T: Real> Job<T> for ConvJob<'_, T> {
    /// # Safety
    ///
    /// As [`Conv::run`]; the scratch memory must have room for the registers asked for.
    #[inline(always)]
    unsafe fn run<V: Vector<T>>(&self) {
        // SAFETY: by the caller's promise.
        unsafe {
            match self.direction {
                Direction::Forward => self.forward::<V>(),
                Direction::Input => self.input::<V>(),
                Direction::Filter => self.filter::<V>(),
            }
        }
    }
}

/// What a product needs beside its factors.
fn product<T: Real>(m: usize, n: usize, k: usize) -> Product<T> {
    Product {
        m,
        n,
        k,
        a: std::ptr::null(),
        a_row: 1,
        a_column: m,
        b: std::ptr::null(),
        b_step: 0,
        b_table: None,
        times: 1,
        a_next: 0,
        b_next: 0,
        c: std::ptr::null_mut(),
        c_row: n,
        start: Start::Zero,
    }
}

impl<T: Real> ConvJob<'_, T> {
    /// A group of a picture, padded and split into phases, at `to`; the zeros are there already.
    ///
    /// # Safety
    ///
    /// As [`Conv::run`]; the arrays have as many elements.
    #[inline(always)]
    unsafe fn pad<V: Vector<T>>(&self, x: *const T, to: *mut T) {
        let g = self.g;
        for c in 0..g.channels {
            for row in 0..g.x[0] {
                let padded = row + g.before[0];
                let (phase, at) = (padded % g.stride[0] * g.stride[1], padded / g.stride[0]);
                // SAFETY: by the caller's promise, within the arrays.
                unsafe {
                    let from = x.add((c * g.x[0] + row) * g.x[1]);
                    let to = to
                        .add((c * g.stride[0] * g.stride[1] + phase) * g.cells() + at * g.phase[1]);
                    if g.stride[1] == 1 {
                        copy::<T, V>(from, to.add(g.before[1]), g.x[1]);
                        continue;
                    }
                    for column in 0..g.x[1] {
                        let padded = column + g.before[1];
                        let place = padded % g.stride[1] * g.cells() + padded / g.stride[1];
                        *to.add(place) = *from.add(column);
                    }
                }
            }
        }
    }

    /// The group's picture of an example: where it is, or padded at `padded`.
    ///
    /// # Safety
    ///
    /// As [`Conv::run`]; the arrays have as many elements.
    #[inline(always)]
    unsafe fn picture<V: Vector<T>>(&self, x: *const T, padded: *mut T, group: usize) -> *const T {
        let g = self.g;
        // SAFETY: by the caller's promise, within the arrays.
        unsafe {
            let x = x.add(group * g.channels * g.x[0] * g.x[1]);
            if g.is_plain() {
                return x;
            }
            self.pad::<V>(x, padded);
        }
        padded
    }

    /// # Safety
    ///
    /// As [`Conv::run`]; the arrays have as many elements.
    #[inline(always)]
    unsafe fn forward<V: Vector<T>>(&self) {
        let g = self.g;
        let length = g.channels * g.w[0] * g.w[1];
        let (x_size, y_size) = (g.x[0] * g.x[1], g.y[0] * g.y[1]);
        // SAFETY: by the caller's promise, within the arrays.
        unsafe {
            let weights = self.scratch;
            let padded = weights.add(g.maps * length);
            let rows = padded.add(g.picture());
            std::slice::from_raw_parts_mut(padded, g.picture()).fill(T::zero());
            for group in 0..g.groups {
                transpose(self.b.add(group * g.maps * length), weights, g.maps, length);
                for n in self.examples.clone() {
                    let x = self.a.add(n * g.groups * g.channels * x_size);
                    let b = self.picture::<V>(x, padded, group);
                    let first = group * g.maps;
                    let y = self.to.add((n * g.groups * g.maps + first) * y_size);
                    outer_body::<T, V, true>(&Product {
                        a: weights,
                        b,
                        b_table: Some(g.table.as_ptr()),
                        c: rows,
                        ..product(g.maps, g.run(), length)
                    });
                    for o in 0..g.maps {
                        let bias = self.bias.map_or(T::zero(), |bias| *bias.add(first + o));
                        for i in 0..g.y[0] {
                            let from = rows.add(o * g.run() + i * g.phase[1]);
                            let to = y.add(o * y_size + i * g.y[1]);
                            add_to::<T, V>(from, bias, to, g.y[1]);
                        }
                    }
                }
            }
        }
    }

    /// # Safety
    ///
    /// As [`Conv::run`]; the arrays have as many elements.
    #[inline(always)]
    unsafe fn input<V: Vector<T>>(&self) {
        let g = self.g;
        let filter = g.w[0] * g.w[1];
        let (x_size, y_size) = (g.x[0] * g.x[1], g.y[0] * g.y[1]);
        // SAFETY: by the caller's promise, within the arrays.
        unsafe {
            let weights = self.scratch;
            let spread = weights.add(g.maps * g.channels * filter);
            let rows = spread.add(g.maps * g.spread());
            std::slice::from_raw_parts_mut(spread, g.maps * g.spread()).fill(T::zero());
            for group in 0..g.groups {
                // Phase after phase, the weights of each pair, a channel after the other.
                let w = self.b.add(group * g.maps * g.channels * filter);
                let mut packed = weights;
                for &(k, o) in g.phases.iter().flat_map(|phase| &phase.taps) {
                    for c in 0..g.channels {
                        *packed = *w.add((o * g.channels + c) * filter + k);
                        packed = packed.add(1);
                    }
                }
                for n in self.examples.clone() {
                    let first = n * g.groups + group;
                    let y = self.a.add(first * g.maps * y_size);
                    for o in 0..g.maps {
                        let to = spread.add(o * g.spread() + g.lead);
                        for i in 0..g.y[0] {
                            copy::<T, V>(
                                y.add(o * y_size + i * g.y[1]),
                                to.add(i * g.phase[1]),
                                g.y[1],
                            );
                        }
                    }
                    let x = self.to.add(first * g.channels * x_size);
                    let mut weights = weights;
                    for (number, phase) in g.phases.iter().enumerate() {
                        outer_body::<T, V, true>(&Product {
                            a: weights,
                            b: spread,
                            b_table: Some(phase.table.as_ptr()),
                            c: rows,
                            ..product(g.channels, g.cells(), phase.taps.len())
                        });
                        weights = weights.add(g.channels * phase.taps.len());
                        self.unpad::<V>(rows, x, number);
                    }
                }
            }
        }
    }

    /// The cells of one phase of the padded pictures' cotangents, to where they belong in `x`.
    ///
    /// # Safety
    ///
    /// As [`Conv::run`]; the arrays have as many elements.
    #[inline(always)]
    unsafe fn unpad<V: Vector<T>>(&self, rows: *const T, x: *mut T, phase: usize) {
        let g = self.g;
        let [top, left] = [phase / g.stride[1], phase % g.stride[1]];
        for c in 0..g.channels {
            for row in 0..g.x[0] {
                let padded = row + g.before[0];
                if padded % g.stride[0] != top {
                    continue;
                }
                // SAFETY: by the caller's promise, within the arrays.
                unsafe {
                    let from = rows.add(c * g.cells() + padded / g.stride[0] * g.phase[1]);
                    let to = x.add((c * g.x[0] + row) * g.x[1]);
                    if g.stride[1] == 1 {
                        copy::<T, V>(from.add(g.before[1]), to, g.x[1]);
                        continue;
                    }
                    for column in 0..g.x[1] {
                        let padded = column + g.before[1];
                        if padded % g.stride[1] == left {
                            *to.add(column) = *from.add(padded / g.stride[1]);
                        }
                    }
                }
            }
        }
    }

    /// # Safety
    ///
    /// As [`Conv::run`]; the arrays have as many elements.
    #[inline(always)]
    unsafe fn filter<V: Vector<T>>(&self) {
        let g = self.g;
        let length = g.channels * g.w[0] * g.w[1];
        let (x_size, y_size) = (g.x[0] * g.x[1], g.y[0] * g.y[1]);
        let block = BLOCK.min(g.examples);
        let spread = g.maps * g.run();
        // SAFETY: by the caller's promise, within the arrays.
        unsafe {
            let result = std::slice::from_raw_parts_mut(self.to, g.groups * g.maps * length);
            result.fill(T::zero());
            let (padded, spreads) = (self.scratch, self.scratch.add(block * g.picture()));
            let all = block * (g.picture() + spread);
            std::slice::from_raw_parts_mut(self.scratch, all).fill(T::zero());
            for group in 0..g.groups {
                let mut n = self.examples.start;
                while n < self.examples.end {
                    let times = block.min(self.examples.end - n);
                    let mut b = self.a.add((n * g.groups + group) * g.channels * x_size);
                    let mut b_next = g.groups * g.channels * x_size;
                    for k in 0..times {
                        let first = (n + k) * g.groups;
                        if !g.is_plain() {
                            let x = self.a.add((first + group) * g.channels * x_size);
                            self.pad::<V>(x, padded.add(k * g.picture()));
                            (b, b_next) = (padded, g.picture());
                        }
                        let y = self.b.add((first + group) * g.maps * y_size);
                        for o in 0..g.maps {
                            for i in 0..g.y[0] {
                                let from = y.add(o * y_size + i * g.y[1]);
                                let to = k * spread + o * g.run() + i * g.phase[1];
                                copy::<T, V>(from, spreads.add(to), g.y[1]);
                            }
                        }
                    }
                    dot_body::<T, V, true>(&Product {
                        a: spreads,
                        a_row: g.run(),
                        b,
                        b_table: Some(g.table.as_ptr()),
                        times,
                        a_next: spread,
                        b_next,
                        c: self.to.add(group * g.maps * length),
                        start: Start::Add(T::one()),
                        ..product(g.maps, length, g.run())
                    });
                    n += times;
                }
            }
        }
    }
}
