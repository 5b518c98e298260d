//! The loop that reads the code of a program.

#![allow(unsafe_code)]

use super::{Code, F, Read, Seen, Short};
use crate::arena::Memory;
use crate::kernels::vector::{Registers, Vector, for_each_isa};
use crate::kernels::{Fun1, Fun2, Real};
use crate::memory::{Place, REGISTERS};

/// No register.
const NONE: u32 = u32::MAX;

for_each_isa! {
    /// The loop over registers of a machine.
    pub(super) fn interpreter[T: Real] = interpret[T](program: &Short<T>, memory: &Memory<T>);
}

/// The loop over single numbers.
///
/// # Safety
///
/// As [`Short::run`].
pub(super) unsafe fn single_numbers<T: Real>(program: &Short<T>, memory: &Memory<T>) {
    // SAFETY: by the caller's promise.
    unsafe { interpret::<T, <T as Registers>::Single>(program, memory) };
}

/// # Safety
///
/// As [`Short::run`].
#[inline(always)]
unsafe fn interpret<T: Real, V: Vector<T>>(program: &Short<T>, memory: &Memory<T>) {
    // SAFETY: by the caller's promise, also below.
    let registers = unsafe { memory.at(Place { base: REGISTERS, offset: 0 }) };
    let at = |register: u32| unsafe { registers.add(register as usize) };
    let zero = V::splat(T::zero());
    let mut held = zero;
    // The register that was written last is also kept where it need not be read back.
    let (mut last, mut value) = (NONE, zero);
    macro_rules! get {
        ($register:expr) => {
            if $register == last { value } else { V::load(at($register)) }
        };
    }
    for code in &program.code {
        let Code { f, call, a, b, to } = *code;
        macro_rules! set {
            ($value:expr) => {{
                value = $value;
                value.store(at(to));
                last = to;
            }};
        }
        macro_rules! one {
            ($f:ident) => {
                set!(Fun1::$f.arithmetic(get!(a)))
            };
        }
        macro_rules! two {
            ($f:ident) => {
                set!(Fun2::$f.arithmetic(get!(a), get!(b)))
            };
        }
        // SAFETY: by the caller's promise: what is numbered is in its list, as many numbers are
        // there, and there is room for a register.
        unsafe {
            match f {
                F::Read => {
                    let Read { from, len, seen } = program.reads.get_unchecked(a as usize);
                    match seen {
                        Seen::Single => set!(V::splat(*memory.at(*from))),
                        Seen::Row => set!(V::load_part(memory.at(*from), *len)),
                        Seen::Other(load) => {
                            load.run(memory, 0, *len, to as usize);
                            last = NONE;
                        }
                    }
                }
                F::Write => {
                    let write = program.writes.get_unchecked(b as usize);
                    let (y, to) = (get!(a), memory.at(write.to));
                    if write.whole { y.store(to) } else { y.store_part(to, write.len) }
                }
                F::Product => {
                    program.products.get_unchecked(a as usize).run(memory);
                    last = NONE;
                }
                F::Spread => set!(V::splat(*at(a))),
                F::Copy => one!(Copy),
                F::Neg => one!(Neg),
                F::Reciprocal => one!(Reciprocal),
                F::Square => one!(Square),
                F::Sqrt => one!(Sqrt),
                F::Rsqrt => one!(Rsqrt),
                F::Relu => one!(Relu),
                F::Abs => one!(Abs),
                F::Sign => one!(Sign),
                F::Step => one!(Step),
                F::Add => two!(Add),
                F::Sub => two!(Sub),
                F::Mul => two!(Mul),
                F::Div => two!(Div),
                F::Maximum => two!(Maximum),
                F::Greater => two!(Greater),
                F::GreaterEqual => two!(GreaterEqual),
                F::Equal => two!(Equal),
                F::SigmoidSlope => two!(SigmoidSlope),
                F::TanhSlope => two!(TanhSlope),
                F::Sum => set!(V::splat(V::load_part(at(a), usize::from(call)).sum())),
                F::Hold => held = get!(a),
                F::Select => set!(V::select(held.eq(zero), get!(b), get!(a))),
                F::Call1 => {
                    let &(f, n) = program.calls.one.get_unchecked(usize::from(call));
                    f(at(a), at(to), n);
                    last = NONE;
                }
                F::Call2 => {
                    let &(f, n) = program.calls.two.get_unchecked(usize::from(call));
                    f(at(a), at(b), at(to), n);
                    last = NONE;
                }
            }
        }
    }
}
