//! Laws over deep random graphs: up to 200 steps one on the other, every node used twice, every
//! operation of the table and every broadcast pattern of up to three axes. Derivatives agree forward
//! and reverse and with finite differences, and plans with the reference evaluator.

#[allow(dead_code)]
#[path = "random/build.rs"]
mod build;

use std::collections::BTreeSet;

use build::{CHOICES, apply, cost, inputs, point};
use gradus::ndarray::ArrayD;
use gradus::ops::*;
use gradus::plan::{Isa, Numerics, compile};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// How many graphs are tried.
const GRAPHS: u64 = 200;

/// How many steps the deepest of them have.
const DEPTH: usize = 200;

/// A fast plan may differ by so many units in the last place of the largest number of an array, or
/// of 1: sums are reordered, and 200 steps pass on what that changes. Seen: 23.
const FAST: f64 = 256.0;

#[test]
fn deep_graphs_have_right_derivatives_and_plans() {
    let (mut operations, mut patterns) = (BTreeSet::new(), BTreeSet::new());
    let (mut deepest, mut largest) = (0, 0);
    for seed in 0..GRAPHS {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let depth = if seed == 0 { DEPTH } else { random.random_range(1..=DEPTH) };
        let g = Graph::new();
        let (inputs, cost, nodes) = deep(&g, depth, &mut random);
        assert_eq!(longest_chain(&g, &nodes), depth, "seed {seed}");
        for &node in inputs.iter().chain(&nodes) {
            assert!(uses(&g, node) >= 2, "seed {seed}: {}", node.describe());
        }
        let at = point(seed);
        let gradient = try_grad(cost, &inputs).unwrap();
        derivatives_agree(&inputs, cost, &gradient, &at, &mut random, seed);
        plans_agree(&inputs, cost, gradient, &at, seed);
        for node in g.petgraph().node_weights() {
            operations.insert(node.op.card().name);
            if let Op::Broadcast(broadcast) = &node.op {
                let axes: Vec<usize> = broadcast.axes.iter().collect();
                patterns.insert((broadcast.shape.rank(), axes));
            }
        }
        deepest = deepest.max(depth);
        largest = largest.max(g.len());
    }
    let all: BTreeSet<&str> = Op::CARDS.iter().map(|card| card.name).collect();
    assert_eq!(operations, all, "operations in the graphs and in the table");
    for (rank, axes) in [1, 2, 3].into_iter().flat_map(patterns_of) {
        assert!(
            patterns.contains(&(rank, axes.clone())),
            "no broadcast to {rank} axes by {axes:?}"
        );
    }
    println!(
        "{GRAPHS} graphs of up to {deepest} steps and {largest} nodes, derivatives included; {} \
         operations, {} broadcast patterns, {} instruction sets",
        operations.len(),
        patterns.len(),
        Isa::available().len()
    );
}

/// A graph of `depth` steps, each of the step before and of another node: half of the time one that
/// few have used yet. Its inputs, its cost, and what the steps made.
fn deep<'g>(
    g: &'g Graph, depth: usize, random: &mut ChaCha8Rng,
) -> (Vec<Expr<'g>>, Expr<'g>, Vec<Expr<'g>>) {
    let inputs = inputs(g);
    // All but the one with a named axis, which steps find by its name.
    let mut nodes = inputs[..inputs.len() - 1].to_vec();
    let first = nodes.len();
    let mut used = vec![0; first + depth];
    for k in first..first + depth {
        let rare: Vec<usize> = (0..k).filter(|&other| used[other] < 2).collect();
        let other = match random.random_bool(0.5) && !rare.is_empty() {
            true => rare[random.random_range(0..rare.len())],
            false => random.random_range(0..k),
        };
        let mut pair = [k - 1, other];
        pair.iter().for_each(|&k| used[k] += 1);
        if random.random_bool(0.5) {
            pair.reverse();
        }
        let choice = random.random_range(0..CHOICES);
        nodes.push(0.5 * apply(choice, nodes[pair[0]], nodes[pair[1]]));
    }
    let nodes = nodes.split_off(first);
    (inputs.clone(), cost(&inputs, &nodes), nodes)
}

/// The gradient along random directions, to second order: forward against reverse, to 1e-12 of the
/// sum of the absolute terms; and reverse against differences of the cost, to 1e-9 of it.
fn derivatives_agree<'g>(
    inputs: &[Expr<'g>], cost: Expr<'g>, gradient: &[Expr<'g>], at: &Arrays<f64>,
    random: &mut ChaCha8Rng, seed: u64,
) {
    let g = cost.graph();
    let mut at = at.clone();
    let mut directions = |letter: &str| -> Vec<(Expr<'g>, Expr<'g>)> {
        let direction = |(k, &x): (usize, &Expr<'g>)| {
            let name = format!("{letter}{k}");
            let of = &at[&name_of(x)];
            let draw = || random.random_range(-1.0..1.0);
            let array = ArrayD::from_shape_simple_fn(of.raw_dim(), draw);
            at.insert(name.clone(), array);
            (x, input(g, &name, x.shape()))
        };
        inputs.iter().enumerate().map(direction).collect()
    };
    let (u, v) = (directions("u"), directions("v"));
    let along = |gradient: &[Expr<'g>], u: &[(Expr<'g>, Expr<'g>)]| -> Vec<Expr<'g>> {
        gradient.iter().zip(u).map(|(&x_bar, &(_, u))| x_bar * u).collect()
    };
    // First order: the terms of ⟨gradient, u⟩, and the cost's tangent.
    let reverse = along(gradient, &u);
    let forward = jvp(&[cost], &u)[0].expect("the cost depends on its inputs");
    // Second order: those of ⟨H u, v⟩ by reverse mode, and by forward mode over it.
    let slope = reverse.iter().map(|&terms| sum_all(terms)).reduce(|a, b| a + b).unwrap();
    let second = vjp(&[(slope, slope.filled(1.0))], inputs);
    let bars: Vec<_> = inputs.iter().map(|&x| second.or_zeros(x)).collect();
    let curved = along(&bars, &v);
    let tangents = jvp(gradient, &v).into_iter().zip(gradient);
    let tangents: Vec<_> = tangents.map(|(dot, x)| dot.unwrap_or(x.filled(0.0))).collect();
    let curved_forward = along(&tangents, &u);

    let outputs = [&reverse[..], &[forward], &curved, &curved_forward].concat();
    let values = evaluate(&outputs, &Inputs::new().with_all(&at)).unwrap();
    let (first, rest) = values.split_at(reverse.len());
    let (a, size) = total(first);
    let b = rest[0].sum();
    let bound = 1e-12 * (size + b.abs());
    assert!((a - b).abs() <= bound, "seed {seed}: reverse {a:e}, forward {b:e}, bound {bound:e}");
    let (curved, curved_forward) = rest[1..].split_at(inputs.len());
    let ((c, left), (d, right)) = (total(curved), total(curved_forward));
    let bound = 1e-12 * (left + right);
    assert!((c - d).abs() <= bound, "seed {seed}, order 2: {c:e} and {d:e}, bound {bound:e}");

    let reference = Reference::new(&[cost], &[]).unwrap();
    let step = |t: f64| {
        let mut moved = at.clone();
        for &(x, u) in &u {
            moved.get_mut(&name_of(x)).unwrap().scaled_add(t, &at[&name_of(u)]);
        }
        reference.evaluate(&Inputs::new().with_all(&moved)).unwrap()[0].sum()
    };
    let (difference, bound) = (difference(step), 1e-9 * size.max(1.0));
    let known = (a - difference).abs() <= bound;
    assert!(known, "seed {seed}: {a:e}, difference {difference:e}, bound {bound:e}");
}

/// The derivative at 0, by central differences extrapolated to step 0 (C. J. F. Ridders, *Accurate
/// computation of F′(x) and F′(x)F″(x)*, 1982).
fn difference(f: impl Fn(f64) -> f64) -> f64 {
    let mut row: Vec<f64> = Vec::new();
    for k in 0..5 {
        let h = 4e-3 / f64::from(1 << k);
        let mut next = vec![(f(h) - f(-h)) / (2.0 * h)];
        for (m, above) in row.iter().enumerate() {
            let power = f64::from(4 << (2 * m));
            next.push(next[m] + (next[m] - above) / (power - 1.0));
        }
        row = next;
    }
    row[4]
}

/// The exact plan gives the reference evaluator's bits (but for the sign of a zero), and the fast plan nearly, on every
/// instruction set: the cost, its gradient, and the derivative of that along the inputs.
fn plans_agree<'g>(
    inputs: &[Expr<'g>], cost: Expr<'g>, gradient: Vec<Expr<'g>>, at: &Arrays<f64>, seed: u64,
) {
    let tangents: Vec<_> = inputs.iter().map(|&x| (x, x)).collect();
    let tangents = jvp(&gradient, &tangents);
    let outputs: Vec<_> =
        [cost].into_iter().chain(gradient).chain(tangents.into_iter().flatten()).collect();
    let given = Inputs::new().with_all(at);
    let want = evaluate(&outputs, &given).unwrap();
    assert!(want.iter().flatten().all(|x| x.is_finite()), "seed {seed}");
    let plan = compile::<f64>(&outputs, &[]).unwrap();
    let mut exact = plan.clone().numerics(Numerics::Exact);
    let got = exact.step(&mut Arrays::new(), &given).unwrap();
    for (k, (got, want)) in got.iter().zip(&want).enumerate() {
        // Numbers are equal if their bits are, but for NaN, which there is none, and the sign of 0.
        let same = got.iter().zip(want).all(|(a, b)| a == b);
        assert!(same, "seed {seed}, output {k}, exact\n{got}\n{want}");
    }
    for isa in Isa::available() {
        let mut fast = plan.clone().instructions(isa);
        let got = fast.step(&mut Arrays::new(), &given).unwrap();
        for (k, (got, want)) in got.iter().zip(&want).enumerate() {
            let largest = want.iter().fold(1.0, |largest: f64, x| largest.max(x.abs()));
            let bound = FAST * f64::EPSILON * largest;
            let close = got.iter().zip(want).all(|(a, b)| (a - b).abs() <= bound);
            assert!(close, "seed {seed}, output {k}, {isa:?}\n{got}\n{want}");
        }
    }
}

/// The sum of all numbers, and of what they are without signs.
fn total(arrays: &[ArrayD<f64>]) -> (f64, f64) {
    let numbers = || arrays.iter().flatten();
    (numbers().sum(), numbers().map(|x| x.abs()).sum())
}

fn name_of(x: Expr<'_>) -> String {
    match x.op() {
        Op::Input(input) => input.name().to_owned(),
        _ => panic!("{} is no input", x.describe()),
    }
}

/// How many times a node is an operand.
fn uses(g: &Graph, x: Expr<'_>) -> usize {
    let index = (x.id().index() as u32).into();
    g.petgraph().edges(index).count()
}

/// How many of the nodes lie one on the other, at most.
fn longest_chain(g: &Graph, nodes: &[Expr<'_>]) -> usize {
    let steps: BTreeSet<usize> = nodes.iter().map(|node| node.id().index()).collect();
    let mut chain: Vec<usize> = Vec::new();
    for (id, node) in g.petgraph().node_weights().enumerate() {
        let before = node.operands.iter().map(|operand| chain[operand.index()]).max();
        chain.push(before.unwrap_or(0) + usize::from(steps.contains(&id)));
    }
    chain.into_iter().max().unwrap_or(0)
}

/// All sets of axes that a broadcast to so many axes can add.
fn patterns_of(rank: usize) -> Vec<(usize, Vec<usize>)> {
    let axes = |set: usize| (0..rank).filter(|axis| set >> axis & 1 == 1).collect();
    (1..1 << rank).map(|set| (rank, axes(set))).collect()
}
