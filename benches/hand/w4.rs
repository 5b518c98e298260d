//! A 12-3-2 network of sigmoids with the quadratic cost, for 1 example or a multiple of 16.

#![allow(unsafe_code)]

use super::kernels::{Instructions, LANES, Lanes, Line, Step, add, sum_lines};

const INPUTS: usize = 12;
const HIDDEN: usize = 3;
const OUTPUTS: usize = 2;
/// Sums that are computed with at once, so that one need not wait for the other.
const CHAINS: usize = 4;

/// The network and the buffers of its step.
pub struct W4 {
    /// Weights of the hidden layer, [3, 12].
    pub w2: Vec<f32>,
    /// Biases of the hidden layer, [3].
    pub b2: Vec<f32>,
    /// Weights of the output layer, [2, 3].
    pub w3: Vec<f32>,
    /// Biases of the output layer, [2].
    pub b3: Vec<f32>,
    examples: usize,
    instructions: Instructions,
    /// −η δ² of sixteen examples.
    delta2: [Line; HIDDEN],
    /// Steps of w³, b², b³, and squared errors: a line each that is not yet summed.
    lines: [Line; LANES],
    sums: [f32; LANES],
}

impl W4 {
    /// A network with these parameters, for so many examples.
    pub fn new(examples: usize, w2: Vec<f32>, b2: Vec<f32>, w3: Vec<f32>, b3: Vec<f32>) -> Self {
        assert!(examples == 1 || examples.is_multiple_of(LANES));
        let instructions = Instructions::best();
        let line = Line([0.0; LANES]);
        let (delta2, lines, sums) = ([line; HIDDEN], [line; LANES], [0.0; LANES]);
        Self { w2, b2, w3, b3, examples, instructions, delta2, lines, sums }
    }

    /// A step: `x` is [n, 12], `y` is [n, 2].
    pub fn step(&mut self, x: &[f32], y: &[f32], eta: f32) -> f32 {
        self.instructions.step(self, x, y, eta)
    }

    /// A step with a single example: lane j is neuron j.
    #[inline(always)]
    fn single<S: Lanes>(&mut self, s: S, x: &[f32], y: &[f32], eta: f32) -> f32 {
        let one = s.splat(1.0);
        // SAFETY: the parameters, x and y have the numbers read and written.
        unsafe {
            let x = s.load_first(x.as_ptr(), INPUTS);
            let mut rows = [s.splat(0.0); HIDDEN];
            for (j, row) in rows.iter_mut().enumerate() {
                *row = s.load_first(self.w2.as_ptr().add(j * INPUTS), INPUTS);
            }
            let [p, q, r] = rows;
            let z = s.sums4([s.mul(p, x), s.mul(q, x), s.mul(r, x), s.splat(0.0)]);
            let b2 = s.load_first(self.b2.as_ptr(), HIDDEN);
            let a2 = s.sigmoid(s.add(z, b2));

            let w3 = s.load_first(self.w3.as_ptr(), OUTPUTS * HIDDEN);
            let b3 = s.load_first(self.b3.as_ptr(), OUTPUTS);
            let mut z = b3;
            for j in 0..HIDDEN as i32 {
                let column = s.permute(w3, &lanes([j, j + 3, j, j, j, j]));
                z = s.fma(column, s.permute(a2, &[j; LANES]), z);
            }
            let a3 = s.sigmoid(z);
            let error = s.keep(0b11, s.sub(a3, s.load_first(y.as_ptr(), OUTPUTS)));
            let slope = s.mul(s.splat(-eta), s.mul(a3, s.sub(one, a3)));
            let delta3 = s.mul(error, slope);

            let mut back = s.splat(0.0);
            for k in 0..OUTPUTS as i32 {
                let row = s.permute(w3, &lanes([3 * k, 3 * k + 1, 3 * k + 2, 0, 0, 0]));
                back = s.fma(row, s.permute(delta3, &[k; LANES]), back);
            }
            let delta2 = s.mul(back, s.mul(a2, s.sub(one, a2)));

            for (j, row) in rows.into_iter().enumerate() {
                let row = s.fma(s.permute(delta2, &[j as i32; LANES]), x, row);
                s.store_first(self.w2.as_mut_ptr().add(j * INPUTS), INPUTS, row);
            }
            s.store_first(self.b2.as_mut_ptr(), HIDDEN, s.add(b2, delta2));
            let delta = s.permute(delta3, &lanes([0, 0, 0, 1, 1, 1]));
            let w3 = s.fma(delta, s.permute(a2, &lanes([0, 1, 2, 0, 1, 2])), w3);
            s.store_first(self.w3.as_mut_ptr(), OUTPUTS * HIDDEN, w3);
            s.store_first(self.b3.as_mut_ptr(), OUTPUTS, s.add(b3, delta3));
            s.sum(s.mul(error, error)) / 2.0
        }
    }

    /// A step with many examples: a lane is an example.
    #[inline(always)]
    fn many<S: Lanes>(&mut self, s: S, x: &[f32], y: &[f32], eta: f32) -> f32 {
        let zero = s.splat(0.0);
        let rate = s.splat(-eta / self.examples as f32);
        let mut w2_steps = [[zero; HIDDEN]; CHAINS];
        let (mut w3_steps, mut squares) = ([[zero; HIDDEN]; OUTPUTS], zero);
        let (mut b2_steps, mut b3_steps) = ([zero; HIDDEN], [zero; OUTPUTS]);
        for (x, y) in x.chunks_exact(LANES * INPUTS).zip(y.chunks_exact(LANES * OUTPUTS)) {
            let mut rows = [zero; LANES];
            for (row, x) in rows.iter_mut().zip(x.chunks_exact(INPUTS)) {
                // SAFETY: the row has as many numbers.
                *row = unsafe { s.load_first(x.as_ptr(), INPUTS) };
            }
            let columns = s.transpose(rows);
            let mut a2 = [zero; HIDDEN];
            for (j, a) in a2.iter_mut().enumerate() {
                let mut z = [s.splat(self.b2[j]), zero];
                for (i, &x) in columns.iter().enumerate().take(INPUTS) {
                    z[i % 2] = s.fma(s.splat(self.w2[j * INPUTS + i]), x, z[i % 2]);
                }
                *a = s.sigmoid(s.add(z[0], z[1]));
            }
            let mut back = [zero; HIDDEN];
            for k in 0..OUTPUTS {
                let mut z = s.splat(self.b3[k]);
                for (j, &a) in a2.iter().enumerate() {
                    z = s.fma(s.splat(self.w3[k * HIDDEN + j]), a, z);
                }
                let a = s.sigmoid(z);
                let error = s.sub(a, every_second(s, y, k));
                squares = s.fma(error, error, squares);
                let slope = s.mul(a, s.sub(s.splat(1.0), a));
                let delta = s.mul(s.mul(rate, error), slope);
                b3_steps[k] = s.add(b3_steps[k], delta);
                for j in 0..HIDDEN {
                    w3_steps[k][j] = s.fma(delta, a2[j], w3_steps[k][j]);
                    back[j] = s.fma(delta, s.splat(self.w3[k * HIDDEN + j]), back[j]);
                }
            }
            for j in 0..HIDDEN {
                let delta = s.mul(back[j], s.mul(a2[j], s.sub(s.splat(1.0), a2[j])));
                b2_steps[j] = s.add(b2_steps[j], delta);
                // SAFETY: this is a whole line.
                unsafe { s.store(self.delta2[j].0.as_mut_ptr(), delta) };
            }
            for (e, &row) in rows.iter().enumerate() {
                for (j, step) in w2_steps[e % CHAINS].iter_mut().enumerate() {
                    *step = s.fma(s.splat(self.delta2[j].0[e]), row, *step);
                }
            }
        }
        for (j, row) in self.w2.chunks_exact_mut(INPUTS).enumerate() {
            let low = s.add(w2_steps[0][j], w2_steps[1][j]);
            let step = s.add(low, s.add(w2_steps[2][j], w2_steps[3][j]));
            // SAFETY: the row has as many numbers.
            unsafe {
                let w = s.load_first(row.as_ptr(), INPUTS);
                s.store_first(row.as_mut_ptr(), INPUTS, s.add(w, step));
            }
        }
        let [[u, v, w], [p, q, r]] = w3_steps;
        let ([a, b, c], [d, e]) = (b2_steps, b3_steps);
        let all = [u, v, w, p, q, r, a, b, c, d, e, squares];
        for (line, step) in self.lines.iter_mut().zip(all) {
            // SAFETY: this is a whole line.
            unsafe { s.store(line.0.as_mut_ptr(), step) };
        }
        sum_lines(s, &self.lines, &mut self.sums);
        add(&mut self.w3, &self.sums[..6]);
        add(&mut self.b2, &self.sums[6..9]);
        add(&mut self.b3, &self.sums[9..11]);
        self.sums[11] / (2 * self.examples) as f32
    }
}

impl Step for W4 {
    #[inline(always)]
    fn step_with<S: Lanes>(&mut self, s: S, x: &[f32], y: &[f32], eta: f32) -> f32 {
        assert_eq!((self.w2.len(), self.b2.len()), (HIDDEN * INPUTS, HIDDEN));
        assert_eq!((self.w3.len(), self.b3.len()), (OUTPUTS * HIDDEN, OUTPUTS));
        let sizes = (self.examples * INPUTS, self.examples * OUTPUTS);
        assert_eq!((x.len(), y.len()), sizes);
        if self.examples == 1 { self.single(s, x, y, eta) } else { self.many(s, x, y, eta) }
    }
}

/// The numbers of the lanes of a permutation: the first six.
#[inline(always)]
fn lanes(first: [i32; 6]) -> [i32; LANES] {
    let mut lanes = [0; LANES];
    lanes[..6].copy_from_slice(&first);
    lanes
}

/// Every second number of two vectors, from the first or the second on.
#[inline(always)]
fn every_second<S: Lanes>(s: S, y: &[f32], first: usize) -> S::V {
    const EVEN: [i32; LANES] = [0, 2, 4, 6, 8, 10, 12, 14, 0, 2, 4, 6, 8, 10, 12, 14];
    const ODD: [i32; LANES] = [1, 3, 5, 7, 9, 11, 13, 15, 1, 3, 5, 7, 9, 11, 13, 15];
    let lanes = if first == 0 { &EVEN } else { &ODD };
    let y: &[f32; 2 * LANES] = y.try_into().expect("two vectors");
    // SAFETY: there are two vectors.
    let (low, high) = unsafe { (s.load(y.as_ptr()), s.load(y.as_ptr().add(LANES))) };
    s.select(0x00ff, s.permute(low, lanes), s.permute(high, lanes))
}
