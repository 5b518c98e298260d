//! Compiled graphs: a training step as one plan, lowered once and replayed.
//!
//! [`compile`] takes the outputs and the updates of a graph: forward, backward and the optimiser's
//! step together. The first time that arrays of some sizes come, the [`Plan`] is specialised for
//! them; from then on a step only runs kernels over memory that is there already.
//!
//! The passes, each a function from one description to the next:
//!
//! | pass | file | what it does |
//! |---|---|---|
//! | bind | `net` | the program in the sizes that the arrays give |
//! | pool first | `pool_first` | max-pooling before activation functions |
//! | part | `chunks` | a batch of independent examples in rounds: nets before, within and after |
//! | examples last | `examples_last` | a batch of small layers in lanes that are examples |
//! | normalise | `normal` | reductions and products in the forms that have kernels |
//! | simplify | `simplify` | the same values with fewer nodes, by named rules |
//! | absorb | `absorb` | biases, and updates in place, into products of matrices |
//! | slopes | `slopes` | σ′ and tanh′ times what they are multiplied with, as one operation |
//! | fuse | `fuse` | which values are stored, which operations are one pass over their elements |
//! | schedule | `schedule` | the order; an update as early as it can replace its array, a pass behind its product |
//! | lay out | `memory` | where each stored value lies |
//! | lower | `lower` | steps with kernels, places and registers; few numbers as code for one loop; passes as epilogues of products |
//!
//! `compile` calls the first four and decides how a batch is taken, `part` the others; `replay` runs
//! the steps, large ones in parts on the threads of a `pool`; `report` says what was
//! stored and why.
//!
//! # Invariants
//!
//! * Invariant: a plan computes what the reference evaluator computes: bit for bit with
//!   [`Numerics::Exact`], else to within rounding.
//! * Invariant: no step allocates, hashes, locks or looks at a shape. (Two do: an operation of the
//!   user's own, and random numbers.)
//! * Invariant: a state is replaced only when nothing that is still to run can fail.
//! * Invariant: the bits do not depend on the number of threads: into which parts a step is divided
//!   follows from sizes and instructions alone.
//! * Invariant: outside `kernels`, `arena`, `pool`, `part` and `replay` there is no `unsafe`.

mod absorb;
mod arena;
mod chunks;
mod compile;
mod examples_last;
mod fuse;
mod kernels;
mod lower;
mod memory;
mod net;
mod normal;
mod part;
mod plan;
mod pool;
mod pool_first;
mod replay;
mod report;
mod schedule;
mod simplify;
mod slopes;
mod view;

pub use kernels::{Isa, Numerics, Real};
pub use plan::{Plan, compile};
