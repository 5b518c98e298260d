//! What solvers ask of an expression: values and derivatives at a point, which is one vector.
//!
//! Invariant: a point is the varied arrays in the order of their names (multipliers after the rest),
//! each in row-major order.

use gradus_ops::{
    Arrays, EvalError, Expr, Graph, Inputs, Op, Shape, Tape, evaluate, hvp, jvp, try_grad,
    try_input, vjp,
};
use gradus_plan::{Numerics, Plan, compile};
use nalgebra::{DMatrix, DVector};
use ndarray::ArrayD;

use super::{MinimizeError, Outcome, Stopped};

/// A vector of parameters, or of their derivatives.
pub(super) type Vector = DVector<f64>;

/// A matrix with a column for each parameter.
pub(super) type Matrix = DMatrix<f64>;

/// The named arrays that are varied, as one vector.
struct Variables {
    names: Vec<String>,
    /// The arrays at the point evaluated last, and the directions of forward sweeps.
    arrays: Arrays<f64>,
}

impl Variables {
    /// The variables of this start, and the nodes that they are in the graph.
    fn new<'g>(
        g: &'g Graph, names: Vec<String>, start: &Arrays<f64>,
    ) -> Result<(Self, Vec<Expr<'g>>), MinimizeError> {
        let problem = |text: String| Err(MinimizeError::Problem(text));
        if names.is_empty() {
            return problem("there are no arrays to vary".to_owned());
        }
        let mut nodes = Vec::with_capacity(names.len());
        for name in &names {
            match g.labelled(name).filter(|x| matches!(x.op(), Op::Input(_))) {
                _ if start[name].is_empty() => {
                    return problem(format!("the array `{name}` has no numbers to vary"));
                }
                Some(x) => nodes.push(x),
                None => return problem(format!("the graph has no input `{name}` to vary")),
            }
        }
        let standard = |x: &ArrayD<f64>| x.as_standard_layout().into_owned();
        let arrays = names.iter().map(|name| (name.clone(), standard(&start[name]))).collect();
        Ok((Self { names, arrays }, nodes))
    }

    /// An input for a direction of each variable.
    fn directions<'g>(
        &mut self, nodes: &[Expr<'g>],
    ) -> Result<Vec<(Expr<'g>, Expr<'g>)>, MinimizeError> {
        let mut pairs = Vec::with_capacity(nodes.len());
        for (name, &x) in self.names.iter().zip(nodes) {
            let dot = direction(name);
            pairs.push((x, own_input(x.graph(), &dot, x.shape())?));
            self.arrays.insert(dot, ArrayD::zeros(self.arrays[name].raw_dim()));
        }
        Ok(pairs)
    }

    fn len(&self) -> usize {
        self.names.iter().map(|name| self.arrays[name].len()).sum()
    }

    fn vector(&self) -> Vector {
        let numbers = self.names.iter().flat_map(|name| self.arrays[name].iter().copied());
        Vector::from_iterator(self.len(), numbers)
    }

    fn set(&mut self, x: &Vector) {
        let mut x = x.iter();
        for name in &self.names {
            let array = self.arrays.get_mut(name).expect("a variable has an array");
            array.iter_mut().zip(&mut x).for_each(|(to, from)| *to = *from);
        }
    }

    /// Sets one number of the directions, counted as in a vector.
    fn set_direction(&mut self, mut k: usize, value: f64) {
        for name in &self.names {
            let array = self.arrays.get_mut(&direction(name)).expect("a direction for each");
            match array.iter_mut().nth(k) {
                Some(number) => return *number = value,
                None => k -= array.len(),
            }
        }
    }

    /// The arrays alone, without directions.
    fn point(&self) -> Arrays<f64> {
        self.names.iter().map(|name| (name.clone(), self.arrays[name].clone())).collect()
    }
}

/// A point, with the value and the gradient there.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub x: Vector,
    pub f: f64,
    pub g: Vector,
}

impl Point {
    pub fn is_finite(&self) -> bool {
        self.f.is_finite() && self.g.iter().all(|g| g.is_finite())
    }

    /// The largest relative change of the value by a relative change of one parameter.
    pub fn relative_gradient(&self) -> f64 {
        let sizes = self.x.iter().zip(&self.g).map(|(x, g)| g.abs() * x.abs().max(1.0));
        sizes.fold(0.0, f64::max) / self.f.abs().max(1.0)
    }
}

/// A number to be made small.
pub(super) struct Oracle<'g, 'a> {
    variables: Variables,
    inputs: Inputs<'a, f64>,
    nodes: Vec<Expr<'g>>,
    /// The value, then the gradient.
    outputs: Vec<Expr<'g>>,
    plan: Plan<f64>,
    products: Option<Plan<f64>>,
    /// How many points have been evaluated.
    pub evaluations: usize,
}

impl<'g, 'a> Oracle<'g, 'a> {
    /// The number `f` as a function of the arrays `names`, which begin as in `start`.
    #[track_caller]
    pub fn new(
        f: Expr<'g>, names: Vec<String>, start: &Arrays<f64>, inputs: &'a Inputs<'_, f64>,
    ) -> Result<Self, MinimizeError> {
        let _line = f.graph().here();
        let (variables, nodes) = Variables::new(f.graph(), names, start)?;
        let mut outputs = vec![f];
        outputs.extend(try_grad(f, &nodes)?);
        let plan = compile(&outputs, &[])?.numerics(Numerics::Exact);
        let inputs = borrowed(inputs);
        Ok(Self { variables, inputs, nodes, outputs, plan, products: None, evaluations: 0 })
    }

    /// The start; to be asked before any other point.
    pub fn start(&mut self) -> Result<Point, EvalError> {
        self.at(self.variables.vector())
    }

    /// The value and the gradient at `x`.
    pub fn at(&mut self, x: Vector) -> Result<Point, EvalError> {
        self.evaluations += 1;
        self.variables.set(&x);
        let values = self.plan.step(&mut self.variables.arrays, &self.inputs)?;
        let g = Vector::from_iterator(x.len(), values[1..].iter().flatten().copied());
        Ok(Point { f: values[0].sum(), x, g })
    }

    /// The arrays at a point.
    pub fn arrays(&mut self, x: &Vector) -> Arrays<f64> {
        self.variables.set(x);
        self.variables.point()
    }

    /// What a solver returns that has ended at a point.
    pub fn outcome(&mut self, at: Point, iterations: usize, stopped: Stopped) -> Outcome {
        Outcome {
            value: at.f,
            gradient_norm: at.g.norm(),
            at: self.arrays(&at.x),
            iterations,
            evaluations: self.evaluations,
            stopped,
        }
    }

    /// The Hessian at `x`, a product for each column.
    pub fn hessian(&mut self, x: &Vector) -> Result<Matrix, MinimizeError> {
        if self.products.is_none() {
            let directions = self.variables.directions(&self.nodes)?;
            let products = hvp(self.outputs[0], &directions);
            self.products = Some(compile(&products, &[])?.numerics(Numerics::Exact));
        }
        let plan = self.products.as_mut().expect("compiled just now");
        self.variables.set(x);
        let full = columns(&mut self.variables, plan, &self.inputs)?;
        Ok(0.5 * (&full + full.transpose()))
    }

    /// Why the solver stops at `x`, where the value or the gradient is not finite.
    pub fn not_finite(&mut self, x: &Vector) -> Result<Stopped, EvalError> {
        self.variables.set(x);
        not_finite(&self.outputs, &self.variables, &self.inputs)
    }
}

/// Residuals of which the sum of squares is to be made small.
pub(super) struct Residuals<'g, 'a> {
    variables: Variables,
    inputs: Inputs<'a, f64>,
    outputs: Vec<Expr<'g>>,
    plan: Plan<f64>,
    tangents: Plan<f64>,
    /// How many points have been evaluated.
    pub evaluations: usize,
}

impl<'g, 'a> Residuals<'g, 'a> {
    /// The residuals `r` as a function of the arrays of `start`.
    #[track_caller]
    pub fn new(
        r: Expr<'g>, start: &Arrays<f64>, inputs: &'a Inputs<'_, f64>,
    ) -> Result<Self, MinimizeError> {
        let _line = r.graph().here();
        let names = start.keys().cloned().collect();
        let (mut variables, nodes) = Variables::new(r.graph(), names, start)?;
        if let Some(x) = vjp(&[(r, r.filled(1.0))], &nodes).disconnected().first() {
            return Err(MinimizeError::Problem(format!(
                "the residuals do not depend differentiably on\n  {}",
                x.describe()
            )));
        }
        let directions = variables.directions(&nodes)?;
        let tangent = jvp(&[r], &directions)[0].expect("the residuals depend on the variables");
        let plan = compile(&[r], &[])?.numerics(Numerics::Exact);
        let tangents = compile(&[tangent], &[])?.numerics(Numerics::Exact);
        let outputs = vec![r, tangent];
        let inputs = borrowed(inputs);
        Ok(Self { variables, inputs, outputs, plan, tangents, evaluations: 0 })
    }

    /// The point evaluated last; before that the start.
    pub fn point(&self) -> Vector {
        self.variables.vector()
    }

    /// The arrays at a point.
    pub fn arrays(&mut self, x: &Vector) -> Arrays<f64> {
        self.variables.set(x);
        self.variables.point()
    }

    /// The arrays that a vector is when it is cut up as a point is.
    pub fn shaped(&self, x: &Vector) -> Arrays<f64> {
        let arrays = self.variables.point();
        let mut shaped = Variables { names: self.variables.names.clone(), arrays };
        shaped.set(x);
        shaped.arrays
    }

    /// The residuals at `x`.
    pub fn residuals(&mut self, x: &Vector) -> Result<Vector, EvalError> {
        self.evaluations += 1;
        self.variables.set(x);
        let values = self.plan.step(&mut self.variables.arrays, &self.inputs)?;
        Ok(Vector::from_iterator(values[0].len(), values[0].iter().copied()))
    }

    /// The Jacobian at `x`, a forward sweep for each column.
    pub fn jacobian(&mut self, x: &Vector) -> Result<Matrix, EvalError> {
        self.variables.set(x);
        columns(&mut self.variables, &mut self.tangents, &self.inputs)
    }

    /// Why the solver stops at `x`, where a residual or a derivative is not finite.
    pub fn not_finite(&mut self, x: &Vector) -> Result<Stopped, EvalError> {
        self.variables.set(x);
        not_finite(&self.outputs, &self.variables, &self.inputs)
    }
}

/// The outputs of a plan for each unit direction, as columns.
fn columns(
    variables: &mut Variables, plan: &mut Plan<f64>, inputs: &Inputs<'_, f64>,
) -> Result<Matrix, EvalError> {
    let mut numbers = Vec::new();
    let columns = variables.len();
    for k in 0..columns {
        variables.set_direction(k, 1.0);
        let outputs = plan.step(&mut variables.arrays, inputs);
        numbers.extend(outputs?.iter().flatten().copied());
        variables.set_direction(k, 0.0);
    }
    Ok(Matrix::from_vec(numbers.len() / columns, columns, numbers))
}

/// The first node whose value is not finite: of `outputs`, in the directions set last, or of a unit
/// direction in which one is not.
fn not_finite(
    outputs: &[Expr<'_>], variables: &Variables, inputs: &Inputs<'_, f64>,
) -> Result<Stopped, EvalError> {
    let graph = outputs[0].graph();
    let all: Vec<_> = Tape::new(outputs).ids().iter().map(|&id| graph.expr(id)).collect();
    let values = evaluate(&all, &borrowed(inputs).with_all(&variables.arrays))?;
    let mut pairs = all.iter().zip(&values);
    let found = pairs.find(|(_, value)| value.iter().any(|x| !x.is_finite()));
    let node = match found {
        Some((y, _)) => format!("{y:?}"),
        None => format!("a derivative of {}", outputs[0].describe()),
    };
    Ok(Stopped::NotFinite { node })
}

/// The name of the input for the direction of a variable.
fn direction(name: &str) -> String {
    format!("minimize.dot.{name}")
}

/// An input that a solver adds to the graph.
pub(super) fn own_input<'g>(
    g: &'g Graph, name: &str, shape: Shape,
) -> Result<Expr<'g>, MinimizeError> {
    try_input(g, name, shape).map_err(|error| MinimizeError::Problem(error.to_string()))
}

/// The same arrays, borrowed for no longer than needed.
pub(super) fn borrowed<'b>(inputs: &'b Inputs<'_, f64>) -> Inputs<'b, f64> {
    inputs.iter().fold(Inputs::new(), |all, (name, array)| all.with(name, array))
}
