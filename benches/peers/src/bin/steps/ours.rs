//! Steps by a plan, by the reference evaluator and by hand.

use std::time::Instant;

use gradus::ndarray::ArrayD;
use gradus::ops::{Arrays, Evaluator, Graph, Inputs, Reference};
use gradus::plan::{Plan, Real, compile};

use crate::contest::{Contestant, ROUND, Step};
use crate::hand::{W1, W2, W3, W4, W5, W6};
use crate::workloads::Workload;

/// The most threads that a plan runs on.
pub const MOST_THREADS: usize = 2;

/// Steps by a plan on so many threads.
pub fn plan<T: Real>(workload: &Workload<T>, threads: usize) -> impl Step + use<T> {
    let g = Graph::new();
    let (outputs, updates) = (workload.build)(&g);
    let plan: Plan<T> = compile(&outputs, &updates).expect("the graph is well formed");
    Ours::new(workload, plan.threads(threads))
}

/// Steps by such a plan, many with each call: as those of JAX in a scan.
pub fn repeated<T: Real>(workload: &Workload<T>, threads: usize) -> impl Contestant + use<T> {
    let g = Graph::new();
    let (outputs, updates) = (workload.build)(&g);
    let plan: Plan<T> = compile(&outputs, &updates).expect("the graph is well formed");
    Repeated(Ours::new(workload, plan.threads(threads)))
}

/// Steps by the reference evaluator.
pub fn reference<T: Real>(workload: &Workload<T>) -> impl Step + use<T> {
    let g = Graph::new();
    let (outputs, updates) = (workload.build)(&g);
    Ours::new(workload, Reference::new(&outputs, &updates).expect("the graph is well formed"))
}

/// What steps through a workload's graph.
struct Ours<T: 'static, R> {
    runner: R,
    state: Arrays<T>,
    given: Inputs<'static, T>,
}

impl<T: Real, R> Ours<T, R> {
    fn new(workload: &Workload<T>, runner: R) -> Self {
        // As long as the process lives: it does not have many.
        let inputs: &'static Arrays<T> = Box::leak(Box::new(workload.inputs.clone()));
        Self { runner, state: workload.state.clone(), given: Inputs::new().with_all(inputs) }
    }
}

impl<T: Real> Step for Ours<T, Plan<T>> {
    fn step(&mut self) {
        self.runner.step(&mut self.state, &self.given).expect("the arrays fit");
    }

    fn cost(&mut self) -> f64 {
        sum(&self.runner.step(&mut self.state, &self.given).expect("the arrays fit")[0])
    }
}

impl<T: Real> Step for Ours<T, Reference> {
    fn step(&mut self) {
        self.cost();
    }

    fn cost(&mut self) -> f64 {
        sum(&self.runner.step(&mut self.state, &self.given).expect("the arrays fit")[0])
    }
}

struct Repeated<T: 'static>(Ours<T, Plan<T>>);

impl<T: Real> Contestant for Repeated<T> {
    fn costs(&mut self) -> Vec<f64> {
        self.0.costs()
    }

    fn round(&mut self) -> f64 {
        let Ours { runner, state, given } = &mut self.0;
        let mut repeat = |steps: usize| {
            let start = Instant::now();
            runner.repeat(steps, state, given).expect("the arrays fit");
            start.elapsed()
        };
        let steps = (ROUND.as_secs_f64() / repeat(1).as_secs_f64()).ceil() as usize;
        repeat(steps).as_secs_f64() / steps as f64
    }
}

fn sum<T: Real>(y: &ArrayD<T>) -> f64 {
    y.iter().map(|y| y.to_double()).sum()
}

/// A step by hand that returns the cost before it.
pub struct ByHand(Box<dyn FnMut() -> f64>);

impl Step for ByHand {
    fn step(&mut self) {
        std::hint::black_box(self.0());
    }

    fn cost(&mut self) -> f64 {
        self.0()
    }
}

/// The workload's step by hand.
pub fn by_hand(workload: &Workload<f32>) -> ByHand {
    let state = &workload.state;
    match workload.name {
        "W1" => {
            let [(w2, b2), (w3, b3)] = layers(state);
            network(workload, W1::new(w2, b2, w3, b3), W1::step)
        }
        "W2" => network(workload, W2::new(layers(state)), W2::step),
        "W3" => network(workload, W3::new(layers(state)), W3::step),
        "W5" => {
            let [(w2, b2), (w3, b3)] = layers(state);
            network(workload, W5::new(w2, b2, w3, b3), W5::step)
        }
        _ => {
            let [(w2, b2), (w3, b3)] = layers(state);
            let examples = workload.inputs["x"].shape()[0];
            network(workload, W4::new(examples, w2, b2, w3, b3), W4::step)
        }
    }
}

/// The gradient of W6 by hand.
pub fn gradient_by_hand(workload: &Workload<f64>) -> ByHand {
    let x = numbers(&workload.inputs, "x");
    let mut y = vec![0.0; x.len()];
    ByHand(Box::new(move || {
        W6::Vectors.gradient(std::hint::black_box(&x), &mut y);
        y.iter().sum()
    }))
}

fn network<N: 'static>(
    workload: &Workload<f32>, mut network: N, step: fn(&mut N, &[f32], &[f32], f32) -> f32,
) -> ByHand {
    let [x, y, eta] = ["x", "y", "eta"].map(|name| numbers(&workload.inputs, name));
    ByHand(Box::new(move || f64::from(step(&mut network, &x, &y, eta[0]))))
}

/// The numbers of an array.
pub fn numbers<T: Clone>(arrays: &Arrays<T>, name: &str) -> Vec<T> {
    arrays[name].iter().cloned().collect()
}

/// The weight and the bias of each layer.
fn layers<const N: usize>(state: &Arrays<f32>) -> [(Vec<f32>, Vec<f32>); N] {
    std::array::from_fn(|k| {
        let name = |letter: &str| format!("{letter}{}", k + 2);
        (numbers(state, &name("w")), numbers(state, &name("b")))
    })
}
