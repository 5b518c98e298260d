//! Two ways to an operation of one's own: a function that composes expressions, and an operation
//! with a kernel and rules. The gradient check works on both.
//!
//! ```text
//! cargo run --release --example custom_operation
//! ```

use gradus::ndarray::{ArrayD, ArrayViewD, array};
use gradus::prelude::*;

/// The swish unit x σ(βx), composed: nothing to prove, and every reader of graphs knows it.
fn swish(x: Expr<'_>, beta: f64) -> Expr<'_> {
    x * sigmoid(beta * x)
}

/// sinc x = sin x / x, which composed is 0/0 at 0: a kernel of its own, with the value 1 there.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Sinc {
    /// Which derivative of sinc this is.
    order: u32,
}

fn sinc(x: Expr<'_>) -> Expr<'_> {
    custom(Sinc { order: 0 }, &[x])
}

impl CustomOp for Sinc {
    fn name(&self) -> &str {
        "sinc"
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        match x {
            [x] => Ok((*x).clone()),
            _ => Err(format!("there must be 1 operand, there are {}", x.len())),
        }
    }

    /// The derivative of order n is Σ (−1)^k x^(2k−n) / ((2k + 1) (2k − n)!), over 2k ≥ n.
    fn eval(&self, x: &[ArrayViewD<'_, f64>]) -> ArrayD<f64> {
        let n = self.order;
        x[0].mapv(|x| {
            let (mut sum, mut power) = (0.0, 1.0);
            for m in 0..60 {
                if (m + n).is_multiple_of(2) {
                    let k = (m + n) / 2;
                    let sign = if k.is_multiple_of(2) { 1.0 } else { -1.0 };
                    sum += sign * power / f64::from(2 * k + 1);
                }
                power *= x / f64::from(m + 1);
            }
            sum
        })
    }

    fn vjp<'g>(&self, _: usize, x: &[Expr<'g>], _: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        Some(y_bar * custom(Sinc { order: self.order + 1 }, &[x[0]]))
    }

    fn jvp<'g>(&self, _: usize, x: &[Expr<'g>], _: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        Some(x_dot * custom(Sinc { order: self.order + 1 }, &[x[0]]))
    }
}

fn main() {
    let g = Graph::new();
    let x = input(&g, "x", ("n",));
    let at = Arrays::from([("x".to_owned(), array![-2.0, 0.0, 0.5, 3.0].into_dyn())]);
    for (name, y) in [("swish", swish(x, 1.5)), ("sinc", sinc(x))] {
        let report = Check::new(&[y], &[x]).order(3).run(&at).expect("an array for the input");
        println!("{name}: {report}");
        assert!(report.passed());
    }
    let [slope] = grad(sum_all(sinc(x)), [x]);
    let values = evaluate(&[sinc(x), slope], &Inputs::new().with_all(&at));
    let values = values.expect("an array for the input");
    println!("sinc  {:.6}\nsinc′ {:.6}", values[0], values[1]);
    assert!((values[0][[3]] - 3f64.sin() / 3.0).abs() < 1e-15);
    assert_eq!((values[0][[1]], values[1][[1]]), (1.0, 0.0), "and not 0/0");
}
