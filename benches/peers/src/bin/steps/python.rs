//! The workloads in JAX and PyTorch: a process that takes a round when it is asked to.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;

use gradus::ops::Arrays;
use safetensors::tensor::{Dtype, TensorView};
use serde::de::DeserializeOwned;

use crate::contest::Contestant;
use crate::workloads::Workload;

/// The process.
pub struct Python {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Python {
    /// The process with so many threads, if Python is where `run` puts it.
    pub fn start(arrays: &Path, threads: usize) -> Option<Rc<RefCell<Self>>> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = here.join("target/python/bin/python");
        if !python.exists() {
            return None;
        }
        let mut child = Command::new(python)
            .arg(here.join("peers.py"))
            .arg(arrays)
            .arg(threads.to_string())
            // What slows a current OpenBLAS where an older one needs it.
            .env_remove("OPENBLAS_CORETYPE")
            .env_remove("OPENBLAS_L2_SIZE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let requests = child.stdin.take().expect("a pipe");
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        Some(Rc::new(RefCell::new(Self { child, requests, answers })))
    }

    /// The frameworks with their versions.
    pub fn versions(&mut self) -> Vec<String> {
        self.ask("versions")
    }

    fn ask<A: DeserializeOwned>(&mut self, request: &str) -> A {
        writeln!(self.requests, "{request}").expect("Python reads");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("Python answers");
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{request}: no answer"))
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // It ends by itself where its requests do; this is for one that hangs. Both may fail
        // only because it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A framework's way to take steps, at a workload.
pub struct Remote {
    python: Rc<RefCell<Python>>,
    which: String,
}

impl Remote {
    pub fn new(python: &Rc<RefCell<Python>>, way: &str, workload: &str) -> Self {
        Self { python: Rc::clone(python), which: format!("{way} {workload}") }
    }
}

impl Contestant for Remote {
    fn costs(&mut self) -> Vec<f64> {
        self.python.borrow_mut().ask(&format!("start {}", self.which))
    }

    fn round(&mut self) -> f64 {
        self.python.borrow_mut().ask(&format!("round {}", self.which))
    }
}

/// Writes the arrays of all workloads to a file that Python reads.
pub fn write(path: &Path, workloads: &[Workload<f32>], w6: &Workload<f64>) {
    let mut arrays = BTreeMap::new();
    for workload in workloads {
        for (name, array) in workload.state.iter().chain(&workload.inputs) {
            let bytes: Vec<u8> = array.iter().flat_map(|x| x.to_le_bytes()).collect();
            let key = format!("{}/{name}", workload.name);
            arrays.insert(key, (Dtype::F32, array.shape().to_vec(), bytes));
        }
    }
    let inputs: &Arrays<f64> = &w6.inputs;
    for (name, array) in inputs {
        let bytes: Vec<u8> = array.iter().flat_map(|x| x.to_le_bytes()).collect();
        let key = format!("{}/{name}", w6.name);
        arrays.insert(key, (Dtype::F64, array.shape().to_vec(), bytes));
    }
    let views = arrays.iter().map(|(name, (dtype, shape, bytes))| {
        (name, TensorView::new(*dtype, shape.clone(), bytes).expect("as many as the shape has"))
    });
    safetensors::serialize_to_file(views, None, path).expect("the file can be written");
}
