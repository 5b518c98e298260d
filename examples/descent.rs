//! Gradient descent on functions of one and two variables: step by step, with a learning rate that
//! is right, too large, too small; a local minimum; and steps of a fixed length, which never settle.
//!
//! ```text
//! cargo run --release --example descent -- --out target/pictures
//! ```

use gradus::ndarray::{arr0, arr1};
use gradus::prelude::*;

mod out;
#[path = "pictures/descent.rs"]
pub mod pictures;

/// A function of x and y.
pub type Function = for<'g> fn(Expr<'g>, Expr<'g>) -> Expr<'g>;

/// z = x² + y².
pub fn bowl<'g>(x: Expr<'g>, y: Expr<'g>) -> Expr<'g> {
    square(x) + square(y)
}

/// z = x⁴/4 − x²/2 + x/5 + y²: a minimum near x = −1.09, a higher one near x = 0.88.
pub fn two_valleys<'g>(x: Expr<'g>, y: Expr<'g>) -> Expr<'g> {
    0.25 * pow_const(x, 4.0) - 0.5 * square(x) + 0.2 * x + square(y)
}

/// z = x² − y²: a saddle, where ∇z = 0 at no minimum.
pub fn saddle<'g>(x: Expr<'g>, y: Expr<'g>) -> Expr<'g> {
    square(x) - square(y)
}

/// A point of a descent, the value there, and the gradient.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// x and y.
    pub at: [f64; 2],
    /// The function's value.
    pub z: f64,
    /// Its slopes by x and y.
    pub gradient: [f64; 2],
}

/// So many steps of Δx = −η∇f, or of Δx = −η∇f/|∇f| if `normalised`.
pub fn descend(
    f: Function, from: [f64; 2], eta: f64, normalised: bool, steps: usize,
) -> Vec<Point> {
    let g = Graph::new();
    let v = param(&g, "v", [2]);
    let [x, y] = [0, 1].map(|k| reshape(slice(v, 0, k..k + 1), ()));
    let z = f(x, y);
    let [nabla] = grad(z, [v]);
    let rate = input(&g, "eta", ());
    let length = if normalised { sqrt(sum_all(square(nabla))) } else { constant(&g, 1.0) };
    let updates = [("v".to_owned(), v - rate / length * nabla)];
    let mut plan = compile(&[v, z, nabla], &updates).expect("an update of one parameter");

    let mut state = Arrays::from([("v".to_owned(), arr1(&from).into_dyn())]);
    let eta = arr0(eta);
    let inputs = Inputs::new().with("eta", &eta);
    let mut step = || {
        let values = plan.step(&mut state, &inputs).expect("an array for each input");
        let pair = |k: usize| [values[k][0], values[k][1]];
        Point { at: pair(0), z: values[1].sum(), gradient: pair(2) }
    };
    (0..=steps).map(|_| step()).collect()
}

fn main() {
    println!(
        "z = x² + y² from (3, 2), η = 0.1\n\n step      x        y      ∂z/∂x    ∂z/∂y      z"
    );
    let points = descend(bowl, [3.0, 2.0], 0.1, false, 30);
    for (k, Point { at, z, gradient }) in points.iter().enumerate().filter(|(k, _)| k % 3 == 0) {
        let [[x, y], [dx, dy]] = [at, gradient];
        println!("{k:5} {x:8.4} {y:8.4} {dx:9.4}{dy:9.4} {z:9.5}");
    }

    println!("\nThe same with other learning rates: x after so many steps");
    println!("   η        1        2        5       20");
    for eta in [0.001, 0.01, 0.1, 0.4, 0.5, 0.9, 1.0, 1.1] {
        let points = descend(bowl, [3.0, 2.0], eta, false, 20);
        let x = [1, 2, 5, 20].map(|k| format!("{:8.3}", points[k].at[0]));
        println!("{eta:6} {}", x.join(" "));
    }
    println!(
        "Small is slow; 0.5 arrives at once; from 0.5 it oversteps, from 1 it does not settle."
    );

    println!("\nTwo valleys: where descent ends");
    println!("  from x     η = 0.01                     five steps of η = 1, then η = 0.01");
    for x in [1.6, 1.3, 0.5, 0.0, -0.5, -1.6] {
        let slow = descend(two_valleys, [x, 0.0], 0.01, false, 4000)[4000];
        let far = descend(two_valleys, [x, 0.0], 1.0, false, 5)[5];
        let then = descend(two_valleys, far.at, 0.01, false, 4000)[4000];
        let show = |p: Point| format!("x = {:7.4}, z = {:7.4}", p.at[0], p.z);
        println!("{x:8}     {}     {}", show(slow), show(then));
    }
    println!("A small η sticks in the nearest valley; a large one may leap out of it, or into it.");

    let [at_rest, beside] =
        [[0.0, 0.0], [0.0, 1e-6]].map(|from| descend(saddle, from, 0.1, false, 100)[100]);
    println!("\nz = x² − y² from (0, 0): still at {:?}, for ∇z = 0;", at_rest.at);
    println!("from (0, 0.000001): y = {:.1} after 100 steps. ∇z = 0 is no proof.", beside.at[1]);

    println!("\nSteps of length η = 0.35, Δx = −η∇z/|∇z|, on z = x² + y² from (3, 2): |x|");
    let points = descend(bowl, [3.0, 2.0], 0.35, true, 30);
    for (k, Point { z, .. }) in points.iter().enumerate().filter(|(k, _)| k % 2 == 0) {
        println!("{k:5} {:8.4}  {}*", z.sqrt(), " ".repeat((16.0 * z.sqrt()).round() as usize));
    }
    println!("With a constant η they step to and fro over the minimum.");
    out::write(pictures::all);
}
