//! Named arrays that a network learns or keeps.

use gradus_ops::{Expr, Graph, param};

/// A named array of a network: learned, or kept beside what is learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The name, as in the graph, in the state and in the checkpoint.
    pub name: String,
    /// The sizes.
    pub shape: Vec<usize>,
    /// What it is for.
    pub role: Role,
}

/// What a parameter is for; that decides where it starts, and whether it decays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Role {
    /// Factors of a weighted input.
    Weights {
        /// How many inputs a unit adds up.
        fan_in: usize,
        /// How many units an input leads to.
        fan_out: usize,
    },
    /// Summands of a weighted input.
    Biases,
    /// Anything else; all of its numbers start at this value.
    Start(f64),
}

impl Parameter {
    /// A parameter with a name, sizes and a role.
    pub fn new(name: impl Into<String>, shape: impl Into<Vec<usize>>, role: Role) -> Self {
        Self { name: name.into(), shape: shape.into(), role }
    }

    /// The node of this parameter.
    #[track_caller]
    pub fn node<'g>(&self, graph: &'g Graph) -> Expr<'g> {
        param(graph, &self.name, self.shape.as_slice())
    }

    /// How many numbers it has.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }
}
