//! Logistic regression: with the cross-entropy the cost of one unit is convex, with the squared
//! error it is not. Both surfaces are drawn, with the least eigenvalue of the Hessian.
//!
//! ```text
//! cargo run --release --example logistic_regression -- --out target/pictures
//! ```

use gradus::ndarray::{arr0, arr1};
use gradus::prelude::*;

mod out;
#[path = "pictures/logistic_regression.rs"]
pub mod pictures;

/// Made for this example: numbers, and the targets that the larger ones mostly have.
pub const X: [f64; 6] = [-2.0, -1.0, -0.5, 0.5, 1.0, 2.0];
/// See [`X`].
pub const Y: [f64; 6] = [0.0, 0.0, 1.0, 0.0, 1.0, 1.0];

/// How wrong outputs are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Error {
    /// −(y ln a + (1 − y) ln(1 − a)).
    CrossEntropy,
    /// ½(a − y)².
    Squared,
}

/// What a point (w, b) has: the cost J, its gradient, and the Hessian's eigenvalues, the lesser first.
pub struct Point {
    /// J, the mean error of the six examples.
    pub cost: f64,
    /// ∂J/∂w and ∂J/∂b.
    pub gradient: [f64; 2],
    /// Of the matrix of second derivatives.
    pub eigenvalues: [f64; 2],
}

/// J of the unit a = σ(wx + b) over (w, b): six numbers x, of which the larger ones mostly have y = 1.
pub fn surface(error: Error) -> impl FnMut(f64, f64) -> Point {
    let g = Graph::new();
    let (x, y) = (input(&g, "x", ("n",)), input(&g, "y", ("n",)));
    let (w, b) = (param(&g, "w", ()), param(&g, "b", ()));
    let z = w * x + b;
    let cost = match error {
        Error::CrossEntropy => mean_all(softplus(z) - y * z),
        Error::Squared => mean_all(0.5 * square(sigmoid(z) - y)),
    };
    let [dw, db] = grad(cost, [w, b]);
    let ([dww, dwb], [dbb]) = (grad(dw, [w, b]), grad(db, [b]));
    let mut plan = compile(&[cost, dw, db, dww, dwb, dbb], &[]).expect("nothing is updated");
    move |w, b| {
        let (x, y) = (arr1(&X), arr1(&Y));
        let (w, b) = (arr0(w), arr0(b));
        let at = Inputs::new().with("x", &x).with("y", &y).with("w", &w).with("b", &b);
        let values = plan.step(&mut Arrays::new(), &at).expect("an array for each input");
        let [cost, dw, db, dww, dwb, dbb] = [0, 1, 2, 3, 4, 5].map(|k| values[k].sum());
        let (middle, radius) = ((dww + dbb) / 2.0, ((dww - dbb) / 2.0).hypot(dwb));
        let eigenvalues = [middle - radius, middle + radius];
        Point { cost, gradient: [dw, db], eigenvalues }
    }
}

/// Where so many steps of gradient descent lead to, and J there.
pub fn descend(error: Error, from: [f64; 2], eta: f64, steps: usize) -> ([f64; 2], f64) {
    let mut surface = surface(error);
    let [mut w, mut b] = from;
    for _ in 0..steps {
        let [dw, db] = surface(w, b).gradient;
        (w, b) = (w - eta * dw, b - eta * db);
    }
    ([w, b], surface(w, b).cost)
}

fn main() {
    for error in [Error::CrossEntropy, Error::Squared] {
        let mut at = surface(error);
        let grid: Vec<Vec<Point>> = (-8..=8)
            .rev()
            .map(|b| (-16..=16).map(|w| at(f64::from(w) / 2.0, f64::from(b))).collect())
            .collect();
        let costs = || grid.iter().flatten().map(|point| point.cost);
        let (low, high) = (costs().fold(f64::MAX, f64::min), costs().fold(0.0, f64::max));
        println!("{error:?}: J from {low:.3} (0) to {high:.3} (9); w from −8 to 8 to the right,");
        println!(
            "b from −8 to 8 upwards; at the right, - where the Hessian has an eigenvalue below 0\n"
        );
        for row in &grid {
            let level = |point: &Point| (9.99 * (point.cost - low) / (high - low)) as u32;
            let sign = |point: &Point| if point.eigenvalues[0] < 0.0 { '-' } else { '+' };
            let levels: String =
                row.iter().map(|p| char::from_digit(level(p), 10).expect("a digit")).collect();
            println!("  {levels}   {}", row.iter().map(sign).collect::<String>());
        }
        println!("\n  along b = 0:  w       J    eigenvalues");
        for w in [-8.0, -4.0, -2.0, 0.0, 2.0, 4.0, 8.0] {
            let Point { cost, eigenvalues: [less, more], .. } = at(w, 0.0);
            println!("{w:17} {cost:9.4}  {less:8.4} {more:8.4}");
        }
        println!("\n  200 steps, η = 1, from       to               J");
        for from in [[0.0, 0.0], [-8.0, 0.0], [-8.0, 8.0]] {
            let ([w, b], cost) = descend(error, from, 1.0, 200);
            println!("    ({:4}, {:4})         ({w:7.3}, {b:6.3}) {cost:9.4}", from[0], from[1]);
        }
        println!();
    }
    out::write(pictures::all);
}
