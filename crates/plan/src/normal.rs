//! Operations in the forms that have kernels.
//!
//! A constant power is a power. In a fast plan a sum or a maximum is taken over axes that lie side by
//! side, one such group after another, the last first; softmax, its logarithm and log-sum-exp along
//! the last axis, or along one that many neighbours have in common; and the transpose of a product is a product of transposes.

use gradus_ops::{Axes, Constant, LogSoftmax, LogSumExp, Max, Op, Pow, Reshape, Shape, Softmax};
use gradus_ops::{Square, Sum, Transpose};

use crate::kernels::Numerics;
use crate::net::{Net, Node, Sizes, Way, broadcast};

/// The net in normal form.
pub(crate) fn normalise(net: &Net, numerics: Numerics) -> Net {
    let uses = net.uses();
    let mut made: Vec<Node> = Vec::with_capacity(net.nodes.len());
    let mut place = Vec::with_capacity(net.nodes.len());
    for node in &net.nodes {
        let operands = node.operands.iter().map(|&x| place[x]).collect();
        let (origin, way) = (node.origin, node.way);
        let mut writer = Writer { made: &mut made, origin, way, numerics };
        let alone = node.operands.first().is_some_and(|&x| uses[x] == 1);
        place.push(writer.write(Node { operands, ..node.clone() }, alone));
    }
    let outputs = net.outputs.iter().map(|&y| place[y]).collect();
    let updates = net.updates.iter().map(|(name, y)| (name.clone(), place[*y])).collect();
    Net { nodes: made, outputs, updates }
}

/// How many neighbours fill a register well enough.
const MANY: usize = 8;

/// How many numbers lie side by side behind an axis.
fn neighbours(sizes: &[usize], axis: usize) -> usize {
    sizes[axis + 1..].iter().product()
}

/// Appends nodes that serve one node of the program.
struct Writer<'a> {
    made: &'a mut Vec<Node>,
    origin: usize,
    way: Way,
    numerics: Numerics,
}

impl Writer<'_> {
    /// The node in normal form; `alone` if nobody else reads its first operand.
    fn write(&mut self, node: Node, alone: bool) -> usize {
        match &node.op {
            Op::PowConst(power) => self.power(power.exponent(), &node),
            _ if self.numerics == Numerics::Exact => {
                self.push(node.op.clone(), &node.operands, &node.sizes)
            }
            Op::Transpose(_)
                if alone && node.way == Way::Plain && self.is_product(node.operands[0]) =>
            {
                self.transposed_product(&node)
            }
            Op::Sum(sum) => self.groups(sum.axes, &node, |axes| Sum { axes }.into()),
            Op::Max(max) => self.groups(max.axes, &node, |axes| Max { axes }.into()),
            Op::Softmax(softmax) => {
                self.along_last(softmax.axis, &node, |axis| Softmax { axis }.into())
            }
            Op::LogSoftmax(softmax) => {
                self.along_last(softmax.axis, &node, |axis| LogSoftmax { axis }.into())
            }
            Op::LogSumExp(sum) => self.log_sum_exp(sum.axes, &node),
            _ => self.push(node.op.clone(), &node.operands, &node.sizes),
        }
    }

    fn push(&mut self, op: Op, operands: &[usize], sizes: &[usize]) -> usize {
        let (operands, sizes) = (operands.into(), sizes.into());
        self.made.push(Node { op, way: self.way, operands, sizes, origin: self.origin });
        self.made.len() - 1
    }

    /// Whether it is a product of two matrices.
    fn is_product(&self, x: usize) -> bool {
        matches!(self.made[x].op, Op::Matmul(_)) && self.made[x].sizes.len() == 2
    }

    /// (A B)ᵀ = Bᵀ Aᵀ, where the transposes are only seen.
    fn transposed_product(&mut self, node: &Node) -> usize {
        let Node { op, operands, .. } = self.made[node.operands[0]].clone();
        let turned = [operands[1], operands[0]].map(|x| {
            let sizes = [self.made[x].sizes[1], self.made[x].sizes[0]];
            self.push(node.op.clone(), &[x], &sizes)
        });
        self.push(op, &turned, &node.sizes)
    }

    fn power(&mut self, exponent: f64, node: &Node) -> usize {
        let x = node.operands[0];
        if exponent == 2.0 && self.numerics == Numerics::Fast {
            return self.push(Square.into(), &[x], &node.sizes);
        }
        let mut p = self.push(Constant::new(exponent).into(), &[], &[]);
        if !node.sizes.is_empty() {
            p = self.push(
                broadcast((0..node.sizes.len()).collect(), &node.sizes),
                &[p],
                &node.sizes,
            );
        }
        self.push(Pow.into(), &[x, p], &node.sizes)
    }

    /// One reduction for each group of neighbouring axes, the last group first.
    fn groups(&mut self, axes: Axes, node: &Node, op: impl Fn(Axes) -> Op) -> usize {
        let mut x = node.operands[0];
        let mut sizes: Sizes = self.made[x].sizes.clone();
        let mut open: Vec<usize> = axes.iter().collect();
        while let Some(last) = open.pop() {
            let mut first = last;
            while open.last() == first.checked_sub(1).as_ref() && first > 0 {
                first = open.pop().unwrap_or(first);
            }
            sizes.drain(first..=last);
            x = self.push(op((first..=last).collect()), &[x], &sizes);
        }
        x
    }

    /// The operation along the last axis of the transposed operand, transposed back.
    fn along_last(&mut self, axis: usize, node: &Node, op: impl Fn(usize) -> Op) -> usize {
        let (x, last) = (node.operands[0], node.sizes.len() - 1);
        if axis == last || neighbours(&node.sizes, axis) >= MANY {
            return self.push(op(axis), &[x], &node.sizes);
        }
        let mut order: Vec<usize> = (0..=last).collect();
        order.swap(axis, last);
        let sizes: Sizes = order.iter().map(|&axis| node.sizes[axis]).collect();
        let swapped = self.push(Transpose::new(&order).into(), &[x], &sizes);
        let y = self.push(op(last), &[swapped], &sizes);
        self.push(Transpose::new(&order).into(), &[y], &node.sizes)
    }

    /// The reduced axes last, as one; then one reduction.
    fn log_sum_exp(&mut self, axes: Axes, node: &Node) -> usize {
        let mut x = node.operands[0];
        let all = self.made[x].sizes.clone();
        let axis = axes.iter().next().filter(|_| axes.len() == 1);
        if axis.is_some_and(|axis| neighbours(&all, axis) >= MANY) {
            return self.push(node.op.clone(), &[x], &node.sizes);
        }
        let (mut order, reduced): (Vec<usize>, Vec<usize>) =
            (0..all.len()).partition(|&axis| !axes.contains(axis));
        let kept: usize = order.iter().map(|&axis| all[axis]).product();
        let length: usize = reduced.iter().map(|&axis| all[axis]).product();
        order.extend(reduced);
        if !order.iter().copied().eq(0..all.len()) {
            let sizes: Sizes = order.iter().map(|&axis| all[axis]).collect();
            x = self.push(Transpose::new(&order).into(), &[x], &sizes);
        }
        x = self.reshape(x, &[kept, length]);
        let y = self.push(LogSumExp { axes: [1].into() }.into(), &[x], &[kept]);
        self.reshape(y, &node.sizes)
    }

    fn reshape(&mut self, x: usize, sizes: &[usize]) -> usize {
        if self.made[x].sizes.as_slice() == sizes {
            return x;
        }
        self.push(Reshape { shape: Shape::from(sizes) }.into(), &[x], sizes)
    }
}
