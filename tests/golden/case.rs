//! The files' format.

use ndarray::ArrayD;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

#[derive(Deserialize)]
pub struct File {
    pub family: String,
    pub cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub enum Case {
    Op(OpCase),
    Graph(GraphCase),
    Model(Box<ModelCase>),
}

impl Case {
    pub fn name(&self) -> &str {
        match self {
            Case::Op(case) => &case.name,
            Case::Graph(case) => &case.name,
            Case::Model(case) => &case.name,
        }
    }
}

#[derive(Deserialize)]
pub struct OpCase {
    pub name: String,
    pub op: String,
    pub flags: Vec<String>,
    pub attrs: Value,
    pub inputs: Vec<Tensor>,
    pub output: Tensor,
    pub cotangent: Tensor,
    pub vjp: Vec<Option<Tensor>>,
    pub tangents: Vec<Option<Tensor>>,
    pub jvp: Tensor,
    pub hvp: Option<Vec<Option<Tensor>>>,
    #[serde(default)]
    pub alternatives: Vec<Alternative>,
    pub rtol: f64,
    pub atol: f64,
}

impl OpCase {
    /// Whether the numbers fit in `f32` and do not cancel there.
    pub fn fits_single(&self, family: &str) -> bool {
        let unfit = ["saturated", "tiny", "large_logits", "accuracy"];
        family != "edge_nonfinite" && !self.flags.iter().any(|flag| unfit.contains(&flag.as_str()))
    }
}

#[derive(Deserialize)]
pub struct Alternative {
    pub vjp: Vec<Option<Tensor>>,
}

#[derive(Deserialize)]
pub struct GraphCase {
    pub name: String,
    pub nodes: Vec<Node>,
    pub output_id: usize,
    pub inputs: Vec<Tensor>,
    pub value: Tensor,
    pub gradient: Vec<Tensor>,
    pub direction: Vec<Tensor>,
    pub hvp: Vec<Tensor>,
    pub hessian: Option<Tensor>,
    pub rtol: f64,
    pub atol: f64,
}

#[derive(Deserialize)]
pub struct Node {
    pub id: usize,
    pub op: String,
    pub inputs: Vec<usize>,
    pub attrs: Value,
}

#[derive(Deserialize)]
pub struct ModelCase {
    pub name: String,
    pub layers: Vec<Layer>,
    pub loss_kind: String,
    pub parameters: Vec<Parameter>,
    pub init: Init,
    pub input_shape: Vec<usize>,
    pub labels: Vec<usize>,
    pub target: Tensor,
    pub learning_rate: f64,
    pub activations_out: Expected,
    pub loss: Scalar,
    pub gradient: Value,
    pub hvp: Value,
    pub hessian: Option<Tensor>,
    pub sgd: Sgd,
    pub rtol: f64,
    pub atol: f64,
}

#[derive(Deserialize)]
pub struct Layer {
    pub kind: String,
    pub weight: Option<String>,
    pub bias: Option<String>,
    #[serde(rename = "fn")]
    pub function: Option<String>,
    #[serde(default)]
    pub attrs: Value,
}

#[derive(Deserialize)]
pub struct Parameter {
    pub name: String,
    pub shape: Vec<usize>,
}

#[derive(Deserialize)]
pub struct Init {
    pub param_seed: u64,
    pub param_range: [f64; 2],
    pub data_seed: u64,
    pub data_range: [f64; 2],
    pub label_seed: u64,
    pub direction_seed: u64,
    pub direction_range: [f64; 2],
    pub first_params: Vec<f64>,
    pub first_data: Vec<f64>,
}

#[derive(Deserialize)]
pub struct Sgd {
    pub steps: usize,
    pub loss_before_each_step_and_after: Vec<f64>,
    pub params_after: Value,
}

/// A number that may stand alone or as a tensor of rank 0.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    Number(f64),
    Tensor(Tensor),
}

impl Scalar {
    pub fn value(&self) -> f64 {
        match self {
            Scalar::Number(x) => *x,
            Scalar::Tensor(x) => x.0.sum(),
        }
    }
}

/// What a tensor should be: all of it, or for large ones some figures of it.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Expected {
    Whole(Tensor),
    Figures { shape: Vec<usize>, l2: f64, sum: f64, abs_max: f64, probes: Vec<(usize, f64)> },
}

#[derive(Clone)]
pub struct Tensor(pub ArrayD<f64>);

impl<'de> Deserialize<'de> for Tensor {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Raw {
            shape: Vec<usize>,
            data: Vec<Number>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Number {
            Finite(f64),
            Named(String),
        }
        let Raw { shape, data } = Raw::deserialize(from)?;
        let number = |number| match number {
            Number::Finite(x) => Ok(x),
            Number::Named(name) => name.parse::<f64>().map_err(serde::de::Error::custom),
        };
        let data = data.into_iter().map(number).collect::<Result<Vec<f64>, D::Error>>()?;
        ArrayD::from_shape_vec(shape, data).map(Tensor).map_err(serde::de::Error::custom)
    }
}
