//! The façade: everything under one name, and a [`prelude`] to start with.
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub use gradus_export as export;
pub use gradus_models as models;
pub use gradus_ops as ops;
pub use gradus_plan as plan;
/// The arrays that go in and come out.
pub use ndarray;

/// What most programs want: the graph, its functions, derivatives, evaluation, minima, and networks.
///
/// ```
/// use gradus::prelude::*;
/// let g = Graph::new();
/// let x = input(&g, "x", ());
/// let [dx] = grad(sigmoid(x), [x]);
/// assert_eq!(dx.shape().to_string(), "[]");
/// ```
pub mod prelude {
    pub use gradus_models::minimise::{
        GradientDescent, Lagrange, Lbfgs, LevenbergMarquardt, Newton, Outcome, Stopped,
        hessian_eigenvalues, least_squares, likelihood_deviations, minimize, minimize_subject_to,
        standard_deviations,
    };
    pub use gradus_models::{
        Activation, Adam, AvgPool, BatchNorm, Conv, Cost, Dense, Dropout, Flatten, Init, MaxPool,
        Network, Optimiser, Schedule, Settings, Sgd, Training,
    };
    pub use gradus_ops::{
        Arrays, Axes, Check, Convolution, CustomOp, Dim, Evaluator, Expr, Graph, Inputs, Pooling,
        Reference, Shape, Tape, abs, adjoints, atan, avg_pool2d, binary_cross_entropy,
        binary_cross_entropy_with_logits, broadcast, concat, constant, conv2d, cos, cosh, custom,
        dot, equal, evaluate, exp, expm1, gather, gauss_newton, gauss_newton_product, grad,
        greater, greater_equal, hessian, hvp, input, jacobian, jvp, keep_axes, leaky_relu, less,
        less_equal, log, log_softmax, log_sum_exp, log1p, matmul, max, max_pool2d, maximum, mean,
        mean_all, min, minimum, one_hot, outer, pad, pad_with, param, per_example, permute, pow,
        pow_const, prod, quadratic_cost, random_bernoulli, random_normal, random_uniform,
        reciprocal, relu, reshape, rsqrt, scatter_add, select, sigmoid, sign, sin, sinh, size,
        slice, slice_step, softmax, softmax_cross_entropy, softmax_cross_entropy_with_labels,
        softplus, sqrt, square, squared_error, stack, step, stop_gradient, sum, sum_all, tan, tanh,
        transpose, try_grad, vjp, x_log_y,
    };
    pub use gradus_plan::{Plan, compile};
}
