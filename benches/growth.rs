//! How time and memory grow with the number of nodes: building a graph, its tape, its gradient.
//!
//! `cargo bench --bench growth` prints, before criterion's own figures, a table of nanoseconds and
//! bytes per node. The graph is a chain of scalar operations, y ← tanh(y x + y), which reads `x`
//! once a step, so a gradient meets a node of many users too.

use std::hint::black_box;
use std::time::Instant;

use allocation_counter::measure;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gradus::ops::{Expr, Graph, Tape, grad, input, tanh};

const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// A chain of about `nodes` nodes, from `x` to the result.
fn build(g: &Graph, nodes: usize) -> (Expr<'_>, Expr<'_>) {
    let x = input(g, "x", ());
    let y = (0..nodes / 3).fold(x, |y, _| tanh(y * x + y));
    (x, y.named("y"))
}

/// Seconds of the fastest of some runs.
fn fastest(mut run: impl FnMut() -> f64) -> f64 {
    (0..5).map(|_| run()).fold(f64::INFINITY, f64::min)
}

fn timed<T>(f: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let value = f();
    (start.elapsed().as_secs_f64(), value)
}

/// Nanoseconds and bytes per node.
fn table() {
    println!("    nodes | build ns  bytes | tape ns  bytes | grad ns  bytes  per gradient node");
    for nodes in SIZES {
        let per_node = |seconds: f64| seconds * 1e9 / nodes as f64;
        let build_time = fastest(|| {
            let g = Graph::new();
            timed(|| black_box(build(&g, nodes))).0
        });
        let g = Graph::new();
        let build_bytes = measure(|| {
            black_box(build(&g, nodes));
        });
        let (x, y) = build(&g, nodes);
        let tape_time = fastest(|| timed(|| black_box(Tape::new(&[y]))).0);
        let tape = Tape::new(&[y]);
        let tape_bytes = size_of_val(tape.ids());
        let before = g.len();
        let grad_bytes = measure(|| {
            black_box(grad(y, [x]));
        });
        let new = (g.len() - before) as f64;
        let grad_time = fastest(|| {
            let g = Graph::new();
            let (x, y) = build(&g, nodes);
            timed(|| black_box(grad(y, [x]))).0
        });
        println!(
            "{nodes:9} | {:8.0} {:6.0} | {:7.0} {:6.0} | {:7.0} {:6.0}",
            per_node(build_time),
            build_bytes.bytes_current as f64 / nodes as f64,
            per_node(tape_time),
            tape_bytes as f64 / nodes as f64,
            grad_time * 1e9 / new,
            grad_bytes.bytes_current as f64 / new,
        );
    }
}

fn growth(c: &mut Criterion) {
    table();
    for (name, run) in [("tape", tape as fn(&Graph)), ("gradient", gradient)] {
        let mut group = c.benchmark_group(name);
        for nodes in SIZES {
            group.throughput(Throughput::Elements(nodes as u64)).sample_size(10);
            group.bench_with_input(BenchmarkId::from_parameter(nodes), &nodes, |b, &nodes| {
                b.iter_batched_ref(|| built(nodes), |g| run(g), BatchSize::PerIteration);
            });
        }
    }
    let mut group = c.benchmark_group("build");
    for nodes in SIZES {
        group.throughput(Throughput::Elements(nodes as u64)).sample_size(10);
        group.bench_with_input(BenchmarkId::from_parameter(nodes), &nodes, |b, &nodes| {
            b.iter_with_large_drop(|| built(nodes));
        });
    }
    group.finish();
    small_gradient_in_a_large_graph(c);
}

/// The gradient of a two-node expression: its cost must not depend on the graph around it.
fn small_gradient_in_a_large_graph(c: &mut Criterion) {
    let mut group = c.benchmark_group("gradient of two nodes in a graph of");
    for nodes in [10, 100_000] {
        let g = built(nodes);
        let x = input(&g, "x", ());
        let y = tanh(x * x);
        grad(y, [x]);
        group.bench_function(BenchmarkId::from_parameter(nodes), |b| b.iter(|| grad(y, [x])));
    }
}

fn built(nodes: usize) -> Graph {
    let g = Graph::new();
    build(&g, nodes);
    g
}

/// The first and the last node of the chain.
fn ends(g: &Graph) -> (Expr<'_>, Expr<'_>) {
    let end = |label| g.labelled(label).expect("the chain labels its ends");
    (end("x"), end("y"))
}

fn tape(g: &Graph) {
    black_box(Tape::new(&[ends(g).1]));
}

fn gradient(g: &Graph) {
    let (x, y) = ends(g);
    black_box(grad(y, [x]));
}

criterion_group!(benches, growth);
criterion_main!(benches);
