//! Every kernel against the operation that it computes.

use gradus_ops::{self as ops, Expr, Graph, Inputs, evaluate, input};
use ndarray::ArrayView1;

use super::*;

#[test]
fn the_tables_are_in_the_order_of_the_numbers() {
    assert!(Fun1::ALL.iter().enumerate().all(|(i, &f)| f as usize == i));
    assert!(Fun2::ALL.iter().enumerate().all(|(i, &f)| f as usize == i));
}

#[test]
fn functions_of_one_number_are_those_of_the_operations() {
    functions_of_one::<f32>();
    functions_of_one::<f64>();
}

#[test]
fn functions_of_two_numbers_are_those_of_the_operations() {
    functions_of_two::<f32>();
    functions_of_two::<f64>();
}

#[test]
fn a_choice_is_that_of_the_operation() {
    choice::<f32>();
    choice::<f64>();
}

fn functions_of_one<T: Real>() {
    let x = numbers::<T>();
    for f in Fun1::ALL {
        let wanted = reference(|[x, _, _]| op1(f, x), [&x, &x, &x]);
        let fast = matches!(
            f,
            Fun1::Exp
                | Fun1::Log
                | Fun1::Sin
                | Fun1::Cos
                | Fun1::Tanh
                | Fun1::Sigmoid
                | Fun1::Softplus
        );
        for (isa, numerics) in instances() {
            let kernel = T::map1(f, isa, numerics);
            let units = if fast && numerics == Numerics::Fast { 4.0 } else { 0.0 };
            let near = |i: usize, y: T| {
                let special = x[i].is_zero() || !x[i].is_finite();
                close(y, wanted[i], if special { 0.0 } else { units }, wanted[i])
            };
            for n in lengths(x.len()) {
                // SAFETY: the pointers are to at least n numbers.
                let call = |from: [*const T; 3], y| unsafe { kernel(from[0], y, n) };
                let name = format!("{f:?} {isa:?} {numerics:?}");
                run(&name, n, [Some(&x), None, None], near, call);
            }
        }
    }
}

fn functions_of_two<T: Real>() {
    // Each number with each other one.
    let numbers = numbers::<T>();
    let len = numbers.len();
    let a: Vec<T> = (0..len * len).map(|i| numbers[i % len]).collect();
    let b: Vec<T> = (0..len * len).map(|i| numbers[(i % len + i / len) % len]).collect();
    for f in Fun2::ALL {
        for form in [Form::Both, Form::ScalarLeft, Form::ScalarRight] {
            for k in if form == Form::Both { 0..1 } else { 0..len } {
                let (a, b) = match form {
                    Form::Both => (a.clone(), b.clone()),
                    Form::ScalarLeft => (vec![numbers[k]; len], numbers.clone()),
                    Form::ScalarRight => (numbers.clone(), vec![numbers[k]; len]),
                };
                check_two(f, form, &a, &b);
            }
        }
    }
}

/// One function in one form, in which an operand that is one number is given as many equal ones.
fn check_two<T: Real>(f: Fun2, form: Form, a: &[T], b: &[T]) {
    let wanted = reference(|[a, b, _]| op2(f, a, b), [a, b, a]);
    for (isa, numerics) in instances() {
        let kernel = T::map2(f, form, isa, numerics);
        let fast = f == Fun2::BinaryCrossEntropyWithLogits && numerics == Numerics::Fast;
        let near = |i: usize, y: T| {
            // The largest of the terms that are added.
            let size = a[i].abs().max((a[i] * b[i]).abs()).max(wanted[i].abs());
            let special = [a[i], b[i]].iter().any(|x| !x.is_finite());
            close(y, wanted[i], if fast && !special { 4.0 } else { 0.0 }, size)
        };
        let left = (form != Form::ScalarLeft).then_some(a);
        let right = (form != Form::ScalarRight).then_some(b);
        for n in lengths(a.len()) {
            // SAFETY: the pointers are to at least n numbers, or to the one that is for all.
            let call = |from: [*const T; 3], y| unsafe {
                let a = if form == Form::ScalarLeft { a.as_ptr() } else { from[0] };
                let b = if form == Form::ScalarRight { b.as_ptr() } else { from[1] };
                kernel(a, b, y, n);
            };
            run(
                &format!("{f:?} {form:?} {isa:?} {numerics:?}"),
                n,
                [left, right, None],
                near,
                call,
            );
        }
    }
}

fn choice<T: Real>() {
    let a = numbers::<T>();
    let b: Vec<T> = a.iter().rev().copied().collect();
    let c: Vec<T> = a.iter().map(|&a| a + T::one()).collect();
    let wanted = reference(|[a, b, c]| ops::select(a, b, c), [&a, &b, &c]);
    for isa in Isa::available() {
        let kernel = T::select(isa);
        for n in lengths(a.len()) {
            // SAFETY: the pointers are to at least n numbers.
            let call = |from: [*const T; 3], y| unsafe { kernel(from[0], from[1], from[2], y, n) };
            let near = |i: usize, y| close(y, wanted[i], 0.0, y);
            run(&format!("{isa:?}"), n, [Some(&a), Some(&b), Some(&c)], near, call);
        }
    }
}

/// Calls a kernel with a result of its own and with each operand as the result, and asserts that
/// the first n numbers are near what is wanted and that no others are written.
fn run<T: Real>(
    name: &str, n: usize, operands: [Option<&[T]>; 3], near: impl Fn(usize, T) -> bool,
    call: impl Fn([*const T; 3], *mut T),
) {
    let guard = T::from_double(-7.5);
    for place in [None, Some(0), Some(1), Some(2)] {
        let mut operands = operands.map(|x| x.map_or_else(Vec::new, |x| x[..n].to_vec()));
        operands.iter_mut().for_each(|x| x.resize(n + 20, guard));
        let mut own = vec![guard; n + 20];
        let from = operands.each_mut().map(Vec::as_mut_ptr);
        let y = place.map_or(own.as_mut_ptr(), |k: usize| from[k]);
        call(from.map(<*mut T>::cast_const), y);
        let y = place.map_or(&own, |k| &operands[k]);
        for (i, &y) in y.iter().enumerate() {
            let right = if i < n { near(i, y) } else { y == guard };
            assert!(right, "{name}, n = {n}, in place of {place:?}: y[{i}] = {y:e}");
        }
    }
}

/// Numbers of all kinds.
fn numbers<T: Real>() -> Vec<T> {
    let special = [0.0, 1.0, 0.5, 2.0, 3.0, 1e-5, 0.3, 10.0, 30.0, 87.0, 100.0, 1e4, 1e30];
    let special = special.into_iter().chain([f64::INFINITY]).map(T::from_double);
    let special = special.chain([T::min_positive_value(), T::max_value(), T::epsilon()]);
    let special = special.chain([T::min_positive_value() * T::from_double(0.3)]);
    special.flat_map(|x| [x, -x]).chain([T::nan()]).collect()
}

/// The lengths that kernels are called with: short ones and all.
fn lengths(n: usize) -> impl Iterator<Item = usize> {
    (0..70.min(n)).chain([n])
}

fn instances() -> impl Iterator<Item = (Isa, Numerics)> {
    let both = |isa| [(isa, Numerics::Fast), (isa, Numerics::Exact)];
    Isa::available().into_iter().flat_map(both)
}

/// Whether y is `wanted` up to some units in the last place of `size`; if 0, to the last bit.
fn close<T: Real>(y: T, wanted: T, units: f64, size: T) -> bool {
    let same = y == wanted && y.is_sign_negative() == wanted.is_sign_negative();
    let unit = (size.abs() * T::epsilon()).max(T::min_positive_value() * T::epsilon());
    same || y.is_nan() && wanted.is_nan()
        || units > 0.0 && (y - wanted).abs() <= unit * T::from_double(units)
}

/// The value of an expression of up to three arrays by the reference evaluator.
fn reference<T: Real>(
    f: impl for<'g> Fn([Expr<'g>; 3]) -> Expr<'g>, operands: [&[T]; 3],
) -> Vec<T> {
    let g = Graph::new();
    let arrays = operands.map(ArrayView1::from);
    let names = ["a", "b", "c"];
    let inputs = names.into_iter().zip(&arrays);
    let inputs = inputs.fold(Inputs::new(), |inputs, (name, array)| inputs.with(name, array));
    let y = f(names.map(|name| input(&g, name, [operands[0].len()])));
    evaluate(&[y], &inputs).unwrap()[0].iter().copied().collect()
}

fn op1(f: Fun1, x: Expr<'_>) -> Expr<'_> {
    match f {
        Fun1::Copy => ops::stop_gradient(x),
        Fun1::Neg => -x,
        Fun1::Reciprocal => ops::reciprocal(x),
        Fun1::Square => ops::square(x),
        Fun1::Sqrt => ops::sqrt(x),
        Fun1::Rsqrt => ops::rsqrt(x),
        Fun1::Exp => ops::exp(x),
        Fun1::Expm1 => ops::expm1(x),
        Fun1::Log => ops::log(x),
        Fun1::Log1p => ops::log1p(x),
        Fun1::Sin => ops::sin(x),
        Fun1::Cos => ops::cos(x),
        Fun1::Tan => ops::tan(x),
        Fun1::Atan => ops::atan(x),
        Fun1::Sinh => ops::sinh(x),
        Fun1::Cosh => ops::cosh(x),
        Fun1::Tanh => ops::tanh(x),
        Fun1::Sigmoid => ops::sigmoid(x),
        Fun1::Softplus => ops::softplus(x),
        Fun1::Relu => ops::relu(x),
        Fun1::Abs => ops::abs(x),
        Fun1::Sign => ops::sign(x),
        Fun1::Step => ops::step(x),
    }
}

fn op2<'g>(f: Fun2, a: Expr<'g>, b: Expr<'g>) -> Expr<'g> {
    match f {
        Fun2::Add => a + b,
        Fun2::Sub => a - b,
        Fun2::Mul => a * b,
        Fun2::Div => a / b,
        Fun2::Pow => ops::pow(a, b),
        Fun2::XLogY => ops::x_log_y(a, b),
        Fun2::Maximum => ops::maximum(a, b),
        Fun2::Greater => ops::greater(a, b),
        Fun2::GreaterEqual => ops::greater_equal(a, b),
        Fun2::Equal => ops::equal(a, b),
        Fun2::BinaryCrossEntropy => ops::binary_cross_entropy_terms(a, b),
        Fun2::BinaryCrossEntropyWithLogits => ops::binary_cross_entropy_with_logits_terms(a, b),
        Fun2::SigmoidSlope => a * (1.0 - a) * b,
        Fun2::TanhSlope => (1.0 - a * a) * b,
    }
}
