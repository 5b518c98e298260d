//! Six training steps as one writes them by hand: the limit that compiled plans are held to.
//!
//! One thread, no framework, all buffers preallocated. Arrays are row-major. A step returns the
//! cost before its update.

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
