//! Running a graph on arrays: the interface, and the reference evaluator.
//!
//! Invariant: the reference evaluator computes one node after the other with the operations' own
//! kernels and nothing else. It is the oracle; every faster evaluator must agree with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ndarray::{ArrayBase, ArrayD, ArrayViewD, Data, Dimension};

use crate::{Dim, Expr, Op, Scalar, Shape, Tape};

/// Named arrays that the caller owns: parameters, momenta, running statistics, counters.
pub type Arrays<T> = BTreeMap<String, ArrayD<T>>;

/// Named arrays that an evaluation reads, borrowed for as long as it runs.
#[derive(Clone, Debug, Default)]
pub struct Inputs<'a, T>(BTreeMap<&'a str, ArrayViewD<'a, T>>);

impl<'a, T> Inputs<'a, T> {
    /// No arrays.
    pub fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// These and one more; an array given before under the same name is replaced. A slice with a
    /// shape is given as `ArrayView::from_shape`.
    pub fn with<S: Data<Elem = T>, D: Dimension>(
        mut self, name: &'a str, array: &'a ArrayBase<S, D>,
    ) -> Self {
        self.0.insert(name, array.view().into_dyn());
        self
    }

    /// These and a whole table.
    pub fn with_all(mut self, arrays: &'a Arrays<T>) -> Self {
        self.0.extend(arrays.iter().map(|(name, array)| (name.as_str(), array.view())));
        self
    }
}

/// What runs a graph on arrays of `T`: the reference evaluator does, and compiled plans do.
///
/// An evaluator is made for some outputs and for some *updates*, pairs of a name and the
/// expression that gives the named array its next value. A step computes all outputs and all next
/// values from the present ones, and only then replaces the named arrays: all at once.
pub trait Evaluator<T: Scalar> {
    /// One step: reads `inputs` and `state`, updates `state`, returns the outputs.
    ///
    /// # Errors
    ///
    /// If an array is missing, given twice, or does not have the declared shape, or if a named
    /// axis gets two sizes or none. `state` is then as it was.
    fn step(
        &mut self, state: &mut Arrays<T>, inputs: &Inputs<'_, T>,
    ) -> Result<Vec<ArrayD<T>>, EvalError>;
}

/// Arrays that do not fit the graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// The graph reads an array that is not there.
    #[error("no array is given for input `{name}`, which is {shape}")]
    Missing {
        /// The input's name.
        name: String,
        /// Its declared shape.
        shape: String,
    },
    /// An array is among the inputs and in the state.
    #[error("`{name}` is given twice: among the inputs and in the state")]
    Twice {
        /// The array's name.
        name: String,
    },
    /// An array has another shape than its input.
    #[error("input `{name}` is {declared}, the array given for it is {given:?}")]
    Shape {
        /// The input's name.
        name: String,
        /// Its declared shape.
        declared: String,
        /// The array's shape.
        given: Vec<usize>,
    },
    /// Two arrays give a named axis two sizes.
    #[error("axis `{axis}` is {size} by input `{name}` and {other_size} by input `{other}`")]
    AxisTwice {
        /// The axis.
        axis: String,
        /// An input.
        name: String,
        /// The axis's size by its array.
        size: usize,
        /// Another input.
        other: String,
        /// The axis's size by its array.
        other_size: usize,
    },
    /// No array gives a named axis its size.
    #[error("no input gives axis `{axis}` a size; it is wanted for {node}")]
    AxisUnknown {
        /// The axis.
        axis: String,
        /// The node, described.
        node: String,
    },
    /// An update would change the shape of a named array.
    #[error("the update of `{name}` is {update}, the input is {declared}")]
    Update {
        /// The array's name.
        name: String,
        /// The input's shape.
        declared: String,
        /// The update's shape, described.
        update: String,
    },
}

/// What a kernel may ask for beside its operands: the arrays given, and the sizes of named axes.
#[derive(Debug)]
pub struct Environment<'a, T> {
    arrays: BTreeMap<&'a str, ArrayViewD<'a, T>>,
    axes: BTreeMap<Arc<str>, (usize, &'a str)>,
}

impl<'a, T> Environment<'a, T> {
    /// The array given under a name.
    ///
    /// # Panics
    ///
    /// If there is none; an evaluator checks that before it runs.
    pub fn array(&self, name: &str) -> &ArrayViewD<'a, T> {
        &self.arrays[name]
    }

    /// The size of a dimension.
    ///
    /// # Panics
    ///
    /// If an axis has no size; an evaluator checks that before it runs.
    pub fn size(&self, dim: &Dim) -> usize {
        dim.axes().iter().map(|axis| self.axes[axis].0).product::<usize>() * dim.size()
    }

    /// The sizes of all dimensions of a shape.
    ///
    /// # Panics
    ///
    /// As [`size`](Self::size).
    pub fn sizes(&self, shape: &Shape) -> Vec<usize> {
        shape.dims().iter().map(|dim| self.size(dim)).collect()
    }

    /// The arrays of the declared inputs, with the sizes of the named axes read off them.
    fn new(
        declared: &'a [(String, Shape)], state: &'a Arrays<T>, inputs: &'a Inputs<'_, T>,
    ) -> Result<Self, EvalError> {
        let mut env = Self { arrays: BTreeMap::new(), axes: BTreeMap::new() };
        for (name, shape) in declared {
            let array = match (state.get(name), inputs.0.get(name.as_str())) {
                (Some(_), Some(_)) => return Err(EvalError::Twice { name: name.clone() }),
                (Some(array), None) => array.view(),
                (None, Some(array)) => array.view(),
                (None, None) => {
                    let (name, shape) = (name.clone(), shape.to_string());
                    return Err(EvalError::Missing { name, shape });
                }
            };
            env.arrays.insert(name, array);
        }
        for (name, shape) in declared {
            env.bind(name, shape)?;
        }
        for (name, shape) in declared {
            let given = env.arrays[name.as_str()].shape().to_vec();
            let known = shape.dims().iter().flat_map(Dim::axes).all(|a| env.axes.contains_key(a));
            if given.len() != shape.rank() || known && env.sizes(shape) != given {
                let (name, declared) = (name.clone(), shape.to_string());
                return Err(EvalError::Shape { name, declared, given });
            }
        }
        Ok(env)
    }

    /// Gives the axes that stand alone in a dimension of an input the size that its array has.
    fn bind(&mut self, name: &'a str, shape: &Shape) -> Result<(), EvalError> {
        let given = self.arrays[name].shape().to_vec();
        for (dim, &size) in shape.dims().iter().zip(&given) {
            let ([axis], 1..) = (dim.axes(), dim.size()) else { continue };
            if size % dim.size() != 0 {
                let (name, declared) = (name.to_owned(), shape.to_string());
                return Err(EvalError::Shape { name, declared, given });
            }
            let size = size / dim.size();
            let &mut (known, other) = self.axes.entry(axis.clone()).or_insert((size, name));
            if known != size {
                return Err(EvalError::AxisTwice {
                    axis: axis.to_string(),
                    name: name.to_owned(),
                    size,
                    other: other.to_owned(),
                    other_size: known,
                });
            }
        }
        Ok(())
    }
}

/// The reference evaluator: slow and plain, the oracle for all others.
///
/// It owns what it needs of the graph and can be sent to another thread.
#[derive(Clone, Debug)]
pub struct Reference {
    nodes: Vec<(Op, Vec<usize>)>,
    declared: Vec<(String, Shape)>,
    axes: Vec<(Arc<str>, String)>,
    outputs: Vec<usize>,
    updates: Vec<(String, usize)>,
}

impl Reference {
    /// An evaluator of `outputs`, with `updates` of named arrays.
    ///
    /// # Errors
    ///
    /// If an update does not have the shape of the input that it is for.
    pub fn new(outputs: &[Expr<'_>], updates: &[(String, Expr<'_>)]) -> Result<Self, EvalError> {
        let roots: Vec<_> = outputs.iter().chain(updates.iter().map(|(_, y)| y)).copied().collect();
        let tape = Tape::new(&roots);
        let place = |y: Expr<'_>| tape.position(y.id()).expect("the tape has what its roots need");
        let mut evaluator = Self {
            nodes: Vec::with_capacity(tape.len()),
            declared: Vec::new(),
            axes: Vec::new(),
            outputs: outputs.iter().map(|&y| place(y)).collect(),
            updates: updates.iter().map(|(name, y)| (name.clone(), place(*y))).collect(),
        };
        for &id in tape.ids() {
            let y = roots[0].graph().expr(id);
            if let Op::Input(input) = y.op() {
                evaluator.declared.push((input.name().to_owned(), input.declared().clone()));
            }
            evaluator.note_axes(y);
            evaluator.nodes.push((y.op(), y.operands().iter().map(|&x| place(x)).collect()));
        }
        for (name, update) in updates {
            let declared = evaluator.declared.iter().find(|(declared, _)| declared == name);
            if let Some((_, shape)) = declared.filter(|(_, shape)| *shape != update.shape()) {
                let (declared, update) = (shape.to_string(), update.describe());
                return Err(EvalError::Update { name: name.clone(), declared, update });
            }
        }
        Ok(evaluator)
    }

    /// Notes the named axes that must have a size before `y` can be computed.
    fn note_axes(&mut self, y: Expr<'_>) {
        let shape = y.shape();
        let of_size = if let Op::Size(size) = y.op() { size.dim().axes().to_vec() } else { vec![] };
        for axis in shape.dims().iter().flat_map(Dim::axes).chain(&of_size) {
            if self.axes.iter().all(|(known, _)| known != axis) {
                self.axes.push((axis.clone(), y.describe()));
            }
        }
    }

    /// The values of all nodes.
    fn run<T: Scalar>(
        &self, state: &Arrays<T>, inputs: &Inputs<'_, T>,
    ) -> Result<Vec<ArrayD<T>>, EvalError> {
        let env = Environment::new(&self.declared, state, inputs)?;
        if let Some((axis, node)) = self.axes.iter().find(|(axis, _)| !env.axes.contains_key(axis))
        {
            let (axis, node) = (axis.to_string(), node.clone());
            return Err(EvalError::AxisUnknown { axis, node });
        }
        let mut values: Vec<ArrayD<T>> = Vec::with_capacity(self.nodes.len());
        for (op, operands) in &self.nodes {
            let x: Vec<_> = operands.iter().map(|&x| values[x].view()).collect();
            let y = op.eval(&x, &env);
            values.push(y);
        }
        Ok(values)
    }

    /// The values of the outputs, without any update.
    ///
    /// # Errors
    ///
    /// As [`Evaluator::step`].
    pub fn evaluate<T: Scalar>(&self, inputs: &Inputs<'_, T>) -> Result<Vec<ArrayD<T>>, EvalError> {
        let values = self.run(&Arrays::new(), inputs)?;
        Ok(self.outputs.iter().map(|&y| standard(&values[y])).collect())
    }
}

impl<T: Scalar> Evaluator<T> for Reference {
    fn step(
        &mut self, state: &mut Arrays<T>, inputs: &Inputs<'_, T>,
    ) -> Result<Vec<ArrayD<T>>, EvalError> {
        let values = self.run(state, inputs)?;
        for (name, y) in &self.updates {
            state.insert(name.clone(), standard(&values[*y]));
        }
        Ok(self.outputs.iter().map(|&y| standard(&values[y])).collect())
    }
}

/// The values of some expressions.
///
/// # Errors
///
/// As [`Evaluator::step`].
pub fn evaluate<T: Scalar>(
    outputs: &[Expr<'_>], inputs: &Inputs<'_, T>,
) -> Result<Vec<ArrayD<T>>, EvalError> {
    Reference::new(outputs, &[])?.evaluate(inputs)
}

/// A copy in row-major order.
fn standard<T: Scalar>(array: &ArrayD<T>) -> ArrayD<T> {
    array.as_standard_layout().into_owned()
}
