//! Connections: any bytes, sent to a server over a socket.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use strata::http::auth::Auth;
use strata::http::connection::{OpenConnections, Server, Stop, serve};
use strata::keys::{KeyEntry, KeyRing, Rate, Sha256Hash};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::time::timeout;

use super::app::{App, check_released, start};

/// How long the server waits for what never comes.
const PATIENCE: Duration = Duration::from_millis(3);

/// After how many turns of the runtime without a further request a connection counts as idle.
const IDLE_TURNS: usize = 20;

/// Far longer than any exchange takes, with those limits.
const HANG: Duration = Duration::from_secs(20);

/// The beginning of every answer, before the rest of the version and the status.
const VERSION: &str = "HTTP/1.";

/// The beginning of a connection of HTTP/2.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().unwrap());

struct Listening {
    address: std::net::SocketAddr,
    open: Arc<OpenConnections>,
    _stop: Stop,
}

/// A key that is known, as the dictionary has it.
const KEY: &[u8] = b"strata_k";

/// The words of requests that are sent to the server with keys.
const FOR_KEYS: [&[u8]; 2] = [b"uthorization", b"rigin"];

static WITHOUT_KEYS: LazyLock<(App, Listening)> = LazyLock::new(|| listen(Auth::none()));

static WITH_KEYS: LazyLock<(App, Listening)> = LazyLock::new(|| {
    let entry = KeyEntry {
        name: "k".to_owned(),
        sha256: Sha256Hash::of_key(KEY),
        requests_per_second: Rate::new(100.0),
        tokens_per_second: Rate::new(1000.0),
    };
    let ring = KeyRing::new(&[entry], &KeyRing::default());
    listen(Auth::new(watch::channel(Arc::new(ring)).1))
});

fn listen(auth: Auth) -> (App, Listening) {
    let app = start("sentence", auth, |config| {
        config.cors_origins = vec!["https://a.example".to_owned()];
        config.idle_timeout = PATIENCE;
        config.header_timeout = PATIENCE;
        config.progress_window = PATIENCE;
        config.discard_time = PATIENCE;
    });
    let (stop, signal) = Stop::new();
    let open = Arc::<OpenConnections>::default();
    let server = Server {
        router: app.router.clone(),
        config: app.state.config().clone(),
        open: Arc::clone(&open),
        metrics: Arc::clone(app.state.http_metrics()),
        stop: signal,
    };
    let listener = RUNTIME.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    RUNTIME.spawn(serve(listener, server));
    (app, Listening { address, open, _stop: stop })
}

/// Sends the bytes and nothing more. The server waits, closes the connection, has answered no more often than
/// there were heads, with no server error but the 504 that a short deadline asks for, and holds nothing
/// of it afterwards.
pub fn run(data: &[u8]) {
    let has = |word: &&[u8]| data.windows(word.len()).any(|part| part == *word);
    let (app, server) = if FOR_KEYS.iter().any(has) { &*WITH_KEYS } else { &*WITHOUT_KEYS };
    let read = RUNTIME.block_on(async {
        let read = timeout(HANG, exchange(server, data)).await.expect("the server hangs");
        let ended = async {
            while server.open.count() > 0 {
                tokio::task::yield_now().await;
            }
        };
        timeout(HANG, ended).await.expect("the connection stays open");
        read
    });
    check_released(&app.state);
    // HTTP/2 is answered in frames.
    if !data.starts_with(HTTP2) {
        check(data, &read);
    }
}

async fn exchange(server: &Listening, data: &[u8]) -> Vec<u8> {
    // To close the half that sends would mean that the client has left.
    let (mut reading, mut writing) = TcpStream::connect(server.address).await.unwrap().into_split();
    let write = async {
        // A server that has answered may close before it has read all.
        let _ = writing.write_all(data).await;
    };
    let read = async {
        let mut read = Vec::new();
        let _ = reading.read_to_end(&mut read).await;
        read
    };
    tokio::select! {
        (_, read) = async { tokio::join!(write, read) } => read,
        () = evict(&server.open) => unreachable!("it goes on until it is dropped"),
    }
}

/// Makes room whenever a connection stays idle, as the server does if there are too many: it would stay
/// open for a second.
async fn evict(open: &OpenConnections) {
    let mut idle = 0;
    loop {
        idle = if open.idle() > 0 { idle + 1 } else { 0 };
        if idle >= IDLE_TURNS {
            open.evict_longest_idle();
        }
        tokio::task::yield_now().await;
    }
}

/// Bodies of answers have no line that begins like an answer, so that lines can be counted.
fn check(sent: &[u8], read: &[u8]) {
    let text = String::from_utf8_lossy(read);
    let statuses: Vec<u16> = text
        .split("\r\n")
        .flat_map(|line| line.rsplit_once(VERSION))
        .filter_map(|(_, rest)| rest.get(2..5)?.parse().ok())
        // "100 Continue" is no answer yet.
        .filter(|status| *status >= 200)
        .collect();
    let server_error = statuses.iter().find(|&&status| status >= 500 && status != 504);
    assert_eq!(server_error, None, "{text}");
    // Each head ends in an empty line; the last may be incomplete, and be answered all the same.
    let heads = sent.windows(2).filter(|two| two == b"\n\n" || two == b"\n\r").count();
    assert!(statuses.len() <= heads + 1, "{} answers to {heads} heads", statuses.len());
    assert!(read.is_empty() || text.starts_with(VERSION), "{text}");
}
