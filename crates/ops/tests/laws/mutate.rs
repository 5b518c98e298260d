//! Faults in the expression that a rule gives: what one gets wrong in writing it.
//!
//! The expression is walked, not the rule: so every rule has its faults, a new one too.

use gradus_ops::{Expr, Op, transpose};

/// A fault, and the expression that has it.
pub struct Mutant<'g> {
    /// Which part of the expression, and what is wrong with it.
    pub name: String,
    /// Nothing where the rule is forgotten.
    pub result: Option<Expr<'g>>,
}

/// All faults of what a rule made of the operands `x`, the result `y` and the cotangent or tangent
/// `bar`, each different from the right expression and from the others.
///
/// At each part of it: another constant, another sign, a factor of 2, one operand instead of the whole (which drops a
/// term of a sum and a factor of a product), operands in the wrong order, a square operand
/// transposed, and one of `x` and `y` for another.
pub fn mutants<'g>(right: Expr<'g>, x: &[Expr<'g>], y: Expr<'g>, bar: Expr<'g>) -> Vec<Mutant<'g>> {
    let mut given: Vec<_> = x.to_vec();
    given.extend([y, bar]);
    let parts = parts(right, &given);
    let mut mutants = vec![Mutant { name: "forgotten".to_owned(), result: None }];
    let mut add = |name: String, part: Expr<'g>, instead: Expr<'g>| {
        let whole = replaced(right, &parts, part, instead);
        let result = whole.filter(|whole| whole.shape() == right.shape());
        let new = |result: &Expr<'g>| {
            *result != right && mutants.iter().all(|known| known.result != Some(*result))
        };
        if let Some(result) = result.filter(new) {
            mutants.push(Mutant { name, result: Some(result) });
        }
    };
    for (i, &part) in parts.iter().enumerate() {
        // By its number among the parts with this operation: how many others there are, as a
        // broadcast of a constant, depends on shapes.
        let kind = part.op().card().name;
        let number = parts[..i].iter().filter(|other| other.op().card().name == kind).count();
        let name = |fault: &str| format!("{kind} {}: {fault}", number + 1);
        if let Op::Constant(constant) = part.op() {
            let graph = part.graph();
            add(name("and 1"), part, gradus_ops::constant(graph, constant.value() + 1.0));
            continue;
        }
        if matches!(part.op(), Op::Broadcast(_)) && is_constant(part.operands()[0]) {
            continue;
        }
        add(name("sign"), part, -part);
        add(name("factor 2"), part, 2.0 * part);
        if given.contains(&part) {
            if is_square(part) {
                add(name("transposed"), part, transpose(part));
            }
            continue;
        }
        let operands = part.operands();
        for (k, &operand) in operands.iter().enumerate() {
            if operand.shape() == part.shape() {
                add(name(&format!("only operand {k}")), part, operand);
            }
            let mut others = Vec::new();
            if is_square(operand) {
                others.push((format!("operand {k} transposed"), transpose(operand)));
            }
            if given.contains(&operand) && operand != bar {
                for (j, &other) in x.iter().chain([&y]).enumerate() {
                    let what = if j < x.len() { format!("x{j}") } else { "y".to_owned() };
                    others.push((format!("operand {k} {what}"), other));
                }
            }
            for (fault, other) in others {
                let mut operands = operands.clone();
                operands[k] = other;
                let applied = part.graph().try_apply(part.op(), &operands);
                if let Ok(instead) = applied {
                    add(name(&fault), part, instead);
                }
            }
        }
        if let [a, b] = operands[..]
            && !matches!(part.op(), Op::Add(_) | Op::Mul(_) | Op::Maximum(_) | Op::Equal(_))
            && let Ok(instead) = part.graph().try_apply(part.op(), &[b, a])
        {
            add(name("swapped"), part, instead);
        }
    }
    mutants
}

/// The parts of an expression, operands before their users in the order in which they are met, down
/// to what is given and without that; the expression itself is always one.
fn parts<'g>(whole: Expr<'g>, given: &[Expr<'g>]) -> Vec<Expr<'g>> {
    let mut parts: Vec<Expr<'g>> = Vec::new();
    let mut open = vec![(whole, false)];
    while let Some((part, ready)) = open.pop() {
        if parts.contains(&part) || given.contains(&part) && part != whole {
            continue;
        }
        if ready || given.contains(&part) {
            parts.push(part);
            continue;
        }
        open.push((part, true));
        open.extend(part.operands().iter().rev().map(|&operand| (operand, false)));
    }
    parts
}

/// The expression with `instead` in the place of one of its parts; nothing if the shapes do not fit.
fn replaced<'g>(
    whole: Expr<'g>, parts: &[Expr<'g>], part: Expr<'g>, instead: Expr<'g>,
) -> Option<Expr<'g>> {
    if instead.shape() != part.shape() {
        return None;
    }
    let mut now: Vec<(Expr<'g>, Expr<'g>)> = vec![(part, instead)];
    for &user in parts.iter().filter(|&&user| user != part) {
        let changed = |x: &Expr<'g>| now.iter().find(|(old, _)| old == x).map(|&(_, new)| new);
        let operands = user.operands();
        if operands.iter().any(|x| changed(x).is_some()) {
            let operands: Vec<_> = operands.iter().map(|x| changed(x).unwrap_or(*x)).collect();
            now.push((user, user.graph().try_apply(user.op(), &operands).ok()?));
        }
    }
    now.iter().find(|(old, _)| *old == whole).map(|&(_, new)| new)
}

fn is_constant(x: Expr<'_>) -> bool {
    matches!(x.op(), Op::Constant(_))
}

fn is_square(x: Expr<'_>) -> bool {
    matches!(x.shape().dims(), [rows, columns] if rows == columns)
}

/// A sanity check of the walk itself.
#[test]
fn a_sum_of_products_has_these_faults() {
    let g = gradus_ops::Graph::new();
    let input = |name| gradus_ops::input(&g, name, [2, 2]);
    let (x, w, y, bar) = (input("x"), input("w"), input("y"), input("bar"));
    let right = bar * x - y;
    let names: Vec<String> =
        mutants(right, &[x, w], y, bar).into_iter().map(|mutant| mutant.name).collect();
    let wanted = [
        "forgotten",
        "mul 1: sign",
        "mul 1: factor 2",
        "mul 1: only operand 0",
        "mul 1: operand 0 transposed",
        "mul 1: only operand 1",
        "mul 1: operand 1 transposed",
        "mul 1: operand 1 x1",
        "mul 1: operand 1 y",
        "sub 1: sign",
        "sub 1: factor 2",
        "sub 1: only operand 0",
        "sub 1: operand 0 transposed",
        "sub 1: only operand 1",
        "sub 1: operand 1 transposed",
        "sub 1: operand 1 x0",
        "sub 1: operand 1 x1",
        "sub 1: swapped",
    ];
    assert_eq!(names, wanted);
}
