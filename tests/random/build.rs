//! Random graphs of every operation of the table, of which every step depends on both of its
//! operands. Values are kept moderate, away from poles and, whatever the point, from kinks.

use gradus::ndarray::{ArrayD, ArrayViewD};
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

/// A step that makes a node of one of the shapes from two nodes; m and n are between −1 and 1, which
/// is what keeps the rest where it is smooth.
pub fn apply<'g>(choice: usize, a: Expr<'g>, b: Expr<'g>) -> Expr<'g> {
    let (m, n) = (tanh(full(a)), tanh(full(b)));
    let positive = square(m) + 0.5;
    let pictures = |x: Expr<'g>| reshape(x, [1, 1, 2, 3]);
    let numbers = |numbers: &[f64]| {
        let numbers: Vec<_> = numbers.iter().map(|&x| constant(a.graph(), x)).collect();
        stack(&numbers, 0)
    };
    // What is added to m and n before a kink at 0: further than they reach.
    let apart = reshape(numbers(&[1.25, -1.25, 1.25, -1.25, -1.25, 1.25]), [2, 3]);
    // And before a kink between neighbours.
    let ranks = reshape(numbers(&[7.5, 2.5, 10.0, 0.0, 12.5, 5.0]), [2, 3]);
    let rows = [slice(n, 0, 0..1), slice(m, 0, 1..2)];
    let swapped = numbers(&[1.0, 0.0]);
    let filter = reshape(slice(n, 1, 0..2), [1, 1, 2, 2]);
    let padded = Convolution::default().padding(1, 1);
    let overlapping = Pooling::new(2, 2).stride(1, 1);
    // Means over some axes of three, broadcast back along them.
    let spread = |axes: &[usize]| {
        let (cube, axes) = (stack(&[m, n], 2), axes.iter().copied().collect::<Axes>());
        mean(broadcast(mean(cube, axes), axes, [2, 3, 2]) * cube, [2])
    };
    let batch = input(a.graph(), "batch", ("n", 3));
    let draw = random_uniform(constant(a.graph(), 3.0), 5, [2, 3]);
    let steps: [&dyn Fn() -> Expr<'g>; CHOICES] = [
        &|| m + n,
        &|| m - n,
        &|| m * n,
        &|| m / positive + n,
        &|| m - (-n),
        &|| reciprocal(positive) - n,
        &|| sqrt(positive) * n,
        &|| rsqrt(positive) * n,
        &|| pow_const(positive, 1.5) * n,
        &|| pow(positive, n),
        &|| x_log_y(n, positive),
        &|| exp(m) - n,
        &|| expm1(m * n),
        &|| log(positive) + n,
        &|| log1p(square(n)) * m,
        &|| sin(3.0 * m + n),
        &|| cos(3.0 * m - n),
        &|| tan(m * n),
        &|| atan(m + n),
        &|| sinh(m) * cosh(n),
        &|| sigmoid(4.0 * m - n),
        &|| softplus(m - 3.0 * n),
        &|| relu(m + apart) * n,
        &|| abs(m + apart) + leaky_relu(n - apart, 0.1),
        &|| maximum(m + apart, n - apart) * minimum(m - apart, 0.5 * n + apart),
        &|| select(greater(0.5 * m + apart, 0.5 * n), m * m, n),
        &|| m * stop_gradient(greater_equal(0.5 * n + apart, 0.5 * m)) + n,
        &|| sum(m * n, [0]),
        &|| mean(m + n, [1]),
        &|| sum_all(m * m) / 6.0 + 0.1 * max(n + ranks, [0, 1]),
        &|| log_sum_exp(m + n, [0]) + min(0.2 * (m + ranks), [0]),
        &|| softmax(3.0 * m, 1) * n,
        &|| log_softmax(m - n, 0),
        &|| prod(m + n, [0]),
        &|| transpose(reshape(m, [3, 2])) * n,
        &|| matmul(matmul(m, transpose(n)), m),
        &|| concat(&[slice(m, 0, 0..1), slice_step(n, 0, 1..2, 1)], 0),
        &|| slice(pad(m, 1, 1, 0), 1, 0..3) + reshape(stack(&rows, 0), [2, 3]),
        &|| gather(m, swapped, 0) * scatter_add(n, swapped, 0, 2),
        &|| slice(reshape(conv2d(pictures(m), filter, padded), [2, 6]), 1, 0..3),
        &|| 0.1 * reshape(max_pool2d(pictures(m + n + 2.0 * ranks), overlapping), [2]),
        &|| reshape(avg_pool2d(pictures(m * n), overlapping, true), [2]) + sum(m, [1]),
        &|| binary_cross_entropy_terms(sigmoid(m), sigmoid(n)),
        &|| binary_cross_entropy_with_logits_terms(m, sigmoid(n)),
        &|| square(m) * step(n + apart) + sign(m + apart) * n,
        &|| spread(&[0]),
        &|| spread(&[1]),
        &|| spread(&[2]),
        &|| spread(&[0, 1]),
        &|| spread(&[0, 2]),
        &|| spread(&[1, 2]),
        &|| spread(&[0, 1, 2]),
        // Tails: a row, a matrix and a number.
        &|| m * sum(n, [0]),
        &|| mean(stack(&[m, n], 0) * n, [0]),
        &|| sum(m, [0]) * mean_all(n),
        &|| mean(batch * sum(m * n, [0]), [0]),
        &|| m * one_hot(swapped, 3) + n,
        &|| m * draw + n,
        &|| custom(Saddle, &[m, n]),
    ];
    steps[choice % steps.len()]()
}

/// An operation of the user's own: x² − xy.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Saddle;

impl CustomOp for Saddle {
    fn name(&self) -> &str {
        "saddle"
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        Ok(x[0].clone())
    }

    fn eval(&self, x: &[ArrayViewD<'_, f64>]) -> ArrayD<f64> {
        &x[0] * &x[0] - &x[0] * &x[1]
    }

    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], _y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        Some(if k == 0 { y_bar * (2.0 * x[0] - x[1]) } else { -(y_bar * x[0]) })
    }

    fn jvp<'g>(&self, k: usize, x: &[Expr<'g>], y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        self.vjp(k, x, y, x_dot)
    }
}

/// The inputs of all graphs, one of each shape, and one with a named axis.
pub fn inputs(g: &Graph) -> Vec<Expr<'_>> {
    let named = SHAPES.iter().enumerate().map(|(k, shape)| input(g, &format!("x{k}"), *shape));
    named.chain([input(g, "batch", ("n", 3))]).collect()
}

/// A cost that uses each of some nodes twice, and so the inputs.
pub fn cost<'g>(inputs: &[Expr<'g>], nodes: &[Expr<'g>]) -> Expr<'g> {
    let twice = |x: Expr<'g>| sum_all(x * sin(x));
    let used = inputs.iter().copied().chain(nodes.iter().copied());
    used.map(twice).reduce(|a, b| a + b).expect("there are inputs")
}

/// A graph of these steps, each of a choice and two nodes, and its cost.
pub fn build<'g>(g: &'g Graph, steps: &[(usize, usize, usize)]) -> (Vec<Expr<'g>>, Expr<'g>) {
    let inputs = inputs(g);
    let mut nodes = inputs[..SHAPES.len()].to_vec();
    for &(choice, a, b) in steps {
        let (a, b) = (nodes[a % nodes.len()], nodes[b % nodes.len()]);
        nodes.push(apply(choice, a, b));
    }
    let cost = cost(&inputs, &nodes[SHAPES.len()..]);
    (inputs, cost)
}

/// Values for the inputs, from a seed.
pub fn point(seed: u64) -> Arrays<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut draw =
        |shape: &[usize]| ArrayD::from_shape_simple_fn(shape, || random.random_range(-1.0..1.0));
    let mut point = Arrays::from([("batch".to_owned(), draw(&[4, 3]))]);
    point.extend(SHAPES.iter().enumerate().map(|(k, shape)| (format!("x{k}"), draw(shape))));
    point
}

/// How many steps there are to choose from.
pub const CHOICES: usize = 59;
