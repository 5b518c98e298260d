//! The graph itself: sharing, order, edges, origins, labels, errors.

use crate::toy::{self, E, Toy, input, pair, sin};
use gradus_autodiff::{Graph, Rule, Tape, grad};
use petgraph::Direction::Incoming;
use petgraph::visit::EdgeRef;

#[test]
fn an_equal_application_is_the_same_node() {
    let g = Graph::<Toy>::new();
    let (x, y) = (input(&g, "x"), input(&g, "y"));
    assert_eq!(x * y, x * y);
    assert_ne!(x * y, y * x, "nothing is simplified while a graph is built");
    assert_eq!(input(&g, "x"), x);
    assert_eq!(2.0 * x, 2.0 * x);
    let n = g.len();
    let _ = sin(x * y) + sin(x * y);
    assert_eq!(g.len(), n + 2);
}

#[test]
fn edges_mirror_the_operands() {
    let g = Graph::<Toy>::new();
    let (x, y) = (input(&g, "x"), input(&g, "y"));
    let _ = (x - y) / (x * x) - sin(y);
    let petgraph = g.petgraph();
    for id in petgraph.node_indices() {
        let mut edges: Vec<_> =
            petgraph.edges_directed(id, Incoming).map(|e| (*e.weight(), e.source())).collect();
        edges.sort();
        let operands: Vec<_> = (0..).zip(petgraph[id].operands.iter().copied()).collect();
        assert_eq!(edges, operands);
    }
    assert!(!petgraph::algo::is_cyclic_directed(&*petgraph));
}

#[test]
fn the_tape_has_what_is_needed_in_creation_order() {
    let g = Graph::<Toy>::new();
    let (x, y, z) = (input(&g, "x"), input(&g, "y"), input(&g, "z"));
    let unused = sin(z);
    let a = x * y;
    let b = a + x;
    let tape = Tape::new(&[b, a]);
    let ids = [x, y, a, b].map(E::id);
    assert_eq!(tape.ids(), ids);
    assert_eq!(ids.map(|id| tape.position(id)), [Some(0), Some(1), Some(2), Some(3)]);
    assert_eq!(tape.position(unused.id()), None);
    assert_eq!(tape.position(z.id()), None);
    assert!(Tape::new::<Toy>(&[]).is_empty());
}

#[test]
fn the_printed_tape_names_lines_labels_and_rules() {
    let g = Graph::<Toy>::new();
    let x = input(&g, "x").named("x");
    let y = {
        let _layer = g.scope("first");
        sin(x).named("y")
    };
    let [dx] = grad(y, [x]);
    let text = Tape::show(&[dx]);
    let line = y.origin().location.unwrap().line();
    let here = format!("{}:{line} in first", file!());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[0].starts_with("%0    x        input x"), "{text}");
    assert!(lines[1].starts_with("%2             1"), "{text}");
    assert!(lines[1].ends_with(&format!("{here} by Seed of %1")), "{text}");
    assert!(lines[2].starts_with("%3             cos %0"), "{text}");
    assert!(lines[2].ends_with(&format!("{here} by Vjp(0) of %1")), "{text}");
    assert!(lines[3].starts_with("%4             mul %2 %3"), "{text}");
    assert_eq!(dx.origin().derivation, Some((Rule::Vjp(0), y.id())));
    assert_eq!(dx.scope(), "first");
}

#[test]
fn the_first_origin_wins_and_a_composed_function_names_its_users_line() {
    #[track_caller]
    fn square_of_sine(x: E<'_>) -> E<'_> {
        let _line = x.graph().here();
        sin(x) * sin(x)
    }
    let g = Graph::<Toy>::new();
    let x = input(&g, "x");
    let (y, line) = (square_of_sine(x), line!());
    assert_eq!(y.origin().location.unwrap().line(), line);
    assert_eq!(y.operands()[0].origin().location.unwrap().line(), line);
    let again = sin(x);
    assert_eq!(again.origin().location.unwrap().line(), line);
    let (after, line) = (sin(again), line!());
    assert_eq!(after.origin().location.unwrap().line(), line);
    let [dx] = grad(sin(again), [again]);
    let (by_hand, line_by_hand) = (again.filled(1.0) * toy::cos(again), line!());
    assert_eq!(dx, by_hand);
    let origin = dx.origin();
    assert_eq!((origin.location.unwrap().line(), origin.derivation), (line_by_hand, None));
}

#[test]
fn scopes_nest_and_end() {
    let g = Graph::<Toy>::new();
    let x = input(&g, "x");
    {
        let _outer = g.scope("encoder");
        {
            let _inner = g.scope("hidden");
            assert_eq!(sin(x).scope(), "encoder/hidden");
        }
        assert_eq!((x + x).scope(), "encoder");
    }
    assert_eq!((x * x).scope(), "");
    assert_eq!(sin(x).scope(), "encoder/hidden", "the first origin wins");
}

#[test]
fn a_label_names_a_node_a_second_is_an_alias_a_shared_one_an_error() {
    let g = Graph::<Toy>::new();
    let x = input(&g, "x");
    assert_eq!(x.label(), None);
    let (y, line) = (sin(x), line!());
    y.named("y").named("output").named("y");
    assert_eq!(y.label().as_deref(), Some("y"));
    assert_eq!(y.labels(), ["y", "output"]);
    assert_eq!(g.labelled("output"), Some(y));
    assert_eq!(g.labelled("z"), None);
    let (error, here) = (x.try_named("y").unwrap_err(), line!());
    let (file, at) = (file!(), x.origin().location.unwrap().line());
    assert_eq!(
        error.to_string(),
        format!(
            "label `y` names two nodes\n  \
             it is on %1 `y` : number, written at {file}:{line}\n  \
             and wanted for %0 : number, written at {file}:{at}\n  \
             at {file}:{here}"
        )
    );
}

#[test]
fn a_refused_application_names_operation_operands_lines_and_what_was_wanted() {
    let g = Graph::<Toy>::new();
    let (x, line) = (input(&g, "x").named("x"), line!());
    let _layer = g.scope("hidden");
    let (p, line_p) = (pair(x, x), line!());
    let (error, at) = (g.try_apply(Toy::Mul, &[x, p]).unwrap_err(), line!());
    let file = file!();
    assert_eq!(
        error.to_string(),
        format!(
            "mul: wanted numbers, operand 1 is a pair\n  \
             operand 0: %0 `x` : number, written at {file}:{line}\n  \
             operand 1: %1 : pair, written at {file}:{line_p} in hidden\n  \
             at {file}:{at} in hidden"
        )
    );
    assert_eq!(g.len(), 2, "a refused application leaves no node");
    let error = g.try_apply(Toy::Sin, &[x, x]).unwrap_err();
    assert!(error.to_string().starts_with("sin: wanted 1 operands, got 2\n"), "{error}");
}

#[test]
#[should_panic(expected = "add: operand 1 belongs to another graph")]
fn two_graphs_do_not_mix() {
    let (g, h) = (Graph::<Toy>::new(), Graph::<Toy>::new());
    let _ = input(&g, "x") + input(&h, "x");
}

#[test]
fn a_panic_points_to_the_users_line() {
    let g = Graph::<Toy>::new();
    let x = input(&g, "x");
    let here = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let (seen, before) = (here.clone(), std::panic::take_hook());
    let this = std::thread::current().id();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() != this {
            return;
        }
        let at = panic.location().map(|at| (at.file().to_owned(), at.line()));
        seen.lock().unwrap().push(at);
    }));
    let line = line!();
    for f in [
        (&|| _ = g.apply(Toy::Sin, &[x, x])) as &dyn Fn(),
        &|| _ = grad(sin(x), [input(&g, "y")]),
        &|| _ = sin(x).named("y").graph().apply(Toy::Cos, &[x]).named("y"),
    ] {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_err();
    }
    std::panic::set_hook(before);
    let wanted: Vec<_> = (2..=4).map(|k| Some((file!().to_owned(), line + k))).collect();
    assert_eq!(*here.lock().unwrap(), wanted);
}

#[test]
#[should_panic(expected = "%3 is not in this graph, which has 1 nodes")]
fn a_foreign_id_is_caught() {
    let (g, h) = (Graph::<Toy>::new(), Graph::<Toy>::new());
    let x = input(&g, "x");
    let y = x + x * (x - 1.0);
    input(&h, "x");
    h.expr(y.operands()[1].id());
}
