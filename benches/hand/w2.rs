//! A 784-512-512-10 network of ReLUs with the softmax cross-entropy, 128 examples.

#![allow(unsafe_code)]

use gemm::Parallelism;

use super::kernels::{Instructions, LANES, Lanes, Step};

const EXAMPLES: usize = 128;
const INPUTS: usize = 784;
const HIDDEN: usize = 512;
const OUTPUTS: usize = 10;

/// The network and the buffers of its step.
pub struct W2 {
    /// Weights of the first hidden layer, [512, 784].
    pub w2: Vec<f32>,
    /// Biases of the first hidden layer, [512].
    pub b2: Vec<f32>,
    /// Weights of the second hidden layer, [512, 512].
    pub w3: Vec<f32>,
    /// Biases of the second hidden layer, [512].
    pub b3: Vec<f32>,
    /// Weights of the output layer, [10, 512].
    pub w4: Vec<f32>,
    /// Biases of the output layer, [10].
    pub b4: Vec<f32>,
    instructions: Instructions,
    /// Activations, and δ of each layer, a row for each example.
    a2: Vec<f32>,
    a3: Vec<f32>,
    delta2: Vec<f32>,
    delta3: Vec<f32>,
    delta4: Vec<f32>,
}

impl W2 {
    /// A network with these parameters: weights and biases of each layer.
    pub fn new(layers: [(Vec<f32>, Vec<f32>); 3]) -> Self {
        let [(w2, b2), (w3, b3), (w4, b4)] = layers;
        assert_eq!((w2.len(), b2.len()), (HIDDEN * INPUTS, HIDDEN));
        assert_eq!((w3.len(), b3.len()), (HIDDEN * HIDDEN, HIDDEN));
        assert_eq!((w4.len(), b4.len()), (OUTPUTS * HIDDEN, OUTPUTS));
        let hidden = || vec![0.0; EXAMPLES * HIDDEN];
        let (a2, a3, delta2, delta3) = (hidden(), hidden(), hidden(), hidden());
        let delta4 = vec![0.0; EXAMPLES * OUTPUTS];
        let instructions = Instructions::best();
        Self { w2, b2, w3, b3, w4, b4, instructions, a2, a3, delta2, delta3, delta4 }
    }

    /// A step: `x` is [128, 784], `y` is [128, 10].
    pub fn step(&mut self, x: &[f32], y: &[f32], eta: f32) -> f32 {
        self.instructions.step(self, x, y, eta)
    }
}

impl Step for W2 {
    #[inline(always)]
    fn step_with<S: Lanes>(&mut self, s: S, x: &[f32], y: &[f32], eta: f32) -> f32 {
        let (x, w2) = (Matrix::new(x, EXAMPLES, INPUTS), Matrix::new(&self.w2, HIDDEN, INPUTS));
        multiply(&mut self.a2, 0.0, 1.0, x, w2.transposed());
        rectify(s, &mut self.a2, &self.b2);
        let a2 = Matrix::new(&self.a2, EXAMPLES, HIDDEN);
        let w3 = Matrix::new(&self.w3, HIDDEN, HIDDEN);
        multiply(&mut self.a3, 0.0, 1.0, a2, w3.transposed());
        rectify(s, &mut self.a3, &self.b3);
        let a3 = Matrix::new(&self.a3, EXAMPLES, HIDDEN);
        let w4 = Matrix::new(&self.w4, OUTPUTS, HIDDEN);
        multiply(&mut self.delta4, 0.0, 1.0, a3, w4.transposed());
        let cost = softmax_errors(s, &mut self.delta4, &self.b4, y);

        let delta4 = Matrix::new(&self.delta4, EXAMPLES, OUTPUTS);
        multiply(&mut self.delta3, 0.0, 1.0, delta4, w4);
        keep_active(s, &mut self.delta3, &self.a3);
        let delta3 = Matrix::new(&self.delta3, EXAMPLES, HIDDEN);
        multiply(&mut self.delta2, 0.0, 1.0, delta3, w3);
        keep_active(s, &mut self.delta2, &self.a2);
        let delta2 = Matrix::new(&self.delta2, EXAMPLES, HIDDEN);

        multiply(&mut self.w4, 1.0, -eta, delta4.transposed(), a3);
        multiply(&mut self.w3, 1.0, -eta, delta3.transposed(), a2);
        multiply(&mut self.w2, 1.0, -eta, delta2.transposed(), x);
        subtract_sums(&mut self.b4, &self.delta4, eta);
        subtract_sums(&mut self.b3, &self.delta3, eta);
        subtract_sums(&mut self.b2, &self.delta2, eta);
        cost
    }
}

/// A matrix in memory, and the steps to the next row and column.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    numbers: &'a [f32],
    rows: usize,
    columns: usize,
    row: isize,
    column: isize,
}

impl<'a> Matrix<'a> {
    fn new(numbers: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(numbers.len(), rows * columns);
        Self { numbers, rows, columns, row: columns as isize, column: 1 }
    }

    fn transposed(self) -> Self {
        let Self { numbers, rows, columns, row, column } = self;
        Self { numbers, rows: columns, columns: rows, row: column, column: row }
    }
}

/// `c` ← alpha c + beta a b.
fn multiply(c: &mut [f32], alpha: f32, beta: f32, a: Matrix<'_>, b: Matrix<'_>) {
    let (m, n, k) = (a.rows, b.columns, a.columns);
    assert_eq!((b.rows, c.len()), (k, m * n));
    let (left, right, read) = (a.numbers.as_ptr(), b.numbers.as_ptr(), alpha != 0.0);
    // SAFETY: the matrices have as many numbers as their sizes say.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            1,
            n as isize,
            read,
            left,
            a.column,
            a.row,
            right,
            b.column,
            b.row,
            alpha,
            beta,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// a ← max(a + b, 0) for each row of hidden neurons.
#[inline(always)]
fn rectify<S: Lanes>(s: S, a: &mut [f32], b: &[f32]) {
    for row in a.chunks_exact_mut(HIDDEN) {
        for (a, b) in row.chunks_exact_mut(LANES).zip(b.chunks_exact(LANES)) {
            // SAFETY: these are whole vectors.
            unsafe {
                let z = s.add(s.load(a.as_ptr()), s.load(b.as_ptr()));
                s.store(a.as_mut_ptr(), s.max(z, s.splat(0.0)));
            }
        }
    }
}

/// δ where the neuron is active, and 0 elsewhere.
#[inline(always)]
fn keep_active<S: Lanes>(s: S, delta: &mut [f32], a: &[f32]) {
    for (delta, a) in delta.chunks_exact_mut(LANES).zip(a.chunks_exact(LANES)) {
        // SAFETY: these are whole vectors.
        unsafe {
            let active = s.greater(s.load(a.as_ptr()), s.splat(0.0));
            s.store(delta.as_mut_ptr(), s.keep(active, s.load(delta.as_ptr())));
        }
    }
}

/// The cost of outputs z without their biases, which are replaced by δ.
#[inline(always)]
fn softmax_errors<S: Lanes>(s: S, z: &mut [f32], b: &[f32], y: &[f32]) -> f32 {
    assert_eq!((b.len(), y.len()), (OUTPUTS, z.len()));
    let mut cost = 0.0;
    for (z, y) in z.chunks_exact_mut(OUTPUTS).zip(y.chunks_exact(OUTPUTS)) {
        // SAFETY: z, y and b have a number for each output.
        unsafe {
            let y = s.load_first(y.as_ptr(), OUTPUTS);
            let biased =
                s.add(s.load_first(z.as_ptr(), OUTPUTS), s.load_first(b.as_ptr(), OUTPUTS));
            s.store_first(z.as_mut_ptr(), OUTPUTS, biased);
            let largest = z.iter().fold(f32::NEG_INFINITY, |largest, &z| largest.max(z));
            let shifted = s.sub(biased, s.splat(largest));
            let e = s.keep((1 << OUTPUTS) - 1, s.exp(shifted));
            let (total, weight) = (s.sum(e), s.sum(y));
            cost += weight * total.ln() - s.sum(s.mul(y, shifted));
            let error = s.sub(s.mul(e, s.splat(weight / total)), y);
            let mean = s.mul(error, s.splat(1.0 / EXAMPLES as f32));
            s.store_first(z.as_mut_ptr(), OUTPUTS, mean);
        }
    }
    cost / EXAMPLES as f32
}

/// b ← b − η Σ δ over the rows.
#[inline(always)]
fn subtract_sums(b: &mut [f32], delta: &[f32], eta: f32) {
    for row in delta.chunks_exact(b.len()) {
        for (b, delta) in b.iter_mut().zip(row) {
            *b -= eta * delta;
        }
    }
}
