//! A client with one connection that never tries anything again.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// HAProxy's port for clients, as in `deploy/haproxy/haproxy.cfg`.
pub const CLIENTS: &str = "127.0.0.1:8000";

pub struct Connection(BufReader<TcpStream>);

/// An answer: its status, and what came with it.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// The headers, one per line, as they came.
    pub head: String,
    pub body: String,
}

impl Connection {
    pub fn open(address: &str) -> io::Result<Self> {
        TcpStream::connect(address.parse::<SocketAddr>().unwrap()).map(BufReader::new).map(Self)
    }

    /// Sends a POST of JSON with further headers, each with its line's end.
    pub fn send(&mut self, path: &str, headers: &str, body: &Value) -> io::Result<()> {
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n{headers}\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.get_mut().write_all(request.as_bytes())
    }

    /// Reads the answer to what was sent.
    pub fn receive(&mut self) -> io::Result<Reply> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let length = header(&head, "content-length").and_then(|length| length.parse().ok());
        let (Some(status), Some(length)) = (status, length) else {
            return Err(io::Error::new(ErrorKind::InvalidData, head));
        };
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok(Reply { status, head, body: String::from_utf8_lossy(&body).into_owned() })
    }

    pub fn post(&mut self, path: &str, headers: &str, body: &Value) -> io::Result<Reply> {
        self.send(path, headers, body)?;
        self.receive()
    }
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
}

/// The status and the body of a GET over a connection of its own; status 0 without an answer within 10 s.
pub fn get(url: &str) -> (u16, String) {
    let agent = ureq::Agent::config_builder().proxy(None).http_status_as_error(false);
    let agent: ureq::Agent = agent.timeout_global(Some(Duration::from_secs(10))).build().into();
    match agent.get(url).call() {
        Ok(mut answer) => {
            let body = answer.body_mut().with_config().limit(1 << 26).read_to_string();
            body.map_or((0, String::new()), |body| (answer.status().as_u16(), body))
        }
        Err(_) => (0, String::new()),
    }
}
