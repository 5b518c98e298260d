//! What can go wrong while a graph is written or differentiated.

/// An application that its operation does not accept.
///
/// The text gives the operation, what it wanted, each operand with its number, label, shape and
/// line, and the line of the application.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {wanted}{}\n  at {place}", list(operands))]
pub struct ApplyError {
    /// The operation, with its attributes.
    pub operation: String,
    /// What it wanted.
    pub wanted: String,
    /// The operands as given, described.
    pub operands: Vec<String>,
    /// The line of the application, with its layer.
    pub place: String,
}

fn list(operands: &[String]) -> String {
    let lines = operands.iter().enumerate();
    lines.map(|(k, operand)| format!("\n  operand {k}: {operand}")).collect()
}

/// A label that another node has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "label `{label}` names two nodes\n  it is on {taken}\n  and wanted for {wanted}\n  at {place}"
)]
pub struct LabelError {
    /// The label.
    pub label: String,
    /// The node that has it, described.
    pub taken: String,
    /// The node that was to get it, described.
    pub wanted: String,
    /// The line on which it was to get it.
    pub place: String,
}

/// A gradient that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GradError {
    /// The expression to differentiate is not a single number.
    #[error(
        "only a single number has a gradient; sum or average first, or use `vjp`\n  got {output}\n  \
         at {place}"
    )]
    NotScalar {
        /// The expression, described.
        output: String,
        /// The line on which the gradient was asked for.
        place: String,
    },
    /// The output does not depend, differentiably, on these inputs.
    #[error(
        "the output does not depend differentiably on\n  {}\n  output {output}\n  at {place}",
        inputs.join("\n  ")
    )]
    Disconnected {
        /// The output, described.
        output: String,
        /// The inputs, described.
        inputs: Vec<String>,
        /// The line on which the gradient was asked for.
        place: String,
    },
}
