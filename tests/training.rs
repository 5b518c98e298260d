//! Training as a process: deterministic, resumable to the same bits, and safe with its files.

use std::path::Path;

use gradus::models::data::{Mnist, Pictures, Shuffler};
use gradus::models::layer::Mode;
use gradus::models::{
    Activation, Adam, BatchNorm, Conv, Cost, Dense, Dropout, Flatten, Init, MaxPool, ModelError,
    Network, Optimiser, Schedule, Settings, Sgd, Training,
};
use gradus::ndarray::arr0;
use gradus::ops::{Arrays, Evaluator, Graph, Inputs, Reference, input, try_grad};
use gradus::plan::compile;

const SETTINGS: Settings = Settings {
    cost: Cost::Quadratic,
    optimiser: sgd(0.0),
    eta: 1.0,
    schedule: Schedule::Constant,
    batch: 3,
    init: Init::Scaled,
    seed: 4,
};

const fn sgd(momentum: f64) -> Optimiser {
    Optimiser::Sgd(Sgd { momentum, decay: 0.0 })
}

/// Sixteen pictures of 2×2 pixels: which half is brighter.
fn pictures() -> Pictures {
    let pixels: Vec<u8> = (0..64u32).map(|k| (k * k * 37 % 251) as u8).collect();
    let halves = pixels
        .chunks(4)
        .map(|p| u16::from(p[0]) + u16::from(p[1]) > u16::from(p[2]) + u16::from(p[3]));
    let labels = halves.map(u8::from).collect();
    Pictures::new(2, 2, pixels, labels, 2).unwrap()
}

fn start(settings: Settings) -> Training {
    let network = Network::dense(&[4, 3, 2], Activation::Sigmoid).unwrap();
    Training::start(network, settings).unwrap()
}

fn train(training: &mut Training, epochs: usize) {
    for _ in 0..epochs {
        training.epoch(&pictures(), |_, _| ()).unwrap();
    }
}

fn file(training: &Training) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    training.save(&path).unwrap();
    std::fs::read(path).unwrap()
}

/// The text of the error that loading these bytes gives, without the path.
fn refused(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    std::fs::write(&path, bytes).unwrap();
    let text = Training::load(&path).unwrap_err().to_string();
    let prefix = format!("{}: ", path.display());
    text.strip_prefix(&prefix).expect("the text names the file").to_owned()
}

#[test]
fn the_cost_falls_and_the_pictures_are_learned() {
    let mut training = start(SETTINGS);
    let first = training.epoch(&pictures(), |_, _| ()).unwrap();
    train(&mut training, 1000);
    let last = training.epoch(&pictures(), |_, _| ()).unwrap();
    assert!(last < 0.2 * first, "{first} to {last}");
    assert_eq!(training.count_correct(&pictures(), 1).unwrap(), 16);
}

/// An epoch in loops: w ← w − η ∂C/∂w, with momentum v ← μ v − η ∂C/∂w and w ← w + v, where C is
/// the mean of ½ ‖y − a‖² over the mini-batch, by backpropagation as M. Nielsen derives it.
fn epoch_by_hand(
    settings: &Settings, momentum: f64, state: &Arrays<f32>, order: &[usize],
) -> Arrays<f64> {
    let mut state: Arrays<f64> =
        state.iter().map(|(name, x)| (name.clone(), x.mapv(f64::from))).collect();
    let sigma = |z: f64| 1.0 / (1.0 + (-z).exp());
    for chosen in order.chunks(settings.batch) {
        let (xs, ys) = pictures().batch(chosen);
        let mut gradients: Arrays<f64> =
            state.iter().map(|(name, x)| (name.clone(), x.mapv(|_| 0.0))).collect();
        for (x, y) in xs.outer_iter().zip(ys.outer_iter()) {
            let mut a = vec![x.mapv(f64::from).to_vec()];
            for layer in [2, 3] {
                let (w, b) = (&state[&format!("w{layer}")], &state[&format!("b{layer}")]);
                let input = &a[layer - 2];
                let z =
                    |j: usize| (0..input.len()).map(|i| w[[j, i]] * input[i]).sum::<f64>() + b[[j]];
                a.push((0..b.len()).map(|j| sigma(z(j))).collect());
            }
            let mut error: Vec<f64> =
                (0..2).map(|j| (a[2][j] - f64::from(y[j])) / chosen.len() as f64).collect();
            for layer in [3, 2] {
                let (output, input) = (&a[layer - 1], &a[layer - 2]);
                let delta: Vec<f64> =
                    (0..output.len()).map(|j| error[j] * output[j] * (1.0 - output[j])).collect();
                let w = &state[&format!("w{layer}")];
                error = (0..input.len())
                    .map(|i| (0..delta.len()).map(|j| delta[j] * w[[j, i]]).sum())
                    .collect();
                for (j, delta) in delta.iter().enumerate() {
                    gradients.get_mut(&format!("b{layer}")).unwrap()[[j]] += delta;
                    for (i, a) in input.iter().enumerate() {
                        gradients.get_mut(&format!("w{layer}")).unwrap()[[j, i]] += delta * a;
                    }
                }
            }
        }
        for name in ["w2", "b2", "w3", "b3"] {
            let down = &gradients[name] * -settings.eta;
            let velocity = state.get_mut(&format!("velocity.{name}"));
            let change = match velocity {
                Some(v) => {
                    *v = &*v * momentum + down;
                    v.clone()
                }
                None => down,
            };
            *state.get_mut(name).unwrap() += &change;
        }
    }
    state
}

#[test]
fn an_epoch_is_the_books_also_with_a_short_last_batch_and_with_momentum() {
    for momentum in [0.0, 0.7] {
        let settings = Settings { batch: 5, optimiser: sgd(momentum), eta: 2.0, ..SETTINGS };
        let mut training = start(settings);
        let order = Shuffler::new(settings.seed).order(16);
        let want = epoch_by_hand(&settings, momentum, training.state(), &order);
        let mut steps = Vec::new();
        training.epoch(&pictures(), |done, all| steps.push((done, all))).unwrap();
        assert_eq!(steps, [(5, 16), (10, 16), (15, 16), (16, 16)]);
        assert_eq!((training.epochs(), training.steps()), (1, 4));
        assert!(training.state().keys().eq(want.keys()));
        for (name, got) in training.state() {
            for (got, want) in got.iter().zip(&want[name]) {
                let close = (f64::from(*got) - want).abs() <= 1e-6 * want.abs().max(1.0);
                assert!(close, "momentum {momentum}, {name}: {got}, by hand {want}");
            }
        }
    }
}

#[test]
fn a_seed_decides_every_bit() {
    let trained = |seed| {
        let mut training = start(Settings { seed, ..SETTINGS });
        train(&mut training, 3);
        file(&training)
    };
    assert_eq!(trained(1), trained(1));
    assert_ne!(trained(1), trained(2));
}

#[test]
fn a_resumed_training_goes_on_to_the_same_bits() {
    let momentum = Settings { optimiser: sgd(0.9), eta: 0.3, ..SETTINGS };
    for settings in [SETTINGS, Settings { cost: Cost::CrossEntropy, ..momentum }] {
        let mut undisturbed = start(settings);
        train(&mut undisturbed, 5);
        let mut training = start(settings);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        for _ in 0..5 {
            train(&mut training, 1);
            training.save(&path).unwrap();
            training = Training::load(&path).unwrap();
        }
        assert_eq!(training.state(), undisturbed.state());
        assert_eq!(file(&training), file(&undisturbed));
        assert_eq!((training.epochs(), training.steps()), (5, 30));
        assert_eq!(training.settings(), &settings);
        assert_eq!(training.state().len(), if settings == SETTINGS { 4 } else { 8 });
    }
}

#[test]
fn the_count_does_not_depend_on_the_threads() {
    let mnist = Mnist::read(Path::new("data/mnist")).unwrap();
    let network = Network::dense(&[784, 30, 10], Activation::Sigmoid).unwrap();
    let training = Training::start(network, SETTINGS).unwrap();
    let counts = [0, 1, 2, 7, 100].map(|n| training.count_correct(&mnist.test, n).unwrap());
    assert_eq!(counts, [counts[0]; 5]);
    assert!((500..2000).contains(&counts[0]), "an untrained network guesses: {}", counts[0]);
}

#[test]
fn every_truncation_is_refused() {
    let bytes = file(&start(SETTINGS));
    for len in 0..bytes.len() {
        let text = refused(&bytes[..len]);
        assert!(text.starts_with("not a safetensors file, or a damaged one: "), "{len}: {text}");
    }
    refused(&[&bytes[..], &[0]].concat());
}

#[test]
fn foreign_and_mismatched_files_are_refused() {
    assert!(refused(b"\x89PNG\r\n\x1a\n and more").starts_with("not a safetensors file"));
    let bytes = file(&start(SETTINGS));
    // The header keeps its length, so that only what is replaced is wrong.
    let with = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let at = bytes.windows(from.len()).position(|w| w == from.as_bytes()).expect("in there");
        let mut changed = bytes.clone();
        changed[at..at + to.len()].copy_from_slice(to.as_bytes());
        refused(&changed)
    };
    assert_eq!(
        with("\"gradus\"", "\"grades\""),
        "a safetensors file, but not a checkpoint: it has no `gradus` metadata"
    );
    assert_eq!(
        with("\\\"format\\\":2", "\\\"format\\\":9"),
        "a checkpoint of format 9; this program reads 2"
    );
    let text = with("\\\"units\\\":3", "\\\"units\\\":0");
    let wanted = "the `gradus` metadata is damaged: every layer of a network has at least one unit, \
                  in `dense 0, sigmoid`";
    assert!(text.starts_with(wanted), "{text}");
    let wanted = "the array `w2` is [3, 4]; wanted [4, 4]";
    assert_eq!(with("\\\"units\\\":3", "\\\"units\\\":4"), wanted);
    assert_eq!(with("\"b2\":", "\"b7\":"), "the array `b2` of the network is missing");
    assert_eq!(with("[3,4]", "[4,3]"), "the array `w2` is [4, 3]; wanted [3, 4]");
    assert_eq!(with("\\\"batch\\\":3", "\\\"batch\\\":0"), "a mini-batch has at least one example");
}

#[test]
fn a_failed_save_leaves_the_old_file_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (path, missing) = (folder.path().join("checkpoint"), folder.path().join("no/checkpoint"));
    let mut training = start(SETTINGS);
    training.save(&path).unwrap();
    let before = std::fs::read(&path).unwrap();
    train(&mut training, 1);
    let error = training.save(&missing).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: cannot write: ", missing.display())), "{error}");
    // A folder in the file's place: the temporary file is written, and cannot take the name.
    let taken = folder.path().join("taken");
    std::fs::create_dir(&taken).unwrap();
    assert!(training.save(&taken).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let mut names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["checkpoint", "taken"]);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let text = |settings: Settings, activation| {
        let network = Network::dense(&[4, 2], activation).unwrap();
        Training::start(network, settings).unwrap_err().to_string()
    };
    let sgd = |eta, momentum| Settings { eta, optimiser: sgd(momentum), ..SETTINGS };
    let sigmoid = Activation::Sigmoid;
    assert_eq!(
        text(sgd(0.0, 0.0), sigmoid),
        "the learning rate is a positive number, of the size of an f32, not 0.0"
    );
    assert_eq!(
        text(sgd(f64::NAN, 0.0), sigmoid),
        "the learning rate is a positive number, of the size of an f32, not NaN"
    );
    assert_eq!(
        text(sgd(1.0, 1.0), sigmoid),
        "the momentum is from 0 to below 1, as an f32, not 1.0"
    );
    let entropy = Settings { cost: Cost::CrossEntropy, ..SETTINGS };
    assert_eq!(
        text(entropy, Activation::Tanh),
        "the cross-entropy cost is for sigmoid outputs, these are tanh"
    );
}

#[test]
fn pictures_that_do_not_fit_are_refused() {
    let network = Network::dense(&[5, 2], Activation::Sigmoid).unwrap();
    let mut training = Training::start(network, SETTINGS).unwrap();
    let error = training.epoch(&pictures(), |_, _| ()).unwrap_err().to_string();
    let wanted = "the network has 5 inputs and 2 outputs, the pictures have 4 pixels and 2 classes";
    assert_eq!(error, wanted);
}

#[test]
fn divergence_is_reported_and_leaves_the_training_as_it_was() {
    // The second is seen only in the state after the last step, whose cost is still finite.
    for (eta, batch, finite) in [(1e30, 3, false), (3.4e38, 16, true)] {
        let network = Network::dense(&[4, 2], Activation::Identity).unwrap();
        let settings = Settings { eta, batch, init: Init::Normal, seed: 2, ..SETTINGS };
        let mut training = Training::start(network, settings).unwrap();
        let before = file(&training);
        let error = training.epoch(&pictures(), |_, _| ()).unwrap_err();
        let ModelError::Diverged { epoch: 0, cost, .. } = error else { panic!("{error}") };
        assert_eq!(cost.is_finite(), finite, "{error}");
        let advice = format!("; a smaller learning rate than {eta:?} may help");
        assert!(error.to_string().ends_with(&advice), "{error}");
        assert_eq!(file(&training), before);
    }
}

#[test]
fn nothing_cannot_be_learned() {
    let nothing = Pictures::new(2, 2, vec![], vec![], 2).unwrap();
    let error = start(SETTINGS).epoch(&nothing, |_, _| ()).unwrap_err();
    assert_eq!(error.to_string(), "there are no pictures to learn from");
    assert_eq!(start(SETTINGS).count_correct(&nothing, 2).unwrap(), 0);
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_stays_and_its_file_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (link, target) = (folder.path().join("link"), folder.path().join("target"));
    std::fs::write(&target, "old").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    start(SETTINGS).save(&link).unwrap();
    assert!(link.is_symlink());
    assert_eq!(std::fs::read(&target).unwrap(), file(&start(SETTINGS)));
    std::fs::remove_file(&target).unwrap();
    let error = start(SETTINGS).save(&link).unwrap_err().to_string();
    assert!(error.ends_with(": is a symbolic link that leads nowhere"), "{error}");
    assert!(link.is_symlink());
    let error = start(SETTINGS).save(Path::new("/dev/null")).unwrap_err().to_string();
    assert_eq!(error, "/dev/null: is there and not a file; wanted a file to write");
}

#[test]
fn mnist_is_what_its_page_says() {
    let mnist = Mnist::read(Path::new("data/mnist")).unwrap();
    assert_eq!(
        [mnist.training.len(), mnist.validation.len(), mnist.test.len()],
        [50_000, 10_000, 10_000]
    );
    assert_eq!(mnist.training.labels()[..10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    assert_eq!(mnist.test.labels()[..10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
    for part in [&mnist.training, &mnist.validation] {
        for first in (0..part.len()).step_by(1000) {
            let (x, y) = part.batch(&(first..first + 1000).collect::<Vec<_>>());
            assert_eq!(y.sum(), 1000.0);
            for &x in &x {
                let x = f64::from(x);
                (sum, squares, count) = (sum + x, squares + x * x, count + 1.0);
            }
        }
    }
    let mean = sum / count;
    let deviation = (squares / count - mean * mean).sqrt();
    assert!((mean - 0.130_660).abs() < 5e-7, "{mean}");
    assert!((deviation - 0.308_108).abs() < 5e-7, "{deviation}");
}

/// Twelve pictures of 4×4 pixels, of three classes: in which of three columns is a line.
fn lines() -> Pictures {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for k in 0..12u8 {
        labels.push(k % 3);
        let line = |column: u8| if column == k % 3 { 200 + k } else { 3 * k };
        pixels.extend((0..16).map(|cell| line(cell % 4)));
    }
    Pictures::new(4, 4, pixels, labels, 3).unwrap()
}

/// A network with every kind of state: running statistics, masks, means of the optimiser's.
fn with_all_state() -> Training {
    let layers = [
        Conv::new(4, 2, 2, Activation::Identity).into(),
        BatchNorm::new(Activation::Relu).into(),
        MaxPool::new(2, 2).stride(1, 1).into(),
        Flatten.into(),
        Dropout::new(0.2).into(),
        Dense::new(3, Activation::Softmax).into(),
    ];
    let network = Network::new(&[1, 4, 4], &layers).unwrap();
    let settings = Settings {
        cost: Cost::LogLikelihood,
        optimiser: Adam { decay: 0.01, ..Adam::default() }.into(),
        eta: 0.03,
        schedule: Schedule::Plateau { patience: 1, factor: 0.5 },
        batch: 5,
        init: Init::He,
        seed: 3,
    };
    Training::start(network, settings).unwrap()
}

#[test]
fn a_network_with_every_kind_of_state_learns_and_resumes_to_the_same_bits() {
    let mut undisturbed = with_all_state();
    let mut training = with_all_state();
    let names: Vec<&str> = training.state().keys().map(String::as_str).collect();
    assert_eq!(names.len(), 6 + 2 + 12 + 1, "{names:?}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    for _ in 0..40 {
        for training in [&mut undisturbed, &mut training] {
            training.epoch(&lines(), |_, _| ()).unwrap();
            training.validate(&lines(), 1).unwrap();
        }
        training.save(&path).unwrap();
        training = Training::load(&path).unwrap();
    }
    assert_eq!(file(&training), file(&undisturbed));
    assert_eq!(training.network(), with_all_state().network());
    assert_eq!(training.history().records(), undisturbed.history().records());
    assert_eq!(training.count_correct(&lines(), 2).unwrap(), 12);
    assert!(training.eta() < 0.03, "no improvement is possible once all are right");
}

#[test]
fn the_learning_rate_follows_its_schedule() {
    // Epoch by epoch, as plain training at that rate would have gone on.
    let settings = Settings { schedule: Schedule::Steps { every: 2, factor: 0.5 }, ..SETTINGS };
    let mut training = start(settings);
    train(&mut training, 5);
    let etas: Vec<f64> = training.history().records().iter().map(|record| record.eta).collect();
    assert_eq!(etas, [1.0, 1.0, 0.5, 0.5, 0.25]);
    let mut shuffler = Shuffler::new(settings.seed);
    let mut state = start(settings).state().clone();
    for eta in etas {
        let order = shuffler.order(16);
        let next = epoch_by_hand(&Settings { eta, ..settings }, 0.0, &state, &order);
        state = next.into_iter().map(|(name, x)| (name, x.mapv(|x| x as f32))).collect();
    }
    for (name, got) in training.state() {
        let close = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-5;
        assert!(got.iter().zip(&state[name]).all(close), "{name}");
    }
}

#[test]
fn a_schedule_that_looks_at_validations_wants_them() {
    let schedule = Schedule::Plateau { patience: 1, factor: 0.5 };
    let mut training = start(Settings { schedule, ..SETTINGS });
    train(&mut training, 1);
    let before = file(&training);
    let error = training.epoch(&pictures(), |_, _| ()).unwrap_err().to_string();
    assert_eq!(error, "the schedule plateau:1:0.5 wants a validation after each epoch");
    assert_eq!(file(&training), before);
    training.validate(&pictures(), 1).unwrap();
    train(&mut training, 1);
}

#[test]
fn an_evaluation_is_the_cost_and_the_classes() {
    let mut training = start(SETTINGS);
    train(&mut training, 3);
    let pictures = pictures();
    let (x, y) = pictures.batch(&(0..16).collect::<Vec<_>>());
    let outputs = training.outputs(&x).unwrap();
    let squares = (&outputs - &y).mapv(|error| f64::from(error).powi(2));
    let evaluation = training.evaluate(&pictures, 1).unwrap();
    assert!((evaluation.cost - squares.sum() / 32.0).abs() < 1e-6);
    let right = |k: &usize| (outputs[[*k, 1]] > outputs[[*k, 0]]) == (y[[*k, 1]] == 1.0);
    assert_eq!(evaluation.confusion.correct(), (0..16).filter(right).count());
    let ones = pictures.labels().iter().filter(|&&label| label == 1).count();
    assert_eq!((evaluation.confusion.of(1), evaluation.confusion.of(0)), (ones, 16 - ones));

    assert_eq!(training.history().records()[2].test, None);
    let score = training.test(&pictures, 1).unwrap().score();
    assert_eq!(training.history().records()[2].test, Some(score));
    assert_eq!(training.history().records()[1].test, None);
}

#[test]
fn given_parameters_are_taken_as_they_are() {
    let given = start(Settings { seed: 9, ..SETTINGS }).state().clone();
    let network = || Network::dense(&[4, 3, 2], Activation::Sigmoid).unwrap();
    let momentum = Settings { optimiser: sgd(0.5), ..SETTINGS };
    let training = Training::start_from(network(), momentum, given.clone()).unwrap();
    for (name, array) in &given {
        assert_eq!(&training.state()[name], array);
    }
    assert!(training.state()["velocity.w2"].iter().all(|&v| v == 0.0));

    let refused = |change: &dyn Fn(&mut Arrays<f32>)| {
        let mut parameters = given.clone();
        change(&mut parameters);
        Training::start_from(network(), SETTINGS, parameters).unwrap_err().to_string()
    };
    let missing = refused(&|p| drop(p.remove("b3")));
    assert_eq!(missing, "the array `b3` of the network is missing");
    let shape = refused(&|p| drop(p.insert("b3".to_owned(), given["b2"].clone())));
    assert_eq!(shape, "the array `b3` is [3]; wanted [2]");
    let extra = refused(&|p| drop(p.insert("b4".to_owned(), given["b2"].clone())));
    assert_eq!(extra, "the array `b4` is not one of the network's");
    let infinite = refused(&|p| p.get_mut("w2").unwrap()[[0, 1]] = f32::INFINITY);
    assert_eq!(infinite, "the array `w2` has a number that is not finite");
}

/// The loop that somebody would write without `Training` goes the same way, mask for mask: to the
/// same bits by a plan, and nearly so by the reference evaluator.
#[test]
fn a_loop_by_hand_over_the_same_updates_goes_the_same_way() {
    let layers = [
        BatchNorm::new(Activation::Tanh).into(),
        Dropout::new(0.5).into(),
        Dense::new(2, Activation::Sigmoid).into(),
    ];
    let network = Network::new(&[4], &layers).unwrap();
    let settings = Settings { optimiser: Adam::default().into(), eta: 0.1, ..SETTINGS };
    let mut training = Training::start(network.clone(), settings).unwrap();

    let g = Graph::new();
    let (x, y) = (network.examples(&g, "x"), network.targets(&g, "y"));
    let (eta, step) = (input(&g, "eta", ()), input(&g, "step", ()));
    let forward = network.forward_in(x, Mode::Training { step, seed: settings.seed });
    let parameters = network.parameters();
    let nodes: Vec<_> = parameters.iter().map(|parameter| parameter.node(&g)).collect();
    let gradients = try_grad(Cost::Quadratic.of(&forward, y), &nodes).unwrap();
    let mut updates = settings.optimiser.updates(eta, &parameters, &gradients);
    updates.extend(forward.updates);
    let mut by_hand = compile(&[], &updates).unwrap();
    let mut oracle = Reference::new(&[], &updates).unwrap();
    let (mut state, mut slow) = (training.state().clone(), training.state().clone());

    train(&mut training, 2);
    let (mut shuffler, eta) = (Shuffler::new(settings.seed), arr0(0.1f32));
    let mut done = 0.0f32;
    for _ in 0..2 {
        for chosen in shuffler.order(16).chunks(settings.batch) {
            let (x, y) = pictures().batch(chosen);
            let step = arr0(done);
            let inputs = Inputs::new().with("x", &x).with("y", &y);
            let inputs = inputs.with("eta", &eta).with("step", &step);
            by_hand.step(&mut state, &inputs).unwrap();
            oracle.step(&mut slow, &inputs).unwrap();
            done += 1.0;
        }
    }
    assert_eq!(training.state(), &state);
    assert_eq!(state["adam.step"].sum(), done);
    for (name, slow) in &slow {
        let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-5;
        assert!(state[name].iter().zip(slow).all(near), "{name}\n{}\n{slow}", state[name]);
    }
}
