//! Which cells of a convolution meet which weights, along one axis.

/// Along one axis: which cells of the result meet which weights and cells.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub runs: Vec<Run>,
    /// From one weight that is met to the next, and from one cell to the next.
    pub tap_step: usize,
    pub source_step: isize,
}

/// Neighbouring cells of the result that meet the same weights, and neighbouring cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub to: usize,
    pub len: usize,
    /// How many weights are met, which is the first, and which cell it meets.
    pub taps: usize,
    pub tap: usize,
    pub source: usize,
}

impl Axis {
    /// For a convolution without padding.
    pub fn forward(cells: usize, filter: usize, stride: usize, dilation: usize) -> Self {
        let runs =
            (0..cells).map(|i| Run { to: i, len: 1, taps: filter, tap: 0, source: i * stride });
        Self { runs: joined(runs), tap_step: 1, source_step: dilation as isize }
    }

    /// For its adjoint: cell i meets weight p and the cell (i + before − p · dilation) / stride of so
    /// many, where that is a cell.
    pub fn adjoint(
        cells: usize, filter: usize, sources: usize, before: usize, stride: usize, dilation: usize,
    ) -> Self {
        let source = |i: usize, p: usize| {
            let reach = (i + before).checked_sub(p * dilation)?;
            (reach % stride == 0 && reach / stride < sources).then_some(reach / stride)
        };
        let runs = (0..cells).map(|i| {
            let mut met = (0..filter).filter_map(|p| Some((p, source(i, p)?)));
            let (tap, first) = met.next().unwrap_or((0, 0));
            let taps = (0..filter).filter(|&p| source(i, p).is_some()).count();
            Run { to: i, len: 1, taps, tap, source: first }
        });
        let divisor = gcd(stride, dilation);
        let source_step = -((dilation / divisor) as isize);
        Self { runs: joined(runs), tap_step: stride / divisor, source_step }
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Runs of one cell, those joined that follow each other.
fn joined(runs: impl Iterator<Item = Run>) -> Vec<Run> {
    let mut all: Vec<Run> = Vec::new();
    for run in runs {
        match all.last_mut() {
            Some(last)
                if (last.taps, last.tap, last.source + last.len)
                    == (run.taps, run.tap, run.source) =>
            {
                last.len += 1;
            }
            _ => all.push(run),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every cell meets the weights and cells that the definition says, for all small sizes.
    #[test]
    fn runs_are_what_meets() {
        for (cells, filter, stride, dilation, before) in
            choices_of(&[1..12, 1..4, 1..4, 1..4, 0..3])
        {
            let reach = dilation * (filter - 1) + 1;
            let Some(rest) = (cells + before + 1).checked_sub(reach) else { continue };
            let sources = rest / stride + 1;
            let axis = Axis::adjoint(cells, filter, sources, before, stride, dilation);
            let mut got = Vec::new();
            for run in &axis.runs {
                for k in 0..run.len {
                    for t in 0..run.taps {
                        let source = (run.source + k) as isize + t as isize * axis.source_step;
                        got.push((run.to + k, run.tap + t * axis.tap_step, source));
                    }
                }
            }
            let mut want = Vec::new();
            for i in 0..cells {
                for p in 0..filter {
                    for j in 0..sources {
                        if i + before == j * stride + p * dilation {
                            want.push((i, p, j as isize));
                        }
                    }
                }
            }
            assert_eq!(got, want, "{cells} {filter} {stride} {dilation} {before}");
        }
    }

    /// All choices of five numbers.
    fn choices_of(
        ranges: &[std::ops::Range<usize>; 5],
    ) -> impl Iterator<Item = (usize, usize, usize, usize, usize)> {
        let [a, b, c, d, e] = ranges.clone();
        a.flat_map(move |a| {
            let (c, d, e) = (c.clone(), d.clone(), e.clone());
            b.clone().flat_map(move |b| {
                let (d, e) = (d.clone(), e.clone());
                c.clone().flat_map(move |c| {
                    let e = e.clone();
                    d.clone().flat_map(move |d| e.clone().map(move |e| (a, b, c, d, e)))
                })
            })
        })
    }
}
