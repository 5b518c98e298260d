//! What is answered, and what is refused with a sentence.

use std::io::Write;

use serde_json::Value;

use super::{Answer, Server, gradus, png, trained};

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

    // Bytes that are no request end the connection.
    let mut stream = server.connect();
    stream.write_all(b"\x16\x03\x01 no HTTP\r\n\r\n").unwrap();
    assert_eq!(Answer::read(stream).status, 400);
    assert_eq!(server.post(&picture).status, 200);
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
