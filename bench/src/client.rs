//! One connection that asks one thing after the other.

use std::{error::Error, time::Duration};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1::{SendRequest, handshake},
    header,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

pub type Problem = Box<dyn Error + Send + Sync>;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Ask {
    pub method: Method,
    pub path: String,
    pub body: String,
}

impl Ask {
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), body: String::new() }
    }

    /// A form, as a browser sends it.
    pub fn post(path: impl Into<String>, body: impl Into<String>) -> Self {
        Self { method: Method::POST, path: path.into(), body: body.into() }
    }
}

pub struct Client {
    host: String,
    cookie: String,
    sender: SendRequest<Full<Bytes>>,
}

impl Client {
    /// Connects to `host:port` as the person who holds the token.
    pub async fn open(host: &str, token: &str) -> Result<Self, Problem> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { host: host.to_owned(), cookie: format!("guichet={token}"), sender })
    }

    async fn begin(&mut self, ask: &Ask, accept: &str) -> Result<hyper::Response<Incoming>, Problem> {
        self.sender.ready().await?;
        let request = Request::builder()
            .method(&ask.method)
            .uri(&ask.path)
            .header(header::HOST, &self.host)
            .header(header::COOKIE, &self.cookie)
            .header(header::ACCEPT, accept)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(Full::from(ask.body.clone()))?;
        Ok(self.sender.send_request(request).await?)
    }

    /// Asks for a page (`text/html`) or for data, and reads the whole answer.
    pub async fn ask(&mut self, ask: &Ask) -> Result<(StatusCode, Bytes), Problem> {
        let accept = if ask.method == Method::GET { "text/html" } else { "application/json" };
        let response = self.begin(ask, accept).await?;
        let status = response.status();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }

    /// Listens to the live stream, and calls `heard` with every piece of it, until `time` is over.
    pub async fn listen(mut self, time: Duration, mut heard: impl FnMut(&[u8])) -> Result<(), Problem> {
        let response = self.begin(&Ask::get("/live"), "text/event-stream").await?;
        if response.status() != StatusCode::OK {
            return Err(format!("a stream answered {}", response.status()).into());
        }
        let mut body = response.into_body();
        let listen = async {
            while let Some(frame) = body.frame().await {
                if let Some(data) = frame?.data_ref() {
                    heard(data);
                }
            }
            Err("a stream ended".into())
        };
        tokio::time::timeout(time, listen).await.unwrap_or(Ok(()))
    }
}
