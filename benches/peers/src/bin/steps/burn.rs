//! The workloads in burn, on its backend `flex`.

use burn_tensor::activation::{log_softmax, relu, sigmoid};
use burn_tensor::module::{conv2d, linear, max_pool2d};
use burn_tensor::ops::{ConvOptions, MaxPoolOptions};
use burn_tensor::{DType, Device, Gradients, Tensor, TensorData};
use gradus::ndarray::ArrayD;

use crate::contest::Step;
use crate::workloads::Workload;

/// Parameters by their rank: filters, weights of dense layers (inputs first, as burn has them),
/// and the biases of all layers.
struct Parameters {
    filters: Vec<Tensor<4>>,
    weights: Vec<Tensor<2>>,
    biases: Vec<Tensor<1>>,
}

/// A cost of parameters, examples and targets.
type Cost<const D: usize> = fn(&Parameters, Tensor<D>, Tensor<2>) -> Tensor<1>;

/// A network in training on examples of rank D.
pub struct Network<const D: usize> {
    parameters: Parameters,
    x: Tensor<D>,
    y: Tensor<2>,
    eta: f64,
    cost: Cost<D>,
}

/// A network on rows of numbers.
pub fn rows(workload: &Workload<f32>) -> Network<2> {
    let cost: Cost<2> = match workload.name {
        "W2" => |p, x, y| classify(dense(p, x, relu), y),
        _ => |p, x, y| quadratic(sigmoid(dense(p, x, sigmoid)), y),
    };
    Network::new(workload, cost)
}

/// A network on pictures.
pub fn pictures(workload: &Workload<f32>) -> Network<4> {
    let cost: Cost<4> = match workload.name {
        "W3" => |p, x, y| {
            let first = pooled(relu(convolved(p, 0, x, 2)));
            let second = pooled(relu(convolved(p, 1, first, 0)));
            classify(dense(p, second.flatten(1, 3), relu), y)
        },
        _ => |p, x, y| {
            let features = pooled(sigmoid(convolved(p, 0, x, 0)));
            quadratic(sigmoid(dense(p, features.flatten(1, 3), sigmoid)), y)
        },
    };
    Network::new(workload, cost)
}

impl<const D: usize> Network<D> {
    fn new(workload: &Workload<f32>, cost: Cost<D>) -> Self {
        let device = Device::flex().autodiff();
        let mut parameters =
            Parameters { filters: Vec::new(), weights: Vec::new(), biases: Vec::new() };
        for k in 2..2 + workload.state.len() / 2 {
            let w = &workload.state[&format!("w{k}")];
            if w.ndim() == 4 {
                parameters.filters.push(tensor(w, &device).require_grad());
            } else {
                let inputs_first = w.t().as_standard_layout().into_owned();
                parameters.weights.push(tensor(&inputs_first, &device).require_grad());
            }
            let b = &workload.state[&format!("b{k}")];
            parameters.biases.push(tensor(b, &device).require_grad());
        }
        let (x, y) = (&workload.inputs["x"], &workload.inputs["y"]);
        let (x, y) = (tensor(x, &device), tensor(y, &device));
        Self { parameters, x, y, eta: f64::from(workload.inputs["eta"].sum()), cost }
    }

    fn train(&mut self) -> Tensor<1> {
        let cost = (self.cost)(&self.parameters, self.x.clone(), self.y.clone());
        let mut gradients = cost.backward();
        let Parameters { filters, weights, biases } = &mut self.parameters;
        filters.iter_mut().for_each(|w| descend(w, &mut gradients, self.eta));
        weights.iter_mut().for_each(|w| descend(w, &mut gradients, self.eta));
        biases.iter_mut().for_each(|w| descend(w, &mut gradients, self.eta));
        cost
    }
}

impl<const D: usize> Step for Network<D> {
    fn step(&mut self) {
        self.train();
    }

    fn cost(&mut self) -> f64 {
        f64::from(self.train().into_scalar::<f32>())
    }
}

/// W6.
pub struct Gradient(Tensor<1>);

impl Gradient {
    pub fn new(workload: &Workload<f64>) -> Self {
        let x = workload.inputs["x"].iter().copied().collect::<Vec<_>>();
        let data = TensorData::new(x, [1000]);
        Self(Tensor::from_data(data, (&Device::flex().autodiff(), DType::F64)).require_grad())
    }

    fn gradient(&self) -> Tensor<1> {
        let (a, b) = (self.0.clone().narrow(0, 0, 999), self.0.clone().narrow(0, 1, 999));
        let f = ((a.clone() * b).sin() * a.clone().mul(a).neg().exp()).sum();
        self.0.grad_remove(&mut f.backward()).expect("f depends on x")
    }
}

impl Step for Gradient {
    fn step(&mut self) {
        self.gradient();
    }

    fn cost(&mut self) -> f64 {
        self.gradient().sum().into_scalar::<f64>()
    }
}

fn descend<const D: usize>(w: &mut Tensor<D>, gradients: &mut Gradients, eta: f64) {
    let dw = w.grad_remove(gradients).expect("the cost depends on all");
    *w = (w.clone().inner() - dw * eta).autodiff().require_grad();
}

/// The weighted inputs of the last dense layer.
fn dense(p: &Parameters, x: Tensor<2>, hidden: fn(Tensor<2>) -> Tensor<2>) -> Tensor<2> {
    let biases = &p.biases[p.filters.len()..];
    let mut layers = p.weights.iter().cloned().zip(biases.iter().cloned());
    let (w, b) = layers.next().expect("a layer");
    layers.fold(linear(x, w, Some(b)), |z, (w, b)| linear(hidden(z), w, Some(b)))
}

fn convolved(p: &Parameters, layer: usize, x: Tensor<4>, padding: usize) -> Tensor<4> {
    let (w, b) = (p.filters[layer].clone(), p.biases[layer].clone());
    conv2d(x, w, Some(b), ConvOptions::new([1, 1], [padding, padding], [1, 1], 1))
}

fn pooled(x: Tensor<4>) -> Tensor<4> {
    max_pool2d(x, MaxPoolOptions::new([2, 2]))
}

fn quadratic(a: Tensor<2>, y: Tensor<2>) -> Tensor<1> {
    let examples = y.dims()[0] as f64;
    (a - y).square().sum() / (2.0 * examples)
}

fn classify(z: Tensor<2>, y: Tensor<2>) -> Tensor<1> {
    let examples = y.dims()[0] as f64;
    (log_softmax(z, 1) * y).sum() / -examples
}

fn tensor<const D: usize>(array: &ArrayD<f32>, device: &Device) -> Tensor<D> {
    let numbers = array.iter().copied().collect::<Vec<_>>();
    Tensor::from_data(TensorData::new(numbers, array.shape().to_vec()), device)
}
