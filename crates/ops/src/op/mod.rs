//! The table of operations: one file each, one line here.
//!
//! Invariant: readers match [`Op`] exhaustively; the meaning of an operation is in its file.

use std::fmt;

use gradus_autodiff::{Arithmetic, Primitive};
use ndarray::{ArrayD, ArrayViewD};

use crate::operation::{Card, Operation, Sample};
use crate::{Environment, Expr, Graph, Scalar, Shape};

/// From the list of files and operations: the modules, the enum, and the delegation to each.
macro_rules! operations {
    ($($file:ident::$Name:ident),* $(,)?) => {
        $(mod $file;)*
        $(pub use $file::$Name;)*

        /// An operation: the closed list of all of them.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum Op {
            $(#[doc = concat!("See [`", stringify!($Name), "`](struct@", stringify!($Name), ").")]
            $Name($Name),)*
        }

        $(impl From<$Name> for Op {
            fn from(op: $Name) -> Self {
                Op::$Name(op)
            }
        })*

        impl Op {
            /// The descriptions of all operations, in the order of the table.
            pub const CARDS: &'static [Card] = &[$($Name::CARD),*];

            /// The description of this operation.
            pub fn card(&self) -> Card {
                match self { $(Op::$Name(_) => $Name::CARD,)* }
            }

            /// The sample points of every operation, in the order of the table.
            pub fn samples() -> Vec<Vec<Sample>> {
                vec![$($Name::samples()),*]
            }

            /// The value of this operation, by its reference kernel.
            pub fn eval<T: Scalar>(
                &self, x: &[ArrayViewD<'_, T>], env: &Environment<'_, T>,
            ) -> ArrayD<T> {
                match self { $(Op::$Name(op) => op.eval(x, env),)* }
            }

            /// Checks that the operands' values are what shapes cannot promise.
            ///
            /// # Errors
            ///
            /// A sentence that says which value was not, and what was wanted.
            pub fn accept<T: Scalar>(
                &self, x: &[ArrayViewD<'_, T>], env: &Environment<'_, T>,
            ) -> Result<(), String> {
                match self { $(Op::$Name(op) => op.accept(x, env),)* }
            }

            fn arity(&self) -> Option<usize> {
                match self { $(Op::$Name(op) => op.arity(),)* }
            }

            fn attributes(&self) -> String {
                match self { $(Op::$Name(op) => op.attributes(),)* }
            }

            fn shape_rule(&self, x: &[&Shape]) -> Result<Shape, String> {
                match self { $(Op::$Name(op) => op.shape(x),)* }
            }

            fn vjp_rule<'g>(
                &self, k: usize, x: &[Expr<'g>], y: Expr<'g>, y_bar: Expr<'g>,
            ) -> Option<Expr<'g>> {
                match self { $(Op::$Name(op) => op.vjp(k, x, y, y_bar),)* }
            }

            fn jvp_rule<'g>(
                &self, k: usize, x: &[Expr<'g>], y: Expr<'g>, x_dot: Expr<'g>,
            ) -> Option<Expr<'g>> {
                match self { $(Op::$Name(op) => op.jvp(k, x, y, x_dot),)* }
            }
        }
    };
}

operations! {
    input::Input,
    constant::Constant,
    size::Size,
    add::Add,
    sub::Sub,
    mul::Mul,
    div::Div,
    neg::Neg,
    reciprocal::Reciprocal,
    square::Square,
    sqrt::Sqrt,
    rsqrt::Rsqrt,
    pow_const::PowConst,
    pow::Pow,
    x_log_y::XLogY,
    exp::Exp,
    expm1::Expm1,
    log::Log,
    log1p::Log1p,
    sin::Sin,
    cos::Cos,
    tan::Tan,
    atan::Atan,
    sinh::Sinh,
    cosh::Cosh,
    tanh::Tanh,
    sigmoid::Sigmoid,
    softplus::Softplus,
    relu::Relu,
    abs::Abs,
    sign::Sign,
    step::Step,
    maximum::Maximum,
    greater::Greater,
    greater_equal::GreaterEqual,
    equal::Equal,
    select::Select,
    stop_gradient::StopGradient,
    sum::Sum,
    max::Max,
    log_sum_exp::LogSumExp,
    softmax::Softmax,
    log_softmax::LogSoftmax,
    broadcast::Broadcast,
    reshape::Reshape,
    transpose::Transpose,
    slice::Slice,
    pad::Pad,
    concat::Concat,
    gather::Gather,
    scatter_add::ScatterAdd,
    one_hot::OneHot,
    matmul::Matmul,
    conv2d::Conv2d,
    conv2d_input_adjoint::Conv2dInputAdjoint,
    conv2d_filter_adjoint::Conv2dFilterAdjoint,
    max_pool2d::MaxPool2d,
    max_pool2d_scatter::MaxPool2dScatter,
    max_pool2d_gather::MaxPool2dGather,
    binary_cross_entropy::BinaryCrossEntropy,
    binary_cross_entropy_with_logits::BinaryCrossEntropyWithLogits,
    random::Random,
    custom::Custom,
}

mod convolution;
mod mean;
mod pooling;
mod prod;
mod quadratic_cost;
mod softmax_cross_entropy;

pub use abs::abs;
pub use atan::atan;
pub use binary_cross_entropy::{binary_cross_entropy, binary_cross_entropy_terms};
pub use binary_cross_entropy_with_logits::{
    binary_cross_entropy_with_logits, binary_cross_entropy_with_logits_terms,
};
pub use broadcast::broadcast;
pub use concat::{concat, stack};
pub use constant::constant;
pub use conv2d::conv2d;
pub use convolution::Convolution;
pub use cos::cos;
pub use cosh::cosh;
pub use custom::{CustomOp, Identity, custom};
pub use equal::equal;
pub use exp::exp;
pub use expm1::expm1;
pub use gather::gather;
pub use greater::{greater, less};
pub use greater_equal::{greater_equal, less_equal};
pub use input::{input, param, try_input};
pub use log::log;
pub use log_softmax::log_softmax;
pub use log_sum_exp::log_sum_exp;
pub use log1p::log1p;
pub use matmul::{dot, matmul, outer};
pub use max::{max, min};
pub use max_pool2d::{avg_pool2d, max_pool2d};
pub use maximum::{maximum, minimum};
pub use mean::{mean, mean_all};
pub use one_hot::one_hot;
pub use pad::{pad, pad_with};
pub use pooling::Pooling;
pub use pow::pow;
pub use pow_const::pow_const;
pub use prod::prod;
pub use quadratic_cost::{quadratic_cost, squared_error};
pub use random::{Distribution, dropout, random_bernoulli, random_normal, random_uniform};
pub use reciprocal::reciprocal;
pub use relu::relu;
pub use reshape::{keep_axes, reshape};
pub use rsqrt::rsqrt;
pub use scatter_add::scatter_add;
pub use select::{leaky_relu, select};
pub use sigmoid::sigmoid;
pub use sign::sign;
pub use sin::sin;
pub use sinh::sinh;
pub use size::size;
pub use slice::{slice, slice_step};
pub use softmax::softmax;
pub use softmax_cross_entropy::{softmax_cross_entropy, softmax_cross_entropy_with_labels};
pub use softplus::softplus;
pub use sqrt::sqrt;
pub use square::square;
pub use step::step;
pub use stop_gradient::stop_gradient;
pub use sum::{sum, sum_all};
pub use tan::tan;
pub use tanh::tanh;
pub use transpose::{permute, transpose};
pub use x_log_y::x_log_y;

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, attributes) = (self.card().name, self.attributes());
        match attributes.as_str() {
            "" => f.write_str(name),
            attributes => write!(f, "{name}[{attributes}]"),
        }
    }
}

impl Primitive for Op {
    type Shape = Shape;

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, String> {
        if let Some(wanted) = self.arity().filter(|&wanted| wanted != operands.len()) {
            let (list, got) = (self.card().operands.join(", "), operands.len());
            return Err(format!("there must be {wanted} operands ({list}), there are {got}"));
        }
        self.shape_rule(operands)
    }

    fn vjp<'g>(&self, k: usize, x: &[Expr<'g>], y: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        self.vjp_rule(k, x, y, y_bar)
    }

    fn jvp<'g>(&self, k: usize, x: &[Expr<'g>], y: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        self.jvp_rule(k, x, y, x_dot)
    }

    #[track_caller]
    fn fill<'g>(graph: &'g Graph, value: f64, shape: &Shape) -> Expr<'g> {
        let _line = graph.here();
        let number = constant(graph, value);
        match shape.rank() {
            0 => number,
            rank => broadcast(number, (0..rank).collect::<crate::Axes>(), shape.clone()),
        }
    }

    fn add<'g>(a: Expr<'g>, b: Expr<'g>) -> Expr<'g> {
        a + b
    }

    fn scalar() -> Shape {
        Shape::scalar()
    }
}

impl Arithmetic for Op {
    const ADD: Self = Op::Add(Add);
    const SUB: Self = Op::Sub(Sub);
    const MUL: Self = Op::Mul(Mul);
    const DIV: Self = Op::Div(Div);
    const NEG: Self = Op::Neg(Neg);

    /// The one rule of broadcasting: where one operand's shape is the tail of the other's (a
    /// scalar is the tail of every shape), it is repeated along the other's leading axes. The
    /// rule compares dimensions, named axes included, and never looks at sizes.
    fn fit<'g>(a: Expr<'g>, b: Expr<'g>) -> (Expr<'g>, Expr<'g>) {
        let (long, short) = (a.shape(), b.shape());
        if long == short {
            (a, b)
        } else if let Some(axes) = short.tail_of(&long) {
            (a, broadcast(b, axes, long))
        } else if let Some(axes) = long.tail_of(&short) {
            (broadcast(a, axes, short), b)
        } else {
            (a, b)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Check, input, vjp};

    /// The law: every operation's samples pass the gradient check, to second order. An operation
    /// that has operands and no samples fails.
    #[test]
    fn every_operation_passes_the_gradient_check() {
        for (card, samples) in Op::CARDS.iter().zip(Op::samples()) {
            assert!(card.operands.is_empty() || !samples.is_empty(), "{} has no sample", card.name);
            for sample in samples {
                assert_eq!(sample.op.card(), *card, "a sample of another operation");
                let graph = Graph::new();
                let (x, y) = sample.build(&graph);
                let at = (0..).zip(&sample.operands).map(|(k, a)| (format!("x{k}"), a.clone()));
                let (fixed, free): (Vec<usize>, Vec<usize>) =
                    (0..x.len()).partition(|k| sample.fixed.contains(k));
                let operands = |of: &[usize]| of.iter().map(|&k| x[k]).collect::<Vec<_>>();
                let detached = vjp(&[(y, y.filled(1.0))], &operands(&fixed)).disconnected();
                assert_eq!(detached, operands(&fixed), "{}: a derivative by decree", sample.op);
                if free.is_empty() {
                    continue;
                }
                let report = Check::new(&[y], &operands(&free)).run(&at.collect()).unwrap();
                assert!(report.passed(), "{} at {:?}\n{report}", sample.op, sample.operands);
            }
        }
    }

    #[test]
    fn every_card_is_complete_and_every_name_unique() {
        for (k, card) in Op::CARDS.iter().enumerate() {
            for text in [card.name, card.formula, card.shapes, card.pullback] {
                assert!(!text.is_empty(), "{card:?}");
            }
            assert!(Op::CARDS[..k].iter().all(|other| other.name != card.name), "{}", card.name);
        }
    }

    #[test]
    fn an_operation_is_small() {
        assert!(size_of::<Op>() <= 24, "{} bytes", size_of::<Op>());
    }

    #[test]
    fn operators_broadcast_by_the_one_rule() {
        let g = Graph::new();
        let (x, b) = (input(&g, "x", ("n", 30)), input(&g, "b", [30]));
        assert_eq!((x + b).shape(), x.shape());
        assert_eq!((b - x).shape(), x.shape());
        assert_eq!((2.0 * x).shape(), x.shape());
        assert_eq!(x + b, x + broadcast(b, [0], x.shape()));
        assert_eq!((input(&g, "s", ()) / x).shape(), x.shape());
    }

    #[test]
    #[should_panic(
        expected = "add: the operands must have equal shapes, operand 0 is [n, 30] and operand 1 \
                    is [n]; an operator also takes a scalar, or the tail of the other's shape\n  \
                    operand 0: %0 `x` : [n, 30], written at crates/ops/src/op/mod.rs:"
    )]
    fn operators_do_not_guess() {
        let g = Graph::new();
        let _ = input(&g, "x", ("n", 30)) + input(&g, "c", ("n",));
    }

    #[test]
    fn the_number_of_operands_is_checked() {
        let g = Graph::new();
        let x = input(&g, "x", [3]);
        let error = g.try_apply(Op::Matmul(Matmul), &[x]).unwrap_err();
        assert_eq!(error.wanted, "there must be 2 operands (x, w), there are 1");
    }
}
