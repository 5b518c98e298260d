//! From the files' operations to expressions. The files broadcast as numpy does; here every
//! broadcast is written out.

use gradus::ops::*;
use serde_json::Value;

/// The expression of an operation, or nothing if it does not exist.
pub fn apply<'g>(op: &str, attrs: &Value, x: &[Expr<'g>]) -> Option<Expr<'g>> {
    Some(match op {
        "neg" => -x[0],
        "exp" => exp(x[0]),
        "expm1" => expm1(x[0]),
        "log" => log(x[0]),
        "log1p" => log1p(x[0]),
        "sin" => sin(x[0]),
        "cos" => cos(x[0]),
        "tan" => tan(x[0]),
        "atan" => atan(x[0]),
        "sinh" => sinh(x[0]),
        "cosh" => cosh(x[0]),
        "tanh" => tanh(x[0]),
        "sqrt" => sqrt(x[0]),
        "rsqrt" => rsqrt(x[0]),
        "square" => square(x[0]),
        "reciprocal" => reciprocal(x[0]),
        "abs" => abs(x[0]),
        "sigmoid" => sigmoid(x[0]),
        "softplus" => softplus(x[0]),
        "relu" => relu(x[0]),
        "pow_const" => pow_const(x[0], attrs["exponent"].as_f64().expect("a number")),
        "add" => binary(x, |a, b| a + b),
        "sub" => binary(x, |a, b| a - b),
        "mul" => binary(x, |a, b| a * b),
        "div" => binary(x, |a, b| a / b),
        "pow" => binary(x, pow),
        "maximum" => binary(x, maximum),
        "minimum" => binary(x, minimum),
        "matmul" => matmul_as_numpy(x[0], x[1]),
        "conv2d" => conv2d(x[0], x[1], convolution(attrs)),
        "max_pool2d" => max_pool2d(x[0], pooling(attrs)),
        "avg_pool2d" => {
            // Where the attribute is missing, padding is counted; then there is none.
            let count_padding = attrs["count_include_pad"] != Value::Bool(false);
            avg_pool2d(x[0], pooling(attrs), count_padding)
        }
        "sum" => reduce(x[0], attrs, |x, axes| sum(x, axes)),
        "mean" => reduce(x[0], attrs, |x, axes| mean(x, axes)),
        "max" => reduce(x[0], attrs, |x, axes| max(x, axes)),
        "min" => reduce(x[0], attrs, |x, axes| min(x, axes)),
        "prod" => reduce(x[0], attrs, |x, axes| prod(x, axes)),
        "logsumexp" => reduce(x[0], attrs, |x, axes| log_sum_exp(x, axes)),
        "reshape" => reshape(x[0], integers(&attrs["shape"]).as_slice()),
        "broadcast_to" => broadcast_to(x[0], &integers(&attrs["shape"])),
        "transpose" => permute(x[0], &integers(&attrs["perm"])),
        "slice" => {
            let [starts, ends, steps] =
                ["starts", "ends", "steps"].map(|name| integers(&attrs[name]));
            let along = |x, axis| slice_step(x, axis, starts[axis]..ends[axis], steps[axis]);
            (0..starts.len()).fold(x[0], along)
        }
        "pad" => {
            let (low, high) = (integers(&attrs["low"]), integers(&attrs["high"]));
            let value = attrs["value"].as_f64().expect("a number");
            let along = |x, axis| pad_with(x, axis, low[axis], high[axis], value);
            (0..low.len()).fold(x[0], along)
        }
        "concat" => concat(x, axis(&attrs["axis"], x[0], 0)),
        "stack" => stack(x, axis(&attrs["axis"], x[0], 1)),
        "gather" => {
            let shape = integers(&attrs["indices"]["shape"]);
            let indices = reshape(list(x[0], &attrs["indices"]["data"]), shape.as_slice());
            gather(x[0], indices, axis(&attrs["axis"], x[0], 0))
        }
        "softmax" => softmax(x[0], axis(&attrs["axis"], x[0], 0)),
        "log_softmax" => log_softmax(x[0], axis(&attrs["axis"], x[0], 0)),
        "quadratic_cost" => match attrs["form"].as_str() {
            Some("half_mean") => quadratic_cost(x[0], x[1]),
            Some("half_sum") => squared_error(x[0], x[1]),
            _ => return None,
        },
        "binary_cross_entropy" => binary_cross_entropy(x[0], x[1]),
        "bce_with_logits" => binary_cross_entropy_with_logits(x[0], x[1]),
        "softmax_cross_entropy" => softmax_cross_entropy(x[0], x[1]),
        "softmax_cross_entropy_labels" => {
            softmax_cross_entropy_with_labels(x[0], list(x[0], &attrs["labels"]))
        }
        _ => return None,
    })
}

/// The sizes of an expression without named axes.
pub fn sizes(x: Expr<'_>) -> Vec<usize> {
    x.shape().dims().iter().map(|dim| dim.plain().expect("the files name no axes")).collect()
}

/// Repeats `x` to a shape by numpy's rule: leading axes are added, axes of size 1 stretched.
fn broadcast_to<'g>(x: Expr<'g>, to: &[usize]) -> Expr<'g> {
    let from = sizes(x);
    let lead = to.len() - from.len();
    let repeated = |axis: usize| axis < lead || from[axis - lead] != to[axis];
    let kept: Vec<usize> = (lead..to.len()).filter(|&k| !repeated(k)).map(|k| to[k]).collect();
    let axes: Axes = (0..to.len()).filter(|&k| repeated(k)).collect();
    if axes.is_empty() { x } else { broadcast(reshape(x, kept.as_slice()), axes, to) }
}

/// The common shape of two by numpy's rule.
fn common(a: &[usize], b: &[usize]) -> Vec<usize> {
    let rank = a.len().max(b.len());
    let size =
        |shape: &[usize], k: usize| (k + shape.len()).checked_sub(rank).map_or(1, |k| shape[k]);
    (0..rank).map(|k| if size(a, k) == 1 { size(b, k) } else { size(a, k) }).collect()
}

fn binary<'g>(x: &[Expr<'g>], f: impl Fn(Expr<'g>, Expr<'g>) -> Expr<'g>) -> Expr<'g> {
    let to = common(&sizes(x[0]), &sizes(x[1]));
    f(broadcast_to(x[0], &to), broadcast_to(x[1], &to))
}

/// numpy's matmul: vectors become matrices and back, stacks are broadcast.
fn matmul_as_numpy<'g>(a: Expr<'g>, b: Expr<'g>) -> Expr<'g> {
    let (mut s, mut t) = (sizes(a), sizes(b));
    let (row, column) = (s.len() == 1, t.len() == 1);
    if row {
        s.insert(0, 1);
    }
    if column {
        t.push(1);
    }
    let (s_stack, s_matrix) = s.split_at(s.len() - 2);
    let (t_stack, t_matrix) = t.split_at(t.len() - 2);
    let stack = common(s_stack, t_stack);
    let a = broadcast_to(reshape(a, s.as_slice()), &[&stack, s_matrix].concat());
    let b = broadcast_to(reshape(b, t.as_slice()), &[&stack, t_matrix].concat());
    let mut result = stack;
    result.extend((!row).then_some(s_matrix[0]));
    result.extend((!column).then_some(t_matrix[1]));
    reshape(matmul(a, b), result.as_slice())
}

fn reduce<'g>(x: Expr<'g>, attrs: &Value, f: impl Fn(Expr<'g>, Axes) -> Expr<'g>) -> Expr<'g> {
    let from = sizes(x);
    let axes: Axes = match &attrs["axes"] {
        Value::Null => (0..from.len()).collect(),
        list => list.as_array().expect("a list").iter().map(|k| axis(k, x, 0)).collect(),
    };
    let y = f(x, axes);
    if attrs["keepdims"] != Value::Bool(true) {
        return y;
    }
    keep_axes(y, axes)
}

/// An axis of `x` with `more` axes; the files may count it from the end.
fn axis(value: &Value, x: Expr<'_>, more: usize) -> usize {
    let axis = value.as_i64().expect("an integer");
    let rank = (x.shape().rank() + more) as i64;
    usize::try_from(if axis < 0 { axis + rank } else { axis }).expect("an axis of the array")
}

/// A constant vector, in the graph of `x`.
fn list<'g>(x: Expr<'g>, data: &Value) -> Expr<'g> {
    let number = |value| constant(x.graph(), value as f64);
    let numbers: Vec<_> = integers(data).into_iter().map(number).collect();
    if numbers.is_empty() { constant(x.graph(), 0.0) } else { stack(&numbers, 0) }
}

pub fn convolution(attrs: &Value) -> Convolution {
    Convolution {
        stride: pair(&attrs["stride"]),
        padding: [pair(&attrs["padding"][0]), pair(&attrs["padding"][1])],
        dilation: pair(&attrs["dilation"]),
        groups: attrs["groups"].as_u64().expect("an integer") as usize,
    }
}

fn pooling(attrs: &Value) -> Pooling {
    Pooling {
        window: pair(&attrs["kernel"]),
        stride: pair(&attrs["stride"]),
        padding: [pair(&attrs["padding"][0]), pair(&attrs["padding"][1])],
    }
}

fn pair(value: &Value) -> [usize; 2] {
    integers(value).try_into().expect("two integers")
}

fn integers(value: &Value) -> Vec<usize> {
    let list = value.as_array().expect("a list").iter();
    list.map(|x| x.as_u64().expect("an integer") as usize).collect()
}
