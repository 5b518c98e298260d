use super::*;
use crate::{AvgPool, BatchNorm, Conv, Dropout, Flatten, MaxPool, classic};
use proptest::prelude::*;

#[test]
fn the_books_networks_have_as_many_parameters_as_the_books_say() {
    let count = |sizes: &[usize]| Network::dense(sizes, Activation::Sigmoid).unwrap().count();
    assert_eq!(count(&[12, 3, 2]), 47);
    assert_eq!(count(&[784, 30, 10]), 23_860);
    assert_eq!(count(&[784, 100, 10]), 79_510);
}

#[test]
fn names_are_the_books() {
    let network = Network::dense(&[12, 3, 2], Activation::Sigmoid).unwrap();
    let names: Vec<_> = network.parameters().into_iter().map(|p| p.name).collect();
    assert_eq!(names, ["w2", "b2", "w3", "b3"]);
    assert_eq!((network.input(), network.output()), (&[12][..], &[2][..]));
    let g = Graph::new();
    let forward = network.forward(network.examples(&g, "x"));
    assert_eq!(g.labelled("z2"), Some(forward.z[0]));
    assert_eq!(g.labelled("a3"), Some(forward.output()));
    assert_eq!(forward.z[1].scope(), "layer3");
    assert_eq!(forward.output().shape().to_string(), "[n, 2]");
}

#[test]
fn layers_that_add_up_inputs_are_counted_and_the_others_follow_them() {
    let network = classic::lenet();
    let numbers: Vec<_> = network.layers().iter().map(|placed| placed.number).collect();
    assert_eq!(numbers, [2, 2, 3, 3, 3, 4, 5, 6]);
    let g = Graph::new();
    let forward = network.forward(network.examples(&g, "x"));
    let labels: Vec<_> = forward.a.iter().map(|a| a.label().unwrap()).collect();
    assert_eq!(labels, ["a2", "pool2", "a3", "pool3", "flat3", "a4", "a5", "a6"]);
    assert_eq!(
        network.to_string(),
        "1×28×28; conv 6, 5×5, padding 2×2, ReLU; max-pool 2×2; conv 16, 5×5, ReLU; \
         max-pool 2×2; flatten; dense 120, ReLU; dense 84, ReLU; dense 10, softmax"
    );
    assert_eq!(classic::mnist().to_string(), "784-30-10");
}

#[test]
fn a_second_application_shares_the_parameters() {
    let network = Network::dense(&[2, 1], Activation::Tanh).unwrap();
    let g = Graph::new();
    let first = network.forward(input(&g, "x", ("n", 2)));
    let second = network.forward(input(&g, "y", ("m", 2)));
    assert_ne!(first.output(), second.output());
    assert_eq!(g.labelled("a2"), Some(first.output()));
    let weight =
        |forward: &Forward<'_>| forward.z[0].operands()[0].operands()[1].operands()[0].id();
    assert_eq!(weight(&first), weight(&second));
}

#[test]
fn two_networks_in_one_graph_have_two_names() {
    let network = || Network::dense(&[4, 3, 4], Activation::Sigmoid).unwrap();
    let (encoder, decoder) = (network().named("encoder"), network().named("decoder"));
    let g = Graph::new();
    let code = encoder.forward(input(&g, "x", ("n", 4))).output();
    let output = decoder.forward(code).output();
    assert_eq!(output.label().as_deref(), Some("decoder.a3"));
    assert_eq!(output.scope(), "decoder.layer3");
    let (w, v) = (encoder.parameters(), decoder.parameters());
    assert_eq!((w[0].name.as_str(), v[3].name.as_str()), ("encoder.w2", "decoder.b3"));
    assert_ne!(w[0].node(&g), v[0].node(&g));
}

#[test]
fn sizes_that_make_no_network_are_refused() {
    let text =
        |sizes: &[usize]| Network::dense(sizes, Activation::Sigmoid).unwrap_err().to_string();
    let few = "a network has at least two layers, the input and one more";
    assert_eq!(text(&[]), few);
    assert_eq!(text(&[784]), few);
    let empty = "every layer of a network has at least one unit, in ";
    assert_eq!(text(&[784, 0, 10]), format!("{empty}`dense 0, sigmoid`"));
    assert_eq!(text(&[0, 10]), format!("{empty}the input"));
    let many = "4611686018427387904 are more than 268435456 numbers, in ";
    assert_eq!(text(&[784, 1 << 62]), format!("{many}`dense 4611686018427387904, sigmoid`"));
    assert_eq!(text(&[1 << 62, 1]), format!("{many}the input"));
    assert_eq!(text(&[784, 10_000_000, 10]), "a network has at most 268435456 parameters");
}

#[test]
fn layers_that_do_not_fit_are_refused() {
    let text = |layers: &[Layer]| Network::new(&[2, 6, 5], layers).unwrap_err().to_string();
    let conv = Conv::new(4, 3, 3, Activation::Relu);
    assert_eq!(
        text(&[Dense::new(1, Activation::Relu).into()]),
        "a dense layer wants units in a row; flatten the 2×6×5 first, in `dense 1, ReLU`"
    );
    assert_eq!(
        text(&[Flatten.into(), conv.into()]),
        "a convolutional layer wants maps, channels × rows × columns, and the layer before \
         gives 60, in `conv 4, 3×3, ReLU`"
    );
    assert_eq!(
        text(&[MaxPool::new(3, 6).into()]),
        "a pooling layer has a window of 6 cells, more than 5, in `max-pool 3×6`"
    );
    assert_eq!(
        text(&[Conv::new(4, 3, 8, Activation::Relu).padding(0, 1).into()]),
        "a convolutional layer has a window of 8 cells, more than 5 with 1 on each side, \
         in `conv 4, 3×8, padding 0×1, ReLU`"
    );
    assert_eq!(
        text(&[conv.groups(4).into()]),
        "4 groups do not divide 2 channels and 4 filters, in `conv 4, 3×3, 4 groups, ReLU`"
    );
    let nothing = "has windows and strides of at least one cell";
    for layer in [conv.stride(0, 1), conv.dilation(1, 0), Conv { window: [0, 1], ..conv }] {
        assert!(text(&[layer.into()]).contains(nothing), "{layer}");
    }
    assert!(text(&[AvgPool::new(2, 2).stride(1, 0).into()]).contains(nothing));
    let huge = "has windows, strides and padding of at most 65536 cells";
    for layer in [conv.padding(1 << 60, 1), conv.stride(1 << 60, 1), conv.dilation(1 << 63, 1)] {
        assert!(text(&[layer.into()]).contains(huge), "{layer}");
    }
    assert!(text(&[Dropout::new(1.0).into()]).starts_with("dropout is from 0 to below 1"));
    assert!(text(&[Dropout::new(f64::NAN).into()]).contains("not NaN"));
    let softmax = "softmax is for units in a row, not for feature maps, in ";
    assert!(text(&[Conv { activation: Activation::Softmax, ..conv }.into()]).contains(softmax));
    assert!(text(&[BatchNorm::new(Activation::Softmax).into()]).contains(softmax));
    let norm: Layer = BatchNorm::new(Activation::Relu).into();
    assert_eq!(text(&[norm, norm]), "two layers would share the parameter `beta1`");
    let wide = Conv::new(1, 1, 1, Activation::Relu).stride(65536, 65536).padding(65536, 65536);
    assert_eq!(
        text(&[wide.into()]),
        "2×131078×131077 with the padding are more than 268435456 numbers, in `conv 1, 1×1, \
         stride 65536×65536, padding 65536×65536, ReLU`"
    );
    let many = Conv::new(1 << 28, 2, 2, Activation::Relu).padding(1, 1);
    assert!(text(&[many.into()]).contains("are more than 268435456 numbers, in"));
    assert_eq!(text(&[]), "a network has at least two layers, the input and one more");
}

#[test]
fn a_description_is_read_as_strictly_as_it_is_written() {
    let text = serde_json::to_string(&classic::lenet().named("le")).unwrap();
    let again: Network = serde_json::from_str(&text).unwrap();
    assert_eq!(again, classic::lenet().named("le"));
    let error = |text: &str| serde_json::from_str::<Network>(text).unwrap_err().to_string();
    let dense = r#"{"kind":"dense","units":3,"activation":"relu"}"#;
    let of = |layer: &str| format!(r#"{{"input":[4],"layers":[{layer}]}}"#);
    assert!(serde_json::from_str::<Network>(&of(dense)).is_ok());
    assert!(error(&of(&dense.replace("units", "unit"))).contains("unknown field `unit`"));
    assert!(error(&of(&dense.replace("dense", "sparse"))).contains("unknown variant `sparse`"));
    assert!(error(&of(&dense.replace('3', "0"))).contains("at least one unit, in `dense 0"));
    assert!(error(&of(&dense.replace('3', "-1"))).contains("invalid value"));
    let flatten = r#"{"kind":"flatten"}"#;
    assert!(serde_json::from_str::<Network>(&of(flatten)).is_ok());
    assert!(!error(&of(r#"{"kind":"flatten","twice":true}"#)).is_empty());
}

/// What each layer keeps is bounded, so that a description makes no network much larger than
/// itself.
#[test]
fn a_short_description_makes_no_large_network() {
    let of = |name: usize, axes: usize, layers: usize| {
        let layer: Layer = Dropout::new(0.5).into();
        let (input, layers) = (vec![1; axes], vec![layer; layers]);
        Network::try_from(Description { name: "x".repeat(name), input, layers })
    };
    let text = |network: Result<Network, String>| network.unwrap_err();
    assert!(of(NAME, AXES, LAYERS).is_ok());
    assert_eq!(text(of(101, 1, 1)), "a network has at most 100 bytes in its name, not 101");
    assert_eq!(text(of(0, 9, 1)), "a network has at most 8 axes in its input, not 9");
    assert_eq!(text(of(0, 1, 4097)), "a network has at most 4096 layers, not 4097");
}

/// A layer of any kind, most of which fit small maps.
fn any_layer() -> impl Strategy<Value = Layer> {
    let activation = prop_oneof![
        Just(Activation::Identity),
        Just(Activation::Tanh),
        Just(Activation::Relu),
        Just(Activation::Softmax),
    ];
    let pair = || (1usize..4, 1usize..4);
    prop_oneof![
        (1usize..5, activation.clone()).prop_map(|(n, f)| Dense::new(n, f).into()),
        (1usize..4, pair(), pair(), (0usize..2, 0usize..3), pair(), 1usize..3).prop_map(
            |(n, w, s, p, d, groups)| {
                let conv = Conv::new(n * groups, w.0, w.1, Activation::Sigmoid);
                let conv = conv.stride(s.0, s.1).padding(p.0, p.1).dilation(d.0, d.1);
                conv.groups(groups).into()
            }
        ),
        (pair(), pair()).prop_map(|(w, s)| MaxPool::new(w.0, w.1).stride(s.0, s.1).into()),
        (pair(), pair()).prop_map(|(w, s)| AvgPool::new(w.0, w.1).stride(s.0, s.1).into()),
        Just(Flatten.into()),
        (0.0..0.9).prop_map(|rate| Dropout::new(rate).into()),
        activation.prop_map(|f| BatchNorm::new(f).into()),
    ]
}

proptest! {
    /// The shapes that a network infers are those of its graph, in both modes, and its
    /// description makes it again.
    #[test]
    fn inferred_shapes_are_those_of_the_graph(
        layers in prop::collection::vec(any_layer(), 8), flat in any::<bool>(),
    ) {
        let input_shape: &[usize] = if flat { &[5] } else { &[2, 7, 6] };
        let mut fitting = vec![Flatten.into()];
        if !flat {
            fitting[0] = MaxPool::new(1, 1).into();
        }
        for layer in layers {
            fitting.push(layer);
            if Network::new(input_shape, &fitting).is_err() {
                fitting.pop();
            }
        }
        let network = Network::new(input_shape, &fitting).unwrap();
        let g = Graph::new();
        let (x, step) = (network.examples(&g, "x"), input(&g, "step", ()));
        for mode in [Mode::Inference, Mode::Training { step, seed: 1 }] {
            let forward = network.forward_in(x, mode);
            for (placed, a) in network.layers().iter().zip(&forward.a) {
                prop_assert_eq!(a.shape(), with_examples(&placed.output).into());
            }
            let kept = if let Mode::Inference = mode { 0 } else { network.statistics().len() };
            prop_assert_eq!(forward.updates.len(), kept);
        }
        let text = serde_json::to_string(&network).unwrap();
        prop_assert_eq!(serde_json::from_str::<Network>(&text).unwrap(), network);
    }
}
