//! A program whose named axes have sizes: what the passes of the compiler work on.
//!
//! Invariant: operands come before their users. A pass makes a new net and never changes a node.

use gradus_ops::{Axes, Broadcast, Constant, Dim, Environment, Op, Program, Random, Reshape};
use gradus_ops::{ScatterAdd, Shape};
use smallvec::SmallVec;

use crate::kernels::Real;

/// The sizes of an array, or its strides.
pub(crate) type Sizes = SmallVec<[usize; 4]>;

/// How a value is made, where that is not said by its operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    #[default]
    Plain,
    /// By a convolution or a pooling of pictures whose examples are the last axis, not the first.
    ExamplesLast,
    /// Max-pooling in the way before, of which only the numbers of the winners are wanted.
    Winners,
    /// The adjoint of a convolution to its filters in the way before, from the winners and the
    /// cotangents of what its maps are pooled to.
    FromWinners,
    /// Stored in its own arrangement, though the operation only arranges numbers.
    Copied,
    /// The derivative of the sigmoid, read off its value a, times d: a (1 − a) d.
    SigmoidSlope,
    /// That of tanh: (1 − a²) d.
    TanhSlope,
}

/// One application, to nodes by their place in the net.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub op: Op,
    pub way: Way,
    pub operands: SmallVec<[usize; 2]>,
    pub sizes: Sizes,
    /// The place on the program's tape that the node serves, for errors and descriptions.
    pub origin: usize,
}

impl Node {
    /// How many numbers the value has.
    pub fn len(&self) -> usize {
        self.sizes.iter().product()
    }
}

/// Nodes, and which of them are outputs and the next values of named arrays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Net {
    pub nodes: Vec<Node>,
    pub outputs: Vec<usize>,
    pub updates: Vec<(String, usize)>,
}

impl Net {
    /// The program in these sizes; but arrays are as if one axis had another size, if there is such a
    /// one. No attribute has a named axis any more.
    pub fn bind<T: Real>(
        program: &Program, env: &Environment<'_, T>, other: Option<(&str, usize)>,
    ) -> Self {
        let size = |dim: &Dim| match other {
            None => env.size(dim),
            Some((name, size)) => {
                let axes = dim.axes().iter().map(|axis| &**axis);
                let axes =
                    axes.map(|axis| if axis == name { size } else { env.size(&axis.into()) });
                dim.size() * axes.product::<usize>()
            }
        };
        let steps = program.steps().iter().enumerate();
        let nodes = steps.map(|(origin, step)| {
            let sizes: Sizes = step.shape.dims().iter().map(size).collect();
            let op = plain(&step.op, &sizes, env);
            let operands = step.operands.as_slice().into();
            Node { op, way: Way::Plain, operands, sizes, origin }
        });
        Self {
            nodes: nodes.collect(),
            outputs: program.outputs().to_vec(),
            updates: program.updates().to_vec(),
        }
    }

    /// The array given under a name.
    pub fn input(&self, name: &str) -> Option<(usize, &Node)> {
        let is_it = |node: &Node| matches!(&node.op, Op::Input(input) if input.name() == name);
        self.nodes.iter().enumerate().find(|(_, node)| is_it(node))
    }

    /// How often each value is wanted: as an output, as an update, or as an operand of a node that is
    /// itself wanted.
    pub fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.nodes.len()];
        let roots = self.outputs.iter().chain(self.updates.iter().map(|(_, y)| y));
        roots.for_each(|&y| uses[y] += 1);
        for (y, node) in self.nodes.iter().enumerate().rev() {
            if uses[y] > 0 {
                node.operands.iter().for_each(|&x| uses[x] += 1);
            }
        }
        uses
    }
}

/// The operation with plain sizes where its attributes have named axes.
fn plain<T: Real>(op: &Op, sizes: &[usize], env: &Environment<'_, T>) -> Op {
    let shape = || Shape::from(sizes);
    match op {
        Op::Size(size) => Constant::new(env.size(size.dim()) as f64).into(),
        Op::Reshape(_) => Reshape { shape: shape() }.into(),
        Op::Broadcast(Broadcast { axes, .. }) => broadcast(*axes, sizes),
        Op::Random(random) => Random::new(random.distribution(), random.stream(), shape()).into(),
        Op::ScatterAdd(scatter) => {
            ScatterAdd::new(scatter.axis(), Dim::from(sizes[scatter.axis()])).into()
        }
        op => op.clone(),
    }
}

/// The broadcast along `axes` to `sizes`.
pub(crate) fn broadcast(axes: Axes, sizes: &[usize]) -> Op {
    Broadcast { axes, shape: Shape::from(sizes) }.into()
}
