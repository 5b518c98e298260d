//! Passes that become epilogues of the products and convolutions before them.

use crate::kernels::epilogue::{Producer, WithEpilogue};
use crate::kernels::pass::{Operand, Pass};
use crate::kernels::step::Step;
use crate::kernels::{Isa, Real};
use crate::memory::{Place, REGISTERS};

/// Makes a product or a convolution do what the pass behind it does, too, if that can be its epilogue;
/// returns whether it does. `registers` is how many numbers all steps' registers hold.
pub(super) fn follow<T: Real>(
    before: &mut Step<T>, step: &Step<T>, registers: &mut usize, isa: Isa,
) -> bool {
    let Step::Pass(pass) = step else { return false };
    let mut producer = match before {
        Step::Matmul(matmul) => Producer::Matmul(Box::new(matmul.clone())),
        Step::Conv(conv) if !conv.is_filters() => Producer::Conv(conv.clone()),
        Step::Correlation(conv) => Producer::Lanes(conv.clone()),
        _ => return false,
    };
    let mut pass = pass.clone();
    let follows = is_epilogue(&pass, &mut producer) && settle(&mut pass, &mut producer, isa);
    if follows {
        *registers = (*registers).max(pass.registers());
        *before = Step::WithEpilogue(Box::new(WithEpilogue { producer, pass }));
    }
    follows
}

/// Whether a pass can run on some elements as soon as these are written: if it reads nothing of the
/// result elsewhere, writes nothing that is still to be read, and does not add up across elements.
fn is_epilogue<T: Real>(pass: &Pass<T>, producer: &mut Producer<T>) -> bool {
    let (result, len) = producer.result();
    if pass.len != len || !pass.endings.is_empty() {
        return false;
    }
    let overlap = |(a, a_len): (Place, usize), (b, b_len): (Place, usize)| {
        a.base == b.base && a.offset < b.offset + b_len && b.offset < a.offset + a_len
    };
    let extent = |x: &Operand| (x.place, if x.moves == 1 { len } else { 1 });
    let in_step = |x: &Operand| (x.place, x.moves) == (result, 1);
    let (mut reads_it, mut elsewhere, mut written) = (false, false, Vec::new());
    for mut instruction in pass.code.iter().cloned() {
        instruction.reads(|x| {
            reads_it |= in_step(x);
            elsewhere |= !in_step(x) && overlap(extent(x), (result, len));
        });
        let to = instruction.writes();
        if to.place.base != REGISTERS {
            elsewhere |= !in_step(to) && overlap(extent(to), (result, len));
            written.push(extent(to));
        }
    }
    let seen = |load: (Place, usize)| overlap(load, (result, len));
    elsewhere |= pass.loads.iter().any(|load| seen((load.from, load.extent())));
    let read = producer.reads();
    let spoils = written.iter().any(|&to| read.iter().any(|&from| overlap(to, from)));
    reads_it && !elsewhere && !spoils
}

/// Makes the two ready for each other, with registers apart; returns whether that is possible. A pass
/// that is worth to be divided is not the epilogue of what is not.
fn settle<T: Real>(pass: &mut Pass<T>, producer: &mut Producer<T>, isa: Isa) -> bool {
    let own = match producer {
        Producer::Matmul(matmul) => return matmul.take_on(pass, isa),
        Producer::Conv(conv) => conv.registers(),
        Producer::Lanes(conv) => conv.registers(),
    };
    let fits = producer.parts() > 1 || pass.parts == 1;
    if fits {
        pass.shift(own);
    }
    fits
}
