//! A line y = px + q through data, by the normal equations and by gradient descent: the same line.
//!
//! ```text
//! cargo run --release --example regression -- --out target/pictures
//! ```

use gradus::ndarray::{Array1, arr0};
use gradus::prelude::*;

mod out;
#[path = "pictures/regression.rs"]
pub mod pictures;

/// Made for this example: hours of sun in a week, and litres of lemonade that a stall sold.
pub const DATA: [(f64, f64); 8] = [
    (12.0, 21.0),
    (18.0, 26.5),
    (25.0, 38.0),
    (31.0, 40.5),
    (38.0, 52.0),
    (44.0, 55.5),
    (51.0, 68.0),
    (60.0, 74.5),
];

/// The cost C = Σ ½(y − (px + q))² with its gradient by p and q. In the data x and y vary, and p and
/// q are constants; in the cost it is the other way round.
fn cost(g: &Graph) -> (Expr<'_>, [Expr<'_>; 2], [Expr<'_>; 2]) {
    let (x, y) = (input(g, "x", ("n",)), input(g, "y", ("n",)));
    let (p, q) = (param(g, "p", ()), param(g, "q", ()));
    let cost = sum_all(0.5 * square(y - (p * x + q)));
    (cost, [p, q], grad(cost, [p, q]))
}

/// The data as arrays.
fn arrays() -> (Array1<f64>, Array1<f64>) {
    (DATA.iter().map(|d| d.0).collect(), DATA.iter().map(|d| d.1).collect())
}

/// p and q where ∇C = 0. The cost is quadratic, so ∇C(v) = ∇C(0) + Hv, and the normal equations
/// are Hv = −∇C(0). Returned are H, −∇C(0), and the solution.
pub fn normal_equations() -> ([[f64; 2]; 2], [f64; 2], [f64; 2]) {
    let g = Graph::new();
    let (_, [p, q], [dp, dq]) = cost(&g);
    let [[dpp, dpq], [dqp, dqq]] = [dp, dq].map(|slope| grad(slope, [p, q]));
    let ((x, y), zero) = (arrays(), arr0(0.0));
    let at = Inputs::new().with("x", &x).with("y", &y).with("p", &zero).with("q", &zero);
    let values = evaluate(&[dpp, dpq, dqp, dqq, dp, dq], &at).expect("an array for each input");
    let [a, b, c, d, r, s] = [0, 1, 2, 3, 4, 5].map(|k| values[k].sum());
    let (r, s, determinant) = (-r, -s, a * d - b * c);
    let solution = [(r * d - b * s) / determinant, (a * s - r * c) / determinant];
    ([[a, b], [c, d]], [r, s], solution)
}

/// p, q and C at the start, at p = q = 0, and after each step of gradient descent.
pub fn descent(eta: f64, steps: usize) -> Vec<[f64; 3]> {
    let g = Graph::new();
    let (cost, [p, q], [dp, dq]) = cost(&g);
    let updates = [("p".to_owned(), p - eta * dp), ("q".to_owned(), q - eta * dq)];
    let mut plan = compile(&[p, q, cost], &updates).expect("updates of two parameters");
    let zero = || arr0(0.0).into_dyn();
    let mut state = Arrays::from([("p".to_owned(), zero()), ("q".to_owned(), zero())]);
    let (x, y) = arrays();
    let inputs = Inputs::new().with("x", &x).with("y", &y);
    let mut step = || {
        let values = plan.step(&mut state, &inputs).expect("an array for each input");
        [0, 1, 2].map(|k| values[k].sum())
    };
    (0..=steps).map(|_| step()).collect()
}

fn main() {
    let ([[a, b], [c, d]], [r, s], [p, q]) = normal_equations();
    println!("The normal equations, read off the graph:");
    println!("  {a} p + {b} q = {r}\n  {c} p + {d} q = {s}");
    println!("so p = {p:.10}, q = {q:.10}\n");

    println!("Gradient descent from p = q = 0, η = 0.00015:");
    println!("  steps         p              q              C");
    let points = descent(0.00015, 150_000);
    for k in [0, 1, 10, 100, 1000, 10_000, 50_000, 150_000] {
        let [p, q, cost] = points[k];
        println!("{k:7} {p:14.10} {q:14.10} {cost:14.6}");
    }
    let [p_, q_, _] = points[150_000];
    println!(
        "which differs by {:.0e} and {:.0e}. It is slow, since C is steep",
        (p - p_).abs(),
        (q - q_).abs()
    );
    println!("along p, where η must be small, and flat along q.\n");

    println!("hours  litres  on the line");
    for (x, y) in DATA {
        let line = p * x + q;
        let [line_, dot] = [line, y].map(|y| y.round() as usize / 2);
        let mut plot = [' '; 40];
        plot[line_] = '|';
        plot[dot] = 'o';
        println!("{x:5} {y:7} {line:10.2}   {}", String::from_iter(plot));
    }
    out::write(pictures::all);
}
