//! Training steps: a plan, the same step written by hand, and the reference evaluator.
//!
//! `cargo bench --bench steps` prints, before criterion's own figures, a table of medians of rounds
//! that are taken in turn, with the ratio of plan to hand on one thread, and how many times as fast
//! the plan is on two. Before anything is timed, all must agree on the costs of ten steps from the
//! same weights.

#[allow(dead_code)]
mod hand;
mod workloads;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use gradus::ndarray::ArrayD;
use gradus::ops::{Arrays, Evaluator, Graph, Inputs, Reference};
use gradus::plan::{Plan, Real, compile};
use hand::{W1, W2, W3, W4, W5, W6};
use workloads::Workload;

/// A step by hand: the cost before it.
type ByHand = Box<dyn FnMut() -> f64>;

/// How many rounds the table takes, and how long one is.
const ROUNDS: usize = 31;
const ROUND: Duration = Duration::from_millis(8);

/// A workload with its plan and its step by hand, which agree.
struct Contest<T> {
    name: &'static str,
    /// On one thread, and on two.
    plans: [Plan<T>; 2],
    oracle: Reference,
    state: Arrays<T>,
    inputs: Arrays<T>,
    hand: ByHand,
}

impl<T: Real> Contest<T> {
    fn new(workload: Workload<T>, mut hand: ByHand) -> Self {
        let Workload { name, build, mut state, inputs } = workload;
        let g = Graph::new();
        let (outputs, updates) = build(&g);
        let plan: Plan<T> = compile(&outputs, &updates).expect("the graph is well formed");
        let mut plans = [plan.clone().threads(1), plan.threads(2)];
        let mut oracle = Reference::new(&outputs, &updates).expect("the graph is well formed");
        let given = Inputs::new().with_all(&inputs);
        let (mut reference, mut other) = (state.clone(), state.clone());
        // The gradient of W6 is no cost, and is compared by its sum.
        let cost = |y: &[ArrayD<T>]| y[0].iter().map(|y| y.to_double()).sum::<f64>();
        for step in 0..10 {
            let want = cost(&oracle.step(&mut reference, &given).expect("the arrays fit"));
            let [one, two] = &mut plans;
            let got = cost(one.step(&mut state, &given).expect("the arrays fit"));
            let same = cost(two.step(&mut other, &given).expect("the arrays fit"));
            assert_eq!(got.to_bits(), same.to_bits(), "{name}, step {step}, on two threads");
            for got in [got, hand()] {
                let error = (got - want).abs();
                assert!(error <= 1e-4 * want.abs(), "{name}, step {step}: {got}, not {want}");
            }
        }
        Self { name, plans, oracle, state, inputs, hand }
    }

    /// Medians of the times of a step in seconds: by the plan on one thread and on two, and by hand.
    fn medians(&mut self) -> [f64; 3] {
        let Self { plans: [one, two], state, inputs, hand, .. } = self;
        let given = Inputs::new().with_all(inputs);
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            times[0].push(timed(|| drop(black_box(one.step(state, &given)))));
            times[1].push(timed(|| drop(black_box(two.step(state, &given)))));
            times[2].push(timed(|| _ = black_box(hand())));
        }
        times.map(|mut times| {
            times.sort_by(f64::total_cmp);
            times[ROUNDS / 2]
        })
    }

    fn criterion(&mut self, c: &mut Criterion) {
        let Self { plans: [one, two], oracle, state, inputs, hand, name } = self;
        let given = Inputs::new().with_all(inputs);
        let mut group = c.benchmark_group(*name);
        group.bench_function("plan", |b| b.iter(|| drop(black_box(one.step(state, &given)))));
        group.bench_function("plan on two threads", |b| {
            b.iter(|| drop(black_box(two.step(state, &given))));
        });
        group.bench_function("reference evaluator", |b| {
            b.iter(|| drop(black_box(oracle.step(state, &given))));
        });
        group.bench_function("hand", |b| b.iter(&mut *hand));
        group.finish();
    }
}

/// The mean time of a call, over one round.
fn timed(mut f: impl FnMut()) -> f64 {
    let (start, mut calls) = (Instant::now(), 0);
    loop {
        (0..8).for_each(|_| f());
        calls += 8;
        let time = start.elapsed();
        if time >= ROUND {
            return time.as_secs_f64() / f64::from(calls);
        }
    }
}

/// The numbers of an array.
fn numbers<T: Clone>(arrays: &Arrays<T>, name: &str) -> Vec<T> {
    arrays[name].iter().cloned().collect()
}

/// The weight and the bias of each layer.
fn layers<const N: usize>(state: &Arrays<f32>) -> [(Vec<f32>, Vec<f32>); N] {
    std::array::from_fn(|k| {
        let name = |letter: &str| format!("{letter}{}", k + 2);
        (numbers(state, &name("w")), numbers(state, &name("b")))
    })
}

/// The workload against a network by hand.
fn network<N: 'static>(
    workload: Workload<f32>, mut network: N, step: fn(&mut N, &[f32], &[f32], f32) -> f32,
) -> Contest<f32> {
    let [x, y, eta] = ["x", "y", "eta"].map(|name| numbers(&workload.inputs, name));
    Contest::new(workload, Box::new(move || f64::from(step(&mut network, &x, &y, eta[0]))))
}

fn w1() -> Contest<f32> {
    let workload = workloads::w1();
    let [(w2, b2), (w3, b3)] = layers(&workload.state);
    network(workload, W1::new(w2, b2, w3, b3), W1::step)
}

fn w2() -> Contest<f32> {
    let workload = workloads::w2();
    let hand = W2::new(layers(&workload.state));
    network(workload, hand, W2::step)
}

fn w3() -> Contest<f32> {
    let workload = workloads::w3();
    let hand = W3::new(layers(&workload.state));
    network(workload, hand, W3::step)
}

fn w4(examples: usize) -> Contest<f32> {
    let workload = workloads::w4(examples);
    let [(w2, b2), (w3, b3)] = layers(&workload.state);
    network(workload, W4::new(examples, w2, b2, w3, b3), W4::step)
}

fn w5() -> Contest<f32> {
    let workload = workloads::w5();
    let [(w2, b2), (w3, b3)] = layers(&workload.state);
    network(workload, W5::new(w2, b2, w3, b3), W5::step)
}

fn w6() -> Contest<f64> {
    let workload = workloads::w6();
    let x = numbers(&workload.inputs, "x");
    let mut y = vec![0.0; x.len()];
    let hand = move || {
        W6::Vectors.gradient(black_box(&x), &mut y);
        y.iter().sum()
    };
    Contest::new(workload, Box::new(hand))
}

fn show<T: Real>(mut contest: Contest<T>, c: &mut Criterion) {
    let [plan, two, hand] = contest.medians().map(|seconds| seconds * 1e6);
    let (ratio, faster) = (plan / hand, plan / two);
    println!(
        "{:<16} {plan:>9.3} {hand:>9.3}  {ratio:>5.2}  {two:>9.3}  {faster:>5.2}",
        contest.name
    );
    contest.criterion(c);
}

fn steps(c: &mut Criterion) {
    println!("                  plan µs   hand µs  ratio  2 threads  times as fast");
    show(w1(), c);
    show(w2(), c);
    show(w3(), c);
    show(w4(64), c);
    show(w4(1), c);
    show(w5(), c);
    show(w6(), c);
}

criterion_group!(benches, steps);
criterion_main!(benches);
