//! The append-only, hash-consed graph.
//!
//! Invariant: nodes are only ever appended, so an [`Id`] stays valid and ids are in creation order.
//! Invariant: `mirror` alone adds edges; they repeat the operands, with the position as weight.

use std::cell::{Cell, Ref, RefCell};
use std::fmt;
use std::hash::BuildHasher;
use std::panic::Location;

use hashbrown::{DefaultHashBuilder, HashTable};
use petgraph::graph::{DiGraph, NodeIndex};
use smallvec::SmallVec;

use crate::origin::{Notes, Origin};
use crate::{ApplyError, Expr, Primitive};

/// The number of a node: petgraph's index, given out in creation order.
pub type Id = NodeIndex<u32>;

/// One application, as [`Graph::petgraph`] shows it.
#[derive(Debug)]
pub struct Node<P: Primitive> {
    /// The operation.
    pub op: P,
    /// The operands, in order.
    pub operands: SmallVec<[Id; 2]>,
    /// The shape of the result.
    pub shape: P::Shape,
}

/// A graph of expressions over the language `P`.
///
/// An equal application (same operation, same operands) is the same node, so writing an expression
/// a second time costs nothing and names the value that is there already.
pub struct Graph<P: Primitive> {
    pub(crate) nodes: RefCell<DiGraph<Node<P>, u32>>,
    interned: RefCell<HashTable<Id>>,
    hasher: DefaultHashBuilder,
    pub(crate) notes: RefCell<Notes>,
    pub(crate) context: Cell<Origin>,
}

impl<P: Primitive> Default for Graph<P> {
    fn default() -> Self {
        Self {
            nodes: RefCell::default(),
            interned: RefCell::default(),
            hasher: DefaultHashBuilder::default(),
            notes: RefCell::default(),
            context: Cell::default(),
        }
    }
}

impl<P: Primitive> Graph<P> {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.borrow().node_count()
    }

    /// Whether nothing has been written yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The expression that `op` makes of `operands`: the one door through which every node comes.
    ///
    /// # Errors
    ///
    /// An operand of another graph, or what the shape rule of `op` objects to. The error names the
    /// operation, the operands with labels, shapes and lines, and what was wanted.
    #[track_caller]
    pub fn try_apply<'g>(
        &'g self, op: P, operands: &[Expr<'g, P>],
    ) -> Result<Expr<'g, P>, ApplyError> {
        let origin = self.context.get().or_at(Location::caller());
        let found = match operands.iter().position(|x| !std::ptr::eq(x.graph, self)) {
            Some(k) => Err(format!("operand {k} belongs to another graph")),
            None => self.intern(&op, operands.iter().map(|x| x.id).collect()),
        };
        let id = found.map_err(|wanted| ApplyError {
            operation: op.to_string(),
            wanted,
            operands: operands.iter().map(|x| x.describe()).collect(),
            place: self.place(&origin),
        })?;
        self.notes.borrow_mut().record(id, origin);
        Ok(Expr { graph: self, id })
    }

    /// [`try_apply`](Self::try_apply), for use inside functions and operators.
    ///
    /// # Panics
    ///
    /// With the error's text.
    #[track_caller]
    pub fn apply<'g>(&'g self, op: P, operands: &[Expr<'g, P>]) -> Expr<'g, P> {
        match self.try_apply(op, operands) {
            Ok(y) => y,
            Err(error) => panic!("{error}"),
        }
    }

    /// The expression of a node.
    ///
    /// # Panics
    ///
    /// If `id` is not of this graph.
    #[track_caller]
    pub fn expr(&self, id: Id) -> Expr<'_, P> {
        let len = self.len();
        assert!(id.index() < len, "%{} is not in this graph, which has {len} nodes", id.index());
        Expr { graph: self, id }
    }

    /// The nodes as a petgraph, for its algorithms and its `Dot`: an edge leads from an operand to
    /// its user, its weight is the operand's position.
    ///
    /// Note that petgraph lists the neighbours of a node in reverse order of insertion;
    /// [`Node::operands`] has the operands in order. While the returned borrow lives, nothing can
    /// be added to the graph.
    pub fn petgraph(&self) -> Ref<'_, DiGraph<Node<P>, u32>> {
        self.nodes.borrow()
    }

    /// The node of this application, found or appended; or what the operation wanted.
    fn intern(&self, op: &P, operands: SmallVec<[Id; 2]>) -> Result<Id, String> {
        let (mut nodes, mut interned) = (self.nodes.borrow_mut(), self.interned.borrow_mut());
        let hash = self.hasher.hash_one((op, &operands));
        let same = |&id: &Id| nodes[id].op == *op && nodes[id].operands == operands;
        if let Some(&id) = interned.find(hash, same) {
            return Ok(id);
        }
        let shape = {
            let shapes: SmallVec<[_; 4]> = operands.iter().map(|&x| &nodes[x].shape).collect();
            op.shape(&shapes)?
        };
        if interned.len() == interned.capacity() {
            *interned = self.index(&nodes);
        }
        let id = mirror(&mut nodes, Node { op: op.clone(), operands, shape });
        interned.insert_unique(hash, id, |_| unreachable!("there is room for one more"));
        Ok(id)
    }

    /// The ids of all nodes by what they apply, in a table with room for as many more. It is made
    /// in the order of the nodes: a table that grew by itself would read them at random.
    fn index(&self, nodes: &DiGraph<Node<P>, u32>) -> HashTable<Id> {
        let mut table = HashTable::with_capacity(2 * nodes.node_count().max(8));
        for id in nodes.node_indices() {
            let hash = self.hasher.hash_one((&nodes[id].op, &nodes[id].operands));
            table.insert_unique(hash, id, |_| unreachable!("there is room for all"));
        }
        table
    }
}

impl<P: Primitive> fmt::Debug for Graph<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Graph({} nodes)", self.len())
    }
}

/// Appends a node and repeats its operands as edges.
fn mirror<P: Primitive>(nodes: &mut DiGraph<Node<P>, u32>, node: Node<P>) -> Id {
    let operands = node.operands.clone();
    let id = nodes.add_node(node);
    for (position, &operand) in (0..).zip(&operands) {
        nodes.add_edge(operand, id, position);
    }
    id
}
