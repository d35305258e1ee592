//! HTTP/1.1 over a plain socket: cheap enough to offer ten times what a server can do from one core.

use std::io::{self, Error, ErrorKind};
use std::net::{IpAddr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// How much of an answer's body is kept; the rest is read and dropped.
const KEPT: usize = 64 * 1024;

/// An open connection.
pub struct Connection {
    pub stream: TcpStream,
    read: Vec<u8>,
}

/// An answer.
pub struct Reply {
    pub status: u16,
    pub head: String,
    /// The first bytes of the body.
    pub body: Vec<u8>,
    /// Whether the server closes the connection.
    pub closes: bool,
}

impl Connection {
    /// Connects, from an address of this machine if one is given.
    pub async fn open(server: SocketAddr, from: Option<IpAddr>) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        if let Some(from) = from {
            socket.bind((from, 0).into())?;
        }
        socket.set_nodelay(true)?;
        Ok(Self { stream: socket.connect(server).await?, read: Vec::with_capacity(KEPT) })
    }

    /// Sends a request and reads its answer.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<Reply> {
        self.stream.write_all(request).await?;
        self.read.clear();
        let end = loop {
            if let Some(at) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            self.fill().await?;
        };
        let head = String::from_utf8_lossy(&self.read[..end]).to_ascii_lowercase();
        let status = head.get(9..12).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| Error::new(ErrorKind::InvalidData, head.clone()))?;
        self.read.drain(..end);
        let length = header(&head, "content-length").and_then(|length| length.parse().ok());
        match length {
            Some(length) => self.read_body(length).await?,
            None => self.read_chunks().await?,
        }
        let closes = header(&head, "connection").is_some_and(|value| value == "close");
        self.read.truncate(KEPT);
        Ok(Reply { status, head, body: self.read.clone(), closes })
    }

    async fn fill(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    async fn read_body(&mut self, length: usize) -> io::Result<()> {
        let mut dropped = 0;
        while dropped + self.read.len() < length {
            if self.read.len() >= KEPT {
                dropped += self.read.len() - KEPT / 2;
                self.read.truncate(KEPT / 2);
            }
            self.fill().await?;
        }
        Ok(())
    }

    async fn read_chunks(&mut self) -> io::Result<()> {
        while !self.read.ends_with(b"0\r\n\r\n") {
            if self.read.len() >= KEPT {
                self.read.drain(..KEPT / 2);
            }
            self.fill().await?;
        }
        Ok(())
    }
}

impl Reply {
    /// The milliseconds of a stage in `Server-Timing`.
    pub fn millis(&self, stage: &str) -> Option<f64> {
        let (_, rest) = self.head.split_once(&format!("{stage};dur="))?;
        rest.split([',', ';', '\r']).next()?.parse().ok()
    }

    /// The stable code of an error, or nothing.
    pub fn code(&self) -> String {
        let body = String::from_utf8_lossy(&self.body);
        let code = body.split_once("\"code\":\"").and_then(|(_, rest)| rest.split_once('"'));
        if self.status < 400 {
            String::new()
        } else {
            code.map_or("?", |(code, _)| code).to_owned()
        }
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.into_iter().find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// A GET request.
pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n").into_bytes()
}

/// A POST of JSON with further header lines.
pub fn post(path: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n{headers}\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
