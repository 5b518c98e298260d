//! What each operation is in a spreadsheet: the terms of a result's elements from those of its
//! operands.
//!
//! Invariant: the match is exhaustive. What a spreadsheet cannot say is refused with a sentence.

use gradus_ops::{Op, Pooling};
use ndarray::{ArrayD, ArrayView1, Axis, IxDyn, Slice};

use super::term::{T, add, call, div, if_else, infix, mul, neg, number, power, sub, sum, value};

/// Among how many values `CHOOSE` can choose.
const CHOICES: usize = 254;

/// An array of terms.
pub(super) type Terms = ArrayD<T>;

/// The terms of `op` applied to `x`, in an array of the sizes `dims`. An input has none: its cells
/// hold numbers.
pub(super) fn terms(op: &Op, x: &[&Terms], dims: &[usize]) -> Result<Terms, String> {
    let map = |f: &dyn Fn(&T) -> T| Ok(x[0].map(f));
    let zip = |f: &dyn Fn(T, T) -> T| {
        let pairs = x[0].iter().zip(x[1]).map(|(a, b)| f(a.clone(), b.clone()));
        Ok(array(dims, pairs.collect()))
    };
    let function = |name: &'static str| Ok(x[0].map(|x| call(name, [x.clone()])));
    match op {
        Op::Input(_) => Err("an input is an array of numbers".to_owned()),
        Op::Constant(constant) => Ok(array(dims, vec![number(constant.value())])),
        Op::Size(_) => Err("the size of an axis is a number".to_owned()),
        Op::Add(_) => zip(&add),
        Op::Sub(_) => zip(&sub),
        Op::Mul(_) => zip(&mul),
        Op::Div(_) => zip(&div),
        Op::Neg(_) => map(&|x| neg(x.clone())),
        Op::Reciprocal(_) => map(&|x| div(number(1.0), x.clone())),
        Op::Square(_) => map(&|x| power(x.clone(), 2.0)),
        Op::Sqrt(_) => function("SQRT"),
        Op::Rsqrt(_) => map(&|x| div(number(1.0), call("SQRT", [x.clone()]))),
        Op::PowConst(pow) => map(&|x| power(x.clone(), pow.exponent())),
        // 0^0 is an error in Excel.
        Op::Pow(_) => {
            zip(&|a, b| if_else(infix(b.clone(), "=", number(0.0)), number(1.0), infix(a, "^", b)))
        }
        Op::XLogY(_) => zip(&|a, b| unless_zero(&a, call("LN", [b]))),
        Op::Exp(_) => function("EXP"),
        Op::Expm1(_) => map(&expm1),
        Op::Log(_) => function("LN"),
        Op::Log1p(_) => map(&log1p),
        Op::Sin(_) => function("SIN"),
        Op::Cos(_) => function("COS"),
        Op::Tan(_) => function("TAN"),
        Op::Atan(_) => function("ATAN"),
        Op::Sinh(_) => function("SINH"),
        Op::Cosh(_) => function("COSH"),
        Op::Tanh(_) => function("TANH"),
        Op::Sigmoid(_) => map(&sigmoid),
        Op::Softplus(_) => map(&|x| add(call("MAX", [x.clone(), number(0.0)]), tail(x))),
        Op::Relu(_) => map(&|x| call("MAX", [number(0.0), x.clone()])),
        Op::Abs(_) => function("ABS"),
        Op::Sign(_) => function("SIGN"),
        Op::Step(_) => {
            map(&|x| if_else(infix(x.clone(), "<", number(0.0)), number(0.0), number(1.0)))
        }
        Op::Maximum(_) => zip(&|a, b| call("MAX", [a, b])),
        Op::Greater(_) => zip(&|a, b| truth(a, ">", b)),
        Op::GreaterEqual(_) => zip(&|a, b| truth(a, ">=", b)),
        Op::Equal(_) => zip(&|a, b| truth(a, "=", b)),
        Op::Select(_) => {
            let both = x[1].iter().zip(x[2]);
            let chosen = x[0].iter().zip(both).map(|(condition, (a, b))| select(condition, a, b));
            Ok(array(dims, chosen.collect()))
        }
        Op::StopGradient(_) => Ok(x[0].clone()),
        Op::Sum(reduction) => Ok(reduce(x[0], reduction.axes, dims, |x| sum(x.iter().cloned()))),
        Op::Max(reduction) => {
            if x[0].is_empty() {
                return Err("a largest number; there is none of nothing".to_owned());
            }
            Ok(reduce(x[0], reduction.axes, dims, |x| largest(x.to_vec())))
        }
        Op::LogSumExp(reduction) => {
            if x[0].is_empty() {
                return Err("the logarithm of a sum; there is none of nothing".to_owned());
            }
            Ok(reduce(x[0], reduction.axes, dims, |x| add(largest(x.to_vec()), log_sum(x))))
        }
        Op::Softmax(softmax) => Ok(along(x[0], softmax.axis, |x, k| {
            let total = sum(x.iter().map(|x_j| call("EXP", [shifted(x_j, x)])));
            div(call("EXP", [shifted(&x[k], x)]), total)
        })),
        Op::LogSoftmax(softmax) => {
            Ok(along(x[0], softmax.axis, |x, k| sub(shifted(&x[k], x), log_sum(x))))
        }
        Op::Broadcast(broadcast) => {
            let mut view = x[0].view();
            for axis in broadcast.axes.iter() {
                view.insert_axis_inplace(Axis(axis));
            }
            Ok(view.broadcast(IxDyn(dims)).expect("the shape rule has compared them").to_owned())
        }
        Op::Reshape(_) => Ok(array(dims, x[0].iter().cloned().collect())),
        Op::Transpose(transpose) => {
            Ok(x[0].view().permuted_axes(transpose.order()).as_standard_layout().into_owned())
        }
        Op::Slice(slice) => {
            let (start, end) = (slice.start as isize, slice.end as isize);
            let part = Slice::new(start, Some(end), slice.step as isize);
            Ok(x[0].slice_axis(Axis(slice.axis.into()), part).to_owned())
        }
        Op::Pad(pad) => {
            let (axis, step) = (Axis(pad.axis.into()), pad.between as usize + 1);
            let mut y = array(dims, vec![number(0.0); dims.iter().product()]);
            for (k, x) in x[0].axis_iter(axis).enumerate() {
                y.index_axis_mut(axis, pad.low as usize + k * step).assign(&x);
            }
            Ok(y)
        }
        Op::Concat(concat) => {
            let views: Vec<_> = x.iter().map(|x| x.view()).collect();
            let all = ndarray::concatenate(Axis(concat.axis.into()), &views);
            Ok(all.expect("the shape rule has compared them"))
        }
        Op::Gather(gather) => match x[0].shape()[gather.axis] {
            ..=CHOICES => Ok(gathered(x[0], x[1], gather.axis, dims)),
            many => Err(format!("a choice among at most {CHOICES}, there are {many}")),
        },
        Op::ScatterAdd(scatter) => Ok(scattered(x[0], x[1], scatter.axis(), dims)),
        Op::OneHot(one_hot) => {
            let row = |label: &T| {
                let label = label.clone();
                (0..one_hot.classes).map(move |k| truth(label.clone(), "=", number(k as f64)))
            };
            Ok(array(dims, x[0].iter().flat_map(row).collect()))
        }
        Op::Matmul(_) => Ok(product(x[0], x[1], dims)),
        Op::Conv2d(conv2d) => {
            let sizes = (four(x[0].shape()), four(x[1].shape()), four(dims));
            let mut sums = Sums::new(dims);
            let each = |i, j, k| sums.add_nth(k, mul(nth(x[1], j), nth(x[0], i)));
            conv2d.convolution().each(sizes.0, sizes.1, sizes.2, each);
            Ok(sums.finish())
        }
        Op::Conv2dInputAdjoint(adjoint) => {
            let sizes = (four(dims), four(x[1].shape()), four(x[0].shape()));
            let mut sums = Sums::new(dims);
            let each = |i, j, k| sums.add_nth(i, mul(nth(x[0], k), nth(x[1], j)));
            adjoint.convolution().each(sizes.0, sizes.1, sizes.2, each);
            Ok(sums.finish())
        }
        Op::Conv2dFilterAdjoint(adjoint) => {
            let sizes = (four(x[0].shape()), four(dims), four(x[1].shape()));
            let mut sums = Sums::new(dims);
            let each = |i, j, k| sums.add_nth(j, mul(nth(x[1], k), nth(x[0], i)));
            adjoint.convolution().each(sizes.0, sizes.1, sizes.2, each);
            Ok(sums.finish())
        }
        Op::MaxPool2d(pool) => {
            let mut y = Vec::new();
            let mut empty = false;
            pool.pooling().windows(four(x[0].shape()), |_, window| {
                empty |= window.is_empty();
                y.push(largest(window.iter().map(|&cell| at(x[0], cell)).collect()));
            });
            if empty {
                return Err("the largest of each window; one is padding only".to_owned());
            }
            Ok(array(dims, y))
        }
        Op::MaxPool2dScatter(pool) => {
            let mut sums = Sums::new(dims);
            winners(pool.pooling(), x[0], |place, cell, wins| {
                sums.add(cell, if_wins(wins, at(x[1], place)));
            });
            Ok(sums.finish())
        }
        Op::MaxPool2dGather(pool) => {
            let mut sums = Sums::new(dims);
            winners(pool.pooling(), x[0], |place, cell, wins| {
                sums.add(place, if_wins(wins, at(x[1], cell)));
            });
            Ok(sums.finish())
        }
        Op::BinaryCrossEntropy(_) => zip(&|a, y| {
            let other = sub(number(1.0), y.clone());
            let wrong = unless_zero(&other, call("LN", [sub(number(1.0), a.clone())]));
            neg(add(unless_zero(&y, call("LN", [a])), wrong))
        }),
        Op::BinaryCrossEntropyWithLogits(_) => zip(&|z, y| {
            let positive = call("MAX", [z.clone(), number(0.0)]);
            add(sub(positive, mul(z.clone(), y)), tail(&z))
        }),
        Op::Random(_) => Err("random numbers that stay; a spreadsheet draws others whenever it \
                              calculates. Give the numbers drawn as an input"
            .to_owned()),
        Op::Custom(_) => Err("a formula; an operation of one's own has a kernel only. Compose it \
                              from operations of the table"
            .to_owned()),
    }
}

/// Terms in an array.
pub(super) fn array(dims: &[usize], terms: Vec<T>) -> Terms {
    ArrayD::from_shape_vec(IxDyn(dims), terms).expect("as many terms as the sizes say")
}

/// 1/(1 + e⁻ˣ), without overflow.
fn sigmoid(x: &T) -> T {
    let one = || number(1.0);
    let e = call("EXP", [x.clone()]);
    let positive = div(one(), add(one(), call("EXP", [neg(x.clone())])));
    if_else(infix(x.clone(), "<", number(0.0)), div(e.clone(), add(one(), e)), positive)
}

/// ln(1 + e^−|x|), to 10⁻¹⁶ of 1.
fn tail(x: &T) -> T {
    call("LN", [add(number(1.0), call("EXP", [neg(call("ABS", [x.clone()]))]))])
}

/// eˣ − 1 = 2 sinh(x/2) e^(x/2), for small x without cancellation.
fn expm1(x: &T) -> T {
    let half = div(x.clone(), number(2.0));
    let small = mul(mul(number(2.0), call("SINH", [half.clone()])), call("EXP", [half]));
    let large = sub(call("EXP", [x.clone()]), number(1.0));
    if_else(infix(call("ABS", [x.clone()]), "<", number(1.0)), small, large)
}

/// ln(1 + x) = 2 artanh(x/(2 + x)), for small x without cancellation.
fn log1p(x: &T) -> T {
    let ratio = div(x.clone(), add(number(2.0), x.clone()));
    let small = mul(number(2.0), call("ATANH", [ratio]));
    let large = call("LN", [add(number(1.0), x.clone())]);
    if_else(infix(call("ABS", [x.clone()]), "<", number(0.5)), small, large)
}

/// a · b, and 0 where a is 0, whatever b.
fn unless_zero(a: &T, b: T) -> T {
    match value(a) {
        Some(0.0) => number(0.0),
        Some(_) => mul(a.clone(), b),
        None => if_else(infix(a.clone(), "=", number(0.0)), number(0.0), mul(a.clone(), b)),
    }
}

/// 1 or 0.
fn truth(a: T, comparison: &'static str, b: T) -> T {
    if_else(infix(a, comparison, b), number(1.0), number(0.0))
}

fn select(condition: &T, a: &T, b: &T) -> T {
    match value(condition) {
        Some(0.0) => b.clone(),
        Some(_) => a.clone(),
        None => if_else(infix(condition.clone(), "=", number(0.0)), b.clone(), a.clone()),
    }
}

fn largest(terms: Vec<T>) -> T {
    match terms.as_slice() {
        [one] => one.clone(),
        _ => call("MAX", terms),
    }
}

/// The difference of one of `x` to the largest.
fn shifted(x_k: &T, x: &[T]) -> T {
    sub(x_k.clone(), largest(x.to_vec()))
}

/// ln Σ e^(x − the largest x).
fn log_sum(x: &[T]) -> T {
    call("LN", [sum(x.iter().map(|x_k| call("EXP", [shifted(x_k, x)])))])
}

/// `f` of each group of terms that differ only along `axes`.
fn reduce(x: &Terms, axes: gradus_ops::Axes, dims: &[usize], f: impl Fn(&[T]) -> T) -> Terms {
    let kept = (0..x.ndim()).filter(|&axis| !axes.contains(axis));
    let order: Vec<usize> = kept.chain(axes.iter()).collect();
    let all: Vec<T> = x.view().permuted_axes(order).iter().cloned().collect();
    let groups = dims.iter().product::<usize>();
    let size = axes.iter().map(|axis| x.shape()[axis]).product::<usize>();
    array(dims, (0..groups).map(|k| f(&all[k * size..(k + 1) * size])).collect())
}

/// `f` of each lane along an axis and each place in it.
fn along(x: &Terms, axis: usize, f: impl Fn(&[T], usize) -> T) -> Terms {
    let mut y = x.clone();
    for (from, mut to) in x.lanes(Axis(axis)).into_iter().zip(y.lanes_mut(Axis(axis))) {
        let lane = from.to_vec();
        to.iter_mut().enumerate().for_each(|(k, y)| *y = f(&lane, k));
    }
    y
}

/// The product of matrices, or of each pair in two stacks.
fn product(x: &Terms, w: &Terms, dims: &[usize]) -> Terms {
    let [.., rows, columns] = *dims else { unreachable!("the shape rule asks for two axes") };
    let inner = x.shape()[x.ndim() - 1];
    let stacks = dims[..dims.len() - 2].iter().product::<usize>();
    let x = x.to_shape((stacks, rows, inner)).expect("as many terms");
    let w = w.to_shape((stacks, inner, columns)).expect("as many terms");
    let pair = |(a, b): (&T, &T)| mul(a.clone(), b.clone());
    let dot = |a: ArrayView1<'_, T>, b: ArrayView1<'_, T>| sum(a.iter().zip(b).map(pair));
    let mut y = Vec::with_capacity(stacks * rows * columns);
    for (x, w) in x.outer_iter().zip(w.outer_iter()) {
        for row in x.rows() {
            y.extend(w.columns().into_iter().map(|column| dot(row, column)));
        }
    }
    array(dims, y)
}

/// The slices of `x` along an axis that indices name, by `CHOOSE`.
fn gathered(x: &Terms, indices: &Terms, axis: usize, dims: &[usize]) -> Terms {
    let mut flat = x.shape().to_vec();
    flat[axis] = indices.len();
    let mut y = array(&flat, vec![number(0.0); flat.iter().product()]);
    for (from, mut to) in x.lanes(Axis(axis)).into_iter().zip(y.lanes_mut(Axis(axis))) {
        for (index, y) in indices.iter().zip(to.iter_mut()) {
            let place = add(index.clone(), number(1.0));
            *y = call("CHOOSE", std::iter::once(place).chain(from.iter().cloned()));
        }
    }
    array(dims, y.into_iter().collect())
}

/// Slices of `x` added where indices say: each where its index is that of the place.
fn scattered(x: &Terms, indices: &Terms, axis: usize, dims: &[usize]) -> Terms {
    let mut flat = x.shape()[..axis].to_vec();
    flat.push(indices.len());
    flat.extend(&x.shape()[axis + indices.ndim()..]);
    let x = array(&flat, x.iter().cloned().collect());
    let mut y = array(dims, vec![number(0.0); dims.iter().product()]);
    for (from, mut to) in x.lanes(Axis(axis)).into_iter().zip(y.lanes_mut(Axis(axis))) {
        for (k, y) in to.iter_mut().enumerate() {
            let here = |(x, index): (&T, &T)| {
                if_else(infix(index.clone(), "=", number(k as f64)), x.clone(), number(0.0))
            };
            *y = sum(from.iter().zip(indices).map(here));
        }
    }
    y
}

/// Calls `f` with each pooled cell, each cell of its window, and the conditions under which the
/// latter is the first largest in row order: larger than all before, as large as all after.
fn winners(pooling: Pooling, x: &Terms, mut f: impl FnMut([usize; 4], [usize; 4], Vec<T>)) {
    pooling.windows(four(x.shape()), |place, window| {
        let all: Vec<T> = window.iter().map(|&cell| at(x, cell)).collect();
        for (k, &cell) in window.iter().enumerate() {
            let (before, after) = (&all[..k], &all[k + 1..]);
            let beats = |others: &[T], comparison| {
                (!others.is_empty())
                    .then(|| infix(all[k].clone(), comparison, largest(others.to_vec())))
            };
            let wins = beats(before, ">").into_iter().chain(beats(after, ">=")).collect();
            f(place, cell, wins);
        }
    });
}

fn if_wins(mut conditions: Vec<T>, x: T) -> T {
    match conditions.len() {
        0 => x,
        1 => if_else(conditions.remove(0), x, number(0.0)),
        _ => if_else(call("AND", conditions), x, number(0.0)),
    }
}

/// The terms that are added up for each element of an array.
struct Sums(ArrayD<Vec<T>>);

impl Sums {
    fn new(dims: &[usize]) -> Self {
        Self(ArrayD::from_elem(dims, Vec::new()))
    }

    fn add(&mut self, place: [usize; 4], term: T) {
        self.0[place.as_slice()].push(term);
    }

    /// The place is the `k`th in row-major order.
    fn add_nth(&mut self, k: usize, term: T) {
        self.0.as_slice_mut().expect("they are row-major")[k].push(term);
    }

    fn finish(self) -> Terms {
        self.0.map(|terms| sum(terms.iter().cloned()))
    }
}

fn at(x: &Terms, place: [usize; 4]) -> T {
    x[place.as_slice()].clone()
}

/// The `k`th term in row-major order.
fn nth(x: &Terms, k: usize) -> T {
    let term = match x.as_slice() {
        Some(terms) => terms.get(k),
        None => x.iter().nth(k),
    };
    term.expect("a place of the array").clone()
}

/// The sizes of pictures, filters or maps.
fn four(sizes: &[usize]) -> [usize; 4] {
    sizes.try_into().expect("the shape rule has asked for four axes")
}
