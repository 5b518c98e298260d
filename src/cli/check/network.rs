//! The check of a network, with its cost.

use gradus::models::data::Mnist;
use gradus::models::{Cost, Init, ModelError, Network, Parameter, Training};
use gradus::ndarray::{Array, Array2, ArrayD};
use gradus::ops::{
    Arrays, Check as GradientCheck, Compared, Difference, Graph, Report, Test, Verdict,
};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::{Check, as_json, say, taylor};
use crate::cli::table::table;

/// Checks a network at random parameters and its quadratic cost, or at those of a checkpoint and
/// the cost that it was trained with.
pub fn check(
    options: &Check, network: &Network, training: Option<&Training>,
) -> Result<(), ModelError> {
    let at = point(options, network, training)?;
    let g = Graph::new();
    let forward = network.forward(network.examples(&g, "x"));
    let cost = training.map_or(Cost::Quadratic, |training| training.settings().cost);
    let output = cost.of(&forward, network.targets(&g, "y"));
    let parameters = network.parameters();
    let nodes: Vec<_> = parameters.iter().map(|parameter| parameter.node(&g)).collect();
    let report = options.set(GradientCheck::new(&[output], &nodes)).run(&at)?;

    let (count, examples, seed) = (network.count(), options.examples, options.seed);
    if options.json {
        let what = json!({
            "network": network.to_string(),
            "parameters": count,
            "cost": cost.to_string(),
            "examples": examples,
            "seed": seed,
        });
        say(&as_json(&report, what))?;
        return options.conclude(&[report]);
    }
    say(&format!("{network}: {count} parameters, {examples} examples, seed {seed}"))?;
    for order in 1..=options.order {
        say(&order_table(options, order, &parameters, &report))?;
    }
    say(&format!("\n{report}"))?;
    if options.taylor {
        say(&format!("\n{}", taylor(&report)))?;
    }
    options.conclude(&[report])
}

/// Parameters, inputs and targets: MNIST's test pictures where they fit, else random grey ones.
fn point(
    options: &Check, network: &Network, training: Option<&Training>,
) -> Result<Arrays<f64>, ModelError> {
    let random = &mut ChaCha8Rng::seed_from_u64(options.seed);
    let mut at: Arrays<f64> = match training {
        Some(training) => {
            let widened =
                |(name, array): (&String, &ArrayD<f32>)| (name.clone(), array.mapv(f64::from));
            training.state().iter().map(widened).collect()
        }
        None => {
            let mut at = Init::Scaled.draw_all(network, random);
            for beside in network.statistics() {
                at.insert(beside.name.clone(), Init::Scaled.draw(&beside, random));
            }
            at
        }
    };
    let classes: usize = network.output().iter().product();
    let shape: Vec<usize> = [&[options.examples], network.input()].concat();
    let mnist = network.input().iter().product::<usize>() == 784 && network.output() == [10];
    let (x, y): (ArrayD<f64>, Array2<f64>) = if mnist {
        let test = Mnist::read(&options.data)?.test;
        if options.examples > test.len() {
            let problem = format!("there are {} test pictures", test.len());
            return Err(ModelError::Settings(problem));
        }
        let (x, y) = test.batch(&(0..options.examples).collect::<Vec<_>>());
        let x = x.mapv(f64::from).into_shape_with_order(shape).expect("as many pixels");
        (x, y.mapv(f64::from))
    } else {
        let x = ArrayD::from_shape_simple_fn(shape.as_slice(), || random.random());
        let target = |(k, class)| f64::from(u8::from(k % classes == class));
        (x, Array::from_shape_fn((options.examples, classes), target))
    };
    let targets: Vec<usize> = [&[options.examples], network.output()].concat();
    let y = y.into_shape_with_order(targets).expect("a number for each output");
    at.insert("x".to_owned(), x);
    at.insert("y".to_owned(), y);
    Ok(at)
}

/// A line for each parameter, or for each number that was compared.
fn order_table(options: &Check, order: usize, parameters: &[Parameter], report: &Report) -> String {
    let of_order = report.differences.iter().filter(|difference| difference.order == order);
    let (mut text, mut rows) = (String::new(), Vec::new());
    let head = match options.each {
        true => &["number", "derivative", "difference", "apart", "bound", "verdict"][..],
        false => &[
            "parameter",
            "shape",
            "compared",
            "largest",
            "apart",
            "of bound",
            "31 digits",
            "verdict",
        ],
    };
    rows.push(head.iter().map(|&name| name.to_owned()).collect());
    for difference in of_order.clone().filter(|d| d.test == Test::Modes) {
        let Difference { derivative, other, apart, bound, verdict, of, .. } = difference;
        let Compared::Direction { seed } = of else { continue };
        text += &format!(
            "\nOrder {order}, seed {seed}: forward {other:.6e} and reverse mode {derivative:.6e} \
             are {apart:.1e} apart, bound {bound:.1e}: {verdict}"
        );
    }
    for parameter in parameters {
        let elements = of_order.clone().filter(
            |d| matches!(&d.of, Compared::Element { input, .. } if *input == parameter.name),
        );
        if options.each {
            let plain = elements.filter(|d| d.test == Test::Differences);
            rows.extend(plain.map(|difference| each(parameter, difference)));
        } else {
            rows.push(summary(parameter, &elements.collect::<Vec<_>>()));
        }
    }
    format!("{text}\n{}", table(&rows, if options.each { &[1, 2, 3, 4] } else { &[2, 3, 4, 5, 6] }))
}

/// One number: `w2[0, 11]`, its derivative and its finite difference.
fn each(parameter: &Parameter, difference: &Difference) -> Vec<String> {
    let Difference { derivative, other, apart, bound, verdict, of, .. } = difference;
    let index = if let Compared::Element { index, .. } = of { index.as_slice() } else { &[] };
    vec![
        format!("{}{index:?}", parameter.name),
        format!("{derivative:.9e}"),
        format!("{other:.9e}"),
        format!("{apart:.1e}"),
        format!("{bound:.1e}"),
        verdict.to_string(),
    ]
}

/// All compared numbers of a parameter in a line.
fn summary(parameter: &Parameter, all: &[&Difference]) -> Vec<String> {
    let of = |test| all.iter().filter(move |d| d.test == test);
    let most = |test, f: fn(&Difference) -> f64| of(test).map(|d| f(d)).fold(0.0, f64::max);
    let apart = |d: &Difference| d.apart;
    let count = |verdict| all.iter().filter(|d| d.verdict == verdict).count();
    let verdict = [Verdict::Differs, Verdict::Inconclusive, Verdict::Kink, Verdict::Settled]
        .into_iter()
        .find(|&verdict| count(verdict) > 0)
        .map_or(Verdict::Agrees.to_string(), |verdict| format!("{} {verdict}", count(verdict)));
    let sizes: Vec<String> = parameter.shape.iter().map(usize::to_string).collect();
    let digits = match of(Test::Digits).count() {
        0 => "not tried".to_owned(),
        _ => format!("{:.0e}", most(Test::Digits, apart)),
    };
    vec![
        parameter.name.clone(),
        sizes.join("×"),
        format!("{} / {}", of(Test::Differences).count(), parameter.count()),
        format!("{:.1e}", most(Test::Differences, |d| d.derivative.abs())),
        format!("{:.1e}", most(Test::Differences, apart)),
        format!("{:.0e}", most(Test::Differences, Difference::share)),
        digits,
        verdict,
    ]
}
