//! The table of medians, as ratios to the plan, and the figures that it must show.

use crate::ours::MOST_THREADS;
use serde::{Deserialize, Serialize};

pub const PLAN: &str = "plan";
pub const REPEATED: &str = "plan, many steps a call";
pub const HAND: &str = "by hand";
/// The peer that takes many steps with each call.
pub const SCAN: &str = "JAX, in a scan";

/// What is not a peer.
const OURS: [&str; 4] = [PLAN, REPEATED, HAND, "reference evaluator"];

/// How many times the hand's time a plan may take with one thread, and how many times a plan's
/// time the best peer must take.
const BARS: [(&str, f64, f64); 7] = [
    ("W1", 1.3, 3.5),
    ("W2", 1.3, 1.0),
    ("W3", 1.3, 4.0),
    ("W4", 2.0, 4.0),
    ("W4, one example", 4.0, 2.0),
    ("W5", 1.3, 4.0),
    ("W6", 2.0, 2.0),
];

/// What a process with so many threads measured.
#[derive(Serialize, Deserialize)]
pub struct Run {
    pub medians: Vec<Medians>,
    /// The frameworks that are not in this program, with their versions.
    pub versions: Vec<String>,
}

/// The medians of a workload in seconds, by who took the steps.
#[derive(Serialize, Deserialize)]
pub struct Medians {
    pub workload: String,
    pub seconds: Vec<(String, f64)>,
}

impl Medians {
    fn of(&self, name: &str) -> f64 {
        let found = self.seconds.iter().find(|(other, _)| other == name);
        found.map_or(f64::NAN, |&(_, seconds)| seconds)
    }

    fn best_peer(&self) -> (&str, f64) {
        let peers = self.seconds.iter().filter(|(name, _)| !OURS.contains(&name.as_str()));
        let best = peers.min_by(|(_, x), (_, y)| x.total_cmp(y)).expect("there are peers");
        (&best.0, best.1)
    }
}

/// Prints the runs with one and with two threads.
pub fn print(runs: &[Run; 2]) {
    println!("\n{}", runs[0].versions.join(", "));
    print!("{:<30}", "");
    runs[0].medians.iter().for_each(|m| print!("{:>10}", short(&m.workload)));
    println!();
    for (run, threads) in runs.iter().zip(1..) {
        println!("the peers on {threads} of 2 threads");
        print!("{:<30}", format!("plan on {}, µs", threads.min(MOST_THREADS)));
        run.medians.iter().for_each(|m| print!("{:>10.2}", m.of(PLAN) * 1e6));
        println!();
        for (name, _) in run.medians[0].seconds.iter().filter(|(name, _)| name != PLAN) {
            print!("{:<30}", format!("  {name} / plan"));
            for m in &run.medians {
                let ratio = m.of(name) / m.of(PLAN);
                let ratio = if ratio.is_nan() { "–".to_owned() } else { format!("{ratio:.2}") };
                print!("{ratio:>10}");
            }
            println!();
        }
    }
    println!();
    for (median, &(workload, hand, peers)) in runs[0].medians.iter().zip(&BARS) {
        let ratio = median.of(PLAN) / median.of(HAND);
        let to_hand = format!("plan / hand {ratio:.2} (at most {hand}) {}", verdict(ratio <= hand));
        let (name, seconds) = median.best_peer();
        let ratio = seconds / median.of(PLAN);
        let met = verdict(ratio >= peers);
        println!("{workload:<16} {to_hand:<42} {name} / plan {ratio:.2} (at least {peers}) {met}");
        if name == SCAN {
            let ratio = seconds / median.of(REPEATED);
            let met = verdict(ratio >= peers);
            println!("{:<59} {SCAN} / {REPEATED} {ratio:.2} {met}", "");
        }
    }
    if MOST_THREADS > 1 {
        for k in [1, 2] {
            let [one, two] = runs.each_ref().map(|run| run.medians[k].of(PLAN));
            let (workload, ratio) = (&runs[0].medians[k].workload, one / two);
            let met = verdict(ratio >= 1.6);
            println!("{workload}, 1 thread / 2 threads {ratio:.2} (at least 1.6) {met}");
        }
    }
    let (name, seconds) = runs[1].medians[1].best_peer();
    let ratio = seconds / runs[1].medians[1].of(PLAN);
    println!("W2, 2 threads: {name} / plan {ratio:.2} (at least 1) {}", verdict(ratio >= 1.0));
}

fn short(workload: &str) -> &str {
    if workload == "W4, one example" { "W4, one" } else { workload }
}

fn verdict(met: bool) -> &'static str {
    if met { "pass" } else { "MISS" }
}
