//! A net compiled: its steps, the memory that they run in, and how often they run.
//!
//! A part that takes a batch in rounds has several shares, each with its own memory, that may run at
//! the same time. How many is decided by sizes alone, and what the shares add up is added in their
//! order; so the bits do not depend on the number of threads.

#![allow(unsafe_code)]

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::absorb::absorb;
use crate::arena::{Aligned, Memory};
use crate::fuse::fuse;
use crate::kernels::cost::share;
use crate::kernels::step::{Objection, Step};
use crate::kernels::{Numerics, Real};
use crate::lower::{Lowered, Target, ends, lower, takes, takes_standard};
use crate::memory::{ARENA, ARRAYS, Layout, REGISTERS, lay_out};
use crate::net::Net;
use crate::normal::normalise;
use crate::pool::Pool;
use crate::report::Report;
use crate::schedule::schedule;
use crate::simplify::simplify;
use crate::slopes::slopes;

/// Steps, and all that they need to run.
pub(crate) struct Part<T> {
    pub steps: Vec<Step<T>>,
    /// For each step, the places on the program's tape of what it computes.
    pub origins: Vec<Vec<usize>>,
    pub report: Report,
    /// How many examples a round takes, and how many rounds there are.
    pub round: usize,
    pub rounds: usize,
    /// How many numbers must be kept at the worst moment.
    pub live: usize,
    shares: Vec<Share<T>>,
    links: Vec<Link>,
}

/// The memory of what runs at one time.
struct Share<T> {
    arena: Aligned<T>,
    registers: Aligned<T>,
    memory: Memory<T>,
}

/// Where one of a part's arrays is: among those of the plan, so many elements from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// Which of the plan's arrays.
    pub array: usize,
    /// Where the first round begins, and how far the next is from it.
    pub start: usize,
    pub advance: usize,
    /// How far apart the arrays of two shares are.
    pub share: usize,
}

impl Link {
    /// All of an array.
    pub fn whole(array: usize) -> Self {
        Self { array, start: 0, advance: 0, share: 0 }
    }
}

impl<T: Real> Part<T> {
    /// Compiles a net; `link` finds its arrays by name, `outputs` are the places of its outputs.
    pub fn new(net: &Net, target: Target, link: impl Fn(&str) -> Link, outputs: &[Link]) -> Self {
        let net = simplify::<T>(&normalise(net, target.numerics));
        let fused = match target.numerics {
            Numerics::Exact => fuse(net, HashMap::new(), takes_standard, &|_, _| false),
            Numerics::Fast => {
                let (net, taken) = absorb(net);
                fuse(slopes(net), taken, takes, &|node, x| ends::<T>(node, x, target.isa))
            }
        };
        let schedule = schedule(&fused);
        let layout = lay_out(&fused, &schedule, Aligned::<T>::LINE);
        let Lowered { steps, nodes, registers, between } =
            lower(&fused, &schedule, &layout, target);
        let origin =
            |nodes: &Vec<usize>| nodes.iter().map(|&y| fused.net.nodes[y].origin).collect();
        let origins = nodes.iter().map(origin).collect();
        let report = Report::new(&fused, &nodes);
        let Layout { arrays, constants, arena, live, .. } = layout;
        let links = arrays.iter().map(|name| link(name)).chain(outputs.iter().copied()).collect();
        let mut part =
            Self { steps, origins, report, round: 0, rounds: 1, live, shares: Vec::new(), links };
        let share = part.share(arena + between, &constants, registers);
        part.shares.push(share);
        part
    }

    /// Memory for a share.
    fn share(&self, arena: usize, constants: &[f64], registers: usize) -> Share<T> {
        let mut arena = Aligned::<T>::new(arena);
        for (k, &number) in constants.iter().enumerate() {
            // SAFETY: the arena begins with the constants.
            unsafe { *arena.pointer().add(k) = T::from_double(number) };
        }
        let bases = Vec::with_capacity(ARRAYS + self.links.len());
        Share { arena, registers: Aligned::new(registers), memory: Memory { bases, row: 0 } }
    }

    /// The part with registers for the parts of its steps, if there are threads for them.
    pub fn divided(mut self, pool: Pool) -> Self {
        if pool.threads() > 1 && self.steps.iter().any(|step| step.parts() > 1) {
            let rows = self.steps.iter().map(Step::rows).max().unwrap_or(1);
            let share = &mut self.shares[0];
            // A row of registers has a length, that it is known that there are several.
            let row = share.registers.len().max(Aligned::<T>::LINE);
            share.registers = Aligned::new(row * rows);
            share.memory.row = row;
        }
        self
    }

    /// The part for so many rounds of so many examples, in so many shares.
    pub fn rounds(mut self, round: usize, rounds: usize, shares: usize) -> Self {
        (self.round, self.rounds) = (round, rounds);
        while self.shares.len() < shares {
            let first = &mut self.shares[0];
            let mut arena = Aligned::<T>::new(first.arena.len());
            // SAFETY: both arenas are as long; the constants at the beginning are what matters.
            unsafe {
                let (from, to) = (first.arena.pointer(), arena.pointer());
                std::ptr::copy_nonoverlapping(from, to, first.arena.len());
            }
            let registers = Aligned::new(first.registers.len());
            let bases = Vec::with_capacity(first.memory.bases.capacity());
            self.shares.push(Share { arena, registers, memory: Memory { bases, row: 0 } });
        }
        self
    }

    /// How many numbers its memory has, of all shares, without the registers; and those.
    pub fn len(&self) -> (usize, usize) {
        let arena = self.shares.iter().map(|share| share.arena.len()).sum();
        (arena, self.shares.iter().map(|share| share.registers.len()).sum())
    }

    /// How many operations on numbers all its rounds take.
    pub fn flops(&self) -> usize {
        self.report.flops.iter().sum::<usize>() * self.rounds
    }

    /// How many shares there are.
    pub fn shares(&self) -> usize {
        self.shares.len()
    }

    /// Runs all rounds on the arrays that begin at `heads`; adds up the times of the steps, if they
    /// are asked for.
    ///
    /// # Safety
    ///
    /// The arrays must be as long as those that the part was made for.
    pub unsafe fn run(
        &mut self, heads: &Memory<T>, pool: Pool, times: Option<&mut [Duration]>,
    ) -> Result<(), Box<Objection>> {
        let (shares, rounds) = (self.shares.len(), self.rounds);
        let all = Shares(self.shares.as_mut_ptr());
        let Self { steps, links, .. } = &*self;
        // SAFETY: by the caller's promise, here and below.
        if let Some(times) = times {
            for k in 0..shares {
                for round in share(rounds, shares, k) {
                    let memory = unsafe { all.bind(k, round, links, heads) };
                    for (step, time) in steps.iter().zip(&mut *times) {
                        let start = Instant::now();
                        unsafe { step.run(memory) }?;
                        *time += start.elapsed();
                    }
                }
            }
            return Ok(());
        }
        if rounds == 1 {
            let memory = unsafe { all.bind(0, 0, links, heads) };
            let threaded = memory.row > 0;
            for step in steps {
                match if threaded { step.parts() } else { 1 } {
                    1 => unsafe { step.run(memory) }?,
                    parts => pool.run(parts, &|part| unsafe { step.run_part(memory, part) }),
                }
            }
            return Ok(());
        }
        pool.run(shares, &|k| {
            for round in share(rounds, shares, k) {
                // SAFETY: each share is one part of the job, and has its own memory.
                let memory = unsafe { all.bind(k, round, links, heads) };
                for step in steps {
                    let done = unsafe { step.run(memory) };
                    assert!(done.is_ok(), "nothing that may fail is done in rounds");
                }
            }
        });
        Ok(())
    }
}

/// The shares of a part, each of which is used by one thread at a time.
struct Shares<T>(*mut Share<T>);

// SAFETY: it is only used to reach one share from one thread.
unsafe impl<T: Send> Sync for Shares<T> {}

impl<T: Real> Shares<T> {
    /// The memory of a share, for a round.
    ///
    /// # Safety
    ///
    /// There must be such a share, and nobody else may use it.
    unsafe fn bind(&self, k: usize, round: usize, links: &[Link], heads: &Memory<T>) -> &Memory<T> {
        // SAFETY: by the caller's promise.
        let share = unsafe { &mut *self.0.add(k) };
        let bases = &mut share.memory.bases;
        bases.clear();
        bases.push(share.arena.pointer());
        bases.push(share.registers.pointer());
        debug_assert_eq!((ARENA, REGISTERS, ARRAYS), (0, 1, 2));
        bases.extend(links.iter().map(|link| {
            let offset = link.start + round * link.advance + k * link.share;
            heads.bases[link.array].wrapping_add(offset)
        }));
        &share.memory
    }
}
