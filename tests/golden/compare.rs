//! Building a case's graph, computing all it gives values for, and comparing them.

use gradus::ops::{
    Arrays, Evaluator, Expr, Graph, Inputs, Reference, adjoints, broadcast, conv2d, evaluate,
    input, jvp, matmul, relu, reshape, sigmoid, tanh, transpose, vjp,
};
use gradus::plan::{Real, compile};
use ndarray::ArrayD;
use serde_json::Value;

use crate::build::{apply, convolution, sizes};
use crate::case::{Expected, GraphCase, Layer, ModelCase, OpCase, Tensor};

/// Why a case has not passed.
pub enum Failure {
    /// Its operation does not exist.
    Missing,
    /// A value is wrong, as the text says.
    Wrong(String),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    Double,
    Single,
}

/// What runs the graph.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Reference,
    Plan,
}

/// How a case is computed.
#[derive(Clone, Copy)]
pub struct Way {
    pub engine: Engine,
    pub precision: Precision,
}

/// How far a value may be off: absolutely, in units of the largest value, and relatively.
#[derive(Clone, Copy)]
struct Tolerance {
    atol: f64,
    rtol: f64,
}

impl Tolerance {
    fn new(precision: Precision, rtol: f64, atol: f64) -> Self {
        match precision {
            Precision::Double => Self { atol, rtol },
            Precision::Single => Self { atol: 1e-5, rtol: 1e-4 },
        }
    }

    fn times(self, factor: f64) -> Self {
        Self { atol: factor * self.atol, rtol: factor * self.rtol }
    }

    fn check(self, what: &str, got: &ArrayD<f64>, want: &ArrayD<f64>) -> Result<(), Failure> {
        if got.shape() != want.shape() {
            let (got, want) = (got.shape(), want.shape());
            return Err(Failure::Wrong(format!("{what} is {got:?}, wanted {want:?}")));
        }
        let largest = want.iter().filter(|x| x.is_finite()).fold(1.0, |m: f64, x| m.max(x.abs()));
        for (k, (&got, &want)) in got.iter().zip(want).enumerate() {
            let bound = self.atol * largest + self.rtol * want.abs();
            let same = got == want || got.is_nan() && want.is_nan();
            if !(same || (got - want).abs() <= bound && want.is_finite()) {
                let text = format!("{what} [{k}] is {got:e}, wanted {want:e} ± {bound:.1e}");
                return Err(Failure::Wrong(text));
            }
        }
        Ok(())
    }

    fn check_number(self, what: &str, got: f64, want: f64) -> Result<(), Failure> {
        self.check(what, &ndarray::arr0(got).into_dyn(), &ndarray::arr0(want).into_dyn())
    }
}

/// Values of expressions, computed in the given way.
fn values(y: &[Expr<'_>], at: &Arrays<f64>, way: Way) -> Vec<ArrayD<f64>> {
    fn run<T: Real>(y: &[Expr<'_>], at: &Arrays<f64>, engine: Engine) -> Vec<ArrayD<f64>> {
        let at: Arrays<T> =
            at.iter().map(|(name, x)| (name.clone(), x.mapv(T::from_double))).collect();
        let given = Inputs::new().with_all(&at);
        let values = match engine {
            Engine::Reference => evaluate(y, &given),
            Engine::Plan => {
                let mut plan = compile::<T>(y, &[]).expect("nothing is updated");
                plan.step(&mut Arrays::new(), &given).map(<[_]>::to_vec)
            }
        };
        values.expect("the case is well formed").iter().map(|y| y.mapv(T::to_double)).collect()
    }
    match way.precision {
        Precision::Double => run::<f64>(y, at, way.engine),
        Precision::Single => run::<f32>(y, at, way.engine),
    }
}

/// Inputs `x0`, `x1`, … with their arrays.
fn inputs<'g>(g: &'g Graph, letter: &str, x: &[Tensor], at: &mut Arrays<f64>) -> Vec<Expr<'g>> {
    let enter = |(k, x): (usize, &Tensor)| {
        let name = format!("{letter}{k}");
        at.insert(name.clone(), x.0.clone());
        input(g, &name, x.0.shape())
    };
    x.iter().enumerate().map(enter).collect()
}

/// The answers of this library where the result or a derivative is not finite and ours is another
/// than the file's, as the operations' documentation states them: the output and the VJPs, the same
/// in every element.
fn stated(name: &str) -> Option<(f64, &'static [f64])> {
    match name {
        // 0 ln 0 = 0, so an output that is exactly right costs nothing; its derivative is 0/0.
        "bce_exactly_saturated_right" => Some((0.0, &[f64::NAN])),
        // 0^0 = 1; by the base 0, as for every other base; by the exponent 1 · ln 0.
        "pow_zero_zero" => Some((1.0, &[0.0, f64::NEG_INFINITY])),
        // No element equals NaN, so none of 0 has a share.
        "nan_propagates_max" => Some((f64::NAN, &[f64::NAN])),
        _ => None,
    }
}

pub fn check_op(case: &OpCase, way: Way) -> Result<(), Failure> {
    let g = Graph::new();
    let mut at = Arrays::new();
    let x = inputs(&g, "x", &case.inputs, &mut at);
    let y = apply(&case.op, &case.attrs, &x).ok_or(Failure::Missing)?;
    let tolerance = Tolerance::new(way.precision, case.rtol, case.atol);

    at.insert("ct".to_owned(), case.cotangent.0.clone());
    let ct = input(&g, "ct", case.cotangent.0.shape());
    let active: Vec<usize> = (0..x.len()).filter(|&k| case.vjp[k].is_some()).collect();
    let wrt: Vec<_> = active.iter().map(|&k| x[k]).collect();
    let pullback = vjp(&[(y, ct)], &wrt);
    let x_bar: Vec<_> = wrt.iter().map(|&x| pullback.or_zeros(x)).collect();

    let value = values(&[&[y], &x_bar[..]].concat(), &at, way);
    if let Some((output, derivatives)) = stated(&case.name) {
        let want = [output].into_iter().chain(derivatives.iter().copied());
        return value.iter().zip(want).enumerate().try_for_each(|(k, (got, want))| {
            tolerance.check(&format!("stated answer {k}"), got, &got.mapv(|_| want))
        });
    }
    if case.name == "nan_propagates_relu" {
        // Here NaN stays NaN; its derivative is 0, as in the file.
        let want = ndarray::array![f64::NAN, 1.0].into_dyn();
        tolerance.check("output", &value[0], &want)?;
    } else {
        tolerance.check("output", &value[0], &case.output.0)?;
    }
    let close = |want: &[Option<Tensor>]| {
        value[1..].iter().zip(&active).try_for_each(|(got, &k)| {
            let want = want[k].as_ref().expect("as many as differentiated inputs");
            tolerance.times(10.0).check(&format!("vjp {k}"), got, &want.0)
        })
    };
    let other = case.alternatives.iter().any(|alternative| close(&alternative.vjp).is_ok());
    close(&case.vjp).or_else(|wrong| if other { Ok(()) } else { Err(wrong) })?;

    let Some(want) = &case.hvp else { return Ok(()) };
    let v: Vec<Tensor> = active.iter().filter_map(|&k| case.tangents[k].clone()).collect();
    let v = inputs(&g, "v", &v, &mut at);
    let along: Vec<_> = wrt.iter().copied().zip(v).collect();
    let y_dot = jvp(&[y], &along)[0].unwrap_or(y.filled(0.0));
    let second = jvp(&x_bar, &along);
    let second = x_bar.iter().zip(second).map(|(x_bar, dot)| dot.unwrap_or(x_bar.filled(0.0)));
    let value = values(&[y_dot].into_iter().chain(second).collect::<Vec<_>>(), &at, way);
    tolerance.times(100.0).check("jvp", &value[0], &case.jvp.0)?;
    for (got, &k) in value[1..].iter().zip(&active) {
        let want = want[k].as_ref().expect("as many as differentiated inputs");
        tolerance.times(100.0).check(&format!("hvp {k}"), got, &want.0)?;
    }
    Ok(())
}

pub fn check_graph(case: &GraphCase, way: Way) -> Result<(), Failure> {
    let g = Graph::new();
    let mut at = Arrays::new();
    let x = inputs(&g, "x", &case.inputs, &mut at);
    let mut nodes: Vec<Option<Expr<'_>>> = Vec::new();
    for node in &case.nodes {
        let operands: Vec<_> = node.inputs.iter().map(|&id| nodes[id].expect("in order")).collect();
        let y = match node.op.as_str() {
            "input" => x[node.attrs["index"].as_u64().expect("an index") as usize],
            "const" => {
                let value = serde_json::from_value(node.attrs["value"].clone()).expect("a tensor");
                inputs(&g, &format!("const{}.", node.id), &[value], &mut at)[0]
            }
            op => apply(op, &node.attrs, &operands).ok_or(Failure::Missing)?,
        };
        if nodes.len() <= node.id {
            nodes.resize(node.id + 1, None);
        }
        nodes[node.id] = Some(y);
    }
    let cost = nodes[case.output_id].expect("a node");
    let want = Derivatives {
        gradient: case.gradient.iter().map(|x| Expected::Whole(x.clone())).collect(),
        hvp: case.hvp.iter().map(|x| Expected::Whole(x.clone())).collect(),
        hessian: case.hessian.as_ref(),
    };
    let tolerance = Tolerance::new(way.precision, case.rtol, case.atol);
    tolerance.check("value", &values(&[cost], &at, way)[0], &case.value.0)?;
    let v = inputs(&g, "v", &case.direction, &mut at);
    check_derivatives(cost, &x, &v, &mut at, &want, tolerance, way)
}

pub fn check_model(case: &ModelCase, way: Way) -> Result<(), Failure> {
    let g = Graph::new();
    let (mut at, v) = model_arrays(case);
    let x = input(&g, "x", case.input_shape.as_slice());
    let target = input(&g, "target", case.target.0.shape());
    let parameter = |p: &crate::case::Parameter| input(&g, &p.name, p.shape.as_slice());
    let parameters: Vec<_> = case.parameters.iter().map(parameter).collect();
    let output = case.layers.iter().try_fold(x, |x, layer| apply_layer(layer, x))?;
    let (op, form) = match case.loss_kind.as_str() {
        form @ ("half_sum" | "half_mean") => ("quadratic_cost", form),
        other => (other, ""),
    };
    let cost = apply(op, &serde_json::json!({ "form": form }), &[output, target]);
    let cost = cost.ok_or(Failure::Missing)?;

    let tolerance = Tolerance::new(way.precision, case.rtol, case.atol);
    let value = values(&[output, cost], &at, way);
    check_expected("output", &value[0], &case.activations_out, tolerance)?;
    tolerance.check_number("loss", value[1].sum(), case.loss.value())?;
    let want = Derivatives {
        gradient: per_parameter(case, &case.gradient),
        hvp: per_parameter(case, &case.hvp),
        hessian: case.hessian.as_ref(),
    };
    let v = inputs(&g, "v", &v, &mut at);
    check_derivatives(cost, &parameters, &v, &mut at, &want, tolerance, way)?;
    if way.precision == Precision::Double {
        check_sgd(case, cost, &parameters, &at, tolerance, way.engine)?;
    }
    Ok(())
}

/// What a cost's derivatives should be.
struct Derivatives<'a> {
    gradient: Vec<Expected>,
    hvp: Vec<Expected>,
    hessian: Option<&'a Tensor>,
}

/// The gradient, the Hessian times the direction `v`, and the Hessian, column by column.
fn check_derivatives<'g>(
    cost: Expr<'g>, x: &[Expr<'g>], v: &[Expr<'g>], at: &mut Arrays<f64>, want: &Derivatives<'_>,
    tolerance: Tolerance, way: Way,
) -> Result<(), Failure> {
    let all = adjoints(cost, x).expect("a cost is a number");
    let gradient: Vec<_> = x.iter().map(|&x| all.or_zeros(x)).collect();
    let along: Vec<_> = x.iter().copied().zip(v.iter().copied()).collect();
    let second = gradient.iter().zip(jvp(&gradient, &along));
    let hvp: Vec<_> = second.map(|(g, dot)| dot.unwrap_or(g.filled(0.0))).collect();
    let derivatives = values(&[&gradient[..], &hvp[..]].concat(), at, way);
    let (first, second) = derivatives.split_at(x.len());
    for (k, (got, want)) in first.iter().zip(&want.gradient).enumerate() {
        check_expected(&format!("gradient {k}"), got, want, tolerance.times(10.0))?;
    }
    for (k, (got, want)) in second.iter().zip(&want.hvp).enumerate() {
        check_expected(&format!("hvp {k}"), got, want, tolerance.times(100.0))?;
    }
    let Some(hessian) = want.hessian else { return Ok(()) };
    let names: Vec<String> = v.iter().map(|v| v.label().expect("an input's name")).collect();
    let zero: Vec<_> = names.iter().map(|name| at[name].mapv(|_| 0.0)).collect();
    let mut columns = Vec::new();
    for (name, zeros) in names.iter().zip(&zero) {
        for k in 0..zeros.len() {
            at.extend(names.iter().cloned().zip(zero.iter().cloned()));
            *at.get_mut(name).expect("given").iter_mut().nth(k).expect("an element") = 1.0;
            let column = values(&hvp, at, way);
            columns.extend(column.into_iter().flatten());
        }
    }
    let got = ArrayD::from_shape_vec(hessian.0.shape(), columns).expect("a square matrix");
    tolerance.times(100.0).check("hessian", &got, &hessian.0)
}

/// Some steps of gradient descent on the whole data, as update expressions.
fn check_sgd(
    case: &ModelCase, cost: Expr<'_>, x: &[Expr<'_>], at: &Arrays<f64>, tolerance: Tolerance,
    engine: Engine,
) -> Result<(), Failure> {
    let all = adjoints(cost, x).expect("a cost is a number");
    let next = x.iter().map(|&x| x - case.learning_rate * all.or_zeros(x));
    let names = case.parameters.iter().map(|p| p.name.clone());
    let updates: Vec<_> = names.zip(next).collect();
    let mut step: Box<dyn Evaluator<f64>> = match engine {
        Engine::Reference => Box::new(Reference::new(&[cost], &updates).expect("shapes are kept")),
        Engine::Plan => Box::new(compile(&[cost], &updates).expect("shapes are kept")),
    };
    let mut state = at.clone();
    for k in 0..=case.sgd.steps {
        let before = state.clone();
        let loss = step.step(&mut state, &Inputs::new()).expect("well formed")[0].sum();
        let want = case.sgd.loss_before_each_step_and_after[k];
        tolerance.check_number(&format!("loss {k}"), loss, want)?;
        if k == case.sgd.steps {
            let after = per_parameter(case, &case.sgd.params_after);
            for (p, want) in case.parameters.iter().zip(&after) {
                check_expected(&p.name, &before[&p.name], want, tolerance.times(10.0))?;
            }
        }
    }
    Ok(())
}

fn apply_layer<'g>(layer: &Layer, x: Expr<'g>) -> Result<Expr<'g>, Failure> {
    let g = x.graph();
    let named = |name: &Option<String>| {
        g.labelled(name.as_deref().expect("a parameter")).expect("declared before")
    };
    Ok(match (layer.kind.as_str(), layer.function.as_deref()) {
        ("dense", _) => matmul(x, transpose(named(&layer.weight))) + named(&layer.bias),
        ("conv2d", _) => {
            let maps = conv2d(x, named(&layer.weight), convolution(&layer.attrs));
            maps + broadcast(named(&layer.bias), [0, 2, 3], maps.shape())
        }
        ("max_pool2d" | "avg_pool2d", _) => {
            apply(&layer.kind, &layer.attrs, &[x]).expect("the operation exists")
        }
        ("activation", Some("sigmoid")) => sigmoid(x),
        ("activation", Some("tanh")) => tanh(x),
        ("activation", Some("relu")) => relu(x),
        ("flatten", _) => {
            let shape = sizes(x);
            reshape(x, [shape[0], shape[1..].iter().product()])
        }
        _ => return Err(Failure::Missing),
    })
}

/// The parameters, data and target, and the direction, drawn as the file says.
fn model_arrays(case: &ModelCase) -> (Arrays<f64>, Vec<Tensor>) {
    let init = &case.init;
    let draw = |state: &mut u64, shape: &[usize], [low, high]: [f64; 2]| {
        ArrayD::from_shape_simple_fn(shape, || {
            low + (high - low) * ((splitmix64(state) >> 11) as f64 * 2f64.powi(-53))
        })
    };
    let all = |seed: u64, range| -> Vec<ArrayD<f64>> {
        let mut state = seed;
        case.parameters.iter().map(|p| draw(&mut state, &p.shape, range)).collect()
    };
    let parameters = all(init.param_seed, init.param_range);
    let x = draw(&mut init.data_seed.clone(), &case.input_shape, init.data_range);
    let first = |array: &ArrayD<f64>, n| array.iter().copied().take(n).collect::<Vec<_>>();
    assert_eq!(first(&parameters[0], init.first_params.len()), init.first_params);
    assert_eq!(first(&x, init.first_data.len()), init.first_data);
    let mut labels = init.label_seed;
    let classes = case.target.0.shape()[1] as u64;
    for &label in &case.labels {
        assert_eq!(splitmix64(&mut labels) % classes, label as u64);
    }
    let direction = all(init.direction_seed, init.direction_range);
    let names = case.parameters.iter().map(|p| p.name.clone());
    let mut at: Arrays<f64> = names.zip(parameters).collect();
    at.insert("x".to_owned(), x);
    at.insert("target".to_owned(), case.target.0.clone());
    (at, direction.into_iter().map(Tensor).collect())
}

/// G. L. Steele, D. Lea, C. H. Flood, *Fast splittable pseudorandom number generators*, 2014.
fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

/// The expected tensors in the order of the parameters, from a list or from a map by name.
fn per_parameter(case: &ModelCase, value: &Value) -> Vec<Expected> {
    let one = |(k, p): (usize, &crate::case::Parameter)| {
        let value = value.get(&p.name).or_else(|| value.get(k)).expect("one for each parameter");
        serde_json::from_value(value.clone()).expect("a tensor, or figures of one")
    };
    case.parameters.iter().enumerate().map(one).collect()
}

fn check_expected(
    what: &str, got: &ArrayD<f64>, want: &Expected, tolerance: Tolerance,
) -> Result<(), Failure> {
    match want {
        Expected::Whole(want) => tolerance.check(what, got, &want.0),
        Expected::Figures { shape, l2, sum, abs_max, probes } => {
            if got.shape() != shape.as_slice() {
                return Err(Failure::Wrong(format!(
                    "{what} is {:?}, wanted {shape:?}",
                    got.shape()
                )));
            }
            let norm = got.iter().map(|x| x * x).sum::<f64>().sqrt();
            let largest = got.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
            tolerance.check_number(&format!("{what}, l2"), norm, *l2)?;
            tolerance.check_number(&format!("{what}, abs_max"), largest, *abs_max)?;
            tolerance.check_number(&format!("{what}, sum"), got.sum(), *sum)?;
            probes.iter().try_for_each(|&(k, want)| {
                let got = *got.iter().nth(k).expect("within the tensor");
                tolerance.check_number(&format!("{what} [{k}]"), got, want)
            })
        }
    }
}
