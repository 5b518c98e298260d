//! Rules that make a net smaller before it is compiled.
//!
//! Invariant: a rule gives the same value, bit for bit (but for the sign of a zero), and never more
//! nodes. What reorders arithmetic is not done here.

use std::collections::HashMap;

use gradus_ops::{Constant, Environment, Op, Reshape, Shape, Transpose};
use ndarray::arr0;
use smallvec::{SmallVec, smallvec};

use crate::kernels::Real;
use crate::net::{Net, Node, Sizes, Way, broadcast};

/// A rule: what a node may be replaced by, if it matches. Its operands are simple already.
type Rule<T> = fn(&mut Builder<T>, &Node) -> Option<Rewrite>;

/// What stands for a node.
enum Rewrite {
    /// A node that is there.
    Node(usize),
    /// Another application of the same sizes.
    Apply(Op, SmallVec<[usize; 2]>),
}

/// The net without what its values do not need, each value computed once.
pub(crate) fn simplify<T: Real>(net: &Net) -> Net {
    let mut builder = Builder::<T> { nodes: Vec::new(), known: HashMap::new(), one: T::one() };
    let mut place = Vec::with_capacity(net.nodes.len());
    for node in &net.nodes {
        let operands = node.operands.iter().map(|&x| place[x]).collect();
        place.push(builder.add(Node { operands, ..node.clone() }));
    }
    let outputs = net.outputs.iter().map(|&y| place[y]).collect();
    let updates = net.updates.iter().map(|(name, y)| (name.clone(), place[*y])).collect();
    needed(&Net { nodes: builder.nodes, outputs, updates })
}

/// The net without the nodes that no output or update needs.
fn needed(net: &Net) -> Net {
    let uses = net.uses();
    let mut place = vec![usize::MAX; net.nodes.len()];
    let mut nodes = Vec::new();
    for (y, node) in net.nodes.iter().enumerate().filter(|&(y, _)| uses[y] > 0) {
        place[y] = nodes.len();
        let operands = node.operands.iter().map(|&x| place[x]).collect();
        nodes.push(Node { operands, ..node.clone() });
    }
    let outputs = net.outputs.iter().map(|&y| place[y]).collect();
    let updates = net.updates.iter().map(|(name, y)| (name.clone(), place[*y])).collect();
    Net { nodes, outputs, updates }
}

/// The simple net so far.
struct Builder<T> {
    nodes: Vec<Node>,
    known: HashMap<(Op, Way, SmallVec<[usize; 2]>), usize>,
    one: T,
}

impl<T: Real> Builder<T> {
    /// The node, or what stands for it.
    fn add(&mut self, mut node: Node) -> usize {
        while let Some(rewrite) = Self::RULES.iter().find_map(|(_, rule)| rule(self, &node)) {
            match rewrite {
                Rewrite::Node(known) => return known,
                Rewrite::Apply(op, operands) => node = Node { op, operands, ..node },
            }
        }
        // A reshape and a draw tell their sizes, the others get them from their operands.
        let key = (node.op.clone(), node.way, node.operands.clone());
        *self.known.entry(key).or_insert_with(|| {
            self.nodes.push(node);
            self.nodes.len() - 1
        })
    }

    /// All rules by their names.
    const RULES: &'static [(&'static str, Rule<T>)] = &[
        ("a number is computed now", Self::fold),
        ("a value stops no gradient when it is computed", Self::stopped),
        ("x · 1 = x / 1 = x", Self::times_one),
        ("-(-x) = x", Self::twice_negated),
        ("a + (-b) = a - b, a - (-b) = a + b", Self::sign_into_sum),
        ("the same shape", Self::same_shape),
        ("one reshape after another", Self::twice_reshaped),
        ("one transpose after another", Self::twice_transposed),
        ("one broadcast after another", Self::twice_broadcast),
        ("a sum or maximum over nothing", Self::over_nothing),
        ("f(broadcast x) = broadcast f(x)", Self::before_broadcast),
    ];

    fn number(&self, x: usize) -> Option<f64> {
        match &self.nodes[x].op {
            Op::Constant(number) => Some(number.value()),
            _ => None,
        }
    }

    /// The number that all elements are.
    fn uniform(&self, x: usize) -> Option<f64> {
        match &self.nodes[x].op {
            Op::Broadcast(_) => self.number(self.nodes[x].operands[0]),
            _ => self.number(x),
        }
    }

    fn fold(&mut self, node: &Node) -> Option<Rewrite> {
        if node.operands.is_empty() || !node.sizes.is_empty() || matches!(node.op, Op::Custom(_)) {
            return None;
        }
        let numbers: Option<Vec<f64>> = node.operands.iter().map(|&x| self.number(x)).collect();
        let values: Vec<_> = numbers?.iter().map(|&x| arr0(T::from_double(x)).into_dyn()).collect();
        let views: Vec<_> = values.iter().map(|x| x.view()).collect();
        let env = Environment::default();
        node.op.accept(&views, &env).ok()?;
        let y = node.op.eval(&views, &env).sum().to_double();
        Some(Rewrite::Apply(Constant::new(y).into(), smallvec![]))
    }

    fn stopped(&mut self, node: &Node) -> Option<Rewrite> {
        matches!(node.op, Op::StopGradient(_)).then(|| Rewrite::Node(node.operands[0]))
    }

    fn times_one(&mut self, node: &Node) -> Option<Rewrite> {
        let one = |x: usize| self.uniform(x).is_some_and(|x| T::from_double(x) == self.one);
        match node.op {
            Op::Mul(_) if one(node.operands[0]) => Some(Rewrite::Node(node.operands[1])),
            Op::Mul(_) | Op::Div(_) if one(node.operands[1]) => {
                Some(Rewrite::Node(node.operands[0]))
            }
            _ => None,
        }
    }

    fn negated(&self, x: usize) -> Option<usize> {
        matches!(self.nodes[x].op, Op::Neg(_)).then(|| self.nodes[x].operands[0])
    }

    fn twice_negated(&mut self, node: &Node) -> Option<Rewrite> {
        let inner = matches!(node.op, Op::Neg(_)).then(|| self.negated(node.operands[0]))?;
        inner.map(Rewrite::Node)
    }

    fn sign_into_sum(&mut self, node: &Node) -> Option<Rewrite> {
        let other = match node.op {
            Op::Add(_) => Op::from(gradus_ops::Sub),
            Op::Sub(_) => Op::from(gradus_ops::Add),
            _ => return None,
        };
        let b = self.negated(node.operands[1])?;
        Some(Rewrite::Apply(other, smallvec![node.operands[0], b]))
    }

    /// Of operations that only arrange numbers: nothing is arranged anew.
    fn same_shape(&mut self, node: &Node) -> Option<Rewrite> {
        let &[x] = node.operands.as_slice() else { return None };
        let same = self.nodes[x].sizes == node.sizes;
        let idle = match &node.op {
            Op::Reshape(_) | Op::Slice(_) | Op::Concat(_) | Op::Broadcast(_) => same,
            Op::Pad(pad) => same && pad.low == 0,
            Op::Transpose(transpose) => transpose.order().iter().copied().eq(0..node.sizes.len()),
            _ => false,
        };
        idle.then_some(Rewrite::Node(x))
    }

    fn twice_reshaped(&mut self, node: &Node) -> Option<Rewrite> {
        let Op::Reshape(_) = node.op else { return None };
        let inner = &self.nodes[node.operands[0]];
        matches!(inner.op, Op::Reshape(_))
            .then(|| Rewrite::Apply(node.op.clone(), inner.operands.clone()))
    }

    fn twice_transposed(&mut self, node: &Node) -> Option<Rewrite> {
        let Op::Transpose(outer) = &node.op else { return None };
        let inner = &self.nodes[node.operands[0]];
        let Op::Transpose(first) = &inner.op else { return None };
        let order: Vec<usize> = outer.order().iter().map(|&axis| first.order()[axis]).collect();
        Some(Rewrite::Apply(Transpose::new(&order).into(), inner.operands.clone()))
    }

    fn twice_broadcast(&mut self, node: &Node) -> Option<Rewrite> {
        let Op::Broadcast(outer) = &node.op else { return None };
        let inner = &self.nodes[node.operands[0]];
        let Op::Broadcast(first) = &inner.op else { return None };
        // The axes of the inner result, by their places in the outer one.
        let kept: Vec<usize> =
            (0..node.sizes.len()).filter(|&axis| !outer.axes.contains(axis)).collect();
        let axes = outer.axes.iter().chain(first.axes.iter().map(|axis| kept[axis])).collect();
        Some(Rewrite::Apply(broadcast(axes, &node.sizes), inner.operands.clone()))
    }

    fn over_nothing(&mut self, node: &Node) -> Option<Rewrite> {
        let axes = match &node.op {
            Op::Sum(sum) => sum.axes,
            Op::Max(max) => max.axes,
            _ => return None,
        };
        let x = node.operands[0];
        let single = axes.iter().all(|axis| self.nodes[x].sizes[axis] == 1);
        let op = Reshape { shape: Shape::from(node.sizes.as_slice()) };
        single.then(|| Rewrite::Apply(op.into(), smallvec![x]))
    }

    /// What acts element by element, on operands that are all repeated in the same way, is done
    /// before they are repeated.
    fn before_broadcast(&mut self, node: &Node) -> Option<Rewrite> {
        if !node.op.is_elementwise() {
            return None;
        }
        let first = &self.nodes[node.operands[0]];
        let Op::Broadcast(pattern) = first.op.clone() else { return None };
        let sizes: Sizes = self.nodes[first.operands[0]].sizes.clone();
        let thin = |&x: &usize| {
            let node = &self.nodes[x];
            matches!(&node.op, Op::Broadcast(other) if other.axes == pattern.axes)
                .then(|| node.operands[0])
        };
        let operands = node.operands.iter().map(thin).collect::<Option<_>>()?;
        let y = self.add(Node { operands, sizes, ..node.clone() });
        Some(Rewrite::Apply(pattern.into(), smallvec![y]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_ops::{
        Arrays, Expr, Graph, Inputs, Program, broadcast, constant, input, max, pad, permute,
        reshape, sin, slice, stop_gradient, sum, transpose,
    };
    use ndarray::Array2;

    /// What is left of an expression over `x` \[2, 3\] and the scalar `s`: the operations in order,
    /// without the inputs.
    fn left(f: impl for<'g> Fn(&'g Graph, Expr<'g>, Expr<'g>) -> Expr<'g>) -> String {
        let g = Graph::new();
        let (x, s) = (input(&g, "x", [2, 3]), input(&g, "s", ()));
        let program = Program::new(&[f(&g, x, s)], &[]).unwrap();
        let (x, s, state) = (Array2::<f64>::zeros((2, 3)), arr0(1.0), Arrays::new());
        let given = Inputs::new().with("x", &x).with("s", &s);
        let env = program.environment(&state, &given).unwrap();
        let net = simplify::<f64>(&Net::bind(&program, &env, None));
        let names = net.nodes.iter().map(|node| node.op.to_string());
        names.filter(|name| !name.starts_with("input")).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn every_rule_fires() {
        assert_eq!(left(|g, _, s| s * sin(constant(g, 2.0))), "constant[0.9092974268256817], mul");
        assert_eq!(left(|_, x, _| stop_gradient(x)), "");
        assert_eq!(left(|g, x, _| 1.0 * x * constant(g, 1.0) / x.filled(1.0)), "");
        assert_eq!(left(|_, x, _| -(-x)), "");
        assert_eq!(left(|_, x, _| (x + -sin(x)) - (-x)), "sin, sub, add");
        assert_eq!(left(|_, x, _| slice(pad(reshape(x, [2, 3]), 0, 0, 0), 0, 0..2)), "");
        assert_eq!(left(|_, x, _| reshape(reshape(x, [6]), [3, 2])), "reshape[[3, 2]]");
        assert_eq!(left(|_, x, _| transpose(transpose(x))), "");
        fn cube(x: Expr<'_>) -> Expr<'_> {
            permute(permute(reshape(x, [1, 2, 3]), &[1, 2, 0]), &[1, 2, 0])
        }
        assert_eq!(left(|_, x, _| cube(x)), "reshape[[1, 2, 3]], transpose[2, 0, 1]");
        fn twice(s: Expr<'_>) -> Expr<'_> {
            broadcast(broadcast(s, [0], [3]), [0], [2, 3])
        }
        assert_eq!(left(|_, _, s| twice(s)), "broadcast[0, 1 of [2, 3]]");
        assert_eq!(left(|_, x, _| sum(reshape(x, [2, 1, 3]), [1]) + max(x, [])), "add");
        let before = "sin, broadcast[0, 1 of [2, 3]]";
        assert_eq!(left(|_, _, s| sin(broadcast(s, [0, 1], [2, 3]))), before);
    }

    #[test]
    fn what_is_not_needed_goes() {
        assert_eq!(left(|_, x, _| -(-sin(x)) * sin(x)), "sin, mul");
    }

    #[test]
    fn rules_do_not_fire_where_they_do_not_hold() {
        assert_eq!(left(|_, x, _| 2.0 * x).matches("mul").count(), 1);
        assert_eq!(left(|_, x, _| -x), "neg");
        assert_eq!(left(|_, x, _| reshape(sum(x, [0]), [3, 1])).matches("sum").count(), 1);
        let mixed = left(|_, x, s| sin(x) + broadcast(s, [0, 1], [2, 3]));
        assert_eq!(mixed, "sin, broadcast[0, 1 of [2, 3]], add");
    }
}
