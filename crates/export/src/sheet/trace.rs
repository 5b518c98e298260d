//! The tape with its values: what is laid out.
//!
//! Invariant: values are those of the reference kernels.

use gradus_ops::{Arrays, Axes, Dim, Environment, Expr, Id, Inputs, Op, Program, Sum, Tape};
use ndarray::ArrayD;

use super::SheetError;

/// How many numbers a tape may have for each cell that a workbook may have: most are written into
/// the formulas of others.
const NUMBERS: usize = 8;

/// A node, for sizes that are known.
pub(super) struct Node {
    /// The operation.
    pub op: Op,
    /// Its operands, by their places.
    pub operands: Vec<usize>,
    /// The sizes of the result.
    pub dims: Vec<usize>,
    /// The axis along which the examples lie.
    pub batch: Option<usize>,
    /// The label.
    pub label: Option<String>,
    /// What it is called: the label, or the operation and the node's number. The part of each
    /// example in a total C is C[k].
    pub name: String,
    /// Whether a rule of differentiation made it.
    pub derived: bool,
    /// Number, label, shape and line, for errors.
    pub node: String,
    /// The value.
    pub value: ArrayD<f64>,
    /// The node of the graph; none for the parts of a sum over examples.
    pub id: Option<Id>,
}

/// All nodes, operands before their users, and where roots are.
pub(super) struct Trace {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The places of the roots and of the updates, in their order.
    pub roots: Vec<usize>,
}

/// What is traced.
pub(super) struct Wanted<'a, 'g> {
    /// Expressions.
    pub roots: &'a [Expr<'g>],
    /// The next values of named arrays.
    pub updates: &'a [(String, Expr<'g>)],
    /// The axis of the examples.
    pub axis: Option<&'a str>,
    /// Whether a sum over the examples and other axes becomes two: the part of each example, and
    /// the sum of these.
    pub parts: bool,
    /// How many cells there may be.
    pub limit: usize,
}

impl Trace {
    /// The tape of what is wanted, with its values at these arrays.
    pub fn new(
        wanted: &Wanted<'_, '_>, state: &Arrays<f64>, inputs: &Inputs<'_, f64>,
    ) -> Result<Self, SheetError> {
        let program = Program::new(wanted.roots, wanted.updates)?;
        program.check_state(state)?;
        let env = program.environment(state, inputs)?;
        let updates = wanted.updates.iter().map(|(_, y)| y);
        let all: Vec<Expr<'_>> = wanted.roots.iter().chain(updates).copied().collect();
        let tape = Tape::new(&all);
        let next = |y: Expr<'_>| {
            let of = wanted.updates.iter().find(|(_, next)| *next == y);
            of.map(|(name, _)| format!("next {name}"))
        };
        let (mut nodes, mut places): (Vec<Node>, Vec<usize>) = (Vec::new(), Vec::new());
        let mut numbers = 0;
        for (step, &id) in program.steps().iter().zip(tape.ids()) {
            let y = all[0].graph().expr(id);
            let dims = env.sizes(&step.shape);
            numbers += dims.iter().product::<usize>();
            if numbers > wanted.limit * NUMBERS {
                let (limit, node) = (wanted.limit * NUMBERS, step.node.clone());
                return Err(SheetError::Numbers { limit, node });
            }
            let mut node = Node {
                op: step.op.clone(),
                operands: step.operands.iter().map(|&x| places[x]).collect(),
                dims,
                batch: step.shape.dims().iter().position(|dim| alone(dim, wanted.axis)),
                label: y.label(),
                name: y.label().or_else(|| next(y)).unwrap_or_else(|| {
                    let operation = step.op.card().name;
                    format!("{operation} (%{})", id.index())
                }),
                derived: y.origin().derivation.is_some(),
                node: step.node.clone(),
                value: ArrayD::zeros(vec![0]),
                id: Some(id),
            };
            if let Op::Sum(Sum { axes }) = step.op
                && wanted.parts
                && let Some(part) = part(&nodes[node.operands[0]], axes, &node)
            {
                node.operands = vec![nodes.len()];
                node.op = Sum { axes: part.batch.into_iter().collect() }.into();
                nodes.push(evaluated(part, &nodes, &env)?);
            }
            places.push(nodes.len());
            nodes.push(evaluated(node, &nodes, &env)?);
        }
        let place = |y: &Expr<'_>| places[tape.position(y.id()).expect("a root is on its tape")];
        Ok(Self { roots: all.iter().map(place).collect(), nodes })
    }

    /// The place of a node of the graph, if it is on the tape.
    pub fn place(&self, id: Id) -> Option<usize> {
        self.nodes.iter().position(|node| node.id == Some(id))
    }
}

/// The node with its value, which a spreadsheet must be able to hold.
fn evaluated(
    mut node: Node, nodes: &[Node], env: &Environment<'_, f64>,
) -> Result<Node, SheetError> {
    let x: Vec<_> = node.operands.iter().map(|&x| nodes[x].value.view()).collect();
    let refuse = |problem| gradus_ops::EvalError::Value {
        node: format!("{}, {}", node.op, node.node),
        problem,
    };
    node.op.accept(&x, env).map_err(refuse)?;
    let value = node.op.eval(&x, env);
    if let Some(&value) = value.iter().find(|value| !value.is_finite()) {
        let (operation, node) = (node.op.to_string(), node.node);
        return Err(SheetError::NotFinite { operation, node, value });
    }
    node.value = value;
    Ok(node)
}

/// The part of each example in a sum of `x` over the examples and other axes.
fn part(x: &Node, axes: Axes, total: &Node) -> Option<Node> {
    let batch = x.batch.filter(|&batch| axes.contains(batch) && axes.len() > 1)?;
    let others: Axes = axes.iter().filter(|&axis| axis != batch).collect();
    let kept = (0..x.dims.len()).filter(|&axis| !others.contains(axis));
    Some(Node {
        op: Sum { axes: others }.into(),
        operands: total.operands.clone(),
        dims: kept.clone().map(|axis| x.dims[axis]).collect(),
        batch: kept.clone().position(|axis| axis == batch),
        label: None,
        name: format!("{}[k]", total.name),
        derived: total.derived,
        node: total.node.clone(),
        value: ArrayD::zeros(vec![0]),
        id: None,
    })
}

/// Whether a dimension is the named axis and nothing else.
fn alone(dim: &Dim, axis: Option<&str>) -> bool {
    let [only] = dim.axes() else { return false };
    dim.size() == 1 && axis == Some(&**only)
}
