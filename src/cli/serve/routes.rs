//! The page and the answers beside it.
//!
//! Whatever is refused is refused with a sentence: as `{"error": "…"}` below `/api`, as plain text
//! elsewhere. Each answer forbids the browser to load anything from elsewhere.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER,
};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::recogniser::Recogniser;

/// The most bytes of a picture.
const LARGEST: usize = 4 << 20;

/// A larger body is read to its end up to here, so that its sender gets to read the answer.
const DRAINED: usize = 64 << 20;

/// How many pictures are received at once; others wait.
const PICTURES: usize = 16;

/// How long a picture may take to arrive, and how long one waits while none is done.
const TIME: Duration = Duration::from_secs(10);

/// The files of the page: where they are, what they are, their text.
const FILES: [(&str, &str, &str); 7] = [
    ("/", "text/html; charset=utf-8", include_str!("page/index.html")),
    ("/page.css", "text/css; charset=utf-8", include_str!("page/page.css")),
    ("/page.js", "text/javascript; charset=utf-8", include_str!("page/page.js")),
    ("/pad.js", "text/javascript; charset=utf-8", include_str!("page/pad.js")),
    ("/ask.js", "text/javascript; charset=utf-8", include_str!("page/ask.js")),
    ("/show.js", "text/javascript; charset=utf-8", include_str!("page/show.js")),
    ("/icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
];

const HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         object-src 'none'",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cache-control", "no-store"),
];

struct Shared {
    recogniser: Arc<Recogniser>,
    /// Places for pictures that are received and read.
    places: Semaphore,
    /// How many pictures have been read or refused for what they are.
    done: AtomicU64,
    /// One picture is read at a time: a large one takes much memory.
    turn: Arc<Semaphore>,
}

/// All that can be asked.
pub fn routes(recogniser: Arc<Recogniser>) -> Router {
    let (places, turn) = (Semaphore::new(PICTURES), Arc::new(Semaphore::new(1)));
    let mut router = Router::new();
    for (path, kind, text) in FILES {
        router = router.route(path, get(([(CONTENT_TYPE, kind)], text)));
    }
    router
        .route("/api/network", get(network))
        .route("/api/read", post(read))
        .method_not_allowed_fallback(wrong_method)
        .fallback(nothing_here)
        .layer(map_response(with_headers))
        .with_state(Arc::new(Shared { recogniser, places, done: AtomicU64::new(0), turn }))
}

async fn network(State(shared): State<Arc<Shared>>) -> Response {
    json_response(StatusCode::OK, &shared.recogniser.network())
}

async fn read(State(shared): State<Arc<Shared>>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let _place = shared.place().await?;
    let png = timeout(TIME, receive(&parts.headers, body)).await.map_err(|_| {
        let sentence = format!("the picture did not arrive within {} s", TIME.as_secs());
        Refusal(StatusCode::REQUEST_TIMEOUT, sentence)
    })??;
    let turn = shared.turn.clone().acquire_owned().await;
    let recogniser = shared.recogniser.clone();
    // Who goes away while a picture is read leaves the turn with it until it is done.
    let reading = spawn_blocking(move || {
        let _turn = turn;
        recogniser.read(&png)
    });
    let read = reading.await;
    shared.done.fetch_add(1, Ordering::Relaxed);
    match read {
        Ok(Ok(answer)) => Ok(json_response(StatusCode::OK, &answer)),
        Ok(Err(problem)) => Err(Refusal(StatusCode::UNPROCESSABLE_ENTITY, problem)),
        Err(_) => {
            let sentence = "reading the picture has failed; this is a fault of the program";
            Err(Refusal(StatusCode::INTERNAL_SERVER_ERROR, sentence.to_owned()))
        }
    }
}

impl Shared {
    /// A place, as soon as there is one. Where many ask, or the machine is slow, it may take longer
    /// than [`TIME`]; who only waits for others that do nothing is refused.
    async fn place(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        let mut place = pin!(self.places.acquire());
        loop {
            let done = self.done.load(Ordering::Relaxed);
            match timeout(TIME, place.as_mut()).await {
                Ok(place) => return Ok(place.expect("the places are never closed")),
                Err(_) if self.done.load(Ordering::Relaxed) != done => {}
                Err(_) => {
                    let sentence = format!(
                        "{PICTURES} pictures are being received, and none was done within {} s; \
                         try again",
                        TIME.as_secs()
                    );
                    return Err(Refusal(StatusCode::SERVICE_UNAVAILABLE, sentence));
                }
            }
        }
    }
}

/// The bytes of a picture.
async fn receive(headers: &HeaderMap, mut body: Body) -> Result<Vec<u8>, Refusal> {
    let header = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let (kind, length) = (header(CONTENT_TYPE), header(CONTENT_LENGTH));
    // Since pages from elsewhere may not send this type without asking, they cannot use the server.
    let is_png = kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("image/png"));
    let drain = length
        .and_then(|length| length.parse().ok())
        .is_none_or(|length: u64| usize::try_from(length).is_ok_and(|length| length <= DRAINED));
    let (mut png, mut received) = (Vec::new(), 0);
    while drain && received <= DRAINED {
        let Some(frame) = body.frame().await else { break };
        let frame = frame.map_err(|error| {
            Refusal(StatusCode::BAD_REQUEST, format!("the body could not be read: {error}"))
        })?;
        let data = frame.into_data().unwrap_or_default();
        received += data.len();
        if is_png && received <= LARGEST {
            png.extend_from_slice(&data);
        }
    }
    if !is_png {
        let found = kind.map_or("without a Content-Type".to_owned(), |kind| format!("as `{kind}`"));
        let sentence = format!("a picture is sent as `Content-Type: image/png`, not {found}");
        Err(Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence))
    } else if !drain || received > LARGEST {
        let sentence = format!("the picture is too large: it has more than {LARGEST} bytes");
        Err(Refusal(StatusCode::PAYLOAD_TOO_LARGE, sentence))
    } else if png.is_empty() {
        let sentence = "the body is empty; wanted a PNG picture of a digit".to_owned();
        Err(Refusal(StatusCode::BAD_REQUEST, sentence))
    } else {
        Ok(png)
    }
}

async fn nothing_here(uri: Uri) -> Response {
    let sentence = format!("there is nothing at {}; the page is at /", uri.path());
    refusal(&uri, StatusCode::NOT_FOUND, &sentence)
}

async fn wrong_method(method: Method, uri: Uri) -> Response {
    let (wanted, allowed) = match uri.path() {
        "/api/read" => ("POST a PNG picture to it", "POST"),
        _ => ("GET it", "GET, HEAD"),
    };
    let sentence = format!("{} does not take {method}; {wanted}", uri.path());
    let mut response = refusal(&uri, StatusCode::METHOD_NOT_ALLOWED, &sentence);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// A picture that is not read, and why.
struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Refusal(status, sentence) = self;
        let mut response = json_response(status, &json!({ "error": sentence }));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

fn refusal(uri: &Uri, status: StatusCode, sentence: &str) -> Response {
    match uri.path().starts_with("/api/") {
        true => json_response(status, &json!({ "error": sentence })),
        false => {
            let kind = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
            (status, kind, format!("{sentence}\n")).into_response()
        }
    }
}

fn json_response(status: StatusCode, value: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], format!("{value}\n")).into_response()
}

async fn with_headers(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
