//! Training by mini-batches.

use std::sync::{Mutex, MutexGuard, PoisonError};

use gradus_ops::{Arrays, Graph, Inputs, input, try_grad};
use gradus_plan::{Plan, compile};
use ndarray::{Array, Array2, ArrayD, Ix2, arr0};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::data::{Pictures, Shuffler};
use crate::layer::{Layer, Mode, times};
use crate::{
    Confusion, Cost, Evaluation, History, Init, ModelError, Network, Optimiser, Parameter, Record,
    Schedule, Sgd,
};

/// How a network is trained.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// What training makes small.
    pub cost: Cost,
    /// How it does so.
    pub optimiser: Optimiser,
    /// The learning rate η, in the first epoch at least.
    pub eta: f64,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// How many examples make a mini-batch.
    pub batch: usize,
    /// Where the parameters start.
    pub init: Init,
    /// What all random numbers are drawn from.
    pub seed: u64,
}

/// As the books train the 784-30-10 network, from weights that do not saturate: the quadratic cost,
/// plain gradient descent on mini-batches of 10 at η = 3.
impl Default for Settings {
    fn default() -> Self {
        Self {
            cost: Cost::Quadratic,
            optimiser: Sgd::default().into(),
            eta: 3.0,
            schedule: Schedule::Constant,
            batch: 10,
            init: Init::Scaled,
            seed: 1,
        }
    }
}

impl Settings {
    /// Checks that training with these settings makes sense: numbers are judged as `f32`, in which
    /// training is done.
    ///
    /// # Errors
    ///
    /// A sentence about the first setting that does not.
    pub fn check(&self, network: &Network) -> Result<(), ModelError> {
        let eta = self.eta;
        if self.batch == 0 {
            let problem = "a mini-batch has at least one example".to_owned();
            return Err(ModelError::Settings(problem));
        }
        if !((eta as f32).is_finite() && eta as f32 > 0.0) {
            return Err(ModelError::Settings(format!(
                "the learning rate is a positive number, of the size of an f32, not {eta:?}"
            )));
        }
        if let Some(problem) = self.optimiser.problem() {
            return Err(ModelError::Settings(problem));
        }
        self.schedule.check()?;
        self.cost.suits(network)
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
    pub(crate) history: History,
    pub(crate) steps: u64,
    pub(crate) shuffler: Shuffler,
    step: Plan<f32>,
    outputs: Shared,
    evaluation: Shared,
}

/// A plan that is used through shared references.
#[derive(Debug)]
struct Shared(Mutex<Plan<f32>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Plan<f32>> {
        // A step that panics leaves nothing behind that the next one would read.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for Shared {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.lock().clone()))
    }
}

impl Training {
    /// A network with fresh parameters.
    ///
    /// # Errors
    ///
    /// If the settings make no sense; see [`Settings::check`].
    pub fn start(network: Network, settings: Settings) -> Result<Self, ModelError> {
        let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
        let parameters = settings.init.draw_all(&network, &mut random);
        Self::start_from(network, settings, parameters)
    }

    /// A network with given parameters: an array for each of [`Network::parameters`].
    ///
    /// # Errors
    ///
    /// If the settings make no sense, an array is missing, is not one of the network's, has another
    /// shape, or a number that is not finite.
    pub fn start_from(
        network: Network, settings: Settings, parameters: Arrays<f32>,
    ) -> Result<Self, ModelError> {
        check_arrays(&network.parameters(), &parameters).map_err(ModelError::Settings)?;
        let mut state = parameters;
        for beside in beside_parameters(&network, &settings) {
            // What is beside the parameters starts at a value of its own; nothing is drawn.
            let random = &mut ChaCha8Rng::seed_from_u64(0);
            state.insert(beside.name.clone(), settings.init.draw(&beside, random));
        }
        let shuffler = Shuffler::new(settings.seed);
        Self::resume(network, settings, state, History::default(), 0, shuffler)
    }

    /// A network with the state that it had when it was saved.
    pub(crate) fn resume(
        network: Network, settings: Settings, state: Arrays<f32>, history: History, steps: u64,
        shuffler: Shuffler,
    ) -> Result<Self, ModelError> {
        settings.check(&network)?;
        let step = training_step(&network, &settings)?;
        let g = Graph::new();
        let forward = network.forward(network.examples(&g, "x"));
        let cost = settings.cost.of(&forward, network.targets(&g, "y"));
        let shared = |plan| Shared(Mutex::new(plan));
        let outputs = shared(compile(&[forward.output()], &[])?);
        let evaluation = shared(compile(&[forward.output(), cost], &[])?);
        Ok(Self { network, settings, state, history, steps, shuffler, step, outputs, evaluation })
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// How it is trained.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The parameters, running statistics, and what the optimiser remembers.
    pub fn state(&self) -> &Arrays<f32> {
        &self.state
    }

    /// How many epochs are done.
    pub fn epochs(&self) -> usize {
        self.history.len()
    }

    /// How many steps are done.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// What each epoch has brought.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The learning rate of the next epoch.
    pub fn eta(&self) -> f64 {
        self.settings.eta * self.settings.schedule.factor(&self.history)
    }

    /// One epoch: a step for each mini-batch of the pictures in a new order, the last one as short
    /// as it comes. Calls `progress` after each step with the pictures done and their number.
    /// Returns the mean cost of the pictures, each before its own step.
    ///
    /// # Errors
    ///
    /// If there are no pictures, they do not fit the network, the schedule wants a validation of
    /// the epoch before, or the cost or a parameter is no longer a finite number. The training is
    /// then as it was before the epoch.
    pub fn epoch(
        &mut self, pictures: &Pictures, progress: impl FnMut(usize, usize),
    ) -> Result<f32, ModelError> {
        self.fits(pictures)?;
        if pictures.is_empty() {
            return Err(ModelError::Settings("there are no pictures to learn from".to_owned()));
        }
        let unknown = self.history.records().last().is_some_and(|last| last.validation.is_none());
        if self.settings.schedule.wants_validation() && unknown {
            let problem = format!(
                "the schedule {} wants a validation after each epoch",
                self.settings.schedule
            );
            return Err(ModelError::Settings(problem));
        }
        let before = (self.state.clone(), self.shuffler, self.steps);
        let eta = self.eta();
        let cost = self.learn(pictures, eta, progress);
        match cost {
            Ok(cost) => {
                let record = Record { eta, cost, validation: None, test: None };
                self.history.records.push(record);
            }
            Err(_) => (self.state, self.shuffler, self.steps) = before,
        }
        cost
    }

    /// The steps of an epoch.
    fn learn(
        &mut self, pictures: &Pictures, eta: f64, mut progress: impl FnMut(usize, usize),
    ) -> Result<f32, ModelError> {
        let order = self.shuffler.order(pictures.len());
        let rate = arr0(eta as f32);
        let (mut done, mut total, mut cost) = (0, 0.0, 0.0);
        for chosen in order.chunks(self.settings.batch) {
            let (x, y) = pictures.batch(chosen);
            let (x, step) = (self.shaped(x)?, arr0(self.step_number()?));
            let inputs = Inputs::new().with("x", &x).with("y", &y);
            let inputs = inputs.with("eta", &rate).with("step", &step);
            cost = self.step.step(&mut self.state, &inputs)?[0].sum();
            self.steps = self.steps.saturating_add(1);
            if !cost.is_finite() {
                return Err(self.diverged(cost, eta));
            }
            total += f64::from(cost) * chosen.len() as f64;
            done += chosen.len();
            progress(done, pictures.len());
        }
        // The last step has no cost after it that would show what it did.
        if self.state.values().flatten().any(|x| !x.is_finite()) {
            return Err(self.diverged(cost, eta));
        }
        Ok((total / pictures.len() as f64) as f32)
    }

    /// How many steps are done, as the masks of dropout want it: a whole number that an `f32` has.
    fn step_number(&self) -> Result<f32, ModelError> {
        const MOST: u64 = 1 << f32::MANTISSA_DIGITS;
        let drops = |layer: &Layer| matches!(layer, Layer::Dropout(_));
        if self.steps >= MOST && self.network.layers().iter().any(|placed| drops(&placed.layer)) {
            return Err(ModelError::Settings(format!(
                "a network with dropout is trained for at most {MOST} steps"
            )));
        }
        Ok(self.steps as f32)
    }

    fn diverged(&self, cost: f32, eta: f64) -> ModelError {
        ModelError::Diverged { epoch: self.epochs(), steps: self.steps, cost, eta }
    }

    /// The outputs of the network for rows of inputs, an example's numbers one after the other.
    ///
    /// # Errors
    ///
    /// If the rows have not as many numbers as the network has inputs.
    pub fn outputs(&self, x: &Array2<f32>) -> Result<Array2<f32>, ModelError> {
        let x = self.shaped(x.clone())?;
        let inputs = Inputs::new().with_all(&self.state).with("x", &x);
        let values = self.outputs.lock().step(&mut Arrays::new(), &inputs)?.to_vec();
        let [values] = <[_; 1]>::try_from(values).expect("one output");
        let examples = x.shape()[0];
        let outputs = values.into_shape_with_order((examples, self.outputs_count()));
        Ok(outputs.expect("a row for each example"))
    }

    /// The cost of the pictures and what the network takes them for. The pictures are shared out
    /// among `threads`; the result does not depend on how many.
    ///
    /// # Errors
    ///
    /// If the pictures do not fit the network.
    pub fn evaluate(&self, pictures: &Pictures, threads: usize) -> Result<Evaluation, ModelError> {
        const SHARE: usize = 500;
        self.fits(pictures)?;
        let all: Vec<usize> = (0..pictures.len()).collect();
        let shares: Vec<&[usize]> = all.chunks(SHARE).collect();
        let evaluate = |shares: &[&[usize]]| -> Result<Vec<(f64, Confusion)>, ModelError> {
            let mut plan = self.evaluation.lock().clone();
            shares.iter().map(|share| self.evaluate_share(&mut plan, pictures, share)).collect()
        };
        let per_thread = shares.len().div_ceil(threads.max(1)).max(1);
        let parts: Result<Vec<_>, ModelError> = std::thread::scope(|scope| {
            let evaluate = &evaluate;
            let workers: Vec<_> =
                shares.chunks(per_thread).map(|part| scope.spawn(move || evaluate(part))).collect();
            workers.into_iter().map(|w| w.join().expect("evaluating does not panic")).collect()
        });
        // In the order of the pictures, whoever has done which.
        let (mut total, mut confusion) = (0.0, Confusion::new(pictures.classes()));
        for (cost, part) in parts?.into_iter().flatten() {
            total += cost;
            confusion.add(&part);
        }
        Ok(Evaluation { cost: total / pictures.len() as f64, confusion })
    }

    /// The sum of the costs of some of the pictures, and what they are taken for.
    fn evaluate_share(
        &self, plan: &mut Plan<f32>, pictures: &Pictures, share: &[usize],
    ) -> Result<(f64, Confusion), ModelError> {
        let (x, y) = pictures.batch(share);
        let x = self.shaped(x)?;
        let inputs = Inputs::new().with_all(&self.state).with("x", &x).with("y", &y);
        let values = plan.step(&mut Arrays::new(), &inputs)?;
        let outputs = values[0].view().into_dimensionality::<Ix2>().expect("rows of outputs");
        let mut confusion = Confusion::new(pictures.classes());
        for (&k, outputs) in share.iter().zip(outputs.outer_iter()) {
            confusion.count(pictures.labels()[k].into(), &outputs);
        }
        Ok((f64::from(values[1].sum()) * share.len() as f64, confusion))
    }

    /// Evaluates the validation pictures and notes the score with the last epoch, where the
    /// schedule and early stopping look for it.
    ///
    /// # Errors
    ///
    /// As [`evaluate`](Self::evaluate), and if the cost is not a finite number.
    pub fn validate(
        &mut self, pictures: &Pictures, threads: usize,
    ) -> Result<Evaluation, ModelError> {
        self.note(pictures, threads, |record| &mut record.validation)
    }

    /// Evaluates the test pictures and notes the score with the last epoch, for the log.
    ///
    /// # Errors
    ///
    /// As [`validate`](Self::validate).
    pub fn test(&mut self, pictures: &Pictures, threads: usize) -> Result<Evaluation, ModelError> {
        self.note(pictures, threads, |record| &mut record.test)
    }

    fn note(
        &mut self, pictures: &Pictures, threads: usize,
        place: impl Fn(&mut Record) -> &mut Option<crate::Score>,
    ) -> Result<Evaluation, ModelError> {
        let evaluation = self.evaluate(pictures, threads)?;
        let score = evaluation.score();
        if !score.cost.is_finite() {
            let (cost, of) = (score.cost, score.of);
            let problem = format!("the cost of {of} pictures is {cost}, not a finite number");
            return Err(ModelError::Settings(problem));
        }
        if let Some(last) = self.history.records.last_mut() {
            *place(last) = Some(score);
        }
        Ok(evaluation)
    }

    /// How many of the pictures the network classifies correctly; see [`evaluate`](Self::evaluate).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn count_correct(&self, pictures: &Pictures, threads: usize) -> Result<usize, ModelError> {
        Ok(self.evaluate(pictures, threads)?.confusion.correct())
    }

    /// Rows of numbers in the shape of the network's inputs.
    fn shaped(&self, x: Array2<f32>) -> Result<ArrayD<f32>, ModelError> {
        let (examples, numbers) = x.dim();
        let mut shape = vec![examples];
        shape.extend(self.network.input());
        let standard = Array::from_iter(x).into_shape_with_order(shape);
        standard.map_err(|_| {
            ModelError::Settings(format!(
                "the network has {} inputs, the examples have {numbers} numbers",
                times(self.network.input())
            ))
        })
    }

    fn outputs_count(&self) -> usize {
        self.network.output().iter().product()
    }

    fn fits(&self, pictures: &Pictures) -> Result<(), ModelError> {
        let (inputs, outputs) = (self.network.input(), self.network.output());
        let size: usize = inputs.iter().product();
        if pictures.size() == size && outputs == [pictures.classes()] {
            return Ok(());
        }
        Err(ModelError::Settings(format!(
            "the network has {} inputs and {} outputs, the pictures have {} pixels and {} classes",
            times(inputs),
            times(outputs),
            pictures.size(),
            pictures.classes()
        )))
    }
}

/// What training keeps beside the parameters: running statistics, and the optimiser's state.
pub(crate) fn beside_parameters(network: &Network, settings: &Settings) -> Vec<Parameter> {
    let mut beside = network.statistics();
    beside.extend(settings.optimiser.state(&network.parameters()));
    beside
}

/// Checks that arrays are those wanted and no others, of their shapes and of finite numbers.
pub(crate) fn check_arrays(wanted: &[Parameter], arrays: &Arrays<f32>) -> Result<(), String> {
    for Parameter { name, shape, .. } in wanted {
        let array = arrays
            .get(name)
            .ok_or_else(|| format!("the array `{name}` of the network is missing"))?;
        if array.shape() != shape {
            let found = array.shape();
            return Err(format!("the array `{name}` is {found:?}; wanted {shape:?}"));
        }
        if array.iter().any(|x| !x.is_finite()) {
            return Err(format!("the array `{name}` has a number that is not finite"));
        }
    }
    let known = |name: &String| wanted.iter().any(|parameter| parameter.name == *name);
    match arrays.keys().find(|name| !known(name)) {
        Some(name) => Err(format!("the array `{name}` is not one of the network's")),
        None => Ok(()),
    }
}

/// One step of training: the cost of a mini-batch as output, the next state as updates.
fn training_step(network: &Network, settings: &Settings) -> Result<Plan<f32>, ModelError> {
    let g = Graph::new();
    let (x, y) = (network.examples(&g, "x"), network.targets(&g, "y"));
    let (eta, step) = (input(&g, "eta", ()), input(&g, "step", ()));
    let forward = network.forward_in(x, Mode::Training { step, seed: settings.seed });
    let cost = settings.cost.of(&forward, y);
    let parameters = network.parameters();
    let nodes: Vec<_> = parameters.iter().map(|parameter| parameter.node(&g)).collect();
    let gradients =
        try_grad(cost, &nodes).map_err(|error| ModelError::Settings(error.to_string()))?;
    let mut updates = settings.optimiser.updates(eta, &parameters, &gradients);
    updates.extend(forward.updates);
    Ok(compile(&[cost], &updates)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, Dense, Dropout};

    #[test]
    fn masks_do_not_repeat_when_steps_can_no_longer_be_told_apart() {
        let pictures = Pictures::new(1, 2, vec![0, 9, 9, 0], vec![0, 1], 2).unwrap();
        let dense = Dense::new(2, Activation::Sigmoid).into();
        let drops = Network::new(&[2], &[Dropout::new(0.5).into(), dense]).unwrap();
        let plain = Network::new(&[2], &[dense]).unwrap();
        let settings = Settings { batch: 2, ..Settings::default() };
        for (network, limited) in [(drops, true), (plain, false)] {
            let mut training = Training::start(network, settings).unwrap();
            training.steps = (1 << 24) - 1;
            training.epoch(&pictures, |_, _| ()).unwrap();
            let error = training.epoch(&pictures, |_, _| ()).err().map(|error| error.to_string());
            let text = "a network with dropout is trained for at most 16777216 steps";
            assert_eq!(error.as_deref(), limited.then_some(text));
        }
    }
}
