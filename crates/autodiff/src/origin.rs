//! Where a node comes from and what it is called: side tables by id.
//!
//! Invariant: the first line on which a node was written stays; writing it again does not move it.
//! Invariant: a label belongs to one node; a node may have several, the first being its name.

use std::cell::Cell;
use std::collections::HashMap;
use std::panic::Location;

use crate::{Expr, Graph, Id, LabelError, Primitive};

/// Where a node was written. A derived node has the line and layer of the node it serves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin {
    /// The line of the user's source.
    pub location: Option<&'static Location<'static>>,
    /// The rule that made the node, for one that nobody wrote, and the node that it serves.
    pub derivation: Option<(Rule, Id)>,
    scope: u32,
}

/// How a derived node came about, and with [`Origin::derivation`] for which node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The cotangent that a reverse sweep starts from, of the node served.
    Seed,
    /// The pullback of an operand, by position, of the node served.
    Vjp(u32),
    /// The pushforward of an operand, by position, of the node served.
    Jvp(u32),
    /// The sum of several contributions to the cotangent or tangent of the node served.
    Sum,
}

impl Origin {
    /// This origin, at `caller` if it has no line yet.
    pub(crate) fn or_at(self, caller: &'static Location<'static>) -> Self {
        Self { location: self.location.or(Some(caller)), ..self }
    }
}

/// What is written while a `Guard` lives is attributed to a layer ([`Graph::scope`]) or to one
/// line ([`Graph::here`]); when it is dropped, what held before holds again. Drop guards in the
/// reverse order of their making, as the end of a block does.
#[must_use = "the attribution ends when the guard is dropped"]
#[derive(Debug)]
pub struct Guard<'g> {
    context: &'g Cell<Origin>,
    before: Origin,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.context.set(self.before);
    }
}

/// The side tables of a graph. Scope 0 is outside all layers.
#[derive(Default)]
pub(crate) struct Notes {
    origins: Vec<Origin>,
    scopes: Vec<String>,
    labels: HashMap<Id, Vec<String>>,
    labelled: HashMap<String, Id>,
}

impl Notes {
    /// Keeps the first origin of a node; but a line on which somebody wrote it replaces a rule.
    pub(crate) fn record(&mut self, id: Id, origin: Origin) {
        match self.origins.get_mut(id.index()) {
            None => self.origins.push(origin),
            Some(first) if first.derivation.is_some() && origin.derivation.is_none() => {
                *first = origin;
            }
            Some(_) => {}
        }
    }

    fn scope(&self, scope: u32) -> &str {
        scope.checked_sub(1).map_or("", |k| &self.scopes[k as usize])
    }
}

impl<P: Primitive> Graph<P> {
    /// Attributes what is written while the guard lives to the layer `name`, inside the layer
    /// that holds now: `scope("encoder")` around `scope("hidden")` gives `encoder/hidden`.
    pub fn scope(&self, name: &str) -> Guard<'_> {
        let context = self.context.get();
        let mut notes = self.notes.borrow_mut();
        let outer = notes.scope(context.scope);
        let path = if outer.is_empty() { name.to_owned() } else { format!("{outer}/{name}") };
        let known = notes.scopes.iter().position(|scope| *scope == path);
        let k = known.unwrap_or(notes.scopes.len());
        if known.is_none() {
            notes.scopes.push(path);
        }
        self.enter(Origin { scope: k as u32 + 1, ..context })
    }

    /// Attributes what is written while the guard lives to the line of the caller, unless a
    /// function further out has done so. A function that composes expressions and is
    /// `#[track_caller]` calls this first, so that errors name its user's line and not its own.
    #[track_caller]
    pub fn here(&self) -> Guard<'_> {
        self.enter(self.context.get().or_at(Location::caller()))
    }

    /// Attributes what is written while the guard lives to `serves`, which `rule` derives it for.
    pub(crate) fn deriving(&self, rule: Rule, serves: Expr<'_, P>) -> Guard<'_> {
        self.enter(Origin { derivation: Some((rule, serves.id)), ..serves.origin() })
    }

    fn enter(&self, origin: Origin) -> Guard<'_> {
        Guard { before: self.context.replace(origin), context: &self.context }
    }

    /// The line that a node written here and now would be attributed to, in words.
    #[track_caller]
    pub(crate) fn caller(&self) -> String {
        self.place(&self.context.get().or_at(Location::caller()))
    }

    /// The expression that has this label.
    pub fn labelled(&self, label: &str) -> Option<Expr<'_, P>> {
        let id = *self.notes.borrow().labelled.get(label)?;
        Some(Expr { graph: self, id })
    }

    /// An origin in words: `file:line`, with the layer and the rule where there is one.
    pub(crate) fn place(&self, origin: &Origin) -> String {
        let line =
            origin.location.map_or(String::new(), |at| format!("{}:{}", at.file(), at.line()));
        let scope = match self.notes.borrow().scope(origin.scope) {
            "" => String::new(),
            scope => format!(" in {scope}"),
        };
        let derivation = origin
            .derivation
            .map_or(String::new(), |(rule, id)| format!(" by {rule:?} of %{}", id.index()));
        line + &scope + &derivation
    }
}

impl<P: Primitive> Expr<'_, P> {
    /// Where this node was first written.
    pub fn origin(self) -> Origin {
        self.graph.notes.borrow().origins[self.id.index()]
    }

    /// The layer in which this node was first written, as in `encoder/hidden`; empty outside.
    pub fn scope(self) -> String {
        let scope = self.origin().scope;
        self.graph.notes.borrow().scope(scope).to_owned()
    }

    /// The name of this node: its first label.
    pub fn label(self) -> Option<String> {
        self.labels().into_iter().next()
    }

    /// All labels of this node, the name first, then the aliases.
    pub fn labels(self) -> Vec<String> {
        self.graph.notes.borrow().labels.get(&self.id).cloned().unwrap_or_default()
    }

    /// Labels this node. The first label is its name, a later one an alias.
    ///
    /// # Errors
    ///
    /// If another node has this label.
    #[track_caller]
    pub fn try_named(self, label: &str) -> Result<Self, LabelError> {
        if let Some(other) = self.graph.labelled(label).filter(|&other| other != self) {
            return Err(other.taken(label, self.describe()));
        }
        let mut notes = self.graph.notes.borrow_mut();
        if notes.labelled.insert(label.to_owned(), self.id).is_none() {
            notes.labels.entry(self.id).or_default().push(label.to_owned());
        }
        Ok(self)
    }

    /// The error that this node has the label which is wanted for something else.
    #[track_caller]
    pub fn taken(self, label: &str, wanted: String) -> LabelError {
        let (label, taken, place) = (label.to_owned(), self.describe(), self.graph.caller());
        LabelError { label, taken, wanted, place }
    }

    /// [`try_named`](Self::try_named), for use while writing expressions.
    ///
    /// # Panics
    ///
    /// With the error's text.
    #[track_caller]
    pub fn named(self, label: &str) -> Self {
        match self.try_named(label) {
            Ok(x) => x,
            Err(error) => panic!("{error}"),
        }
    }
}
