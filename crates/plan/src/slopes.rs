//! The derivative of an activation function, times what it is multiplied with, as one operation.
//!
//! The sigmoid's is read off its value a as a (1 − a), and that of tanh as 1 − a². Three operations
//! over arrays that are there already are mostly reading and writing; one is a third of that.

use gradus_ops::Op;
use smallvec::smallvec;

use crate::net::{Net, Node, Way};

/// The net in which d a (1 − a) and d (1 − a²) are one node each, with the operands a and d, where
/// nobody else wants a part of them.
pub(crate) fn slopes(mut net: Net) -> Net {
    let uses = net.uses();
    for y in 0..net.nodes.len() {
        let find = Finder { net: &net, uses: &uses };
        let Some((way, a, d)) = find.slope(y) else { continue };
        net.nodes[y] = Node { way, operands: smallvec![a, d], ..net.nodes[y].clone() };
    }
    net
}

struct Finder<'a> {
    net: &'a Net,
    uses: &'a [usize],
}

impl Finder<'_> {
    /// How a node is a slope, and of what.
    fn slope(&self, y: usize) -> Option<(Way, usize, usize)> {
        let both = self.factors(y)?;
        let turned = [both[1], both[0]];
        [both, turned].into_iter().find_map(|[p, q]| self.sigmoid(p, q).or_else(|| self.tanh(p, q)))
    }

    /// p q as (d a) (1 − a), or as (a (1 − a)) d.
    fn sigmoid(&self, p: usize, q: usize) -> Option<(Way, usize, usize)> {
        let [u, v] = self.factors(p).filter(|_| self.is_alone(p))?;
        let rest = |x: usize| self.one_minus(x).filter(|_| self.is_alone(x));
        let of = |a: usize, d: usize| (Way::SigmoidSlope, a, d);
        if let Some(a) = rest(q) {
            return if a == v { Some(of(a, u)) } else { (a == u).then(|| of(a, v)) };
        }
        (rest(v) == Some(u)).then(|| of(u, q)).or_else(|| (rest(u) == Some(v)).then(|| of(v, q)))
    }

    /// p q as (1 − a²) d.
    fn tanh(&self, p: usize, q: usize) -> Option<(Way, usize, usize)> {
        let square =
            self.one_minus(p).filter(|&square| self.is_alone(p) && self.is_alone(square))?;
        let node = &self.net.nodes[square];
        let a = match &node.op {
            Op::Square(_) => node.operands[0],
            Op::Mul(_) if node.operands[0] == node.operands[1] => node.operands[0],
            _ => return None,
        };
        Some((Way::TanhSlope, a, q))
    }

    /// The factors of a plain product.
    fn factors(&self, y: usize) -> Option<[usize; 2]> {
        let node = &self.net.nodes[y];
        let plain = matches!(node.op, Op::Mul(_)) && node.way == Way::Plain;
        plain.then(|| [node.operands[0], node.operands[1]])
    }

    /// The x of 1 − x.
    fn one_minus(&self, y: usize) -> Option<usize> {
        let node = &self.net.nodes[y];
        let ones = |x: usize| match &self.net.nodes[x].op {
            Op::Constant(number) => number.value() == 1.0,
            Op::Broadcast(_) => {
                let of = self.net.nodes[x].operands[0];
                matches!(&self.net.nodes[of].op, Op::Constant(number) if number.value() == 1.0)
            }
            _ => false,
        };
        (matches!(node.op, Op::Sub(_)) && ones(node.operands[0])).then(|| node.operands[1])
    }

    fn is_alone(&self, x: usize) -> bool {
        self.uses[x] == 1
    }
}
