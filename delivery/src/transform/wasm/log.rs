//! What a guest says, on its way to our log: lines of its log function, and what it prints.
//!
//! Bounded, because a guest may say something about every record.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use standpipe_config::names::StreamName;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use super::interface::Level;

/// Lines per call that are logged; how many more there were is said at its end.
const LINES: u64 = 100;

/// Bytes of a line that are logged.
const LINE: usize = 2048;

/// Bytes that a guest may print at once.
const AT_ONCE: usize = 64 * 1024;

/// The log of one call.
#[derive(Clone, Debug)]
pub(super) struct Log {
    said: Arc<Mutex<Said>>,
}

/// What was said so far.
#[derive(Debug)]
struct Said {
    stream: StreamName,
    lines: u64,
}

impl Log {
    /// A log that names a stream in each line.
    pub(super) fn new(stream: StreamName) -> Self {
        let said = Said { stream, lines: 0 };
        Self {
            said: Arc::new(Mutex::new(said)),
        }
    }

    /// Logs one line.
    pub(super) fn line(&self, level: Level, text: &str) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.lines += 1;
        if said.lines > LINES {
            return;
        }
        let (stream, text) = (&said.stream, cut(text));
        match level {
            Level::Debug => tracing::debug!(%stream, "transform: {text}"),
            Level::Info => tracing::info!(%stream, "transform: {text}"),
            Level::Warn => tracing::warn!(%stream, "transform: {text}"),
            Level::Error => tracing::error!(%stream, "transform: {text}"),
        }
    }

    /// Where the guest prints to: `level` is what its lines have.
    pub(super) fn printer(&self, level: Level) -> Printer {
        Printer {
            log: self.clone(),
            level,
        }
    }
}

impl Drop for Said {
    fn drop(&mut self) {
        let more = self.lines.saturating_sub(LINES);
        if more > 0 {
            tracing::warn!(stream = %self.stream, "transform: {more} more lines were left out");
        }
    }
}

/// At most a line's worth, at a character's boundary.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LINE)]
}

/// Standard output or standard error of a guest.
#[derive(Clone, Debug)]
pub(super) struct Printer {
    log: Log,
    level: Level,
}

/// What a guest printed, until its line is whole. The rest is logged when the guest goes.
#[derive(Debug)]
struct Printed {
    printer: Printer,
    line: Vec<u8>,
}

impl Printed {
    fn print(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE.saturating_sub(self.line.len());
            self.line.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                self.say();
            }
        }
    }

    fn say(&mut self) {
        let line = String::from_utf8_lossy(&self.line);
        let text = line.trim_end();
        if !text.is_empty() {
            self.printer.log.line(self.printer.level, text);
        }
        self.line.clear();
    }
}

impl Drop for Printed {
    fn drop(&mut self) {
        self.say();
    }
}

impl Printer {
    fn open(&self) -> Printed {
        Printed {
            printer: self.clone(),
            line: Vec::new(),
        }
    }
}

impl IsTerminal for Printer {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Printer {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.open())
    }

    // Without a task between: a guest's last words are logged before its trap is.
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.open())
    }
}

#[async_trait]
impl Pollable for Printed {
    async fn ready(&mut self) {}
}

impl OutputStream for Printed {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.print(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(AT_ONCE)
    }
}

impl AsyncWrite for Printed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.print(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
