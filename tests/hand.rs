//! The hand-written training steps against the reference evaluator.

#[path = "../benches/hand/mod.rs"]
mod hand;

use std::iter;

use gradus::ndarray::{ArrayD, arr0};
use gradus::ops::{
    Arrays, Convolution, Evaluator, Expr, Graph, Inputs, Pooling, Reference, broadcast, conv2d,
    evaluate, exp, grad, input, matmul, max_pool2d, param, quadratic_cost, relu, reshape, sigmoid,
    sin, slice, softmax_cross_entropy, sum_all, transpose, try_grad,
};
use hand::kernels::{Instructions, Lanes, Portable, Step};
use hand::{Draw, W1, W2, W3, W4, W5, W6};

const STEPS: usize = 10;

/// A workload: a network's inputs, targets, parameters in the order of its layers, and cost.
struct Workload {
    x: Vec<usize>,
    y: Vec<usize>,
    parameters: Vec<(&'static str, Vec<usize>)>,
    values: Vec<Vec<f32>>,
    cost: for<'g> fn(Expr<'g>, Expr<'g>, &[Expr<'g>]) -> Expr<'g>,
    eta: f32,
}

impl Workload {
    /// With drawn parameters for layers whose weights have these shapes.
    fn new(
        draw: &mut Draw, [x, y]: [&[usize]; 2], weights: &[&[usize]], eta: f32,
        cost: for<'g> fn(Expr<'g>, Expr<'g>, &[Expr<'g>]) -> Expr<'g>,
    ) -> Self {
        const NAMES: [[&str; 2]; 5] =
            [["w2", "b2"], ["w3", "b3"], ["w4", "b4"], ["w5", "b5"], ["w6", "b6"]];
        let (mut parameters, mut values) = (Vec::new(), Vec::new());
        for (&weights, [w, b]) in weights.iter().zip(NAMES) {
            let (drawn, biases) = draw.layer(weights[0], weights[1..].iter().product());
            parameters.extend([(w, weights.to_vec()), (b, vec![weights[0]])]);
            values.extend([drawn, biases]);
        }
        Self { x: x.to_vec(), y: y.to_vec(), parameters, values, cost, eta }
    }

    /// Compares steps of networks by hand, which start at the parameters drawn, with the graph's:
    /// with the best instructions and with those that every processor has.
    fn compare<N: Step>(
        &self, draw: &mut Draw, network: impl Fn() -> N,
        step: fn(&mut N, &[f32], &[f32], f32) -> f32, parameters: fn(&N) -> Vec<&[f32]>,
    ) {
        let x = draw.numbers(self.x.iter().product(), 1.0);
        let y = draw.targets(self.y[0], self.y[1]);
        let (costs, after) = self.reference(&x, &y);
        let portable: fn(&mut N, &[f32], &[f32], f32) -> f32 =
            |network, x, y, eta| network.step_with(Portable, x, y, eta);
        for step in [step, portable] {
            let mut network = network();
            for (k, want) in costs.iter().enumerate() {
                let got = step(&mut network, &x, &y, self.eta);
                let error = (got - want).abs();
                assert!(error <= 1e-4 * want.abs(), "step {k}: the cost is {got}, not {want}");
                if k == 0 {
                    self.compare_parameters(&parameters(&network), &after);
                }
            }
        }
    }

    fn compare_parameters(&self, got: &[&[f32]], want: &Arrays<f32>) {
        for (((name, _), before), got) in self.parameters.iter().zip(&self.values).zip(got) {
            let want = want[*name].as_slice().expect("row-major");
            assert_eq!(got.len(), want.len());
            assert_ne!(got, before, "{name} is to change");
            let largest = want.iter().fold(0f32, |largest, w| largest.max(w.abs()));
            for (i, (got, want)) in got.iter().zip(want).enumerate() {
                let error = (got - want).abs();
                assert!(error <= 1e-5 * largest, "{name}, number {i}: {got}, not {want}");
            }
        }
    }

    /// The costs of the steps by the reference evaluator, and the parameters after the first.
    fn reference(&self, x: &[f32], y: &[f32]) -> (Vec<f32>, Arrays<f32>) {
        let g = Graph::new();
        let place = |(name, shape): &(&'static str, Vec<usize>)| param(&g, name, shape.as_slice());
        let nodes: Vec<_> = self.parameters.iter().map(place).collect();
        let (x_node, y_node) =
            (input(&g, "x", self.x.as_slice()), input(&g, "y", self.y.as_slice()));
        let (cost, eta) = ((self.cost)(x_node, y_node, &nodes), input(&g, "eta", ()));
        let gradients = try_grad(cost, &nodes).expect("a gradient");
        let named = self.parameters.iter().map(|(name, _)| (*name).to_owned());
        let changed = nodes.iter().zip(gradients).map(|(&w, dw)| w - eta * dw);
        let updates: Vec<_> = named.clone().zip(changed).collect();
        let mut evaluator = Reference::new(&[cost], &updates).expect("a program");

        let array = |shape: &[usize], numbers: &[f32]| {
            ArrayD::from_shape_vec(shape, numbers.to_vec()).expect("as many numbers")
        };
        let shapes = self.parameters.iter().map(|(_, shape)| shape);
        let arrays = shapes.zip(&self.values).map(|(shape, values)| array(shape, values));
        let mut state: Arrays<f32> = named.zip(arrays).collect();
        let (x, y, eta) = (array(&self.x, x), array(&self.y, y), arr0(self.eta));
        let inputs = Inputs::new().with("x", &x).with("y", &y).with("eta", &eta);
        let mut step = || {
            let cost = evaluator.step(&mut state, &inputs).expect("a step")[0].sum();
            (cost, state.clone())
        };
        let (first, after) = step();
        (iter::once(first).chain((1..STEPS).map(|_| step().0)).collect(), after)
    }

    /// The parameters drawn, to make a network of.
    fn take<const N: usize>(&self) -> [Vec<f32>; N] {
        self.values.clone().try_into().expect("as many parameters")
    }
}

/// x wᵀ + b.
fn dense<'g>(x: Expr<'g>, w: Expr<'g>, b: Expr<'g>) -> Expr<'g> {
    matmul(x, transpose(w)) + b
}

fn convolve<'g>(x: Expr<'g>, w: Expr<'g>, b: Expr<'g>, padding: usize) -> Expr<'g> {
    let maps = conv2d(x, w, Convolution::default().padding(padding, padding));
    maps + broadcast(b, [0, 2, 3], maps.shape())
}

fn two_sigmoids<'g>(x: Expr<'g>, y: Expr<'g>, p: &[Expr<'g>]) -> Expr<'g> {
    let a = sigmoid(dense(x, p[0], p[1]));
    quadratic_cost(sigmoid(dense(a, p[2], p[3])), y)
}

fn two_relus<'g>(x: Expr<'g>, y: Expr<'g>, p: &[Expr<'g>]) -> Expr<'g> {
    let a = relu(dense(relu(dense(x, p[0], p[1])), p[2], p[3]));
    softmax_cross_entropy(dense(a, p[4], p[5]), y)
}

fn lenet<'g>(x: Expr<'g>, y: Expr<'g>, p: &[Expr<'g>]) -> Expr<'g> {
    let a = max_pool2d(relu(convolve(x, p[0], p[1], 2)), Pooling::new(2, 2));
    let a = max_pool2d(relu(convolve(a, p[2], p[3], 0)), Pooling::new(2, 2));
    let a = relu(dense(reshape(a, [64, 400]), p[4], p[5]));
    softmax_cross_entropy(dense(relu(dense(a, p[6], p[7])), p[8], p[9]), y)
}

fn small_lenet<'g>(x: Expr<'g>, y: Expr<'g>, p: &[Expr<'g>]) -> Expr<'g> {
    let a = max_pool2d(sigmoid(convolve(x, p[0], p[1], 0)), Pooling::new(2, 2));
    quadratic_cost(sigmoid(dense(reshape(a, [96, 12]), p[2], p[3])), y)
}

#[test]
fn w1() {
    let mut draw = Draw::new(1);
    let weights: [&[usize]; 2] = [&[30, 784], &[10, 30]];
    let sizes: [&[usize]; 2] = [&[10, 784], &[10, 10]];
    let workload = Workload::new(&mut draw, sizes, &weights, 0.5, two_sigmoids);
    let network = || {
        let [w2, b2, w3, b3] = workload.take();
        W1::new(w2, b2, w3, b3)
    };
    workload.compare(&mut draw, network, W1::step, |n| vec![&n.w2, &n.b2, &n.w3, &n.b3]);
}

#[test]
fn w2() {
    let mut draw = Draw::new(2);
    let weights: [&[usize]; 3] = [&[512, 784], &[512, 512], &[10, 512]];
    let sizes: [&[usize]; 2] = [&[128, 784], &[128, 10]];
    let workload = Workload::new(&mut draw, sizes, &weights, 0.05, two_relus);
    let network = || {
        let [w2, b2, w3, b3, w4, b4] = workload.take();
        W2::new([(w2, b2), (w3, b3), (w4, b4)])
    };
    workload
        .compare(&mut draw, network, W2::step, |n| vec![&n.w2, &n.b2, &n.w3, &n.b3, &n.w4, &n.b4]);
}

#[test]
fn w3() {
    let mut draw = Draw::new(3);
    let weights: [&[usize]; 5] =
        [&[6, 1, 5, 5], &[16, 6, 5, 5], &[120, 400], &[84, 120], &[10, 84]];
    let sizes: [&[usize]; 2] = [&[64, 1, 28, 28], &[64, 10]];
    let workload = Workload::new(&mut draw, sizes, &weights, 0.02, lenet);
    let network = || {
        let [w2, b2, w3, b3, w4, b4, w5, b5, w6, b6] = workload.take();
        W3::new([(w2, b2), (w3, b3), (w4, b4), (w5, b5), (w6, b6)])
    };
    workload.compare(&mut draw, network, W3::step, |n| {
        vec![&n.w2, &n.b2, &n.w3, &n.b3, &n.w4, &n.b4, &n.w5, &n.b5, &n.w6, &n.b6]
    });
}

#[test]
fn w4() {
    for examples in [64, 1] {
        let mut draw = Draw::new(4);
        let weights: [&[usize]; 2] = [&[3, 12], &[2, 3]];
        let sizes: [&[usize]; 2] = [&[examples, 12], &[examples, 2]];
        let workload = Workload::new(&mut draw, sizes, &weights, 0.5, two_sigmoids);
        let network = || {
            let [w2, b2, w3, b3] = workload.take();
            W4::new(examples, w2, b2, w3, b3)
        };
        workload.compare(&mut draw, network, W4::step, |n| vec![&n.w2, &n.b2, &n.w3, &n.b3]);
    }
}

#[test]
fn w5() {
    let mut draw = Draw::new(5);
    let weights: [&[usize]; 2] = [&[3, 1, 3, 3], &[3, 12]];
    let sizes: [&[usize]; 2] = [&[96, 1, 6, 6], &[96, 3]];
    let workload = Workload::new(&mut draw, sizes, &weights, 0.5, small_lenet);
    let network = || {
        let [w2, b2, w3, b3] = workload.take();
        W5::new(w2, b2, w3, b3)
    };
    workload.compare(&mut draw, network, W5::step, |n| vec![&n.w2, &n.b2, &n.w3, &n.b3]);
}

#[test]
fn w6() {
    for (n, scale) in [(1000, 1.0), (1000, 4.0), (9, 2.0), (8, 2.0), (2, 1.0)] {
        let mut draw = Draw::new(6);
        let x: Vec<f64> = (0..n).map(|_| scale * draw.number()).collect();
        let g = Graph::new();
        let node = input(&g, "x", [n]);
        let (here, next) = (slice(node, 0, 0..n - 1), slice(node, 0, 1..n));
        let [dx] = grad(sum_all(sin(here * next) * exp(-(here * here))), [node]);
        let array = ArrayD::from_shape_vec(vec![n], x.clone()).expect("as many numbers");
        let want = evaluate(&[dx], &Inputs::new().with("x", &array)).expect("a gradient");
        for w6 in [W6::Plain, W6::Vectors] {
            let mut got = vec![f64::NAN; n];
            w6.gradient(&x, &mut got);
            for (i, (got, want)) in got.iter().zip(&want[0]).enumerate() {
                assert!((got - want).abs() <= 1e-12, "number {i} of {n}: {got}, not {want}");
            }
        }
    }
}

/// Not a network: exp of its inputs and their sigmoids, by the instructions of a step.
struct Functions {
    exp: Vec<f32>,
    sigmoid: Vec<f32>,
}

impl Step for Functions {
    #[inline(always)]
    fn step_with<S: Lanes>(&mut self, s: S, x: &[f32], _: &[f32], _: f32) -> f32 {
        for (k, &x) in x.iter().enumerate() {
            let x = s.splat(x);
            self.exp[k] = s.sum(s.keep(1, s.exp(x)));
            self.sigmoid[k] = s.sum(s.keep(1, s.sigmoid(x)));
        }
        0.0
    }
}

#[test]
fn exp_and_sigmoid_are_right_to_a_few_ulp() {
    let x: Vec<f32> = (-850_000..850_000).map(|k| k as f32 * 1e-4).collect();
    let mut functions = Functions { exp: vec![0.0; x.len()], sigmoid: vec![0.0; x.len()] };
    Instructions::best().step(&mut functions, &x, &[], 0.0);
    let ulps = |got: f32, want: f64| {
        let rounded = want as f32;
        (f64::from(got) - want).abs() / f64::from(rounded.next_up() - rounded)
    };
    for (x, (exp, sigmoid)) in x.iter().zip(functions.exp.iter().zip(functions.sigmoid)) {
        let e = f64::from(*x).exp();
        assert!(ulps(*exp, e) <= 1.1, "exp({x}) is not {exp}");
        assert!(ulps(sigmoid, e / (1.0 + e)) <= 3.0, "sigmoid({x}) is not {sigmoid}");
    }
}
