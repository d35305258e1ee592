//! The real binary, in a folder of its own and with an empty environment.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Output, Stdio};

use tempfile::TempDir;

use super::tiny;

pub const BINARY: &str = env!("CARGO_BIN_EXE_strata");

/// A command line, ready to run.
pub struct Strata {
    command: Command,
    folder: TempDir,
}

impl Strata {
    pub fn new(args: &[&str]) -> Self {
        Self::from_binary(Path::new(BINARY), args)
    }

    pub fn from_binary(binary: &Path, args: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(binary);
        command.args(args).current_dir(folder.path()).env_clear();
        Self { command, folder }
    }

    /// `serve` with a tiny checkpoint on a free port. It stops without a delay.
    pub fn serve(model: &str) -> Self {
        Self::new(&["serve", "--port", "0", "--model", tiny(model).to_str().unwrap()])
            .env("STRATA_HTTP_STOP_DELAY_MS", "0")
    }

    pub fn arg(mut self, arg: &str) -> Self {
        self.command.arg(arg);
        self
    }

    pub fn env(self, name: &str, value: &str) -> Self {
        self.env_os(name, value.as_ref())
    }

    /// The same with a value that may not be UTF-8.
    pub fn env_os(mut self, name: &str, value: &OsStr) -> Self {
        self.command.env(name, value);
        self
    }

    /// Writes a file into its working directory.
    pub fn file(self, name: &str, content: &str) -> Self {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs it until it ends.
    pub fn output(mut self) -> Output {
        self.command.stdin(Stdio::null()).output().unwrap()
    }

    /// Starts it and waits for the line that says that it is ready.
    pub fn start(mut self) -> Running {
        let piped = self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut ready = String::new();
        stdout.read_line(&mut ready).unwrap();
        let mut running = Running { child, stdout, stderr, ready, _folder: self.folder };
        if !running.ready.contains("ready: ") {
            let _ = running.child.kill();
            let log = running.read_stderr();
            panic!("{:?} is not the ready line; {log}", running.ready);
        }
        running
    }
}

/// A server that is ready.
pub struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
    /// The ready line as printed.
    pub ready: String,
    _folder: TempDir,
}

impl Running {
    /// The address in the ready line, such as `127.0.0.1:40123`.
    pub fn address(&self) -> &str {
        let (_, rest) = self.ready.split_once("http://").unwrap();
        rest.split_once('/').unwrap().0
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// The names of its threads.
    pub fn threads(&self) -> Vec<String> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let name = |task: std::io::Result<std::fs::DirEntry>| {
            std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap().trim().to_owned()
        };
        tasks.map(name).collect()
    }

    pub fn terminate(&self) {
        self.signal("TERM");
    }

    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Reads the log up to the first line that contains `text`.
    pub fn until_logged(&mut self, text: &str) -> String {
        let mut all = String::new();
        while !all.contains(text) {
            assert_ne!(self.stderr.read_line(&mut all).unwrap(), 0, "ended without {text}: {all}");
        }
        all
    }

    fn read_stderr(&mut self) -> String {
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).unwrap();
        rest
    }

    /// Waits until it ends. Returns its exit status, the rest of its output, and the rest of its log.
    pub fn wait(mut self) -> (ExitStatus, String, String) {
        let log = self.read_stderr();
        let mut printed = String::new();
        self.stdout.read_to_string(&mut printed).unwrap();
        (self.child.wait().unwrap(), printed, log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After a successful test the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
