//! Functions and chains of functions, element by element.

use gradus::ndarray::Array1;
use gradus::ops::{Expr, cos, exp, input, log, sigmoid, sin, softplus, tanh};
use gradus::plan::Real;

use crate::planned::{Planned, assert_near};
use crate::rounds::{Bars, best};
use crate::vectors::{Instructions, LANES, Lanes, Line, Step, numbers, numbers_mut, zeros};

/// How many elements functions are timed with.
const ELEMENTS: usize = 100_000;
/// How many elements chains have in cache and in memory.
const PLACES: [(&str, usize); 2] = [("in cache", 16_000), ("from DRAM", 16_000_000)];

/// A function of expressions, and the same of the standard library.
struct Function {
    name: &'static str,
    plan: fn(Expr<'_>) -> Expr<'_>,
    std: fn(f64) -> f64,
    std_f32: fn(f32) -> f32,
    /// The points lie between 1 − `spread` and 1 + `spread`.
    spread: f64,
}

const FUNCTIONS: [Function; 7] = [
    Function { name: "exp", plan: exp, std: f64::exp, std_f32: f32::exp, spread: 20.0 },
    Function { name: "log", plan: log, std: f64::ln, std_f32: f32::ln, spread: 0.999 },
    Function {
        name: "sigmoid",
        plan: sigmoid,
        std: |x| 1.0 / (1.0 + (-x).exp()),
        std_f32: |x| 1.0 / (1.0 + (-x).exp()),
        spread: 20.0,
    },
    Function { name: "tanh", plan: tanh, std: f64::tanh, std_f32: f32::tanh, spread: 5.0 },
    Function {
        name: "softplus",
        plan: softplus,
        std: |x| x.max(0.0) + (-x.abs()).exp().ln_1p(),
        std_f32: |x| x.max(0.0) + (-x.abs()).exp().ln_1p(),
        spread: 20.0,
    },
    Function { name: "sin", plan: sin, std: f64::sin, std_f32: f32::sin, spread: 20.0 },
    Function { name: "cos", plan: cos, std: f64::cos, std_f32: f32::cos, spread: 20.0 },
];

pub fn bench(bars: &mut Bars) {
    println!("\nfunctions at 10^5 elements, ns per element");
    println!("{:<10}{:>10}{:>10}{:>10}{:>10}", "", "plan f32", "std f32", "plan f64", "std f64");
    for f in &FUNCTIONS {
        let [plan32, std32] = function::<f32>(f, f.std_f32);
        let [plan64, std64] = function::<f64>(f, f.std);
        println!("{:<10}{plan32:>10.2}{std32:>10.2}{plan64:>10.2}{std64:>10.2}", f.name);
    }
    println!("\nchains in f32, ns per element");
    println!("{:<28}{:>10}{:>10}{:>8}", "", "plan", "by hand", "ratio");
    for (place, elements) in PLACES {
        for (name, kind) in
            [("σ(z) (1 − σ(z)) d", Kind::Sigmoid), ("(z d + z) z − d", Kind::Products)]
        {
            let [plan, hand] = chain(kind, elements);
            let ratio = plan / hand;
            println!("{:<28}{plan:>10.2}{hand:>10.2}{ratio:>8.2}", format!("{name}, {place}"));
            if kind == Kind::Sigmoid && place == "in cache" {
                bars.at_most("sigmoid chain in cache, times by hand", ratio, 1.4);
            }
        }
    }
    let (exp32, exp64) = errors();
    bars.at_most("exp in f32, largest error in ulp", exp32, 1.0);
    bars.at_most("exp in f64, largest distance to std in ulp", exp64, 2.0);
}

/// Nanoseconds per element by a plan and by the standard library.
fn function<T: Real>(f: &Function, std: fn(T) -> T) -> [f64; 2] {
    let points = (0..ELEMENTS).map(|k| 1.0 + f.spread * (2.0 * k as f64 / ELEMENTS as f64 - 1.0));
    let x: Array1<T> = points.map(T::from_double).collect();
    let mut plan =
        Planned::new(&[("x", x.clone().into_dyn())], |g| [(f.plan)(input(g, "x", [ELEMENTS]))]);
    let mut y = vec![T::from_double(0.0); ELEMENTS];
    let times = best(&mut [&mut || _ = plan.run(), &mut || {
        y.iter_mut().zip(&x).for_each(|(y, &x)| *y = std(x))
    }]);
    assert_near(plan.run()[0].as_slice().expect("standard"), &y, f.name);
    [times[0], times[1]].map(|seconds| seconds * 1e9 / ELEMENTS as f64)
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Sigmoid,
    Products,
}

/// Nanoseconds per element by a plan and by a loop that fuses by hand.
fn chain(kind: Kind, elements: usize) -> [f64; 2] {
    let points = |from: f32| (0..elements).map(move |k| from + (k % 1024) as f32 / 256.0);
    let (z, d): (Array1<f32>, Array1<f32>) = (points(-2.0).collect(), points(-1.0).collect());
    let arrays = [("z", z.clone().into_dyn()), ("d", d.clone().into_dyn())];
    let mut plan = Planned::new(&arrays, |g| {
        let (z, d) = (input(g, "z", [elements]), input(g, "d", [elements]));
        [match kind {
            Kind::Sigmoid => sigmoid(z) * (1.0 - sigmoid(z)) * d,
            Kind::Products => (z * d + z) * z - d,
        }]
    });
    let (instructions, mut hand) =
        (Instructions::best(), Chain { kind, out: zeros(elements / LANES) });
    let (z, d) = (z.as_slice().expect("standard"), d.as_slice().expect("standard"));
    let times =
        best(&mut [&mut || _ = plan.run(), &mut || _ = instructions.step(&mut hand, z, d, 0.0)]);
    let got = plan.run()[0].as_slice().expect("standard");
    // SAFETY: the lines have so many numbers.
    let out = unsafe { std::slice::from_raw_parts(numbers(&hand.out), elements) };
    assert_near(got, out, "chain");
    [times[0], times[1]].map(|seconds| seconds * 1e9 / elements as f64)
}

/// A chain in one loop.
struct Chain {
    kind: Kind,
    out: Vec<Line>,
}

impl Step for Chain {
    #[inline(always)]
    fn step_with<S: Lanes>(&mut self, s: S, z: &[f32], d: &[f32], _: f32) -> f32 {
        let out = numbers_mut(&mut self.out);
        assert!(z.len() == d.len() && z.len() == self.out.len() * LANES);
        let one = s.splat(1.0);
        for k in (0..z.len()).step_by(LANES) {
            // SAFETY: all three have sixteen numbers from k on.
            unsafe {
                let (z, d) = (s.load(z.as_ptr().add(k)), s.load(d.as_ptr().add(k)));
                let y = match self.kind {
                    Kind::Sigmoid => {
                        let a = s.sigmoid(z);
                        s.mul(s.mul(a, s.sub(one, a)), d)
                    }
                    Kind::Products => s.sub(s.mul(s.fma(z, d, z), z), d),
                };
                s.store(out.add(k), y);
            }
        }
        0.0
    }
}

/// The largest errors of exp: in `f32` against `f64`, and in `f64` the distance to the standard
/// library's, in units in the last place.
fn errors() -> (f64, f64) {
    let points: Vec<f64> = (0..1 << 20).map(|k| -80.0 + 160.0 * f64::from(k) / 1048576.0).collect();
    let x32: Array1<f32> = points.iter().map(|&x| x as f32).collect();
    let x64: Array1<f64> = points.into();
    let count = x64.len();
    let arrays = [("x", x32.clone().into_dyn())];
    let mut single = Planned::new(&arrays, |g| [exp(input(g, "x", [count]))]);
    let arrays = [("x", x64.clone().into_dyn())];
    let mut double = Planned::new(&arrays, |g| [exp(input(g, "x", [count]))]);
    let single = single.run()[0].iter().zip(&x32).map(|(&y, &x)| {
        let want = f64::from(x).exp();
        let ulp = f64::from((want as f32).next_up() - want as f32);
        (f64::from(y) - want).abs() / ulp
    });
    let double = double.run()[0].iter().zip(&x64).map(|(&y, &x)| {
        let want = x.exp();
        (y - want).abs() / (want.next_up() - want)
    });
    (single.fold(0.0, f64::max), double.fold(0.0, f64::max))
}
