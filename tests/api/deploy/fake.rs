//! Stand-ins for replicas, where a test needs what the real one does only in trouble.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What a stand-in does.
#[derive(Clone, Copy, PartialEq)]
pub enum Behaviour {
    /// It is ready, and answers a request with the request's head.
    Mirror,
    /// It is ready, and closes the connection once it has read a request, as if that had killed it.
    Die,
    /// It is not ready, and answers everything with a 503.
    Start,
}

/// A stand-in that listens on the port of replicas.
pub struct Fake {
    requests: Arc<AtomicUsize>,
}

impl Fake {
    pub fn start(address: Ipv4Addr, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind((address, 8080)).unwrap();
        let requests = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let count = Arc::clone(&count);
                // HAProxy may close a connection at any time.
                thread::spawn(move || answer_all(stream?, behaviour, &count));
            }
        });
        Self { requests }
    }

    /// How many requests it has had, without those of health checks.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Answers the requests of a connection until the client closes it.
fn answer_all(stream: TcpStream, behaviour: Behaviour, count: &AtomicUsize) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |length| length.parse::<u64>().unwrap());
        io::copy(&mut Read::take(&mut stream, length), &mut io::sink())?;
        let is_check = head.starts_with("GET /readyz ");
        count.fetch_add(usize::from(!is_check), Ordering::SeqCst);
        let status = match behaviour {
            Behaviour::Die if !is_check => return Ok(()),
            Behaviour::Start => "503 Service Unavailable",
            Behaviour::Mirror | Behaviour::Die => "200 OK",
        };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{head}", head.len());
        stream.get_mut().write_all(answer.as_bytes())?;
    }
}
