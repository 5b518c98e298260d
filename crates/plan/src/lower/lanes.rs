//! Convolutions and pooling with the examples last.

use gradus_ops::{Convolution, Op, Pooling};

use super::Lowerer;
use crate::fuse::Fused;
use crate::kernels::Real;
use crate::kernels::conv::Direction;
use crate::kernels::lanes::conv::Correlation;
use crate::kernels::lanes::filter::FilterAdjoint;
use crate::kernels::lanes::pool::{LanePool, LaneRole};
use crate::kernels::lanes::pooled::Pooled;
use crate::kernels::lanes::winners::WinnersAdjoint;
use crate::kernels::pool::Role;
use crate::kernels::step::Step;
use crate::net::{Node, Way};

impl<T: Real> Lowerer<'_, T> {
    /// A convolution with the examples last.
    pub(super) fn lane_conv(
        &mut self, y: usize, direction: Direction, convolution: Convolution, sizes: [[usize; 4]; 3],
    ) {
        let isa = self.target.isa;
        let places =
            [self.place(self.operand(y, 0)), self.place(self.operand(y, 1)), self.result(y)];
        let bias = self.fused.taken.get(&y).map(|_| self.place(self.operand(y, 2)));
        let conv = match direction {
            Direction::Forward => Correlation::forward(convolution, sizes, places, bias, isa),
            Direction::Input => Correlation::adjoint(convolution, sizes, places, isa),
            Direction::Filter => {
                let conv = FilterAdjoint::new(convolution, sizes, places, isa);
                return self.steps.push(Step::FilterAdjoint(Box::new(conv)));
            }
        };
        self.registers = self.registers.max(conv.registers());
        self.steps.push(Step::Correlation(Box::new(conv)));
    }

    pub(super) fn winners_adjoint(&self, y: usize) -> Step<T> {
        let [x, winners, b] = [0, 1, 2].map(|k| self.operand(y, k));
        let w = &self.node(y).sizes;
        Step::WinnersAdjoint(Box::new(WinnersAdjoint {
            x: self.place(x),
            winners: self.place(winners),
            b: self.place(b),
            to: self.result(y),
            examples: x.sizes[3],
            channels: x.sizes[0],
            maps: w[0],
            size: [x.sizes[1], x.sizes[2]],
            filter: [w[2], w[3]],
            pooled: [b.sizes[1], b.sizes[2]],
            isa: self.target.isa,
        }))
    }

    /// Pooling with the examples last, whose derivatives read winners instead of pictures.
    pub(super) fn lane_pool(&mut self, y: usize, role: Role, pooling: Pooling) {
        let (x, own) = (self.operand(y, 0), &self.node(y).sizes);
        let b = if role == Role::Pool { x } else { self.operand(y, 1) };
        let (role, [size, pooled]) = match role {
            Role::Pool if self.node(y).way == Way::Winners => (LaneRole::Winners, [&x.sizes, own]),
            Role::Pool => (LaneRole::Pool, [&x.sizes, own]),
            Role::Scatter => (LaneRole::Scatter, [own, &x.sizes]),
            Role::Gather => (LaneRole::Gather, [&b.sizes, own]),
        };
        let pool = LanePool {
            role,
            pooling,
            x: self.place(x),
            b: self.place(b),
            to: self.result(y),
            winners: None,
            channels: size[0],
            size: [size[1], size[2]],
            pooled: [pooled[1], pooled[2]],
            examples: size[3],
            isa: self.target.isa,
        };
        self.push_pool(x.root, pool);
    }

    /// Appends pooling of the pictures `x`, or makes it a part of the last step: max-pooling finds
    /// the winners by the way, and is itself done by the way of a convolution that only it reads.
    fn push_pool(&mut self, x: usize, pool: LanePool) {
        let same = |last: &LanePool| {
            let roles = (last.role, pool.role) == (LaneRole::Pool, LaneRole::Winners);
            roles && (last.x, last.pooling) == (pool.x, pool.pooling)
        };
        let alone = pool.role == LaneRole::Pool && pool.is_of_squares() && self.is_only_pooled(x);
        match self.steps.pop() {
            Some(Step::LanePool(mut last)) if same(&last) => {
                last.winners = Some(pool.to);
                self.steps.push(Step::LanePool(last));
            }
            Some(Step::Pooled(mut last)) if same(&last.pool) => {
                last.pool.winners = Some(pool.to);
                self.steps.push(Step::Pooled(last));
            }
            Some(Step::Correlation(conv))
                if alone && conv.is_forward() && conv.result() == pool.x =>
            {
                self.steps.push(Step::Pooled(Box::new(Pooled { conv: *conv, pool })));
            }
            last => {
                self.steps.extend(last);
                self.steps.push(Step::LanePool(Box::new(pool)));
            }
        }
    }

    /// Whether only max-pooling, once, and its winners are made of a value.
    fn is_only_pooled(&self, x: usize) -> bool {
        let Fused { net, .. } = self.fused;
        if net.outputs.contains(&x) || net.updates.iter().any(|&(_, y)| y == x) {
            return false;
        }
        let reads = |node: &&Node| node.operands.iter().any(|&y| self.fused.views[y].root == x);
        let readers: Vec<&Node> = net.nodes.iter().filter(reads).collect();
        let pools = readers.iter().filter(|node| matches!(node.op, Op::MaxPool2d(_)));
        let ways = |way: Way| readers.iter().filter(|node| node.way == way).count();
        pools.count() == readers.len() && ways(Way::ExamplesLast) == 1 && ways(Way::Winners) <= 1
    }
}
