//! Fetches one file, and goes on where it was cut off.
//!
//! What is fetched lies among the drafts until it is the file that the hub lists. A thread reads from the
//! network, since a hub that stops sending would otherwise be waited for without end.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use super::check::check;
use super::client::Client;
use super::event::Event;
use super::listing::RemoteFile;

/// Attempts in a row that bring nothing new, before it is given up.
const ATTEMPTS: u32 = 5;

/// The pause before the second attempt; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(250);

/// Bytes that are read at a time, and how many such chunks may wait to be written.
const CHUNK: usize = 1 << 16;
const WAITING: usize = 16;

const TRY_AGAIN: &str = "run it again: it goes on where it stopped";

/// Why a file couldn't be fetched.
#[derive(Debug, PartialEq, Eq)]
pub struct Failed {
    /// What happened.
    pub reason: String,
    /// What to do about it.
    pub remedy: &'static str,
}

/// A file that is fetched until it is whole, or nothing new comes.
pub struct Download<'a> {
    /// Asks the hub.
    pub client: &'a Client,
    /// The path of the file on the hub.
    pub path: String,
    /// What the hub lists.
    pub file: &'a RemoteFile,
    /// The folder of drafts.
    pub drafts: &'a Path,
    /// How long the hub may send nothing.
    pub silence: Duration,
}

/// Why an attempt failed.
struct Failure {
    reason: String,
    /// What to do about it, if another attempt makes no sense.
    remedy: Option<&'static str>,
}

impl Failure {
    /// Another attempt may succeed.
    fn again(reason: impl ToString) -> Self {
        Self { reason: reason.to_string(), remedy: None }
    }

    fn last(reason: impl ToString, remedy: &'static str) -> Self {
        Self { reason: reason.to_string(), remedy: Some(remedy) }
    }
}

/// What the thread sends.
enum Received {
    /// The bytes that follow begin here.
    From(u64),
    Bytes(Vec<u8>),
    End,
    Failed(Failure),
}

impl Download<'_> {
    /// Fetches and checks the file. Returns where it lies among the drafts.
    ///
    /// # Errors
    /// The hub refuses it, or sent nothing new in several attempts, or twice something else than it lists.
    pub fn run(&self, observe: &mut dyn FnMut(Event<'_>)) -> Result<PathBuf, Failed> {
        let draft = self.drafts.join(self.file.hash.digits());
        let (mut fetched, mut in_vain, mut damaged) = (0, 0, 0);
        loop {
            let before = fetched;
            let mut at = |position: u64| {
                // What an earlier attempt brought was reported then.
                let new = position.min(self.file.bytes).saturating_sub(fetched);
                fetched += new;
                observe(Event::Fetched(new));
            };
            let attempt = self.attempt(&draft, &mut at).and_then(|()| {
                check(&draft, self.file).map_err(|reason| {
                    // What is wrong can't be completed: the next attempt begins at the first byte.
                    let _ = fs::remove_file(&draft);
                    damaged += 1;
                    match damaged {
                        1 => Failure::again(reason),
                        _ => {
                            Failure::last(reason, "try again later, or tell those who run the hub")
                        }
                    }
                })
            });
            let Err(Failure { reason, remedy }) = attempt else { return Ok(draft) };
            in_vain = if fetched > before { 0 } else { in_vain + 1 };
            if let Some(remedy) = remedy.or((in_vain >= ATTEMPTS).then_some(TRY_AGAIN)) {
                return Err(Failed { reason, remedy });
            }
            observe(Event::Again { file: &self.file.name, reason: &reason });
            thread::sleep(PAUSE * 2_u32.pow(in_vain));
        }
    }

    /// Asks for what the draft lacks, and appends it. `at` hears how far the draft is.
    fn attempt(&self, draft: &Path, at: &mut dyn FnMut(u64)) -> Result<(), Failure> {
        let open = || OpenOptions::new().append(true).create(true).open(draft);
        let unwritable = |error: io::Error| {
            Failure::last(error, "make room, or choose a folder with HF_HUB_CACHE")
        };
        let mut file = open().map_err(unwritable)?;
        let mut position = file.metadata().map_err(unwritable)?.len();
        if position > self.file.bytes {
            file.set_len(0).map_err(unwritable)?;
            position = 0;
        }
        at(position);
        if position == self.file.bytes {
            return Ok(());
        }
        let received = self
            .start(position)
            .map_err(|error| Failure::last(error, "allow the process more threads"))?;
        loop {
            match self.receive(&received)? {
                Received::From(start) if start == position => {}
                Received::From(_) => {
                    file.set_len(0).map_err(unwritable)?;
                    position = 0;
                }
                Received::Bytes(bytes) => {
                    file.write_all(&bytes).map_err(unwritable)?;
                    position += bytes.len() as u64;
                    at(position);
                }
                Received::End => return Ok(()),
                Received::Failed(failure) => return Err(failure),
            }
        }
    }

    /// Starts the thread. It ends at the end of the answer, or when nobody receives any more.
    fn start(&self, from: u64) -> io::Result<Receiver<Received>> {
        let (sender, receiver) = sync_channel(WAITING);
        let (client, path) = (self.client.clone(), self.path.clone());
        let read = move || {
            let end = match read(&client, &path, from, &sender) {
                Ok(()) => Received::End,
                Err(failure) => Received::Failed(failure),
            };
            let _ = sender.send(end);
        };
        thread::Builder::new().name("strata-fetch".to_owned()).spawn(read)?;
        Ok(receiver)
    }

    fn receive(&self, received: &Receiver<Received>) -> Result<Received, Failure> {
        received.recv_timeout(self.silence).map_err(|error| match error {
            RecvTimeoutError::Timeout => {
                Failure::again(format!("the hub sent nothing for {:.0?}", self.silence))
            }
            RecvTimeoutError::Disconnected => Failure::again("the thread that fetches panicked"),
        })
    }
}

/// Reads a file of the hub, and sends it on.
fn read(
    client: &Client,
    path: &str,
    from: u64,
    sender: &SyncSender<Received>,
) -> Result<(), Failure> {
    let response = client.get(path, from).map_err(Failure::again)?;
    let start = match response.status().as_u16() {
        206 => from,
        // The hub doesn't resume.
        200 => 0,
        status @ (408 | 429 | 500..) => {
            return Err(Failure::again(format!("the hub answers with status {status}")));
        }
        status => {
            let remedy = "check that the token may read it, on the model's page";
            return Err(Failure::last(format!("the hub answers with status {status}"), remedy));
        }
    };
    let mut body = response.into_body().into_reader();
    let send = |received| sender.send(received).map_err(|_| Failure::again("nobody waits for it"));
    send(Received::From(start))?;
    loop {
        let mut chunk = vec![0; CHUNK];
        match body.read(&mut chunk).map_err(Failure::again)? {
            0 => return Ok(()),
            length => {
                chunk.truncate(length);
                send(Received::Bytes(chunk))?;
            }
        }
    }
}
