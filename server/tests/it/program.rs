//! The program itself, run as an operator runs it and called over the wire as a browser does.

use std::{
    fs::File,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

pub const EMAIL: &str = "omar@nordlys.example";
pub const PASSWORD: &str = "trois chats sous la lune";

/// Returns a command of the program without this process's environment.
pub fn guichet(data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guichet"));
    command.env_clear().arg("--data-dir").arg(data_dir);
    command
}

/// Runs a command; returns whether it succeeded, and its output.
pub fn run(command: &mut Command) -> (bool, String) {
    let output = command.stdin(Stdio::null()).output().expect("the program runs");
    (output.status.success(), both(&output))
}

fn both(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

/// Creates an installation with one agent.
pub fn install(data_dir: &Path, variables: &[(&str, &str)]) {
    let (done, said) = run(guichet(data_dir).envs(variables.iter().copied()).arg("migrate"));
    assert!(done, "{said}");
    let mut user = guichet(data_dir);
    user.envs(variables.iter().copied())
        .args(["user", "create", "--email", EMAIL, "--name", "Omar", "--role", "agent"]);
    let mut child = user.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the program runs");
    child.stdin.take().expect("an input").write_all(PASSWORD.as_bytes()).expect("typed");
    assert!(child.wait().expect("an end").success());
}

/// A running server.
pub struct Server {
    pub address: SocketAddr,
    pub log: PathBuf,
    child: Child,
}

pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Server {
    /// Starts on a port of its own, and waits until it answers.
    pub fn start(place: &Path, data_dir: &Path, variables: &[(&str, &str)]) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
        let site = place.join("site");
        std::fs::create_dir_all(site.join("pkg")).expect("a directory");
        let log = place.join("log");
        let child = guichet(data_dir)
            .env("GUICHET_LISTEN", address.to_string())
            .env("GUICHET_SIGN_IN_PER_MINUTE", "99999")
            .env("GUICHET_SIGN_IN_PER_CLIENT", "99999")
            .env("GUICHET_WRITE_PER_MINUTE", "99999")
            .env("LEPTOS_OUTPUT_NAME", "guichet")
            .env("LEPTOS_SITE_ROOT", &site)
            .envs(variables.iter().copied())
            .current_dir(place)
            .arg("serve")
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("a log"))
            .spawn()
            .expect("the program runs");
        let server = Self { address, log, child };
        let begun = Instant::now();
        while server.get("/healthz", "").is_none_or(|reply| reply.status != 200) {
            assert!(begun.elapsed() < Duration::from_secs(30), "it does not start: {}", server.said());
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn get(&self, path: &str, cookie: &str) -> Option<Reply> {
        ask(self.address, &format!("GET {path} HTTP/1.1\r\n"), cookie, "")
    }

    pub fn post(&self, path: &str, body: &str, cookie: &str) -> Option<Reply> {
        post(self.address, path, body, cookie)
    }

    /// Signs in; returns the status and the session cookie.
    pub fn sign_in(&self) -> (u16, String) {
        sign_in(self.address)
    }

    /// Asks it to stop, as systemd does, and waits.
    pub fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").arg(&pid).status().expect("a signal").success());
        assert!(self.child.wait().expect("an end").success(), "{}", self.said());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn sign_in(address: SocketAddr) -> (u16, String) {
    let body = format!("email={EMAIL}&password={}", PASSWORD.replace(' ', "+"));
    let Some(reply) = post(address, "/fn/session/sign_in", &body, "") else { return (0, String::new()) };
    let cookie = reply.head.lines().find(|line| line.to_lowercase().starts_with("set-cookie: guichet="));
    let cookie = cookie.and_then(|line| line.split_once(": ")?.1.split(';').next()).unwrap_or_default();
    (reply.status, cookie.to_owned())
}

fn post(address: SocketAddr, path: &str, body: &str, cookie: &str) -> Option<Reply> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nAccept: application/json\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
        body.len()
    );
    ask(address, &head, cookie, body)
}

fn ask(address: SocketAddr, head: &str, cookie: &str, body: &str) -> Option<Reply> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    let request = format!("{head}Host: {address}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Reply { status, head: head.to_owned(), body: body.to_owned() })
}
