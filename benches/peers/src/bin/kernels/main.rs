//! Kernels through plans, beside other crates and loops by hand, in turn; the best of the rounds.
//!
//! First the machine's ceilings, last what is wanted of the kernels, as `pass` or `MISS`.

mod convolutions;
mod elementwise;
mod planned;
mod probe;
mod products;
mod rounds;
mod tape;
#[allow(dead_code)]
#[path = "../../../../hand/kernels.rs"]
mod vectors;

use probe::Ceilings;
use rounds::Bars;

fn main() {
    let mut bars = Bars::default();
    let ceilings = Ceilings::probe();
    products::bench(&ceilings, &mut bars);
    convolutions::bench(&ceilings, &mut bars);
    elementwise::bench(&mut bars);
    tape::bench(&mut bars);
    bars.print();
}
