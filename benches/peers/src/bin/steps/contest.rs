//! What is timed, and how: in rounds, one contestant after the other.

use std::time::{Duration, Instant};

/// How many rounds a contest takes, and how long one is.
const ROUNDS: usize = 31;
pub const ROUND: Duration = Duration::from_millis(8);
/// What a contestant's waiting threads get to fall asleep.
const PAUSE: Duration = Duration::from_millis(4);
/// How long a system may leave threads that have slept on one processor, though another has nothing
/// to do. So long a contestant with several threads works before it is timed.
const SPREAD: Duration = Duration::from_millis(40);
/// How many costs are compared, and how far they may be apart, relatively: the rounding of `f32`.
pub const STEPS: usize = 10;
const TOLERANCE: f64 = 1e-4;

/// What takes the steps of a workload in this process.
pub trait Step {
    fn step(&mut self);

    /// A step, and the cost before it (of W6, which has none, the sum of the gradient).
    fn cost(&mut self) -> f64;
}

/// What is timed.
pub trait Contestant {
    /// The costs of the first steps.
    fn costs(&mut self) -> Vec<f64>;

    /// The mean time of a step over one round, in seconds.
    fn round(&mut self) -> f64;
}

impl<S: Step> Contestant for S {
    fn costs(&mut self) -> Vec<f64> {
        (0..STEPS).map(|_| self.cost()).collect()
    }

    fn round(&mut self) -> f64 {
        self.step();
        let (start, mut steps, mut batch) = (Instant::now(), 0, 1);
        loop {
            (0..batch).for_each(|_| self.step());
            steps += batch;
            let time = start.elapsed();
            if time >= ROUND {
                return time.as_secs_f64() / f64::from(steps);
            }
            // So the clock is read a few dozen times, however short a step is.
            if time * 16 < ROUND {
                batch *= 2;
            }
        }
    }
}

/// A contestant with its name, and how many rounds are enough for it.
pub struct Entry {
    pub name: &'static str,
    pub contestant: Box<dyn Contestant>,
    pub rounds: usize,
}

impl Entry {
    pub fn new(name: &'static str, contestant: impl Contestant + 'static) -> Self {
        Self { name, contestant: Box::new(contestant), rounds: ROUNDS }
    }
}

/// Holds all to the costs of the first, and returns the medians of their times in seconds.
pub fn contest(workload: &str, threads: usize, entries: &mut [Entry]) -> Vec<(&'static str, f64)> {
    let mut want = Vec::new();
    for Entry { name, contestant, .. } in &mut *entries {
        let costs = contestant.costs();
        assert_eq!(costs.len(), STEPS);
        if want.is_empty() {
            want.clone_from(&costs);
        }
        for (step, (got, want)) in costs.iter().zip(&want).enumerate() {
            let near = (got - want).abs() <= TOLERANCE * want.abs();
            assert!(near, "{workload}, {name}, step {step}: {got}, not {want}");
        }
    }
    let mut times = vec![Vec::new(); entries.len()];
    for round in 0..ROUNDS {
        for (Entry { contestant, rounds, .. }, times) in entries.iter_mut().zip(&mut times) {
            if round < *rounds {
                std::thread::sleep(PAUSE);
                let start = Instant::now();
                while threads > 1 && start.elapsed() < SPREAD {
                    contestant.round();
                }
                times.push(contestant.round());
            }
        }
    }
    let median = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    entries.iter().map(|entry| entry.name).zip(times.into_iter().map(median)).collect()
}
