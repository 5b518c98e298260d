//! Scratch.
use gradus::ops::*;
use gradus::plan::compile;
use std::time::Instant;
fn main() {
    for nodes in [1000, 10_000, 100_000] {
        let g = Graph::new();
        let x = input(&g, "x", ());
        let y = (0..nodes / 6).fold(x, |y, _| tanh(y * x + y));
        let [dx] = grad(y, [x]);
        let at = ndarray::arr0(0.5f64);
        let t = Instant::now();
        let mut plan = compile::<f64>(&[dx], &[]).unwrap();
        let t1 = t.elapsed();
        let inputs = Inputs::new().with("x", &at);
        plan.step(&mut Arrays::new(), &inputs).unwrap();
        let t2 = t.elapsed();
        let t = Instant::now();
        for _ in 0..10 {
            plan.step(&mut Arrays::new(), &inputs).unwrap();
        }
        println!("{} nodes: program {t1:?}, compiled {t2:?}, step {:?}", g.len(), t.elapsed() / 10);
    }
}
