//! Connections: how many, how long, and their end.
//!
//! Invariant: whatever a client does or leaves undone, its connection ends, after [`LIFE`] and
//! [`GRACE`] at the latest; and there are never more than [`CONNECTIONS`].

use std::io;
use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use gradus::models::ModelError;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

/// Connections at once; others wait until one of these ends.
const CONNECTIONS: u32 = 128;

/// How long the head of a request may take, and how long a connection may be without one.
const HEAD: Duration = Duration::from_secs(10);

/// The most bytes of a request's head.
const HEAD_BYTES: usize = 16 << 10;

/// How long a connection lasts; browsers then make a new one.
const LIFE: Duration = Duration::from_secs(120);

/// How long a request that is being answered has when its connection or the server ends.
const GRACE: Duration = Duration::from_secs(3);

/// How long to wait when no connection can be taken, as when there are too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers until SIGINT or SIGTERM. `ready` is called when a client would be answered and a signal
/// heard; `refused` makes an error of what the system refuses.
pub fn serve(
    listener: TcpListener, app: Router, ready: impl FnOnce() -> Result<(), ModelError>,
    refused: impl Fn(io::Error) -> ModelError,
) -> Result<(), ModelError> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(&refused)?;
    let served: Result<(), ModelError> = runtime.block_on(async {
        listener.set_nonblocking(true).map_err(&refused)?;
        let listener = tokio::net::TcpListener::from_std(listener).map_err(&refused)?;
        let told = told_to_stop().map_err(&refused)?;
        ready()?;
        accept(listener, app, told).await;
        Ok(())
    });
    // A picture that nobody waits for any more is not waited for.
    runtime.shutdown_background();
    served
}

/// Takes connections until told to stop, and lets those that are left end.
async fn accept(listener: tokio::net::TcpListener, app: Router, told: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS as usize));
    let (stop, stopping) = watch::channel(());
    let mut told = pin!(told);
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = &mut told => break,
        };
        let Ok((stream, _)) = accepted else {
            sleep(PAUSE).await;
            continue;
        };
        let (app, stopping) = (app.clone(), stopping.clone());
        tokio::spawn(async move {
            let _place = place;
            answer(stream, app, stopping, LIFE).await;
        });
    }
    drop((listener, stop));
    // Twice, since those that do not end are given as long.
    let _ = timeout(2 * GRACE, places.acquire_many(CONNECTIONS)).await;
}

/// Answers the requests of a connection, one after the other.
async fn answer(stream: TcpStream, app: Router, mut stopping: watch::Receiver<()>, life: Duration) {
    // Without it the system may wait for more to send; where it cannot be set, answers are later.
    let _ = stream.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    // A buffer may be larger than it is asked to be, so the head has its own limit.
    http.max_buf_size(HEAD_BYTES).max_header_size(HEAD_BYTES);
    let service = TowerToHyperService::new(app);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    // What goes wrong in a connection is its client's affair, who has been answered or has left.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = sleep(life) => {}
        _ = stopping.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(GRACE, connection).await;
}

/// Done when the program is told to stop; listens for it from now on.
#[cfg(unix)]
fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Done when the program is told to stop.
#[cfg(not(unix))]
fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::time::Instant;

    use axum::routing::{get, post};

    use super::*;

    /// How long a connection of a short life lasts, whose client does what is given.
    fn lasts(client: impl FnOnce(TcpStream) + Send) -> Duration {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let app = Router::new()
            .route("/", get(|| async { "here" }))
            .route("/read", post(|_: axum::body::Bytes| async {}))
            .route("/much", get(|| async { vec![0; 64 << 20] }));
        std::thread::scope(|scope| {
            scope.spawn(|| client(stream));
            let (stream, _) = listener.accept().unwrap();
            stream.set_nonblocking(true).unwrap();
            let (_stop, stopping) = watch::channel(());
            let start = Instant::now();
            runtime.block_on(async {
                let stream = tokio::net::TcpStream::from_std(stream).unwrap();
                answer(stream, app, stopping, SHORT).await;
            });
            start.elapsed()
        })
    }

    const SHORT: Duration = Duration::from_millis(500);

    #[test]
    fn a_connection_that_is_always_busy_ends_between_two_requests() {
        let mut answers = 0;
        let lasted = lasts(|mut stream| {
            while stream.write_all(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n").is_ok() {
                let (mut answer, mut bytes) = (Vec::new(), [0; 512]);
                while !answer.ends_with(b"\r\n\r\nhere") {
                    match stream.read(&mut bytes).unwrap_or(0) {
                        0 => {
                            assert!(answer.is_empty(), "half an answer");
                            return;
                        }
                        read => answer.extend(&bytes[..read]),
                    }
                }
                answers += 1;
            }
        });
        assert!(answers > 1 && SHORT <= lasted && lasted < SHORT + GRACE, "{answers}, {lasted:?}");
    }

    #[test]
    fn a_request_that_does_not_end_is_cut_off() {
        let send = |text: &'static [u8]| {
            move |mut stream: TcpStream| {
                stream.write_all(text).unwrap();
                // Until the server has ended; what it has sent is not read.
                std::thread::sleep(SHORT + 2 * GRACE);
            }
        };
        let never = b"POST /read HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\nhalf";
        let unread = b"GET /much HTTP/1.1\r\nHost: here\r\n\r\n";
        std::thread::scope(|scope| {
            let lasting = [&never[..], unread].map(|text| scope.spawn(move || lasts(send(text))));
            for lasted in lasting.map(|lasting| lasting.join().unwrap()) {
                assert!(SHORT + GRACE <= lasted && lasted < SHORT + 2 * GRACE, "{lasted:?}");
            }
        });
    }
}
