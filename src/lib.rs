//! The façade: everything under one name, and a [`prelude`] to start with.
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub use gradus_models as models;
pub use gradus_ops as ops;
/// The arrays that go in and come out.
pub use ndarray;

/// What most programs want: the graph, its functions, derivatives, evaluation, and networks.
///
/// ```
/// use gradus::prelude::*;
/// let g = Graph::new();
/// let x = input(&g, "x", ());
/// let [dx] = grad(sigmoid(x), [x]);
/// assert_eq!(dx.shape().to_string(), "[]");
/// ```
pub mod prelude {
    pub use gradus_models::{Activation, Cost, Init, Network, Settings, Sgd, Training};
    pub use gradus_ops::{
        Arrays, Check, Dim, Evaluator, Expr, Graph, Inputs, Reference, Shape, Tape, adjoints,
        binary_cross_entropy, binary_cross_entropy_with_logits, broadcast, constant, evaluate, exp,
        grad, greater, input, jvp, log, log_softmax, matmul, mean, mean_all, param, permute,
        quadratic_cost, relu, reshape, sigmoid, size, softmax_cross_entropy, squared_error, sum,
        sum_all, tanh, transpose, try_grad, vjp,
    };
}
