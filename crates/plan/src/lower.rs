//! From units to steps: places and kernels.

mod epilogue;
mod joined;
mod lanes;
mod short;
mod writer;

use gradus_ops::{Axes, Convolution, Max, Op, Pooling, Sum};

use crate::absorb::Taken;
use crate::fuse::{Fused, Unit};
use crate::kernels::arrange::{Copy, Gather, OneHot, Scatter};
use crate::kernels::conv::{Conv, Direction};
use crate::kernels::ending::Ending;
use crate::kernels::matmul::{Base, Matmul};
use crate::kernels::pool::{Pool, Role};
use crate::kernels::reduce::{Reduce, Reduction, RowKind, Rows};
use crate::kernels::short::Short;
use crate::kernels::step::{Apply, Step};
use crate::kernels::turn::Turn;
use crate::kernels::{Isa, Numerics, Real};
use crate::memory::{ARENA, Layout, ONE, Place};
use crate::net::{Node, Way};
use crate::schedule::Schedule;
use crate::view::{View, merged, row_major};
use short::ShortWriter;
use writer::PassWriter;

/// How the steps are to compute.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    pub isa: Isa,
    pub numerics: Numerics,
    /// How many examples of a batch are taken at a time, if the plan may not choose.
    pub round: Option<usize>,
}

/// The steps, and how many numbers their registers hold.
#[derive(Debug)]
pub(crate) struct Lowered<T> {
    pub steps: Vec<Step<T>>,
    /// For each step, the nodes of the net that it computes; none if it only copies.
    pub nodes: Vec<Vec<usize>>,
    pub registers: usize,
    /// How many numbers the arena needs beyond its layout, for what parts leave to be added up.
    pub between: usize,
}

/// Whether a kernel takes an operand in this arrangement; all others are copied before.
pub(crate) fn takes(node: &Node, operand: usize, x: &View) -> bool {
    match node.op {
        Op::Matmul(_) if operand < 2 => {
            let axis = x.sizes.len() - 2;
            let close = |axis: usize| x.strides[axis] == 1 || x.sizes[axis] == 1;
            close(axis) || close(axis + 1)
        }
        Op::Concat(_) | Op::Pad(_) => true,
        _ => x.is_standard(),
    }
}

/// Whether a kernel of the exact plan takes an operand: the reference kernels take rows.
pub(crate) fn takes_standard(_: &Node, _: usize, x: &View) -> bool {
    x.is_standard()
}

/// How many bytes the tiles of a pass may need that ends with a reduction.
const ENDING_BYTES: usize = 4096;

/// Whether a pass of the fast plan reduces, at its end, what it has made: if it is over more than a
/// register, and what belongs together is no more than a tile.
pub(crate) fn ends<T: Real>(node: &Node, x: &View, isa: Isa) -> bool {
    let (Op::Sum(Sum { axes }) | Op::Max(Max { axes })) = node.op else { return false };
    let len: usize = x.sizes.iter().product();
    let unit = Ending::unit(Reduce::axes(&x.sizes, axes));
    x.is_standard() && len > Short::<T>::longest(isa) && unit * size_of::<T>() <= ENDING_BYTES
}

/// The steps in the order of the schedule.
pub(crate) fn lower<T: Real>(
    fused: &Fused, schedule: &Schedule, layout: &Layout, target: Target,
) -> Lowered<T> {
    let steps = Vec::new();
    let mut lowerer = Lowerer { fused, layout, target, steps, registers: 0, between: 0 };
    let mut nodes = Vec::new();
    for &u in &schedule.order {
        match &fused.units[u] {
            Unit::Group(group) => {
                // What follows a pass only adds up what its parts have left.
                nodes.resize(lowerer.steps.len(), Vec::new());
                lowerer.pass(group);
                nodes.push(group.clone());
                continue;
            }
            Unit::Kernel(y) => lowerer.kernel(*y),
            Unit::Copy(y) => lowerer.copied(*y),
        }
        // What a kernel does before its last step only makes room for it.
        nodes.resize(nodes.len().max(lowerer.steps.len().saturating_sub(1)), Vec::new());
        match nodes.len() < lowerer.steps.len() {
            true => nodes.push(fused.units[u].nodes().to_vec()),
            false => nodes.last_mut().expect("a step").extend(fused.units[u].nodes()),
        }
    }
    for &(y, base) in &layout.commits {
        let view = View::whole(y, &fused.net.nodes[y].sizes);
        lowerer.copy(&view, Place { base, offset: 0 }, &view.strides);
    }
    nodes.resize(lowerer.steps.len(), Vec::new());
    let Lowerer { steps, registers, between, .. } = lowerer;
    joined::joined(Lowered { steps, nodes, registers, between }, target)
}

struct Lowerer<'a, T> {
    fused: &'a Fused,
    layout: &'a Layout,
    target: Target,
    steps: Vec<Step<T>>,
    registers: usize,
    between: usize,
}

impl<T: Real> Lowerer<'_, T> {
    fn node(&self, y: usize) -> &Node {
        &self.fused.net.nodes[y]
    }

    /// Where the first element of a view lies.
    fn place(&self, x: &View) -> Place {
        let Place { base, offset } = self.layout.places[x.root].expect("a stored value");
        Place { base, offset: offset + x.offset }
    }

    fn result(&self, y: usize) -> Place {
        self.layout.places[y].expect("a stored value")
    }

    fn operand(&self, y: usize, k: usize) -> &View {
        &self.fused.views[self.node(y).operands[k]]
    }

    /// A value in another arrangement.
    fn copied(&mut self, y: usize) {
        // A node that could not be seen through is seen through its operand's sizes.
        let x = self.operand(y, 0).clone();
        let view = View::through(self.node(y), &x).unwrap_or(x);
        let strides = row_major(&view.sizes);
        self.copy(&view, self.result(y), &strides);
    }

    /// The elements of `x` to another arrangement of its sizes.
    fn copy(&mut self, x: &View, to: Place, to_strides: &[usize]) {
        let (sizes, mut strides) = merged(&x.sizes, &[&x.strides, to_strides]);
        let (to_strides, from_strides) = (strides.pop(), strides.pop());
        let [from_strides, to_strides] = [from_strides, to_strides].map(|s| s.expect("two"));
        let from = self.place(x);
        let turned = sizes.len() == 2 && (from_strides[0], to_strides[1]) == (1, 1);
        self.steps.push(match turned && self.target.numerics == Numerics::Fast {
            true => Step::Turn(Turn {
                from,
                from_row: from_strides[1],
                to,
                to_row: to_strides[0],
                rows: sizes[0],
                columns: sizes[1],
                isa: self.target.isa,
            }),
            false => Step::Copy(Copy { from, to, sizes, from_strides, to_strides }),
        });
    }

    fn kernel(&mut self, y: usize) {
        if self.target.numerics == Numerics::Exact {
            return self.apply(y);
        }
        let node = self.node(y);
        let step = match &node.op {
            Op::Sum(sum) => return self.reduce(y, sum.axes, Reduction::Sum),
            Op::Max(max) => return self.reduce(y, max.axes, Reduction::Max),
            Op::Softmax(softmax) => self.rows(y, softmax.axis, RowKind::Softmax),
            Op::LogSoftmax(softmax) => self.rows(y, softmax.axis, RowKind::LogSoftmax),
            Op::LogSumExp(sum) => {
                self.rows(y, sum.axes.iter().next().expect("one axis"), RowKind::LogSumExp)
            }
            Op::Matmul(_) => {
                let (x, w) = (self.operand(y, 0), self.operand(y, 1));
                let places = [self.place(x), self.place(w), self.result(y)];
                let (x, w) = (x.clone(), w.clone());
                let base = self.base(y);
                let matmul = Matmul::new(&x, &w, places, base, self.target.isa);
                self.registers = self.registers.max(matmul.registers());
                Step::Matmul(matmul)
            }
            Op::Conv2d(conv) => return self.conv(y, Direction::Forward, conv.convolution()),
            Op::Conv2dInputAdjoint(conv) => {
                return self.conv(y, Direction::Input, conv.convolution());
            }
            Op::Conv2dFilterAdjoint(conv) => {
                return self.conv(y, Direction::Filter, conv.convolution());
            }
            Op::MaxPool2d(pool) => return self.pool(y, Role::Pool, pool.pooling()),
            Op::MaxPool2dScatter(pool) => return self.pool(y, Role::Scatter, pool.pooling()),
            Op::MaxPool2dGather(pool) => return self.pool(y, Role::Gather, pool.pooling()),
            Op::Gather(gather) => Step::Gather(self.gather(y, gather.axis, false)),
            Op::ScatterAdd(scatter) => Step::Scatter(Scatter(self.gather(y, scatter.axis(), true))),
            Op::OneHot(one_hot) => Step::OneHot(OneHot {
                labels: self.place(self.operand(y, 0)),
                to: self.result(y),
                rows: self.operand(y, 0).sizes.iter().product(),
                classes: one_hot.classes,
                origin: node.origin,
            }),
            Op::Concat(concat) => return self.concat(y, concat.axis.into()),
            Op::Pad(pad) => {
                let (axis, low, step) = (pad.axis.into(), pad.low as usize, pad.between + 1);
                return self.pad(y, axis, low, step as usize);
            }
            _ => return self.apply(y),
        };
        self.steps.push(step);
    }

    fn conv(&mut self, y: usize, direction: Direction, convolution: Convolution) {
        let (a, b) = (self.operand(y, 0), self.operand(y, 1));
        let four = |sizes: &[usize]| <[usize; 4]>::try_from(sizes).expect("four axes");
        let [left, right, result] = [&a.sizes, &b.sizes, &self.node(y).sizes].map(|s| four(s));
        let sizes = match direction {
            Direction::Forward => [left, right, result],
            Direction::Input => [result, right, left],
            Direction::Filter => [left, result, right],
        };
        if self.node(y).way == Way::FromWinners {
            let conv = self.winners_adjoint(y);
            return self.steps.push(conv);
        }
        let bias = self.fused.taken.get(&y).map(|_| self.place(self.operand(y, 2)));
        let places = [self.place(a), self.place(b), self.result(y)];
        if self.node(y).way == Way::ExamplesLast {
            return self.lane_conv(y, direction, convolution, sizes);
        }
        let mut conv = Conv::new::<T>(direction, convolution, sizes, places, bias, self.target.isa);
        self.registers = self.registers.max(conv.registers());
        let sum = conv.divide::<T>(self.between());
        if sum.is_some() {
            self.between = self.between.max(conv.parts() * self.node(y).len());
        }
        self.steps.push(Step::Conv(Box::new(conv)));
        self.steps.extend(sum.map(Step::Reduce));
    }

    /// Where parts leave what is still to be added up.
    fn between(&self) -> Place {
        Place { base: ARENA, offset: self.layout.arena }
    }

    fn pool(&mut self, y: usize, role: Role, pooling: Pooling) {
        if self.node(y).way != Way::Plain {
            return self.lane_pool(y, role, pooling);
        }
        let x = self.operand(y, 0);
        let b = if role == Role::Pool { x } else { self.operand(y, 1) };
        let pooled = if role == Role::Scatter { &b.sizes } else { &self.node(y).sizes };
        let pool = Pool {
            role,
            pooling,
            x: self.place(x),
            b: self.place(b),
            to: self.result(y),
            pictures: x.sizes[0] * x.sizes[1],
            size: [x.sizes[2], x.sizes[3]],
            pooled: [pooled[2], pooled[3]],
            isa: self.target.isa,
        };
        self.steps.push(Step::Pool(Box::new(pool)));
    }

    /// What a product is added to. Unless it is added up in the very array, that is copied before.
    fn base(&mut self, y: usize) -> Base {
        let one = Place { base: ARENA, offset: ONE };
        let Some(taken) = self.fused.taken.get(&y) else { return Base::Zero };
        let (factor, minus) = match *taken {
            Taken::Bias => return Base::Bias(self.place(self.operand(y, 2))),
            Taken::Column => return Base::Column(self.place(self.operand(y, 2))),
            Taken::Sum { minus } => (one, minus),
            Taken::Multiple { minus } => (self.place(self.operand(y, 3)), minus),
        };
        let array = self.operand(y, 2).clone();
        if self.place(&array) != self.result(y) {
            self.copy(&array, self.result(y), &array.strides);
        }
        Base::Add { factor, minus }
    }

    /// By the reference kernel.
    fn apply(&mut self, y: usize) {
        let Node { op, sizes, origin, .. } = self.node(y).clone();
        let operands = self.fused.reads(y).map(|x| (self.place(x), x.sizes.clone())).collect();
        let apply = Apply { op, operands, to: self.result(y), sizes, origin };
        self.steps.push(Step::Apply(Box::new(apply)));
    }

    /// A reduction of axes that lie side by side.
    fn reduce(&mut self, y: usize, axes: Axes, kind: Reduction) {
        let x = self.operand(y, 0);
        let (places, sizes) = ([self.place(x), self.result(y)], Reduce::axes(&x.sizes, axes));
        let reduce = Reduce::new::<T>(kind, places, sizes, self.target.isa);
        match reduce.in_pieces::<T>(self.between()) {
            Some((between, pieces)) => {
                self.between = self.between.max(between);
                self.steps.extend(pieces.map(Step::Reduce));
            }
            None => self.steps.push(Step::Reduce(reduce)),
        }
    }

    fn rows(&self, y: usize, axis: usize, kind: RowKind) -> Step<T> {
        let x = self.operand(y, 0);
        let product = |sizes: &[usize]| sizes.iter().product();
        let sizes = [product(&x.sizes[..axis]), x.sizes[axis], product(&x.sizes[axis + 1..])];
        Step::Rows(Rows::new(kind, self.place(x), self.result(y), sizes, self.target.isa))
    }

    /// The geometry of a gather, or of the scatter that is its adjoint: there the operand has the
    /// chosen slices, and the result all.
    fn gather(&self, y: usize, axis: usize, scatters: bool) -> Gather {
        let (x, indices) = (self.operand(y, 0), self.operand(y, 1));
        let all = if scatters { &self.node(y).sizes } else { &x.sizes };
        Gather {
            from: self.place(x),
            indices: self.place(indices),
            to: self.result(y),
            outer: all[..axis].iter().product(),
            size: all[axis],
            chosen: indices.sizes.iter().product(),
            inner: all[axis + 1..].iter().product(),
            origin: self.node(y).origin,
        }
    }

    fn concat(&mut self, y: usize, axis: usize) {
        let strides = row_major(&self.node(y).sizes);
        let mut to = self.result(y);
        for k in 0..self.node(y).operands.len() {
            let x = self.operand(y, k).clone();
            self.copy(&x, to, &strides);
            to.offset += x.sizes[axis] * strides[axis];
        }
    }

    fn pad(&mut self, y: usize, axis: usize, low: usize, step: usize) {
        let mut to = self.result(y);
        self.steps.push(Step::Fill(to, self.node(y).len(), T::zero()));
        let mut strides = row_major(&self.node(y).sizes);
        to.offset += low * strides[axis];
        strides[axis] *= step;
        let x = self.operand(y, 0).clone();
        self.copy(&x, to, &strides);
    }

    /// The code of a fused pass.
    fn pass(&mut self, nodes: &[usize]) {
        let len = self.node(nodes[0]).len();
        if (1..=Short::<T>::longest(self.target.isa)).contains(&len) {
            let mut writer = ShortWriter::<T>::new(self, len);
            nodes.iter().for_each(|&y| writer.write(y));
            let program = writer.finish();
            return self.steps.push(Step::Short(program));
        }
        let mut writer = PassWriter::<T>::new(self, nodes);
        nodes.iter().for_each(|&y| writer.write(y));
        let mut pass = writer.finish();
        self.registers = self.registers.max(pass.registers());
        let mut between = self.between();
        let mut sums = Vec::new();
        let parts = pass.parts;
        for ending in pass.endings.iter_mut().filter(|_| parts > 1) {
            let Some(inner) = ending.left() else { continue };
            let (places, sizes) = ([between, ending.to], [1, parts, inner]);
            sums.push(Step::Reduce(Reduce::new::<T>(ending.kind, places, sizes, ending.isa)));
            ending.to = between;
            between.offset += parts * inner;
        }
        self.between = self.between.max(between.offset - self.layout.arena);
        self.steps.push(Step::Pass(pass));
        self.steps.extend(sums);
    }
}
