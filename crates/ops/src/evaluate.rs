//! Running a graph on arrays: the interface.

use std::collections::BTreeMap;

use ndarray::{ArrayBase, ArrayD, ArrayViewD, Data, Dimension};

use crate::{Expr, Reference, Scalar};

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

    /// The array given under a name.
    pub fn get(&self, name: &str) -> Option<&ArrayViewD<'a, T>> {
        self.0.get(name)
    }

    /// The names and arrays, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ArrayViewD<'a, T>)> {
        self.0.iter().map(|(&name, array)| (name, array))
    }

    /// These and a whole table.
    pub fn with_all(mut self, arrays: &'a Arrays<T>) -> Self {
        self.0.extend(arrays.iter().map(|(name, array)| (name.as_str(), array.view())));
        self
    }
}

/// What runs a graph on arrays of `T`, as the reference evaluator does.
///
/// An evaluator is made for some outputs and for some *updates*, pairs of a name and the
/// expression that gives the named array its next value. A step computes all outputs and all next
/// values from the present ones, and only then replaces the named arrays: all at once.
pub trait Evaluator<T: Scalar> {
    /// One step: reads `inputs` and `state`, updates `state`, returns the outputs.
    ///
    /// # Errors
    ///
    /// If an array is missing, given twice, or does not have the declared shape, if a named axis
    /// gets two sizes or none, or if an index or a step is out of range. `state` is then as it was.
    fn step(
        &mut self, state: &mut Arrays<T>, inputs: &Inputs<'_, T>,
    ) -> Result<Vec<ArrayD<T>>, EvalError>;
}

/// Arrays or updates that do not fit the graph. An input is described with its number, name, shape
/// and line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// The graph reads an array that is not there.
    #[error("no array is given for {input}")]
    Missing {
        /// The input, described.
        input: String,
    },
    /// An array is among the inputs and in the state.
    #[error("an array is given twice, among the inputs and in the state, for {input}")]
    Twice {
        /// The input, described.
        input: String,
    },
    /// An array has another shape than its input.
    #[error("an array of the sizes {given:?} is given for {input}")]
    Shape {
        /// The input, described.
        input: String,
        /// The array's sizes.
        given: Vec<usize>,
    },
    /// Two arrays give a named axis two sizes.
    #[error("axis `{axis}` is {size} by {input}\n  and {other_size} by {other}")]
    AxisTwice {
        /// The axis.
        axis: String,
        /// An input, described.
        input: String,
        /// The axis's size by its array.
        size: usize,
        /// Another input, described.
        other: String,
        /// The axis's size by its array.
        other_size: usize,
    },
    /// No array gives a named axis its size.
    #[error("no array given tells the size of axis `{axis}`, wanted for {node}")]
    AxisUnknown {
        /// The axis.
        axis: String,
        /// The node, described.
        node: String,
    },
    /// An operand has a value that its operation does not take.
    #[error("{node}: {problem}")]
    Value {
        /// The operation and its node, described.
        node: String,
        /// Which value, and what was wanted.
        problem: String,
    },
    /// An update is for nothing that the graph reads, is there twice, changes the shape of its
    /// array, or is for an array that is not in the state.
    #[error("the update of `{name}`: {problem}")]
    Update {
        /// The array's name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
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
