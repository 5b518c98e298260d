//! Training steps by a plan, by hand, by the reference evaluator, and in other frameworks.
//!
//! `./run` builds this, runs it with one thread and with two, each in a process of its own, and
//! prints the table. Before anything is timed, all must agree on the costs of ten steps from the
//! same weights.

mod burn;
mod candle;
mod contest;
mod dfdx;
#[allow(dead_code)]
#[path = "../../../../hand/mod.rs"]
mod hand;
mod ours;
mod python;
mod table;
#[path = "../../../../workloads/mod.rs"]
mod workloads;

use std::cell::RefCell;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::rc::Rc;

use contest::{Entry, contest};
use gradus::plan::Real;
use ours::ByHand;
use python::{Python, Remote};
use table::{HAND, Medians, PLAN, REPEATED, Run, SCAN};
use workloads::Workload;

/// The ways to take steps in Python, with the names that the table has for them.
const WAYS: [(&str, &str); 4] = [
    ("jit", "JAX, jit"),
    ("scan", SCAN),
    ("eager", "PyTorch, eager"),
    ("compiled", "PyTorch, compiled"),
];

fn main() {
    if let Some(threads) = std::env::args().nth(1) {
        let run = run(threads.parse().expect("a number of threads"));
        println!("{}", serde_json::to_string(&run).expect("numbers and names"));
        return;
    }
    let runs = [1, 2].map(|threads| {
        // The frameworks read the number of threads from their environment, once.
        let threads = threads.to_string();
        let child = Command::new(std::env::current_exe().expect("this program has a place"))
            .arg(&threads)
            .envs(
                ["RAYON_NUM_THREADS", "CANDLE_NUM_THREADS", "MATMUL_NUM_THREADS"]
                    .map(|name| (name, &threads)),
            )
            .stderr(Stdio::inherit())
            .output()
            .expect("this program can be run");
        assert!(child.status.success(), "the run with {threads} threads failed");
        serde_json::from_slice::<Run>(&child.stdout).expect("what a run prints")
    });
    table::print(&runs);
}

/// All contests with so many threads.
fn run(threads: usize) -> Run {
    let (w4, w4_one) = (workloads::w4(64), workloads::w4(1));
    let networks = [workloads::w1(), workloads::w2(), workloads::w3(), w4, w4_one, workloads::w5()];
    let w6 = workloads::w6();
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/arrays.safetensors");
    python::write(&file, &networks, &w6);
    let python = Python::start(&file, threads);
    let mut medians: Vec<Medians> = Vec::new();
    for workload in &networks {
        let mut entries = ours(workload, threads, ours::by_hand(workload));
        entries.push(Entry::new("candle", candle::Network::new(workload)));
        if matches!(workload.name, "W3" | "W5") {
            entries.push(Entry::new("burn", burn::pictures(workload)));
        } else {
            entries.push(Entry::new("burn", burn::rows(workload)));
            entries.push(Entry::new("dfdx", dfdx::Network::new(workload)));
        }
        medians.push(finish(workload.name, threads, entries, python.as_ref()));
    }
    let mut entries = ours(&w6, threads, ours::gradient_by_hand(&w6));
    entries.push(Entry::new("candle", candle::Gradient::new(&w6)));
    entries.push(Entry::new("burn", burn::Gradient::new(&w6)));
    medians.push(finish(w6.name, threads, entries, python.as_ref()));
    let versions = python.map_or_else(Vec::new, |python| python.borrow_mut().versions());
    Run { medians, versions }
}

/// The reference evaluator, which all are held to, the plan, with one step a call and with many, and
/// the step by hand.
fn ours<T: Real>(workload: &Workload<T>, threads: usize, hand: ByHand) -> Vec<Entry> {
    let reference =
        Entry { rounds: 3, ..Entry::new("reference evaluator", ours::reference(workload)) };
    let plan = Entry::new(PLAN, ours::plan(workload, threads));
    let repeated = Entry::new(REPEATED, ours::repeated(workload, threads));
    vec![reference, plan, repeated, Entry::new(HAND, hand)]
}

/// The contest of these and of Python.
fn finish(
    workload: &str, threads: usize, mut entries: Vec<Entry>, python: Option<&Rc<RefCell<Python>>>,
) -> Medians {
    if let Some(python) = python {
        let remote = |(way, name)| Entry::new(name, Remote::new(python, way, workload));
        entries.extend(WAYS.map(remote));
    }
    eprintln!("{workload}: {} ways", entries.len());
    let seconds = contest(workload, threads, &mut entries);
    let seconds = seconds.into_iter().map(|(name, seconds)| (name.to_owned(), seconds)).collect();
    Medians { workload: workload.to_owned(), seconds }
}
