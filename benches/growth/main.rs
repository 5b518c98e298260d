//! How time and memory grow: with the number of nodes, and with the width of a network.
//!
//! `cargo bench --bench growth` prints, before criterion's own figures, a table for each, of what it
//! takes to build a graph, to linearise it, to write its gradient, to compile both, and to take a
//! step. It writes the numbers to `target/growth.csv`, and with `GRADUS_WRITE_BOOK=1` the book's
//! picture of them.

mod plot;
mod subject;

use std::fs;
use std::hint::black_box;
use std::path::Path;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gradus::ops::{Expr, Graph, Tape, grad, input, tanh};
use subject::{CHAIN, DENSE, Row, Subject, chain};

const NODES: [usize; 5] = [100, 1_000, 10_000, 100_000, 1_000_000];
const WIDTHS: [usize; 5] = [16, 64, 256, 1024, 4096];

/// The sizes that criterion times, too.
const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

fn growth(c: &mut Criterion) {
    tables();
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

/// Prints the tables and writes what is in them.
fn tables() {
    println!("a chain of scalar operations: nanoseconds and bytes per node");
    println!("    nodes | build  bytes |  tape | gradient  bytes | compile  bytes |  step  bytes");
    let nodes = table(&CHAIN, &NODES, |row, nodes| {
        let new = row.nodes as f64 - nodes;
        [nodes, nodes, new, row.nodes as f64, row.nodes as f64].map(|count| count * 1e-9)
    });
    println!("two dense layers, 32 examples: microseconds and KiB");
    println!("    width | build    KiB |  tape | gradient    KiB | compile    KiB |  step    KiB");
    let widths = table(&DENSE, &WIDTHS, |_, _| [1e-6; 5]);

    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let csv =
        ["axis,size,part,seconds,bytes\n".to_owned(), nodes.csv("nodes"), widths.csv("width")];
    fs::write(root.join("target/growth.csv"), csv.concat()).expect("target can be written to");
    if std::env::var_os("GRADUS_WRITE_BOOK").is_some() {
        let picture = plot::picture(&nodes, &widths);
        fs::write(root.join("book/src/img/growth.svg"), picture)
            .expect("the book can be written to");
    }
}

/// What was measured at each size.
struct Table(Vec<(usize, Row)>);

/// Measures and prints a table. A row's times are divided by its units; bytes are divided by 10⁹
/// times the units, or, where they are microseconds, by 1024.
fn table(subject: &Subject, sizes: &[usize], units: fn(&Row, f64) -> [f64; 5]) -> Table {
    let rows = sizes.iter().map(|&size| {
        let row = subject.measure(size);
        let units = units(&row, size as f64);
        let time = |part: usize| row.seconds[part] / units[part];
        let memory = |part: usize| {
            let unit = if units[part] == 1e-6 { 1024.0 } else { units[part] * 1e9 };
            row.bytes[part] / unit
        };
        println!(
            "{size:9} | {:5.0} {:6.0} | {:5.0} | {:8.0} {:6.0} | {:7.0} {:6.0} | {:5.0} {:6.0}",
            time(0),
            memory(0),
            time(1),
            time(2),
            memory(2),
            time(3),
            memory(3),
            time(4),
            memory(4),
        );
        (size, row)
    });
    Table(rows.collect())
}

impl Table {
    fn csv(&self, axis: &str) -> String {
        let line = |size: usize, row: &Row, part: usize| {
            let (name, seconds, bytes) = (subject::PARTS[part], row.seconds[part], row.bytes[part]);
            format!("{axis},{size},{name},{seconds:e},{bytes:.0}\n")
        };
        let rows = self.0.iter();
        rows.flat_map(|(size, row)| (0..5).map(move |part| line(*size, row, part))).collect()
    }
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
    chain(&g, nodes);
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
