//! A product or a convolution with an epilogue: a pass over what it writes, some rows or an example at
//! a time, while these are in a near cache.
//!
//! The epilogue may be any pass that works in step with the result, so it is an activation function of
//! one operation or of several, or a derivative that multiplies what is propagated backwards.

#![allow(unsafe_code)]

use std::ops::Range;

use crate::arena::Memory;
use crate::kernels::Real;
use crate::kernels::conv::Conv;
use crate::kernels::lanes::conv::Correlation;
use crate::kernels::matmul::Matmul;
use crate::kernels::pass::Pass;
use crate::kernels::step::pass_of;
use crate::memory::Place;

/// What is to be done with elements that have been written, and will be neither read nor written again.
pub(crate) type Then<'a> = &'a dyn Fn(Range<usize>);

/// A product or a convolution, and the pass.
#[derive(Clone, Debug)]
pub(crate) struct WithEpilogue<T> {
    pub producer: Producer<T>,
    pub pass: Pass<T>,
}

/// What a pass can be the epilogue of.
#[derive(Clone, Debug)]
pub(crate) enum Producer<T> {
    Matmul(Box<Matmul<T>>),
    Conv(Box<Conv>),
    Lanes(Box<Correlation>),
}

impl<T: Real> WithEpilogue<T> {
    pub fn name(&self) -> String {
        let producer = match &self.producer {
            Producer::Matmul(matmul) => matmul.name(),
            Producer::Conv(conv) => conv.name(),
            Producer::Lanes(conv) => conv.name(),
        };
        format!("{producer}, then a {}", pass_of(self.pass.code.len()))
    }

    /// Into how many parts it is divided.
    pub fn parts(&self) -> usize {
        self.producer.parts()
    }

    /// # Safety
    ///
    /// As for both.
    pub unsafe fn run(&self, memory: &Memory<T>) {
        // SAFETY: by the caller's promise.
        let then = |elements| unsafe { self.pass.tiles(memory, elements, 0, 0) };
        unsafe {
            match &self.producer {
                Producer::Matmul(matmul) => matmul.run_then(memory, &then),
                Producer::Conv(conv) => conv.run(memory, Some(&then)),
                Producer::Lanes(conv) => conv.run(memory, Some(&then)),
            }
        }
    }

    /// # Safety
    ///
    /// As for both.
    pub unsafe fn run_part(&self, memory: &Memory<T>, part: usize) {
        // SAFETY: by the caller's promise.
        let then = |elements| unsafe { self.pass.tiles(memory, elements, part * memory.row, part) };
        unsafe {
            match &self.producer {
                Producer::Matmul(matmul) => matmul.run_part(memory, part, Some(&then)),
                Producer::Conv(conv) => conv.run_part(memory, part, Some(&then)),
                Producer::Lanes(conv) => conv.run(memory, Some(&then)),
            }
        }
    }
}

impl<T: Real> Producer<T> {
    /// Where the result is, and how many numbers it has.
    pub fn result(&self) -> (Place, usize) {
        match self {
            Self::Matmul(matmul) => (matmul.result(), matmul.len()),
            Self::Conv(conv) => conv.result(),
            Self::Lanes(conv) => (conv.result(), conv.len()),
        }
    }

    /// What is read while the result is written: places, and how many numbers from there on.
    pub fn reads(&mut self) -> Vec<(Place, usize)> {
        match self {
            Self::Matmul(matmul) => {
                matmul.operands().map(|operand| (*operand.place, operand.extent)).collect()
            }
            Self::Conv(conv) => conv.reads(),
            Self::Lanes(conv) => conv.reads(),
        }
    }

    /// Into how many parts it is divided.
    pub fn parts(&self) -> usize {
        match self {
            Self::Matmul(matmul) => matmul.parts(),
            Self::Conv(conv) => conv.parts(),
            Self::Lanes(_) => 1,
        }
    }
}
