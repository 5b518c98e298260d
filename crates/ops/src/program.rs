//! A graph's outputs and updates as a tape that owns what it needs: what evaluators run.

use std::collections::HashSet;
use std::sync::Arc;

use crate::environment::Declared;
use crate::{Arrays, Dim, Environment, EvalError, Expr, Graph, Inputs, Op, Scalar, Shape, Tape};

/// The tape of some outputs and updates, cut loose from its graph: operations, operands by their
/// place on the tape, shapes, and the inputs that are read. Every evaluator begins with one.
#[derive(Clone, Debug)]
pub struct Program {
    steps: Vec<Application>,
    /// The inputs that are read.
    inputs: Vec<Declared>,
    /// Inputs that are not read, but tell the size of named axes which no input that is read tells.
    witnesses: Vec<Declared>,
    /// The named axes that must have a size, each with a node that wants it.
    axes: Vec<(Arc<str>, String)>,
    outputs: Vec<usize>,
    updates: Vec<(String, usize)>,
}

/// One node of a [`Program`].
#[derive(Clone, Debug)]
pub struct Application {
    /// What it applies.
    pub op: Op,
    /// To which steps, by their place on the tape: all of them earlier ones.
    pub operands: Vec<usize>,
    /// The shape of the result.
    pub shape: Shape,
    /// The node's number, label, shape and line, for errors.
    pub node: String,
}

impl Application {
    /// The error that an operand has a value which the operation does not take.
    pub fn refuse(&self, problem: String) -> EvalError {
        EvalError::Value { node: format!("{}, {}", self.op, self.node), problem }
    }
}

impl Program {
    /// The tape of `outputs` and of `updates` of named arrays.
    ///
    /// # Errors
    ///
    /// If an update is for a name that is no input of the graph, for one that another update is
    /// for, or does not have the shape of its input.
    pub fn new(outputs: &[Expr<'_>], updates: &[(String, Expr<'_>)]) -> Result<Self, EvalError> {
        let roots: Vec<_> = outputs.iter().chain(updates.iter().map(|(_, y)| y)).copied().collect();
        let tape = Tape::new(&roots);
        let place = |y: Expr<'_>| tape.position(y.id()).expect("the tape has what its roots need");
        let mut program = Self {
            steps: Vec::with_capacity(tape.len()),
            inputs: Vec::new(),
            witnesses: Vec::new(),
            axes: Vec::new(),
            outputs: outputs.iter().map(|&y| place(y)).collect(),
            updates: updates.iter().map(|(name, y)| (name.clone(), place(*y))).collect(),
        };
        let mut seen = HashSet::new();
        for (name, update) in updates {
            check_update(name, *update, !seen.insert(name))?;
        }
        for &id in tape.ids() {
            let y = roots[0].graph().expr(id);
            program.inputs.extend(Declared::new(y));
            program.note_axes(y);
            let operands = y.operands().iter().map(|&x| place(x)).collect();
            let (op, shape, node) = (y.op(), y.shape(), y.describe());
            program.steps.push(Application { op, operands, shape, node });
        }
        if let Some(root) = roots.first() {
            program.find_witnesses(root.graph());
        }
        Ok(program)
    }

    /// The nodes, operands before their users.
    pub fn steps(&self) -> &[Application] {
        &self.steps
    }

    /// The outputs, by their place on the tape.
    pub fn outputs(&self) -> &[usize] {
        &self.outputs
    }

    /// The updates: the name of the array that is replaced, and the place of its next value.
    pub fn updates(&self) -> &[(String, usize)] {
        &self.updates
    }

    /// The names of all inputs whose arrays matter, those that are read first: the others may be
    /// given, and then tell the size of a named axis.
    pub fn inputs(&self) -> impl Iterator<Item = (&str, bool)> {
        let read = self.inputs.iter().map(|input| (input.name(), true));
        read.chain(self.witnesses.iter().map(|input| (input.name(), false)))
    }

    /// What the arrays given say: the inputs' values and the sizes of named axes.
    ///
    /// # Errors
    ///
    /// If an array is missing, given twice, or does not have the declared shape, or if a named axis
    /// gets two sizes or none.
    pub fn environment<'a, T: Scalar>(
        &'a self, state: &'a Arrays<T>, inputs: &'a Inputs<'_, T>,
    ) -> Result<Environment<'a, T>, EvalError> {
        Environment::new(&self.inputs, &self.witnesses, &self.axes, state, inputs)
    }

    /// Checks that the state has all arrays that are updated.
    ///
    /// # Errors
    ///
    /// The first update that has none.
    pub fn check_state<T>(&self, state: &Arrays<T>) -> Result<(), EvalError> {
        match self.updates.iter().find(|(name, _)| !state.contains_key(name)) {
            None => Ok(()),
            Some((name, _)) => {
                let problem = "the state has no array of this name".to_owned();
                Err(EvalError::Update { name: name.clone(), problem })
            }
        }
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

    /// A derivative may have a named axis and yet read no input that has it: that of a sum is a
    /// constant. Then the graph's other inputs tell its size, if their arrays are given.
    fn find_witnesses(&mut self, graph: &Graph) {
        let mut open = self.axes.clone();
        open.retain(|(axis, _)| !self.inputs.iter().any(|input| input.tells(axis)));
        if open.is_empty() {
            return;
        }
        let ids: Vec<_> = graph.petgraph().node_indices().collect();
        let inputs = ids.into_iter().filter_map(|id| Declared::new(graph.expr(id)));
        self.witnesses = inputs.filter(|x| open.iter().any(|(axis, _)| x.tells(axis))).collect();
    }
}

/// Checks that an update is for an input of the graph, of its shape, and no other is for it.
fn check_update(name: &str, update: Expr<'_>, again: bool) -> Result<(), EvalError> {
    let input = update.graph().labelled(name).filter(|x| matches!(x.op(), Op::Input(_)));
    let problem = match input {
        None => "the graph has no input of this name".to_owned(),
        Some(_) if again => "it is there twice".to_owned(),
        Some(x) if x.shape() != update.shape() => {
            format!(
                "it must have the shape of its input\n  input {}\n  update {}",
                x.describe(),
                update.describe()
            )
        }
        Some(_) => return Ok(()),
    };
    Err(EvalError::Update { name: name.to_owned(), problem })
}
