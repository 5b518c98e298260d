//! Convolutions and their adjoints to pictures.

#![allow(unsafe_code)]

use std::collections::HashMap;
use std::ops::Range;

use gradus_ops::Convolution;

use super::taps::{Taps, taps};
use crate::arena::Memory;
use crate::kernels::axis::{Axis, Run};
use crate::kernels::epilogue::Then;
use crate::kernels::vector::{Job, Vector, run};
use crate::kernels::{Isa, Real};
use crate::memory::{Place, REGISTERS};

/// A convolution, y from x and w, or its adjoint x̄ from ȳ and w: each cell of the result is a sum
/// over the weights that meet cells of the operand.
#[derive(Clone, Debug)]
pub(crate) struct Correlation {
    /// The pictures that are read, the weights, and the result.
    places: [Place; 3],
    /// What is added to each map.
    bias: Option<Place>,
    adjoint: bool,
    examples: usize,
    maps: usize,
    /// The distances of weights for neighbouring maps that are made, and that are read.
    weights: [usize; 2],
    /// How many maps are read, and the cells of one.
    sources: usize,
    source_cells: usize,
    rows: Vec<Run>,
    columns: Vec<Run>,
    /// For each run of rows and of columns, the weights and the cells that are met.
    tables: Vec<Range<usize>>,
    met: Vec<[isize; 2]>,
    /// Columns of the pictures that are read.
    source_columns: usize,
    /// Rows and columns of the result, and of a filter.
    size: [usize; 2],
    filter: [usize; 2],
    isa: Isa,
}

impl Correlation {
    /// The maps y \[maps, rows, columns, n\] of pictures x and filters of these sizes; there is no
    /// padding.
    pub fn forward(
        convolution: Convolution, [x, w, y]: [[usize; 4]; 3], places: [Place; 3],
        bias: Option<Place>, isa: Isa,
    ) -> Self {
        let Convolution { stride, dilation, .. } = convolution;
        let axis = |k: usize| Axis::forward(y[k + 1], w[k + 2], stride[k], dilation[k]);
        let filter = w[2] * w[3];
        let conv = Self {
            places,
            bias,
            adjoint: false,
            examples: x[3],
            maps: y[0],
            weights: [w[1] * filter, filter],
            sources: w[1],
            source_cells: x[1] * x[2],
            rows: Vec::new(),
            columns: Vec::new(),
            tables: Vec::new(),
            met: Vec::new(),
            source_columns: x[2],
            size: [y[1], y[2]],
            filter: [w[2], w[3]],
            isa,
        };
        conv.along([axis(0), axis(1)])
    }

    /// The adjoint to pictures of sizes x, of maps of sizes y.
    pub fn adjoint(
        convolution: Convolution, [x, w, y]: [[usize; 4]; 3], places: [Place; 3], isa: Isa,
    ) -> Self {
        let Convolution { stride, dilation, padding, .. } = convolution;
        let axis = |k: usize| {
            let (cells, sources) = (x[k + 1], y[k + 1]);
            Axis::adjoint(cells, w[k + 2], sources, padding[k][0], stride[k], dilation[k])
        };
        let filter = w[2] * w[3];
        let conv = Self {
            places,
            bias: None,
            adjoint: true,
            examples: x[3],
            maps: x[0],
            weights: [filter, w[1] * filter],
            sources: w[0],
            source_cells: y[1] * y[2],
            rows: Vec::new(),
            columns: Vec::new(),
            tables: Vec::new(),
            met: Vec::new(),
            source_columns: y[2],
            size: [x[1], x[2]],
            filter: [w[2], w[3]],
            isa,
        };
        conv.along([axis(0), axis(1)])
    }

    /// With the runs of rows and columns, and tables of what they meet.
    fn along(mut self, [rows, columns]: [Axis; 2]) -> Self {
        let mut known: HashMap<[usize; 4], Range<usize>> = HashMap::new();
        for row in &rows.runs {
            for column in &columns.runs {
                let taps = [row.tap, row.taps, column.tap, column.taps];
                let table = known.entry(taps).or_insert_with(|| {
                    let first = self.met.len();
                    for source in 0..self.sources {
                        for p in 0..row.taps {
                            for q in 0..column.taps {
                                let weight =
                                    (source * self.filter[0] + row.tap + p * rows.tap_step)
                                        * self.filter[1]
                                        + column.tap
                                        + q * columns.tap_step;
                                let line = p as isize * rows.source_step;
                                let cell = source as isize * self.source_cells as isize
                                    + line * self.source_columns as isize
                                    + q as isize * columns.source_step;
                                let cell = cell * self.examples as isize;
                                self.met.push([(weight * self.maps) as isize, cell]);
                            }
                        }
                    }
                    first..self.met.len()
                });
                self.tables.push(table.clone());
            }
        }
        (self.rows, self.columns) = (rows.runs, columns.runs);
        self
    }

    /// Where the pictures are, and the weights.
    pub fn operands(&self) -> [Place; 2] {
        [self.places[0], self.places[1]]
    }

    /// What is added to each map.
    pub fn bias(&self) -> Option<Place> {
        self.bias
    }

    /// Where the result is.
    pub fn result(&self) -> Place {
        self.places[2]
    }

    /// How many numbers the result has.
    pub fn len(&self) -> usize {
        self.maps * self.size[0] * self.size[1] * self.examples
    }

    /// What is read: places, and how many numbers from there on.
    pub fn reads(&self) -> Vec<(Place, usize)> {
        let [x, w, _] = self.places;
        let x = (x, self.sources * self.source_cells * self.examples);
        let bias = self.bias.map(|place| (place, self.maps));
        [x, (w, self.registers())].into_iter().chain(bias).collect()
    }

    /// Whether it is a convolution, and no adjoint of one.
    pub fn is_forward(&self) -> bool {
        !self.adjoint
    }

    /// How far into the pictures the filter begins for a cell of a map.
    pub fn cell(&self, [i, j]: [usize; 2]) -> usize {
        let first = |runs: &[Run], i: usize| {
            let run = runs.iter().find(|run| i < run.to + run.len).expect("a cell of the map");
            run.source + i - run.to
        };
        let (row, column) = (first(&self.rows, i), first(&self.columns, j));
        (row * self.source_columns + column) * self.examples
    }

    /// Of a convolution, the weights that a map begins with and the cells they meet, so far from
    /// where the filter begins: the same for all cells of a map.
    pub fn met(&self) -> &[[isize; 2]] {
        &self.met
    }

    /// The direction and the sizes.
    pub fn name(&self) -> String {
        let Self { examples, maps, sources, filter, .. } = self;
        let direction = if self.adjoint { ", to its input" } else { "" };
        let bias = if self.bias.is_some() { ", with bias" } else { "" };
        let (rows, columns) = (filter[0], filter[1]);
        format!("convolution{direction} {sources}→{maps} {rows}×{columns} × {examples}{bias}")
    }

    /// How many registers it needs: for the weights, those for all maps side by side.
    pub fn registers(&self) -> usize {
        self.maps * self.sources * self.filter[0] * self.filter[1]
    }

    /// All of it, with something done with the elements of each row of a map.
    ///
    /// # Safety
    ///
    /// The operands and the result must lie in `memory`, and these not overlap.
    pub unsafe fn run<T: Real>(&self, memory: &Memory<T>, then: Option<Then<'_>>) {
        // SAFETY: by the caller's promise, here and in the job.
        unsafe {
            let packed = memory.at(Place { base: REGISTERS, offset: 0 });
            let [x, w, to] = self.places.map(|place| memory.at(place));
            let bias = self.bias.map(|place| memory.at(place).cast_const());
            self.pack(w, packed);
            run(self.isa, &CorrelationJob { shape: self, x, w: packed, to, bias, then });
        }
    }

    /// Writes the weights in the order in which they are met.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run); there must be room for all weights.
    pub unsafe fn pack<T: Copy>(&self, w: *const T, packed: *mut T) {
        let taps = self.filter[0] * self.filter[1];
        for source in 0..self.sources {
            for tap in 0..taps {
                for map in 0..self.maps {
                    // SAFETY: by the caller's promise.
                    unsafe {
                        let from = map * self.weights[0] + source * self.weights[1] + tap;
                        *packed.add((source * taps + tap) * self.maps + map) = *w.add(from);
                    }
                }
            }
        }
    }
}

struct CorrelationJob<'a, T> {
    shape: &'a Correlation,
    x: *const T,
    w: *const T,
    to: *mut T,
    bias: Option<*const T>,
    then: Option<Then<'a>>,
}

impl<T: Real> Job<T> for CorrelationJob<'_, T> {
    /// # Safety
    ///
    /// As [`Correlation::run`].
    #[inline(always)]
    unsafe fn run<V: Vector<T>>(&self) {
        let [height, width] = self.shape.size;
        let row = width * self.shape.examples;
        for (number, rows) in self.shape.rows.iter().enumerate() {
            for k in 0..rows.len {
                // SAFETY: by the caller's promise.
                unsafe { self.row::<V>(number, k, self.to.add((rows.to + k) * row), height * row) };
                if let Some(then) = self.then {
                    let begin = |map: usize| (map * height + rows.to + k) * row;
                    (0..self.shape.maps).for_each(|map| then(begin(map)..begin(map) + row));
                }
            }
        }
    }
}

impl<T: Real> CorrelationJob<'_, T> {
    /// Row k of a run of rows, for all maps: at `to`, those of two maps so far apart.
    ///
    /// # Safety
    ///
    /// As [`Correlation::run`]; there must be room for the rows.
    #[inline(always)]
    unsafe fn row<V: Vector<T>>(&self, number: usize, k: usize, to: *mut T, map: usize) {
        let s = self.shape;
        let (n, line) = (s.examples, (s.rows[number].source + k) * s.source_columns);
        let tables = &s.tables[number * s.columns.len()..];
        for (run, table) in s.columns.iter().zip(tables) {
            // SAFETY: by the caller's promise; the tables lead to cells that are there.
            unsafe {
                taps::<T, V>(&Taps {
                    m: s.maps,
                    n: run.len * n,
                    a: self.w,
                    b: self.x.add((line + run.source) * n),
                    table: &s.met[table.clone()],
                    bias: self.bias,
                    c: to.add(run.to * n),
                    c_row: map,
                });
            }
        }
    }
}
