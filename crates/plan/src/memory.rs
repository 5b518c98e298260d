//! Where every stored value lies.
//!
//! Invariant: two values share memory only if the last reader of one comes before the writer of the
//! other, or is its writer, a pass that reads the one only where it writes the other.

use std::collections::{BTreeMap, HashMap};

use gradus_ops::Op;

use crate::fuse::{Fused, Unit, is_reduction};
use crate::schedule::{Schedule, read_elsewhere};

/// A place in one of the memories of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// Which memory; see [`ARENA`] and those after it.
    pub base: usize,
    /// The element.
    pub offset: usize,
}

/// The memory that the plan reuses from step to step.
pub(crate) const ARENA: usize = 0;
/// What a fused pass keeps between its operations.
pub(crate) const REGISTERS: usize = 1;
/// Where in the arena there is a 1.
pub(crate) const ONE: usize = 0;
/// The first of the arrays by name; after them come the outputs.
pub(crate) const ARRAYS: usize = 2;

/// Where everything lies.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The place of each stored value.
    pub places: Vec<Option<Place>>,
    /// The arrays that are read or written, by name.
    pub arrays: Vec<String>,
    /// Numbers that the arena begins with and keeps.
    pub constants: Vec<f64>,
    /// The arena's length.
    pub arena: usize,
    /// What must live at the worst moment, without regard to where it lies.
    pub live: usize,
    /// Values that are copied to their arrays at the very end: the value and the array's base.
    pub commits: Vec<(usize, usize)>,
}

/// Gives each stored value a place. Lengths in the arena are rounded up to `align` elements.
pub(crate) fn lay_out(fused: &Fused, schedule: &Schedule, align: usize) -> Layout {
    let Fused { net, stored, units, .. } = fused;
    let mut places: Vec<Option<Place>> = vec![None; net.nodes.len()];
    let (mut arrays, mut constants) = (Vec::new(), vec![1.0]);
    let mut base_of = HashMap::new();
    for (y, node) in net.nodes.iter().enumerate() {
        match &node.op {
            Op::Input(input) => {
                let base = ARRAYS + arrays.len();
                base_of.insert(input.name().to_owned(), base);
                arrays.push(input.name().to_owned());
                places[y] = Some(Place { base, offset: 0 });
            }
            Op::Constant(number) => {
                places[y] = Some(Place { base: ARENA, offset: constants.len() });
                constants.push(number.value());
            }
            _ => {}
        }
    }
    let mut commits = Vec::new();
    for ((name, y), in_place) in net.updates.iter().zip(&schedule.in_place) {
        let base = *base_of.entry(name.clone()).or_insert_with(|| {
            arrays.push(name.clone());
            ARRAYS + arrays.len() - 1
        });
        match in_place {
            true => places[*y] = Some(Place { base, offset: 0 }),
            false => commits.push((*y, base)),
        }
    }
    for (k, &y) in net.outputs.iter().enumerate() {
        places[y] = Some(Place { base: ARRAYS + arrays.len() + k, offset: 0 });
    }

    // The last position at which each value is read.
    let mut last = vec![0; net.nodes.len()];
    for (t, &u) in schedule.order.iter().enumerate() {
        let reads = units[u].nodes().iter().flat_map(|&y| fused.reads(y));
        reads.for_each(|x| last[x.root] = t);
        // Max-pooling may be done by the way of a convolution, which then reads its operands while
        // the results of pooling are written.
        if let Unit::Kernel(y) = units[u]
            && matches!(net.nodes[y].op, Op::MaxPool2d(_))
        {
            let pooled = fused.reads(y).next().map_or(y, |x| x.root);
            if let Op::Conv2d(_) = net.nodes[pooled].op {
                fused.reads(pooled).for_each(|x| last[x.root] = t);
            }
        }
    }
    commits.iter().for_each(|&(y, _)| last[y] = usize::MAX);

    let rounded = |y: usize| net.nodes[y].len().next_multiple_of(align);
    let mut arena = Arena::new(constants.len().next_multiple_of(align));
    let mut dying: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (t, &u) in schedule.order.iter().enumerate() {
        let mut reusable = match &units[u] {
            Unit::Group(nodes) => {
                let elsewhere = read_elsewhere(fused, &units[u]);
                let reads = nodes.iter().flat_map(|&y| fused.reads(y)).map(|x| x.root);
                reads.filter(|x| last[*x] == t && !elsewhere.contains(x)).collect()
            }
            _ => Vec::new(),
        };
        for &y in units[u].nodes() {
            if !stored[y] || places[y].is_some() {
                continue;
            }
            let same = |&x: &usize| arena.holds(x) && rounded(x) == rounded(y);
            // A reduction is written while what comes later is still to be read.
            let own = is_reduction(&net.nodes[y].op);
            let old = reusable.iter().rposition(same).filter(|_| !own);
            let offset = match old {
                Some(k) => arena.inherit(reusable.swap_remove(k), y),
                None => arena.take(y, rounded(y)),
            };
            places[y] = Some(Place { base: ARENA, offset });
            dying.entry(last[y].max(t)).or_default().push(y);
        }
        dying.remove(&t).into_iter().flatten().for_each(|x| arena.release(x));
    }
    let Arena { len, live, .. } = arena;
    Layout { places, arrays, constants, arena: len, live: live.1, commits }
}

/// Memory that is taken and released in pieces; a piece is the first gap that is large enough.
struct Arena {
    len: usize,
    /// Gaps by their offsets.
    free: BTreeMap<usize, usize>,
    held: HashMap<usize, (usize, usize)>,
    /// What is held now, and what was at the worst moment.
    live: (usize, usize),
}

impl Arena {
    fn new(len: usize) -> Self {
        Self { len, free: BTreeMap::new(), held: HashMap::new(), live: (len, len) }
    }

    fn holds(&self, value: usize) -> bool {
        self.held.contains_key(&value)
    }

    fn take(&mut self, value: usize, len: usize) -> usize {
        // The smallest gap that is large enough, or else one at the end that can grow.
        let fits = self.free.iter().filter(|&(_, &gap)| gap >= len).min_by_key(|&(_, &gap)| gap);
        let last = self.free.last_key_value().filter(|&(at, gap)| at + gap == self.len);
        let offset = match (fits, last) {
            (Some((&offset, _)), _) | (None, Some((&offset, _))) => offset,
            (None, None) => self.len,
        };
        if let Some(gap) = self.free.remove(&offset)
            && gap > len
        {
            self.free.insert(offset + len, gap - len);
        }
        self.len = self.len.max(offset + len);
        self.held.insert(value, (offset, len));
        self.live.0 += len;
        self.live.1 = self.live.1.max(self.live.0);
        offset
    }

    /// Hands the place of one value to another.
    fn inherit(&mut self, from: usize, to: usize) -> usize {
        let place = self.held.remove(&from).expect("a value that is held");
        self.held.insert(to, place);
        place.0
    }

    fn release(&mut self, value: usize) {
        let Some((mut offset, mut len)) = self.held.remove(&value) else { return };
        self.live.0 -= len;
        if len == 0 {
            return;
        }
        if let Some(next) = self.free.remove(&(offset + len)) {
            len += next;
        }
        if let Some((&before, &gap)) = self.free.range(..offset).next_back()
            && before + gap == offset
        {
            (offset, len) = (before, gap + len);
        }
        self.free.insert(offset, len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Values that are held at one time never overlap, and memory is used again.
        #[test]
        fn pieces_do_not_overlap(calls in prop::collection::vec((0usize..20, 0usize..50), 1..200)) {
            let mut arena = Arena::new(8);
            let mut held: HashMap<usize, (usize, usize)> = HashMap::new();
            for (value, len) in calls {
                if held.remove(&value).is_some() {
                    arena.release(value);
                } else {
                    let offset = arena.take(value, len);
                    prop_assert!(offset >= 8 && offset + len <= arena.len);
                    for &(other, other_len) in held.values() {
                        let apart = offset + len <= other || other + other_len <= offset;
                        prop_assert!(apart || len == 0 || other_len == 0);
                    }
                    held.insert(value, (offset, len));
                }
                let live: usize = held.values().map(|(_, len)| len).sum();
                prop_assert_eq!(arena.live.0, 8 + live);
            }
            held.keys().for_each(|&value| arena.release(value));
            let free: usize = arena.free.values().sum();
            prop_assert_eq!(free + 8, arena.len, "all of it, in one piece");
            prop_assert!(arena.free.len() <= 1);
        }
    }

    #[test]
    fn a_gap_is_used_again() {
        let mut arena = Arena::new(0);
        let places = [arena.take(0, 10), arena.take(1, 5), arena.take(2, 10)];
        assert_eq!(places, [0, 10, 15]);
        arena.release(1);
        arena.release(0);
        assert_eq!(arena.take(3, 12), 0, "the two gaps are one");
        assert_eq!((arena.len, arena.live.1), (25, 25));
    }
}
