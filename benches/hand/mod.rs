//! Six training steps as one writes them by hand: the limit that compiled plans are held to.
//!
//! One thread, no framework, all buffers preallocated. Arrays are row-major. A step returns the
//! cost before its update.

use std::hint::black_box;

pub mod kernels;
pub mod w1;
pub mod w2;
pub mod w3;
pub mod w4;
pub mod w5;
pub mod w6;

pub use w1::W1;
pub use w2::W2;
pub use w3::W3;
pub use w4::W4;
pub use w5::W5;
pub use w6::W6;

/// Numbers in [-1, 1) that are the same in every run.
#[derive(Clone, Copy, Debug)]
pub struct Draw(u64);

impl Draw {
    /// A sequence of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number, by Vigna's SplitMix64.
    pub fn number(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    /// Some numbers between −`scale` and `scale`.
    pub fn numbers(&mut self, count: usize, scale: f64) -> Vec<f32> {
        (0..count).map(|_| (scale * self.number()) as f32).collect()
    }

    /// Weights and biases of a layer: numbers of a size that keeps its outputs moderate.
    pub fn layer(&mut self, outputs: usize, inputs: usize) -> (Vec<f32>, Vec<f32>) {
        let scale = (3.0 / inputs as f64).sqrt();
        (self.numbers(outputs * inputs, scale), self.numbers(outputs, 0.5))
    }

    /// Rows of zeros with a one at a place of each.
    pub fn targets(&mut self, examples: usize, classes: usize) -> Vec<f32> {
        let mut rows = vec![0.0; examples * classes];
        for row in rows.chunks_mut(classes) {
            let place = (0.5 * (self.number() + 1.0) * classes as f64) as usize;
            row[place] = 1.0;
        }
        rows
    }
}

/// A workload's name and its step.
pub type Timed = (&'static str, Box<dyn FnMut()>);

/// A step of each on fixed data, to be timed.
pub fn all() -> Vec<Timed> {
    vec![
        ("w1", w1_step()),
        ("w2", w2_step()),
        ("w3", w3_step()),
        ("w4, 64 examples", w4_step(64)),
        ("w4, 1 example", w4_step(1)),
        ("w5", w5_step()),
        ("w6", w6_step(W6::Vectors)),
        ("w6, plain", w6_step(W6::Plain)),
    ]
}

/// A step of [`W1`].
fn w1_step() -> Box<dyn FnMut()> {
    let mut draw = Draw::new(1);
    let ((w2, b2), (w3, b3)) = (draw.layer(30, 784), draw.layer(10, 30));
    let (x, y) = (draw.numbers(10 * 784, 1.0), draw.targets(10, 10));
    let mut w1 = W1::new(w2, b2, w3, b3);
    Box::new(move || {
        black_box(w1.step(&x, &y, 0.5));
    })
}

/// A step of [`W2`].
fn w2_step() -> Box<dyn FnMut()> {
    let mut draw = Draw::new(2);
    let layers = [draw.layer(512, 784), draw.layer(512, 512), draw.layer(10, 512)];
    let (x, y) = (draw.numbers(128 * 784, 1.0), draw.targets(128, 10));
    let mut w2 = W2::new(layers);
    Box::new(move || {
        black_box(w2.step(&x, &y, 0.01));
    })
}

/// A step of [`W3`].
fn w3_step() -> Box<dyn FnMut()> {
    let mut draw = Draw::new(3);
    let sizes = [(6, 25), (16, 150), (120, 400), (84, 120), (10, 84)];
    let layers = sizes.map(|(outputs, inputs)| draw.layer(outputs, inputs));
    let (x, y) = (draw.numbers(64 * 784, 1.0), draw.targets(64, 10));
    let mut w3 = W3::new(layers);
    Box::new(move || {
        black_box(w3.step(&x, &y, 0.01));
    })
}

/// A step of [`W4`].
fn w4_step(examples: usize) -> Box<dyn FnMut()> {
    let mut draw = Draw::new(4);
    let ((w2, b2), (w3, b3)) = (draw.layer(3, 12), draw.layer(2, 3));
    let (x, y) = (draw.numbers(examples * 12, 1.0), draw.targets(examples, 2));
    let mut w4 = W4::new(examples, w2, b2, w3, b3);
    Box::new(move || {
        black_box(w4.step(&x, &y, 0.5));
    })
}

/// A step of [`W5`].
fn w5_step() -> Box<dyn FnMut()> {
    let mut draw = Draw::new(5);
    let ((w2, b2), (w3, b3)) = (draw.layer(3, 9), draw.layer(3, 12));
    let (x, y) = (draw.numbers(96 * 36, 1.0), draw.targets(96, 3));
    let mut w5 = W5::new(w2, b2, w3, b3);
    Box::new(move || {
        black_box(w5.step(&x, &y, 0.5));
    })
}

/// A gradient of [`W6`].
fn w6_step(w6: W6) -> Box<dyn FnMut()> {
    let mut draw = Draw::new(6);
    let x: Vec<f64> = (0..1000).map(|_| draw.number()).collect();
    let mut out = vec![0.0; x.len()];
    Box::new(move || w6.gradient(black_box(&x), black_box(&mut out)))
}
