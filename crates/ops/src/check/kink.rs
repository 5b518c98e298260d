//! Kinks: where the slopes to the left and to the right are not the same.
//!
//! Around a smooth point the slopes over steps to the left and to the right approach each other in
//! proportion to the step. At a kink they stay apart, and at a jump their distance grows. Which
//! node it is that has the kink is told by looking at all of them: the first on the tape that shows
//! it, since what it is made of does not.

use std::fmt;

use ndarray::{ArrayD, arr0};

use super::point::Line;
use crate::{Arrays, EvalError, Expr, Inputs, Reference, Scalar, Tape};

/// A kink on a line, near the point or at it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kink {
    /// The node that has it, described.
    pub(super) node: String,
    /// It is not farther from the point than this.
    pub(super) within: f64,
    /// Whether it is at the point itself, as far as the number type can tell.
    pub(super) here: bool,
    /// For one at the point: which nodes have it, of those that are made of nothing that has, by
    /// their place on the tape, and how much larger the slope of each element is to the right than
    /// to the left.
    pub(super) bends: Vec<(usize, Vec<f64>)>,
}

impl fmt::Display for Kink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at a kink of {}, not farther than {:.1e}", self.node, self.within)
    }
}

/// The slopes to the left and to the right, each with an estimate of its error.
pub(super) type Slopes = [(f64, f64); 2];

/// How precisely slopes are told apart in a number type.
pub(super) struct Ladder {
    /// How many steps, from 1/16 each a quarter of the one before.
    steps: usize,
    /// Slopes closer than this, in proportion, are equal.
    equal: f64,
    roundoff: f64,
}

impl Ladder {
    pub(super) const DOUBLE: Self = Self { steps: 11, equal: 1e-5, roundoff: f64::EPSILON };
    pub(super) const DIGITS: Self =
        Self { steps: 29, equal: 1e-12, roundoff: super::double_double::ROUNDOFF };
}

/// The first node of the tape that has a kink on the line, near the point. `all` has every node of
/// a tape as its outputs.
pub(super) fn find<T: Scalar>(
    all: &Reference, nodes: &[Expr<'_>], line: &Line, at: &Arrays<T>, scale: f64, ladder: &Ladder,
) -> Result<Option<Kink>, EvalError> {
    let mut moving = at.clone();
    let mut values = |t: T| {
        line.place(&mut moving, at, t);
        all.evaluate(&Inputs::new().with_all(&moving))
    };
    let start = line.start(at);
    let middle = values(start)?;
    // For each node, how much the slopes differ at each step and element.
    let mut bends: Vec<Vec<Vec<Bend>>> = vec![Vec::new(); nodes.len()];
    for k in 0..ladder.steps {
        let h = T::from_double(step(scale, k));
        let (left, right) = (values(start - h)?, values(start + h)?);
        for (node, bends) in bends.iter_mut().enumerate() {
            bends.push(slopes_apart(&left[node], &middle[node], &right[node], h, ladder));
        }
    }
    // The smallest step at which, three times in a row, the slopes of an element have not come
    // nearer to each other, or the slope across the point has grown as the step fell.
    let stays = |bends: &[Vec<Bend>], k: usize, i: usize| {
        let last: [Bend; 4] = std::array::from_fn(|back| bends[k - back][i]);
        let all = |holds: fn(Bend, Bend) -> bool| last.windows(2).all(|w| holds(w[0], w[1]));
        let kink = |near: Bend, far: Bend| near.bend.abs() > 0.5 * far.bend.abs();
        let jump = |near: Bend, far: Bend| near.across > 3.0 * far.across;
        last[3].bend != 0.0 && all(kink) || last[3].across != 0.0 && all(jump)
    };
    let nearest = |bends: &Vec<Vec<Bend>>| {
        (3..ladder.steps).rev().find(|&k| (0..bends[k].len()).any(|i| stays(bends, k, i)))
    };
    let found: Vec<Option<usize>> = bends.iter().map(nearest).collect();
    let Some(first) = found.iter().position(Option::is_some) else { return Ok(None) };
    let last = ladder.steps - 1;
    let bent = |node: usize| found[node] == Some(last);
    let tape = Tape::new(nodes);
    let source = |&node: &usize| {
        let place = |x: &Expr<'_>| tape.position(x.id()).expect("the tape has operands");
        bent(node) && !nodes[node].operands().iter().any(|x| bent(place(x)))
    };
    // A jump has no bend: its derivative is that of the pieces.
    let of = |node: usize| {
        let (before, now) = (&bends[node][last - 1], &bends[node][last]);
        let bend = |(before, now): (&Bend, &Bend)| {
            if now.bend.abs() > 3.0 * before.bend.abs() { 0.0 } else { now.bend }
        };
        (node, before.iter().zip(now).map(bend).collect())
    };
    Ok(Some(Kink {
        node: format!("{:?}", nodes[first]),
        within: step(scale, found[first].expect("one is found")),
        here: bent(first),
        bends: (0..nodes.len()).filter(source).map(of).collect(),
    }))
}

/// The slopes of an element over a step to the left and one to the right.
#[derive(Clone, Copy)]
struct Bend {
    /// The right one less the left one; 0 where rounding or the tolerance explains their distance.
    bend: f64,
    /// The size of the slope over both steps; 0 where rounding explains it.
    across: f64,
}

fn slopes_apart<T: Scalar>(
    left: &ArrayD<T>, middle: &ArrayD<T>, right: &ArrayD<T>, h: T, ladder: &Ladder,
) -> Vec<Bend> {
    let of = |((&left, &middle), &right): ((&T, &T), &T)| {
        let (down, up) = ((middle - left) / h, (right - middle) / h);
        let (bend, across) = ((up - down).to_double(), (up + down).to_double().abs());
        let size = down.to_double().abs() + up.to_double().abs();
        let largest = [left, middle, right].map(|y| y.to_double().abs());
        let largest = largest.into_iter().fold(0.0, f64::max);
        let rounding = 100.0 * ladder.roundoff * largest / h.to_double();
        let told = |value: f64, tolerance: f64| {
            if value.abs() > tolerance + rounding { value } else { 0.0 }
        };
        Bend { bend: told(bend, ladder.equal * size), across: told(across, 0.0) }
    };
    left.iter().zip(middle).zip(right).map(of).collect()
}

/// Whether the slopes of `f` over the smallest steps to the left and right of `x` differ, or grow.
pub(super) fn is_here<T: Scalar>(
    x: T, scale: f64, ladder: &Ladder, mut f: impl FnMut(T) -> Result<T, EvalError>,
) -> Result<bool, EvalError> {
    let mut at = |k: usize| {
        let h = T::from_double(step(scale, k));
        let [left, middle, right] = [f(x - h)?, f(x)?, f(x + h)?].map(|y| arr0(y).into_dyn());
        Ok(slopes_apart(&left, &middle, &right, h, ladder)[0])
    };
    let (far, near) = (at(ladder.steps - 2)?, at(ladder.steps - 1)?);
    Ok(near.bend != 0.0 || near.across > 3.0 * far.across)
}

/// The slopes of `f` to the left and to the right of `x`, extrapolated to step 0, each with an
/// estimate of its error. At a jump the slope to a side is that of what lies beyond the jump.
pub(super) fn slopes<T: Scalar>(
    x: T, scale: f64, ladder: &Ladder, mut f: impl FnMut(T) -> Result<T, EvalError>,
) -> Result<Slopes, EvalError> {
    Ok([one_sided(x, -scale, ladder, &mut f)?, one_sided(x, scale, ladder, &mut f)?])
}

/// The slope to one side, from the point itself if there is no jump.
fn one_sided<T: Scalar>(
    x: T, scale: f64, ladder: &Ladder, f: &mut impl FnMut(T) -> Result<T, EvalError>,
) -> Result<(f64, f64), EvalError> {
    let start = f(x)?;
    let (mut from_here, mut beyond) = (Vec::new(), Vec::new());
    let mut size = start.to_double().abs();
    for k in 0..ladder.steps {
        let h = T::from_double(step(scale, k));
        let (near, far) = (f(x + h)?, f(x + h + h)?);
        from_here.push((near - start) / h);
        beyond.push((far - near) / h);
        size = size.max(near.to_double().abs());
    }
    let grows = |pair: &[T]| pair[1].to_double().abs() > 3.0 * pair[0].to_double().abs();
    let jumps = from_here[ladder.steps / 2..].windows(2).all(grows);
    let rounding = |k: usize| 10.0 * ladder.roundoff * size / step(scale, k).abs();
    Ok(extrapolated(if jumps { &beyond } else { &from_here }, rounding))
}

/// Two slopes at a time extrapolated to step 0, and of those the one whose neighbour is nearest.
fn extrapolated<T: Scalar>(slopes: &[T], rounding: impl Fn(usize) -> f64) -> (f64, f64) {
    let quarter = T::from_double(0.25);
    let next = |pair: &[T]| ((pair[1] - quarter * pair[0]) / (T::one() - quarter)).to_double();
    let limits: Vec<f64> = slopes.windows(2).map(next).collect();
    let mut best = (f64::NAN, f64::INFINITY);
    for (k, pair) in limits.windows(2).enumerate() {
        let error = (pair[1] - pair[0]).abs() + rounding(k + 2);
        if error < best.1 {
            best = (pair[1], error);
        }
    }
    best
}

/// The steps: a sixteenth of `scale`, and each a quarter of the one before.
fn step(scale: f64, k: usize) -> f64 {
    scale / 16.0 / 4f64.powi(k as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sided_slopes_are_known_to_either_side() {
        let of = |f: fn(f64) -> f64, x| slopes(x, 1.0, &Ladder::DOUBLE, |x| Ok(f(x))).unwrap();
        let near = |slope: (f64, f64), wanted: f64| {
            assert!((slope.0 - wanted).abs() <= slope.1 && slope.1 < 1e-6, "{slope:?}, {wanted}");
        };
        let [left, right] = of(|x| x.sin() + x.abs(), 0.0);
        near(left, 0.0);
        near(right, 2.0);
        let [left, right] = of(f64::exp, 0.5);
        near(left, 0.5f64.exp());
        near(right, 0.5f64.exp());
        let jump = of(|x| if x < 0.0 { x } else { 1.0 + 3.0 * x }, 0.0);
        near(jump[0], 1.0);
        near(jump[1], 3.0);
        let middle = of(|x| if x == 0.0 { 0.5 } else { x + f64::from(x > 0.0) }, 0.0);
        near(middle[0], 1.0);
        near(middle[1], 1.0);
    }
}
