//! What a product of matrices takes on: a bias that is added to it, or an array that it is added to.
//!
//! Where a weight is replaced by itself and a multiple of a product, as in gradient descent, the
//! product is added up in the weight's own memory, and the gradient is never stored.

use std::collections::HashMap;

use gradus_ops::Op;
use smallvec::smallvec;

use crate::net::{Net, Node, Way};

/// What is added to a product: the operands that follow the two matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// One row for all: the third operand.
    Bias,
    /// One column for all: the third operand.
    Column,
    /// The third operand, which is as large as the product, plus or minus the product.
    Sum { minus: bool },
    /// The third operand plus or minus the product times the fourth, which is a single number.
    Multiple { minus: bool },
}

impl Taken {
    /// Whether it is a bias, that is read and not written.
    pub fn is_bias(self) -> bool {
        matches!(self, Taken::Bias | Taken::Column)
    }
}

/// The net in which products have taken on what they can, by their nodes.
pub(crate) fn absorb(mut net: Net) -> (Net, HashMap<usize, Taken>) {
    let uses = net.uses();
    let mut taken = HashMap::new();
    let mut names = HashMap::new();
    for (name, y) in &net.updates {
        names.insert(*y, name.clone());
    }
    for y in 0..net.nodes.len() {
        let node = &net.nodes[y];
        let alone = |x: usize| uses[x] == 1;
        let product = |x: usize| {
            let node = &net.nodes[x];
            let fits = matches!(node.op, Op::Matmul(_)) && node.sizes.len() == 2 && alone(x);
            fits.then(|| [node.operands[0], node.operands[1]]).filter(|_| !taken.contains_key(&x))
        };
        let minus = match node.op {
            Op::Add(_) => false,
            Op::Sub(_) => true,
            _ => continue,
        };
        let (a, b) = (node.operands[0], node.operands[1]);
        let bias = |m: usize, b: usize| {
            let [x, w] = product(m)?;
            let row = repeated(&net, b, &[0]).map(|row| (Taken::Bias, row));
            let column = || repeated(&net, b, &[1]).map(|column| (Taken::Column, column));
            let (kind, b) = row.or_else(column)?;
            Some((kind, smallvec![x, w, b]))
        };
        let map_bias = |m: usize, b: usize| {
            let maps = &net.nodes[m];
            let Op::Conv2d(_) = maps.op else { return None };
            let axes = if maps.way == Way::ExamplesLast { [1, 2, 3] } else { [0, 2, 3] };
            let bias = repeated(&net, b, &axes);
            let bias = bias.filter(|_| alone(m) && !taken.contains_key(&m))?;
            let operands = smallvec![maps.operands[0], maps.operands[1], bias];
            Some(Node { operands, sizes: net.nodes[y].sizes.clone(), ..maps.clone() })
        };
        if let (false, Some(maps)) = (minus, map_bias(a, b).or_else(|| map_bias(b, a))) {
            net.nodes[y] = Node { origin: net.nodes[y].origin, ..maps };
            taken.insert(y, Taken::Bias);
            continue;
        }
        let found = if let (false, Some(found)) = (minus, bias(a, b).or_else(|| bias(b, a))) {
            Some(found)
        } else if names.get(&y).is_some_and(|name| is_input(&net.nodes[a], name)) {
            match (product(b), multiple(&net, b).filter(|_| alone(b))) {
                (Some([x, w]), _) => Some((Taken::Sum { minus }, smallvec![x, w, a])),
                (None, Some((m, factor))) => {
                    product(m).map(|[x, w]| (Taken::Multiple { minus }, smallvec![x, w, a, factor]))
                }
                (None, None) => None,
            }
        } else {
            None
        };
        let Some((kind, operands)) = found else { continue };
        // An array that the product reads cannot also be what it is added up in.
        if !kind.is_bias() && reads(&net, &operands[..2], a) {
            continue;
        }
        let op = gradus_ops::Matmul.into();
        net.nodes[y] = Node { op, operands, ..net.nodes[y].clone() };
        taken.insert(y, kind);
    }
    (net, taken)
}

/// The vector that `y` repeats along these axes.
fn repeated(net: &Net, y: usize, axes: &[usize]) -> Option<usize> {
    let node = &net.nodes[y];
    match &node.op {
        Op::Broadcast(broadcast) if broadcast.axes == axes.into() => Some(node.operands[0]),
        _ => None,
    }
}

/// The array and the number whose product `y` is.
fn multiple(net: &Net, y: usize) -> Option<(usize, usize)> {
    let node = &net.nodes[y];
    let Op::Mul(_) = node.op else { return None };
    let number = |x: usize| {
        let node = &net.nodes[x];
        let single = matches!(node.op, Op::Broadcast(_)) && net.nodes[node.operands[0]].len() == 1;
        single.then(|| node.operands[0])
    };
    let (a, b) = (node.operands[0], node.operands[1]);
    number(a).map(|factor| (b, factor)).or_else(|| number(b).map(|factor| (a, factor)))
}

fn is_input(node: &Node, name: &str) -> bool {
    matches!(&node.op, Op::Input(input) if input.name() == name)
}

/// Whether one of the operands is the array, or some of its numbers in another arrangement.
fn reads(net: &Net, operands: &[usize], array: usize) -> bool {
    operands.iter().any(|&x| {
        let mut root = x;
        while let Op::Reshape(_) | Op::Broadcast(_) | Op::Transpose(_) | Op::Slice(_) =
            net.nodes[root].op
        {
            root = net.nodes[root].operands[0];
        }
        root == array
    })
}
