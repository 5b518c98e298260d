//! Both modes against each other, against known formulas, and their growth.

use crate::toy::{E, Toy, cos, eval, floor, input, pair, sin};
use gradus_autodiff::{
    Graph, Primitive, Tape, adjoints, grad, jvp, jvp_with, try_grad, vjp, vjp_with,
};
use proptest::prelude::*;

#[test]
fn a_gradient_is_the_expression_that_one_writes_by_hand() {
    let g = Graph::<Toy>::new();
    let (x, y) = (input(&g, "x"), input(&g, "y"));
    let [dx, dy] = grad(sin(x) * y, [x, y]);
    let one = sin(x).filled(1.0);
    assert_eq!(dx, one * y * cos(x));
    assert_eq!(dy, one * sin(x));
}

#[test]
fn derivatives_of_derivatives() {
    let g = Graph::<Toy>::new();
    let x = input(&g, "x");
    let mut y = sin(2.0 * x);
    for (order, want) in [
        (1, 2.0 * 1.4f64.cos()),
        (2, -4.0 * 1.4f64.sin()),
        (3, -8.0 * 1.4f64.cos()),
        (4, 16.0 * 1.4f64.sin()),
    ] {
        [y] = grad(y, [x]);
        assert!((eval(y, &[("x", 0.7)]) - want).abs() < 1e-13, "order {order}");
    }
}

#[test]
fn inner_nodes_have_adjoints_too() {
    let g = Graph::<Toy>::new();
    let (w, x) = (input(&g, "w"), input(&g, "x"));
    let z = w * x;
    let cost = sin(z);
    let [delta, dw] = grad(cost, [z, w]);
    assert_eq!(dw, delta * x, "∂C/∂w = δ x");
    let all = adjoints(cost, &[w]).unwrap();
    assert_eq!(all.of(z), Some(delta));
    assert_eq!(all.of(x), None, "nobody asked for x");
    assert_eq!(all.iter().map(|(node, _)| node).collect::<Vec<_>>(), [w, z, cost]);
}

#[test]
fn only_nodes_between_inputs_and_output_are_visited() {
    let g = Graph::<Toy>::new();
    let (x, y) = (input(&g, "x"), input(&g, "y"));
    let deep = (0..1000).fold(y, |a, _| sin(a));
    let cost = sin(x) * deep;
    let before = g.len();
    grad(cost, [x]);
    assert!(g.len() - before < 6, "the chain above y must not be differentiated");
    let before = g.len();
    grad(sin(deep) * 2.0, [deep]);
    assert!(g.len() - before < 8, "the chain below the input must not be differentiated");
    let all = adjoints(sin(deep) * 2.0, &[deep]).unwrap();
    assert!(all.tape().len() < 8, "nor be looked at: {} nodes", all.tape().len());
}

#[test]
fn a_disconnected_input_is_an_error_unless_asked_for() {
    let g = Graph::<Toy>::new();
    let (x, y, z) = (input(&g, "x"), input(&g, "y").named("y"), input(&g, "z"));
    let cost = x * floor(y);
    let error = try_grad(cost, &[x, y]).unwrap_err().to_string();
    assert!(error.starts_with("the output does not depend differentiably on\n  %1 `y` : number"));
    let all = adjoints(cost, &[x, y, z]).unwrap();
    assert_eq!(all.disconnected(), [y, z]);
    assert_eq!(all.of(y), None);
    assert_eq!(all.or_zeros(z), z.filled(0.0));
    let some = adjoints(cost, &[y]).unwrap();
    let asked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| some.or_zeros(x)));
    assert!(asked.is_err(), "nobody asked for x, which does not make its adjoint 0");
    assert_eq!(jvp(&[cost], &[(y, x)]), [None]);
    assert_eq!(jvp(&[cost], &[]), [None]);
}

#[test]
fn only_a_number_has_a_gradient() {
    let g = Graph::<Toy>::new();
    let x = input(&g, "x");
    let error = try_grad(pair(x, x), &[x]).unwrap_err().to_string();
    assert!(error.starts_with("only a single number has a gradient;"), "{error}");
    assert!(error.contains("got %1 : pair, written at"), "{error}");
}

#[test]
#[should_panic(
    expected = "the cotangent given must have the shape number, it has pair\n  for %1 : number"
)]
fn a_cotangent_of_another_shape_is_caught() {
    let g = Graph::<Toy>::new();
    let x = input(&g, "x");
    vjp(&[(sin(x), pair(x, x))], &[x]);
}

#[test]
fn derivatives_across_two_graphs_are_caught() {
    let (g, h) = (Graph::<Toy>::new(), Graph::<Toy>::new());
    let (x, y) = (input(&g, "x"), input(&h, "y"));
    let text = |f: &dyn Fn()| {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_err();
        panic.downcast_ref::<String>().unwrap().clone()
    };
    for mixed in [
        text(&|| drop(vjp(&[(sin(x), x)], &[y]))),
        text(&|| drop(vjp(&[(sin(x), y)], &[x]))),
        text(&|| drop(jvp(&[sin(x)], &[(x, y)]))),
        text(&|| assert!(grad(sin(x), [y]).is_empty())),
        text(&|| drop(jvp(&[sin(x)], &[(y, y)]))),
        text(&|| drop(Tape::new(&[x, y]))),
    ] {
        assert!(mixed.starts_with("two graphs are mixed\n  %"), "{mixed}");
    }
}

#[test]
#[should_panic(
    expected = "the pullback of sin for operand 0 must have the shape number, it has pair"
)]
fn a_rule_that_returns_another_shape_is_named() {
    let g = Graph::<Toy>::new();
    let x = input(&g, "x");
    vjp_with(&[(sin(x), x)], &[x], |_, _, x, _, _| Some(pair(x[0], x[0])));
}

#[test]
fn a_broken_rule_can_be_put_in_place_of_the_right_one() {
    let g = Graph::<Toy>::new();
    let x = input(&g, "x");
    let y = sin(x) * x;
    let one = x.filled(1.0);
    let right = vjp(&[(y, one)], &[x]).of(x).unwrap();
    let broken = vjp_with(&[(y, one)], &[x], |op, k, x, y, y_bar| match op {
        Toy::Sin => None,
        _ => op.vjp(k, x, y, y_bar),
    });
    let broken = broken.of(x).unwrap();
    assert_ne!(eval(right, &[("x", 0.5)]), eval(broken, &[("x", 0.5)]));
    let forward = jvp_with(&[y], &[(x, one)], |op, k, x, y, x_dot| match op {
        Toy::Sin => None,
        _ => op.jvp(k, x, y, x_dot),
    });
    assert_eq!(eval(forward[0].unwrap(), &[("x", 0.5)]), 0.5f64.sin());
}

#[test]
fn sixteen_doublings_are_sixteen_nodes() {
    let g = Graph::<Toy>::new();
    let x = input(&g, "x");
    let y = (0..16).fold(x, |a, _| a + a);
    assert_eq!(g.len(), 17);
    let [dx] = grad(y, [x]);
    assert_eq!(eval(dx, &[("x", 0.1)]), 65536.0);
    assert_eq!(g.len(), 17 + 1 + 16, "one seed, and one sum per doubling");
}

#[test]
fn a_million_nodes_need_no_stack() {
    let g = Graph::<Toy>::new();
    let x = input(&g, "x");
    let y = (0..500_000).fold(x, |a, _| sin(a) * x);
    assert_eq!(g.len(), 1_000_001);
    assert_eq!(Tape::new(&[y]).len(), 1_000_001);
    let [dx] = grad(y, [x]);
    let forward = jvp(&[y], &[(x, x.filled(1.0))])[0].unwrap();
    let at = [("x", 1.001)];
    let (reverse, forward) = (eval(dx, &at), eval(forward, &at));
    assert!((reverse - forward).abs() <= 1e-9 * reverse.abs(), "{reverse} against {forward}");
}

#[test]
fn a_small_gradient_in_a_large_graph_makes_as_few_nodes() {
    let grown = |n: usize| {
        let g = Graph::<Toy>::new();
        let x = input(&g, "x");
        (0..n).fold(x, |a, _| sin(a));
        let y = sin(x * x) * 3.0;
        let before = g.len();
        grad(y, [x]);
        g.len() - before
    };
    assert_eq!(grown(10), grown(100_000));
}

/// A random expression over two inputs: each step takes an operation and two earlier nodes.
fn build<'g>(g: &'g Graph<Toy>, steps: &[(u8, usize, usize)]) -> (E<'g>, E<'g>, E<'g>) {
    let (x, y) = (input(g, "x"), input(g, "y"));
    let mut nodes = vec![x, y];
    for &(op, a, b) in steps {
        let (a, b) = (nodes[a % nodes.len()], nodes[b % nodes.len()]);
        nodes.push(match op % 6 {
            0 => a + b,
            1 => a - b,
            2 => sin(a) * cos(b),
            3 => a / (b * b + 1.0),
            4 => -sin(a),
            _ => cos(a + b),
        });
    }
    (x, y, *nodes.last().unwrap())
}

proptest! {
    #[test]
    fn forward_agrees_with_reverse_to_second_order(
        steps in prop::collection::vec((any::<u8>(), any::<usize>(), any::<usize>()), 1..25),
        at in (-1.0..1.0f64, -1.0..1.0f64),
    ) {
        let g = Graph::<Toy>::new();
        let (x, y, cost) = build(&g, &steps);
        let at = [("x", at.0), ("y", at.1)];
        let one = x.filled(1.0);
        let value = |e: Option<E<'_>>| e.map_or(0.0, |e| eval(e, &at));
        let first = adjoints(cost, &[x, y]).unwrap();
        for input in [x, y] {
            let (reverse, forward) = (first.of(input), jvp(&[cost], &[(input, one)])[0]);
            prop_assert_eq!(reverse.is_some(), forward.is_some());
            let (a, b) = (value(reverse), value(forward));
            prop_assert!((a - b).abs() <= 1e-12 * (1.0 + a.abs().max(b.abs())), "{} {}", a, b);
        }
        if let (Some(dx), Some(dy)) = (first.of(x), first.of(y)) {
            let xy = value(adjoints(dx, &[y]).unwrap().of(y));
            let yx = value(adjoints(dy, &[x]).unwrap().of(x));
            let forward = value(jvp(&[dx], &[(y, one)])[0]);
            let scale = 1.0 + xy.abs();
            prop_assert!((xy - yx).abs() <= 1e-10 * scale, "symmetry {} {}", xy, yx);
            prop_assert!((xy - forward).abs() <= 1e-10 * scale, "{} {}", xy, forward);
        }
    }
}
