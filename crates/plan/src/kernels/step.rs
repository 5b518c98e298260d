//! The steps of a compiled plan.

#![allow(unsafe_code)]

use gradus_ops::{Environment, Op};
use ndarray::ArrayView;

use crate::arena::Memory;
use crate::kernels::Real;
use crate::kernels::arrange::{Copy, Gather, OneHot, Scatter};
use crate::kernels::conv::Conv;
use crate::kernels::epilogue::WithEpilogue;
use crate::kernels::lanes::conv::Correlation;
use crate::kernels::lanes::filter::FilterAdjoint;
use crate::kernels::lanes::pool::LanePool;
use crate::kernels::lanes::pooled::Pooled;
use crate::kernels::lanes::winners::WinnersAdjoint;
use crate::kernels::matmul::Matmul;
use crate::kernels::pass::Pass;
use crate::kernels::pool::Pool;
use crate::kernels::reduce::{Reduce, Rows};
use crate::kernels::short::Short;
use crate::kernels::turn::Turn;
use crate::memory::Place;
use crate::net::Sizes;

/// One step, with all it needs resolved.
#[derive(Clone, Debug)]
pub(crate) enum Step<T> {
    Pass(Pass<T>),
    Short(Short<T>),
    Matmul(Matmul<T>),
    Conv(Box<Conv>),
    WithEpilogue(Box<WithEpilogue<T>>),
    Pool(Box<Pool>),
    Correlation(Box<Correlation>),
    Pooled(Box<Pooled>),
    FilterAdjoint(Box<FilterAdjoint>),
    LanePool(Box<LanePool>),
    WinnersAdjoint(Box<WinnersAdjoint>),
    Reduce(Reduce),
    Rows(Rows<T>),
    Copy(Copy),
    Turn(Turn),
    /// One number, so many times.
    Fill(Place, usize, T),
    Gather(Gather),
    Scatter(Scatter),
    OneHot(OneHot),
    Apply(Box<Apply>),
}

/// An operation by its reference kernel.
#[derive(Clone, Debug)]
pub(crate) struct Apply {
    pub op: Op,
    pub operands: Vec<(Place, Sizes)>,
    pub to: Place,
    pub sizes: Sizes,
    /// The place on the program's tape.
    pub origin: usize,
}

/// What an operation objects to in its operands' values, and where it is on the tape.
#[derive(Debug)]
pub struct Objection {
    pub origin: usize,
    pub problem: String,
}

impl<T: Real> Step<T> {
    /// What the step does, in a word or two.
    pub fn name(&self) -> String {
        match self {
            Step::Pass(pass) => match pass.endings.len() {
                0 => pass_of(pass.code.len()),
                1 => format!("{} and a reduction", pass_of(pass.code.len())),
                n => format!("{} and {n} reductions", pass_of(pass.code.len())),
            },
            Step::Short(program) => program.name(),
            Step::Matmul(matmul) => matmul.name(),
            Step::Conv(conv) => conv.name(),
            Step::WithEpilogue(both) => both.name(),
            Step::Pool(_) => "pool".to_owned(),
            Step::Correlation(conv) => conv.name(),
            Step::Pooled(pooled) => pooled.name(),
            Step::FilterAdjoint(conv) => conv.name(),
            Step::LanePool(pool) => pool.name(),
            Step::WinnersAdjoint(conv) => conv.name(),
            Step::Reduce(_) => "reduce".to_owned(),
            Step::Rows(_) => "rows".to_owned(),
            Step::Copy(_) => "copy".to_owned(),
            Step::Turn(turn) => format!("transpose {}×{}", turn.columns, turn.rows),
            Step::Fill(..) => "fill".to_owned(),
            Step::Gather(_) => "gather".to_owned(),
            Step::Scatter(_) => "scatter".to_owned(),
            Step::OneHot(_) => "one-hot".to_owned(),
            Step::Apply(_) => "reference".to_owned(),
        }
    }

    /// Into how many parts the step is divided if there are threads for them. It depends on sizes
    /// and instructions alone, and so do the bits.
    ///
    /// Invariant: a step that may fail is not divided.
    pub fn parts(&self) -> usize {
        match self {
            Step::Pass(pass) => pass.parts,
            Step::Conv(conv) => conv.parts(),
            Step::WithEpilogue(both) => both.parts(),
            Step::Pool(pool) => pool.parts::<T>(),
            Step::Reduce(reduce) => reduce.parts,
            Step::Rows(rows) => rows.parts(),
            Step::Copy(copy) => copy.parts::<T>(),
            Step::Matmul(matmul) => matmul.parts(),
            _ => 1,
        }
    }

    /// How many rows of registers its parts need: a product has room of its own for each.
    pub fn rows(&self) -> usize {
        if let Step::Matmul(_) = self { 1 } else { self.parts() }
    }

    /// Runs a part of a step that has several. The parts together are the step, in any order and at
    /// the same time.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run); and the registers must have a row for each part.
    pub unsafe fn run_part(&self, memory: &Memory<T>, part: usize) {
        // SAFETY: by the caller's promise.
        unsafe {
            match self {
                Step::Pass(pass) => pass.run_part(memory, part),
                Step::Conv(conv) => conv.run_part(memory, part, None),
                Step::WithEpilogue(both) => both.run_part(memory, part),
                Step::Pool(pool) => pool.run_part(memory, part),
                Step::Reduce(reduce) => reduce.run_part(memory, part),
                Step::Rows(rows) => rows.run_part(memory, part),
                Step::Copy(copy) => copy.run_part(memory, part),
                Step::Matmul(matmul) => matmul.run_part(memory, part, None),
                _ => unreachable!("a step of one part"),
            }
        }
    }

    /// Runs the step.
    ///
    /// # Safety
    ///
    /// All places must lie in `memory`, with as many elements as the step works on.
    pub unsafe fn run(&self, memory: &Memory<T>) -> Result<(), Box<Objection>> {
        // SAFETY: by the caller's promise.
        unsafe {
            match self {
                Step::Pass(pass) => pass.run(memory),
                Step::Short(program) => program.run(memory),
                Step::Matmul(matmul) => matmul.run(memory),
                Step::Conv(conv) => conv.run(memory, None),
                Step::WithEpilogue(both) => both.run(memory),
                Step::Pool(pool) => pool.run(memory),
                Step::Correlation(conv) => conv.run(memory, None),
                Step::Pooled(pooled) => pooled.run(memory),
                Step::FilterAdjoint(conv) => conv.run(memory),
                Step::LanePool(pool) => pool.run(memory),
                Step::WinnersAdjoint(conv) => conv.run(memory),
                Step::Reduce(reduce) => reduce.run(memory),
                Step::Rows(rows) => rows.run(memory),
                Step::Copy(copy) => copy.run(memory),
                Step::Turn(turn) => turn.run(memory),
                Step::Fill(to, n, value) => {
                    std::slice::from_raw_parts_mut(memory.at(*to), *n).fill(*value);
                }
                Step::Gather(gather) => return gather.run(memory),
                Step::Scatter(scatter) => return scatter.run(memory),
                Step::OneHot(one_hot) => return one_hot.run(memory),
                Step::Apply(apply) => return apply.run(memory),
            }
        }
        Ok(())
    }
}

pub(super) fn pass_of(operations: usize) -> String {
    if operations == 1 { "pass".to_owned() } else { format!("pass of {operations}") }
}

impl Apply {
    /// # Safety
    ///
    /// As [`Step::run`].
    unsafe fn run<T: Real>(&self, memory: &Memory<T>) -> Result<(), Box<Objection>> {
        let view = |(place, sizes): &(Place, Sizes)| {
            // SAFETY: by the caller's promise; operands are stored in row-major order.
            unsafe { ArrayView::from_shape_ptr(sizes.as_slice(), memory.at(*place).cast_const()) }
        };
        let x: Vec<_> = self.operands.iter().map(view).collect();
        let env = Environment::default();
        let objection = |problem| Box::new(Objection { origin: self.origin, problem });
        self.op.accept(&x, &env).map_err(objection)?;
        let y = self.op.eval(&x, &env);
        if y.shape() != self.sizes.as_slice() {
            let (got, sizes) = (y.shape(), &self.sizes);
            let problem = format!("the kernel returned the sizes {got:?}, not {sizes:?}");
            return Err(objection(problem));
        }
        let y = y.as_standard_layout();
        // SAFETY: by the caller's promise; the array is new and overlaps nothing.
        unsafe { std::ptr::copy_nonoverlapping(y.as_ptr(), memory.at(self.to), y.len()) };
        Ok(())
    }
}
