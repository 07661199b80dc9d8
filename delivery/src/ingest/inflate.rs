//! Decompressing a body without ever holding bytes that were not granted: room is asked for
//! first, filled, and doubled, up to the limit. So a bomb costs what any large request costs.
//!
//! Zstandard is decompressed in one go into room of the right size, which most bodies announce:
//! so it needs no window of its own, whose size the sender would choose.

use std::io::{Cursor, Read};

use flate2::bufread::MultiGzDecoder;
use standpipe_config::faults;
use standpipe_config::limits::MAX_INFLATED_BODY;
use zstd::zstd_safe;

use super::admission::Grant;
use super::refused::{Kind, Refused};
use super::work::{SMALL, Workers};

/// How a body is compressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Encoding {
    /// Not at all.
    Identity,
    /// `gzip`, members one behind the other included.
    Gzip,
    /// `zstd`, frames one behind the other included.
    Zstd,
}

// One more than allowed: filled, it says that there is too much.
const MOST: usize = MAX_INFLATED_BODY + 1;
// How much larger logs usually get, to begin with.
const USUAL_RATIO: usize = 4;
// ZSTD_error_dstSize_tooSmall; error numbers are part of the library's stable interface.
const TOO_SMALL: usize = 70_usize.wrapping_neg();

enum Inflater {
    Gzip(Box<MultiGzDecoder<Cursor<Vec<u8>>>>),
    Zstd(Vec<u8>),
}

enum Step {
    /// All of it is there.
    Done,
    /// The room is full.
    Full,
}

/// The body as it was before compression. The grant covers `body` and ends up covering the
/// result.
pub(super) async fn inflate(
    body: Vec<u8>,
    encoding: Encoding,
    grant: &mut Grant,
    workers: &Workers,
) -> Result<Vec<u8>, Refused> {
    let (mut inflater, mut room) = match encoding {
        Encoding::Identity => return Ok(body),
        Encoding::Gzip => (gzip(body), 0),
        Encoding::Zstd => zstd(body)?,
    };
    let sent = grant.size();
    room = room.max(SMALL).max(USUAL_RATIO * sent).min(MOST);
    let mut out = Vec::new();
    loop {
        grant.grow_to(sent + room).await?;
        let (next, filled, step) = workers
            .run_beside(move || {
                let step = inflater.fill(&mut out, room);
                (inflater, out, step)
            })
            .await?;
        (inflater, out) = (next, filled);
        match step? {
            Step::Done if out.len() <= MAX_INFLATED_BODY => break,
            Step::Full if room < MOST => room = (2 * room).min(MOST),
            _ => return Err(too_large()),
        }
    }
    drop(inflater);
    out.shrink_to_fit();
    grant.shrink_to(out.len());
    Ok(out)
}

fn gzip(body: Vec<u8>) -> Inflater {
    Inflater::Gzip(Box::new(MultiGzDecoder::new(Cursor::new(body))))
}

/// With the room that the body asks for, which is a claim of the sender's.
fn zstd(body: Vec<u8>) -> Result<(Inflater, usize), Refused> {
    let claim = zstd_safe::get_frame_content_size(&body).ok().flatten();
    let room = claim.map_or(0, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    if room > MAX_INFLATED_BODY {
        return Err(too_large());
    }
    Ok((Inflater::Zstd(body), room))
}

impl Inflater {
    fn fill(&mut self, out: &mut Vec<u8>, room: usize) -> Result<Step, Refused> {
        faults::takes_time("inflate");
        match self {
            Self::Gzip(decoder) => {
                let more = room - out.len();
                out.reserve_exact(more);
                let read = decoder
                    .take(more as u64)
                    .read_to_end(out)
                    .map_err(|error| damaged("gzip", &error.to_string()))?;
                Ok(if read < more { Step::Done } else { Step::Full })
            }
            Self::Zstd(body) => {
                // Nothing is kept from the last time: its room goes before the new one comes.
                drop(std::mem::take(out));
                out.reserve_exact(room);
                match zstd_safe::decompress(out, body) {
                    Ok(_) => Ok(Step::Done),
                    Err(TOO_SMALL) => Ok(Step::Full),
                    Err(code) => Err(damaged("zstd", zstd_safe::get_error_name(code))),
                }
            }
        }
    }
}

fn damaged(encoding: &str, why: &str) -> Refused {
    let message = format!("the body does not decompress as {encoding}: {why}");
    Refused::new(Kind::Wrong, message)
}

fn too_large() -> Refused {
    let message = format!(
        "the body decompresses to more than {MAX_INFLATED_BODY} bytes: send it in several requests"
    );
    Refused::new(Kind::TooLarge, message)
}

#[cfg(test)]
mod tests;
