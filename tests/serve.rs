//! `gradus serve`, asked over HTTP; `tests/browser` has its page in a browser.
#![cfg(all(unix, feature = "serve"))]

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What the server gives slow senders, and what it allows in a picture.
const TIME: Duration = Duration::from_secs(10);
const LARGEST: usize = 4 << 20;

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

    fn ask(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n");
        headers.iter().for_each(|header| head += &format!("{header}\r\n"));
        if !body.is_empty() || method == "POST" {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        let mut stream = self.connect();
        stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        Answer::read(stream)
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

#[test]
fn an_answer_is_what_predict_says() {
    for (model, layers) in [("mnist", &[30][..]), ("lenet", &[4704, 1176, 1600, 400, 120, 84])] {
        let server = Server::start(trained(model));
        for name in ["3-a.png", "7-b.png"] {
            let picture = format!("data/digits/{name}");
            let output = gradus(&["predict", trained(model), &picture, "--json"]).output().unwrap();
            let told: Value = serde_json::from_slice(&output.stdout).unwrap();
            let answer = server.post(&png(name));
            assert_eq!(answer.status, 200);
            let answer = answer.json();
            assert_eq!(answer["digit"], told[0]["digit"]);
            assert_eq!(answer["outputs"], told[0]["outputs"]);
            assert_eq!(answer["pixels"].as_array().unwrap().len(), 784);
            let sizes: Vec<usize> = answer["layers"].as_array().unwrap().iter().map(size).collect();
            assert_eq!(sizes, layers, "{model}");
        }
        let network = server.get("/api/network").json();
        assert_eq!(network["outputs"], 10);
        assert_eq!(network["epochs"], 1);
        assert!(server.printed.starts_with(trained(model)), "{}", server.printed);
    }
}

/// How many numbers a layer has, which are not all the same.
fn size(layer: &Value) -> usize {
    let values = layer["values"].as_array().unwrap();
    let numbers: Vec<f64> = values.iter().map(|value| value.as_f64().unwrap()).collect();
    let shape = layer["shape"].as_array().unwrap().iter().map(|size| size.as_u64().unwrap());
    assert_eq!(shape.product::<u64>() as usize, numbers.len());
    assert!(numbers.iter().any(|number| *number != numbers[0]), "{layer}");
    numbers.len()
}

#[test]
fn the_page_is_whole_and_may_load_nothing_from_elsewhere() {
    let server = Server::start(trained("mnist"));
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/page.css", "text/css; charset=utf-8"),
        ("/page.js", "text/javascript; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
        ("/api/network", "application/json"),
    ] {
        let (got, head) = (server.get(path), server.ask("HEAD", path, &[], &[]));
        assert_eq!((got.status, head.status), (200, 200), "{path}");
        assert!(!got.body.is_empty() && head.body.is_empty(), "{path}");
        for answer in [&got, &head] {
            assert!(answer.has(&format!("content-type: {kind}")), "{}", answer.head);
            assert!(answer.has(&format!("content-length: {}", got.body.len())), "{}", answer.head);
        }
    }
    for answer in [server.get("/"), server.get("/nothing"), server.post(b"no picture")] {
        assert!(answer.head.contains("\r\ncontent-security-policy: default-src 'self'; base-uri"));
        for header in ["x-content-type-options: nosniff", "referrer-policy: no-referrer"] {
            assert!(answer.has(header), "{}", answer.head);
        }
    }
}

#[test]
fn what_is_wrong_is_refused_with_a_sentence() {
    let server = Server::start(trained("mnist"));
    let nothing = server.get("/nothing");
    assert_eq!(
        (nothing.status, nothing.body.as_str()),
        (404, "there is nothing at /nothing; the page is at /\n")
    );
    assert_eq!(
        server.get("/api/nothing").error(),
        "there is nothing at /api/nothing; the page is at /"
    );
    let wrong = server.ask("PUT", "/page.css", &[], b"x");
    assert_eq!((wrong.status, wrong.body.as_str()), (405, "/page.css does not take PUT; GET it\n"));
    assert!(wrong.has("allow: get, head"), "{}", wrong.head);
    let wrong = server.get("/api/read");
    assert_eq!(wrong.status, 405);
    assert_eq!(wrong.error(), "/api/read does not take GET; POST a PNG picture to it");
    assert!(wrong.has("allow: post"), "{}", wrong.head);

    let empty = server.post(b"");
    assert_eq!(
        (empty.status, empty.error().as_str()),
        (400, "the body is empty; wanted a PNG picture of a digit")
    );
    let kind = server.ask("POST", "/api/read", &["Content-Type: text/plain"], b"x");
    assert_eq!(kind.status, 415);
    assert_eq!(kind.error(), "a picture is sent as `Content-Type: image/png`, not as `text/plain`");
    let text = server.post(b"no picture");
    assert_eq!(text.status, 422);
    assert!(text.error().starts_with("not a PNG file: it begins with ["), "{}", text.error());
    let picture = png("3-a.png");
    let half = server.post(&picture[..picture.len() / 2]);
    assert_eq!((half.status, half.error().as_str()), (422, "a truncated PNG file"));

    // Random bytes in place of a request, and a head without end, end the connection.
    for garbage in [
        b"\x16\x03\x01 no HTTP\r\n\r\n".to_vec(),
        [b"GET / HTTP/1.1\r\nA: ", &[b'a'; 1 << 16][..]].concat(),
    ] {
        let mut stream = server.connect();
        let _ = stream.write_all(&garbage);
        let mut answer = [0; 12];
        if stream.read_exact(&mut answer).is_ok() {
            assert_eq!(&answer[..10], b"HTTP/1.1 4");
        }
    }
    assert_eq!(server.post(&picture).status, 200);
}

#[test]
fn a_picture_that_is_too_large_is_refused() {
    let server = Server::start(trained("mnist"));
    let wanted = format!("the picture is too large: it has more than {LARGEST} bytes");
    let mut picture = png("3-a.png");
    for (length, status) in [(LARGEST, 200), (LARGEST + 1, 413), (5 * LARGEST, 413)] {
        picture.resize(length, 0);
        let answer = server.post(&picture);
        assert_eq!(answer.status, status, "{length}");
        assert!(status == 200 || answer.error() == wanted, "{}", answer.body);
    }
    // One that claims to be larger than anybody would read is not waited for.
    let mut stream = server.connect();
    let head = "POST /api/read HTTP/1.1\r\nHost: here\r\nContent-Type: image/png\r\n\
                Content-Length: 99999999999\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let start = Instant::now();
    let answer = Answer::read(stream);
    assert_eq!((answer.status, answer.error()), (413, wanted));
    assert!(start.elapsed() < TIME / 2);
}

#[test]
fn slow_senders_are_not_waited_for() {
    let server = Server::start(trained("mnist"));
    let start = Instant::now();
    let (mut head, mut body, idle) = (server.connect(), server.connect(), server.connect());
    head.write_all(b"GET / HTTP/1.1\r\nHost: h").unwrap();
    let text = "POST /api/read HTTP/1.1\r\nHost: here\r\nContent-Type: image/png\r\n\
                Content-Length: 1000\r\n\r\n";
    body.write_all(text.as_bytes()).unwrap();
    // A byte a second, for each.
    while start.elapsed() < TIME - Duration::from_secs(2) {
        std::thread::sleep(Duration::from_secs(1));
        head.write_all(b"h").unwrap();
        body.write_all(b"b").unwrap();
        assert_eq!(server.get("/").status, 200, "others are answered");
    }
    let answer = Answer::read(body);
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (408, "the picture did not arrive within 10 s")
    );
    for mut stream in [head, idle] {
        let mut rest = Vec::new();
        match stream.read_to_end(&mut rest) {
            Ok(_) => assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 4"), "{rest:?}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }
    let took = start.elapsed();
    assert!(TIME - Duration::from_secs(1) < took && took < 2 * TIME, "{took:?}");
}

#[test]
fn many_at_once_are_all_answered() {
    let server = Server::start(trained("mnist"));
    let picture = png("3-a.png");
    let wanted = server.post(&picture).body;
    std::thread::scope(|scope| {
        for _ in 0..300 {
            scope.spawn(|| {
                let answer = server.post(&picture);
                assert_eq!((answer.status, answer.body == wanted), (200, true));
            });
        }
    });
}

#[test]
fn a_signal_ends_it_well() {
    for signal in ["-INT", "-TERM"] {
        let mut server = Server::start(trained("mnist"));
        let (address, mut idle) = (server.address, server.connect());
        idle.write_all(b"GET /icon.svg HTTP/1.1\r\nHost: here\r\n\r\n").unwrap();
        idle.read_exact(&mut [0; 12]).unwrap();
        let (well, took) = server.stop(signal);
        assert!(well && took < Duration::from_secs(2), "{signal}: {well}, {took:?}");
        assert!(TcpStream::connect(address).is_err());
    }
    // Who is in the middle of a request is given a few seconds, and is answered.
    let mut server = Server::start(trained("mnist"));
    let (mut slow, picture) = (server.connect(), png("3-a.png"));
    let head = format!(
        "POST /api/read HTTP/1.1\r\nHost: here\r\nContent-Type: image/png\r\n\
         Content-Length: {}\r\n\r\n",
        picture.len()
    );
    slow.write_all(head.as_bytes()).unwrap();
    // Until the server has the head: a connection without a request ends at once.
    std::thread::sleep(Duration::from_millis(500));
    std::thread::scope(|scope| {
        let answer = scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(1));
            slow.write_all(&picture).unwrap();
            Answer::read(slow).status
        });
        let (well, took) = server.stop("-TERM");
        assert_eq!(answer.join().unwrap(), 200);
        assert!(well && took < TIME, "{well}, {took:?}");
    });
}

#[test]
fn what_cannot_be_served_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let fails = |arguments: &[&str]| {
        let mut command = gradus(&[&["serve"][..], arguments].concat());
        let output = command.current_dir(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    };
    let wanted = "gradus: mnist.safetensors: is not in this folder; `gradus train mnist` makes it, \
                  or name another checkpoint: gradus serve FILE\n";
    assert_eq!(fails(&[]), wanted);
    assert!(fails(&["none"]).starts_with("gradus: none: cannot read: No such file"));

    let network = gradus::models::classic::demons();
    let training = gradus::models::Training::start(network, Default::default()).unwrap();
    training.save(&folder.path().join("demon")).unwrap();
    let wanted = "gradus: demon: is a network of [12] inputs and [2] outputs; digits want 28×28 \
                  inputs and 1 to 1000 outputs\n";
    assert_eq!(fails(&["demon"]), wanted);

    let server = Server::start(trained("mnist"));
    let port = server.address.port().to_string();
    let taken = fails(&[trained("mnist"), "--port", &port]);
    let wanted = format!("gradus: 127.0.0.1:{port}: cannot listen: Address already in use");
    assert!(taken.starts_with(&wanted), "{taken}");
}
