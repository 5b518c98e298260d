//! The order of the units, and which state is replaced in place.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};

use gradus_ops::Op;

use crate::fuse::{Fused, Unit};

/// An order in which everything is computed before it is read.
#[derive(Debug)]
pub(crate) struct Schedule {
    /// Indices of units.
    pub order: Vec<usize>,
    /// The updates whose values are written over the present ones as soon as they are computed: all
    /// who read these have done so, and nothing that comes later can fail.
    pub in_place: Vec<bool>,
}

/// Takes the units in the order of the program, but an update as soon as it can replace its array, so
/// that a gradient need not be kept; and a pass over a product right behind it, if nothing else is
/// missing, so that it may be its epilogue.
pub(crate) fn schedule(fused: &Fused) -> Schedule {
    let Fused { net, units, .. } = fused;
    let mut unit_of = vec![None; net.nodes.len()];
    for (u, unit) in units.iter().enumerate() {
        unit.nodes().iter().for_each(|&y| unit_of[y] = Some(u));
    }
    let mut inputs = HashMap::new();
    for (y, node) in net.nodes.iter().enumerate() {
        if let Op::Input(input) = &node.op {
            inputs.insert(input.name().to_owned(), y);
        }
    }
    // The units that read a given array, and those that may fail.
    let mut readers: HashMap<usize, BTreeSet<usize>> = HashMap::new();
    let mut users: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); units.len()];
    for (u, unit) in units.iter().enumerate() {
        for x in unit.nodes().iter().flat_map(|&y| fused.reads(y)) {
            if let Some(before) = unit_of[x.root] {
                users[before].insert(u);
            } else {
                readers.entry(x.root).or_default().insert(u);
            }
        }
        users[u].remove(&u);
    }
    let fallible: BTreeSet<usize> =
        (0..units.len()).filter(|&u| may_fail(fused, &units[u])).collect();

    // How many units must, and how many had better, come before each.
    let mut needs = vec![0; units.len()];
    users.iter().flatten().for_each(|&u| needs[u] += 1);
    let mut waits = vec![0; units.len()];
    let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); units.len()];
    let mut updates = vec![false; units.len()];
    for (name, y) in &net.updates {
        let u = unit_of[*y].expect("an update is computed");
        updates[u] = true;
        let read = inputs.get(name).and_then(|x| readers.get(x));
        for &before in read.into_iter().flatten().chain(&fallible).filter(|&&before| before != u) {
            waiting[before].push(u);
            waits[u] += 1;
        }
    }

    let priority = |u: usize| {
        let last = *units[u].nodes().last().expect("a unit computes something");
        Reverse((!updates[u], last, u))
    };
    let mut order = Vec::with_capacity(units.len());
    let (mut ready, mut reluctant) = (BinaryHeap::new(), BTreeSet::new());
    // Nothing that it needs is open: it can run, though some had better run before.
    let enter = |u: usize, waits: &[usize], ready: &mut BinaryHeap<_>, late: &mut BTreeSet<_>| {
        if waits[u] == 0 {
            ready.push(priority(u));
        } else {
            late.insert(u);
        }
    };
    for u in (0..units.len()).filter(|&u| needs[u] == 0) {
        enter(u, &waits, &mut ready, &mut reluctant);
    }
    let mut next = None;
    loop {
        let u = next.take().or_else(|| ready.pop().map(|Reverse((_, _, u))| u));
        let Some(u) = u.or_else(|| reluctant.pop_first()) else { break };
        order.push(u);
        for &after in &waiting[u] {
            waits[after] -= 1;
            if waits[after] == 0 && reluctant.remove(&after) {
                ready.push(priority(after));
            }
        }
        for &after in &users[u] {
            needs[after] -= 1;
            if needs[after] > 0 {
                continue;
            }
            if next.is_none() && waits[after] == 0 && follows(fused, u, after) {
                next = Some(after);
            } else {
                enter(after, &waits, &mut ready, &mut reluctant);
            }
        }
    }

    let mut position = vec![0; units.len()];
    order.iter().enumerate().for_each(|(t, &u)| position[u] = t);
    let latest_failure = fallible.iter().map(|&f| position[f]).max();
    let mut elsewhere: HashMap<usize, HashSet<usize>> = HashMap::new();
    let in_place = net.updates.iter().map(|(name, y)| {
        let u = unit_of[*y].expect("an update is computed");
        let Some(&x) = inputs.get(name) else { return latest_failure < Some(position[u]) };
        let elsewhere = elsewhere.entry(u).or_insert_with(|| read_elsewhere(fused, &units[u]));
        let mut read = readers.get(&x).into_iter().flatten();
        let before = |&r: &usize| position[r] < position[u] || r == u && !elsewhere.contains(&x);
        read.all(before) && latest_failure < Some(position[u])
    });
    let in_place = in_place.collect();
    Schedule { order, in_place }
}

/// The values that a unit reads at other places than those that it computes at the time.
pub(crate) fn read_elsewhere(fused: &Fused, unit: &Unit) -> HashSet<usize> {
    let Fused { net, views, taken, .. } = fused;
    match unit {
        Unit::Group(nodes) => {
            let read =
                |&y: &usize| fused.reads(y).filter(move |x| !fused.in_step(y, x)).map(|x| x.root);
            nodes.iter().flat_map(read).collect()
        }
        // A product that is added to an array adds to each element when it writes it.
        Unit::Kernel(y) => {
            let adds = taken.get(y).is_some_and(|taken| !taken.is_bias());
            let operands = net.nodes[*y].operands.iter().enumerate();
            let read = operands.filter(|&(k, _)| !(adds && k == 2));
            read.map(|(_, &x)| views[x].root).collect()
        }
        Unit::Copy(y) => fused.reads(*y).map(|x| x.root).collect(),
    }
}

/// Whether a unit is a pass over the result of a product or a convolution.
fn follows(fused: &Fused, product: usize, pass: usize) -> bool {
    let (Unit::Kernel(x), Unit::Group(nodes)) = (&fused.units[product], &fused.units[pass]) else {
        return false;
    };
    let op = &fused.net.nodes[*x].op;
    let reads = |&y: &usize| fused.reads(y).any(|seen| seen.root == *x && fused.in_step(y, seen));
    matches!(op, Op::Matmul(_) | Op::Conv2d(_) | Op::Conv2dInputAdjoint(_))
        && nodes.iter().any(reads)
}

/// Whether the unit checks its operands' values.
fn may_fail(fused: &Fused, unit: &Unit) -> bool {
    let Unit::Kernel(y) = unit else { return false };
    matches!(
        fused.net.nodes[*y].op,
        Op::Gather(_) | Op::ScatterAdd(_) | Op::OneHot(_) | Op::Random(_) | Op::Custom(_)
    )
}
