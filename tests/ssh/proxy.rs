//! A line between `ssh` and the host that a test makes slow, stops, or cuts.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

/// How often a line carries something.
const TICK: Duration = Duration::from_millis(10);
/// What it carries in a tick where nothing slows it.
const FAST: usize = 64 << 10;
/// How long each byte is under way.
const LATENCY: Duration = Duration::from_millis(20);
/// What the line's own end holds of what it has not carried yet. A system holds up to megabytes, which are no part of
/// what is tested here.
const HELD_BYTES_MAX: usize = 4 << 10;

/// The line; cut when this is dropped.
pub struct Proxy {
    /// Where `ssh` finds it.
    pub address: SocketAddr,
    quality: Arc<Quality>,
}

/// How good it is now.
struct Quality {
    bytes_per_tick: AtomicUsize,
    is_cut: AtomicBool,
    ends: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// A line to the host, for any number of connections.
    pub fn to(host: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let quality = Arc::new(Quality {
            bytes_per_tick: AtomicUsize::new(FAST),
            is_cut: AtomicBool::new(false),
            ends: Mutex::default(),
        });
        let shared = Arc::clone(&quality);
        thread::spawn(move || {
            for client in listener.incoming() {
                if shared.is_cut.load(Ordering::Acquire) {
                    return;
                }
                shared.join(&client.unwrap(), host);
            }
        });
        Self { address, quality }
    }

    /// Carries so many bytes every 10 ms, each way; 0 carries none and takes none.
    pub fn slow_down(&self, bytes_per_tick: usize) {
        self.quality.bytes_per_tick.store(bytes_per_tick, Ordering::Release);
    }

    /// Carries all that comes.
    pub fn speed_up(&self) {
        self.slow_down(FAST);
    }

    /// Ends every connection, whatever is under way.
    pub fn cut(&self) {
        self.quality.is_cut.store(true, Ordering::Release);
        for end in self.quality.ends.lock().unwrap().drain(..) {
            // One that its own side has closed is cut.
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        // Its thread waits for a connection.
        let _ = TcpStream::connect(self.address);
    }
}

impl Quality {
    fn join(self: &Arc<Self>, client: &TcpStream, host: SocketAddr) {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(HELD_BYTES_MAX).unwrap();
        socket.connect(&host.into()).unwrap();
        let host = TcpStream::from(socket);
        for end in [client, &host] {
            end.set_nodelay(true).unwrap();
            end.set_read_timeout(Some(TICK)).unwrap();
            self.ends.lock().unwrap().push(end.try_clone().unwrap());
        }
        for (from, to) in [(client, &host), (&host, client)] {
            let (quality, from, to) = (Arc::clone(self), from.try_clone().unwrap(), to.try_clone().unwrap());
            thread::spawn(move || quality.carry(from, to));
        }
    }

    /// Carries one way until either end is closed.
    fn carry(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut under_way: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
        let mut is_open = true;
        let mut bytes = vec![0; FAST];
        while is_open || !under_way.is_empty() {
            let quota = self.bytes_per_tick.load(Ordering::Acquire).min(FAST);
            if quota == 0 {
                thread::park_timeout(TICK);
                if self.is_cut.load(Ordering::Acquire) {
                    return;
                }
                continue;
            }
            match from.read(&mut bytes[..quota]) {
                Ok(0) => is_open = false,
                Ok(count) => under_way.push_back((Instant::now() + LATENCY, bytes[..count].to_vec())),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => return,
            }
            if quota < FAST || !is_open {
                thread::park_timeout(TICK);
            }
            while let Some((_, piece)) = under_way.pop_front_if(|(due, _)| *due <= Instant::now()) {
                if to.write_all(&piece).is_err() {
                    return;
                }
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    }
}
