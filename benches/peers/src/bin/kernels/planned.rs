//! Plans of a single expression.

use gradus::ndarray::ArrayD;
use gradus::ops::{Arrays, Expr, Graph, Inputs};
use gradus::plan::{Plan, Real, compile};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// A plan with the arrays that it reads.
pub struct Planned<T: 'static> {
    plan: Plan<T>,
    given: Inputs<'static, T>,
    state: Arrays<T>,
}

impl<T: Real> Planned<T> {
    /// A plan of some expressions on one thread.
    pub fn new<const N: usize>(
        inputs: &[(&str, ArrayD<T>)], build: impl for<'g> Fn(&'g Graph) -> [Expr<'g>; N],
    ) -> Self {
        let g = Graph::new();
        let plan = compile(&build(&g), &[]).expect("the graph is well formed");
        let inputs = inputs.iter().map(|(name, array)| ((*name).to_owned(), array.clone()));
        // As long as the process lives: it does not have many.
        let inputs: &'static Arrays<T> = Box::leak(Box::new(inputs.collect()));
        Self { plan, given: Inputs::new().with_all(inputs), state: Arrays::new() }
    }

    pub fn run(&mut self) -> &[ArrayD<T>] {
        self.plan.step(&mut self.state, &self.given).expect("the arrays fit")
    }
}

/// Numbers between −1 and 1 that are the same in every run.
pub fn random<T: Real>(shape: &[usize]) -> ArrayD<T> {
    let mut random = ChaCha8Rng::seed_from_u64(shape.iter().sum::<usize>() as u64);
    ArrayD::from_shape_simple_fn(shape, || T::from_double(random.random_range(-1.0..1.0)))
}

/// Panics where two arrays are further apart than sums in another order can be.
pub fn assert_near<T: Real>(got: &[T], want: &[T], what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    let most = want.iter().map(|x| x.to_double().abs()).fold(0.0, f64::max);
    for (got, want) in got.iter().zip(want) {
        let error = (got.to_double() - want.to_double()).abs();
        assert!(error <= 1e-5 * most, "{what}: {} and {}", got.to_double(), want.to_double());
    }
}
