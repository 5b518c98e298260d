//! Rounds in turn, and bars with what was measured for them.

use std::time::{Duration, Instant};

/// How many rounds there are, and how long one is at least.
const ROUNDS: usize = 24;
const ROUND: Duration = Duration::from_millis(2);

/// The seconds of a call of each in its best round; rounds are taken in turn.
pub fn best(contestants: &mut [&mut dyn FnMut()]) -> Vec<f64> {
    let mut calls = vec![1; contestants.len()];
    for (run, calls) in contestants.iter_mut().zip(&mut calls) {
        while taken(*run, *calls) < ROUND {
            *calls *= 2;
        }
    }
    let mut best = vec![Duration::MAX; contestants.len()];
    for _ in 0..ROUNDS {
        for ((run, &calls), best) in contestants.iter_mut().zip(&calls).zip(&mut best) {
            *best = taken(*run, calls).min(*best);
        }
    }
    best.iter().zip(calls).map(|(time, calls)| time.as_secs_f64() / f64::from(calls)).collect()
}

fn taken(run: &mut dyn FnMut(), calls: u32) -> Duration {
    let start = Instant::now();
    (0..calls).for_each(|_| run());
    start.elapsed()
}

/// What was wanted and what was measured.
#[derive(Default)]
pub struct Bars(Vec<String>);

impl Bars {
    pub fn at_least(&mut self, what: &str, measured: f64, bar: f64) {
        self.add(what, measured, "at least", bar, measured >= bar);
    }

    pub fn at_most(&mut self, what: &str, measured: f64, bar: f64) {
        self.add(what, measured, "at most", bar, measured <= bar);
    }

    pub fn print(&self) {
        println!("\nbars");
        self.0.iter().for_each(|line| println!("  {line}"));
    }

    fn add(&mut self, what: &str, measured: f64, side: &str, bar: f64, met: bool) {
        let met = if met { "pass" } else { "MISS" };
        self.0.push(format!("{met}  {what}: {measured:.2}, {side} {bar}"));
    }
}
