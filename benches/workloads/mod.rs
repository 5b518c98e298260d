//! The training steps that plans are measured by, as graphs.

use gradus::ndarray::ArrayD;
use gradus::ops::*;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// Outputs and updates, as a compiler takes them.
pub type Step<'g> = (Vec<Expr<'g>>, Vec<(String, Expr<'g>)>);

/// A workload: its name, its graph, and arrays for it.
pub struct Workload<T> {
    pub name: &'static str,
    pub build: for<'g> fn(&'g Graph) -> Step<'g>,
    pub state: Arrays<T>,
    pub inputs: Arrays<T>,
}

/// 784-30-10, sigmoid units, the quadratic cost, batches of 10.
pub fn w1() -> Workload<f32> {
    fn build(g: &Graph) -> Step<'_> {
        let output = [("w2", 30), ("w3", 10)];
        dense(g, 784, &output, sigmoid, sigmoid, |a, y| quadratic_cost(a, y))
    }
    let (state, inputs) = dense_arrays(10, &[784, 30, 10]);
    Workload { name: "W1", build, state, inputs }
}

/// 784-512-512-10, ReLU, softmax cross-entropy, batches of 128.
pub fn w2() -> Workload<f32> {
    fn build(g: &Graph) -> Step<'_> {
        let layers = [("w2", 512), ("w3", 512), ("w4", 10)];
        dense(g, 784, &layers, relu, |z| z, |z, y| softmax_cross_entropy(z, y))
    }
    let (state, inputs) = dense_arrays(128, &[784, 512, 512, 10]);
    Workload { name: "W2", build, state, inputs }
}

/// LeNet on 28×28, batches of 64.
pub fn w3() -> Workload<f32> {
    fn build(g: &Graph) -> Step<'_> {
        let (x, y) = (input(g, "x", ("n", 1, 28, 28)), input(g, "y", ("n", 10)));
        let two = Pooling::new(2, 2);
        let w2 = param(g, "w2", [6, 1, 5, 5]);
        let a2 = max_pool2d(relu(convolved(x, w2, Convolution::default().padding(2, 2))), two);
        let w3 = param(g, "w3", [16, 6, 5, 5]);
        let a3 = max_pool2d(relu(convolved(a2, w3, Convolution::default())), two);
        let mut a = reshape(a3, ("n", 400));
        let mut parameters = vec![w2, bias(w2), w3, bias(w3)];
        for (name, inputs, units) in [("w4", 400, 120), ("w5", 120, 84), ("w6", 84, 10)] {
            let w = param(g, name, [units, inputs]);
            let z = matmul(a, transpose(w)) + bias(w);
            parameters.extend([w, bias(w)]);
            a = if units == 10 { z } else { relu(z) };
        }
        descend(softmax_cross_entropy(a, y), &parameters)
    }
    let mut random = Random::new();
    let shapes: [&[usize]; 5] = [&[6, 1, 5, 5], &[16, 6, 5, 5], &[120, 400], &[84, 120], &[10, 84]];
    let state = random.layers(&shapes);
    let inputs = random.examples(&[64, 1, 28, 28], 10);
    Workload { name: "W3", build, state, inputs }
}

/// 12-3-2, sigmoid units, the quadratic cost, so many examples.
pub fn w4(examples: usize) -> Workload<f32> {
    fn build(g: &Graph) -> Step<'_> {
        let output = [("w2", 3), ("w3", 2)];
        dense(g, 12, &output, sigmoid, sigmoid, |a, y| quadratic_cost(a, y))
    }
    let (state, inputs) = dense_arrays(examples, &[12, 3, 2]);
    let name = if examples == 1 { "W4, one example" } else { "W4" };
    Workload { name, build, state, inputs }
}

/// The CNN of 69 parameters, 96 examples.
pub fn w5() -> Workload<f32> {
    fn build(g: &Graph) -> Step<'_> {
        let (x, y) = (input(g, "x", ("n", 1, 6, 6)), input(g, "y", ("n", 3)));
        let (w2, w3) = (param(g, "w2", [3, 1, 3, 3]), param(g, "w3", [3, 12]));
        let features = sigmoid(convolved(x, w2, Convolution::default()));
        let pooled = reshape(max_pool2d(features, Pooling::new(2, 2)), ("n", 12));
        let a = sigmoid(matmul(pooled, transpose(w3)) + bias(w3));
        descend(quadratic_cost(a, y), &[w2, bias(w2), w3, bias(w3)])
    }
    let mut random = Random::new();
    let state = random.layers(&[&[3, 1, 3, 3], &[3, 12]]);
    let inputs = random.examples(&[96, 1, 6, 6], 3);
    Workload { name: "W5", build, state, inputs }
}

/// The gradient of Σ sin(xᵢ xᵢ₊₁) e^(−xᵢ²) at 1000 numbers.
pub fn w6() -> Workload<f64> {
    fn build(g: &Graph) -> Step<'_> {
        let x = input(g, "x", [1000]);
        let (a, b) = (slice(x, 0, 0..999), slice(x, 0, 1..1000));
        let f = sum_all(sin(a * b) * exp(-square(a)));
        (grad(f, [x]).to_vec(), vec![])
    }
    let x = Random::new().uniform(&[1000], 1.0).mapv(f64::from);
    let inputs = Arrays::from([("x".to_owned(), x)]);
    Workload { name: "W6", build, state: Arrays::new(), inputs }
}

/// A dense network with its cost, one step of gradient descent.
fn dense<'g>(
    g: &'g Graph, inputs: usize, layers: &[(&str, usize)], hidden: fn(Expr<'g>) -> Expr<'g>,
    last: fn(Expr<'g>) -> Expr<'g>, cost: fn(Expr<'g>, Expr<'g>) -> Expr<'g>,
) -> Step<'g> {
    let (mut a, mut width, mut parameters) = (input(g, "x", ("n", inputs)), inputs, Vec::new());
    for (k, &(name, units)) in layers.iter().enumerate() {
        let w = param(g, name, [units, width]);
        let z = matmul(a, transpose(w)) + bias(w);
        parameters.extend([w, bias(w)]);
        a = if k + 1 == layers.len() { last(z) } else { hidden(z) };
        width = units;
    }
    descend(cost(a, input(g, "y", ("n", width))), &parameters)
}

/// The bias that goes with a weight: `b2` with `w2`.
fn bias<'g>(w: Expr<'g>) -> Expr<'g> {
    let name = w.label().expect("a parameter has a name").replace('w', "b");
    param(w.graph(), &name, vec![w.shape().dims()[0].clone()])
}

fn convolved<'g>(x: Expr<'g>, w: Expr<'g>, convolution: Convolution) -> Expr<'g> {
    let maps = conv2d(x, w, convolution);
    maps + broadcast(bias(w), [0, 2, 3], maps.shape())
}

/// w ← w − η ∂C/∂w for all parameters.
fn descend<'g>(cost: Expr<'g>, parameters: &[Expr<'g>]) -> Step<'g> {
    let eta = input(cost.graph(), "eta", ());
    let gradients = try_grad(cost, parameters).expect("the cost depends on all");
    let updates = parameters.iter().zip(gradients).map(|(&w, dw)| {
        let name = w.label().expect("a parameter has a name");
        (name, w - eta * dw)
    });
    (vec![cost], updates.collect())
}

fn dense_arrays(examples: usize, widths: &[usize]) -> (Arrays<f32>, Arrays<f32>) {
    let mut random = Random::new();
    let shapes: Vec<[usize; 2]> = widths.windows(2).map(|w| [w[1], w[0]]).collect();
    let shapes: Vec<&[usize]> = shapes.iter().map(<[usize; 2]>::as_slice).collect();
    let state = random.layers(&shapes);
    (state, random.examples(&[examples, widths[0]], *widths.last().expect("a layer")))
}

/// Arrays from a seed.
struct Random(ChaCha8Rng);

impl Random {
    fn new() -> Self {
        Self(ChaCha8Rng::seed_from_u64(1))
    }

    fn uniform(&mut self, shape: &[usize], most: f32) -> ArrayD<f32> {
        ArrayD::from_shape_simple_fn(shape, || self.0.random_range(-most..most))
    }

    /// Weights `w2`, `w3`, … of these shapes and their biases.
    fn layers(&mut self, shapes: &[&[usize]]) -> Arrays<f32> {
        let mut state = Arrays::new();
        for (k, shape) in shapes.iter().enumerate() {
            let fan_in: usize = shape[1..].iter().product();
            let most = 1.0 / (fan_in as f32).sqrt();
            state.insert(format!("w{}", k + 2), self.uniform(shape, most));
            state.insert(format!("b{}", k + 2), self.uniform(&shape[..1], most));
        }
        state
    }

    /// Examples, their one-hot targets, and the learning rate.
    fn examples(&mut self, shape: &[usize], classes: usize) -> Arrays<f32> {
        let x = self.uniform(shape, 1.0).mapv(|x| 0.5 + 0.5 * x);
        let mut y = ArrayD::zeros(vec![shape[0], classes]);
        y.rows_mut().into_iter().for_each(|mut row| row[self.0.random_range(0..classes)] = 1.0);
        let eta = gradus::ndarray::arr0(0.1).into_dyn();
        Arrays::from([("x".to_owned(), x), ("y".to_owned(), y), ("eta".to_owned(), eta)])
    }
}
