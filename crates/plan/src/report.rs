//! What a plan says of itself beyond its steps: their arithmetic, and what is stored between them
//! and why.

use std::fmt;

use gradus_ops::Op;

use crate::fuse::{Fused, Unit};
use crate::net::{Net, Way};
use crate::view::View;

/// The arithmetic of each step, and all values that are stored between steps.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Operations on numbers.
    pub flops: Vec<usize>,
    pub stored: Vec<Stored>,
}

/// A value that leaves the pass or the kernel that computes it.
#[derive(Debug)]
pub(crate) struct Stored {
    /// Its place on the program's tape.
    pub origin: usize,
    /// How many numbers it has.
    pub len: usize,
    pub reasons: Vec<Reason>,
}

/// Why a value is not left in a register for who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Output,
    Update,
    /// It is read by an operation with a kernel of its own.
    ReadBy(&'static str),
    /// It is the result of one.
    WrittenBy(&'static str),
    /// It is repeated, transposed, or read in part.
    Elsewhere,
    /// It is read in a pass that waits for something else.
    Later,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output => write!(f, "an output"),
            Self::Update => write!(f, "the next value of an array"),
            Self::ReadBy(kernel) => write!(f, "needed by {kernel}"),
            Self::WrittenBy(kernel) => write!(f, "made by {kernel}"),
            Self::Elsewhere => write!(f, "read elsewhere than where it is written"),
            Self::Later => write!(f, "read by a pass that also waits for another value"),
        }
    }
}

impl Report {
    /// For steps that compute these nodes.
    pub fn new(fused: &Fused, nodes: &[Vec<usize>]) -> Self {
        let net = &fused.net;
        let of = |nodes: &Vec<usize>| nodes.iter().map(|&y| flops(net, y)).sum();
        Self { flops: nodes.iter().map(of).collect(), stored: stored(fused, nodes) }
    }
}

/// How many operations on numbers a node takes: one for each element of a pass and of what is
/// reduced, two for each product that is added up.
pub(crate) fn flops(net: &Net, y: usize) -> usize {
    let node = &net.nodes[y];
    let operand = |k: usize| &net.nodes[node.operands[k]];
    // The weights that meet each number of a map.
    let weights = |filter: &[usize]| filter[1..].iter().product::<usize>();
    match &node.op {
        Op::Matmul(_) => 2 * node.len() * operand(0).sizes.last().copied().unwrap_or(1),
        Op::Conv2d(_) => 2 * node.len() * weights(&operand(1).sizes),
        Op::Conv2dInputAdjoint(_) => 2 * operand(0).len() * weights(&operand(1).sizes),
        Op::Conv2dFilterAdjoint(_) => 2 * operand(1).len() * weights(&node.sizes),
        Op::Sum(_) | Op::Max(_) | Op::Softmax(_) | Op::LogSoftmax(_) | Op::LogSumExp(_) => {
            operand(0).len()
        }
        _ if matches!(node.way, Way::SigmoidSlope | Way::TanhSlope) => 3 * node.len(),
        op if op.is_elementwise() => node.len(),
        _ => 0,
    }
}

/// The values that are stored for other steps than those that compute them, with all reasons, in the
/// order of the net.
fn stored(fused: &Fused, nodes: &[Vec<usize>]) -> Vec<Stored> {
    let net = &fused.net;
    let mut unit_of = vec![None; net.nodes.len()];
    for (u, unit) in fused.units.iter().enumerate() {
        unit.nodes().iter().for_each(|&y| unit_of[y] = Some(u));
    }
    let mut step_of = vec![None; net.nodes.len()];
    for (k, nodes) in nodes.iter().enumerate() {
        nodes.iter().for_each(|&y| step_of[y] = Some(k));
    }
    let mut reasons: Vec<Vec<Reason>> = vec![Vec::new(); net.nodes.len()];
    let mut give = |x: usize, reason: Reason| {
        if !reasons[x].contains(&reason) {
            reasons[x].push(reason);
        }
    };
    net.outputs.iter().for_each(|&y| give(y, Reason::Output));
    net.updates.iter().for_each(|&(_, y)| give(y, Reason::Update));
    let name = |y: usize| net.nodes[y].op.card().name;
    for (u, unit) in fused.units.iter().enumerate() {
        for &y in unit.nodes() {
            let other = |x: &&View| {
                unit_of[x.root].is_some_and(|v| v != u) && step_of[x.root] != step_of[y]
            };
            for x in fused.reads(y).filter(other) {
                let from = unit_of[x.root].map(|v| &fused.units[v]);
                give(
                    x.root,
                    match (unit, from) {
                        (Unit::Kernel(y) | Unit::Copy(y), _) => Reason::ReadBy(name(*y)),
                        (Unit::Group(_), Some(Unit::Kernel(x) | Unit::Copy(x))) => {
                            Reason::WrittenBy(name(*x))
                        }
                        (Unit::Group(_), _) if fused.in_step(y, x) => Reason::Later,
                        (Unit::Group(_), _) => Reason::Elsewhere,
                    },
                );
            }
        }
    }
    let all = reasons.into_iter().enumerate().filter(|(y, _)| unit_of[*y].is_some());
    let left = all.filter(|(_, reasons)| !reasons.is_empty()).map(|(y, reasons)| {
        let node = &net.nodes[y];
        Stored { origin: node.origin, len: node.len(), reasons }
    });
    left.collect()
}
