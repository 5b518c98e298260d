//! A batch with its examples along the last axis.
//!
//! Networks are written with the examples first. Where a layer has few units or small maps, its rows
//! are too short for wide registers; with the examples last, each lane of a register is an example,
//! a weight is the same for all lanes, and nothing is left over at the end of a row. So the net is
//! written again with that axis last: inputs are turned once, outputs turned back.
//!
//! Invariant: a node whose examples are not last is what it was. What cannot be written with the
//! examples last is computed with the examples first, between two turns.

use gradus_ops::{
    Axes, Concat, Conv2d, Conv2dFilterAdjoint, Conv2dInputAdjoint, Convolution, Dim, LogSoftmax,
    LogSumExp, Max, MaxPool2d, Op, Pad, Pooling, Program, Reshape, Shape, Slice, Softmax, Sum,
    Transpose,
};
use smallvec::SmallVec;

use crate::net::{Net, Node, Sizes, Way, broadcast};

/// For each node of a program, which of its axes is that of the examples.
#[derive(Clone, Debug)]
pub(crate) struct Examples {
    /// The named axis.
    pub name: std::sync::Arc<str>,
    /// Where it is in the node's shape, if it stands there once and alone.
    pub axis: Vec<Option<usize>>,
    /// Whether the node's shape has no such axis at all.
    pub free: Vec<bool>,
}

impl Examples {
    /// The named axis that most nodes have, if there is one.
    pub fn of(program: &Program) -> Option<Self> {
        let dims = program.steps().iter().flat_map(|step| step.shape.dims());
        let mut counts = std::collections::BTreeMap::new();
        for name in dims.flat_map(Dim::axes) {
            *counts.entry(name.clone()).or_insert(0) += 1;
        }
        let (name, _) = counts.into_iter().max_by_key(|(_, count)| *count)?;
        let (mut axis, mut free) = (Vec::new(), Vec::new());
        for step in program.steps() {
            let dims = step.shape.dims().iter().enumerate();
            let mut with = dims.filter(|(_, dim)| dim.axes().contains(&name));
            let (first, more) = (with.next(), with.next().is_some());
            let alone = first.filter(|(_, dim)| !more && dim.size() == 1 && dim.axes().len() == 1);
            axis.push(alone.map(|(k, _)| k));
            free.push(first.is_none());
        }
        Some(Self { name, axis, free })
    }

    /// For nodes that have the axes of these.
    pub fn of_nodes(&self, nodes: &[usize]) -> Self {
        let axis = nodes.iter().map(|&y| self.axis[y]).collect();
        let free = nodes.iter().map(|&y| self.free[y]).collect();
        Self { name: self.name.clone(), axis, free }
    }
}

/// How many numbers a weight may have: it is read for each of a few registers of examples.
const WEIGHTS: usize = 1 << 16;

/// Whether the net had better be computed with the examples last, in registers of so many numbers.
pub(crate) fn pays(net: &Net, examples: &Examples, lanes: usize) -> bool {
    // With rows of pictures instead, registers are filled less than half.
    let pictures = net.nodes.iter().any(|node| matches!(node.op, Op::Conv2d(_)));
    let least = if pictures { lanes / 2 } else { lanes };
    let mut found = false;
    for (y, node) in net.nodes.iter().enumerate() {
        let Some(p) = examples.axis[y] else { continue };
        if node.sizes[p] < least {
            return false;
        }
        match &node.op {
            Op::Matmul(_) => {
                let shared = node.operands.iter().filter(|&&x| examples.free[x]);
                let largest = shared.map(|&x| net.nodes[x].len()).max();
                if largest.is_none_or(|weights| weights > WEIGHTS) {
                    return false;
                }
                found = true;
            }
            Op::Conv2d(_) | Op::MaxPool2d(_) => found = true,
            _ => {}
        }
    }
    found
}

/// The net with its examples last, node by node the same.
pub(crate) fn examples_last(net: &Net, examples: &Examples) -> Net {
    let none = vec![None; net.nodes.len()];
    let mut reads_winners = vec![false; net.nodes.len()];
    for node in &net.nodes {
        if let Op::MaxPool2dScatter(_) | Op::MaxPool2dGather(_) = node.op {
            reads_winners[node.operands[0]] = true;
        }
    }
    let (made, first, last) = (Vec::new(), none.clone(), none);
    let mut writer = Writer { net, examples, reads_winners, made, first, last, origin: 0 };
    for y in 0..net.nodes.len() {
        writer.origin = net.nodes[y].origin;
        if let Some(last) = writer.written_last(y) {
            match examples.axis[y] {
                Some(_) => writer.last[y] = Some(last),
                None => writer.first[y] = Some(last),
            }
            continue;
        }
        let node = &net.nodes[y];
        let operands = node.operands.iter().map(|&x| writer.first(x)).collect();
        writer.made.push(Node { operands, ..node.clone() });
        writer.first[y] = Some(writer.made.len() - 1);
    }
    let outputs = net.outputs.iter().map(|&y| writer.first(y)).collect();
    let updates = net.updates.iter().map(|(name, y)| (name.clone(), writer.first(*y)));
    let updates = updates.collect();
    Net { nodes: writer.made, outputs, updates }
}

struct Writer<'a> {
    net: &'a Net,
    examples: &'a Examples,
    /// Whether derivatives of max-pooling ask where the winners of these pictures are.
    reads_winners: Vec<bool>,
    made: Vec<Node>,
    /// The values as they were, and with the examples last, where there are any.
    first: Vec<Option<usize>>,
    last: Vec<Option<usize>>,
    origin: usize,
}

impl Writer<'_> {
    fn push(&mut self, op: Op, way: Way, operands: &[usize], sizes: Sizes) -> usize {
        let (operands, origin) = (operands.into(), self.origin);
        self.made.push(Node { op, way, operands, sizes, origin });
        self.made.len() - 1
    }

    fn sizes(&self, y: usize) -> &Sizes {
        &self.net.nodes[y].sizes
    }

    /// The axis of the examples.
    fn axis(&self, y: usize) -> Option<usize> {
        self.examples.axis[y]
    }

    /// The value in the arrangement that the program gives it.
    fn first(&mut self, y: usize) -> usize {
        if let Some(first) = self.first[y] {
            return first;
        }
        let last = self.last[y].expect("one of the two");
        let (p, sizes) = (self.axis(y).expect("it has examples"), self.sizes(y).clone());
        let order: Vec<usize> = (0..sizes.len()).map(|axis| moved(axis, p, sizes.len())).collect();
        let first = self.push(Transpose::new(&order).into(), Way::Plain, &[last], sizes);
        self.first[y] = Some(first);
        first
    }

    /// The value with the examples last.
    fn last(&mut self, y: usize) -> usize {
        if let Some(last) = self.last[y] {
            return last;
        }
        let first = self.first[y].expect("one of the two");
        let p = self.axis(y).expect("it has examples");
        let sizes = sizes_last(self.sizes(y), p);
        let order = order_last(sizes.len(), p);
        let last = match order.is_sorted() {
            true => first,
            false => self.push(Transpose::new(&order).into(), Way::Copied, &[first], sizes),
        };
        self.last[y] = Some(last);
        last
    }

    /// The node computed from operands with the examples last, if it can be.
    fn written_last(&mut self, y: usize) -> Option<usize> {
        let Node { op, operands, sizes, .. } = &self.net.nodes[y];
        let x = *operands.first()?;
        let p = self.axis(y);
        // What has no examples may still be a sum over them.
        let own = p.map_or_else(|| sizes.clone(), |p| sizes_last(sizes, p));
        let rank = self.sizes(x).len();
        let q = self.axis(x);
        let op: Op = match (op, p, q) {
            (op, Some(_), _) if op.is_elementwise() => {
                if operands.iter().any(|&x| self.axis(x) != p) {
                    return None;
                }
                let operands: Vec<usize> = operands.iter().map(|&x| self.last(x)).collect();
                return Some(self.push(op.clone(), Way::Plain, &operands, own));
            }
            (Op::Broadcast(pattern), Some(p), _) => {
                let axes = pattern.axes.iter().map(|axis| moved(axis, p, sizes.len())).collect();
                let x = if q.is_some() { self.last(x) } else { self.first(x) };
                return Some(self.push(broadcast(axes, &own), Way::Plain, &[x], own));
            }
            (Op::Sum(sum), _, Some(q)) => {
                let op = Sum { axes: all_moved(sum.axes, q, rank) }.into();
                // A window's cotangent is somewhere among its cells.
                let x = self.scattered(x).filter(|_| sum.axes.contains(2) && sum.axes.contains(3));
                let x = x.map_or(operands[0], |(_, b)| b);
                let x = self.last(x);
                return Some(self.push(op, Way::Plain, &[x], own));
            }
            (Op::Max(max), _, Some(q)) => Max { axes: all_moved(max.axes, q, rank) }.into(),
            (Op::LogSumExp(sum), _, Some(q)) => {
                LogSumExp { axes: all_moved(sum.axes, q, rank) }.into()
            }
            (Op::Softmax(softmax), _, Some(q)) => {
                Softmax { axis: moved(softmax.axis, q, rank) }.into()
            }
            (Op::LogSoftmax(softmax), _, Some(q)) => {
                LogSoftmax { axis: moved(softmax.axis, q, rank) }.into()
            }
            (Op::Transpose(transpose), Some(p), Some(q)) => {
                let order: Vec<usize> = order_last(rank, p)
                    .iter()
                    .map(|&axis| moved(transpose.order()[axis], q, rank))
                    .collect();
                if order.is_sorted() {
                    return Some(self.last(x));
                }
                Transpose::new(&order).into()
            }
            (Op::Reshape(_), Some(p), Some(q)) => {
                let before = |sizes: &[usize], p: usize| sizes[..p].iter().product::<usize>();
                if before(sizes, p) != before(self.sizes(x), q) {
                    return None;
                }
                Reshape { shape: Shape::from(own.as_slice()) }.into()
            }
            (Op::Slice(slice), Some(p), Some(_)) if usize::from(slice.axis) != p => {
                let axis = moved(slice.axis.into(), p, rank) as u8;
                Slice { axis, ..*slice }.into()
            }
            (Op::Pad(pad), Some(p), Some(_)) if usize::from(pad.axis) != p => {
                Pad { axis: moved(pad.axis.into(), p, rank) as u8, ..*pad }.into()
            }
            (Op::Concat(concat), Some(p), Some(_)) if usize::from(concat.axis) != p => {
                let op = Concat { axis: moved(concat.axis.into(), p, rank) as u8 };
                let operands: Vec<usize> = operands.iter().map(|&x| self.last(x)).collect();
                return Some(self.push(op.into(), Way::Plain, &operands, own));
            }
            (Op::Matmul(_), ..) => return self.product(y),
            (Op::Conv2d(_) | Op::Conv2dInputAdjoint(_) | Op::Conv2dFilterAdjoint(_), ..) => {
                return self.convolution(y);
            }
            (Op::MaxPool2d(pool), Some(0), Some(0)) => {
                let last = self.last(x);
                let y = self.push(op.clone(), Way::ExamplesLast, &[last], own.clone());
                // They are known now, and then the pictures need not be kept.
                if self.reads_winners[x] {
                    self.winners(x, pool.pooling(), own);
                }
                return Some(y);
            }
            (Op::MaxPool2dScatter(scatter), Some(0), Some(0)) => {
                let sizes = sizes_last(self.sizes(operands[1]), 0);
                let winners = self.winners(x, scatter.pooling(), sizes);
                let b = self.last(operands[1]);
                return Some(self.push(op.clone(), Way::ExamplesLast, &[winners, b], own));
            }
            (Op::MaxPool2dGather(gather), Some(0), Some(0)) => {
                let winners = self.winners(x, gather.pooling(), own.clone());
                let b = self.last(operands[1]);
                return Some(self.push(op.clone(), Way::ExamplesLast, &[winners, b], own));
            }
            _ => return None,
        };
        let x = self.last(x);
        Some(self.push(op, Way::Plain, &[x], own))
    }

    /// The numbers of the winners among the windows of pictures.
    fn winners(&mut self, x: usize, pooling: Pooling, sizes: Sizes) -> usize {
        let x = self.last(x);
        self.push(MaxPool2d::new(pooling).into(), Way::Winners, &[x], sizes)
    }

    /// The geometry and the cotangents of windows without padding that `y` sends to their winners.
    fn scattered(&self, y: usize) -> Option<(Pooling, usize)> {
        let node = &self.net.nodes[y];
        let Op::MaxPool2dScatter(scatter) = &node.op else { return None };
        let pooling = scatter.pooling();
        (pooling.padding == [[0, 0]; 2]).then(|| (pooling, node.operands[1]))
    }

    /// The adjoint to filters behind pooling by 2×2, from the winners.
    fn filters_from_winners(&mut self, y: usize, convolution: Convolution) -> Option<usize> {
        let Node { op, operands, sizes, .. } = &self.net.nodes[y];
        let [x, maps] = [operands[0], operands[1]];
        let (pooling, b) = self.scattered(maps)?;
        let pictures = self.net.nodes[maps].operands[0];
        let even = |axis: usize| self.sizes(b)[axis] * 2 == self.sizes(maps)[axis];
        let squares = pooling == Pooling::new(2, 2) && even(2) && even(3);
        let single = convolution.stride == [1, 1] && convolution.dilation == [1, 1];
        if !squares || !single {
            return None;
        }
        let x = self.padded(x, convolution);
        let winners = self.winners(pictures, pooling, sizes_last(self.sizes(b), 0));
        let b = self.last(b);
        Some(self.push(op.clone(), Way::FromWinners, &[x, winners, b], sizes.clone()))
    }

    /// A product of two matrices: of weights with examples, or summed over the examples.
    fn product(&mut self, y: usize) -> Option<usize> {
        let Node { op, operands, sizes, .. } = &self.net.nodes[y];
        let [a, b] = [operands[0], operands[1]];
        if sizes.len() != 2 {
            return None;
        }
        let free = |x: usize| self.examples.free[x];
        let shape =
            |rows: usize, columns: usize| -> Sizes { [rows, columns].into_iter().collect() };
        let [m, n] = [sizes[0], sizes[1]];
        let k = self.sizes(a)[1];
        let [left, right] = match (self.axis(y), self.axis(a), self.axis(b)) {
            // (x w)ᵀ = wᵀ xᵀ, where xᵀ has the examples last.
            (Some(0), Some(0), None) if free(b) => {
                let (x, w) = (self.last(a), self.first(b));
                let w = self.turned(w, shape(n, k));
                return Some(self.push(op.clone(), Way::Plain, &[w, x], shape(n, m)));
            }
            (Some(1), None, Some(1)) if free(a) => [self.first(a), self.last(b)],
            (None, Some(1), Some(0)) if self.examples.free[y] => {
                let (left, right) = (self.last(a), self.last(b));
                [left, self.turned(right, shape(k, n))]
            }
            _ => return None,
        };
        Some(self.push(op.clone(), Way::Plain, &[left, right], shape(m, n)))
    }

    /// The transpose of a matrix, to these sizes.
    fn turned(&mut self, x: usize, sizes: Sizes) -> usize {
        self.push(Transpose::new(&[1, 0]).into(), Way::Plain, &[x], sizes)
    }

    /// A convolution of one group or an adjoint of it, of pictures that are padded before.
    fn convolution(&mut self, y: usize) -> Option<usize> {
        let Node { op, operands, sizes, .. } = &self.net.nodes[y];
        let [a, b] = [operands[0], operands[1]];
        let free = |x: usize| self.examples.free[x];
        let bare = |convolution: Convolution| Convolution { padding: [[0, 0]; 2], ..convolution };
        let (op, operands, sizes): (Op, [usize; 2], Sizes) = match op {
            Op::Conv2d(conv) if conv.convolution().groups == 1 => {
                if self.axis(a) != Some(0) || !free(b) {
                    return None;
                }
                let x = self.padded(a, conv.convolution());
                let op = Conv2d::new(bare(conv.convolution())).into();
                (op, [x, self.first(b)], sizes_last(sizes, 0))
            }
            Op::Conv2dInputAdjoint(conv) if conv.convolution().groups == 1 => {
                if self.axis(a) != Some(0) || !free(b) {
                    return None;
                }
                let op = Conv2dInputAdjoint::new(conv.convolution(), [sizes[2], sizes[3]]).into();
                (op, [self.last(a), self.first(b)], sizes_last(sizes, 0))
            }
            Op::Conv2dFilterAdjoint(conv) if conv.convolution().groups == 1 => {
                if self.axis(a) != Some(0) || self.axis(b) != Some(0) {
                    return None;
                }
                if let Some(made) = self.filters_from_winners(y, conv.convolution()) {
                    return Some(made);
                }
                let x = self.padded(a, conv.convolution());
                let convolution = bare(conv.convolution());
                let op = Conv2dFilterAdjoint::new(convolution, [sizes[2], sizes[3]]).into();
                (op, [x, self.last(b)], sizes.clone())
            }
            _ => return None,
        };
        Some(self.push(op, Way::ExamplesLast, &operands, sizes))
    }

    /// Pictures with zeros around them, the examples last.
    fn padded(&mut self, x: usize, convolution: Convolution) -> usize {
        let mut x = self.last(x);
        for (axis, [low, high]) in convolution.padding.into_iter().enumerate() {
            if low + high > 0 {
                let mut sizes = self.made[x].sizes.clone();
                sizes[axis + 1] += low + high;
                let (low, high) = (low as u32, high as u32);
                let pad = Pad { axis: axis as u8 + 1, low, high, between: 0 };
                x = self.push(pad.into(), Way::Plain, &[x], sizes);
            }
        }
        x
    }
}

/// The sizes with those of axis `p` last.
fn sizes_last(sizes: &[usize], p: usize) -> Sizes {
    order_last(sizes.len(), p).iter().map(|&axis| sizes[axis]).collect()
}

/// All axes in order, but axis `p` last.
fn order_last(rank: usize, p: usize) -> SmallVec<[usize; 4]> {
    (0..rank).filter(|&axis| axis != p).chain([p]).collect()
}

/// Where an axis is when axis `p` of so many has become the last.
fn moved(axis: usize, p: usize, rank: usize) -> usize {
    match axis.cmp(&p) {
        std::cmp::Ordering::Less => axis,
        std::cmp::Ordering::Equal => rank - 1,
        std::cmp::Ordering::Greater => axis - 1,
    }
}

fn all_moved(axes: Axes, p: usize, rank: usize) -> Axes {
    axes.iter().map(|axis| moved(axis, p, rank)).collect()
}
