//! Passes over no more numbers than a register holds, single numbers among them.
//!
//! There a call for each operation would cost more than the operation. So the code is compact, and
//! one loop reads it; a value between two operations is a full register in memory, whatever its
//! length, since that is read back faster than a part. All that is read comes first, and all that
//! is written last.

#![allow(unsafe_code)]

use crate::arena::Memory;
use crate::kernels::pass::Load;
use crate::kernels::vector::{Registers, Vector, for_each_isa};
use crate::kernels::{Form, Fun1, Fun2, Isa, Map1, Map2, Numerics, Real};
use crate::memory::{Place, REGISTERS};

/// Operations over the same few elements.
#[derive(Clone, Debug)]
pub(crate) struct Short<T> {
    pub len: usize,
    pub reads: Vec<Read>,
    pub code: Vec<Code>,
    pub writes: Vec<Write>,
    calls: Calls<T>,
    pub isa: Isa,
    engine: Engine<T>,
}

/// What is read before the operations, and the first number of its register.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub from: Place,
    pub register: u32,
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

/// The register that is written to a place after the operations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Write {
    pub register: u32,
    pub to: Place,
    /// How many numbers: all elements, or one.
    pub len: usize,
    /// Whether there is room for a whole register: then all of it is written, since a part is not
    /// read back as fast.
    pub whole: bool,
}

/// One operation: to = f(a, b), each by the first number of its register. If there is no b, it is a.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code {
    pub f: F,
    /// Of a call, which.
    pub call: u16,
    pub a: u32,
    pub b: u32,
    pub to: u32,
}

/// What an operation computes: a function of the same name, or one that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum F {
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
    /// Remembers a, and writes nothing.
    Hold,
    /// a where what was remembered is not 0, else b.
    Select,
    /// The sum of all elements of a.
    Sum,
    Call1,
    Call2,
}

/// The functions that are called, each with the number of elements that it is called for.
#[derive(Clone, Debug)]
struct Calls<T> {
    one: Vec<(Map1<T>, usize)>,
    two: Vec<(Map2<T>, usize)>,
}

type Engine<T> = unsafe fn(&Short<T>, &Memory<T>);

impl<T: Real> Short<T> {
    /// How many numbers a pass may have.
    pub fn longest(isa: Isa) -> usize {
        let bytes = if isa == Isa::Avx512 { 64 } else { 32 };
        bytes / size_of::<T>()
    }

    /// How far apart the registers of a pass over `len` numbers lie.
    pub fn stride(len: usize, isa: Isa) -> usize {
        if len == 1 { 1 } else { Self::longest(isa) }
    }

    /// A pass without code.
    pub fn new(len: usize, isa: Isa) -> Self {
        let engine = if len == 1 { single::<T> } else { interpreter(isa) };
        let calls = Calls { one: Vec::new(), two: Vec::new() };
        Self { len, reads: Vec::new(), code: Vec::new(), writes: Vec::new(), calls, isa, engine }
    }

    /// A function of one number, and which call it is.
    pub fn one(&mut self, f: Fun1, isa: Isa, numerics: Numerics) -> (F, u16) {
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
                let call = (T::map1(f, isa, numerics), self.called(f.in_registers(numerics), isa));
                return (F::Call1, position(&mut self.calls.one, call));
            }
        };
        (f, 0)
    }

    /// A function of two numbers, and which call it is.
    pub fn two(&mut self, f: Fun2, isa: Isa, numerics: Numerics) -> (F, u16) {
        let f = match f {
            Fun2::Add => F::Add,
            Fun2::Sub => F::Sub,
            Fun2::Mul => F::Mul,
            Fun2::Div => F::Div,
            Fun2::Maximum => F::Maximum,
            Fun2::Greater => F::Greater,
            Fun2::GreaterEqual => F::GreaterEqual,
            Fun2::Equal => F::Equal,
            f => {
                let map = T::map2(f, Form::Both, isa, numerics);
                let call = (map, self.called(f.in_registers(numerics), isa));
                return (F::Call2, position(&mut self.calls.two, call));
            }
        };
        (f, 0)
    }

    /// For how many elements a function is called: for a register's worth, if it computes those at
    /// once, so that it writes all of it.
    fn called(&self, in_registers: bool, isa: Isa) -> usize {
        if in_registers { Self::stride(self.len, isa) } else { self.len }
    }

    /// How many numbers its registers hold.
    pub fn registers(&self) -> usize {
        let reads = self.reads.iter().map(|read| read.register);
        let code = self.code.iter().flat_map(|code| [code.a, code.b, code.to]);
        let writes = self.writes.iter().map(|write| write.register);
        let last = reads.chain(code).chain(writes).max();
        last.map_or(0, |last| last as usize + Self::stride(self.len, self.isa))
    }

    /// Which call of this pass is that of an operation of another.
    pub fn call_of(&mut self, other: &Self, code: &Code) -> u16 {
        let call = usize::from(code.call);
        match code.f {
            F::Call1 => position(&mut self.calls.one, other.calls.one[call]),
            F::Call2 => position(&mut self.calls.two, other.calls.two[call]),
            _ => 0,
        }
    }

    /// # Safety
    ///
    /// All places must lie in `memory`, with as many elements; there must be room for all registers,
    /// which lie as far apart as [`stride`](Self::stride) says.
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

for_each_isa! {
    /// The loop over registers of a machine.
    fn interpreter[T: Real] = interpret[T](pass: &Short<T>, memory: &Memory<T>);
}

/// The loop over single numbers.
///
/// # Safety
///
/// As [`Short::run`].
unsafe fn single<T: Real>(pass: &Short<T>, memory: &Memory<T>) {
    // SAFETY: by the caller's promise.
    unsafe { interpret::<T, <T as Registers>::Single>(pass, memory) };
}

/// # Safety
///
/// As [`Short::run`].
#[inline(always)]
unsafe fn interpret<T: Real, V: Vector<T>>(pass: &Short<T>, memory: &Memory<T>) {
    // SAFETY: by the caller's promise, also below.
    let registers = unsafe { memory.at(Place { base: REGISTERS, offset: 0 }) };
    let at = |register: u32| unsafe { registers.add(register as usize) };
    let zero = V::splat(T::zero());
    for read in &pass.reads {
        // SAFETY: as many numbers as the pass has are there, and room for a register.
        unsafe {
            let from = memory.at(read.from);
            match &read.seen {
                Seen::Single => V::splat(*from).store(at(read.register)),
                Seen::Row => V::load_part(from, pass.len).store(at(read.register)),
                Seen::Other(load) => load.run(memory, 0, pass.len, read.register as usize),
            }
        }
    }
    let mut held = zero;
    for code in &pass.code {
        let (a, b, to) = (at(code.a), at(code.b), at(code.to));
        // Each arm loads and stores by itself, so that the numbers stay in registers for them.
        //
        // SAFETY: a register is at each of the places; a call is in its list.
        unsafe {
            match code.f {
                F::Copy => one::<T, V>(Fun1::Copy, a, to),
                F::Neg => one::<T, V>(Fun1::Neg, a, to),
                F::Reciprocal => one::<T, V>(Fun1::Reciprocal, a, to),
                F::Square => one::<T, V>(Fun1::Square, a, to),
                F::Sqrt => one::<T, V>(Fun1::Sqrt, a, to),
                F::Rsqrt => one::<T, V>(Fun1::Rsqrt, a, to),
                F::Relu => one::<T, V>(Fun1::Relu, a, to),
                F::Abs => one::<T, V>(Fun1::Abs, a, to),
                F::Sign => one::<T, V>(Fun1::Sign, a, to),
                F::Step => one::<T, V>(Fun1::Step, a, to),
                F::Add => two::<T, V>(Fun2::Add, [a, b], to),
                F::Sub => two::<T, V>(Fun2::Sub, [a, b], to),
                F::Mul => two::<T, V>(Fun2::Mul, [a, b], to),
                F::Div => two::<T, V>(Fun2::Div, [a, b], to),
                F::Maximum => two::<T, V>(Fun2::Maximum, [a, b], to),
                F::Greater => two::<T, V>(Fun2::Greater, [a, b], to),
                F::GreaterEqual => two::<T, V>(Fun2::GreaterEqual, [a, b], to),
                F::Equal => two::<T, V>(Fun2::Equal, [a, b], to),
                F::Sum => V::splat(V::load_part(a, pass.len).sum()).store(to),
                F::Hold => held = V::load(a),
                F::Select => V::select(held.eq(zero), V::load(b), V::load(a)).store(to),
                F::Call1 => {
                    let &(f, n) = pass.calls.one.get_unchecked(usize::from(code.call));
                    f(a, to, n);
                }
                F::Call2 => {
                    let &(f, n) = pass.calls.two.get_unchecked(usize::from(code.call));
                    f(a, b, to, n);
                }
            }
        }
    }
    for write in &pass.writes {
        // SAFETY: as many numbers can be written, or a whole register.
        unsafe {
            let (y, to) = (V::load(at(write.register)), memory.at(write.to));
            if write.whole { y.store(to) } else { y.store_part(to, write.len) }
        }
    }
}

/// # Safety
///
/// A register is at each of the places.
#[inline(always)]
unsafe fn one<T: Real, V: Vector<T>>(f: Fun1, a: *const T, to: *mut T) {
    // SAFETY: by the caller's promise.
    unsafe { f.of_vector(V::load(a)).store(to) };
}

/// # Safety
///
/// A register is at each of the places.
#[inline(always)]
unsafe fn two<T: Real, V: Vector<T>>(f: Fun2, [a, b]: [*mut T; 2], to: *mut T) {
    // SAFETY: by the caller's promise.
    unsafe { f.of_vector(V::load(a), V::load(b)).store(to) };
}
