//! `gradus check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gradus::models::data::Mnist;
use gradus::models::{Cost, Init, ModelError, Network, Parameter, classic};
use gradus::ndarray::{Array, Array2, ArrayD};
use gradus::ops::{Arrays, Check as GradientCheck, Compared, Difference, Graph, Report, Verdict};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::say;
use super::table::table;

/// Check the gradient of a network: forward against reverse, and finite differences
///
/// In double precision, at random parameters, for a few examples and the quadratic cost. Exits with
/// an error if anything disagrees, or a finite difference is not known well enough to tell.
#[derive(Args)]
pub struct Check {
    /// The network
    network: Name,

    /// How many examples
    #[arg(long, default_value_t = 3, value_name = "N")]
    examples: usize,

    /// Compare at most this many numbers of a parameter with finite differences
    #[arg(long, default_value_t = 64, value_name = "N")]
    elements: usize,

    /// Derivatives up to this order
    #[arg(long, default_value_t = 2, value_name = "N")]
    order: usize,

    /// What parameters, pictures and directions are drawn from
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,

    /// Print each number that is compared, not only a line for each parameter
    #[arg(long)]
    each: bool,

    /// The folder with the four MNIST files
    #[arg(long, default_value = "data/mnist", value_name = "DIR")]
    data: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Name {
    /// 784-30-10, on the first test pictures of MNIST
    Mnist,
    /// 12-3-2, on random grey pictures of 4×3 pixels
    Demon,
    /// The convolutional network of 69 parameters, on random grey pictures of 6×6 pixels
    Cnn,
}

impl Check {
    pub fn run(self) -> Result<(), ModelError> {
        if self.examples == 0 || self.elements == 0 || self.order == 0 {
            let problem = "a check wants at least one example, one element and the first order";
            return Err(ModelError::Settings(problem.to_owned()));
        }
        let network = match self.network {
            Name::Mnist => classic::mnist(),
            Name::Demon => classic::demons(),
            Name::Cnn => classic::small_cnn(),
        };
        let at = self.point(&network)?;
        let g = Graph::new();
        let forward = network.forward(network.examples(&g, "x"));
        let cost = Cost::Quadratic.of(&forward, network.targets(&g, "y"));
        let parameters = network.parameters();
        let nodes: Vec<_> = parameters.iter().map(|parameter| parameter.node(&g)).collect();
        let check = GradientCheck::new(&[cost], &nodes);
        let check = check.order(self.order).seed(self.seed).elements(self.elements);
        let report = check.run(&at)?;

        let (count, examples, seed) = (network.count(), self.examples, self.seed);
        say(&format!("{network}: {count} parameters, {examples} examples, seed {seed}"))?;
        for order in 1..=self.order {
            say(&self.order_table(order, &parameters, &report))?;
        }
        let (all, failed) = (report.differences.len(), report.failures().count());
        say(&format!("\n{} of {all} comparisons agree", all - failed))?;
        if report.passed() {
            return Ok(());
        }
        Err(ModelError::Settings(format!("{failed} of {all} comparisons do not agree")))
    }

    /// Parameters, inputs and targets.
    fn point(&self, network: &Network) -> Result<Arrays<f64>, ModelError> {
        let random = &mut ChaCha8Rng::seed_from_u64(self.seed);
        let mut at: Arrays<f64> = Init::Scaled.draw_all(network, random);
        let classes = network.output()[0];
        let shape: Vec<usize> = [&[self.examples], network.input()].concat();
        let (x, y): (ArrayD<f64>, Array2<f64>) = match self.network {
            Name::Mnist => {
                let test = Mnist::read(&self.data)?.test;
                if self.examples > test.len() {
                    let problem = format!("there are {} test pictures", test.len());
                    return Err(ModelError::Settings(problem));
                }
                let (x, y) = test.batch(&(0..self.examples).collect::<Vec<_>>());
                (x.mapv(f64::from).into_dyn(), y.mapv(f64::from))
            }
            Name::Demon | Name::Cnn => {
                let x = ArrayD::from_shape_simple_fn(shape.as_slice(), || random.random());
                let target = |(k, class)| f64::from(u8::from(k % classes == class));
                (x, Array::from_shape_fn((self.examples, classes), target))
            }
        };
        at.insert("x".to_owned(), x);
        at.insert("y".to_owned(), y.into_dyn());
        Ok(at)
    }

    fn order_table(&self, order: usize, parameters: &[Parameter], report: &Report) -> String {
        let of_order = report.differences.iter().filter(|difference| difference.order == order);
        let (mut text, mut rows) = (String::new(), Vec::new());
        let head = match self.each {
            true => &["number", "derivative", "difference", "apart", "bound", "verdict"][..],
            false => &["parameter", "shape", "compared", "largest", "apart", "of bound", "verdict"],
        };
        rows.push(head.iter().map(|&name| name.to_owned()).collect());
        for difference in of_order.clone().filter(|d| d.of == Compared::Directions) {
            let Difference { derivative, other, bound, verdict, .. } = difference;
            text = format!(
                "\nOrder {order}: forward {other:.6e} and reverse mode {derivative:.6e} are \
                 {:.1e} apart, bound {bound:.1e}: {}\n",
                (derivative - other).abs(),
                word(*verdict)
            );
        }
        for parameter in parameters {
            let elements = of_order.clone().filter_map(|difference| match &difference.of {
                Compared::Element { input, element } if *input == parameter.name => {
                    Some((*element, difference))
                }
                _ => None,
            });
            let elements: Vec<_> = elements.collect();
            if self.each {
                rows.extend(elements.iter().map(|(k, difference)| each(parameter, *k, difference)));
            } else {
                rows.push(summary(parameter, &elements));
            }
        }
        text + &table(&rows, if self.each { &[1, 2, 3, 4] } else { &[2, 3, 4, 5] })
    }
}

/// One number: `w2[0, 11]`, its derivative and its finite difference.
fn each(parameter: &Parameter, element: usize, difference: &Difference) -> Vec<String> {
    let index = indices(&parameter.shape, element);
    let Difference { derivative, other, bound, verdict, .. } = difference;
    vec![
        format!("{}{index:?}", parameter.name),
        format!("{derivative:.9e}"),
        format!("{other:.9e}"),
        format!("{:.1e}", (derivative - other).abs()),
        format!("{bound:.1e}"),
        word(*verdict).to_owned(),
    ]
}

/// All compared numbers of a parameter in a line.
fn summary(parameter: &Parameter, elements: &[(usize, &Difference)]) -> Vec<String> {
    let largest =
        |f: fn(&Difference) -> f64| elements.iter().map(|(_, d)| f(d)).fold(0.0, f64::max);
    let count = |verdict| elements.iter().filter(|(_, d)| d.verdict == verdict).count();
    let apart = |d: &Difference| (d.derivative - d.other).abs();
    let verdict = match (count(Verdict::Differs), count(Verdict::Inconclusive)) {
        (0, 0) => word(Verdict::Agrees).to_owned(),
        (0, unknown) => format!("{unknown} {}", word(Verdict::Inconclusive)),
        (wrong, _) => format!("{wrong} {}", word(Verdict::Differs)),
    };
    let sizes: Vec<String> = parameter.shape.iter().map(usize::to_string).collect();
    vec![
        parameter.name.clone(),
        sizes.join("×"),
        format!("{} / {}", elements.len(), parameter.count()),
        format!("{:.1e}", largest(|d| d.derivative.abs())),
        format!("{:.1e}", largest(apart)),
        format!("{:.0e}", largest(|d| (d.derivative - d.other).abs() / d.bound)),
        verdict,
    ]
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Agrees => "agrees",
        Verdict::Differs => "differs",
        Verdict::Inconclusive => "inconclusive",
    }
}

/// The indices of an element, from its place in row-major order.
fn indices(shape: &[usize], element: usize) -> Vec<usize> {
    let mut rest = element;
    let mut indices = vec![0; shape.len()];
    for (index, &size) in indices.iter_mut().zip(shape).rev() {
        (*index, rest) = (rest % size, rest / size);
    }
    indices
}
