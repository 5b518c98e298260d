//! Programs over values of no more numbers than a register holds, single numbers among them.
//!
//! There a call for each operation would cost more than the operation. So the code is compact, and
//! one loop reads it; a value between two operations is a full register in memory, whatever its
//! length, since that is read back faster than a part. The lanes beyond a value's length hold
//! anything. Products that take no longer are a part of the code, too.

#![allow(unsafe_code)]

use crate::arena::Memory;
use crate::kernels::matmul::Matmul;
use crate::kernels::pass::Load;
use crate::kernels::step::pass_of;
use crate::kernels::{Form, Fun1, Fun2, Isa, Map1, Map2, Numerics, Real};
use crate::memory::{ARENA, Place, REGISTERS};
use interpret::{interpreter, single_numbers};

mod interpret;

/// Operations over few elements.
///
/// While it is written each result has a register of its own, and registers are counted. When it is
/// [settled](Short::settle), they are shared, and are offsets.
#[derive(Clone, Debug)]
pub(crate) struct Short<T> {
    /// The most numbers of a value.
    pub widest: usize,
    pub reads: Vec<Read>,
    pub code: Vec<Code>,
    pub writes: Vec<Write>,
    pub products: Vec<Matmul<T>>,
    /// How many registers there are.
    pub registers: u32,
    calls: Calls<T>,
    isa: Isa,
    engine: Engine<T>,
}

/// What is read.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub from: Place,
    pub len: usize,
    pub seen: Seen,
}

/// How what is read lies.
#[derive(Clone, Debug)]
pub(crate) enum Seen {
    /// One number for all elements.
    Single,
    /// Side by side.
    Row,
    /// Otherwise.
    Other(Box<Load>),
}

/// Where a register is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Write {
    pub to: Place,
    pub len: usize,
    /// Whether there is room for a whole register: then all of it is written, since a part is not
    /// read back as fast.
    pub whole: bool,
}

/// One operation: to = f(a, b), each a register. If there is no b, it is a.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code {
    pub f: F,
    /// Of a call, which; of a sum, how many elements.
    pub call: u16,
    pub a: u32,
    pub b: u32,
    pub to: u32,
}

/// What an operation computes: a function of the same name, or one that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum F {
    /// Read number a.
    Read,
    /// Write number b.
    Write,
    /// Product number a; what it reads and writes may be registers.
    Product,
    /// The first element of a, in all lanes.
    Spread,
    Copy,
    Neg,
    Reciprocal,
    Square,
    Sqrt,
    Rsqrt,
    Relu,
    Abs,
    Sign,
    Step,
    Add,
    Sub,
    Mul,
    Div,
    Maximum,
    Greater,
    GreaterEqual,
    Equal,
    SigmoidSlope,
    TanhSlope,
    /// Remembers a, and writes nothing.
    Hold,
    /// a where what was remembered is not 0, else b.
    Select,
    /// The sum of all elements of a.
    Sum,
    Call1,
    Call2,
}

/// The functions that are called, each with the number of elements that it is called for, or
/// [`WHOLE`].
#[derive(Clone, Debug)]
struct Calls<T> {
    one: Vec<(Map1<T>, usize)>,
    two: Vec<(Map2<T>, usize)>,
}

type Engine<T> = unsafe fn(&Short<T>, &Memory<T>);

/// As many elements as a register has: what is computed in registers is then written as one.
const WHOLE: usize = usize::MAX;

impl<T: Real> Short<T> {
    /// How many numbers a value may have.
    pub fn longest(isa: Isa) -> usize {
        let bytes = if isa == Isa::Avx512 { 64 } else { 32 };
        bytes / size_of::<T>()
    }

    /// A program without code, for values of so many numbers.
    pub fn new(widest: usize, isa: Isa) -> Self {
        let calls = Calls { one: Vec::new(), two: Vec::new() };
        Self {
            widest,
            reads: Vec::new(),
            code: Vec::new(),
            writes: Vec::new(),
            products: Vec::new(),
            registers: 0,
            calls,
            isa,
            engine: single_numbers::<T>,
        }
    }

    /// What it does, in a word or two.
    pub fn name(&self) -> String {
        let moves = |code: &&Code| matches!(code.f, F::Read | F::Write | F::Product);
        let pass = pass_of(self.code.len() - self.code.iter().filter(moves).count());
        match self.products.as_slice() {
            [] => format!("short {pass}"),
            [one] => format!("short {pass}, with {}", one.name()),
            all => format!("short {pass}, with {} products", all.len()),
        }
    }

    /// A new register.
    pub fn register(&mut self) -> u32 {
        self.registers += 1;
        self.registers - 1
    }

    /// The code that writes a register.
    pub fn write(&mut self, register: u32, to: Place, len: usize) -> Code {
        // In the arena each value has whole cache lines.
        let whole = to.base == ARENA;
        self.writes.push(Write { to, len, whole });
        Code { f: F::Write, call: 0, a: register, b: self.writes.len() as u32 - 1, to: 0 }
    }

    /// A function of one number, and which call it is.
    pub fn one(&mut self, f: Fun1, len: usize, numerics: Numerics) -> (F, u16) {
        let f = match f {
            Fun1::Copy => F::Copy,
            Fun1::Neg => F::Neg,
            Fun1::Reciprocal => F::Reciprocal,
            Fun1::Square => F::Square,
            Fun1::Sqrt => F::Sqrt,
            Fun1::Rsqrt => F::Rsqrt,
            Fun1::Relu => F::Relu,
            Fun1::Abs => F::Abs,
            Fun1::Sign => F::Sign,
            Fun1::Step => F::Step,
            f => {
                let len = if f.in_registers(numerics) { WHOLE } else { len };
                let call = (T::map1(f, self.isa, numerics), len);
                return (F::Call1, position(&mut self.calls.one, call));
            }
        };
        (f, 0)
    }

    /// A function of two numbers, and which call it is.
    pub fn two(&mut self, f: Fun2, len: usize, numerics: Numerics) -> (F, u16) {
        let f = match f {
            Fun2::Add => F::Add,
            Fun2::Sub => F::Sub,
            Fun2::Mul => F::Mul,
            Fun2::Div => F::Div,
            Fun2::Maximum => F::Maximum,
            Fun2::Greater => F::Greater,
            Fun2::GreaterEqual => F::GreaterEqual,
            Fun2::Equal => F::Equal,
            Fun2::SigmoidSlope => F::SigmoidSlope,
            Fun2::TanhSlope => F::TanhSlope,
            f => {
                let len = if f.in_registers(numerics) { WHOLE } else { len };
                let call = (T::map2(f, Form::Both, self.isa, numerics), len);
                return (F::Call2, position(&mut self.calls.two, call));
            }
        };
        (f, 0)
    }

    /// Which call of this program is that of an operation of another.
    pub fn call_of(&mut self, other: &Self, code: &Code) -> u16 {
        let call = usize::from(code.call);
        match code.f {
            F::Call1 => position(&mut self.calls.one, other.calls.one[call]),
            F::Call2 => position(&mut self.calls.two, other.calls.two[call]),
            _ => code.call,
        }
    }

    /// Shares the registers and lays them out; returns how many numbers they hold.
    pub fn settle(&mut self) -> usize {
        let single = self.widest == 1 && self.products.is_empty();
        let stride = if single { 1 } else { Self::longest(self.isa) };
        self.engine = if single { single_numbers::<T> } else { interpreter(self.isa) };
        let Calls { one, two } = &mut self.calls;
        let lens = one.iter_mut().map(|(_, len)| len).chain(two.iter_mut().map(|(_, len)| len));
        lens.filter(|len| **len == WHOLE).for_each(|len| *len = stride);
        let count = self.share_registers();
        assert!(
            u32::try_from(count * stride).is_ok(),
            "a program of four thousand million numbers"
        );
        for t in 0..self.code.len() {
            self.registers_of(t, |register, _| register * stride as u32);
        }
        count * stride
    }

    /// Gives registers numbers, as few as can be; returns how many.
    fn share_registers(&mut self) -> usize {
        let mut last = vec![0; self.registers as usize];
        for t in 0..self.code.len() {
            self.registers_of(t, |register, _| {
                last[register as usize] = t;
                register
            });
        }
        let mut number = vec![None; self.registers as usize];
        let (mut count, mut free, mut dead) = (0, Vec::new(), Vec::new());
        for t in 0..self.code.len() {
            self.registers_of(t, |register, made| {
                let known = &mut number[register as usize];
                assert!(made || known.is_some(), "what is read has been made");
                let number = *known.get_or_insert_with(|| {
                    free.pop().unwrap_or_else(|| {
                        count += 1;
                        count - 1
                    })
                });
                if last[register as usize] == t && !dead.contains(&number) {
                    dead.push(number);
                }
                number
            });
            free.append(&mut dead);
        }
        count as usize
    }

    /// Replaces each register of an operation, those that it reads before the one that it makes; `f`
    /// is told which.
    pub fn registers_of(&mut self, t: usize, mut f: impl FnMut(u32, bool) -> u32) {
        let code = &mut self.code[t];
        let (reads, makes): (&mut [&mut u32], _) = match code.f {
            F::Product => {
                for (place, made) in self.products[code.a as usize].places() {
                    if place.base == REGISTERS {
                        place.offset = f(place.offset as u32, made) as usize;
                    }
                }
                return;
            }
            F::Read => (&mut [], true),
            F::Write | F::Hold => (&mut [&mut code.a], false),
            _ => (&mut [&mut code.a, &mut code.b], true),
        };
        reads.iter_mut().for_each(|register| **register = f(**register, false));
        if makes {
            code.to = f(code.to, true);
        }
    }

    /// # Safety
    ///
    /// All places must lie in `memory`, with as many elements; the program must be settled, and there
    /// be room for its registers.
    pub unsafe fn run(&self, memory: &Memory<T>) {
        // SAFETY: by the caller's promise; the plan is made for instructions that the machine has.
        unsafe { (self.engine)(self, memory) };
    }
}

/// The place of a call in the list, in which it now is.
fn position<F: PartialEq>(calls: &mut Vec<(F, usize)>, call: (F, usize)) -> u16 {
    let place = calls.iter().position(|known| *known == call).unwrap_or_else(|| {
        calls.push(call);
        calls.len() - 1
    });
    u16::try_from(place).expect("there are not so many functions")
}
