//! Max-pooling before the activation function, not after it.
//!
//! An activation function f that never falls has its largest value where its argument is largest, so
//! max-pooling f(z) is f of max-pooled z: f is taken of fewer numbers. In the backward pass the
//! cotangent ȳ goes to the winner of each window and is multiplied by f′, which is a formula in
//! f(z); of the cells of a window only the winner's counts, so it is multiplied before.
//!
//! The winner is then the largest z. Where f rounds different z to one number, f(z) has a first
//! largest cell and z another; there a fast plan differs from the reference evaluator as it does
//! where z itself is rounded.

use gradus_ops::{MaxPool2d, MaxPool2dScatter, Op, Pooling};

use crate::examples_last::Examples;
use crate::net::{Net, Node, Sizes, broadcast};

/// The net with max-pooling before activation functions, and the examples of its nodes.
pub(crate) fn pool_first(net: &Net, examples: &Examples) -> (Net, Examples) {
    let len = net.nodes.len();
    let mut writer = Writer {
        net,
        made: Vec::new(),
        like: Vec::new(),
        place: vec![None; len],
        sent: vec![None; len],
    };
    for y in 0..len {
        writer.write(y);
    }
    let outputs = net.outputs.iter().map(|&y| writer.value(y)).collect();
    let updates = net.updates.iter().map(|(name, y)| (name.clone(), writer.value(*y)));
    let updates = updates.collect();
    (Net { nodes: writer.made, outputs, updates }, examples.of_nodes(&writer.like))
}

/// What a node is that sends numbers to the winners of windows: `made[inner]` to those of `net[x]`.
#[derive(Clone, Debug)]
struct Sent {
    pooling: Pooling,
    x: usize,
    inner: usize,
    /// What it has been multiplied by, as nodes of the net.
    factors: Vec<usize>,
}

struct Writer<'a> {
    net: &'a Net,
    made: Vec<Node>,
    /// For each of them, a node of the net that has its examples along the same axis.
    like: Vec<usize>,
    place: Vec<Option<usize>>,
    sent: Vec<Option<Sent>>,
}

impl Writer<'_> {
    fn push(
        &mut self, op: Op, operands: &[usize], sizes: &[usize], origin: usize, like: usize,
    ) -> usize {
        self.like.push(like);
        let (way, operands, sizes) = (Default::default(), operands.into(), sizes.into());
        self.made.push(Node { op, way, operands, sizes, origin });
        self.made.len() - 1
    }

    fn write(&mut self, y: usize) {
        let node = &self.net.nodes[y];
        match &node.op {
            Op::MaxPool2d(pool) if self.is_activated(node.operands[0], pool.pooling()) => {
                self.place[y] = Some(self.pooled(node.operands[0], pool.pooling(), y));
            }
            Op::MaxPool2dScatter(scatter)
                if self.is_activated(node.operands[0], scatter.pooling()) =>
            {
                let (pooling, x) = (scatter.pooling(), node.operands[0]);
                let inner = self.value(node.operands[1]);
                self.sent[y] = Some(Sent { pooling, x, inner, factors: Vec::new() });
            }
            Op::Mul(_) => {
                let (a, b) = (node.operands[0], node.operands[1]);
                self.sent[y] = self.multiplied(y, a, b).or_else(|| self.multiplied(y, b, a));
            }
            _ => {}
        }
        if self.sent[y].is_none() && self.place[y].is_none() {
            let operands = node.operands.iter().map(|&x| self.value(x)).collect();
            self.made.push(Node { operands, ..node.clone() });
            self.like.push(y);
            self.place[y] = Some(self.made.len() - 1);
        }
    }

    /// Whether `x` is a value of such a function, and no window is all padding.
    fn is_activated(&self, x: usize, pooling: Pooling) -> bool {
        pooling.padding == [[0, 0], [0, 0]] && self.activation(x).is_some()
    }

    /// The argument of the activation function that `x` is a value of, if it never falls.
    fn activation(&self, x: usize) -> Option<usize> {
        let node = &self.net.nodes[x];
        matches!(node.op, Op::Relu(_) | Op::Sigmoid(_) | Op::Tanh(_)).then(|| node.operands[0])
    }

    /// max-pooling of `x` = f(z), as f of max-pooled z, for a node.
    fn pooled(&mut self, x: usize, pooling: Pooling, y: usize) -> usize {
        let z = self.activation(x).expect("asked before");
        let (z, origin) = (self.value(z), self.net.nodes[y].origin);
        let sizes = pooled_sizes(&self.net.nodes[x].sizes, pooling);
        let largest = self.push(MaxPool2d::new(pooling).into(), &[z], &sizes, origin, x);
        self.push(self.net.nodes[x].op.clone(), &[largest], &sizes, origin, x)
    }

    /// What `y` = a b sends, if a sends numbers and b is a formula in the same f(z).
    fn multiplied(&mut self, y: usize, a: usize, b: usize) -> Option<Sent> {
        let mut sent = self.sent[a].clone()?;
        let factor = self.at_winners(b, &sent, y, 8)?;
        let sizes = self.made[sent.inner].sizes.clone();
        let origin = self.net.nodes[y].origin;
        sent.inner = self.push(gradus_ops::Mul.into(), &[sent.inner, factor], &sizes, origin, y);
        sent.factors.push(b);
        Some(sent)
    }

    /// A formula in x at the winners of its windows: at max-pooled x. So many operations deep.
    fn at_winners(&mut self, b: usize, sent: &Sent, y: usize, depth: usize) -> Option<usize> {
        if b == sent.x {
            return Some(self.pooled(sent.x, sent.pooling, y));
        }
        let node = &self.net.nodes[b];
        let sizes = pooled_sizes(&self.net.nodes[sent.x].sizes, sent.pooling);
        match &node.op {
            Op::Broadcast(_) if self.net.nodes[node.operands[0]].sizes.is_empty() => {
                let number = self.value(node.operands[0]);
                let all = broadcast((0..sizes.len()).collect(), &sizes);
                Some(self.push(all, &[number], &sizes, node.origin, sent.x))
            }
            op if op.is_elementwise() && depth > 0 => {
                let mut operands = Vec::new();
                for &x in &node.operands {
                    operands.push(self.at_winners(x, sent, y, depth - 1)?);
                }
                Some(self.push(op.clone(), &operands, &sizes, node.origin, sent.x))
            }
            _ => None,
        }
    }

    /// The value of a node in the new net.
    fn value(&mut self, y: usize) -> usize {
        if let Some(place) = self.place[y] {
            return place;
        }
        let sent = self.sent[y].clone().expect("it is written, or sends something");
        // Among cells with one f(z) the first wins; where f′ is a factor, that is 0 if they are
        // many, and the largest z will do.
        let of = match self.has_slope(&sent) {
            true => self.activation(sent.x).expect("asked before"),
            false => sent.x,
        };
        let (of, Node { sizes, origin, .. }) = (self.value(of), self.net.nodes[y].clone());
        let op = MaxPool2dScatter::new(sent.pooling).into();
        let place = self.push(op, &[of, sent.inner], &sizes, origin, y);
        self.place[y] = Some(place);
        place
    }

    /// Whether f′ is among the factors.
    fn has_slope(&self, sent: &Sent) -> bool {
        let node = |y: usize| &self.net.nodes[y];
        let number = |y: usize, value: f64| match (&node(y).op, node(y).operands.first()) {
            (Op::Broadcast(_), Some(&x)) => {
                matches!(node(x).op, Op::Constant(number) if number.value() == value)
            }
            _ => false,
        };
        let is_x = |y: usize| y == sent.x;
        let square = |y: usize| {
            matches!(node(y).op, Op::Mul(_) | Op::Square(_))
                && node(y).operands.iter().all(|&x| is_x(x))
        };
        let rest = |y: usize, of: &dyn Fn(usize) -> bool| {
            let operands = &node(y).operands;
            matches!(node(y).op, Op::Sub(_)) && number(operands[0], 1.0) && of(operands[1])
        };
        let any = |f: &dyn Fn(usize) -> bool| sent.factors.iter().any(|&factor| f(factor));
        match node(sent.x).op {
            Op::Relu(_) => any(&|y| {
                let operands = &node(y).operands;
                matches!(node(y).op, Op::Greater(_))
                    && is_x(operands[0])
                    && number(operands[1], 0.0)
            }),
            Op::Sigmoid(_) => any(&is_x) && any(&|y| rest(y, &is_x)),
            Op::Tanh(_) => any(&|y| rest(y, &square)),
            _ => false,
        }
    }
}

/// The sizes of pooled pictures.
fn pooled_sizes(x: &[usize], pooling: Pooling) -> Sizes {
    let size = |axis: usize| {
        let [low, high] = pooling.padding[axis];
        (x[axis + 2] + low + high - pooling.window[axis]) / pooling.stride[axis] + 1
    };
    [x[0], x[1], size(0), size(1)].into_iter().collect()
}
