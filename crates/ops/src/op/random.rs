//! Random numbers, as an operation that can be repeated.

use std::fmt;
use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD};
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution as _, StandardNormal};

use crate::operation::{Card, Operation, Sample, apply};
use crate::{Environment, Expr, Scalar, Shape, less};

/// y = numbers drawn for a stream and a step: the same for the same two, whenever and wherever they
/// are drawn.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Random(Arc<(Distribution, u64, Shape)>);

/// What is drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Distribution {
    /// Uniform over the multiples of 2⁻²⁴ from 0 to below 1, which every number type holds.
    Uniform,
    /// Normal with mean 0 and variance 1.
    Normal,
}

impl Random {
    /// The draw from this distribution, for this stream, in this shape.
    pub fn new(distribution: Distribution, stream: u64, shape: Shape) -> Self {
        Self(Arc::new((distribution, stream, shape)))
    }

    /// The distribution.
    pub fn distribution(&self) -> Distribution {
        self.0.0
    }

    /// The stream.
    pub fn stream(&self) -> u64 {
        self.0.1
    }
}

/// Numbers from the uniform distribution over [0, 1), in `shape`.
///
/// `step` is a number that the caller counts up, usually an input or a counter in the state: with
/// the next step come the next numbers, and with the same step the same again. `stream` keeps apart
/// what is drawn in one step: two streams are independent. Two draws of one stream are not, also
/// where their shapes differ: give each place its own. There is no derivative.
///
/// # Panics
///
/// If `step` is not a single number.
#[track_caller]
pub fn random_uniform<'g>(step: Expr<'g>, stream: u64, shape: impl Into<Shape>) -> Expr<'g> {
    apply(Random::new(Distribution::Uniform, stream, shape.into()), [step])
}

/// Numbers from the normal distribution with mean 0 and variance 1, in `shape`; otherwise as
/// [`random_uniform`].
///
/// # Panics
///
/// As [`random_uniform`].
#[track_caller]
pub fn random_normal<'g>(step: Expr<'g>, stream: u64, shape: impl Into<Shape>) -> Expr<'g> {
    apply(Random::new(Distribution::Normal, stream, shape.into()), [step])
}

/// 1 with probability `p`, else 0, in `shape`; otherwise as [`random_uniform`].
///
/// # Panics
///
/// As [`random_uniform`], and if `p` is not from 0 to 1.
#[track_caller]
pub fn random_bernoulli<'g>(
    step: Expr<'g>, stream: u64, p: f64, shape: impl Into<Shape>,
) -> Expr<'g> {
    let _line = step.graph().here();
    assert!((0.0..=1.0).contains(&p), "a probability is from 0 to 1, not {p:?}");
    let uniform = random_uniform(step, stream, shape);
    less(uniform, uniform.filled(p))
}

/// Dropout: each element of `x` is 0 with probability `p`, and divided by 1 − p else, so that the
/// mean stays. Each dropout wants a stream of its own. For evaluation leave it out.
///
/// x̄ = ȳ where x was kept, divided by 1 − p. Source: N. Srivastava et al., *Dropout*, JMLR 15,
/// 2014.
///
/// # Panics
///
/// As [`random_uniform`], and if `p` is not from 0 to below 1.
#[track_caller]
pub fn dropout<'g>(x: Expr<'g>, p: f64, step: Expr<'g>, stream: u64) -> Expr<'g> {
    let _line = x.graph().here();
    assert!((0.0..1.0).contains(&p), "dropout is from 0 to below 1, not {p:?}");
    x * (random_bernoulli(step, stream, 1.0 - p, x.shape()) / (1.0 - p))
}

impl Operation for Random {
    const CARD: Card = Card {
        name: "random",
        operands: &["step"],
        formula: "y = numbers drawn for the stream and the step",
        shapes: "step: []; y: the shape",
        pullback: "none: numbers of another step have nothing to do with these",
        convention: "the same stream and step give the same numbers; a step is a whole number",
    };

    fn attributes(&self) -> String {
        let (distribution, stream, shape) = &*self.0;
        format!("{distribution}, stream {stream}, {shape}")
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        match x[0].rank() {
            0 => Ok(self.0.2.clone()),
            _ => Err(format!("the step must be a single number, it is {}", x[0])),
        }
    }

    fn accept<T: Scalar>(
        &self, x: &[ArrayViewD<'_, T>], _env: &Environment<'_, T>,
    ) -> Result<(), String> {
        let step = x[0].sum();
        if step >= T::zero() && step.fract() == T::zero() && step + T::one() > step {
            return Ok(());
        }
        Err(format!("the step is {step}; wanted a whole number from 0 that can be counted up from"))
    }

    fn eval<T: Scalar>(&self, x: &[ArrayViewD<'_, T>], env: &Environment<'_, T>) -> ArrayD<T> {
        let (distribution, stream, shape) = &*self.0;
        let mut random = ChaCha8Rng::from_seed(key(*distribution, *stream, x[0].sum().to_double()));
        let mut draw = || match distribution {
            Distribution::Uniform => f64::from(random.next_u32() >> 8) / f64::from(1 << 24),
            Distribution::Normal => StandardNormal.sample(&mut random),
        };
        ArrayD::from_shape_simple_fn(env.sizes(shape), || T::from_double(draw()))
    }

    fn vjp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], _y: Expr<'g>, _y_bar: Expr<'g>,
    ) -> Option<Expr<'g>> {
        None
    }

    fn jvp<'g>(
        &self, _k: usize, _x: &[Expr<'g>], _y: Expr<'g>, _x_dot: Expr<'g>,
    ) -> Option<Expr<'g>> {
        None
    }

    fn samples() -> Vec<Sample> {
        let of = |distribution| {
            let op = Random::new(distribution, 3, [2, 3].into()).into();
            Sample { op, operands: vec![ndarray::arr0(7.0).into_dyn()], fixed: vec![0] }
        };
        vec![of(Distribution::Uniform), of(Distribution::Normal)]
    }
}

/// The generator's key: 8 bytes each of the step, the stream and the distribution, and a tag that
/// keeps these numbers apart from all that is drawn from a seed.
fn key(distribution: Distribution, stream: u64, step: f64) -> [u8; 32] {
    let kind = match distribution {
        Distribution::Uniform => 0,
        Distribution::Normal => 1,
    };
    let words = [step as u64, stream, kind, u64::from_le_bytes(*b"a random")];
    let mut key = [0; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    key
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Distribution::Uniform => "uniform",
            Distribution::Normal => "normal",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Graph, Inputs, evaluate, grad, input, sum_all};
    use ndarray::{Array1, arr0};

    const LEN: usize = 40_000;

    fn draws(y: impl for<'g> Fn(Expr<'g>) -> Expr<'g>, step: f64) -> Array1<f64> {
        let g = Graph::new();
        let y = y(input(&g, "step", ()));
        let step = arr0(step);
        let values = evaluate(&[y], &Inputs::new().with("step", &step)).unwrap().remove(0);
        values.into_dimensionality().unwrap()
    }

    #[test]
    fn a_stream_and_a_step_decide_every_bit() {
        let uniform = |stream| move |step| random_uniform(step, stream, [8]);
        let first = draws(|step| random_uniform(step, 1, [8]), 5.0);
        assert_eq!(first, draws(|step| random_uniform(step, 1, [8]), 5.0));
        assert_ne!(first, draws(|step| random_uniform(step, 2, [8]), 5.0), "another stream");
        assert_ne!(first, draws(|step| random_uniform(step, 1, [8]), 6.0), "another step");
        let g = Graph::new();
        let step = input(&g, "step", ());
        assert_eq!(uniform(1)(step), uniform(1)(step), "one stream, one node");
        let (single, double) = (arr0(5f32), arr0(5f64));
        let y = [random_uniform(step, 1, [8])];
        let single = evaluate(&y, &Inputs::new().with("step", &single)).unwrap().remove(0);
        let double = evaluate(&y, &Inputs::new().with("step", &double)).unwrap().remove(0);
        assert_eq!(single.mapv(f64::from), double, "the same numbers in f32 and f64");
    }

    /// Mean and variance of 40,000 draws, to five standard errors.
    #[test]
    fn distributions_are_as_stated() {
        let close = |values: &Array1<f64>, mean: f64, variance: f64| {
            let error = 5.0 / (LEN as f64).sqrt();
            let (m, v) = (values.mean().unwrap(), values.var(0.0));
            assert!((m - mean).abs() < error * variance.sqrt(), "mean {m}, not {mean}");
            assert!((v / variance - 1.0).abs() < 2.0 * error, "variance {v}, not {variance}");
        };
        let uniform = draws(|step| random_uniform(step, 0, [LEN]), 0.0);
        assert!(uniform.iter().all(|x| (0.0..1.0).contains(x)));
        close(&uniform, 0.5, 1.0 / 12.0);
        close(&draws(|step| random_normal(step, 0, [LEN]), 0.0), 0.0, 1.0);
        let coins = draws(|step| random_bernoulli(step, 0, 0.3, [LEN]), 0.0);
        assert!(coins.iter().all(|&x| x == 0.0 || x == 1.0));
        close(&coins, 0.3, 0.21);
        let never = draws(|step| random_bernoulli(step, 0, 0.0, [LEN]), 0.0);
        let always = draws(|step| random_bernoulli(step, 0, 1.0, [LEN]), 0.0);
        assert_eq!((never.sum(), always.sum()), (0.0, LEN as f64));
    }

    #[test]
    fn dropout_keeps_the_mean_and_passes_the_gradient_where_it_kept() {
        let g = Graph::new();
        let (x, step) = (input(&g, "x", ("n",)), input(&g, "step", ()));
        let y = dropout(x, 0.25, step, 9);
        let [dx] = grad(sum_all(y), [x]);
        let (ones, step) = (Array1::<f64>::ones(LEN), arr0(1.0));
        let values = evaluate(&[y, dx], &Inputs::new().with("x", &ones).with("step", &step));
        let values = values.unwrap();
        assert!((values[0].mean().unwrap() - 1.0).abs() < 0.02);
        assert!(values[0].iter().all(|&y| y == 0.0 || y == 1.0 / 0.75));
        assert_eq!(values[0], values[1]);
    }

    #[test]
    fn a_step_that_is_no_count_is_refused() {
        let g = Graph::new();
        let y = random_uniform(input(&g, "step", ()), 1, [2]);
        for step in [-1.0, 0.5, f64::NAN, 1e17] {
            let error = evaluate(&[y], &Inputs::new().with("step", &arr0(step))).unwrap_err();
            let text = format!("the step is {step}; wanted a whole number");
            assert!(error.to_string().contains(&text), "{error}");
        }
        let refused = crate::operation::tests::wanted(|g| {
            random_normal(input(g, "x", [2]), 1, [2]);
        });
        assert!(refused.starts_with("random[normal, stream 1, [2]]: the step must be a single"));
    }
}
