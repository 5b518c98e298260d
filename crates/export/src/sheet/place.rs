//! Which nodes have cells, and which are written into the formulas of others.
//!
//! A node has cells if it is labelled, wanted by name, read in several places, or read by something
//! that wants cells, as a product of matrices does. What is short is written again instead, as
//! 1 − a is in a book's formulas. Arrangements of numbers, as a transpose, have none of their own.

use gradus_ops::Op;

use super::trace::Node;

/// More cells than this are not gathered into one formula that others read in part.
const LONG: usize = 8;

/// What at most so many cells are in is written again rather than given a cell.
const SHORT: usize = 2;

/// The deepest nesting that is written into one formula; Excel's own bound is 64 parentheses.
const DEEP: usize = 12;

/// How much a node's formula is, where it has no cell of its own.
#[derive(Clone, Copy)]
struct Size {
    /// The cells in it.
    cells: usize,
    /// The nesting.
    depth: usize,
    /// Whether it is a cell or a number.
    atom: bool,
}

/// For each node, whether it has cells: all of `roots` have, and no other that `never` may.
pub(super) fn placed(nodes: &[Node], roots: &[usize], never: impl Fn(&Node) -> bool) -> Vec<bool> {
    let mut uses = vec![0usize; nodes.len()];
    let mut wanted = vec![false; nodes.len()];
    let is_root: Vec<bool> = (0..nodes.len()).map(|k| roots.contains(&k)).collect();
    for (y, node) in nodes.iter().enumerate().rev() {
        let passes = arranges(&node.op) && node.label.is_none() && !is_root[y];
        for (k, &x) in node.operands.iter().enumerate() {
            uses[x] += if passes { uses[y].max(1) } else { 1 };
            wanted[x] |= wants_cells(node, k, &nodes[x]) || passes && wanted[y];
        }
    }
    let mut sizes: Vec<Size> = Vec::with_capacity(nodes.len());
    let mut placed = Vec::with_capacity(nodes.len());
    for (y, node) in nodes.iter().enumerate() {
        let own = written(node, node.operands.iter().map(|&x| sizes[x]));
        let number = own.cells == 0 && own.atom;
        let chosen = is_root[y] || node.label.is_some() && !number;
        let better = match () {
            () if arranges(&node.op) => own.cells > LONG,
            () => {
                wanted[y] && !own.atom
                    || uses[y] > 1 && own.cells > SHORT
                    || own.cells > LONG
                    || own.depth > DEEP
            }
        };
        let is_input = matches!(node.op, Op::Input(_));
        let here = is_input || (chosen || better) && !never(node);
        placed.push(here);
        sizes.push(if here { Size { cells: 1, depth: 0, atom: true } } else { own });
    }
    placed
}

/// Whether an operation only arranges numbers.
pub(super) fn arranges(op: &Op) -> bool {
    matches!(
        op,
        Op::Broadcast(_)
            | Op::Reshape(_)
            | Op::Transpose(_)
            | Op::Slice(_)
            | Op::Pad(_)
            | Op::Concat(_)
            | Op::StopGradient(_)
    )
}

/// The formula of a node from those of its operands.
fn written(node: &Node, operands: impl Iterator<Item = Size>) -> Size {
    let mut size = Size { cells: 0, depth: 0, atom: true };
    for x in operands {
        let cells = if arranges(&node.op) { size.cells.max(x.cells) } else { size.cells + x.cells };
        size = Size { cells, depth: size.depth.max(x.depth), atom: size.atom && x.atom };
    }
    match node.op {
        Op::Constant(_) | Op::Size(_) => size,
        _ if arranges(&node.op) => size,
        // Numbers fold to a number.
        _ if size.cells == 0 && size.atom && node.op.is_elementwise() => size,
        _ if node.op.is_elementwise() => Size { depth: size.depth + 1, atom: false, ..size },
        _ => Size { cells: size.cells.max(SHORT + 1), depth: size.depth + 2, atom: false },
    }
}

/// Whether an operand should be cells: it is read more than once in a formula or by several.
fn wants_cells(node: &Node, k: usize, x: &Node) -> bool {
    match &node.op {
        Op::Broadcast(_) => node.dims.iter().product::<usize>() > x.dims.iter().product(),
        // A total of the examples shows what it adds up.
        Op::Sum(sum) => x.batch.is_some_and(|batch| sum.axes.contains(batch)),
        Op::Select(_) => k == 0,
        op if arranges(op) => false,
        op if op.is_elementwise() => repeats(op),
        _ => true,
    }
}

/// Whether the formula of an operation that acts element by element has an operand twice.
fn repeats(op: &Op) -> bool {
    matches!(
        op,
        Op::Sigmoid(_)
            | Op::Softplus(_)
            | Op::Expm1(_)
            | Op::Log1p(_)
            | Op::XLogY(_)
            | Op::Pow(_)
            | Op::BinaryCrossEntropy(_)
            | Op::BinaryCrossEntropyWithLogits(_)
    )
}
