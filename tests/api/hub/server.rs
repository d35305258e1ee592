//! A hub on the loopback interface: one repository, its files by the hub's rules, and the faults that a test
//! asks for. Large files lie on a second server, as on Hugging Face's, which must not see the token.
//!
//! It stands in for a hub because none can be reached here; `python.rs` holds it against the real client.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path as Segments, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The one repository.
pub const NAME: &str = "org/tiny-sentences";

/// Files from this size on are large ones.
const LARGE: usize = 10_000;

/// What goes wrong with a request for the content of a large file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends after so many bytes.
    Cut(usize),
    /// Nothing more comes after so many bytes.
    Stall(usize),
    /// One byte is another one.
    Damage,
}

/// A request for the content of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its name, or its hash for a large one.
    pub file: String,
    /// The first byte.
    pub start: usize,
}

#[derive(Clone)]
struct Stored {
    name: String,
    content: Bytes,
}

impl Stored {
    fn sha256(&self) -> String {
        hex::encode(Sha256::digest(&self.content))
    }

    fn git(&self) -> String {
        let start = format!("blob {}\0", self.content.len());
        hex::encode(Sha1::new_with_prefix(start).chain_update(&self.content).finalize())
    }

    fn is_large(&self) -> bool {
        self.content.len() >= LARGE
    }
}

#[derive(Default)]
pub struct Contents {
    commits: Vec<(String, Vec<Stored>)>,
    /// Branches and tags.
    refs: BTreeMap<String, String>,
    /// The only token that may read it.
    pub token: Option<String>,
    /// Whether its readers have to be accepted.
    pub gated: bool,
    /// Answers everything with this status.
    pub status: Option<StatusCode>,
    /// For the next requests for large files.
    pub faults: VecDeque<Fault>,
    /// Large files of which another hash or size is listed.
    pub wrong_hash: bool,
    pub wrong_size: bool,
    pub requests: Vec<Request>,
}

impl Contents {
    /// Adds a commit with these files, at which `main` then is.
    pub fn commit(&mut self, files: BTreeMap<String, Vec<u8>>) -> String {
        let commit = format!("{:040x}", 0xc0_ffee + self.commits.len());
        let stored = |(name, content): (String, Vec<u8>)| Stored { name, content: content.into() };
        self.commits.push((commit.clone(), files.into_iter().map(stored).collect()));
        self.refs.insert("main".to_owned(), commit.clone());
        commit
    }

    pub fn tag(&mut self, tag: &str, commit: &str) {
        self.refs.insert(tag.to_owned(), commit.to_owned());
    }

    /// The files of the newest commit.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let (_, files) = self.commits.last().unwrap();
        files.iter().map(|file| (file.name.clone(), file.content.to_vec())).collect()
    }

    /// The commit that a request asks for, if it may.
    fn asked(&self, asked: &Asked, headers: &HeaderMap) -> Result<&(String, Vec<Stored>), Refusal> {
        self.check(&asked.name(), headers)?;
        let commit = asked.revision();
        let commit = self.refs.get(commit).map_or(commit, String::as_str);
        let found = self.commits.iter().find(|(known, _)| known == commit);
        found.ok_or(Refusal(404, "RevisionNotFound"))
    }

    /// Refuses as a hub does.
    fn check(&self, name: &str, headers: &HeaderMap) -> Result<(), Refusal> {
        let refused = |status: u16, code: &'static str| Err(Refusal(status, code));
        let given = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap());
        let given = given.and_then(|value| value.strip_prefix("Bearer "));
        if let Some(status) = self.status {
            return refused(status.as_u16(), "");
        }
        match (&self.token, given) {
            (_, None) if name != NAME => refused(401, "RepoNotFound"),
            _ if name != NAME => refused(404, "RepoNotFound"),
            (Some(_), None) => refused(401, "RepoNotFound"),
            (Some(token), Some(given)) if token != given => refused(401, ""),
            _ if self.gated => refused(403, "GatedRepo"),
            _ => Ok(()),
        }
    }
}

/// A status, and what the hub calls the error.
struct Refusal(u16, &'static str);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, code) = self;
        let headers = [("x-error-code", code), ("x-error-message", "refused")];
        let body = Json(json!({"error": "refused"}));
        (StatusCode::from_u16(status).unwrap(), headers, body).into_response()
    }
}

#[derive(Clone)]
struct Shared {
    contents: Arc<Mutex<Contents>>,
    large: SocketAddr,
}

/// The hub. It has threads of its own, so that a test may wait for a process to end.
pub struct Hub {
    address: SocketAddr,
    contents: Arc<Mutex<Contents>>,
}

impl Hub {
    /// A hub whose repository has these files.
    pub fn start(files: BTreeMap<String, Vec<u8>>) -> Self {
        let contents = Arc::<Mutex<Contents>>::default();
        contents.lock().unwrap().commit(files);
        let [own, large] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [address, large_address] = [&own, &large].map(|socket| socket.local_addr().unwrap());
        let shared = Shared { contents: Arc::clone(&contents), large: large_address };
        let routes = Router::new()
            .route("/api/models/{org}/{name}", get(information))
            .route("/api/models/{org}/{name}/revision/{revision}", get(information))
            .route("/api/models/{org}/{name}/tree/{revision}", get(tree))
            .route("/{org}/{name}/resolve/{revision}/{*file}", get(resolve))
            .with_state(shared.clone());
        serve(own, routes);
        serve(large, Router::new().route("/{hash}", get(large_file)).with_state(shared));
        Self { address, contents }
    }

    /// A hub that has a checkpoint of a folder.
    pub fn of_folder(folder: &Path) -> Self {
        Self::start(files_of(folder, ""))
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap()
    }

    /// The requests since the last call.
    pub fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.contents().requests)
    }
}

/// All files of a folder by their paths in it.
pub fn files_of(folder: &Path, prefix: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        match entry.path().is_dir() {
            true => files.extend(files_of(&entry.path(), &format!("{name}/"))),
            false => drop(files.insert(name, fs::read(entry.path()).unwrap())),
        }
    }
    files
}

fn serve(listener: TcpListener, routes: Router) {
    listener.set_nonblocking(true).unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, routes).await.unwrap();
        });
    });
}

/// The segments of a path about a model; all have the first two.
#[derive(serde::Deserialize)]
struct Asked {
    org: String,
    name: String,
    revision: Option<String>,
    file: Option<String>,
}

impl Asked {
    fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or("main")
    }

    fn name(&self) -> String {
        format!("{}/{}", self.org, self.name)
    }
}

async fn information(
    State(shared): State<Shared>,
    Segments(asked): Segments<Asked>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let contents = shared.contents.lock().unwrap();
    let (commit, files) = contents.asked(&asked, &headers)?;
    let sibling = |file: &Stored| {
        let size = file.content.len() + usize::from(contents.wrong_size && file.is_large());
        let sha256 = if contents.wrong_hash { "00".repeat(32) } else { file.sha256() };
        let lfs = json!({"sha256": sha256, "size": size, "pointerSize": 130});
        json!({"rfilename": file.name, "size": size, "blobId": file.git(),
            "lfs": file.is_large().then_some(lfs)})
    };
    let siblings: Vec<Value> = files.iter().map(sibling).collect();
    Ok(Json(
        json!({"_id": "0", "id": NAME, "modelId": NAME, "sha": commit, "private": false, "gated": false,
        "disabled": false, "downloads": 0, "likes": 0, "tags": [], "siblings": siblings}),
    ))
}

async fn tree(
    State(shared): State<Shared>,
    Segments(asked): Segments<Asked>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let contents = shared.contents.lock().unwrap();
    let (_, files) = contents.asked(&asked, &headers)?;
    let entry = |file: &Stored| {
        let mut entry = json!({"type": "file", "path": file.name, "size": file.content.len(), "oid": file.git()});
        if file.is_large() {
            entry["lfs"] =
                json!({"oid": file.sha256(), "size": file.content.len(), "pointerSize": 130});
        }
        entry
    };
    Ok(Json(files.iter().map(entry).collect()))
}

async fn resolve(
    State(shared): State<Shared>,
    Segments(asked): Segments<Asked>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let mut contents = shared.contents.lock().unwrap();
    let (commit, files) = contents.asked(&asked, &headers)?;
    let file = files.iter().find(|file| Some(&file.name) == asked.file.as_ref());
    let file = file.ok_or(Refusal(404, "EntryNotFound"))?.clone();
    let commit = [("x-repo-commit", commit.clone())];
    if file.is_large() {
        // By another name of the same machine, as if it were another one.
        let headers = [
            ("location", format!("http://localhost:{}/{}", shared.large.port(), file.sha256())),
            ("x-linked-size", file.content.len().to_string()),
            ("x-linked-etag", format!("\"{}\"", file.sha256())),
            ("etag", format!("\"{}\"", file.git())),
        ];
        return Ok((StatusCode::FOUND, commit, headers).into_response());
    }
    let start = first_byte(&headers);
    note(&mut contents, &method, &headers, &file.name, start);
    let etag = [("etag", format!("\"{}\"", file.git()))];
    Ok((commit, etag, part(file.content, start, &headers, None)).into_response())
}

async fn large_file(
    State(shared): State<Shared>,
    Segments(hash): Segments<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    assert!(!headers.contains_key(header::AUTHORIZATION), "the token went to another server");
    let mut contents = shared.contents.lock().unwrap();
    let files = contents.commits.iter().flat_map(|(_, files)| files);
    let Some(file) = files.filter(|file| file.sha256() == hash).last().cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let start = first_byte(&headers);
    let asks = note(&mut contents, &method, &headers, &file.name, start);
    let fault = if asks { contents.faults.pop_front() } else { None };
    if start >= file.content.len() {
        return StatusCode::RANGE_NOT_SATISFIABLE.into_response();
    }
    part(file.content, start, &headers, fault)
}

/// Remembers a request for a content. Only the first byte is no content: clients learn the size by it.
fn note(
    contents: &mut Contents,
    method: &Method,
    headers: &HeaderMap,
    file: &str,
    start: usize,
) -> bool {
    let asks = method == Method::GET && range(headers) != Some("bytes=0-0");
    if asks {
        contents.requests.push(Request { file: file.to_owned(), start });
    }
    asks
}

fn range(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::RANGE).map(|value| value.to_str().unwrap())
}

fn first_byte(headers: &HeaderMap) -> usize {
    let start = range(headers).and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    start.map_or(0, |(start, _)| start.parse().unwrap())
}

/// The content from a byte on, or that byte alone if no more is asked for.
fn part(content: Bytes, start: usize, headers: &HeaderMap, fault: Option<Fault>) -> Response {
    let total = content.len();
    let end = if range(headers) == Some("bytes=0-0") { 1 } else { total };
    let mut bytes = content.slice(start..end);
    let length = bytes.len();
    let (status, ranges) = match range(headers) {
        Some(_) => {
            (StatusCode::PARTIAL_CONTENT, Some(format!("bytes {start}-{}/{total}", end - 1)))
        }
        None => (StatusCode::OK, None),
    };
    let body = match fault {
        None => Body::from(bytes),
        Some(Fault::Damage) => {
            let mut changed = bytes.to_vec();
            changed[length / 2] ^= 1;
            Body::from(changed)
        }
        Some(Fault::Cut(after)) => {
            let first = stream::iter([Ok(bytes.split_to(after.min(length)))]);
            // Later, so that what came before is sent.
            let ends = stream::once(async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Err(std::io::Error::other("cut"))
            });
            Body::from_stream(first.chain(ends))
        }
        Some(Fault::Stall(after)) => {
            let first = stream::iter([Ok::<_, std::io::Error>(bytes.split_to(after.min(length)))]);
            Body::from_stream(first.chain(stream::pending()))
        }
    };
    let mut response =
        (status, [(header::CONTENT_LENGTH, length.to_string())], body).into_response();
    if let Some(range) = ranges {
        response.headers_mut().insert(header::CONTENT_RANGE, range.parse().unwrap());
    }
    response
}
