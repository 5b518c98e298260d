//! What the arrays given say of a graph's inputs: their values, and the sizes of named axes.

use std::collections::BTreeMap;
use std::sync::Arc;

use ndarray::ArrayViewD;

use crate::{Arrays, Dim, EvalError, Expr, Inputs, Op, Shape};

/// What a kernel may ask for beside its operands: the arrays given, and the sizes of named axes.
#[derive(Debug)]
pub struct Environment<'a, T> {
    arrays: BTreeMap<&'a str, ArrayViewD<'a, T>>,
    axes: BTreeMap<Arc<str>, (usize, &'a Declared)>,
}

/// No arrays and no named axes: enough for operations that have none and are no inputs.
impl<T> Default for Environment<'_, T> {
    fn default() -> Self {
        Self { arrays: BTreeMap::new(), axes: BTreeMap::new() }
    }
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

    /// The arrays of the inputs that are read, and the sizes of the named axes, read off them and
    /// off the arrays of other inputs that are given: of all `axes` that are wanted.
    pub(crate) fn new(
        read: &'a [Declared], witnesses: &'a [Declared], axes: &[(Arc<str>, String)],
        state: &'a Arrays<T>, inputs: &'a Inputs<'_, T>,
    ) -> Result<Self, EvalError> {
        let mut env = Self { arrays: BTreeMap::new(), axes: BTreeMap::new() };
        let given = |name: &String| inputs.get(name).map(|array| array.view());
        for input in read {
            let node = || input.node.clone();
            let array = match (state.get(&input.name), given(&input.name)) {
                (Some(_), Some(_)) => return Err(EvalError::Twice { input: node() }),
                (Some(array), None) => array.view(),
                (None, Some(array)) => array,
                (None, None) => return Err(EvalError::Missing { input: node() }),
            };
            env.arrays.insert(&input.name, array);
        }
        for input in witnesses {
            let array = state.get(&input.name).map(|array| array.view()).or(given(&input.name));
            env.arrays.extend(array.map(|array| (input.name.as_str(), array)));
        }
        let mut present: Vec<&Declared> = read.iter().chain(witnesses).collect();
        present.retain(|input| env.arrays.contains_key(input.name.as_str()));
        for input in &present {
            env.fits(input, Dim::plain)?;
        }
        for input in &present {
            env.bind(input)?;
        }
        if let Some((axis, node)) = axes.iter().find(|(axis, _)| !env.axes.contains_key(axis)) {
            let (axis, node) = (axis.to_string(), node.clone());
            return Err(EvalError::AxisUnknown { axis, node });
        }
        for input in read {
            env.fits(input, |dim| Some(env.size(dim)))?;
        }
        Ok(env)
    }

    /// Compares the rank of an input's array and the sizes that are known.
    fn fits(
        &self, input: &Declared, known: impl Fn(&Dim) -> Option<usize>,
    ) -> Result<(), EvalError> {
        let given = self.arrays[input.name.as_str()].shape().to_vec();
        let dims = input.shape.dims();
        let differs = |(dim, size): (&Dim, &usize)| known(dim).is_some_and(|known| known != *size);
        if dims.len() != given.len() || dims.iter().zip(&given).any(differs) {
            return Err(EvalError::Shape { input: input.node.clone(), given });
        }
        Ok(())
    }

    /// Gives the axes that stand alone in a dimension of an input the size that its array has.
    fn bind(&mut self, input: &'a Declared) -> Result<(), EvalError> {
        let given = self.arrays[input.name.as_str()].shape().to_vec();
        for (dim, &size) in input.shape.dims().iter().zip(&given) {
            let ([axis], 1..) = (dim.axes(), dim.size()) else { continue };
            if size % dim.size() != 0 {
                return Err(EvalError::Shape { input: input.node.clone(), given });
            }
            let size = size / dim.size();
            let &mut (known, other) = self.axes.entry(axis.clone()).or_insert((size, input));
            if known != size {
                return Err(EvalError::AxisTwice {
                    axis: axis.to_string(),
                    input: input.node.clone(),
                    size,
                    other: other.node.clone(),
                    other_size: known,
                });
            }
        }
        Ok(())
    }
}

/// An input: its name, the shape declared for it, and how it is named in an error.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    name: String,
    shape: Shape,
    node: String,
}

impl Declared {
    /// The input that `y` is, if it is one.
    pub(crate) fn new(y: Expr<'_>) -> Option<Self> {
        let Op::Input(input) = y.op() else { return None };
        let (name, shape) = (input.name().to_owned(), input.declared().clone());
        Some(Self { name, shape, node: y.describe() })
    }

    /// The name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the input's array tells the size of this axis: it stands alone in a dimension.
    pub(crate) fn tells(&self, axis: &Arc<str>) -> bool {
        self.shape.dims().iter().any(|dim| dim.size() > 0 && dim.axes() == [axis.clone()])
    }
}
