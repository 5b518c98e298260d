//! The memory of training W3, LeNet on batches of 64 with one resident batch.
//!
//! `cargo bench --bench memory` trains by a plan in this process and prints the most memory that the
//! process had resident, and what the plan keeps between its steps beside what must be alive at the
//! worst moment. The process has nothing else: no graph once it is compiled, and one set of
//! parameters.

#[allow(dead_code)]
mod workloads;

use gradus::ops::{Graph, Inputs};
use gradus::plan::compile;
use workloads::Workload;

/// What is wanted: the most resident memory in MiB, and how many times what must be alive.
const RESIDENT: f64 = 40.0;
const TIMES: f64 = 1.3;
const STEPS: usize = 200;

fn main() {
    let Workload { build, mut state, inputs, .. } = workloads::w3();
    let mut plan = {
        let g = Graph::new();
        let (outputs, updates) = build(&g);
        compile(&outputs, &updates).expect("the graph is well formed")
    };
    let given = Inputs::new().with_all(&inputs);
    let mut costs = (0..STEPS).map(|_| {
        let outputs = plan.step(&mut state, &given).expect("the arrays fit");
        outputs[0].sum()
    });
    let first = costs.next().expect("a step");
    let last = costs.last().expect("more steps");
    println!("cost {first:.3} → {last:.3} in {STEPS} steps");

    let mib = |bytes: usize| bytes as f64 / 1048576.0;
    let (kept, alive) = plan.memory();
    let times = kept as f64 / alive as f64;
    println!(
        "the plan keeps {:.2} MiB, {times:.2} times the {:.2} MiB that are alive at the worst moment, \
         at most {TIMES}: {}",
        mib(kept),
        mib(alive),
        verdict(times <= TIMES)
    );
    match peak() {
        Some(bytes) => println!(
            "the process had at most {:.1} MiB resident, wanted below {RESIDENT}: {}",
            mib(bytes),
            verdict(mib(bytes) < RESIDENT)
        ),
        None => println!("this system does not tell how much the process had resident"),
    }
}

fn verdict(met: bool) -> &'static str {
    if met { "pass" } else { "MISS" }
}

/// The most memory that this process had resident so far, in bytes, as Linux tells it.
fn peak() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: usize = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
