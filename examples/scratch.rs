//! Scratch.
#[path = "../benches/workloads/mod.rs"]
mod workloads;
use gradus::ops::*;
use gradus::plan::{Real, compile};
use std::time::Instant;
fn time<T: Real>(w: workloads::Workload<T>) {
    let g = Graph::new();
    let (outputs, updates) = (w.build)(&g);
    let t = Instant::now();
    let mut plan = compile::<T>(&outputs, &updates).unwrap();
    let mut state = w.state.clone();
    let inputs = Inputs::new().with_all(&w.inputs);
    plan.step(&mut state, &inputs).unwrap();
    let compile_time = t.elapsed();
    let mut oracle = Reference::new(&outputs, &updates).unwrap();
    let (mut a, mut b) = (w.state.clone(), w.state.clone());
    for _ in 0..3 {
        let p = plan.step(&mut a, &inputs).unwrap()[0].clone();
        let r = &oracle.step(&mut b, &inputs).unwrap()[0];
        let d = (&p - r).mapv(|x| x.abs()).fold(0.0, |m: f64, x| m.max(x.to_double()));
        if d > 1e-5 {
            println!("{} DIFFERS {d} {p} {r}", w.name);
        }
    }
    let mut best = f64::INFINITY;
    let reps = if w.name == "W2" || w.name == "W3" { 3 } else { 1000 };
    for _ in 0..30 {
        let t = Instant::now();
        for _ in 0..reps {
            plan.step(&mut state, &inputs).unwrap();
        }
        best = best.min(t.elapsed().as_secs_f64() / reps as f64);
    }
    for (t, line) in plan.profile(&mut state, &inputs, 300).unwrap() {
        println!("    {:>9.0} ns  {}", t.as_nanos(), &line.chars().take(90).collect::<String>());
    }
    println!("{}: {:.3} µs, compile {:?}", w.name, best * 1e6, compile_time);
}
fn main() {
    let only = std::env::args().nth(1).unwrap_or_default();
    if only.is_empty() || only == "1" {
        time(workloads::w1());
    }
    if only.is_empty() || only == "2" {
        time(workloads::w2());
    }
    if only.is_empty() || only == "3" {
        time(workloads::w3());
    }
    if only.is_empty() || only == "4" {
        time(workloads::w4(64));
        time(workloads::w4(1));
    }
    if only.is_empty() || only == "5" {
        time(workloads::w5());
    }
    if only.is_empty() || only == "6" {
        time(workloads::w6());
    }
}
