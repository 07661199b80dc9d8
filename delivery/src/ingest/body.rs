//! Reading a body: only what was granted, and only from callers who go on sending.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
use standpipe_config::limits::MAX_BODY;
use tokio::time::{Instant, timeout_at};

use super::refused::{Kind, Refused};

/// How much time a caller has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// The longest silence.
    pub(super) silence: Duration,
    /// For the whole body. [`MAX_BODY`] in this time is 140 KiB/s.
    pub(super) whole: Duration,
}

/// What callers get unless a test is in a hurry.
pub(super) const PACE: Pace = Pace {
    silence: Duration::from_secs(15),
    whole: Duration::from_secs(120),
};

// After a refusal the rest of a body is read and thrown away for this long: closed at once, the
// connection would be reset and the caller might never see the reason.
const LINGER: Duration = Duration::from_secs(3);

/// Reads a body of the length announced, or of at most [`MAX_BODY`] bytes.
pub(super) async fn read(
    body: &mut Body,
    announced: Option<usize>,
    pace: Pace,
) -> Result<Vec<u8>, Refused> {
    let mut bytes = Vec::with_capacity(announced.unwrap_or(0));
    let end = Instant::now() + pace.whole;
    loop {
        let until = end.min(Instant::now() + pace.silence);
        let frame = timeout_at(until, body.frame())
            .await
            .map_err(|_| slow(bytes.len()))?;
        let Some(frame) = frame else {
            return Ok(bytes);
        };
        let Ok(data) = frame.map_err(|_| cut_off(bytes.len()))?.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > announced.unwrap_or(MAX_BODY) {
            return Err(too_large());
        }
        bytes.extend_from_slice(&data);
    }
}

/// Throws away what a refused caller still sends, for a while.
pub(super) fn linger(mut body: Body) {
    tokio::spawn(tokio::time::timeout(LINGER, async move {
        while let Some(Ok(_)) = body.frame().await {}
    }));
}

/// A body longer than this door reads.
pub(super) fn too_large() -> Refused {
    let message = format!("the body is longer than {MAX_BODY} bytes: send it in several requests");
    Refused::new(Kind::TooLarge, message)
}

fn slow(read: usize) -> Refused {
    let message =
        format!("the body did not come in time: {read} bytes of it came, nothing was stored");
    Refused::new(Kind::Slow, message)
}

fn cut_off(read: usize) -> Refused {
    let message = format!("the body ended in its middle, after {read} bytes: nothing was stored");
    Refused::new(Kind::Wrong, message)
}
