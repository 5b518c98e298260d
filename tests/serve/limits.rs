//! How much, how long, and how many at once: the server's limits, over sockets.
//!
//! Where a test says that something has not happened, it has waited for [`A_WHILE`]; where it waits for
//! something, it has the server's own time.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{Answer, Server, TIME, png, trained};

/// The most bytes of a picture, of a body that is read to its end to be refused, and of a head.
const LARGEST: usize = 4 << 20;
const DRAINED: usize = 64 << 20;
const HEAD_BYTES: usize = 16 << 10;

/// How many pictures and how many connections there are at once.
const PICTURES: usize = 16;
const CONNECTIONS: usize = 128;

const A_WHILE: Duration = Duration::from_secs(1);

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
        for _ in 0..200 {
            scope.spawn(|| {
                let answer = server.post(&picture);
                assert_eq!((answer.status, answer.body == wanted), (200, true));
            });
        }
    });
}

#[test]
fn a_picture_without_end_is_refused() {
    let server = Server::start(trained("mnist"));
    let begin = || {
        let mut stream = server.connect();
        let head = "POST /api/read HTTP/1.1\r\nHost: here\r\nContent-Type: image/png\r\n\
                    Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let chunk =
        |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    // Who does not say how much there is may send it all the same.
    let mut stream = begin();
    stream.write_all(&[chunk(&png("3-a.png")), chunk(b"")].concat()).unwrap();
    assert_eq!(Answer::read(stream).status, 200);

    let (mut stream, part) = (begin(), chunk(&vec![0; 1 << 20]));
    let start = Instant::now();
    for _ in 0..=DRAINED >> 20 {
        if stream.write_all(&part).is_err() {
            break;
        }
    }
    let answer = Answer::read_until_reset(stream);
    assert_eq!(answer.status, 413, "{}", answer.body);
    assert!(start.elapsed() < TIME, "answered before the time is over");
}

#[test]
fn a_head_that_is_too_long_is_refused() {
    let server = Server::start(trained("mnist"));
    let whole = |length: usize| {
        let (before, after) = ("GET / HTTP/1.1\r\nConnection: close\r\nA: ", "\r\n\r\n");
        let filling = length - before.len() - after.len();
        format!("{before}{}{after}", "a".repeat(filling))
    };
    let send = |head: &str| {
        let mut stream = server.connect();
        stream.write_all(head.as_bytes()).unwrap();
        Answer::read_until_reset(stream)
    };
    let start = Instant::now();
    assert_eq!(send(&whole(HEAD_BYTES)).status, 200);
    assert_eq!(send(&whole(HEAD_BYTES + 1)).status, 431);
    assert_eq!(send(&whole(2 * HEAD_BYTES)).status, 431);
    // Nor is it waited for the end of one.
    assert_eq!(send(&whole(2 * HEAD_BYTES)[..HEAD_BYTES]).status, 431);
    assert!(start.elapsed() < TIME, "answered before the time is over");
    assert_eq!(server.get("/").status, 200);
}

#[test]
fn pictures_wait_for_a_place_and_not_for_ever() {
    let server = Server::start(trained("mnist"));
    let (picture, start) = (png("3-a.png"), Instant::now());
    let mut held: Vec<_> = (0..PICTURES).map(|_| begin(&server, picture.len())).collect();
    assert!(held.iter_mut().all(|stream| has_place(stream, TIME)));
    // The next one has to wait, and gets the place of the first that is done.
    let mut next = begin(&server, picture.len());
    assert!(!has_place(&mut next, A_WHILE));
    finish(held.remove(7), &picture);
    assert!(has_place(&mut next, TIME));
    assert!(start.elapsed() < TIME, "before a place is free since its time is over");
    held.push(next);

    // All places are held for their whole time, and then given to others who have waited for longer
    // than the last one.
    let mut waiting = wait(&server, picture.len());
    let asked = Instant::now();
    let last = server.post(&picture);
    let waited = asked.elapsed();
    let sentence = "16 pictures are being received, and none was done within 10 s; try again";
    assert_eq!((last.status, last.error().as_str()), (503, sentence));
    assert!(last.has("retry-after: 1"), "{}", last.head);
    assert!(TIME <= waited && waited < 2 * TIME, "{waited:?}");
    for stream in held {
        assert_eq!(Answer::read(stream).status, 408);
    }
    assert!(waiting.iter_mut().all(|stream| has_place(stream, TIME)));

    // Who goes away leaves the place.
    drop(waiting);
    let asked = Instant::now();
    assert_eq!(server.post(&picture).status, 200);
    assert!(asked.elapsed() < TIME / 2);
}

#[test]
fn pictures_wait_longer_while_others_are_done() {
    let server = Server::start(trained("mnist"));
    let picture = png("3-a.png");
    let mut held: Vec<_> = (0..PICTURES).map(|_| begin(&server, picture.len())).collect();
    assert!(held.iter_mut().all(|stream| has_place(stream, TIME)));
    let mut waiting = wait(&server, picture.len());
    let asked = Instant::now();
    let last = server.send("POST", "/api/read", &["Content-Type: image/png"], &picture);
    assert_eq!(server.get("/").status, 200, "it waits, being earlier");
    finish(held.remove(7), &picture);
    // Its place and, when their time is over, those of the others are taken by who has waited longer.
    assert!(waiting.iter_mut().all(|stream| has_place(stream, 2 * TIME)));
    std::thread::sleep((TIME + A_WHILE).saturating_sub(asked.elapsed()));
    finish(waiting.remove(7), &picture);
    assert_eq!(Answer::read(last).status, 200);
    assert!(asked.elapsed() > TIME);
}

/// Begins as many pictures as can be received at once; they wait for those that are. They come a while
/// later, so that they still do when the time of the others is over.
fn wait(server: &Server, length: usize) -> Vec<TcpStream> {
    std::thread::sleep(A_WHILE);
    let waiting = (0..PICTURES).map(|_| begin(server, length)).collect();
    assert_eq!(server.get("/").status, 200, "the page is there; and they wait, being earlier");
    waiting
}

/// Says that a picture will come, and asks to be told when it is wanted.
fn begin(server: &Server, length: usize) -> TcpStream {
    let mut stream = server.connect();
    let head = format!(
        "POST /api/read HTTP/1.1\r\nHost: here\r\nContent-Type: image/png\r\nConnection: close\r\n\
         Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// Sends the picture, which is wanted, and is answered.
fn finish(mut stream: TcpStream, picture: &[u8]) {
    stream.write_all(picture).unwrap();
    assert_eq!(Answer::read(stream).status, 200);
}

/// Whether the picture is wanted: it has one of the places for pictures.
fn has_place(stream: &mut TcpStream, patience: Duration) -> bool {
    let wanted = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut told = vec![0; wanted.len()];
    let read = within(stream, patience, |stream| stream.read_exact(&mut told));
    assert!(!read || told == wanted, "{told:?}");
    read
}

#[test]
fn connections_wait_for_one_that_ends_and_none_is_lost() {
    let server = Server::start(trained("mnist"));
    let icon = server.get("/icon.svg").body;
    let ask = |stream: &mut TcpStream| {
        stream.write_all(b"GET /icon.svg HTTP/1.1\r\nHost: here\r\n\r\n").unwrap();
    };
    let answered = |stream: &mut TcpStream, patience| {
        let mut text = Vec::new();
        within(stream, patience, |stream| {
            while !text.ends_with(icon.as_bytes()) {
                let mut byte = [0];
                stream.read_exact(&mut byte)?;
                text.extend(byte);
            }
            assert!(text.starts_with(b"HTTP/1.1 200 OK\r\n"));
            Ok(())
        })
    };
    let mut open: Vec<TcpStream> = (0..CONNECTIONS).map(|_| server.connect()).collect();
    for stream in &mut open {
        ask(stream);
        assert!(answered(stream, TIME));
    }
    let mut next = server.connect();
    ask(&mut next);
    assert!(!answered(&mut next, A_WHILE));
    drop(open.remove(77));
    assert!(answered(&mut next, TIME));
    // It was let in since one has ended; the others, which have been idle, have not.
    for stream in &mut open {
        ask(stream);
        assert!(answered(stream, TIME));
    }
}

/// Whether something is read in time; it then is whole.
fn within(
    stream: &mut TcpStream, patience: Duration,
    read: impl FnOnce(&mut TcpStream) -> std::io::Result<()>,
) -> bool {
    stream.set_read_timeout(Some(patience)).unwrap();
    match read(stream) {
        Ok(()) => true,
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => false,
        Err(error) => panic!("{error}"),
    }
}
