//! The problems in `data/nist`, and their models as graphs.

use std::path::Path;

use gradus::ndarray::{Array1, Array2, arr0};
use gradus::prelude::*;
use serde::Deserialize;

use crate::expression::parse;

/// One problem of `nist_strd.json`; the README beside it describes the fields.
#[derive(Deserialize)]
pub struct Problem {
    pub name: String,
    pub difficulty: String,
    pub certified: Vec<f64>,
    pub certified_sd: Vec<f64>,
    pub certified_rss: f64,
    pub points: Points,
    model: String,
    x: Vec<Data>,
    y: Vec<f64>,
    fit_log_y: bool,
}

/// One x: a number, or the pair (x1, x2).
#[derive(Deserialize)]
#[serde(untagged)]
enum Data {
    One(f64),
    Two([f64; 2]),
}

/// The points at which the derivatives are known.
#[derive(Deserialize)]
pub struct Points {
    pub start1: Point,
    pub start2: Point,
    pub certified: Point,
}

/// Parameters, with Σ r² and its derivatives there.
#[derive(Deserialize)]
pub struct Point {
    pub b: Vec<f64>,
    pub rss: f64,
    pub gradient: Vec<f64>,
    pub hessian: Vec<Vec<f64>>,
}

/// All problems, in alphabetical order.
pub fn problems() -> Vec<Problem> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/nist/nist_strd.json");
    let text = std::fs::read_to_string(path).expect("data/nist/nist_strd.json");
    serde_json::from_str(&text).expect("the format of the README")
}

impl Problem {
    /// The residuals, model minus y, of shape [n], over the parameters `b1`, `b2`, ….
    pub fn residuals<'g>(&self, g: &'g Graph) -> Expr<'g> {
        let x = input(g, "x", ("n", self.columns()));
        let column = |k: usize| reshape(slice(x, 1, k..k + 1), ("n",));
        let parameters = self.parameters(g);
        let name = |name: &str| match name {
            "x" | "x1" => Some(column(0)),
            "x2" => Some(column(1)),
            _ => parameters.iter().copied().find(|b| b.label().as_deref() == Some(name)),
        };
        let formula = self.model.rsplit(" = ").next().expect("a formula");
        let model = parse(g, formula, &name).unwrap_or_else(|error| panic!("{error}"));
        model - input(g, "y", ("n",))
    }

    /// The parameters, in order.
    pub fn parameters<'g>(&self, g: &'g Graph) -> Vec<Expr<'g>> {
        (1..=self.certified.len()).map(|k| param(g, &format!("b{k}"), ())).collect()
    }

    /// Arrays for the parameters.
    pub fn at(&self, b: &[f64]) -> Arrays<f64> {
        (1..).zip(b).map(|(k, &b)| (format!("b{k}"), arr0(b).into_dyn())).collect()
    }

    /// The arrays of the data.
    pub fn data(&self) -> (Array2<f64>, Array1<f64>) {
        let numbers = self.x.iter().flat_map(|x| match x {
            Data::One(x) => vec![*x],
            Data::Two(pair) => pair.to_vec(),
        });
        let sizes = (self.y.len(), self.columns());
        let x = Array2::from_shape_vec(sizes, numbers.collect()).expect("equal rows");
        let y = Array1::from_vec(self.y.clone());
        (x, if self.fit_log_y { y.ln() } else { y })
    }

    fn columns(&self) -> usize {
        if let Some(Data::Two(_)) = self.x.first() { 2 } else { 1 }
    }
}
