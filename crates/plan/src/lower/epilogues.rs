//! Passes that become epilogues of the products and convolutions before them.

use crate::kernels::epilogue::{Maker, WithEpilogue};
use crate::kernels::pass::{Operand, Pass};
use crate::kernels::step::Step;
use crate::kernels::{Isa, Real};
use crate::memory::{Place, REGISTERS};

use super::Lowered;

/// The same steps, but passes done with the steps whose results they read, where they can be.
pub(super) fn epilogues<T: Real>(lowered: Lowered<T>, isa: Isa) -> Lowered<T> {
    let Lowered { steps, nodes, mut registers, between } = lowered;
    let (mut all, mut of): (Vec<Step<T>>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
    for (step, nodes) in steps.into_iter().zip(nodes) {
        let Step::Pass(mut pass) = step else {
            all.push(step);
            of.push(nodes);
            continue;
        };
        let mut maker = match all.pop() {
            Some(Step::Matmul(matmul)) => Maker::Matmul(Box::new(matmul)),
            Some(Step::Conv(conv)) if !conv.is_filters() => Maker::Conv(conv),
            Some(Step::Correlation(conv)) => Maker::Lanes(conv),
            last => {
                all.extend(last);
                all.push(Step::Pass(pass));
                of.push(nodes);
                continue;
            }
        };
        if is_epilogue(&pass, &maker) && settle(&mut pass, &mut maker, &mut registers, isa) {
            all.push(Step::WithEpilogue(Box::new(WithEpilogue { maker, pass })));
            of.last_mut().expect("the maker's").extend(nodes);
        } else {
            all.push(match maker {
                Maker::Matmul(matmul) => Step::Matmul(*matmul),
                Maker::Conv(conv) => Step::Conv(conv),
                Maker::Lanes(conv) => Step::Correlation(conv),
            });
            all.push(Step::Pass(pass));
            of.push(nodes);
        }
    }
    Lowered { steps: all, nodes: of, registers, between }
}

/// Whether a pass can run on some elements as soon as these are written: if it reads nothing of the
/// result elsewhere, writes nothing that is still to be read, and does not add up across elements.
fn is_epilogue<T: Real>(pass: &Pass<T>, maker: &Maker<T>) -> bool {
    let (result, len) = maker.result();
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
    let read = maker.reads();
    let spoils = written.iter().any(|&to| read.iter().any(|&from| overlap(to, from)));
    reads_it && !elsewhere && !spoils
}

/// Makes the two ready for each other, with registers apart; returns whether that is possible. A pass
/// that is worth to be divided is not the epilogue of what is not.
fn settle<T: Real>(
    pass: &mut Pass<T>, maker: &mut Maker<T>, registers: &mut usize, isa: Isa,
) -> bool {
    let own = match maker {
        Maker::Matmul(matmul) => return matmul.is_followed(pass, isa),
        Maker::Conv(conv) => conv.registers(),
        Maker::Lanes(conv) => conv.registers(),
    };
    let fits = maker.parts() > 1 || pass.parts == 1;
    if fits {
        pass.shift(own);
        *registers = (*registers).max(pass.registers());
    }
    fits
}
