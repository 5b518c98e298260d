//! The dense networks in dfdx.

use dfdx::prelude::*;
use gradus::ndarray::ArrayD;

use crate::contest::Step;
use crate::workloads::Workload;

/// Rows of numbers, their count and length known at run time.
type Rows<T = NoneTape> = Tensor<(usize, usize), f32, Cpu, T>;
type Traced = OwnedTape<f32, Cpu>;

/// A network in training.
pub struct Network {
    weights: Vec<Rows>,
    biases: Vec<Tensor<(usize,), f32, Cpu>>,
    x: Rows,
    y: Rows,
    eta: f32,
    hidden: fn(Rows<Traced>) -> Rows<Traced>,
    cost: fn(Rows<Traced>, Rows) -> Tensor<Rank0, f32, Cpu, Traced>,
}

impl Network {
    pub fn new(workload: &Workload<f32>) -> Self {
        let layers = 2..2 + workload.state.len() / 2;
        let weights = layers.clone().map(|k| rows(&workload.state[&format!("w{k}")])).collect();
        let bias = |k: usize| {
            let b: Vec<_> = workload.state[&format!("b{k}")].iter().copied().collect();
            let shape = (b.len(),);
            Cpu::default().tensor_from_vec(b, shape)
        };
        let classes = workload.name == "W2";
        Self {
            weights,
            biases: layers.map(bias).collect(),
            x: rows(&workload.inputs["x"]),
            y: rows(&workload.inputs["y"]),
            eta: workload.inputs["eta"].sum(),
            hidden: if classes { Tensor::relu } else { Tensor::sigmoid },
            cost: if classes { cross_entropy_with_logits_loss } else { quadratic },
        }
    }

    fn train(&mut self) -> f32 {
        let mut z = None;
        for (w, b) in self.weights.iter().zip(&self.biases) {
            let a = z.map_or_else(|| self.x.leaky_trace(), self.hidden);
            let sums = a.matmul(w.retaped::<Traced>().permute::<(usize, usize), Axes2<1, 0>>());
            let shape = *sums.shape();
            z = Some(sums + b.retaped::<Traced>().broadcast_like::<_, Axis<0>>(&shape));
        }
        let cost = (self.cost)(z.expect("there are layers"), self.y.clone());
        let value = cost.as_vec()[0];
        let gradients = cost.backward();
        for w in &mut self.weights {
            *w = w.clone() - gradients.get(w) * self.eta;
        }
        for b in &mut self.biases {
            *b = b.clone() - gradients.get(b) * self.eta;
        }
        value
    }
}

impl Step for Network {
    fn step(&mut self) {
        self.train();
    }

    fn cost(&mut self) -> f64 {
        f64::from(self.train())
    }
}

/// The quadratic cost of outputs σ(z).
fn quadratic(z: Rows<Traced>, y: Rows) -> Tensor<Rank0, f32, Cpu, Traced> {
    let examples = y.shape().0 as f32;
    (z.sigmoid() - y).square().sum::<Rank0, _>() / (2.0 * examples)
}

fn rows(array: &ArrayD<f32>) -> Rows {
    let [rows, columns] = [0, 1].map(|axis| array.shape()[axis]);
    Cpu::default().tensor_from_vec(array.iter().copied().collect(), (rows, columns))
}
