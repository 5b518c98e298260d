//! How the server ends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::{Answer, Server, TIME, png, trained};

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
