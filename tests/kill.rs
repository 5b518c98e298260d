//! Training that is killed at any moment goes on from its last checkpoint to the same bits.
#![cfg(unix)]

use std::fmt::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gradus::models::Training;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// How often training is killed.
const KILLS: usize = 50;

/// How many epochs there are: more than are done between two kills, fewer than between all.
const EPOCHS: usize = 40;

/// The files that training writes after each epoch.
const FILES: [&str; 3] = ["out", "best", "log.csv"];

const SIGKILL: i32 = 9;

/// Half of the kills come at random times, half as soon as something in the folder changes: while a
/// file is being written.
#[test]
fn a_killed_training_goes_on_to_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    write_data(&data);
    let whole = Run::new(&data, folder.path().join("whole"));
    assert!(whole.start(EPOCHS).wait().unwrap().success());

    let mut random = ChaCha8Rng::seed_from_u64(1);
    let killed = Run::new(&data, folder.path().join("killed"));
    let (mut kills, mut writing, mut resumed, mut rounds, mut most_left) = (0, 0, 0, 0, 0);
    while kills < KILLS {
        // A training that has come to its end is begun anew, and its files are compared.
        if killed.epochs() == Some(EPOCHS) {
            killed.compare(&whole);
            killed.remove();
            rounds += 1;
        }
        resumed += usize::from(killed.epochs().is_some());
        let mut training = killed.start(EPOCHS);
        if kills % 2 == 0 {
            std::thread::sleep(Duration::from_micros(random.random_range(0..120_000)));
        } else {
            killed.wait_for_changes(&mut training, random.random_range(1..60));
        }
        training.kill().unwrap();
        let status = training.wait().unwrap();
        if status.signal() != Some(SIGKILL) {
            assert!(status.success(), "{status}");
            continue;
        }
        kills += 1;
        writing += usize::from(killed.temporary() > 0);
        most_left = most_left.max(killed.temporary());
        killed.check();
    }
    assert!(killed.start(EPOCHS).wait().unwrap().success());
    killed.compare(&whole);
    assert!(writing > 5, "only {writing} kills came while a temporary file was there");
    assert_eq!(killed.temporary(), 0, "temporary files are left at the end");
    assert!(most_left <= FILES.len(), "{most_left} temporary files");
    println!(
        "survived {KILLS} kills, {writing} of them while a temporary file was there; {resumed} starts had a \
         checkpoint; {} trainings came to the undisturbed one's bits; at most {most_left} temporary \
         files were there",
        rounds + 1
    );
}

/// A training with its files in a folder.
struct Run {
    data: PathBuf,
    folder: PathBuf,
}

impl Run {
    fn new(data: &Path, folder: PathBuf) -> Self {
        std::fs::create_dir(&folder).unwrap();
        Self { data: data.to_owned(), folder }
    }

    /// Starts the training, or goes on with it if there is a checkpoint.
    fn start(&self, epochs: usize) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gradus"));
        let [out, best, log] = FILES.map(|file| self.folder.join(file));
        command.args(["train", "mnist", "--pictures", "40", "--threads", "1"]);
        command.arg("--epochs").arg(epochs.to_string()).arg("--data").arg(&self.data);
        command.arg("--best").arg(best).arg("--log").arg(log);
        match out.exists() {
            true => command.arg("--resume").arg(out),
            false => command.args(["--layers", "784,40,10", "--seed", "3", "--out"]).arg(out),
        };
        command.stdout(Stdio::null()).spawn().unwrap()
    }

    /// How many epochs the checkpoint has, if there is one.
    fn epochs(&self) -> Option<usize> {
        let out = self.folder.join("out");
        out.exists().then(|| Training::load(&out).unwrap().epochs())
    }

    /// Checks that the checkpoint loads, whatever was being written, and that what it says is done
    /// is done: the best network is saved, and the log has its line.
    fn check(&self) {
        let [out, best, log] = FILES.map(|file| self.folder.join(file));
        if !out.exists() {
            return;
        }
        let training = Training::load(&out).unwrap();
        let saved = Training::load(&best).unwrap();
        assert!(saved.history().best() >= training.history().best(), "the best is not saved");
        let lines = std::fs::read_to_string(log).unwrap().lines().count();
        assert!(lines > training.epochs(), "{lines} lines for {} epochs", training.epochs());
    }

    /// Waits until the names or lengths of the files have changed so often, or training has ended.
    fn wait_for_changes(&self, training: &mut Child, changes: usize) {
        let (mut before, end) = (self.look(), Instant::now() + Duration::from_secs(20));
        for _ in 0..changes {
            while self.look() == before {
                if training.try_wait().unwrap().is_some() {
                    return;
                }
                assert!(Instant::now() < end, "nothing is written");
            }
            before = self.look();
        }
    }

    /// Names and lengths of the files, as text.
    fn look(&self) -> String {
        let mut text = String::new();
        for entry in self.folder.read_dir().unwrap().flatten() {
            let length = entry.metadata().map_or(0, |metadata| metadata.len());
            writeln!(text, "{:?} {length}", entry.file_name()).unwrap();
        }
        text
    }

    /// How many files are there beside those wanted.
    fn temporary(&self) -> usize {
        let names = self.folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| !FILES.iter().any(|file| name == file)).count()
    }

    fn compare(&self, whole: &Run) {
        for file in FILES {
            let [found, wanted] = [self, whole].map(|run| std::fs::read(run.folder.join(file)));
            let same = found.unwrap() == wanted.unwrap();
            assert!(same, "{file} differs from that of an undisturbed training");
        }
    }

    fn remove(&self) {
        FILES.iter().for_each(|file| std::fs::remove_file(self.folder.join(file)).unwrap());
    }
}

/// Files like MNIST's: the class of a picture is where its bright bar is, under noise.
fn write_data(folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(0);
    for (name, count) in [("train", 60_000u32), ("t10k", 10_000)] {
        let header = |sizes: &[u32]| {
            let sizes = sizes.iter().flat_map(|size| size.to_be_bytes());
            [0, 0, 8].into_iter().chain(sizes).collect::<Vec<u8>>()
        };
        let (mut images, mut labels) = (header(&[count, 28, 28]), header(&[count]));
        images.insert(3, 3);
        labels.insert(3, 1);
        for _ in 0..count {
            let (label, noise) = (random.random_range(0..10u8), random.random_range(0..80u8));
            let bar = |k: usize| k / 78 == usize::from(label);
            images.extend((0..784).map(|k| if bar(k) { 255 - noise } else { noise }));
            labels.push(label);
        }
        let write = |kind: &str, bytes| {
            std::fs::write(folder.join(format!("{name}-{kind}-ubyte")), bytes).unwrap();
        };
        write("images-idx3", images);
        write("labels-idx1", labels);
    }
}
