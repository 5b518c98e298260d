//! A 784-30-10 network of sigmoids with the quadratic cost, 10 examples.

#![allow(unsafe_code)]

use super::kernels::{
    Instructions, LANES, Lanes, Line, Step, Strided, add_product, dots, load, numbers, numbers_mut,
    product, zeros,
};

const EXAMPLES: usize = 10;
const INPUTS: usize = 784;
const HIDDEN: usize = 30;
const OUTPUTS: usize = 10;
/// The hidden neurons of an example, filled up to whole vectors.
const WIDE: usize = 32;
/// Examples, and rows and vectors of the weights, that are computed with at once.
const TILE: usize = 5;

/// The network and the buffers of its step.
pub struct W1 {
    /// Weights of the hidden layer, [30, 784].
    pub w2: Vec<f32>,
    /// Biases of the hidden layer, [30].
    pub b2: Vec<f32>,
    /// Weights of the output layer, [10, 30].
    pub w3: Vec<f32>,
    /// Biases of the output layer, [10].
    pub b3: Vec<f32>,
    instructions: Instructions,
    /// Products of examples and weights, [10, 32], a line each that is not yet summed.
    products: Vec<Line>,
    /// Activations and δ of the hidden layer, [10, 32].
    a2: Vec<Line>,
    delta2: Vec<Line>,
    /// δ of the output layer, [10, 16].
    delta3: Vec<Line>,
    /// The weights of the output layer, [16, 32], and transposed, [32, 16].
    wide: Vec<Line>,
    transposed: Vec<Line>,
}

impl W1 {
    /// A network with these parameters.
    pub fn new(w2: Vec<f32>, b2: Vec<f32>, w3: Vec<f32>, b3: Vec<f32>) -> Self {
        let instructions = Instructions::best();
        let lines = EXAMPLES * WIDE / LANES;
        let (a2, delta2, delta3) = (zeros(lines), zeros(lines), zeros(EXAMPLES));
        let (products, wide, transposed) = (zeros(EXAMPLES * WIDE), zeros(WIDE), zeros(WIDE));
        Self { w2, b2, w3, b3, instructions, products, a2, delta2, delta3, wide, transposed }
    }

    /// A step: `x` is [10, 784], `y` is [10, 10].
    pub fn step(&mut self, x: &[f32], y: &[f32], eta: f32) -> f32 {
        self.instructions.step(self, x, y, eta)
    }

    /// a² = σ(x w²ᵀ + b²).
    #[inline(always)]
    fn hidden<S: Lanes>(&mut self, s: S, x: &[f32]) {
        let products = numbers_mut(&mut self.products);
        for e in (0..EXAMPLES).step_by(TILE) {
            for j in (0..HIDDEN).step_by(TILE) {
                // SAFETY: the rows e to e + 5 are in x, j to j + 5 in w², both in the products.
                unsafe {
                    let (x, w) = (x.as_ptr().add(e * INPUTS), self.w2.as_ptr().add(j * INPUTS));
                    let sums = dots::<S, TILE, TILE>(s, INPUTS / LANES, x, w);
                    for (k, sums) in sums.into_iter().enumerate() {
                        for (l, sum) in sums.into_iter().enumerate() {
                            s.store(products.add(((e + k) * WIDE + j + l) * LANES), sum);
                        }
                    }
                }
            }
        }
        let a2 = numbers_mut(&mut self.a2);
        for k in 0..EXAMPLES * WIDE / LANES {
            let j = k % 2 * LANES;
            // SAFETY: line k is in a², its sixteen in the products, its biases in b².
            unsafe {
                let sums = load::<S, LANES>(s, products.add(k * LANES * LANES), LANES);
                let bias = s.load_first(self.b2.as_ptr().add(j), LANES.min(HIDDEN - j));
                s.store(a2.add(k * LANES), s.sigmoid(s.add(s.sums(sums), bias)));
            }
        }
    }

    /// The output layer: −η δ³ and the cost.
    #[inline(always)]
    fn output<S: Lanes>(&mut self, s: S, y: &[f32], eta: f32) -> f32 {
        let (wide, transposed) = (numbers_mut(&mut self.wide), numbers_mut(&mut self.transposed));
        for j in (0..WIDE).step_by(LANES) {
            // SAFETY: w³ has the numbers read, the copies have 32 lines.
            unsafe {
                let count = LANES.min(HIDDEN - j);
                let mut rows = [s.splat(0.0); LANES];
                for (k, row) in rows.iter_mut().enumerate().take(OUTPUTS) {
                    *row = s.load_first(self.w3.as_ptr().add(k * HIDDEN + j), count);
                }
                for (k, row) in rows.into_iter().enumerate() {
                    s.store(wide.add(k * WIDE + j), row);
                }
                for (k, column) in s.transpose(rows).into_iter().enumerate() {
                    s.store(transposed.add((j + k) * LANES), column);
                }
            }
        }
        let a2 = Strided { start: numbers(&self.a2), row: WIDE, column: 1 };
        let delta3 = numbers_mut(&mut self.delta3);
        let (one, rate) = (s.splat(1.0), s.splat(-eta / EXAMPLES as f32));
        // SAFETY: the buffers have a line for each example or hidden neuron; y has ten rows.
        unsafe {
            let z = product::<S, EXAMPLES, 1>(s, HIDDEN, a2, transposed, LANES);
            let bias = s.load_first(self.b3.as_ptr(), OUTPUTS);
            let mut squares = s.splat(0.0);
            for (e, [z]) in z.into_iter().enumerate() {
                let a = s.sigmoid(s.add(z, bias));
                let y = s.load_first(y.as_ptr().add(e * OUTPUTS), OUTPUTS);
                let error = s.keep((1 << OUTPUTS) - 1, s.sub(a, y));
                squares = s.fma(error, error, squares);
                let slope = s.mul(a, s.sub(one, a));
                s.store(delta3.add(e * LANES), s.mul(rate, s.mul(error, slope)));
            }
            s.sum(squares) / (2 * EXAMPLES) as f32
        }
    }

    /// −η δ² from −η δ³.
    #[inline(always)]
    fn back<S: Lanes>(&mut self, s: S) {
        let delta3 = Strided { start: numbers(&self.delta3), row: LANES, column: 1 };
        let (a2, delta2) = (numbers(&self.a2), numbers_mut(&mut self.delta2));
        let one = s.splat(1.0);
        // SAFETY: the buffers have a row for each example or output.
        unsafe {
            let back = product::<S, EXAMPLES, 2>(s, OUTPUTS, delta3, numbers(&self.wide), WIDE);
            for (k, back) in back.into_iter().flatten().enumerate() {
                let a = s.load(a2.add(k * LANES));
                s.store(delta2.add(k * LANES), s.mul(back, s.mul(a, s.sub(one, a))));
            }
        }
    }

    /// w ← w − η ∂C/∂w.
    #[inline(always)]
    fn update<S: Lanes>(&mut self, s: S, x: &[f32]) {
        let (delta2, delta3) = (numbers(&self.delta2), numbers(&self.delta3));
        // SAFETY: the buffers have a row for each example, x and the weights as many as they must.
        unsafe {
            let a = Strided { start: delta3, row: 1, column: LANES };
            let steps = product::<S, OUTPUTS, 2>(s, EXAMPLES, a, numbers(&self.a2), WIDE);
            for (k, steps) in steps.into_iter().enumerate() {
                for (j, step) in [0, LANES].into_iter().zip(steps) {
                    add(s, &mut self.w3[k * HIDDEN + j..], LANES.min(HIDDEN - j), step);
                }
            }
            for j in (0..HIDDEN).step_by(LANES) {
                let bias = rows(s, delta2.add(j), WIDE);
                add(s, &mut self.b2[j..], LANES.min(HIDDEN - j), bias);
            }
            add(s, &mut self.b3, OUTPUTS, rows(s, delta3, LANES));
            const LAST: usize = INPUTS / LANES / TILE * TILE * LANES;
            for j in (0..HIDDEN).step_by(TILE) {
                let a = Strided { start: delta2.add(j), row: 1, column: WIDE };
                let w = self.w2.as_mut_ptr().add(j * INPUTS);
                for i in (0..LAST).step_by(TILE * LANES) {
                    let (x, w) = ((x.as_ptr().add(i), INPUTS), (w.add(i), INPUTS));
                    add_product::<S, TILE, TILE>(s, EXAMPLES, a, x, w);
                }
                let (x, w) = ((x.as_ptr().add(LAST), INPUTS), (w.add(LAST), INPUTS));
                add_product::<S, TILE, 4>(s, EXAMPLES, a, x, w);
            }
        }
    }
}

impl Step for W1 {
    #[inline(always)]
    fn step_with<S: Lanes>(&mut self, s: S, x: &[f32], y: &[f32], eta: f32) -> f32 {
        assert_eq!((x.len(), y.len()), (EXAMPLES * INPUTS, EXAMPLES * OUTPUTS));
        assert_eq!((self.w2.len(), self.b2.len()), (HIDDEN * INPUTS, HIDDEN));
        assert_eq!((self.w3.len(), self.b3.len()), (OUTPUTS * HIDDEN, OUTPUTS));
        self.hidden(s, x);
        let cost = self.output(s, y, eta);
        self.back(s);
        self.update(s, x);
        cost
    }
}

/// Adds the first `count` lanes to an array.
#[inline(always)]
fn add<S: Lanes>(s: S, to: &mut [f32], count: usize, v: S::V) {
    let to = to[..count].as_mut_ptr();
    // SAFETY: the array has `count` numbers.
    unsafe { s.store_first(to, count, s.add(s.load_first(to, count), v)) }
}

/// The sum of a vector of each example's row.
///
/// # Safety
///
/// The vectors must be readable.
#[inline(always)]
unsafe fn rows<S: Lanes>(s: S, start: *const f32, row: usize) -> S::V {
    let mut sum = s.splat(0.0);
    for e in 0..EXAMPLES {
        // SAFETY: as the caller vouches.
        sum = s.add(sum, unsafe { s.load(start.add(e * row)) });
    }
    sum
}
