//! The code of a fused pass.

use std::collections::{HashMap, HashSet};

use gradus_ops::{Axes, Max, Op, Sum};

use super::{Lowerer, Target};
use crate::kernels::cost::Cost;
use crate::kernels::ending::Ending;
use crate::kernels::pass::{Instruction, Load, Operand, Pass};
use crate::kernels::reduce::{Reduce, Reduction};
use crate::kernels::{Form, Fun1, Fun2, Real};
use crate::memory::{Place, REGISTERS};
use crate::net::{Node, Sizes, Way};
use crate::view::{View, merged};

/// How many bytes of a tile lie in the nearest cache comfortably.
const TILE_BYTES: usize = 2048;
/// How many bytes all registers together should take.
const REGISTER_BYTES: usize = 24 * 1024;

/// Writes a pass: first over registers without number, which are then shared out.
pub(super) struct PassWriter<'a, 'b, T> {
    lowerer: &'a Lowerer<'b, T>,
    nodes: &'a [usize],
    len: usize,
    loads: Vec<Load>,
    code: Vec<Instruction<T>>,
    endings: Vec<Ending>,
    /// The operand as which each node's value is known.
    values: HashMap<usize, Operand>,
    /// The last node that reads what was at a place before.
    last_read: HashMap<Place, usize>,
    virtual_registers: usize,
    /// What an element costs.
    cost: Cost,
}

impl<'a, 'b, T: Real> PassWriter<'a, 'b, T> {
    pub fn new(lowerer: &'a Lowerer<'b, T>, nodes: &'a [usize]) -> Self {
        let len = lowerer.node(nodes[0]).len();
        let (loads, code, endings, values) = (Vec::new(), Vec::new(), Vec::new(), HashMap::new());
        let own: HashSet<usize> = nodes.iter().copied().collect();
        let mut last_read = HashMap::new();
        for &y in nodes {
            for x in lowerer.fused.reads(y).filter(|x| !own.contains(&x.root)) {
                last_read.insert(lowerer.place(&View::whole(x.root, &[])), y);
            }
        }
        let cost = Cost::default();
        let virtual_registers = 0;
        Self {
            lowerer,
            nodes,
            len,
            loads,
            code,
            endings,
            values,
            last_read,
            virtual_registers,
            cost,
        }
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

    /// The operation of a node.
    pub fn write(&mut self, y: usize) {
        let Target { isa, numerics, .. } = self.lowerer.target;
        match self.lowerer.node(y).op {
            Op::Sum(Sum { axes }) => return self.end(y, Reduction::Sum, axes),
            Op::Max(Max { axes }) => return self.end(y, Reduction::Max, axes),
            _ => {}
        }
        let instruction = match Function::of(self.lowerer.node(y)) {
            Function::One(f) => {
                let x = self.spread(y, 0);
                self.cost += Cost::of1(f, numerics);
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
                self.cost += Cost::of2(f, numerics);
                Instruction::Two(T::map2(f, form, isa, numerics), [a, b], self.target(y))
            }
            Function::Select => {
                self.cost += Cost::ARITHMETIC;
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

    /// A reduction of what has been computed.
    fn end(&mut self, y: usize, kind: Reduction, axes: Axes) {
        let (x, isa) = (self.lowerer.operand(y, 0), self.lowerer.target.isa);
        self.cost += Cost::ARITHMETIC;
        self.endings.push(Ending {
            kind,
            from: self.values[&x.root],
            to: self.lowerer.result(y),
            sizes: Reduce::axes(&x.sizes, axes),
            isa,
        });
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

    /// The pass.
    pub fn finish(mut self) -> Pass<T> {
        // What could not be written at once is written when everything has been read.
        let Target { isa, numerics, .. } = self.lowerer.target;
        for &y in self.nodes.iter().filter(|&&y| self.lowerer.fused.stored[y]) {
            let (value, place) = (self.values.get(&y), self.lowerer.result(y));
            if let Some(&value) = value.filter(|value| value.moves == 0) {
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
        let units = self.endings.iter().map(|ending| Ending::unit(ending.sizes));
        let unit = units.fold(1, common_multiple);
        let both = common_multiple(unit, longest.max(1));
        tile = if both <= tile { tile / both * both } else { (tile / unit).max(1) * unit };
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
        self.endings.iter_mut().for_each(|ending| scale(&mut ending.from));
        let Self { len, loads, code, endings, cost, .. } = self;
        let parts = cost.parts::<T>(len, isa).min(len.div_ceil(tile)).max(1);
        Pass { len, tile, parts, loads, code, endings }
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
        let ended = self.endings.iter().filter(|ending| ending.from.place.base == REGISTERS);
        ended.for_each(|ending| last[ending.from.place.offset] = usize::MAX);
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
        for ending in &mut self.endings {
            if ending.from.place.base == REGISTERS {
                ending.from.place.offset = number[ending.from.place.offset];
            }
        }
        count
    }
}

fn common_multiple(a: usize, b: usize) -> usize {
    let (mut x, mut y) = (a, b);
    while y > 0 {
        (x, y) = (y, x % y);
    }
    a / x * b
}

/// What an element-wise operation computes.
pub(super) enum Function {
    One(Fun1),
    Two(Fun2),
    Select,
}

impl Function {
    pub fn of(node: &Node) -> Self {
        use Function::{One, Two};
        match &node.op {
            _ if node.way == Way::SigmoidSlope => Two(Fun2::SigmoidSlope),
            _ if node.way == Way::TanhSlope => Two(Fun2::TanhSlope),
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
            op => unreachable!("{op} does not act element by element"),
        }
    }
}
