//! LeNet of ReLUs with the softmax cross-entropy, 64 examples.
//!
//! A lane is an example: the network's numbers are lines of sixteen examples, and a weight is the
//! same for all lanes. Only for the steps of dense weights a layer's inputs are transposed.

#![allow(unsafe_code)]

use super::kernels::{
    Instructions, LANES, Lanes, Line, Step, Strided, add, load, numbers, numbers_mut, product,
    sum_lines, zeros,
};

const EXAMPLES: usize = 64;
/// Lines that hold a number of all examples.
const BLOCKS: usize = EXAMPLES / LANES;
const PICTURE: usize = 28;
/// The side of a picture with its padding.
const PADDED: usize = PICTURE + 4;
/// A filter's side and its weights for a channel.
const SIDE: usize = 5;
const TAPS: usize = SIDE * SIDE;
const FILTERS1: usize = 6;
/// The side of the first layer's maps, pooled.
const POOLED1: usize = 14;
const MAPS1: usize = FILTERS1 * POOLED1 * POOLED1;
const FILTERS2: usize = 16;
/// The side of the second layer's maps, and pooled.
const MAP2: usize = 10;
const POOLED2: usize = 5;
const WEIGHTS2: usize = FILTERS2 * FILTERS1 * TAPS;
/// The sizes of the dense layers, the input first.
const FLAT: usize = FILTERS2 * POOLED2 * POOLED2;
const DENSE1: usize = 120;
const DENSE2: usize = 84;
const OUTPUTS: usize = 10;
/// The parameters of the convolutions, filled up to whole vectors.
const STEPS1: usize = (FILTERS1 * TAPS + FILTERS1).next_multiple_of(LANES);
const STEPS2: usize = (WEIGHTS2 + FILTERS2).next_multiple_of(LANES);

/// The examples for which each cell of a window, in row order, is active and the largest.
type Places = [u16; 4];

/// The network and the buffers of its step.
pub struct W3 {
    /// Filters of the first convolution, [6, 1, 5, 5].
    pub w2: Vec<f32>,
    /// Its biases, [6].
    pub b2: Vec<f32>,
    /// Filters of the second convolution, [16, 6, 5, 5].
    pub w3: Vec<f32>,
    /// Its biases, [16].
    pub b3: Vec<f32>,
    /// Weights of the first dense layer, [120, 400].
    pub w4: Vec<f32>,
    /// Its biases, [120].
    pub b4: Vec<f32>,
    /// Weights of the second dense layer, [84, 120].
    pub w5: Vec<f32>,
    /// Its biases, [84].
    pub b5: Vec<f32>,
    /// Weights of the output layer, [10, 84].
    pub w6: Vec<f32>,
    /// Its biases, [10].
    pub b6: Vec<f32>,
    instructions: Instructions,
    /// Padded pictures and pooled maps of the first convolution, block after block.
    x: Vec<Line>,
    a2: Vec<Line>,
    places2: Vec<Places>,
    places3: Vec<Places>,
    /// Activations and −η δ, all blocks of a number together.
    a3: Vec<Line>,
    a4: Vec<Line>,
    a5: Vec<Line>,
    delta3: Vec<Line>,
    delta4: Vec<Line>,
    delta5: Vec<Line>,
    delta6: Vec<Line>,
    /// −η δ of the pooled maps, of one block.
    block2: Vec<Line>,
    block3: Vec<Line>,
    /// A dense layer's input, a row for each example.
    rows: Vec<Line>,
    /// The steps of the convolutions' parameters, a line each that is not yet summed.
    lines2: Box<[Line; STEPS1]>,
    lines3: Box<[Line; STEPS2]>,
    steps2: Box<[f32; STEPS1]>,
    steps3: Box<[f32; STEPS2]>,
}

impl W3 {
    /// A network with these parameters: weights and biases of each layer.
    pub fn new(layers: [(Vec<f32>, Vec<f32>); 5]) -> Self {
        let [(w2, b2), (w3, b3), (w4, b4), (w5, b5), (w6, b6)] = layers;
        assert_eq!((w2.len(), b2.len()), (FILTERS1 * TAPS, FILTERS1));
        assert_eq!((w3.len(), b3.len()), (WEIGHTS2, FILTERS2));
        assert_eq!((w4.len(), b4.len()), (DENSE1 * FLAT, DENSE1));
        assert_eq!((w5.len(), b5.len()), (DENSE2 * DENSE1, DENSE2));
        assert_eq!((w6.len(), b6.len()), (OUTPUTS * DENSE2, OUTPUTS));
        // Whole squares of sixteen lines are transposed.
        let layer = |neurons: usize| zeros(neurons.next_multiple_of(LANES) * BLOCKS);
        Self {
            w2,
            b2,
            w3,
            b3,
            w4,
            b4,
            w5,
            b5,
            w6,
            b6,
            instructions: Instructions::best(),
            x: zeros(BLOCKS * PADDED * PADDED),
            a2: zeros(BLOCKS * MAPS1),
            places2: vec![[0; 4]; BLOCKS * MAPS1],
            places3: vec![[0; 4]; BLOCKS * FLAT],
            a3: layer(FLAT),
            a4: layer(DENSE1),
            a5: layer(DENSE2),
            delta3: layer(FLAT),
            delta4: layer(DENSE1),
            delta5: layer(DENSE2),
            delta6: layer(OUTPUTS),
            block2: zeros(MAPS1),
            block3: zeros(FLAT),
            rows: zeros(EXAMPLES * FLAT / LANES),
            lines2: Box::new([Line([0.0; LANES]); STEPS1]),
            lines3: Box::new([Line([0.0; LANES]); STEPS2]),
            steps2: Box::new([0.0; STEPS1]),
            steps3: Box::new([0.0; STEPS2]),
        }
    }

    /// A step: `x` is [64, 1, 28, 28], `y` is [64, 10].
    pub fn step(&mut self, x: &[f32], y: &[f32], eta: f32) -> f32 {
        self.instructions.step(self, x, y, eta)
    }

    /// Copies sixteen pictures into the padded ones of a block, a line for each place.
    #[inline(always)]
    fn spread<S: Lanes>(&mut self, s: S, block: usize, x: &[f32]) {
        const PLACES: usize = PICTURE * PICTURE;
        let to = &mut self.x[block * PADDED * PADDED..];
        for first in (0..PLACES).step_by(LANES) {
            let x = x[block * LANES * PLACES + first..].as_ptr();
            // SAFETY: each of the sixteen pictures has sixteen numbers from the first on.
            let rows = unsafe { load::<S, LANES>(s, x, PLACES) };
            for (k, column) in s.transpose(rows).into_iter().enumerate() {
                let (i, j) = ((first + k) / PICTURE + 2, (first + k) % PICTURE + 2);
                // SAFETY: this is a whole line.
                unsafe { s.store(to[i * PADDED + j].0.as_mut_ptr(), column) };
            }
        }
    }

    /// Both convolutions of a block, with ReLU and pooling.
    #[inline(always)]
    fn features<S: Lanes>(&mut self, s: S, block: usize) {
        let x = numbers(&self.x[block * PADDED * PADDED..][..PADDED * PADDED]);
        let a2 = &mut self.a2[block * MAPS1..][..MAPS1];
        let places = &mut self.places2[block * MAPS1..];
        for i in 0..POOLED1 {
            for j in 0..POOLED1 {
                // SAFETY: the filters have as many weights, the window is in the padded picture.
                let z = unsafe {
                    let corner = x.add((2 * i * PADDED + 2 * j) * LANES);
                    window::<S, FILTERS1>(s, corner, [1, PADDED], &self.w2, &self.b2)
                };
                for (o, z) in z.into_iter().enumerate() {
                    let cell = (o * POOLED1 + i) * POOLED1 + j;
                    // SAFETY: this is a whole line.
                    places[cell] = unsafe { pool(s, z, a2[cell].0.as_mut_ptr()) };
                }
            }
        }
        const GROUP: usize = 4;
        let places = &mut self.places3[block * FLAT..];
        for i in 0..POOLED2 {
            for first in (0..FILTERS2).step_by(GROUP) {
                let (w, b) = (&self.w3[first * FILTERS1 * TAPS..], &self.b3[first..]);
                for j in 0..POOLED2 {
                    // SAFETY: as before; the window is in the maps.
                    let z = unsafe {
                        let corner = numbers(a2).add((2 * i * POOLED1 + 2 * j) * LANES);
                        window::<S, GROUP>(s, corner, [FILTERS1, POOLED1], w, b)
                    };
                    for (o, z) in z.into_iter().enumerate() {
                        let cell = ((first + o) * POOLED2 + i) * POOLED2 + j;
                        let line = &mut self.a3[cell * BLOCKS + block];
                        // SAFETY: this is a whole line.
                        places[cell] = unsafe { pool(s, z, line.0.as_mut_ptr()) };
                    }
                }
            }
        }
    }

    /// The dense layers, their update, and −η δ of the pooled maps' activations.
    #[inline(always)]
    fn dense<S: Lanes>(&mut self, s: S, y: &[f32], eta: f32) -> f32 {
        forward::<S, 6>(s, &self.w4, &self.b4, &self.a3, &mut self.a4, 0.0);
        forward::<S, 6>(s, &self.w5, &self.b5, &self.a4, &mut self.a5, 0.0);
        let z = &mut self.delta6;
        forward::<S, 5>(s, &self.w6, &self.b6, &self.a5, z, f32::NEG_INFINITY);
        let cost = softmax_errors(s, z, y, -eta);
        back::<S, 6>(s, OUTPUTS, &self.w6, &self.delta6, &mut self.delta5);
        keep_active(s, &mut self.delta5, &self.a5);
        back::<S, 6>(s, DENSE2, &self.w5, &self.delta5, &mut self.delta4);
        keep_active(s, &mut self.delta4, &self.a4);
        back::<S, 5>(s, DENSE1, &self.w4, &self.delta4, &mut self.delta3);
        update::<S, 5>(s, &mut self.w6, &mut self.b6, &self.delta6, &self.a5, &mut self.rows);
        update::<S, 6>(s, &mut self.w5, &mut self.b5, &self.delta5, &self.a4, &mut self.rows);
        update::<S, 5>(s, &mut self.w4, &mut self.b4, &self.delta4, &self.a3, &mut self.rows);
        cost
    }

    /// −η δ of a block's pooled maps, and the steps of the filters.
    #[inline(always)]
    fn filters<S: Lanes>(&mut self, s: S, block: usize) {
        let places2 = &self.places2[block * MAPS1..][..MAPS1];
        let places3 = &self.places3[block * FLAT..][..FLAT];
        for (cell, (delta, places)) in self.block3.iter_mut().zip(places3).enumerate() {
            let from = self.delta3[cell * BLOCKS + block].0.as_ptr();
            // SAFETY: these are whole lines.
            unsafe { s.store(delta.0.as_mut_ptr(), s.keep(active(places), s.load(from))) };
        }
        let maps = &self.a2[block * MAPS1..][..MAPS1];
        let lines = &mut self.lines3[..];
        filter_steps::<S, 4>(s, [FILTERS1, POOLED1], maps, &self.block3, places3, lines);
        for c in 0..FILTERS1 {
            for i in 0..POOLED1 {
                let row = pull_row(s, &self.w3, &self.block3, places3, [c, i]);
                let first = (c * POOLED1 + i) * POOLED1;
                for (j, delta) in row.into_iter().enumerate() {
                    let (line, places) = (&mut self.block2[first + j], &places2[first + j]);
                    // SAFETY: this is a whole line.
                    unsafe { s.store(line.0.as_mut_ptr(), s.keep(active(places), delta)) };
                }
            }
        }
        let x = &self.x[block * PADDED * PADDED..][..PADDED * PADDED];
        let lines = &mut self.lines2[..];
        filter_steps::<S, 3>(s, [1, PADDED], x, &self.block2, places2, lines);
    }
}

impl Step for W3 {
    #[inline(always)]
    fn step_with<S: Lanes>(&mut self, s: S, x: &[f32], y: &[f32], eta: f32) -> f32 {
        assert_eq!((x.len(), y.len()), (EXAMPLES * PICTURE * PICTURE, EXAMPLES * OUTPUTS));
        for block in 0..BLOCKS {
            self.spread(s, block, x);
            self.features(s, block);
        }
        let cost = self.dense(s, y, eta);
        self.lines2.fill(Line([0.0; LANES]));
        self.lines3.fill(Line([0.0; LANES]));
        for block in 0..BLOCKS {
            self.filters(s, block);
        }
        sum_lines(s, &self.lines2, &mut self.steps2);
        sum_lines(s, &self.lines3, &mut self.steps3);
        add(&mut self.w2, &self.steps2[..]);
        add(&mut self.b2, &self.steps2[FILTERS1 * TAPS..]);
        add(&mut self.w3, &self.steps3[..]);
        add(&mut self.b3, &self.steps3[WEIGHTS2..]);
        cost
    }
}

/// The weighted inputs of `O` filters at a window of 2×2 cells, that sees maps from `corner` on of
/// so many channels and such a side.
///
/// # Safety
///
/// The maps must be readable.
#[inline(always)]
unsafe fn window<S: Lanes, const O: usize>(
    s: S, corner: *const f32, [channels, side]: [usize; 2], w: &[f32], b: &[f32],
) -> [[S::V; 4]; O] {
    assert!(w.len() >= O * channels * TAPS);
    let mut z = [[s.splat(0.0); 4]; O];
    for (z, &b) in z.iter_mut().zip(b) {
        *z = [s.splat(b); 4];
    }
    for c in 0..channels {
        for i in 0..SIDE {
            for j in 0..SIDE {
                // SAFETY: as the caller vouches; the weights are as many as asserted.
                unsafe {
                    let x = corner.add((c * side * side + i * side + j) * LANES);
                    let [upper, lower] =
                        [load::<S, 2>(s, x, LANES), load(s, x.add(side * LANES), LANES)];
                    for (o, z) in z.iter_mut().enumerate() {
                        let w = *w.get_unchecked((o * channels + c) * TAPS + i * SIDE + j);
                        let w = s.splat(w);
                        for (z, x) in z.iter_mut().zip([upper[0], upper[1], lower[0], lower[1]]) {
                            *z = s.fma(w, x, *z);
                        }
                    }
                }
            }
        }
    }
    z
}

/// Writes the largest of a window, or 0 if it is less; returns where it is.
///
/// # Safety
///
/// The line must be writable.
#[inline(always)]
unsafe fn pool<S: Lanes>(s: S, z: [S::V; 4], to: *mut f32) -> Places {
    let (right, lower_right) = (s.greater(z[1], z[0]), s.greater(z[3], z[2]));
    let (upper, lower) = (s.max(z[1], z[0]), s.max(z[3], z[2]));
    let below = s.greater(lower, upper);
    let largest = s.max(s.max(lower, upper), s.splat(0.0));
    let active = s.greater(largest, s.splat(0.0));
    // SAFETY: as the caller vouches.
    unsafe { s.store(to, largest) };
    let (above, below) = (active & !below, active & below);
    [above & !right, above & right, below & !lower_right, below & lower_right]
}

/// Where a window has an active cell.
#[inline(always)]
fn active(places: &Places) -> u16 {
    places.iter().fold(0, |any, place| any | place)
}

/// Adds the steps of filters and, after them, of biases: the δ of each window times what its
/// largest cell sees, `O` filters at once.
#[inline(always)]
fn filter_steps<S: Lanes, const O: usize>(
    s: S, [channels, side]: [usize; 2], maps: &[Line], delta: &[Line], places: &[Places],
    lines: &mut [Line],
) {
    let pooled = (side + 1 - SIDE) / 2;
    let cells = pooled * pooled;
    let filters = delta.len() / cells;
    assert!(maps.len() == channels * side * side && delta.len() == places.len());
    for first in (0..filters).step_by(O) {
        for c in 0..channels {
            for i in 0..SIDE {
                let mut steps = [[s.splat(0.0); SIDE]; O];
                for cell in 0..cells {
                    let (row, column) = (2 * (cell / pooled) + i, 2 * (cell % pooled));
                    // SAFETY: the window with its taps is in the maps, the cell in δ.
                    unsafe {
                        let x = numbers(maps).add((c * side * side + row * side + column) * LANES);
                        let upper = load::<S, 6>(s, x, LANES);
                        let lower = load::<S, 6>(s, x.add(side * LANES), LANES);
                        for (o, steps) in steps.iter_mut().enumerate() {
                            let cell = (first + o) * cells + cell;
                            let delta = s.load(delta.get_unchecked(cell).0.as_ptr());
                            let [_, right, lower_left, lower_right] = *places.get_unchecked(cell);
                            for (j, step) in steps.iter_mut().enumerate() {
                                let above = s.select(right, upper[j + 1], upper[j]);
                                let below = s.select(lower_right, lower[j + 1], lower[j]);
                                let seen = s.select(lower_left | lower_right, below, above);
                                *step = s.fma(delta, seen, *step);
                            }
                        }
                    }
                }
                for (o, steps) in steps.into_iter().enumerate() {
                    let filter = ((first + o) * channels + c) * TAPS + i * SIDE;
                    for (line, step) in lines[filter..].iter_mut().zip(steps) {
                        accumulate(s, line, step);
                    }
                }
            }
        }
    }
    for (o, delta) in delta.chunks_exact(cells).enumerate() {
        let mut step = s.splat(0.0);
        for line in delta {
            // SAFETY: this is a whole line.
            step = s.add(step, unsafe { s.load(line.0.as_ptr()) });
        }
        accumulate(s, &mut lines[filters * channels * TAPS + o], step);
    }
}

/// Adds to a line.
#[inline(always)]
fn accumulate<S: Lanes>(s: S, line: &mut Line, v: S::V) {
    let line = line.0.as_mut_ptr();
    // SAFETY: this is a whole line.
    unsafe { s.store(line, s.add(s.load(line), v)) };
}

/// Row i of channel c of what the second convolution pulls back.
#[inline(always)]
fn pull_row<S: Lanes>(
    s: S, w: &[f32], delta: &[Line], places: &[Places], [c, i]: [usize; 2],
) -> [S::V; POOLED1] {
    assert!(w.len() == WEIGHTS2 && delta.len() == FLAT && places.len() == FLAT && c < FILTERS1);
    let mut sums = [s.splat(0.0); POOLED1];
    for p in (i + 1).saturating_sub(MAP2)..SIDE.min(i + 1) {
        let row = i - p;
        for o in 0..FILTERS2 {
            let mut weights = [s.splat(0.0); SIDE];
            for (q, weight) in weights.iter_mut().enumerate() {
                *weight = s.splat(w[(o * FILTERS1 + c) * TAPS + p * SIDE + q]);
            }
            let first = (o * POOLED2 + row / 2) * POOLED2;
            let (delta, places) = (&delta[first..][..POOLED2], &places[first..][..POOLED2]);
            for j in 0..MAP2 {
                let place = places[j / 2][row % 2 * 2 + j % 2];
                // SAFETY: this is a whole line.
                let delta = s.keep(place, unsafe { s.load(delta[j / 2].0.as_ptr()) });
                for (q, &weight) in weights.iter().enumerate() {
                    sums[j + q] = s.fma(weight, delta, sums[j + q]);
                }
            }
        }
    }
    sums
}

/// max(w a + b, least), `M` neurons at once.
#[inline(always)]
fn forward<S: Lanes, const M: usize>(
    s: S, w: &[f32], b: &[f32], a: &[Line], z: &mut [Line], least: f32,
) {
    let inputs = w.len() / b.len();
    assert!(w.len() == inputs * b.len() && b.len().is_multiple_of(M));
    assert!(a.len() >= inputs * BLOCKS && z.len() >= b.len() * BLOCKS);
    for j in (0..b.len()).step_by(M) {
        // SAFETY: the weights and buffers are as long as asserted.
        unsafe {
            let w = Strided { start: w.as_ptr().add(j * inputs), row: inputs, column: 1 };
            let sums = product::<S, M, BLOCKS>(s, inputs, w, numbers(a), EXAMPLES);
            for (k, sums) in sums.into_iter().enumerate() {
                for (block, sum) in sums.into_iter().enumerate() {
                    let value = s.max(s.add(sum, s.splat(b[j + k])), s.splat(least));
                    s.store(z[(j + k) * BLOCKS + block].0.as_mut_ptr(), value);
                }
            }
        }
    }
}

/// wᵀ δ for so many outputs, `M` inputs at once.
#[inline(always)]
fn back<S: Lanes, const M: usize>(
    s: S, outputs: usize, w: &[f32], delta: &[Line], to: &mut [Line],
) {
    let inputs = w.len() / outputs;
    assert!(w.len() == inputs * outputs && inputs.is_multiple_of(M));
    assert!(delta.len() >= outputs * BLOCKS && to.len() >= inputs * BLOCKS);
    for i in (0..inputs).step_by(M) {
        // SAFETY: the weights and buffers are as long as asserted.
        unsafe {
            let w = Strided { start: w.as_ptr().add(i), row: 1, column: inputs };
            let sums = product::<S, M, BLOCKS>(s, outputs, w, numbers(delta), EXAMPLES);
            for (line, sum) in to[i * BLOCKS..].iter_mut().zip(sums.into_iter().flatten()) {
                s.store(line.0.as_mut_ptr(), sum);
            }
        }
    }
}

/// δ where the neuron is active, and 0 elsewhere.
#[inline(always)]
fn keep_active<S: Lanes>(s: S, delta: &mut [Line], a: &[Line]) {
    for (delta, a) in delta.iter_mut().zip(a) {
        let delta = delta.0.as_mut_ptr();
        // SAFETY: these are whole lines.
        unsafe {
            let active = s.greater(s.load(a.0.as_ptr()), s.splat(0.0));
            s.store(delta, s.keep(active, s.load(delta)));
        }
    }
}

/// Adds the steps of a dense layer with inputs `a`: w + δ aᵀ, `M` neurons at once, and b + Σ δ.
#[inline(always)]
fn update<S: Lanes, const M: usize>(
    s: S, w: &mut [f32], b: &mut [f32], delta: &[Line], a: &[Line], rows: &mut [Line],
) {
    const N: usize = 5;
    let inputs = w.len() / b.len();
    let wide = inputs.next_multiple_of(N * LANES);
    assert!(w.len() == inputs * b.len() && b.len().is_multiple_of(M));
    assert!(a.len() >= inputs.next_multiple_of(LANES) * BLOCKS);
    assert!(rows.len() >= EXAMPLES * wide / LANES && delta.len() >= b.len() * BLOCKS);
    let rows = numbers_mut(rows);
    for i in (0..inputs).step_by(LANES) {
        for block in 0..BLOCKS {
            // SAFETY: a and the rows are as long as asserted; a has whole squares.
            unsafe {
                let start = numbers(a).add(i * EXAMPLES + block * LANES);
                let columns = s.transpose(load::<S, LANES>(s, start, EXAMPLES));
                for (k, row) in columns.into_iter().enumerate() {
                    s.store(rows.add((block * LANES + k) * wide + i), row);
                }
            }
        }
    }
    for j in (0..b.len()).step_by(M) {
        for i in (0..inputs).step_by(N * LANES) {
            // SAFETY: the weights and buffers are as long as asserted.
            unsafe {
                let delta = numbers(delta).add(j * EXAMPLES);
                let delta = Strided { start: delta, row: EXAMPLES, column: 1 };
                let steps = product::<S, M, N>(s, EXAMPLES, delta, rows.add(i), wide);
                for (k, steps) in steps.into_iter().enumerate() {
                    for (n, step) in steps.into_iter().enumerate() {
                        let i = i + n * LANES;
                        let count = LANES.min(inputs.saturating_sub(i));
                        let w = w.as_mut_ptr().wrapping_add((j + k) * inputs + i);
                        s.store_first(w, count, s.add(s.load_first(w, count), step));
                    }
                }
            }
        }
    }
    for (b, delta) in b.iter_mut().zip(delta.chunks_exact(BLOCKS)) {
        let mut sum = s.splat(0.0);
        for line in delta {
            // SAFETY: this is a whole line.
            sum = s.add(sum, unsafe { s.load(line.0.as_ptr()) });
        }
        *b += s.sum(sum);
    }
}

/// The cost of outputs z, which are replaced by δ times the rate.
#[inline(always)]
fn softmax_errors<S: Lanes>(s: S, z: &mut [Line], y: &[f32], rate: f32) -> f32 {
    let mut cost = 0.0;
    for (block, y) in y.chunks_exact(LANES * OUTPUTS).enumerate() {
        let (mut rows, mut values) = ([s.splat(0.0); LANES], [s.splat(0.0); OUTPUTS]);
        // SAFETY: z has a line for each output and block, y a row for each example.
        unsafe {
            for (row, y) in rows.iter_mut().zip(y.chunks_exact(OUTPUTS)) {
                *row = s.load_first(y.as_ptr(), OUTPUTS);
            }
            let y = s.transpose(rows);
            let mut largest = s.splat(f32::NEG_INFINITY);
            for (k, value) in values.iter_mut().enumerate() {
                *value = s.load(z[k * BLOCKS + block].0.as_ptr());
                largest = s.max(*value, largest);
            }
            let (mut total, mut weight, mut hit) = (s.splat(0.0), s.splat(0.0), s.splat(0.0));
            for (value, &y) in values.iter_mut().zip(&y) {
                let shifted = s.sub(*value, largest);
                (weight, hit) = (s.add(weight, y), s.fma(y, shifted, hit));
                *value = s.exp(shifted);
                total = s.add(total, *value);
            }
            let share = s.div(weight, total);
            let rate = s.splat(rate / EXAMPLES as f32);
            for (k, (value, &y)) in values.into_iter().zip(&y).enumerate() {
                let delta = s.mul(rate, s.sub(s.mul(value, share), y));
                s.store(z[k * BLOCKS + block].0.as_mut_ptr(), delta);
            }
            let (mut totals, mut weights) = (Line([0.0; LANES]), Line([0.0; LANES]));
            s.store(totals.0.as_mut_ptr(), total);
            s.store(weights.0.as_mut_ptr(), weight);
            for (total, weight) in totals.0.iter().zip(weights.0) {
                cost += weight * total.ln();
            }
            cost -= s.sum(hit);
        }
    }
    cost / EXAMPLES as f32
}
