//! Load: closed loops, in which each client waits for its answer, and open loops, which don't wait.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::task::{JoinSet, spawn_local};

use crate::http::{Connection, Reply};

/// How long an open loop waits for its last answers.
const LAST_ANSWERS: Duration = Duration::from_secs(15);

/// A request that is ready to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    pub bytes: Rc<[u8]>,
    /// How many texts it holds.
    pub texts: usize,
}

/// The answer to one request.
#[derive(Clone, Debug)]
pub struct Answered {
    pub texts: usize,
    /// 0 if there was no answer.
    pub status: u16,
    pub code: String,
    /// From when it was due to its answer, in seconds.
    pub latency: f64,
    /// When it was answered, in seconds since the start of the loop.
    pub at: f64,
    /// Milliseconds in forward passes.
    pub forward: f64,
}

/// Keep-alive connections that no request uses now.
pub struct Pool {
    server: SocketAddr,
    from: Option<IpAddr>,
    idle: RefCell<Vec<Connection>>,
    retries: bool,
}

impl Pool {
    pub fn new(server: SocketAddr, from: Option<IpAddr>) -> Rc<Self> {
        Rc::new(Self { server, from, idle: RefCell::default(), retries: true })
    }

    /// A pool that doesn't send again what failed over an idle connection.
    pub fn without_retries(server: SocketAddr) -> Rc<Self> {
        Rc::new(Self { server, from: None, idle: RefCell::default(), retries: false })
    }

    /// Sends a request over an idle connection or a new one.
    pub async fn send(&self, request: &[u8]) -> io::Result<Reply> {
        let idle = self.idle.borrow_mut().pop();
        if let Some(mut connection) = idle {
            match connection.exchange(request).await {
                Ok(reply) => {
                    self.put_back(connection, &reply);
                    return Ok(reply);
                }
                Err(error) if !self.retries => return Err(error),
                // The server may close an idle connection at any time.
                Err(_) => {}
            }
        }
        let mut connection = Connection::open(self.server, self.from).await?;
        let reply = connection.exchange(request).await?;
        self.put_back(connection, &reply);
        Ok(reply)
    }

    fn put_back(&self, connection: Connection, reply: &Reply) {
        if !reply.closes {
            self.idle.borrow_mut().push(connection);
        }
    }

    pub async fn answered(&self, request: &Request, due: Instant, start: Instant) -> Answered {
        let reply = self.send(&request.bytes).await;
        let now = Instant::now();
        let (status, code, forward) = match reply {
            Ok(reply) => (reply.status, reply.code(), reply.millis("forward").unwrap_or(0.0)),
            Err(error) => (0, error.kind().to_string(), 0.0),
        };
        let (latency, at) = ((now - due).as_secs_f64(), (now - start).as_secs_f64());
        Answered { texts: request.texts, status, code, latency, at, forward }
    }
}

/// Each of the `clients` sends the next of `requests` when it has an answer, until `stop` is true.
pub async fn closed_loop(
    pool: &Rc<Pool>,
    requests: &Rc<[Request]>,
    clients: usize,
    stop: impl Fn() -> bool + 'static,
) -> Vec<Answered> {
    let (start, stop) = (Instant::now(), Rc::new(stop));
    let mut running = JoinSet::new();
    for client in 0..clients {
        let (pool, requests, stop) = (Rc::clone(pool), Rc::clone(requests), Rc::clone(&stop));
        running.spawn_local(async move {
            let mut all = Vec::new();
            for request in requests.iter().cycle().skip(client * 7919 % requests.len()) {
                if stop() {
                    break;
                }
                all.push(pool.answered(request, Instant::now(), start).await);
            }
            all
        });
    }
    running.join_all().await.concat()
}

/// Like a closed loop, until the returned set is dropped or shut down: each of the `clients` sends the
/// next of `requests` when it has an answer, after a `pause` if that was a refusal.
pub fn endless_loop(
    pool: &Rc<Pool>,
    requests: &Rc<[Request]>,
    clients: usize,
    pause: Duration,
) -> JoinSet<()> {
    let start = Instant::now();
    let mut running = JoinSet::new();
    for client in 0..clients {
        let (pool, requests) = (Rc::clone(pool), Rc::clone(requests));
        running.spawn_local(async move {
            for request in requests.iter().cycle().skip(client) {
                if pool.answered(request, Instant::now(), start).await.status != 200 {
                    tokio::time::sleep(pause).await;
                }
            }
        });
    }
    running
}

/// A condition that is true from `duration` from now on.
pub fn after(duration: Duration) -> impl Fn() -> bool {
    let start = Instant::now();
    move || start.elapsed() >= duration
}

/// Sends requests at random times, `per_second` on average, for `duration`, whether the earlier ones
/// are answered or not. Calls `every_second` with the seconds since the start.
pub async fn open_loop(
    pool: &Rc<Pool>,
    requests: &[Request],
    per_second: f64,
    duration: Duration,
    mut every_second: impl FnMut(u64),
) -> Vec<Answered> {
    let mut random = StdRng::seed_from_u64(20_261_125);
    let all = Rc::new(RefCell::new(Vec::new()));
    let (start, mut due, mut second) = (Instant::now(), 0.0, 0);
    let mut running = Vec::new();
    for request in requests.iter().cycle() {
        due += -random.random::<f64>().max(1e-12).ln() / per_second;
        if due >= duration.as_secs_f64() {
            break;
        }
        while due >= (second + 1) as f64 {
            second += 1;
            tokio::time::sleep_until((start + Duration::from_secs(second)).into()).await;
            every_second(second);
        }
        let due = start + Duration::from_secs_f64(due);
        if due > Instant::now() {
            tokio::time::sleep_until(due.into()).await;
        }
        let (pool, request, all) = (Rc::clone(pool), request.clone(), Rc::clone(&all));
        running.push(spawn_local(async move {
            let answered = pool.answered(&request, due, start).await;
            all.borrow_mut().push(answered);
        }));
    }
    let last = tokio::time::timeout(LAST_ANSWERS, async {
        for task in &mut running {
            let _ = task.await;
        }
    });
    let complete = last.await.is_ok();
    let mut answered = all.take();
    if !complete {
        let missing = running.iter().filter(|task| !task.is_finished()).count();
        let code = "no answer".to_owned();
        let lost = Answered { texts: 0, status: 0, code, latency: 0.0, at: 0.0, forward: 0.0 };
        answered.extend(std::iter::repeat_n(lost, missing));
        running.iter().for_each(tokio::task::JoinHandle::abort);
    }
    answered
}

/// Texts per second of all answers with status 200 that came within `seconds`.
pub fn goodput(answers: &[Answered], seconds: f64) -> f64 {
    let good = answers.iter().filter(|answer| answer.status == 200 && answer.at <= seconds);
    good.map(|answer| answer.texts as f64).sum::<f64>() / seconds
}

/// How many answers there are of each status and code.
pub fn counts(answers: &[Answered]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for Answered { status, code, .. } in answers {
        *counts.entry(format!("{status} {code}").trim().to_owned()).or_default() += 1;
    }
    counts
}

/// The value below which `percent` of all values lie.
pub fn percentile(mut values: Vec<f64>, percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = (values.len() * percent).div_ceil(100).saturating_sub(1);
    values.get(index).copied().unwrap_or(f64::NAN)
}
