//! The parts of a plan: one, or those of a batch that is taken in rounds.

use gradus_ops::{Environment, Program};

use crate::chunks::{Chunks, chunks};
use crate::examples_last::{Examples, examples_last, pays};
use crate::kernels::{Numerics, Real, lanes_of};
use crate::lower::Target;
use crate::net::Net;
use crate::part::{Link, Part};
use crate::pool::Pool;
use crate::pool_first::pool_first;
use crate::replay::Between;
use crate::report::flops;

/// How many bytes the memory of a round should take: part of the second cache.
const ROUND_BYTES: usize = 384 << 10;
/// How many operations a share should have at least, so that it pays to have two, and for how many
/// it pays to have one more.
const SHARE: f64 = 4e6;
const LARGE_SHARE: f64 = 1e8;
/// The most shares.
const SHARES: usize = 8;

/// Makes the parts of a plan.
pub(crate) struct Maker<'a, 'b, T> {
    /// Those of the arrays given, in order.
    pub names: &'a [&'a str],
    pub program: &'a Program,
    pub env: &'a Environment<'b, T>,
    pub target: Target,
    pub pool: Pool,
}

/// How a batch is taken.
struct Rounds {
    /// Examples of a round, rounds, and examples that are left for the last.
    round: usize,
    rounds: usize,
    rest: usize,
    shares: usize,
}

impl<T: Real> Maker<'_, '_, T> {
    /// The parts for the net of the program, and the arrays between them.
    pub fn parts(&self, whole: &Net) -> (Vec<Part<T>>, Vec<Between<T>>) {
        let lanes = lanes_of::<T>(self.target.isa);
        let asked = self.target.round.is_some();
        let examples = Examples::of(self.program).filter(|examples| {
            self.target.numerics == Numerics::Fast && (asked || pays(whole, examples, lanes))
        });
        let Some(examples) = examples else {
            return (vec![self.alone(whole)], Vec::new());
        };
        if let Some(rounds) = self.rounds(&examples, lanes) {
            return self.in_rounds(&examples, &rounds);
        }
        let (net, examples) = pool_first(whole, &examples);
        (vec![self.alone(&examples_last(&net, &examples))], Vec::new())
    }

    /// The only part of a plan.
    fn alone(&self, net: &Net) -> Part<T> {
        let outputs: Vec<Link> =
            (0..net.outputs.len()).map(|k| Link::whole(self.names.len() + k)).collect();
        let link = |name: &str| Link::whole(self.given(name).expect("an array of the program"));
        Part::new(net, self.target, link, &outputs).divided(self.pool)
    }

    /// The place of an array among those given.
    fn given(&self, name: &str) -> Option<usize> {
        self.names.binary_search(&name).ok()
    }

    /// The nets for rounds of so many examples.
    fn chunks(&self, examples: &Examples, round: usize) -> Option<Chunks> {
        let net = Net::bind(self.program, self.env, Some((&examples.name, round)));
        let (net, examples) = pool_first(&net, examples);
        chunks(&net, &examples)
    }

    /// How the batch is best taken, if not all at once.
    fn rounds(&self, examples: &Examples, lanes: usize) -> Option<Rounds> {
        let count = self.env.size(&(&*examples.name).into());
        if count < 2 * lanes && self.target.round.is_none() {
            return None;
        }
        // What a few examples take tells how many are best.
        let few = self.chunks(examples, lanes)?;
        let net = examples_last(&few.each, &few.examples);
        let nowhere = Link::whole(0);
        let outputs = vec![nowhere; net.outputs.len()];
        let bytes = Part::<T>::new(&net, self.target, |_| nowhere, &outputs).live * size_of::<T>();
        let flops: usize = (0..few.each.nodes.len()).map(|y| flops(&few.each, y)).sum();
        let work = flops as f64 * count as f64 / lanes as f64;
        let shares = match work < SHARE {
            true => 1,
            false => (work / LARGE_SHARE).clamp(2.0, SHARES as f64) as usize,
        };
        let fitting = (ROUND_BYTES * lanes / bytes.max(1)) / lanes * lanes;
        let most = count.div_ceil(shares).next_multiple_of(lanes);
        let round = self.target.round.unwrap_or(fitting.clamp(lanes, most));
        let (rounds, rest) = (count / round, count % round);
        (round < count).then(|| Rounds { round, rounds, rest, shares: shares.min(rounds) })
    }

    /// The parts of a batch that is taken in rounds.
    fn in_rounds(&self, examples: &Examples, rounds: &Rounds) -> (Vec<Part<T>>, Vec<Between<T>>) {
        let &Rounds { round, rounds, rest, shares } = rounds;
        let main = self.chunks(examples, round).expect("as for fewer examples");
        let each = usize::from(!main.kept.is_empty());
        let last = if rest > 0 { each + 1 } else { each };
        let mut between = Vec::new();
        for (_, len) in &main.kept {
            between.push(Between::new(*len, 1, None));
        }
        for (_, len) in &main.totals {
            between.push(Between::new(*len, shares, Some((each, last))));
        }
        let mut parts = Vec::new();
        if !main.kept.is_empty() {
            let link = |name: &str| self.link(&main, name);
            parts.push(Part::new(&main.before, self.target, link, &[]).divided(self.pool));
        }
        parts.push(self.each(&main, 0, round).rounds(round, rounds, shares));
        if rest > 0 {
            let chunks = self.chunks(examples, rest).expect("as for more examples");
            parts.push(self.each(&chunks, rounds * round, rest).rounds(rest, 1, 1));
        }
        let link = |name: &str| self.link(&main, name);
        let outputs: Vec<Link> =
            main.outputs_after.iter().map(|&k| Link::whole(self.output(&main, k))).collect();
        parts.push(Part::new(&main.after, self.target, link, &outputs).divided(self.pool));
        (parts, between)
    }

    /// The part for each example, from one on, so many in a round.
    fn each(&self, chunks: &Chunks, from: usize, round: usize) -> Part<T> {
        let net = examples_last(&chunks.each, &chunks.examples);
        let own = |array: usize, len: usize| Link {
            start: from * (len / round),
            advance: len,
            ..Link::whole(array)
        };
        let outputs = chunks.each.outputs.iter().zip(&chunks.outputs_each);
        let outputs: Vec<Link> = outputs
            .map(|(&y, &k)| own(self.output(chunks, k), chunks.each.nodes[y].len()))
            .collect();
        let link = |name: &str| {
            let (y, node) = chunks.each.input(name).expect("an array of the net");
            match (chunks.examples.axis[y], self.given(name)) {
                (Some(_), Some(array)) => own(array, node.len()),
                _ => self.link(chunks, name),
            }
        };
        Part::new(&net, self.target, link, &outputs)
    }

    /// Where an array is that has no examples: among those given, or between the parts.
    fn link(&self, chunks: &Chunks, name: &str) -> Link {
        if let Some(array) = self.given(name) {
            return Link::whole(array);
        }
        let all = chunks.kept.iter().chain(&chunks.totals);
        let k = all.clone().position(|(other, _)| other == name).expect("an array between parts");
        let (_, len) = all.clone().nth(k).expect("just found");
        let share = if k < chunks.kept.len() { 0 } else { Between::<T>::row(*len) };
        Link { share, ..Link::whole(self.names.len() + k) }
    }

    /// The place of an output among all arrays.
    fn output(&self, chunks: &Chunks, k: usize) -> usize {
        self.names.len() + chunks.kept.len() + chunks.totals.len() + k
    }
}
