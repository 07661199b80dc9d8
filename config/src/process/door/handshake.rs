//! The first words with a caller of a door that speaks TLS.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What a TLS conversation begins with: a record of the kind *handshake*.
const HANDSHAKE: u8 = 22;

/// What a caller without TLS is told.
const PLAIN: &str = "this door speaks TLS: use https\n";

/// How long a caller without TLS may take to hear that.
const LAST_WORD: Duration = Duration::from_secs(1);

/// Begins TLS, within `limit`. A caller that speaks plain HTTP is told so, in plain HTTP.
pub(super) async fn begin(
    stream: TcpStream,
    tls: Arc<ServerConfig>,
    limit: Duration,
) -> io::Result<TlsStream<TcpStream>> {
    let late = || io::Error::new(io::ErrorKind::TimedOut, "the handshake took too long");
    let begun = async {
        let mut first = [0];
        match stream.peek(&mut first).await? {
            1 if first[0] == HANDSHAKE => TlsAcceptor::from(tls).accept(stream).await,
            0 => Err(io::Error::other("the caller said nothing")),
            _ => {
                // Whether it listens or not.
                let _ = timeout(LAST_WORD, refuse(stream)).await;
                Err(io::Error::other("the caller spoke without TLS"))
            }
        }
    };
    timeout(limit, begun).await.unwrap_or_else(|_| Err(late()))
}

/// Answers, and reads on until the caller closes: what lies unread makes a close tear the
/// answer away.
async fn refuse(mut stream: TcpStream) -> io::Result<()> {
    let head = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: text/plain\r\n";
    let answer = format!("{head}content-length: {}\r\n\r\n{PLAIN}", PLAIN.len());
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    let mut unheard = [0; 4096];
    while stream.read(&mut unheard).await? > 0 {}
    Ok(())
}
