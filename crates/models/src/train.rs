//! Training by mini-batches.

use gradus_ops::{Arrays, Evaluator, Graph, Inputs, Reference, evaluate, input, try_grad};
use ndarray::{Array2, ArrayD, ArrayView1, Ix2};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::data::{Pictures, Shuffler};
use crate::{Cost, Init, ModelError, Network, Sgd};

/// How a network is trained.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// What training makes small.
    pub cost: Cost,
    /// How it does so.
    pub sgd: Sgd,
    /// How many examples make a mini-batch.
    pub batch: usize,
    /// Where the parameters start.
    pub init: Init,
    /// What all random numbers are drawn from.
    pub seed: u64,
}

impl Settings {
    /// Checks that training with these settings makes sense: numbers are judged as `f32`, in which
    /// training is done.
    ///
    /// # Errors
    ///
    /// A sentence about the first setting that does not.
    pub fn check(&self, network: &Network) -> Result<(), ModelError> {
        let Sgd { eta, momentum } = self.sgd;
        let problem = if self.batch == 0 {
            "a mini-batch has at least one example".to_owned()
        } else if !((eta as f32).is_finite() && eta as f32 > 0.0) {
            format!("the learning rate is a positive number, of the size of an f32, not {eta:?}")
        } else if !(0.0..1.0).contains(&(momentum as f32)) {
            format!("the momentum is from 0 to below 1, as an f32, not {momentum:?}")
        } else {
            return self.cost.suits(network);
        };
        Err(ModelError::Settings(problem))
    }
}

/// A network in training: its state, and how far it has got.
///
/// After each [`epoch`](Self::epoch) it can be [saved](Self::save); [loaded](Self::load) again it
/// goes on to the same bits.
#[derive(Clone, Debug)]
pub struct Training {
    pub(crate) network: Network,
    pub(crate) settings: Settings,
    pub(crate) state: Arrays<f32>,
    pub(crate) epochs: usize,
    pub(crate) steps: u64,
    pub(crate) shuffler: Shuffler,
    step: Reference,
}

impl Training {
    /// A network with fresh parameters.
    ///
    /// # Errors
    ///
    /// If the settings make no sense; see [`Settings::check`].
    pub fn start(network: Network, settings: Settings) -> Result<Self, ModelError> {
        let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
        let mut state = settings.init.draw_all(&network, &mut random);
        for still in settings.sgd.state(&network.parameters()) {
            state.insert(still.name, ArrayD::zeros(still.shape));
        }
        Self::resume(network, settings, state, 0, 0, Shuffler::new(settings.seed))
    }

    /// A network with the state that it had when it was saved.
    pub(crate) fn resume(
        network: Network, settings: Settings, state: Arrays<f32>, epochs: usize, steps: u64,
        shuffler: Shuffler,
    ) -> Result<Self, ModelError> {
        settings.check(&network)?;
        let step = compile(&network, &settings)?;
        Ok(Self { network, settings, state, epochs, steps, shuffler, step })
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// How it is trained.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The parameters, and the velocities if there is momentum.
    pub fn state(&self) -> &Arrays<f32> {
        &self.state
    }

    /// How many epochs are done.
    pub fn epochs(&self) -> usize {
        self.epochs
    }

    /// How many steps are done.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// One epoch: a step for each mini-batch of the pictures in a new order, the last one as short
    /// as it comes. Calls `progress` after each step with the pictures done and their number.
    /// Returns the mean cost of the pictures, each before its own step.
    ///
    /// # Errors
    ///
    /// If there are no pictures, they do not fit the network, or the cost or a parameter is no
    /// longer a finite number. The training is then as it was before the epoch.
    pub fn epoch(
        &mut self, pictures: &Pictures, progress: impl FnMut(usize, usize),
    ) -> Result<f32, ModelError> {
        self.fits(pictures)?;
        if pictures.is_empty() {
            return Err(ModelError::Settings("there are no pictures to learn from".to_owned()));
        }
        let before = (self.state.clone(), self.shuffler, self.steps);
        let cost = self.learn(pictures, progress);
        match cost {
            Ok(_) => self.epochs += 1,
            Err(_) => (self.state, self.shuffler, self.steps) = before,
        }
        cost
    }

    /// The steps of an epoch.
    fn learn(
        &mut self, pictures: &Pictures, mut progress: impl FnMut(usize, usize),
    ) -> Result<f32, ModelError> {
        let order = self.shuffler.order(pictures.len());
        let (mut done, mut total, mut cost) = (0, 0.0, 0.0);
        for chosen in order.chunks(self.settings.batch) {
            let (x, y) = pictures.batch(chosen);
            let inputs = Inputs::new().with("x", &x).with("y", &y);
            cost = self.step.step(&mut self.state, &inputs)?[0].sum();
            self.steps += 1;
            if !cost.is_finite() {
                return Err(self.diverged(cost));
            }
            total += f64::from(cost) * chosen.len() as f64;
            done += chosen.len();
            progress(done, pictures.len());
        }
        // The last step has no cost after it that would show what it did.
        if self.state.values().flatten().any(|x| !x.is_finite()) {
            return Err(self.diverged(cost));
        }
        Ok((total / pictures.len() as f64) as f32)
    }

    fn diverged(&self, cost: f32) -> ModelError {
        let (epoch, steps, eta) = (self.epochs, self.steps, self.settings.sgd.eta);
        ModelError::Diverged { epoch, steps, cost, eta }
    }

    /// The outputs of the network for rows of inputs.
    ///
    /// # Errors
    ///
    /// If the rows have not as many numbers as the network has inputs.
    pub fn outputs(&self, x: &Array2<f32>) -> Result<Array2<f32>, ModelError> {
        let g = Graph::new();
        let output = self.network.forward(input(&g, "x", ("n", self.network.sizes()[0]))).output();
        let inputs = Inputs::new().with_all(&self.state).with("x", x);
        let mut values = evaluate(&[output], &inputs)?;
        Ok(values.remove(0).into_dimensionality::<Ix2>().expect("a row for each example"))
    }

    /// How many of the pictures the network classifies correctly: those whose class has the largest
    /// output, the first of equals. The pictures are shared out among `threads`; the result does
    /// not depend on how many.
    ///
    /// # Errors
    ///
    /// If the pictures do not fit the network.
    pub fn count_correct(&self, pictures: &Pictures, threads: usize) -> Result<usize, ModelError> {
        const SHARE: usize = 500;
        self.fits(pictures)?;
        let all: Vec<usize> = (0..pictures.len()).collect();
        let shares: Vec<&[usize]> = all.chunks(SHARE).collect();
        let count = |shares: &[&[usize]]| -> Result<usize, ModelError> {
            let mut correct = 0;
            for share in shares {
                let outputs = self.outputs(&pictures.batch(share).0)?;
                let labels = share.iter().map(|&k| usize::from(pictures.labels()[k]));
                correct += outputs
                    .outer_iter()
                    .zip(labels)
                    .filter(|(a, y)| largest(a) == Some(*y))
                    .count();
            }
            Ok(correct)
        };
        let per_thread = shares.len().div_ceil(threads.max(1)).max(1);
        std::thread::scope(|scope| {
            let count = &count;
            let workers: Vec<_> =
                shares.chunks(per_thread).map(|part| scope.spawn(move || count(part))).collect();
            workers.into_iter().map(|worker| worker.join().expect("counting does not panic")).sum()
        })
    }

    fn fits(&self, pictures: &Pictures) -> Result<(), ModelError> {
        let sizes = self.network.sizes();
        let (inputs, outputs) = (sizes[0], sizes[sizes.len() - 1]);
        if (pictures.size(), pictures.classes()) == (inputs, outputs) {
            return Ok(());
        }
        Err(ModelError::Settings(format!(
            "the network has {inputs} inputs and {outputs} outputs, the pictures have {} pixels and \
             {} classes",
            pictures.size(),
            pictures.classes()
        )))
    }
}

/// One step of training: the cost of a mini-batch as output, the next parameters as updates.
fn compile(network: &Network, settings: &Settings) -> Result<Reference, ModelError> {
    let (g, sizes) = (Graph::new(), network.sizes());
    let x = input(&g, "x", ("n", sizes[0]));
    let y = input(&g, "y", ("n", sizes[sizes.len() - 1]));
    let cost = settings.cost.of(&network.forward(x), y);
    let parameters = network.parameters();
    let nodes: Vec<_> = parameters.iter().map(|parameter| parameter.node(&g)).collect();
    let gradients =
        try_grad(cost, &nodes).map_err(|error| ModelError::Settings(error.to_string()))?;
    Ok(Reference::new(&[cost], &settings.sgd.updates(&parameters, &gradients))?)
}

/// The place of the largest number, the first of equals; none if there is a NaN.
fn largest(numbers: &ArrayView1<'_, f32>) -> Option<usize> {
    if numbers.iter().any(|x| x.is_nan()) {
        return None;
    }
    (0..numbers.len()).reduce(|best, k| if numbers[k] > numbers[best] { k } else { best })
}
