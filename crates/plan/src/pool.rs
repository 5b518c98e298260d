//! Threads that share the parts of a piece of work.
//!
//! A process has one pool. The first plan that wants a second thread makes its workers, and they
//! stay: threads are dear to make, and as many as there are cores serve all plans, of which a program
//! may have hundreds. Whoever finds the pool at work, a part that itself has parts or a plan on
//! another thread, does all of its work alone.
//!
//! Invariant: a worker touches a job only in a part that it has taken and not yet finished, and the
//! call that brought the job waits for all parts.

#![allow(unsafe_code)]

use std::any::Any;
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// A share in the pool: so many threads, the calling one included.
#[derive(Clone, Copy)]
pub struct Pool {
    shared: &'static Shared,
    threads: usize,
}

/// What is done for each part.
type Job<'a> = &'a (dyn Fn(usize) + Sync);

/// The most workers of a pool.
const WORKERS: usize = 63;
/// How long a worker that has nothing to do looks for work before it sleeps.
const PATIENCE: Duration = Duration::from_micros(50);
/// How often the caller looks for the end of others' parts before it offers its core to them.
const SPINS: usize = 1000;

static SHARED: Shared = Shared::new();

impl Pool {
    /// The calling thread and the workers that it takes to have so many threads; no more than 64,
    /// nor than the system gives.
    pub fn new(threads: usize) -> Self {
        Self::of(&SHARED, threads)
    }

    fn of(shared: &'static Shared, threads: usize) -> Self {
        let threads = threads.clamp(1, WORKERS + 1);
        shared.grow(threads - 1);
        Self { shared, threads }
    }

    /// How many threads there are.
    pub fn threads(self) -> usize {
        self.threads
    }

    /// Calls `job` for each part once, on the threads of the pool, and returns when all are done.
    /// Which thread does which part is open.
    ///
    /// # Panics
    ///
    /// If a part panics, with what the first such part said.
    pub fn run(self, parts: usize, job: Job<'_>) {
        let helpers = self.threads.min(parts) - usize::from(parts > 0);
        if helpers == 0 || parts as u64 > LEFT || self.shared.busy.swap(true, Acquire) {
            return (0..parts).for_each(job);
        }
        self.shared.run(parts, helpers, job);
    }
}

/// What the callers and the workers of a pool share.
struct Shared {
    /// Whether somebody's job is being done.
    busy: AtomicBool,
    offer: Offer,
    unfinished: Line<AtomicUsize>,
    failed: AtomicBool,
    failure: Mutex<Option<Box<dyn Any + Send>>>,
    workers: [OnceLock<Thread>; WORKERS],
    /// Which workers sleep, or are about to.
    asleep: [AtomicBool; WORKERS],
    growing: Mutex<()>,
}

/// A job, and which of its parts are still to be taken.
#[repr(align(64))]
struct Offer {
    /// The number of the job, and in the bits of [`LEFT`] how many of its parts nobody has taken.
    open: AtomicU64,
    job: AtomicPtr<Job<'static>>,
    parts: AtomicUsize,
    helpers: AtomicUsize,
}

/// The part of a number that counts parts. A job's number comes again after 2⁴⁰ jobs, which is days.
const LEFT: u64 = (1 << 24) - 1;

/// What has a cache line to itself.
#[repr(align(64))]
struct Line<T>(T);

impl Shared {
    const fn new() -> Self {
        let (job, parts, helpers) =
            (AtomicPtr::new(std::ptr::null_mut()), AtomicUsize::new(0), AtomicUsize::new(0));
        Self {
            busy: AtomicBool::new(false),
            offer: Offer { open: AtomicU64::new(0), job, parts, helpers },
            unfinished: Line(AtomicUsize::new(0)),
            failed: AtomicBool::new(false),
            failure: Mutex::new(None),
            workers: [const { OnceLock::new() }; WORKERS],
            asleep: [const { AtomicBool::new(false) }; WORKERS],
            growing: Mutex::new(()),
        }
    }

    /// Makes workers until there are so many, or the system gives no more.
    fn grow(&'static self, workers: usize) {
        if self.workers[..workers].iter().all(|worker| worker.get().is_some()) {
            return;
        }
        let _alone = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        for (index, worker) in self.workers[..workers].iter().enumerate() {
            if worker.get().is_none() {
                let thread = thread::Builder::new().name(format!("gradus {}", index + 1));
                let Ok(made) = thread.spawn(move || self.work(index)) else { return };
                worker.get_or_init(|| made.thread().clone());
            }
        }
    }

    /// Runs the job, having set `busy`.
    fn run(&self, parts: usize, helpers: usize, job: Job<'_>) {
        let offer = &self.offer;
        offer.job.store(std::ptr::from_ref(&job).cast_mut().cast(), Relaxed);
        offer.parts.store(parts, Relaxed);
        offer.helpers.store(helpers, Relaxed);
        self.unfinished.0.store(parts, Relaxed);
        let number = (offer.open.load(Relaxed) & !LEFT).wrapping_add(LEFT + 1);
        // In one order with the workers' `asleep`: either is it seen there that there is work, or
        // here that a worker sleeps.
        offer.open.store(number | parts as u64, SeqCst);
        for (asleep, worker) in self.asleep.iter().zip(&self.workers).take(helpers) {
            if asleep.load(SeqCst)
                && let Some(worker) = worker.get()
                && asleep.swap(false, SeqCst)
            {
                worker.unpark();
            }
        }
        self.help();
        let mut spins = 0;
        while self.unfinished.0.load(Acquire) > 0 {
            spins += 1;
            if spins < SPINS { spin_loop() } else { thread::yield_now() }
        }
        let failure = match self.failed.load(Relaxed) {
            true => {
                self.failed.store(false, Relaxed);
                self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
            }
            false => None,
        };
        self.busy.store(false, Release);
        if let Some(failure) = failure {
            resume_unwind(failure);
        }
    }

    /// Does parts as long as there are any.
    fn help(&self) {
        let Offer { open, job, parts, .. } = &self.offer;
        let mut now = open.load(Acquire);
        while now & LEFT > 0 {
            let (job, parts) = (job.load(Relaxed), parts.load(Relaxed));
            if let Err(other) = open.compare_exchange_weak(now, now - 1, AcqRel, Acquire) {
                now = other;
                continue;
            }
            let part = parts - (now & LEFT) as usize;
            // SAFETY: `now` was still there, so the part is ours, and what was read before is of its
            // job: another can only come when this part is finished. Until then the job is there.
            let job = unsafe { *job };
            if let Err(failure) = catch_unwind(AssertUnwindSafe(|| job(part))) {
                let mut first = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
                first.get_or_insert(failure);
                self.failed.store(true, Relaxed);
            }
            self.unfinished.0.fetch_sub(1, Release);
            now = open.load(Acquire);
        }
    }

    /// The life of a worker.
    fn work(&self, index: usize) {
        loop {
            self.wait(index);
            self.help();
        }
    }

    /// Returns when there may be work for the worker.
    fn wait(&self, index: usize) {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            for _ in 0..16 {
                if self.wants(index) {
                    return;
                }
                spin_loop();
            }
        }
        self.asleep[index].store(true, SeqCst);
        while self.asleep[index].load(SeqCst) && !self.wants(index) {
            thread::park();
        }
        self.asleep[index].store(false, SeqCst);
    }

    /// Whether there are parts for this worker to take.
    fn wants(&self, index: usize) -> bool {
        self.offer.open.load(SeqCst) & LEFT > 0 && index < self.offer.helpers.load(Relaxed)
    }
}

#[cfg(test)]
mod tests;
