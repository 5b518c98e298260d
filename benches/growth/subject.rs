//! The graphs that grow, and what is measured of one.

use std::hint::black_box;
use std::time::{Duration, Instant};

use allocation_counter::measure;
use gradus::ndarray::{ArrayD, arr0};
use gradus::ops::{
    Arrays, Expr, Graph, Inputs, Tape, input, matmul, param, quadratic_cost, relu, tanh, transpose,
    try_grad,
};
use gradus::plan::compile;

/// What is measured, in this order.
pub const PARTS: [&str; 5] = ["build", "tape", "gradient", "compile", "step"];

/// The figures of one graph, by part.
pub struct Row {
    /// The nodes of the graph, its gradient included.
    pub nodes: usize,
    /// Of the fastest of some runs. Compiling includes the first step, which specialises the plan.
    pub seconds: [f64; 5],
    /// What stays allocated, and for a step what it allocates.
    pub bytes: [f64; 5],
}

/// A family of graphs.
pub struct Subject {
    /// What is differentiated, and with respect to what.
    write: for<'g> fn(&'g Graph, usize) -> (Expr<'g>, Vec<Expr<'g>>),
    /// State and inputs.
    arrays: fn(usize) -> (Arrays<f32>, Arrays<f32>),
}

/// A chain of about so many scalar operations.
pub const CHAIN: Subject = Subject {
    write: |g, nodes| {
        let (x, y) = chain(g, nodes);
        (y, vec![x])
    },
    arrays: |_| (Arrays::new(), Arrays::from([("x".to_owned(), arr0(0.1).into_dyn())])),
};

/// Two dense layers of a width, their cost and gradient descent.
pub const DENSE: Subject = Subject {
    write: |g, width| {
        let (x, y) = (input(g, "x", [EXAMPLES, width]), input(g, "y", [EXAMPLES, width]));
        let [w2, w3] = ["w2", "w3"].map(|name| param(g, name, [width, width]));
        let a2 = relu(matmul(x, transpose(w2)));
        (quadratic_cost(matmul(a2, transpose(w3)), y), vec![w2, w3])
    },
    arrays: |width| {
        let array = |rows| ArrayD::from_elem(vec![rows, width], 1.0 / width as f32);
        let arrays = |names: [&str; 2], rows| names.map(|name| (name.to_owned(), array(rows)));
        (Arrays::from(arrays(["w2", "w3"], width)), Arrays::from(arrays(["x", "y"], EXAMPLES)))
    },
};

const EXAMPLES: usize = 32;
const ETA: f64 = 0.01;

/// y ← tanh(y x + y), which reads `x` once a step, so that a gradient meets a node of many users too.
pub fn chain(g: &Graph, nodes: usize) -> (Expr<'_>, Expr<'_>) {
    let x = input(g, "x", ());
    let y = (0..nodes / 3).fold(x, |y, _| tanh(y * x + y));
    (x, y.named("y"))
}

impl Subject {
    /// All parts at this size.
    pub fn measure(&self, size: usize) -> Row {
        let build = fastest(|| {
            let g = Graph::new();
            timed(|| _ = black_box((self.write)(&g, size)))
        });
        let g = Graph::new();
        let build_bytes = kept(|| _ = black_box((self.write)(&g, size)));
        let (y, x) = (self.write)(&g, size);
        let tape = fastest(|| timed(|| _ = black_box(Tape::new(&[y]))));
        let tape_bytes = size_of_val(Tape::new(&[y]).ids());
        let gradient = fastest(|| {
            let g = Graph::new();
            let (y, x) = (self.write)(&g, size);
            timed(|| _ = black_box(try_grad(y, &x).expect("y depends on x")))
        });
        let gradient_bytes = kept(|| _ = black_box(try_grad(y, &x).expect("y depends on x")));

        let dx = try_grad(y, &x).expect("y depends on x");
        let (mut state, inputs) = (self.arrays)(size);
        let given = Inputs::new().with_all(&inputs);
        let (outputs, updates) = if state.is_empty() {
            ([&[y], &dx[..]].concat(), Vec::new())
        } else {
            let name = |x: &Expr<'_>| x.label().expect("a parameter has a name");
            let updates = x.iter().zip(&dx).map(|(x, &dx)| (name(x), *x - ETA * dx));
            (vec![y], updates.collect())
        };
        let mut compiled = || {
            let mut plan = compile(&outputs, &updates).expect("the graph is well formed");
            plan.step(&mut state, &given).expect("the arrays fit");
            plan
        };
        let compiling = fastest(|| timed(|| _ = black_box(compiled())));
        let mut plan = None;
        let plan_bytes = kept(|| plan = Some(compiled()));
        let mut plan = plan.expect("it was compiled");
        let mut step = || _ = black_box(plan.step(&mut state, &given).expect("the arrays fit"));
        let stepping = fastest(|| {
            // Enough steps for the clock.
            let (start, mut steps) = (Instant::now(), 0);
            while start.elapsed() < Duration::from_millis(2) {
                step();
                steps += 1;
            }
            start.elapsed().as_secs_f64() / f64::from(steps)
        });
        let step_bytes = measure(&mut step).bytes_total as f64;
        Row {
            nodes: g.len(),
            seconds: [build, tape, gradient, compiling, stepping],
            bytes: [build_bytes, tape_bytes as f64, gradient_bytes, plan_bytes, step_bytes],
        }
    }
}

/// Seconds of the fastest of some runs: three, and more while they are short.
fn fastest(mut run: impl FnMut() -> f64) -> f64 {
    let (start, mut best) = (Instant::now(), f64::INFINITY);
    for k in 0..100 {
        if k >= 3 && start.elapsed() > Duration::from_millis(200) {
            break;
        }
        best = run().min(best);
    }
    best
}

fn timed(f: impl FnOnce()) -> f64 {
    let start = Instant::now();
    f();
    start.elapsed().as_secs_f64()
}

/// The bytes that stay allocated.
fn kept(f: impl FnOnce()) -> f64 {
    measure(f).bytes_current as f64
}
