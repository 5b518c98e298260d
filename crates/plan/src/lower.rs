//! From units to steps: places, kernels, and the code of fused passes.

use std::collections::{HashMap, HashSet};

use gradus_ops::{Axes, Convolution, Op, Pooling};

use crate::absorb::Taken;
use crate::fuse::{Fused, Unit};
use crate::kernels::arrange::{Copy, Gather, OneHot, Scatter};
use crate::kernels::conv::{Conv, Direction};
use crate::kernels::matmul::{Base, Matmul};
use crate::kernels::pool::{Pool, Role};
use crate::kernels::reduce::{Reduce, Reduction, RowKind, Rows};
use crate::kernels::{Form, Fun1, Fun2, Isa, Numerics, Real};
use crate::memory::{ARENA, Layout, ONE, Place, REGISTERS};
use crate::net::{Node, Sizes};
use crate::pass::{Instruction, Load, Operand, Pass};
use crate::schedule::Schedule;
use crate::step::{Apply, Step};
use crate::view::{View, merged, row_major};

/// How the steps are to compute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub isa: Isa,
    pub numerics: Numerics,
}

/// The steps, and how many numbers their registers hold.
#[derive(Debug)]
pub(crate) struct Lowered<T> {
    pub steps: Vec<Step<T>>,
    /// For each step, the nodes of the net that it computes; none if it only copies.
    pub nodes: Vec<Vec<usize>>,
    pub registers: usize,
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

/// The steps in the order of the schedule.
pub(crate) fn lower<T: Real>(
    fused: &Fused, schedule: &Schedule, layout: &Layout, target: Target,
) -> Lowered<T> {
    let mut lowerer = Lowerer { fused, layout, target, steps: Vec::new(), registers: 0 };
    let mut nodes = Vec::new();
    for &u in &schedule.order {
        match &fused.units[u] {
            Unit::Group(nodes) => lowerer.pass(nodes),
            Unit::Kernel(y) => lowerer.kernel(*y),
            Unit::Copy(y) => lowerer.copied(*y),
        }
        // What a unit does before its last step only makes room for it.
        nodes.resize(lowerer.steps.len().saturating_sub(1), Vec::new());
        nodes.push(fused.units[u].nodes().to_vec());
    }
    for &(y, base) in &layout.commits {
        let view = View::whole(y, &fused.net.nodes[y].sizes);
        lowerer.copy(&view, Place { base, offset: 0 }, &view.strides);
    }
    nodes.resize(lowerer.steps.len(), Vec::new());
    Lowered { steps: lowerer.steps, nodes, registers: lowerer.registers }
}

struct Lowerer<'a, T> {
    fused: &'a Fused,
    layout: &'a Layout,
    target: Target,
    steps: Vec<Step<T>>,
    registers: usize,
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
        self.steps.push(Step::Copy(Copy { from, to, sizes, from_strides, to_strides }));
    }

    fn kernel(&mut self, y: usize) {
        if self.target.numerics == Numerics::Exact {
            return self.apply(y);
        }
        let node = self.node(y);
        let step = match &node.op {
            Op::Sum(sum) => self.reduce(y, sum.axes, Reduction::Sum),
            Op::Max(max) => self.reduce(y, max.axes, Reduction::Max),
            Op::Softmax(_) => self.rows(y, RowKind::Softmax),
            Op::LogSoftmax(_) => self.rows(y, RowKind::LogSoftmax),
            Op::LogSumExp(_) => self.rows(y, RowKind::LogSumExp),
            Op::Matmul(_) => {
                let (x, w) = (self.operand(y, 0), self.operand(y, 1));
                let places = [self.place(x), self.place(w), self.result(y)];
                let (x, w) = (x.clone(), w.clone());
                let base = self.base(y);
                let matmul = Matmul::new(&x, &w, places, base, self.target.isa);
                self.registers = self.registers.max(matmul.registers());
                Step::Matmul(matmul)
            }
            Op::Conv2d(conv) => self.conv(y, Direction::Forward, conv.convolution()),
            Op::Conv2dInputAdjoint(conv) => self.conv(y, Direction::Input, conv.convolution()),
            Op::Conv2dFilterAdjoint(conv) => self.conv(y, Direction::Filter, conv.convolution()),
            Op::MaxPool2d(pool) => self.pool(y, Role::Pool, pool.pooling()),
            Op::MaxPool2dScatter(pool) => self.pool(y, Role::Scatter, pool.pooling()),
            Op::MaxPool2dGather(pool) => self.pool(y, Role::Gather, pool.pooling()),
            Op::Gather(gather) => Step::Gather(self.gather(y, gather.axis, 0)),
            Op::ScatterAdd(scatter) => Step::Scatter(Scatter(self.gather(y, scatter.axis(), 1))),
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

    fn conv(&mut self, y: usize, direction: Direction, convolution: Convolution) -> Step<T> {
        let (a, b) = (self.operand(y, 0), self.operand(y, 1));
        let four = |sizes: &[usize]| <[usize; 4]>::try_from(sizes).expect("four axes");
        let [left, right, result] = [&a.sizes, &b.sizes, &self.node(y).sizes].map(|s| four(s));
        let sizes = match direction {
            Direction::Forward => [left, right, result],
            Direction::Input => [result, right, left],
            Direction::Filter => [left, result, right],
        };
        let bias = self.fused.taken.get(&y).map(|_| self.place(self.operand(y, 2)));
        let places = [self.place(a), self.place(b), self.result(y)];
        let conv = Conv::new(direction, convolution, sizes, places, bias, self.target.isa);
        self.registers = self.registers.max(conv.registers());
        Step::Conv(Box::new(conv))
    }

    fn pool(&self, y: usize, role: Role, pooling: Pooling) -> Step<T> {
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
        Step::Pool(Box::new(pool))
    }

    /// What a product is added to. Unless it is added up in the very array, that is copied before.
    fn base(&mut self, y: usize) -> Base {
        let one = Place { base: ARENA, offset: ONE };
        let Some(taken) = self.fused.taken.get(&y) else { return Base::Zero };
        let (factor, minus) = match *taken {
            Taken::Bias => return Base::Bias(self.place(self.operand(y, 2))),
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
    fn reduce(&self, y: usize, axes: Axes, kind: Reduction) -> Step<T> {
        let x = self.operand(y, 0);
        let (mut outer, mut length, mut inner) = (1, 1, 1);
        for (axis, size) in x.sizes.iter().enumerate() {
            let before = axes.iter().next().is_some_and(|first| axis < first);
            match axes.contains(axis) {
                true => length *= size,
                false if before => outer *= size,
                false => inner *= size,
            }
        }
        let (from, to) = (self.place(x), self.result(y));
        let isa = self.target.isa;
        Step::Reduce(Reduce { kind, from, to, outer, length, inner, isa })
    }

    fn rows(&self, y: usize, kind: RowKind) -> Step<T> {
        let x = self.operand(y, 0);
        let (length, rows) = x.sizes.split_last().expect("the operation has an axis");
        let sizes = [rows.iter().product(), *length];
        Step::Rows(Rows::new(kind, self.place(x), self.result(y), sizes, self.target.isa))
    }

    /// The geometry of a gather, or of the scatter that is its adjoint: there the operand has the
    /// chosen slices, and the result all.
    fn gather(&self, y: usize, axis: usize, scatter: usize) -> Gather {
        let (x, indices) = (self.operand(y, 0), self.operand(y, 1));
        let all = if scatter == 1 { &self.node(y).sizes } else { &x.sizes };
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
        let mut writer = PassWriter::<T>::new(self, nodes);
        nodes.iter().for_each(|&y| writer.write(y));
        let (pass, registers) = writer.finish();
        self.registers = self.registers.max(registers);
        self.steps.push(Step::Pass(pass));
    }
}

/// How many bytes of a tile lie in the nearest cache comfortably.
const TILE_BYTES: usize = 2048;
/// How many bytes all registers together should take.
const REGISTER_BYTES: usize = 24 * 1024;

/// Writes a pass: first over registers without number, which are then shared out.
struct PassWriter<'a, 'b, T> {
    lowerer: &'a Lowerer<'b, T>,
    nodes: &'a [usize],
    len: usize,
    loads: Vec<Load>,
    code: Vec<Instruction<T>>,
    /// The operand as which each node's value is known.
    values: HashMap<usize, Operand>,
    /// The last node that reads what was at a place before.
    last_read: HashMap<Place, usize>,
    virtual_registers: usize,
}

impl<'a, 'b, T: Real> PassWriter<'a, 'b, T> {
    fn new(lowerer: &'a Lowerer<'b, T>, nodes: &'a [usize]) -> Self {
        let len = lowerer.node(nodes[0]).len();
        let (loads, code, values) = (Vec::new(), Vec::new(), HashMap::new());
        let own: HashSet<usize> = nodes.iter().copied().collect();
        let mut last_read = HashMap::new();
        for &y in nodes {
            for x in lowerer.fused.reads(y).filter(|x| !own.contains(&x.root)) {
                last_read.insert(lowerer.place(&View::whole(x.root, &[])), y);
            }
        }
        Self { lowerer, nodes, len, loads, code, values, last_read, virtual_registers: 0 }
    }

    fn register(&mut self) -> Operand {
        self.virtual_registers += 1;
        let offset = self.virtual_registers - 1;
        Operand { place: Place { base: REGISTERS, offset }, moves: 0 }
    }

    /// A register filled with what is seen through a view.
    fn load(&mut self, x: &View) -> Operand {
        let from = self.lowerer.place(x);
        let (sizes, mut strides) = merged(&x.sizes, &[&x.strides]);
        let strides: Sizes = strides.pop().expect("one array");
        let same =
            |load: &&Load| (load.from, &load.sizes, &load.strides) == (from, &sizes, &strides);
        if let Some(load) = self.loads.iter().find(same) {
            return Operand { place: Place { base: REGISTERS, offset: load.register }, moves: 0 };
        }
        let register = self.register();
        let once = strides.iter().all(|&stride| stride == 0);
        let register_number = register.place.offset;
        self.loads.push(Load { from, sizes, strides, register: register_number, once });
        register
    }

    /// An operand, and whether it is a single number.
    fn operand(&mut self, y: usize, k: usize) -> (Operand, bool) {
        let x = self.lowerer.operand(y, k);
        if let Some(&known) = self.values.get(&x.root) {
            return (known, false);
        }
        if self.lowerer.fused.in_step(y, x) && self.len > 1 {
            return (Operand { place: self.lowerer.place(x), moves: 1 }, false);
        }
        if x.is_single() {
            return (Operand { place: self.lowerer.place(x), moves: 0 }, self.len > 1);
        }
        (self.load(&x.clone()), false)
    }

    /// An operand that has a number for each element.
    fn spread(&mut self, y: usize, k: usize) -> Operand {
        match self.operand(y, k) {
            (_, true) => self.load(&self.lowerer.operand(y, k).clone()),
            (operand, false) => operand,
        }
    }

    fn write(&mut self, y: usize) {
        let Target { isa, numerics } = self.lowerer.target;
        let op = self.lowerer.node(y).op.clone();
        let instruction = match Function::of(&op) {
            Function::One(f) => {
                let x = self.spread(y, 0);
                Instruction::One(T::map1(f, isa, numerics), x, self.target(y))
            }
            Function::Two(f) => {
                let (mut a, a_single) = self.operand(y, 0);
                let (b, b_single) = self.operand(y, 1);
                let form = match (a_single, b_single) {
                    (true, true) => {
                        a = self.spread(y, 0);
                        Form::ScalarRight
                    }
                    (true, false) => Form::ScalarLeft,
                    (false, true) => Form::ScalarRight,
                    (false, false) => Form::Both,
                };
                Instruction::Two(T::map2(f, form, isa, numerics), [a, b], self.target(y))
            }
            Function::Select => {
                let x = [0, 1, 2].map(|k| self.spread(y, k));
                Instruction::Three(T::select(isa), x, self.target(y))
            }
        };
        let (Instruction::One(_, _, to)
        | Instruction::Two(_, _, to)
        | Instruction::Three(_, _, to)) = &instruction;
        self.values.insert(y, *to);
        self.code.push(instruction);
    }

    /// Where the value of a node goes: a stored one to its place, unless what lies there is still
    /// to be read.
    fn target(&mut self, y: usize) -> Operand {
        let fused = self.lowerer.fused;
        if !fused.stored[y] {
            return self.register();
        }
        let place = self.lowerer.result(y);
        // A value may be written where another lay that is not read any more.
        let hidden = self.last_read.get(&place).is_some_and(|&last| last > y);
        if hidden { self.register() } else { Operand { place, moves: 1 } }
    }

    fn finish(mut self) -> (Pass<T>, usize) {
        // What could not be written at once is written when everything has been read.
        let Target { isa, numerics } = self.lowerer.target;
        for &y in self.nodes.iter().filter(|&&y| self.lowerer.fused.stored[y]) {
            let (value, place) = (self.values[&y], self.lowerer.result(y));
            if value.moves == 0 {
                let copy = T::map1(Fun1::Copy, isa, numerics);
                self.code.push(Instruction::One(copy, value, Operand { place, moves: 1 }));
            }
        }
        let physical = self.share_registers();
        let bytes = TILE_BYTES.min(REGISTER_BYTES / physical.max(1)).max(256);
        let mut tile = (bytes / size_of::<T>()).min(self.len.next_multiple_of(16)).max(1);
        // A tile of whole periods finds what is repeated in the same place every time.
        let period = |load: &Load| {
            let repeats = load.strides.iter().take_while(|&&stride| stride == 0).count();
            load.sizes[repeats..].iter().product::<usize>()
        };
        let longest = self.loads.iter().map(period).filter(|&p| p <= tile).max().unwrap_or(1);
        tile = tile / longest.max(1) * longest.max(1);
        for load in &mut self.loads {
            load.once |= tile.is_multiple_of(period(load).max(1)) || self.len <= tile;
        }
        let row = tile.next_multiple_of(16);
        let scale = |x: &mut Operand| {
            if x.place.base == REGISTERS {
                x.place.offset *= row;
            }
        };
        self.loads.iter_mut().for_each(|load| load.register *= row);
        self.code.iter_mut().for_each(|instruction| instruction.operands(scale));
        let Self { len, loads, code, .. } = self;
        (Pass { len, tile, loads, code }, physical * row)
    }

    /// Gives registers numbers, as few as can be; returns how many.
    fn share_registers(&mut self) -> usize {
        let mut last = vec![0; self.virtual_registers];
        for (t, instruction) in self.code.iter_mut().enumerate() {
            instruction.operands(|x| {
                if x.place.base == REGISTERS {
                    last[x.place.offset] = t;
                }
            });
        }
        // Loads are there from the beginning, and stay: a tile need not read them again.
        let mut number = vec![usize::MAX; self.virtual_registers];
        let mut count = 0;
        for load in &mut self.loads {
            number[load.register] = count;
            last[load.register] = usize::MAX;
            load.register = count;
            count += 1;
        }
        let mut free = Vec::new();
        for (t, instruction) in self.code.iter_mut().enumerate() {
            let mut ends = Vec::new();
            instruction.reads(|x| {
                if x.place.base == REGISTERS {
                    let register = x.place.offset;
                    x.place.offset = number[register];
                    if last[register] == t && !ends.contains(&number[register]) {
                        ends.push(number[register]);
                    }
                }
            });
            free.extend(ends);
            let to = instruction.writes();
            if to.place.base == REGISTERS {
                let register = to.place.offset;
                number[register] = free.pop().unwrap_or_else(|| {
                    count += 1;
                    count - 1
                });
                to.place.offset = number[register];
                if last[register] == t {
                    free.push(number[register]);
                }
            }
        }
        count
    }
}

/// What an element-wise operation computes.
enum Function {
    One(Fun1),
    Two(Fun2),
    Select,
}

impl Function {
    fn of(op: &Op) -> Self {
        use Function::{One, Two};
        match op {
            Op::Add(_) => Two(Fun2::Add),
            Op::Sub(_) => Two(Fun2::Sub),
            Op::Mul(_) => Two(Fun2::Mul),
            Op::Div(_) => Two(Fun2::Div),
            Op::Pow(_) => Two(Fun2::Pow),
            Op::XLogY(_) => Two(Fun2::XLogY),
            Op::Maximum(_) => Two(Fun2::Maximum),
            Op::Greater(_) => Two(Fun2::Greater),
            Op::GreaterEqual(_) => Two(Fun2::GreaterEqual),
            Op::Equal(_) => Two(Fun2::Equal),
            Op::BinaryCrossEntropy(_) => Two(Fun2::BinaryCrossEntropy),
            Op::BinaryCrossEntropyWithLogits(_) => Two(Fun2::BinaryCrossEntropyWithLogits),
            Op::Select(_) => Function::Select,
            Op::Neg(_) => One(Fun1::Neg),
            Op::Reciprocal(_) => One(Fun1::Reciprocal),
            Op::Square(_) => One(Fun1::Square),
            Op::Sqrt(_) => One(Fun1::Sqrt),
            Op::Rsqrt(_) => One(Fun1::Rsqrt),
            Op::Exp(_) => One(Fun1::Exp),
            Op::Expm1(_) => One(Fun1::Expm1),
            Op::Log(_) => One(Fun1::Log),
            Op::Log1p(_) => One(Fun1::Log1p),
            Op::Sin(_) => One(Fun1::Sin),
            Op::Cos(_) => One(Fun1::Cos),
            Op::Tan(_) => One(Fun1::Tan),
            Op::Atan(_) => One(Fun1::Atan),
            Op::Sinh(_) => One(Fun1::Sinh),
            Op::Cosh(_) => One(Fun1::Cosh),
            Op::Tanh(_) => One(Fun1::Tanh),
            Op::Sigmoid(_) => One(Fun1::Sigmoid),
            Op::Softplus(_) => One(Fun1::Softplus),
            Op::Relu(_) => One(Fun1::Relu),
            Op::Abs(_) => One(Fun1::Abs),
            Op::Sign(_) => One(Fun1::Sign),
            Op::Step(_) => One(Fun1::Step),
            Op::StopGradient(_) => One(Fun1::Copy),
            _ => unreachable!("{op} does not act element by element"),
        }
    }
}
