//! Which values are stored, and which element-wise operations run as one pass.
//!
//! Invariant: the units depend on each other without a cycle. The depth of a value is how many
//! passes must come after it; it falls along every operand that is not read within its own pass, so
//! values of one depth never wait for each other.

use std::collections::HashMap;

use gradus_ops::{Op, Reshape, Shape};

use crate::absorb::Taken;
use crate::net::{Net, Node, Way};
use crate::view::{View, views};

/// What runs at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Element-wise operations over the same elements, in the order of the net, and reductions of
    /// their results.
    Group(Vec<usize>),
    /// One operation with its own kernel.
    Kernel(usize),
    /// A value in another arrangement, copied.
    Copy(usize),
}

impl Unit {
    /// The nodes that are computed.
    pub fn nodes(&self) -> &[usize] {
        match self {
            Unit::Group(nodes) => nodes,
            Unit::Kernel(node) | Unit::Copy(node) => std::slice::from_ref(node),
        }
    }
}

/// A net with what is decided about it.
#[derive(Debug)]
pub(crate) struct Fused {
    pub net: Net,
    /// Which stored elements each node's value is.
    pub views: Vec<View>,
    /// Whether a value is stored, in the memory of the plan or the caller's.
    pub stored: Vec<bool>,
    /// In no particular order.
    pub units: Vec<Unit>,
    /// What products have taken on.
    pub taken: HashMap<usize, Taken>,
}

impl Fused {
    /// What a node reads of the stored values.
    pub fn reads(&self, y: usize) -> impl Iterator<Item = &View> {
        self.net.nodes[y].operands.iter().map(|&x| &self.views[x])
    }

    /// Whether `y`, which acts element by element, reads the operand at its own places only.
    pub fn in_step(&self, y: usize, x: &View) -> bool {
        reads_in_step(&self.net, y, x)
    }
}

fn reads_in_step(net: &Net, y: usize, x: &View) -> bool {
    let root = net.nodes[x.root].len();
    x.is_standard() && x.offset == 0 && root == net.nodes[y].len()
}

/// Whether kernels take an operand in this arrangement; all others are copied before.
pub(crate) type Takes = fn(&Node, usize, &View) -> bool;

/// Whether a pass that makes a value also reduces it at its end.
pub(crate) type Ends<'a> = dyn Fn(&Node, &View) -> bool + 'a;

/// Decides what is stored and what runs together.
pub(crate) fn fuse(
    mut net: Net, taken: HashMap<usize, Taken>, takes: Takes, ends: &Ends<'_>,
) -> Fused {
    let copies = own_results(&mut net);
    let mut stored: Vec<bool> = (0..net.nodes.len()).map(|y| !rearranges(&net, y)).collect();
    stored[copies..].fill(true);
    for (y, node) in net.nodes.iter().enumerate() {
        stored[y] |= node.way == Way::Copied;
    }
    let seen = views(&net, &stored);
    for (y, node) in net.nodes.iter().enumerate() {
        // A rearrangement that is none, because the numbers do not lie right.
        stored[y] |= seen[y].root == y;
        if !rearranges(&net, y) && !node.op.is_elementwise() {
            for (k, &x) in node.operands.iter().enumerate() {
                stored[x] |= !takes(node, k, &seen[x]);
            }
        }
    }
    let views = views(&net, &stored);

    let elementwise = |y: usize| net.nodes[y].op.is_elementwise();
    let leaf = |y: usize| matches!(net.nodes[y].op, Op::Input(_) | Op::Constant(_));
    let uses = net.uses();
    let wanted = |&y: &usize| stored[y] && !leaf(y) && uses[y] > 0;
    let computed: Vec<usize> = (0..net.nodes.len()).filter(wanted).collect();
    let reduces = |y: usize| {
        let node = &net.nodes[y];
        let x = node.operands.first().map(|&x| &views[x]);
        is_reduction(&node.op) && x.is_some_and(|x| elementwise(x.root) && ends(node, x))
    };
    let ending: Vec<bool> = (0..net.nodes.len()).map(reduces).collect();
    let together = |y: usize, x: &View| {
        ending[y] || elementwise(y) && elementwise(x.root) && reads_in_step(&net, y, x)
    };
    let mut depth = vec![0; net.nodes.len()];
    for &y in computed.iter().rev() {
        for x in net.nodes[y].operands.iter().map(|&x| &views[x]) {
            let further = depth[y] + usize::from(!together(y, x));
            depth[x.root] = depth[x.root].max(further);
        }
    }
    // A reduction need not wait for those who read it.
    for &y in computed.iter().filter(|&&y| ending[y]) {
        depth[y] = depth[views[net.nodes[y].operands[0]].root];
    }
    let mut groups = Sets::new(net.nodes.len());
    let mut outside = vec![false; net.nodes.len()];
    for &y in &computed {
        for x in net.nodes[y].operands.iter().map(|&x| &views[x]) {
            match together(y, x) && depth[x.root] == depth[y] {
                true => groups.join(x.root, y),
                false => outside[x.root] = true,
            }
        }
    }
    let results = net.outputs.iter().chain(net.updates.iter().map(|(_, y)| y));
    results.for_each(|&y| outside[views[y].root] = true);

    let mut units: Vec<Unit> = Vec::new();
    let mut unit_of = vec![usize::MAX; net.nodes.len()];
    for &y in &computed {
        if !elementwise(y) && !ending[y] {
            let copied = rearranges(&net, y);
            units.push(if copied { Unit::Copy(y) } else { Unit::Kernel(y) });
            continue;
        }
        stored[y] = outside[y] || ending[y];
        let first = groups.first(y);
        if unit_of[first] == usize::MAX {
            unit_of[first] = units.len();
            units.push(Unit::Group(Vec::new()));
        }
        let Unit::Group(nodes) = &mut units[unit_of[first]] else { unreachable!("a group") };
        nodes.push(y);
    }
    Fused { net, views, stored, units, taken }
}

/// Gives each output and update a value of its own that is computed: where it is not, a copy is
/// appended. Returns the place from which on there are copies.
fn own_results(net: &mut Net) -> usize {
    let copies = net.nodes.len();
    let mut taken = vec![false; copies];
    let results = net.updates.iter_mut().map(|(_, y)| y).chain(&mut net.outputs);
    for y in results {
        let Node { op, sizes, origin, .. } = &net.nodes[*y];
        let given = matches!(op, Op::Input(_) | Op::Constant(_)) || is_view(op);
        if given || std::mem::replace(&mut taken[*y], true) {
            let op = Reshape { shape: Shape::from(sizes.as_slice()) }.into();
            let (operands, sizes, origin) = ([*y].as_slice().into(), sizes.clone(), *origin);
            net.nodes.push(Node { op, way: Way::Plain, operands, sizes, origin });
            *y = net.nodes.len() - 1;
        }
    }
    copies
}

fn rearranges(net: &Net, y: usize) -> bool {
    is_view(&net.nodes[y].op)
}

/// Whether the operation is one that a pass can end with.
pub(crate) fn is_reduction(op: &Op) -> bool {
    matches!(op, Op::Sum(_) | Op::Max(_))
}

/// Whether the operation only arranges the numbers of its operand.
fn is_view(op: &Op) -> bool {
    matches!(op, Op::Reshape(_) | Op::Broadcast(_) | Op::Transpose(_) | Op::Slice(_))
}

/// Disjoint sets of nodes, each known by its first.
struct Sets(Vec<usize>);

impl Sets {
    fn new(len: usize) -> Self {
        Self((0..len).collect())
    }

    fn first(&mut self, mut x: usize) -> usize {
        while self.0[x] != x {
            self.0[x] = self.0[self.0[x]];
            x = self.0[x];
        }
        x
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.first(a), self.first(b));
        self.0[a.max(b)] = a.min(b);
    }
}
