//! The Wengert list.

use std::collections::BinaryHeap;

use crate::{Expr, Id, Primitive};

/// The nodes that some outputs need, in creation order, which is a topological order: operands
/// come before their users. Making it costs what it reaches, whatever the size of the graph.
///
/// R. E. Wengert, *A simple automatic derivative evaluation program*, Comm. ACM 7(8), 1964.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tape {
    ids: Vec<Id>,
}

impl Tape {
    /// The tape of `outputs`.
    ///
    /// # Panics
    ///
    /// If they are not of one graph.
    #[track_caller]
    pub fn new<P: Primitive>(outputs: &[Expr<'_, P>]) -> Self {
        Self::from(Id::new(0), outputs)
    }

    /// The part of the tape of `outputs` that was created not before `first`. Nothing that
    /// depends on a node is older than the node, so this is all a sweep from it can meet.
    ///
    /// The newest id of the frontier cannot be met again from older ones, so taking the newest
    /// first lists the ids in descending order, equal ones in a row.
    #[track_caller]
    pub(crate) fn from<P: Primitive>(first: Id, outputs: &[Expr<'_, P>]) -> Self {
        let mut ids = Vec::new();
        let Some(output) = outputs.first() else { return Self { ids } };
        assert_one_graph(outputs.iter().copied());
        let nodes = output.graph.nodes.borrow();
        let mut frontier: BinaryHeap<Id> =
            outputs.iter().map(|y| y.id).filter(|&id| id >= first).collect();
        while let Some(id) = frontier.pop() {
            if ids.last() != Some(&id) {
                ids.push(id);
                let operands = &nodes[id].operands;
                frontier.extend(operands.iter().filter(|&&operand| operand >= first));
            }
        }
        ids.reverse();
        Self { ids }
    }

    /// The ids, ascending.
    pub fn ids(&self) -> &[Id] {
        &self.ids
    }

    /// How many nodes the tape has.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether the tape has no nodes.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Where a node stands on the tape.
    ///
    /// Ids ascend by at least one per place. That bounds the place from both sides; on a tape
    /// without gaps the bounds meet and nothing is searched.
    pub fn position(&self, id: Id) -> Option<usize> {
        let (first, last) = (*self.ids.first()?, *self.ids.last()?);
        if id < first || id > last {
            return None;
        }
        let low = (self.ids.len() - 1).saturating_sub(last.index() - id.index());
        let high = (id.index() - first.index()).min(self.ids.len() - 1);
        self.ids[low..=high].binary_search(&id).ok().map(|offset| low + offset)
    }

    /// The tape of `outputs` as text, a node to a line: number, label, operation, operands, shape
    /// and origin.
    #[track_caller]
    pub fn show<P: Primitive>(outputs: &[Expr<'_, P>]) -> String {
        let mut text = String::new();
        for &id in &Self::new(outputs).ids {
            let y = outputs[0].graph.expr(id);
            let operands = y
                .operands()
                .iter()
                .fold(String::new(), |list, x| format!("{list} %{}", x.id.index()));
            let (number, label) = (format!("%{}", id.index()), y.label().unwrap_or_default());
            let (application, shape) = (format!("{}{operands}", y.op()), y.shape().to_string());
            let place = y.graph.place(&y.origin());
            text += &format!("{number:<5} {label:<8} {application:<28} {shape:<12} {place}\n");
        }
        text
    }
}

/// Ids mean nothing in another graph.
#[track_caller]
pub(crate) fn assert_one_graph<'g, P: Primitive + 'g>(mut all: impl Iterator<Item = Expr<'g, P>>) {
    let Some(first) = all.next() else { return };
    if let Some(other) = all.find(|other| !std::ptr::eq(other.graph, first.graph)) {
        panic!("two graphs are mixed\n  {}\n  {}", first.describe(), other.describe());
    }
}
