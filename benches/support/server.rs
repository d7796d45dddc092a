//! A chat server on the loopback that costs as little as it can: connections stay open, the reply is made once.
//!
//! All its threads are there from the start and carry one name, so that their processor time can be told from ours.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// The name of its threads; the system keeps 15 bytes of it.
pub const THREAD_NAME: &str = "bench-server";
/// Connections at the same time: those of the largest measurement, twice, since an ended one may linger.
const THREADS: usize = 560;
/// Stack of a thread in bytes: it holds a few buffers.
const STACK_BYTES: usize = 128 * 1024;
/// Largest request in bytes.
const BODY_BYTES_MAX: usize = 1024 * 1024;

struct Shared {
    listener: TcpListener,
    reply: Vec<u8>,
    delay_ms: AtomicU64,
    first_body: Mutex<Option<Vec<u8>>>,
}

/// A running server; it ends with the process.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    /// Answers every request with this body.
    pub fn start(body: &str) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ";
        let shared = Arc::new(Shared {
            listener,
            reply: format!("{head}{}\r\n\r\n{body}", body.len()).into_bytes(),
            delay_ms: AtomicU64::new(0),
            first_body: Mutex::new(None),
        });
        for _ in 0..THREADS {
            let shared = Arc::clone(&shared);
            let builder = thread::Builder::new().name(THREAD_NAME.into()).stack_size(STACK_BYTES);
            builder.spawn(move || accept(&shared))?;
        }
        Ok(Self { address, shared })
    }

    /// The base URL of its API.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// From now on it thinks so long about every request.
    pub fn set_delay_ms(&self, delay_ms: u64) {
        self.shared.delay_ms.store(delay_ms, Ordering::Relaxed);
    }

    /// The body of the first request that it ever got.
    pub fn first_body(&self) -> Option<Vec<u8>> {
        let body = self.shared.first_body.lock().unwrap_or_else(PoisonError::into_inner);
        body.clone()
    }
}

fn accept(shared: &Shared) {
    while let Ok((stream, _)) = shared.listener.accept() {
        // The client closes when it has had enough.
        drop(serve(&stream, shared));
    }
}

fn serve(mut stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut body = Vec::new();
    while receive(&mut reader, &mut body)? {
        let mut first = shared.first_body.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| body.clone());
        drop(first);
        let delay_ms = shared.delay_ms.load(Ordering::Relaxed);
        if delay_ms > 0 {
            thread::sleep(Duration::from_millis(delay_ms));
        }
        stream.write_all(&shared.reply)?;
    }
    Ok(())
}

/// Reads one request into `body`; false at the end of the connection.
fn receive(reader: &mut BufReader<&TcpStream>, body: &mut Vec<u8>) -> io::Result<bool> {
    let mut line = String::new();
    let mut length = 0;
    while reader.read_line(&mut line)? > 0 {
        if line == "\r\n" {
            body.resize(length, 0);
            reader.read_exact(body)?;
            return Ok(true);
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0).min(BODY_BYTES_MAX);
        }
        line.clear();
    }
    Ok(false)
}
