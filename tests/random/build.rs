//! Random graphs of every operation of the table but sizes of named axes, labels, random numbers and
//! users' operations.

use gradus::ndarray::ArrayD;
use gradus::ops::*;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// The shapes that nodes have: what broadcasts to 2×3 by some pattern.
const SHAPES: [&[usize]; 4] = [&[2, 3], &[3], &[2], &[]];

/// `x` in the shape 2×3, whichever of the shapes it has.
fn full(x: Expr<'_>) -> Expr<'_> {
    match x.shape() {
        shape if shape == Shape::from([3]) => broadcast(x, [0], [2, 3]),
        shape if shape == Shape::from([2]) => broadcast(x, [1], [2, 3]),
        shape if shape == Shape::scalar() => broadcast(x, [0, 1], [2, 3]),
        _ => x,
    }
}

/// A step that makes a node of one of the shapes from two nodes; all values stay moderate, and away
/// from poles.
fn apply<'g>(choice: usize, a: Expr<'g>, b: Expr<'g>) -> Expr<'g> {
    let (m, n) = (tanh(full(a)), tanh(full(b)));
    let positive = square(m) + 0.5;
    let pictures = |x: Expr<'g>| reshape(x, [1, 1, 2, 3]);
    let rows = [slice(n, 0, 0..1), slice(m, 0, 1..2)];
    let swapped = stack(&[constant(a.graph(), 1.0), constant(a.graph(), 0.0)], 0);
    let filter = reshape(slice(n, 1, 0..2), [1, 1, 2, 2]);
    let padded = Convolution::default().padding(1, 1);
    let overlapping = Pooling::new(2, 2).stride(1, 1);
    let steps: [&dyn Fn() -> Expr<'g>; CHOICES] = [
        &|| m + n,
        &|| m - n,
        &|| m * n,
        &|| m / positive,
        &|| -n,
        &|| reciprocal(positive),
        &|| sqrt(positive) * n,
        &|| rsqrt(positive) * n,
        &|| pow_const(positive, 1.5),
        &|| pow(positive, n),
        &|| x_log_y(n, positive),
        &|| exp(m) - n,
        &|| expm1(m * n),
        &|| log(positive) + n,
        &|| log1p(square(n)),
        &|| sin(3.0 * m + n),
        &|| cos(3.0 * m - n),
        &|| tan(m * n),
        &|| atan(m + n),
        &|| sinh(m) * cosh(n),
        &|| sigmoid(4.0 * m - n),
        &|| softplus(m - 3.0 * n),
        &|| relu(m) * n,
        &|| abs(m) + leaky_relu(n, 0.1),
        &|| maximum(m, n) * minimum(m, 0.5 * n),
        &|| select(greater(m, n), m * m, n),
        &|| m * stop_gradient(greater_equal(n, m)) + n,
        &|| sum(m * n, [0]),
        &|| mean(m + n, [1]),
        &|| sum_all(m * m) / 6.0 + max(n, [0, 1]),
        &|| log_sum_exp(m + n, [0]) + min(m, [0]),
        &|| softmax(3.0 * m, 1) * n,
        &|| log_softmax(m - n, 0),
        &|| prod(m + n, [0]),
        &|| transpose(reshape(m, [3, 2])) * n,
        &|| matmul(matmul(m, transpose(n)), m),
        &|| concat(&[slice(m, 0, 0..1), slice_step(n, 0, 1..2, 1)], 0),
        &|| slice(pad(m, 1, 1, 0), 1, 0..3) + reshape(stack(&rows, 0), [2, 3]),
        &|| gather(m, swapped, 0) * scatter_add(n, swapped, 0, 2),
        &|| slice(reshape(conv2d(pictures(m), filter, padded), [2, 6]), 1, 0..3),
        &|| reshape(max_pool2d(pictures(m + n), overlapping), [2]),
        &|| reshape(avg_pool2d(pictures(m * n), overlapping, true), [2]) + sum(m, [1]),
        &|| binary_cross_entropy_terms(sigmoid(m), sigmoid(n)),
        &|| binary_cross_entropy_with_logits_terms(m, sigmoid(n)),
        &|| square(m) * step(n) + sign(m) * n,
    ];
    steps[choice % steps.len()]()
}

/// A graph of these steps over one input of each shape, and a cost that uses every node twice.
pub fn build<'g>(g: &'g Graph, steps: &[(usize, usize, usize)]) -> (Vec<Expr<'g>>, Expr<'g>) {
    let named = SHAPES.iter().enumerate().map(|(k, shape)| input(g, &format!("x{k}"), *shape));
    let inputs: Vec<_> = named.collect();
    let mut nodes = inputs.clone();
    for &(choice, a, b) in steps {
        let (a, b) = (nodes[a % nodes.len()], nodes[b % nodes.len()]);
        nodes.push(apply(choice, a, b));
    }
    let twice = |x: Expr<'g>| sum_all(full(x) * sin(full(x)));
    let cost = nodes.iter().copied().map(twice).reduce(|a, b| a + b).expect("there are inputs");
    (inputs, cost)
}

/// Values for the inputs of `build`, from a seed.
pub fn point(seed: u64) -> Arrays<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let shapes = SHAPES.iter().enumerate();
    let mut draw = || random.random_range(-1.0..1.0);
    shapes.map(|(k, s)| (format!("x{k}"), ArrayD::from_shape_simple_fn(*s, &mut draw))).collect()
}

/// How many steps there are to choose from.
pub const CHOICES: usize = 45;
