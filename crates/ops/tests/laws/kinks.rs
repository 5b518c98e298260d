//! Kinks: the derivative there is what the operation's card says, and the check says that it is
//! within the slopes to both sides.

use gradus_ops::{
    Arrays, Check, Expr, Graph, Inputs, MaxPool2d, MaxPool2dGather, MaxPool2dScatter, Op, Pooling,
    Primitive, Sample, evaluate, jvp_with, vjp_with,
};
use ndarray::{ArrayD, IxDyn};

/// A kink of an operation, and the convention there.
pub struct Kink {
    pub sample: Sample,
    /// The operand by which is differentiated.
    pub operand: usize,
    /// The cotangent of the operand for a cotangent of ones.
    pub wanted: Vec<f64>,
}

/// Every convention that the cards state for a kink, a tie or the edge of a domain.
pub fn kinks() -> Vec<Kink> {
    let array = |shape: &[usize], values: &[f64]| {
        ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()).expect("as many numbers")
    };
    let vector = |values: &[f64]| array(&[values.len()], values);
    let of = |op: Op, operands: Vec<ArrayD<f64>>, operand, wanted: &[f64]| {
        let sample = Sample { op, operands, fixed: Vec::new() };
        Kink { sample, operand, wanted: wanted.to_vec() }
    };
    let named = |name: &str| {
        let samples = Op::samples().into_iter().flatten();
        samples.map(|sample| sample.op).find(|op| op.card().name == name).expect("in the table")
    };
    let (ties, half) = (vec![vector(&[1.0, 2.0]), vector(&[1.0, 3.0])], [0.5, 0.0]);
    let picture = array(&[1, 1, 2, 4], &[3.0, 3.0, 1.0, 2.0, 3.0, 0.0, 2.0, 2.0]);
    let pooling = Pooling::new(2, 2);
    let first = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0];
    let pooled = array(&[1, 1, 1, 2], &[5.0, 7.0]);
    let zero_power = vec![vector(&[0.0, 0.0, 2.0]), vector(&[0.0, 1.0, 0.0])];
    let chosen = |k| {
        let (c, a, b) = (vector(&[0.0, 1.0]), vector(&[2.0, 3.0]), vector(&[4.0, 5.0]));
        of(named("select"), vec![c, a, b], k, if k == 1 { &[0.0, 1.0] } else { &[1.0, 0.0] })
    };
    vec![
        of(named("relu"), vec![vector(&[0.0, -0.0, -1.0, 1.0])], 0, &[0.0, 0.0, 0.0, 1.0]),
        of(named("abs"), vec![vector(&[0.0, -0.0, -1.0, 1.0])], 0, &[0.0, 0.0, -1.0, 1.0]),
        of(named("maximum"), ties.clone(), 0, &half),
        of(named("maximum"), ties, 1, &[0.5, 1.0]),
        of(named("max"), vec![vector(&[3.0, 3.0, 2.0])], 0, &[0.5, 0.5, 0.0]),
        of(
            named("max"),
            vec![vector(&[3.0, 3.0, 1.0, 3.0, 3.0])],
            0,
            &[0.25, 0.25, 0.0, 0.25, 0.25],
        ),
        of(MaxPool2d::new(pooling).into(), vec![picture.clone()], 0, &first),
        of(MaxPool2dScatter::new(pooling).into(), vec![picture.clone(), pooled], 1, &[1.0, 1.0]),
        of(MaxPool2dGather::new(pooling).into(), vec![picture.clone(), picture], 1, &first),
        of(named("pow"), zero_power, 0, &[0.0, 1.0, 0.0]),
        chosen(1),
        chosen(2),
        of(named("x_log_y"), vec![vector(&[0.0]), vector(&[2.0])], 1, &[0.0]),
    ]
}

/// Whether the card has a convention for a place where slopes differ, or where the value jumps and
/// the derivative is one of a piece. A new operation is asked for here by the compiler.
fn has_kink(op: &Op) -> bool {
    match op {
        Op::Relu(_)
        | Op::Abs(_)
        | Op::Maximum(_)
        | Op::Max(_)
        | Op::MaxPool2d(_)
        | Op::MaxPool2dScatter(_)
        | Op::MaxPool2dGather(_)
        | Op::Select(_) => true,
        // Pieces of constants: there is no rule, at the jump neither, which the law over samples
        // and their own tests see.
        Op::Sign(_)
        | Op::Step(_)
        | Op::Greater(_)
        | Op::GreaterEqual(_)
        | Op::Equal(_)
        | Op::OneHot(_)
        | Op::StopGradient(_)
        | Op::Random(_) => false,
        Op::Input(_)
        | Op::Constant(_)
        | Op::Size(_)
        | Op::Add(_)
        | Op::Sub(_)
        | Op::Mul(_)
        | Op::Div(_)
        | Op::Neg(_)
        | Op::Reciprocal(_)
        | Op::Square(_)
        | Op::Sqrt(_)
        | Op::Rsqrt(_)
        | Op::PowConst(_)
        | Op::Pow(_)
        | Op::XLogY(_)
        | Op::Exp(_)
        | Op::Expm1(_)
        | Op::Log(_)
        | Op::Log1p(_)
        | Op::Sin(_)
        | Op::Cos(_)
        | Op::Tan(_)
        | Op::Atan(_)
        | Op::Sinh(_)
        | Op::Cosh(_)
        | Op::Tanh(_)
        | Op::Sigmoid(_)
        | Op::Softplus(_)
        | Op::Sum(_)
        | Op::LogSumExp(_)
        | Op::Softmax(_)
        | Op::LogSoftmax(_)
        | Op::Broadcast(_)
        | Op::Reshape(_)
        | Op::Transpose(_)
        | Op::Slice(_)
        | Op::Pad(_)
        | Op::Concat(_)
        | Op::Gather(_)
        | Op::ScatterAdd(_)
        | Op::Matmul(_)
        | Op::Conv2d(_)
        | Op::Conv2dInputAdjoint(_)
        | Op::Conv2dFilterAdjoint(_)
        | Op::BinaryCrossEntropy(_)
        | Op::BinaryCrossEntropyWithLogits(_)
        | Op::Custom(_) => false,
    }
}

impl Kink {
    /// Whether a rule gives what the convention says: the pullback as it is stated; the pushforward
    /// as its transpose, along each direction of the operand.
    pub fn holds<'g>(
        &self, graph: &'g Graph, forward: bool,
        rule: &impl Fn(&Op, usize, &[Expr<'g>], Expr<'g>, Expr<'g>) -> Option<Expr<'g>>,
    ) -> bool {
        let (x, y) = self.sample.build(graph);
        let at = self.point();
        let x = x[self.operand];
        if !forward {
            let y_bar = gradus_ops::input(graph, "y_bar", y.shape());
            let x_bar = vjp_with(&[(y, y_bar)], &[x], rule).or_zeros(x);
            let inputs = Inputs::new().with_all(&at);
            let result = evaluate(&[y], &inputs).expect("the kink is well formed").remove(0);
            let ones = result.mapv(|_| 1.0);
            let inputs = Inputs::new().with_all(&at).with("y_bar", &ones);
            let value = evaluate(&[x_bar], &inputs).expect("the kink is well formed").remove(0);
            return value.iter().zip(&self.wanted).all(|(a, b)| (a - b).abs() < 1e-15);
        }
        let u = gradus_ops::input(graph, "u", x.shape());
        let y_dot = jvp_with(&[y], &[(x, u)], rule)[0].unwrap_or(y.filled(0.0));
        (0..self.wanted.len()).all(|element| {
            let mut only = ArrayD::zeros(self.sample.operands[self.operand].raw_dim());
            *only.iter_mut().nth(element).expect("within its length") = 1.0;
            let inputs = Inputs::new().with_all(&at).with("u", &only);
            let value = evaluate(&[y_dot], &inputs).expect("the kink is well formed").remove(0);
            (value.sum() - self.wanted[element]).abs() < 1e-15
        })
    }

    fn point(&self) -> Arrays<f64> {
        (0..).map(|k| format!("x{k}")).zip(self.sample.operands.iter().cloned()).collect()
    }
}

#[test]
fn derivatives_at_kinks_are_what_the_cards_say() {
    let mut seen = Vec::new();
    for kink in kinks() {
        let (op, operand) = (kink.sample.op.to_string(), kink.operand);
        seen.push(kink.sample.op.card().name);
        for forward in [false, true] {
            let graph = Graph::new();
            let holds = match forward {
                false => kink.holds(&graph, forward, &Op::vjp),
                true => kink.holds(&graph, forward, &Op::jvp),
            };
            assert!(holds, "{op}, operand {operand}, forward {forward}: not {:?}", kink.wanted);
        }
    }
    for op in Op::samples().iter().filter_map(|samples| Some(&samples.first()?.op)) {
        let name = op.card().name;
        assert!(!has_kink(op) || seen.contains(&name), "{name} has no kink in the table");
    }
}

/// Where slopes differ, the conventions lie between them, and the check says so by name. (The edges
/// of the domains of powers and logarithms have no slope to one side.)
#[test]
fn the_check_meets_every_kink_and_does_not_fail() {
    for kink in kinks() {
        let name = kink.sample.op.card().name;
        if ["pow", "select"].contains(&name) {
            continue;
        }
        let graph = Graph::new();
        let (x, y) = kink.sample.build(&graph);
        let report = Check::new(&[y], &[x[kink.operand]]).run(&kink.point()).unwrap();
        assert!(report.failures().next().is_none(), "{name}: {report}");
        let bent = ["relu", "abs", "maximum", "max", "max_pool2d"].contains(&name);
        assert_eq!(report.kinks().count() > 0, bent, "{name}: {report}");
        for met in report.kinks().filter(|met| met.order == 1) {
            let note = met.note.as_ref().unwrap();
            assert!(note.contains(&format!("at a kink of {} = ", kink.sample.op)), "{note}");
        }
    }
}
