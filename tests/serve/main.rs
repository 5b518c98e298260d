//! `gradus serve`, asked over HTTP; `tests/browser` has its page in a browser.
#![cfg(all(unix, feature = "serve"))]

mod answers;
mod end;
mod limits;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What the server gives slow senders.
const TIME: Duration = Duration::from_secs(10);

fn gradus(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradus"));
    command.current_dir(ROOT).args(arguments);
    command
}

/// A checkpoint of a model that has learned a little, made once for all tests.
fn trained(model: &'static str) -> &'static str {
    static MNIST: OnceLock<String> = OnceLock::new();
    static LENET: OnceLock<String> = OnceLock::new();
    let cell = if model == "mnist" { &MNIST } else { &LENET };
    cell.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("serve");
        std::fs::create_dir_all(&folder).unwrap();
        let out = folder.join(format!("{model}.safetensors")).to_str().unwrap().to_owned();
        let _ = std::fs::remove_file(&out);
        let train = ["train", "mnist", "--model", model, "--pictures", "2000", "--epochs", "1"];
        let output = gradus(&[&train[..], &["--out", &out]].concat()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        out
    })
}

fn png(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(ROOT).join("data/digits").join(name)).unwrap()
}

/// A server, killed when the test is over.
struct Server {
    child: Child,
    address: SocketAddr,
    printed: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(checkpoint: &str) -> Self {
        let mut command = gradus(&["serve", checkpoint, "--port", "0"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let (mut lines, mut printed) =
            (BufReader::new(child.stdout.take().unwrap()), String::new());
        for _ in 0..3 {
            lines.read_line(&mut printed).unwrap();
        }
        let address = printed.lines().nth(1).unwrap();
        let address = address.strip_prefix("http://").unwrap().strip_suffix('/').unwrap();
        let address = address.parse().unwrap();
        Self { child, address, printed }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(3 * TIME)).unwrap();
        stream
    }

    fn send(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> TcpStream {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n");
        headers.iter().for_each(|header| head += &format!("{header}\r\n"));
        if !body.is_empty() || method == "POST" {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        let mut stream = self.connect();
        stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        stream
    }

    fn ask(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
        Answer::read(self.send(method, path, headers, body))
    }

    fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], &[])
    }

    fn post(&self, body: &[u8]) -> Answer {
        self.ask("POST", "/api/read", &["Content-Type: image/png"], body)
    }

    /// Sends a signal and waits for the end: whether it was a good one, and how long it took.
    fn stop(&mut self, signal: &str) -> (bool, Duration) {
        let start = Instant::now();
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        while start.elapsed() < 3 * TIME {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status.success(), start.elapsed());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the server does not end by {signal}");
    }
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn read(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Self::of(bytes)
    }

    /// Who has sent more than the server reads may find the connection reset behind the answer.
    fn read_until_reset(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        if let Err(error) = stream.read_to_end(&mut bytes) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        }
        Self::of(bytes)
    }

    fn of(bytes: Vec<u8>) -> Self {
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    fn has(&self, header: &str) -> bool {
        self.head.lines().any(|line| line == header)
    }

    fn json(&self) -> Value {
        assert!(self.has("content-type: application/json"), "{}", self.head);
        serde_json::from_str(&self.body).unwrap()
    }

    /// The sentence of a refusal.
    fn error(&self) -> String {
        self.json()["error"].as_str().unwrap().to_owned()
    }
}
