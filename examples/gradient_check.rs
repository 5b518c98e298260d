//! What the gradient check says of a right rule, of a wrong one, and of a kink.
//!
//! ```text
//! cargo run --release --example gradient_check -- --out target/pictures
//! ```

use gradus::ndarray::{arr0, array};
use gradus::ops::{Compared, Op, Primitive, Test, Verdict};
use gradus::prelude::*;

mod out;
#[path = "pictures/gradient_check.rs"]
pub mod pictures;

fn main() {
    let g = Graph::new();
    let (x, y) = (input(&g, "x", ("n", 2)), input(&g, "y", ("n", 1)));
    let (w2, b2) = (param(&g, "w2", [3, 2]), param(&g, "b2", [3]));
    let (w3, b3) = (param(&g, "w3", [1, 3]), param(&g, "b3", [1]));
    let a2 = sigmoid(matmul(x, transpose(w2)) + b2).named("a2");
    let a3 = sigmoid(matmul(a2, transpose(w3)) + b3).named("a3");
    let cost = quadratic_cost(a3, y);

    let at = Arrays::from([
        ("x".to_owned(), array![[0.5, -1.0], [1.5, 0.3]].into_dyn()),
        ("y".to_owned(), array![[1.0], [0.8]].into_dyn()),
        ("w2".to_owned(), array![[0.2, -0.5], [0.7, 0.4], [-0.3, 0.9]].into_dyn()),
        ("b2".to_owned(), array![0.1, -0.2, 0.3].into_dyn()),
        ("w3".to_owned(), array![[0.8, -0.6, 0.5]].into_dyn()),
        ("b3".to_owned(), array![-0.4].into_dyn()),
    ]);

    // ANCHOR: right
    let check = Check::new(&[cost], &[w2, b2, w3, b3]);
    let check = check.against("a plan", |outputs| compile(outputs, &[]));
    let report = check.run(&at).expect("an array for each input");
    assert!(report.passed(), "{report}");
    for test in Test::ALL {
        let agree = report.of(test).filter(|d| d.verdict == Verdict::Agrees).count();
        println!("{agree:>2} agree: {}", test.words());
    }
    // ANCHOR_END: right

    // ANCHOR: taylor
    // How fast what Taylor expansions leave vanishes, as the step is halved.
    println!();
    for line in report.taylor[0].to_string().lines().take(6) {
        println!("{line}");
    }
    // ANCHOR_END: taylor

    // ANCHOR: wrong
    // BP2 without σ′(z²): the hidden layer passes its cotangent on as it is.
    let report = Check::new(&[cost], &[b2, b3])
        .order(1)
        .with_vjp(|op, k, x, y, y_bar| match op {
            Op::Sigmoid(_) if y == a2 => Some(y_bar),
            _ => op.vjp(k, x, y, y_bar),
        })
        .run(&at)
        .expect("an array for each input");
    assert!(!report.passed());
    println!("\nOf the differences in f64 these do not agree:");
    for failure in report.of(Test::Differences).filter(|d| d.verdict != Verdict::Agrees) {
        println!("{}: {:.6} against {:.6}", failure.of, failure.derivative, failure.other);
    }
    let blame = report.blame.expect("a rule that is wrong by itself");
    let (rule, label) = (&blame.rule, blame.label.expect("it has a name"));
    println!("To blame: {rule} of {} at `{label}`,", blame.operation);
    println!("written at {}.", blame.line.expect("somebody wrote it"));
    let (index, given, wanted) = (&blame.index, blame.derivative, blame.other);
    println!("At {index:?} it gives {given:.6}, and its kernel's difference is {wanted:.6}.");
    // ANCHOR_END: wrong

    // ANCHOR: kink
    // At 0 a rectifier has no derivative. By convention it is 0, and the slopes are 0 and 1.
    let g = Graph::new();
    let x = input(&g, "x", ());
    let at = Arrays::from([("x".to_owned(), arr0(0.0).into_dyn())]);
    let report = Check::new(&[2.0 * relu(x)], &[x]).order(1).run(&at).expect("an array for x");
    let element = report.kinks().find(|d| matches!(d.of, Compared::Element { .. }));
    let kink = element.expect("the one element is at the kink");
    println!("\n{}: {:?} {},", kink.of, kink.derivative, kink.verdict);
    println!("{}", kink.note.as_ref().expect("it says where").replace(", ", ",\n"));
    // ANCHOR_END: kink
    out::write(pictures::all);
}
