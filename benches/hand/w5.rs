//! The convolutional network of 69 parameters, 96 examples.
//!
//! A lane is an example. The sigmoid grows, so the largest activation of a window is that of the
//! largest weighted input, and only that one is computed.

#![allow(unsafe_code)]

use super::kernels::{
    Instructions, LANES, Lanes, Line, Step, add, load, numbers, numbers_mut, sum_lines, zeros,
};

const EXAMPLES: usize = 96;
const SIDE: usize = 6;
const PICTURE: usize = SIDE * SIDE;
const FILTERS: usize = 3;
const TAPS: usize = 9;
const CELLS: usize = 4;
const POOLED: usize = FILTERS * CELLS;
const OUTPUTS: usize = 3;
/// Where the steps of the parameters are, one after the other, and the squared errors.
const B2: usize = FILTERS * TAPS;
const W3: usize = B2 + FILTERS;
const B3: usize = W3 + OUTPUTS * POOLED;
const SQUARES: usize = B3 + OUTPUTS;
/// All of them, filled up to whole vectors.
const SUMS: usize = 80;

/// The network and the buffers of its step.
pub struct W5 {
    /// Filters, [3, 1, 3, 3].
    pub w2: Vec<f32>,
    /// Biases of the filters, [3].
    pub b2: Vec<f32>,
    /// Weights of the output layer, [3, 12].
    pub w3: Vec<f32>,
    /// Biases of the output layer, [3].
    pub b3: Vec<f32>,
    instructions: Instructions,
    /// The pictures of sixteen examples.
    x: Vec<Line>,
    /// Largest weighted inputs, and then activations.
    a2: Vec<Line>,
    /// Which of a window is the largest: the upper right, the lower right, one of the lower.
    places: [[u16; 3]; POOLED],
    delta2: Vec<Line>,
    lines: Box<[Line; SUMS]>,
    sums: [f32; SUMS],
}

impl W5 {
    /// A network with these parameters.
    pub fn new(w2: Vec<f32>, b2: Vec<f32>, w3: Vec<f32>, b3: Vec<f32>) -> Self {
        assert_eq!((w2.len(), b2.len()), (FILTERS * TAPS, FILTERS));
        assert_eq!((w3.len(), b3.len()), (OUTPUTS * POOLED, OUTPUTS));
        let instructions = Instructions::best();
        let (x, a2, delta2) = (zeros(PICTURE), zeros(POOLED), zeros(POOLED));
        let places = [[0; 3]; POOLED];
        let lines = Box::new([Line([0.0; LANES]); SUMS]);
        let sums = [0.0; SUMS];
        Self { w2, b2, w3, b3, instructions, x, a2, places, delta2, lines, sums }
    }

    /// A step: `x` is [96, 1, 6, 6], `y` is [96, 3].
    pub fn step(&mut self, x: &[f32], y: &[f32], eta: f32) -> f32 {
        self.instructions.step(self, x, y, eta)
    }

    /// Sixteen pictures, a line for each place.
    #[inline(always)]
    fn spread<S: Lanes>(&mut self, s: S, x: &[f32]) {
        for i in (0..PICTURE).step_by(LANES) {
            let count = LANES.min(PICTURE - i);
            let mut rows = [s.splat(0.0); LANES];
            for (row, x) in rows.iter_mut().zip(x.chunks_exact(PICTURE)) {
                // SAFETY: the picture has `count` numbers from i on.
                *row = unsafe { s.load_first(x.as_ptr().add(i), count) };
            }
            for (line, column) in self.x[i..i + count].iter_mut().zip(s.transpose(rows)) {
                // SAFETY: this is a whole line.
                unsafe { s.store(line.0.as_mut_ptr(), column) };
            }
        }
    }

    /// The 4×4 places that a window of 2×2 feature cells sees.
    #[inline(always)]
    fn patch<S: Lanes>(&self, s: S, cell: usize) -> [[S::V; 4]; 4] {
        let corner = cell / 2 * 2 * SIDE + cell % 2 * 2;
        let mut patch = [[s.splat(0.0); 4]; 4];
        for (i, row) in patch.iter_mut().enumerate() {
            let lines = &self.x[corner + i * SIDE..][..4];
            // SAFETY: these are four whole lines.
            *row = unsafe { load::<S, 4>(s, numbers(lines), LANES) };
        }
        patch
    }

    /// Convolution, pooling and sigmoid.
    #[inline(always)]
    fn features<S: Lanes>(&mut self, s: S) {
        for cell in 0..CELLS {
            let patch = self.patch(s, cell);
            for k in 0..FILTERS {
                let mut z = [s.splat(self.b2[k]); 4];
                for i in 0..3 {
                    for j in 0..3 {
                        let w = s.splat(self.w2[k * TAPS + 3 * i + j]);
                        for (place, z) in z.iter_mut().enumerate() {
                            *z = s.fma(w, patch[i + place / 2][j + place % 2], *z);
                        }
                    }
                }
                let (right, right_below) = (s.greater(z[1], z[0]), s.greater(z[3], z[2]));
                let (above, below) = (s.max(z[1], z[0]), s.max(z[3], z[2]));
                self.places[k * CELLS + cell] = [right, right_below, s.greater(below, above)];
                let line = &mut self.a2[k * CELLS + cell];
                // SAFETY: this is a whole line.
                unsafe { s.store(line.0.as_mut_ptr(), s.max(below, above)) };
            }
        }
        for line in &mut self.a2 {
            let line = line.0.as_mut_ptr();
            // SAFETY: this is a whole line.
            unsafe { s.store(line, s.sigmoid(s.load(line))) };
        }
    }

    /// The output layer, its steps, and −η δ².
    #[inline(always)]
    fn output<S: Lanes>(&mut self, s: S, y: &[f32], rate: S::V) {
        let one = s.splat(1.0);
        let lines = numbers_mut(&mut self.lines[..]);
        let a2 = numbers(&self.a2);
        let mut delta3 = [s.splat(0.0); OUTPUTS];
        for (n, delta) in delta3.iter_mut().enumerate() {
            // SAFETY: the buffers have a line for each number of an example.
            unsafe {
                let mut z = [s.splat(self.b3[n]), s.splat(0.0)];
                for f in 0..POOLED {
                    let w = s.splat(self.w3[n * POOLED + f]);
                    z[f % 2] = s.fma(w, s.load(a2.add(f * LANES)), z[f % 2]);
                }
                let a = s.sigmoid(s.add(z[0], z[1]));
                let error = s.sub(a, third(s, y, n));
                let squares = lines.add(SQUARES * LANES);
                s.store(squares, s.fma(error, error, s.load(squares)));
                *delta = s.mul(s.mul(rate, error), s.mul(a, s.sub(one, a)));
                let step = lines.add((B3 + n) * LANES);
                s.store(step, s.add(s.load(step), *delta));
            }
        }
        for f in 0..POOLED {
            // SAFETY: the buffers have a line for each number of an example.
            unsafe {
                let a = s.load(a2.add(f * LANES));
                let mut back = s.splat(0.0);
                for (n, &delta) in delta3.iter().enumerate() {
                    let step = lines.add((W3 + n * POOLED + f) * LANES);
                    s.store(step, s.fma(delta, a, s.load(step)));
                    back = s.fma(delta, s.splat(self.w3[n * POOLED + f]), back);
                }
                let delta = s.mul(back, s.mul(a, s.sub(one, a)));
                s.store(self.delta2[f].0.as_mut_ptr(), delta);
            }
        }
    }

    /// The steps of the filters: each window's δ times what its largest cell sees.
    #[inline(always)]
    fn filters<S: Lanes>(&mut self, s: S) {
        let lines = numbers_mut(&mut self.lines[..]);
        for k in 0..FILTERS {
            // SAFETY: the buffer has a line for each parameter.
            let mut steps = unsafe { load::<S, TAPS>(s, lines.add(k * TAPS * LANES), LANES) };
            // SAFETY: as before.
            let mut bias = unsafe { s.load(lines.add((B2 + k) * LANES)) };
            for cell in 0..CELLS {
                let patch = self.patch(s, cell);
                let [right, right_below, below] = self.places[k * CELLS + cell];
                // SAFETY: this is a whole line.
                let delta = unsafe { s.load(self.delta2[k * CELLS + cell].0.as_ptr()) };
                bias = s.add(bias, delta);
                for i in 0..3 {
                    for j in 0..3 {
                        let upper = s.select(right, patch[i][j + 1], patch[i][j]);
                        let lower = s.select(right_below, patch[i + 1][j + 1], patch[i + 1][j]);
                        let seen = s.select(below, lower, upper);
                        steps[3 * i + j] = s.fma(delta, seen, steps[3 * i + j]);
                    }
                }
            }
            // SAFETY: the buffer has a line for each parameter.
            unsafe {
                for (t, step) in steps.into_iter().enumerate() {
                    s.store(lines.add((k * TAPS + t) * LANES), step);
                }
                s.store(lines.add((B2 + k) * LANES), bias);
            }
        }
    }
}

impl Step for W5 {
    #[inline(always)]
    fn step_with<S: Lanes>(&mut self, s: S, x: &[f32], y: &[f32], eta: f32) -> f32 {
        assert_eq!((x.len(), y.len()), (EXAMPLES * PICTURE, EXAMPLES * OUTPUTS));
        let rate = s.splat(-eta / EXAMPLES as f32);
        for line in self.lines.iter_mut() {
            // SAFETY: this is a whole line.
            unsafe { s.store(line.0.as_mut_ptr(), s.splat(0.0)) };
        }
        for (x, y) in x.chunks_exact(LANES * PICTURE).zip(y.chunks_exact(LANES * OUTPUTS)) {
            self.spread(s, x);
            self.features(s);
            self.output(s, y, rate);
            self.filters(s);
        }
        sum_lines(s, &self.lines, &mut self.sums);
        add(&mut self.w2, &self.sums[..B2]);
        add(&mut self.b2, &self.sums[B2..W3]);
        add(&mut self.w3, &self.sums[W3..B3]);
        add(&mut self.b3, &self.sums[B3..SQUARES]);
        self.sums[SQUARES] / (2 * EXAMPLES) as f32
    }
}

/// Number n of each of sixteen rows of three.
#[inline(always)]
fn third<S: Lanes>(s: S, y: &[f32], n: usize) -> S::V {
    let y: &[f32; LANES * OUTPUTS] = y.try_into().expect("sixteen rows");
    let mut numbers = Line([0.0; LANES]);
    for (number, row) in numbers.0.iter_mut().zip(y.chunks_exact(OUTPUTS)) {
        *number = row[n];
    }
    // SAFETY: this is a whole line.
    unsafe { s.load(numbers.0.as_ptr()) }
}
