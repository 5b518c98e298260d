//! The workloads in candle.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{loss, ops};
use gradus::ndarray::ArrayD;

use crate::contest::Step;
use crate::workloads::Workload;

/// A cost of parameters (each layer's weight and bias), examples and targets.
type Cost = fn(&[Var], &Tensor, &Tensor) -> Result<Tensor>;

/// A network in training.
pub struct Network {
    parameters: Vec<Var>,
    x: Tensor,
    y: Tensor,
    eta: f64,
    cost: Cost,
}

impl Network {
    pub fn new(workload: &Workload<f32>) -> Self {
        let cost: Cost = match workload.name {
            "W2" => |p, x, y| classify(&dense(p, x, Tensor::relu)?, y),
            "W3" => |p, x, y| classify(&dense(&p[4..], &lenet(p, x)?, Tensor::relu)?, y),
            "W5" => |p, x, y| {
                let features = pooled(&ops::sigmoid(&convolved(p, x, 0)?)?)?.flatten_from(1)?;
                quadratic(&ops::sigmoid(&dense(&p[2..], &features, ops::sigmoid)?)?, y)
            },
            _ => |p, x, y| quadratic(&ops::sigmoid(&dense(p, x, ops::sigmoid)?)?, y),
        };
        let layers = 2..2 + workload.state.len() / 2;
        let names = layers.flat_map(|k| [format!("w{k}"), format!("b{k}")]);
        let parameter = |name: String| Var::from_tensor(&tensor(&workload.state[&name]));
        let parameters = names.map(parameter).collect::<Result<_>>().expect("the shapes fit");
        let [x, y] = ["x", "y"].map(|name| tensor(&workload.inputs[name]));
        // Its cross-entropy takes the numbers of the classes.
        let classes = matches!(workload.name, "W2" | "W3");
        let y = if classes { y.argmax(1).expect("rows of numbers") } else { y };
        Self { parameters, x, y, eta: f64::from(workload.inputs["eta"].sum()), cost }
    }

    fn train(&self) -> Result<Tensor> {
        let cost = (self.cost)(&self.parameters, &self.x, &self.y)?;
        let gradients = cost.backward()?;
        for w in &self.parameters {
            let dw = gradients.get(w).expect("the cost depends on all");
            w.set(&(w.as_tensor() - (dw * self.eta)?)?)?;
        }
        Ok(cost)
    }
}

impl Step for Network {
    fn step(&mut self) {
        self.train().expect("the shapes fit");
    }

    fn cost(&mut self) -> f64 {
        let cost = self.train().and_then(|cost| cost.to_scalar::<f32>());
        f64::from(cost.expect("the cost is a number"))
    }
}

/// W6.
pub struct Gradient(Var);

impl Gradient {
    pub fn new(workload: &Workload<f64>) -> Self {
        let x = workload.inputs["x"].iter().copied();
        let x = Tensor::from_iter(x, &Device::Cpu).and_then(|x| Var::from_tensor(&x));
        Self(x.expect("a list of numbers"))
    }

    fn gradient(&self) -> Result<Tensor> {
        let (a, b) = (self.0.narrow(0, 0, 999)?, self.0.narrow(0, 1, 999)?);
        let f = ((&a * b)?.sin()? * a.sqr()?.neg()?.exp()?)?.sum_all()?;
        let mut gradients = f.backward()?;
        Ok(gradients.remove(&self.0).expect("f depends on x"))
    }
}

impl Step for Gradient {
    fn step(&mut self) {
        self.gradient().expect("the shapes fit");
    }

    fn cost(&mut self) -> f64 {
        let sum = self.gradient().and_then(|y| y.sum_all()?.to_dtype(DType::F64)?.to_scalar());
        sum.expect("numbers")
    }
}

/// The weighted inputs of the last of some dense layers.
fn dense(p: &[Var], x: &Tensor, hidden: fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    let mut layers = p.chunks_exact(2);
    let z = |a: &Tensor, p: &[Var]| a.matmul(&p[0].t()?)?.broadcast_add(&p[1]);
    let first = z(x, layers.next().expect("a layer"))?;
    layers.try_fold(first, |before, p| z(&hidden(&before)?, p))
}

fn convolved(p: &[Var], x: &Tensor, padding: usize) -> Result<Tensor> {
    x.conv2d(&p[0], padding, 1, 1, 1)?.broadcast_add(&p[1].reshape((1, (), 1, 1))?)
}

/// What LeNet's dense layers get.
fn lenet(p: &[Var], x: &Tensor) -> Result<Tensor> {
    let first = convolved(p, x, 2)?.relu()?;
    let second = pooled(&convolved(&p[2..], &pooled(&first)?, 0)?.relu()?)?;
    second.flatten_from(1)
}

/// The maxima of 2×2 cells. (The derivative of candle 0.11's `max_pool2d` is a quarter of what it
/// should be: it multiplies by the share of a window's cells that are its maximum.)
fn pooled(x: &Tensor) -> Result<Tensor> {
    let (n, channels, height, width) = x.dims4()?;
    x.reshape(&[n, channels, height / 2, 2, width / 2, 2])?.max(5)?.max(3)
}

fn quadratic(a: &Tensor, y: &Tensor) -> Result<Tensor> {
    (a - y)?.sqr()?.sum_all()? / (2.0 * y.dim(0)? as f64)
}

fn classify(z: &Tensor, y: &Tensor) -> Result<Tensor> {
    loss::cross_entropy(z, y)
}

fn tensor(array: &ArrayD<f32>) -> Tensor {
    let numbers = array.iter().copied().collect();
    Tensor::from_vec(numbers, array.shape(), &Device::Cpu).expect("as many as the shape has")
}
