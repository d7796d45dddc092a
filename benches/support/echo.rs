//! The limit of what goes over SSH: a server of the host's own library that sends back what it is sent.

use std::net::SocketAddr;
use std::sync::Arc;

use russh::keys::PrivateKey;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Session, VerifiedPublicKey, run_stream};
use russh::{Channel, ChannelId, Error, Pty};
use tokio::net::TcpListener;

/// What it says first.
pub const GREETING: &str = "echo";

/// Serves in threads of its own for as long as the process lives.
pub fn start() -> Result<SocketAddr, Box<dyn std::error::Error>> {
    let key = PrivateKey::new(Ed25519Keypair::from_seed(&[7; 32]).into(), "echo")?;
    let config = Arc::new(Config {
        keys: vec![key],
        nodelay: true,
        ..Config::default()
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            while let Ok((stream, _)) = listener.accept().await {
                if stream.set_nodelay(true).is_err() {
                    continue;
                }
                let config = Arc::clone(&config);
                tokio::spawn(async move {
                    // A client that goes is no matter.
                    if let Ok(session) = run_stream(config, stream, Echo).await {
                        drop(session.await);
                    }
                });
            }
        });
    });
    Ok(address)
}

struct Echo;

impl Handler for Echo {
    type Error = Error;

    async fn auth_publickey(&mut self, _: &str, _: VerifiedPublicKey<'_>) -> Result<Auth, Error> {
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        // What comes is told to the handler; a half that nobody reads would hold the connection up.
        drop(channel);
        reply.accept().await;
        Ok(())
    }

    async fn pty_request(
        &mut self,
        id: ChannelId,
        _: &str,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        _: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_success(id)
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut Session) -> Result<(), Error> {
        session.channel_success(id)?;
        session.data(id, GREETING.as_bytes().to_vec())
    }

    async fn data(&mut self, id: ChannelId, data: &[u8], session: &mut Session) -> Result<(), Error> {
        session.data(id, data.to_vec())
    }
}
