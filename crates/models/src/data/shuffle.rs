//! The order in which training takes the examples.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

/// Draws a new order of the examples for each epoch. Its state is a seed and a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shuffler {
    seed: u64,
    /// How many words of the generator's stream the orders drawn so far have taken.
    position: u64,
}

impl Shuffler {
    /// The stream of the generator that orders are drawn from; initial parameters come from 0.
    const STREAM: u64 = 1;

    /// A shuffler for this seed, before its first epoch.
    pub fn new(seed: u64) -> Self {
        Self::at(seed, 0)
    }

    /// A shuffler for this seed that has got to `position`.
    pub fn at(seed: u64, position: u64) -> Self {
        Self { seed, position }
    }

    /// How far into the generator's stream the orders drawn so far have got.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The numbers from 0 to `len`, exclusive, in a new order.
    pub fn order(&mut self, len: usize) -> Vec<usize> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(Self::STREAM);
        random.set_word_pos(self.position.into());
        let mut order: Vec<usize> = (0..len).collect();
        order.shuffle(&mut random);
        self.position = random.get_word_pos() as u64;
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_permutations_and_differ() {
        let mut shuffler = Shuffler::new(1);
        let (first, second) = (shuffler.order(100), shuffler.order(100));
        assert_ne!(first, second);
        assert_ne!(Shuffler::new(2).order(100), first);
        let mut sorted = first;
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..100));
    }

    #[test]
    fn a_saved_shuffler_goes_on_with_the_sequence() {
        for len in [1, 2, 3, 7, 1000] {
            let mut shuffler = Shuffler::new(5);
            shuffler.order(len);
            let mut restored = Shuffler::at(5, shuffler.position());
            assert_eq!(shuffler.order(len), restored.order(len));
            assert_eq!(shuffler, restored);
        }
    }
}
