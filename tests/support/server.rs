//! An HTTP server that does what it is told, and misbehaves when told so.
//!
//! One connection serves one request, each in a thread of its own, so an answer may block on a channel or a barrier of
//! the test without holding up the others.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::Value as Json;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// Such as `POST /v1/chat/completions`.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as JSON; null where it is not.
    pub body: Json,
}

impl Received {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(other, _)| other == name)?;
        Some(value)
    }
}

/// What the server does with a request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Sends a whole reply.
    Reply {
        /// The HTTP status.
        status: u16,
        /// Headers besides the length.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// Promises the body in full, sends only its first `sent` bytes and closes.
    Broken {
        /// The body that is promised.
        body: Vec<u8>,
        /// How much of it comes.
        sent: usize,
    },
    /// Writes whatever this does, and closes.
    By(fn(&mut TcpStream) -> std::io::Result<()>),
    /// Closes without a byte.
    Close,
    /// Keeps the connection open and says nothing until the server is dropped.
    Hang,
}

impl Answer {
    /// A reply with this body.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::Reply {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// A chat completion with this text.
    pub fn chat(text: &str) -> Self {
        let body = serde_json::json!({
            "id": "chatcmpl-test", "object": "chat.completion", "model": "test-model",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15},
        });
        Self::new(200, body.to_string())
    }

    /// The same reply with one more header.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if let Self::Reply { headers, .. } = &mut self {
            headers.push((name.into(), value.into()));
        }
        self
    }
}

type Script = dyn Fn(&Received) -> Answer + Send + Sync;

/// What the threads of a server share.
struct Shared {
    script: Box<Script>,
    requests: Mutex<Vec<Received>>,
    hanging: Mutex<Vec<TcpStream>>,
    is_stopping: AtomicBool,
}

/// A server on the loopback; it stops when it is dropped.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    /// Answers every request by `script`, which may be called from several threads at once.
    #[expect(clippy::expect_used, reason = "without a port there is nothing to test")]
    pub fn start(script: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on the loopback");
        let address = listener.local_addr().expect("the address of a bound listener");
        let shared = Arc::new(Shared {
            script: Box::new(script),
            requests: Mutex::default(),
            hanging: Mutex::default(),
            is_stopping: AtomicBool::new(false),
        });
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &of_thread));
        Self { address, shared }
    }

    /// Answers with these in order, and with a 404 that is not tried again after the last.
    pub fn queue(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers: Mutex<VecDeque<Answer>> = Mutex::new(answers.into_iter().collect());
        Self::start(move |_| {
            let next = answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            next.unwrap_or_else(|| Answer::new(404, "the queue of answers is empty"))
        })
    }

    /// The base URL for an endpoint.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The requests so far, in order of arrival.
    pub fn requests(&self) -> Vec<Received> {
        let requests = self.shared.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.is_stopping.store(true, Ordering::SeqCst);
        let mut hanging = self.shared.hanging.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in hanging.drain(..) {
            // The client may have gone already.
            drop(stream.shutdown(Shutdown::Both));
        }
        // A connection of our own wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.is_stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        // A client that leaves early is part of what is tested.
        thread::spawn(move || drop(serve(stream, &shared)));
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let request = receive(&stream)?;
    let mut requests = shared.requests.lock().unwrap_or_else(PoisonError::into_inner);
    requests.push(request.clone());
    drop(requests);
    match (shared.script)(&request) {
        Answer::Reply { status, headers, body } => {
            write!(stream, "HTTP/1.1 {status} Test\r\nconnection: close\r\n")?;
            for (name, value) in headers {
                write!(stream, "{name}: {value}\r\n")?;
            }
            write!(stream, "content-length: {}\r\n\r\n", body.len())?;
            stream.write_all(&body)
        }
        Answer::Broken { body, sent } => {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len())?;
            stream.write_all(&body[..sent])
        }
        Answer::By(write) => write(&mut stream),
        Answer::Close => stream.shutdown(Shutdown::Both),
        Answer::Hang => {
            let mut hanging = shared.hanging.lock().unwrap_or_else(PoisonError::into_inner);
            hanging.push(stream);
            Ok(())
        }
    }
}

fn receive(stream: &TcpStream) -> std::io::Result<Received> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let target = line.trim().trim_end_matches(" HTTP/1.1").to_owned();
    let mut headers = Vec::new();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else {
            break;
        };
        let (name, value) = (name.to_lowercase(), value.trim().to_owned());
        if name == "content-length" {
            length = value.parse().unwrap_or(0);
        }
        headers.push((name, value));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Received {
        target,
        headers,
        body: serde_json::from_slice(&body).unwrap_or(Json::Null),
    })
}
