//! A batch taken a few examples at a time.
//!
//! What is computed of each example alone is computed for a few, and so stays in the caches; what is
//! summed over all of them is added up from round to round. So a step is up to three nets: what no
//! example has a part in, what is done for each, and what is done with the sums.
//!
//! Invariant: the sums do not depend on how rounds are shared out among threads.

use std::collections::HashMap;

use gradus_ops::{Input, Op, Shape};

use crate::examples_last::Examples;
use crate::net::{Net, Node, Sizes, Way};

/// The nets of a step whose batch is taken in pieces.
#[derive(Debug)]
pub(crate) struct Chunks {
    /// What no example has a part in.
    pub before: Net,
    /// For some examples: it adds to the totals.
    pub each: Net,
    /// The examples of the nodes of `each`.
    pub examples: Examples,
    /// With the totals.
    pub after: Net,
    /// Arrays that one net leaves for another, with their lengths: those that `before` makes, and the
    /// totals that `each` adds to.
    pub kept: Vec<(String, usize)>,
    pub totals: Vec<(String, usize)>,
    /// Which of the outputs `each` makes, and which `after`.
    pub outputs_each: Vec<usize>,
    pub outputs_after: Vec<usize>,
}

/// What a value has to do with the examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Nothing.
    Before,
    /// It is there for each of them.
    Each,
    /// It is a sum over them.
    Total,
    /// It is made from such sums.
    After,
}

/// The three nets, if the net is of that kind; it is bound for as many examples as a round has.
pub(crate) fn chunks(net: &Net, examples: &Examples) -> Option<Chunks> {
    let kinds = kinds(net, examples)?;
    let cheap = cheap(net);
    let mut names: HashMap<usize, String> = HashMap::new();
    let (mut kept, mut totals) = (Vec::new(), Vec::new());
    let part = |y: usize| kinds[y] != Kind::Before;
    for (y, node) in net.nodes.iter().enumerate() {
        if kinds[y] == Kind::Total {
            totals.push(y);
            names.insert(y, format!("\0total {}", totals.len()));
        }
        for &x in node.operands.iter().filter(|&&x| part(y) && !part(x) && !cheap[x]) {
            names.entry(x).or_insert_with(|| {
                kept.push(x);
                format!("\0kept {}", kept.len())
            });
        }
    }
    let named = |of: &[usize]| -> Vec<(String, usize)> {
        of.iter().map(|y| (names[y].clone(), *y)).collect()
    };
    let lengths = |of: &[usize]| -> Vec<(String, usize)> {
        of.iter().map(|y| (names[y].clone(), net.nodes[*y].len())).collect()
    };

    let outputs = |each: bool| {
        let all = net.outputs.iter().enumerate();
        all.filter(|&(_, &y)| (kinds[y] == Kind::Each) == each)
            .map(|(k, &y)| (k, y))
            .unzip::<usize, usize, Vec<_>, Vec<_>>()
    };
    let (outputs_each, of_each) = outputs(true);
    let (outputs_after, of_after) = outputs(false);

    let (before, _) = extract(net, &[], &named(&kept), &HashMap::new());
    let known: HashMap<usize, String> = named(&kept).into_iter().map(|(n, y)| (y, n)).collect();
    let (mut each, origins) = extract(net, &of_each, &named(&totals), &known);
    let mut axes = examples.of_nodes(&origins);
    for (name, y) in &mut each.updates {
        let Node { sizes, origin, .. } = each.nodes[*y].clone();
        each.nodes.push(given(name, &sizes, origin));
        let (operands, way) = ([each.nodes.len() - 1, *y].as_slice().into(), Way::Plain);
        each.nodes.push(Node { op: gradus_ops::Add.into(), way, operands, sizes, origin });
        *y = each.nodes.len() - 1;
        axes.axis.extend([None, None]);
        axes.free.extend([true, true]);
    }
    let (after, _) = extract(net, &of_after, &net.updates, &names);
    let (kept, totals) = (lengths(&kept), lengths(&totals));
    Some(Chunks { before, each, examples: axes, after, kept, totals, outputs_each, outputs_after })
}

/// What each value has to do with the examples; nothing if they cannot be parted.
fn kinds(net: &Net, examples: &Examples) -> Option<Vec<Kind>> {
    let uses = net.uses();
    let mut kinds: Vec<Kind> = Vec::with_capacity(net.nodes.len());
    for (y, node) in net.nodes.iter().enumerate() {
        // A sum that is only read in another arrangement had better be added up in that.
        if let (Op::Transpose(_), Some(&x)) = (&node.op, node.operands.first())
            && kinds[x] == Kind::Total
            && uses[x] == 1
        {
            kinds[x] = Kind::Each;
            kinds.push(Kind::Total);
            continue;
        }
        let any = |kind: Kind| node.operands.iter().any(|&x| kinds[x] == kind);
        let (each, free) = (any(Kind::Each), examples.free[y]);
        let kind = match node.op {
            _ if any(Kind::Total) || any(Kind::After) => (!each && free).then_some(Kind::After),
            Op::Input(_) if !free => (examples.axis[y] == Some(0)).then_some(Kind::Each),
            _ if free && !each => Some(Kind::Before),
            _ if free => sums_examples(net, y, examples).then_some(Kind::Total),
            _ => treats_each(net, y, examples).then_some(Kind::Each),
        };
        kinds.push(kind?);
    }
    let updated = net.updates.iter().all(|&(_, y)| kinds[y] != Kind::Each);
    let first = |&y: &usize| kinds[y] != Kind::Each || examples.axis[y] == Some(0);
    (updated && net.outputs.iter().all(first)).then_some(kinds)
}

/// Whether what the node makes of each example depends on no other.
fn treats_each(net: &Net, y: usize, examples: &Examples) -> bool {
    let Node { op, operands, sizes, .. } = &net.nodes[y];
    let (Some(p), Some(&x)) = (examples.axis[y], operands.first()) else { return false };
    let (q, free) = (examples.axis[x], |x: usize| examples.free[x]);
    let alike = operands.iter().all(|&x| examples.axis[x] == Some(p));
    match op {
        op if op.is_elementwise() => alike,
        Op::Broadcast(_) | Op::Sum(_) | Op::Max(_) | Op::LogSumExp(_) => q.is_some() || free(x),
        Op::Softmax(softmax) => softmax.axis != p,
        Op::LogSoftmax(softmax) => softmax.axis != p,
        Op::Transpose(_) => q.is_some(),
        Op::Reshape(_) => q.is_some_and(|q| {
            let before = |sizes: &[usize], p: usize| sizes[..p].iter().product::<usize>();
            before(sizes, p) == before(&net.nodes[x].sizes, q)
        }),
        Op::Slice(slice) => alike && usize::from(slice.axis) != p,
        Op::Pad(pad) => alike && usize::from(pad.axis) != p,
        Op::Concat(concat) => alike && usize::from(concat.axis) != p,
        Op::Matmul(_) => {
            sizes.len() == 2
                && match p {
                    0 => q == Some(0) && free(operands[1]),
                    _ => free(x) && examples.axis[operands[1]] == Some(1),
                }
        }
        Op::Conv2d(_) | Op::Conv2dInputAdjoint(_) => q == Some(0) && free(operands[1]),
        Op::MaxPool2d(_) | Op::MaxPool2dScatter(_) | Op::MaxPool2dGather(_) => alike && p == 0,
        _ => false,
    }
}

/// Whether the node is a sum over the examples.
fn sums_examples(net: &Net, y: usize, examples: &Examples) -> bool {
    let Node { op, operands, sizes, .. } = &net.nodes[y];
    let axis = |k: usize| examples.axis[operands[k]];
    match op {
        Op::Sum(sum) => axis(0).is_some_and(|q| sum.axes.contains(q)),
        Op::Matmul(_) => sizes.len() == 2 && (axis(0), axis(1)) == (Some(1), Some(0)),
        Op::Conv2dFilterAdjoint(_) => (axis(0), axis(1)) == (Some(0), Some(0)),
        _ => false,
    }
}

/// Values that cost nothing to have again: arrays given, single numbers, and other arrangements.
fn cheap(net: &Net) -> Vec<bool> {
    let mut cheap: Vec<bool> = Vec::with_capacity(net.nodes.len());
    for node in &net.nodes {
        let small = match node.op {
            Op::Input(_) | Op::Constant(_) => true,
            Op::Reshape(_) | Op::Broadcast(_) | Op::Transpose(_) | Op::Slice(_) => true,
            Op::Random(_) | Op::Custom(_) => false,
            _ => node.len() <= 1,
        };
        cheap.push(small && node.operands.iter().all(|&x| cheap[x]));
    }
    cheap
}

/// The part of a net that outputs and updates need, down to the values that are known by a name; and
/// which node each of its nodes was.
fn extract(
    net: &Net, outputs: &[usize], updates: &[(String, usize)], known: &HashMap<usize, String>,
) -> (Net, Vec<usize>) {
    let mut needed = vec![false; net.nodes.len()];
    outputs.iter().chain(updates.iter().map(|(_, y)| y)).for_each(|&y| needed[y] = true);
    for y in (0..net.nodes.len()).rev().filter(|&y| !known.contains_key(&y)) {
        if needed[y] {
            net.nodes[y].operands.iter().for_each(|&x| needed[x] = true);
        }
    }
    let mut place = vec![usize::MAX; net.nodes.len()];
    let (mut nodes, mut origins) = (Vec::new(), Vec::new());
    for (y, node) in net.nodes.iter().enumerate().filter(|&(y, _)| needed[y]) {
        place[y] = nodes.len();
        origins.push(y);
        nodes.push(match known.get(&y) {
            Some(name) => given(name, &node.sizes, node.origin),
            None => {
                let operands = node.operands.iter().map(|&x| place[x]).collect();
                Node { operands, ..node.clone() }
            }
        });
    }
    let outputs = outputs.iter().map(|&y| place[y]).collect();
    let updates = updates.iter().map(|(name, y)| (name.clone(), place[*y])).collect();
    (Net { nodes, outputs, updates }, origins)
}

/// An array that another net leaves.
fn given(name: &str, sizes: &Sizes, origin: usize) -> Node {
    let op = Input::new(name, Shape::from(sizes.as_slice())).into();
    Node { op, way: Way::Plain, operands: [].as_slice().into(), sizes: sizes.clone(), origin }
}
