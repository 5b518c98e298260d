//! Convolutions and their adjoints, as products of matrices without a matrix of all windows.
//!
//! Pictures, or the cotangents of maps, are arranged so that the cells which one weight meets lie side
//! by side. So the rows of the second factor are these themselves, seen from the places of a table.
//!
//! Padding is multiplied like any number: a weight that is infinite or NaN makes it NaN.

#![allow(unsafe_code)]

mod cells;
mod geometry;
mod spread;
mod windows;

use std::ops::Range;

use gradus_ops::Convolution;

use crate::arena::Memory;
use crate::kernels::cost::{Cost, share};
use crate::kernels::epilogue::Then;
use crate::kernels::gemm::{Product, Start, dot_body, outer_body};
use crate::kernels::reduce::{Reduce, Reduction};
use crate::kernels::vector::{Job, MAX_LANES, Vector, run};
use crate::kernels::{Isa, Real};
use crate::memory::{Place, REGISTERS};
use cells::{gather, scatter, spread, transpose};
use geometry::Geometry;
use spread::{Band, Phase, Spread};
use windows::Windows;

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

/// Which it is, and how what it reads is arranged.
#[derive(Clone, Debug)]
enum Arranged {
    Forward(Windows),
    Input(Spread),
    Filter(Windows),
}

/// A convolution, or one of its adjoints.
#[derive(Clone, Debug)]
pub(crate) struct Conv {
    /// The operands in the order of the operation, and the result.
    places: [Place; 3],
    /// What is added to each map of a forward convolution.
    bias: Option<Place>,
    geometry: Geometry,
    arranged: Arranged,
    /// Of so many parts of the examples, each for itself; of the adjoint of a filter, each part is a
    /// result.
    parts: usize,
    isa: Isa,
}

/// How many examples' worth of a filter's adjoint is summed in registers at most.
const BLOCK: usize = 8;

impl Conv {
    /// For the sizes of pictures, filters and maps.
    pub fn new<T: Real>(
        direction: Direction, convolution: Convolution, sizes: [[usize; 4]; 3], places: [Place; 3],
        bias: Option<Place>, isa: Isa,
    ) -> Self {
        let geometry = Geometry::new(convolution, sizes);
        let bytes = size_of::<T>();
        let arranged = match direction {
            Direction::Forward => Arranged::Forward(Windows::new(&geometry, bytes)),
            Direction::Input => Arranged::Input(Spread::new(&geometry, bytes)),
            Direction::Filter => Arranged::Filter(Windows::new(&geometry, bytes)),
        };
        let examples = geometry.examples;
        let products = geometry.weights() * geometry.y_size() * examples;
        let parts = Cost::MULTIPLIED.parts::<T>(products, isa).min(examples.max(1));
        Self { places, bias, geometry, arranged, parts, isa }
    }

    /// Into how many parts it is divided.
    pub fn parts(&self) -> usize {
        self.parts
    }

    /// If it is the adjoint of a filter and has parts, leaves their results side by side at `between`;
    /// then returns what adds them up.
    pub fn divide<T: Real>(&mut self, between: Place) -> Option<Reduce> {
        if !self.is_filters() || self.parts == 1 {
            return None;
        }
        let places = [between, std::mem::replace(&mut self.places[2], between)];
        let shape = [1, self.parts, self.geometry.weights()];
        Some(Reduce::new::<T>(Reduction::Sum, places, shape, self.isa))
    }

    /// The direction and the sizes.
    pub fn name(&self) -> String {
        let Geometry { examples, groups, channels, maps, w, .. } = &self.geometry;
        let direction = match self.arranged {
            Arranged::Forward(_) => "convolution",
            Arranged::Input(_) => "convolution, to its input",
            Arranged::Filter(_) => "convolution, to its filter",
        };
        let bias = if self.bias.is_some() { ", with bias" } else { "" };
        let (from, to) = (groups * channels, groups * maps);
        format!("{direction} {examples} × {from}→{to} {}×{}{bias}", w[0], w[1])
    }

    /// Where the result is, and how many numbers it has.
    pub fn result(&self) -> (Place, usize) {
        (self.places[2], self.lens()[2])
    }

    /// What is read: places, and how many numbers from there on.
    pub fn reads(&self) -> Vec<(Place, usize)> {
        let bias = self.bias.map(|place| (place, self.geometry.groups * self.geometry.maps));
        self.places[..2].iter().copied().zip(self.lens()).chain(bias).collect()
    }

    /// How many numbers the operands and the result have.
    fn lens(&self) -> [usize; 3] {
        let g = &self.geometry;
        let x = g.examples * g.groups * g.channels * g.x_size();
        let y = g.examples * g.groups * g.maps * g.y_size();
        match self.arranged {
            Arranged::Forward(_) => [x, g.weights(), y],
            Arranged::Input(_) => [y, g.weights(), x],
            Arranged::Filter(_) => [x, y, g.weights()],
        }
    }

    /// How many registers it needs.
    pub fn registers(&self) -> usize {
        let g = &self.geometry;
        let weights = (g.maps * g.taps()).next_multiple_of(MAX_LANES);
        match &self.arranged {
            Arranged::Forward(windows) => weights + windows.room(1),
            Arranged::Input(spread) => weights + spread.room(g) + spread.made(g),
            Arranged::Filter(windows) => windows.room(self.block()),
        }
    }

    /// Whether it is the adjoint of a filter.
    pub fn is_filters(&self) -> bool {
        matches!(self.arranged, Arranged::Filter(_))
    }

    /// How many examples' worth of a filter's adjoint is summed in registers.
    fn block(&self) -> usize {
        BLOCK.min(self.geometry.examples)
    }

    /// All of it, with something done with elements when they are there, unless it is the adjoint of a
    /// filter.
    ///
    /// # Safety
    ///
    /// The operands and the result must lie in `memory`, and these not overlap.
    pub unsafe fn run<T: Real>(&self, memory: &Memory<T>, then: Option<Then<'_>>) {
        // SAFETY: by the caller's promise.
        unsafe {
            match self.is_filters() {
                true => (0..self.parts).for_each(|part| self.run_part(memory, part, None)),
                false => self.some(memory, 0..self.geometry.examples, 0, 0, then),
            }
        }
    }

    /// # Safety
    ///
    /// As [`run`](Self::run), and the registers must have a row for the part.
    pub unsafe fn run_part<T: Real>(
        &self, memory: &Memory<T>, part: usize, then: Option<Then<'_>>,
    ) {
        let g = &self.geometry;
        let result = if self.is_filters() { part * g.weights() } else { 0 };
        let examples = share(g.examples, self.parts, part);
        // SAFETY: by the caller's promise.
        unsafe { self.some(memory, examples, result, part * memory.row, then) };
    }

    /// What some examples give, with the registers that begin at `row`.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run), and there must be such registers.
    unsafe fn some<T: Real>(
        &self, memory: &Memory<T>, examples: Range<usize>, result: usize, row: usize,
        then: Option<Then<'_>>,
    ) {
        // SAFETY: by the caller's promise, here and in the job.
        unsafe {
            let [a, b, to] = self.places.map(|place| memory.at(place));
            let to = to.add(result);
            let scratch = memory.at(Place { base: REGISTERS, offset: row });
            let bias = self.bias.map(|place| memory.at(place).cast_const());
            let job = ConvJob { conv: self, examples, a, b, to, bias, scratch, then };
            run(self.isa, &job);
        }
    }
}

struct ConvJob<'a, T> {
    conv: &'a Conv,
    examples: Range<usize>,
    a: *const T,
    b: *const T,
    to: *mut T,
    bias: Option<*const T>,
    scratch: *mut T,
    then: Option<Then<'a>>,
}

impl<T: Real> Job<T> for ConvJob<'_, T> {
    /// # Safety
    ///
    /// As [`Conv::run`]; the scratch memory must have room for the registers asked for.
    #[inline(always)]
    unsafe fn run<V: Vector<T>>(&self) {
        // SAFETY: by the caller's promise.
        unsafe {
            match &self.conv.arranged {
                Arranged::Forward(windows) => self.forward::<V>(windows),
                Arranged::Input(spread) => self.input::<V>(spread),
                Arranged::Filter(windows) => self.filter::<V>(windows),
            }
        }
    }
}

/// What a product needs beside its factors.
fn product<T: Real>([m, n, k]: [usize; 3], table: &[usize]) -> Product<T> {
    Product {
        m,
        n,
        k,
        a: std::ptr::null(),
        a_row: 1,
        a_column: m,
        b: std::ptr::null(),
        b_step: 0,
        b_table: Some(table.as_ptr()),
        times: 1,
        a_next: 0,
        b_next: 0,
        c: std::ptr::null_mut(),
        c_row: n,
        start: Start::Zero,
    }
}

impl<T: Real> ConvJob<'_, T> {
    /// # Safety
    ///
    /// As [`Conv::run`]; the arrays have as many elements.
    #[inline(always)]
    unsafe fn forward<V: Vector<T>>(&self, windows: &Windows) {
        let g = &self.conv.geometry;
        let taps = g.taps();
        // SAFETY: by the caller's promise, within the arrays.
        unsafe {
            let weights = self.scratch;
            let copies = weights.add((g.maps * taps).next_multiple_of(MAX_LANES));
            for group in 0..g.groups {
                transpose(self.b.add(group * g.maps * taps), weights, g.maps, taps);
                let start = match self.bias {
                    Some(bias) => Start::Column(bias.add(group * g.maps)),
                    None => Start::Zero,
                };
                for band in windows.bands(g) {
                    for n in self.examples.clone() {
                        let first = n * g.groups + group;
                        let x = self.a.add(first * g.channels * g.x_size());
                        let y = self.to.add(first * g.maps * g.y_size());
                        outer_body::<T, V, true>(&Product {
                            a: weights,
                            b: windows.of::<T, V>(g, x, band.start, copies),
                            c: y.add(band.start * g.y[1]),
                            c_row: g.y_size(),
                            start,
                            ..product([g.maps, band.len() * g.y[1], taps], &windows.table)
                        });
                        let Some(then) = self.then else { continue };
                        let maps = first * g.maps..(first + 1) * g.maps;
                        if band.len() == g.y[0] {
                            then(maps.start * g.y_size()..maps.end * g.y_size());
                            continue;
                        }
                        for row in maps.map(|map| map * g.y[0]) {
                            then((row + band.start) * g.y[1]..(row + band.end) * g.y[1]);
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
    unsafe fn filter<V: Vector<T>>(&self, windows: &Windows) {
        let (g, block) = (&self.conv.geometry, self.conv.block());
        let (x_step, y_step) = (g.groups * g.channels * g.x_size(), g.groups * g.maps * g.y_size());
        // SAFETY: by the caller's promise, within the arrays.
        unsafe {
            std::slice::from_raw_parts_mut(self.to, g.weights()).fill(T::zero());
            for (group, band) in (0..g.groups).flat_map(|k| windows.bands(g).map(move |b| (k, b))) {
                let x = self.a.add(group * g.channels * g.x_size());
                let y = self.b.add(group * g.maps * g.y_size() + band.start * g.y[1]);
                for n in self.examples.clone().step_by(block) {
                    let times = block.min(self.examples.end - n);
                    for k in 0..times {
                        let to = self.scratch.add(k * windows.size);
                        windows.of::<T, V>(g, x.add((n + k) * x_step), band.start, to);
                    }
                    let copied = windows.size > 0;
                    let pictures = x.add(n * x_step + band.start * g.x[1]);
                    dot_body::<T, V, true>(&Product {
                        a: y.add(n * y_step),
                        a_row: g.y_size(),
                        b: if copied { self.scratch } else { pictures },
                        times,
                        a_next: y_step,
                        b_next: if copied { windows.size } else { x_step },
                        c: self.to.add(group * g.maps * g.taps()),
                        start: Start::Add(T::one()),
                        ..product([g.maps, g.taps(), band.len() * g.y[1]], &windows.table)
                    });
                }
            }
        }
    }

    /// # Safety
    ///
    /// As [`Conv::run`]; the arrays have as many elements.
    #[inline(always)]
    unsafe fn input<V: Vector<T>>(&self, order: &Spread) {
        let g = &self.conv.geometry;
        let rows = g.channels * g.w[0];
        // SAFETY: by the caller's promise, within the arrays.
        unsafe {
            let weights = self.scratch;
            let maps = weights.add((g.maps * g.taps()).next_multiple_of(MAX_LANES));
            let cells = maps.add(order.room(g));
            std::slice::from_raw_parts_mut(maps, order.room(g)).fill(T::zero());
            for group in 0..g.groups {
                // Phase after phase, for each pair a column of the weights that the rows have.
                let w = self.b.add(group * g.maps * g.taps());
                let mut packed = weights;
                for &[q, o] in order.phases.iter().flat_map(|phase| &phase.taps) {
                    for row in 0..rows {
                        *packed = *w.add((o * rows + row) * g.w[1] + q);
                        packed = packed.add(1);
                    }
                }
                for n in self.examples.clone() {
                    let first = n * g.groups + group;
                    let y = self.a.add(first * g.maps * g.y_size());
                    let x = self.to.add(first * g.channels * g.x_size());
                    for band in &order.bands {
                        for o in 0..g.maps {
                            let from = y.add(o * g.y_size() + band.rows.start * g.y[1]);
                            let to = maps.add(o * order.map() + order.lead);
                            let size = [band.rows.len(), g.y[1]];
                            spread::<T, V>(from, [g.y[1], 1], to, order.width, size);
                        }
                        let mut weights = weights.cast_const();
                        for phase in &order.phases {
                            let n = (band.rows.len() - 1) * order.width + phase.inside.len();
                            outer_body::<T, V, true>(&Product {
                                a: weights,
                                b: maps.add(phase.inside.start),
                                c: cells,
                                c_row: order.height * order.width,
                                ..product([rows, n, phase.table.len()], &phase.table)
                            });
                            weights = weights.add(rows * phase.table.len());
                            self.add_up::<V>(order, band, phase, cells, x);
                        }
                    }
                    if let Some(then) = self.then {
                        let size = g.channels * g.x_size();
                        then(first * size..(first + 1) * size);
                    }
                }
            }
        }
    }

    /// Adds up what the rows of filters have made of a band, to the rows of the picture's cotangent.
    ///
    /// # Safety
    ///
    /// As [`Conv::run`]; the arrays have as many elements.
    #[inline(always)]
    unsafe fn add_up<V: Vector<T>>(
        &self, order: &Spread, band: &Band, phase: &Phase, cells: *const T, x: *mut T,
    ) {
        let g = &self.conv.geometry;
        let channel = g.w[0] * order.height * order.width;
        for (c, sum) in (0..g.channels).flat_map(|c| band.sums.iter().map(move |sum| (c, sum))) {
            for j in (0..phase.inside.len()).step_by(V::LANES) {
                let n = V::LANES.min(phase.inside.len() - j);
                let column = phase.column + j * g.stride[1];
                // SAFETY: by the caller's promise, within the arrays.
                unsafe {
                    let to = x.add((c * g.x[0] + sum.row) * g.x[1] + column);
                    let mut total = V::splat(T::zero());
                    if band.rows.start > 0 {
                        total = gather::<T, V>(to, g.stride[1], n);
                    }
                    let mut from = cells.add(c * channel + sum.from + j);
                    for _ in 0..sum.terms {
                        total = total.add(V::load(from));
                        from = from.wrapping_offset(band.step);
                    }
                    scatter::<T, V>(total, to, g.stride[1], n);
                }
            }
        }
    }
}
