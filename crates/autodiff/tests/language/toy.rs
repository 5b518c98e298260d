//! A toy language over plain numbers: enough operations to differentiate something, no arrays.

use std::fmt;

use gradus_autodiff::{Arithmetic, Expr, Graph, Primitive, Tape};

pub type E<'g> = Expr<'g, Toy>;

/// Numbers, their arithmetic, sin, cos, and a `pair` whose only purpose is a second shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Toy {
    Input(&'static str),
    Constant(u64),
    Add,
    Sub,
    Mul,
    Div,
    Neg,
    Sin,
    Cos,
    /// The integer part: its derivative is zero by definition.
    Floor,
    /// A value of another shape, to see the shape rules refuse.
    Pair,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Number,
    Pair,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Kind::Number { "number" } else { "pair" })
    }
}

impl fmt::Display for Toy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Toy::Input(name) => write!(f, "input {name}"),
            Toy::Constant(bits) => write!(f, "{}", f64::from_bits(*bits)),
            other => f.write_str(&format!("{other:?}").to_lowercase()),
        }
    }
}

impl Primitive for Toy {
    type Shape = Kind;

    fn shape(&self, operands: &[&Kind]) -> Result<Kind, String> {
        let arity = match self {
            Toy::Input(_) | Toy::Constant(_) => 0,
            Toy::Neg | Toy::Sin | Toy::Cos | Toy::Floor => 1,
            _ => 2,
        };
        if operands.len() != arity {
            return Err(format!("wanted {arity} operands, got {}", operands.len()));
        }
        match operands.iter().position(|&kind| *kind == Kind::Pair) {
            Some(k) => Err(format!("wanted numbers, operand {k} is a pair")),
            None if *self == Toy::Pair => Ok(Kind::Pair),
            None => Ok(Kind::Number),
        }
    }

    fn vjp<'g>(&self, k: usize, x: &[E<'g>], y: E<'g>, y_bar: E<'g>) -> Option<E<'g>> {
        match (self, k) {
            (Toy::Add, _) | (Toy::Sub, 0) => Some(y_bar),
            (Toy::Sub | Toy::Neg, _) => Some(-y_bar),
            (Toy::Mul, _) => Some(y_bar * x[1 - k]),
            (Toy::Div, 0) => Some(y_bar / x[1]),
            (Toy::Div, _) => Some(-(y_bar * y / x[1])),
            (Toy::Sin, _) => Some(y_bar * cos(x[0])),
            (Toy::Cos, _) => Some(-(y_bar * sin(x[0]))),
            _ => None,
        }
    }

    /// Every derivative here is one number, so the pushforward is the pullback.
    fn jvp<'g>(&self, k: usize, x: &[E<'g>], y: E<'g>, x_dot: E<'g>) -> Option<E<'g>> {
        self.vjp(k, x, y, x_dot)
    }

    fn fill<'g>(graph: &'g Graph<Self>, value: f64, _: &Kind) -> E<'g> {
        graph.apply(Toy::Constant(value.to_bits()), &[])
    }

    fn add<'g>(a: E<'g>, b: E<'g>) -> E<'g> {
        a + b
    }

    fn scalar() -> Kind {
        Kind::Number
    }
}

impl Arithmetic for Toy {
    const ADD: Self = Toy::Add;
    const SUB: Self = Toy::Sub;
    const MUL: Self = Toy::Mul;
    const DIV: Self = Toy::Div;
    const NEG: Self = Toy::Neg;
}

#[track_caller]
pub fn input<'g>(graph: &'g Graph<Toy>, name: &'static str) -> E<'g> {
    graph.apply(Toy::Input(name), &[])
}

#[track_caller]
pub fn sin(x: E<'_>) -> E<'_> {
    x.graph().apply(Toy::Sin, &[x])
}

#[track_caller]
pub fn cos(x: E<'_>) -> E<'_> {
    x.graph().apply(Toy::Cos, &[x])
}

#[track_caller]
pub fn floor(x: E<'_>) -> E<'_> {
    x.graph().apply(Toy::Floor, &[x])
}

#[track_caller]
pub fn pair<'g>(a: E<'g>, b: E<'g>) -> E<'g> {
    a.graph().apply(Toy::Pair, &[a, b])
}

/// The value of an expression, by running its tape.
pub fn eval(y: E<'_>, inputs: &[(&str, f64)]) -> f64 {
    let tape = Tape::new(&[y]);
    let mut values: Vec<f64> = Vec::with_capacity(tape.len());
    for &id in tape.ids() {
        let node = y.graph().expr(id);
        let place = |x: &E<'_>| tape.position(x.id()).expect("operands are on the tape");
        let x: Vec<f64> = node.operands().iter().map(|x| values[place(x)]).collect();
        values.push(match node.op() {
            Toy::Input(name) => inputs.iter().find(|input| input.0 == name).unwrap().1,
            Toy::Constant(bits) => f64::from_bits(bits),
            Toy::Add => x[0] + x[1],
            Toy::Sub => x[0] - x[1],
            Toy::Mul => x[0] * x[1],
            Toy::Div => x[0] / x[1],
            Toy::Neg => -x[0],
            Toy::Sin => x[0].sin(),
            Toy::Cos => x[0].cos(),
            Toy::Floor => x[0].floor(),
            Toy::Pair => f64::NAN,
        });
    }
    *values.last().expect("the output is on its tape")
}
