//! A half adder made of five NANDs, each a perceptron: a circuit is a graph.
//!
//! ```text
//! cargo run --release --example nand_adder
//! ```

use gradus::ndarray::arr0;
use gradus::prelude::*;

/// The perceptron with weights −2, −2 and bias 3 (plus `extra`, to be off by that much).
pub fn nand<'g>(a: Expr<'g>, b: Expr<'g>, extra: f64) -> Expr<'g> {
    let z = (-2.0 + extra) * a - 2.0 * b + 3.0;
    // 0 where z ≤ 0, else 1.
    1.0 - step(-z)
}

/// The bits of x₁ + x₂: the sum, x₁ ⊕ x₂, and the carry, x₁x₂.
pub fn half_adder<'g>(x1: Expr<'g>, x2: Expr<'g>, extra: f64) -> [Expr<'g>; 2] {
    let middle = nand(x1, x2, extra);
    let sum = nand(nand(x1, middle, extra), nand(middle, x2, extra), extra);
    [sum, nand(middle, middle, extra)]
}

/// The truth table: sum and carry for 0+0, 0+1, 1+0, 1+1.
pub fn table(extra: f64) -> [[f64; 2]; 4] {
    let g = Graph::new();
    let outputs = half_adder(input(&g, "x1", ()), input(&g, "x2", ()), extra);
    [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]].map(|x| {
        let x = x.map(arr0);
        let at = Inputs::new().with("x1", &x[0]).with("x2", &x[1]);
        let values = evaluate(&outputs, &at).expect("an array for each input");
        [values[0].sum(), values[1].sum()]
    })
}

/// How many nodes the circuit has, and how many are steps, one for each NAND.
pub fn size() -> (usize, usize) {
    let g = Graph::new();
    let outputs = half_adder(input(&g, "x1", ()), input(&g, "x2", ()), 0.0);
    let text = Tape::show(&outputs);
    (Tape::new(&outputs).len(), text.lines().filter(|line| line.contains("step")).count())
}

fn main() {
    println!("x1 x2   carry sum");
    for (x, [sum, carry]) in [[0, 0], [0, 1], [1, 0], [1, 1]].iter().zip(table(0.0)) {
        println!(" {}  {}     {carry}    {sum}", x[0], x[1]);
    }
    let (nodes, gates) = size();
    println!(
        "\nFive NANDs, of which the middle one is used three times: {nodes} nodes, {gates} of"
    );
    println!("them steps, since an expression that is written twice is one node.\n");

    println!("The first weight of every NAND off by   right rows of 4");
    for extra in [-1.0, -0.5, 0.0, 0.5, 0.9, 1.0, 1.1] {
        let right = table(extra).iter().zip(table(0.0)).filter(|(a, b)| *a == b).count();
        println!("{extra:20}   {right:24}");
    }
    println!("What is off by less than the margin changes nothing; beyond it, outputs flip.");

    let g = Graph::new();
    let (x1, x2) = (param(&g, "x1", ()), param(&g, "x2", ()));
    let [sum, _] = half_adder(x1, x2, 0.0);
    let error = try_grad(sum, &[x1]).expect_err("a step is flat");
    println!("\nA circuit of steps cannot be learned by slopes. d sum / d x1:\n{error}");
}
