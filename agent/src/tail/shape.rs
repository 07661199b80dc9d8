//! From the bytes of one turn to records: split, decode, parse.

use standpipe_config::names::SourceId;
use standpipe_config::records::{Builder, Records};
use standpipe_config::settings::agent::{Encoding, Flow};

use crate::parse::{Origin, Shaped, Shaper};
use crate::progress::Place;
use crate::split::{Consumed, Piece, Splitter, decode};

/// What turns bytes of one file into records of one stream.
pub(super) struct Shape<'a> {
    pub(super) flow: &'a Flow,
    pub(super) shaper: &'a mut Shaper,
    /// The file's path.
    pub(super) path: &'a [u8],
    /// When its bytes were read.
    pub(super) time: &'a str,
    /// Whose memory the records take.
    pub(super) spare: &'a mut Builder,
    /// What the file is to the receiver.
    pub(super) source: SourceId,
}

/// What was made of some bytes.
#[derive(Debug)]
pub(super) struct Split {
    pub(super) consumed: Consumed,
    pub(super) records: Records,
    /// Raw bytes of lines that do not parse and are dropped or put aside, as the settings say.
    pub(super) dropped: u64,
    /// Lines for the dead-letter file; they must be in it before the bytes count as read.
    pub(super) dead: Vec<u8>,
}

impl Shape<'_> {
    /// Splits bytes from a place on, and shapes the pieces.
    pub(super) fn run(&mut self, next: &Place, bytes: &[u8], whole: bool) -> Split {
        let mut records = std::mem::take(self.spare);
        let mut text = String::new();
        let mut dropped = 0;
        let mut dead = Vec::new();
        let splitter = Splitter::of(self.flow, next.offset);
        let consumed = splitter.split(bytes, next.part, whole, &mut |piece| {
            let raw = piece.bytes.len() + piece.end;
            let origin = Origin {
                path: self.path,
                offset: next.offset + piece.at as u64,
                time: self.time,
                source: Some((self.source, next.epoch)),
            };
            let piece = match self.flow.encoding {
                Encoding::Utf8 => piece,
                encoding => decoded(encoding, origin.offset, piece, &mut text),
            };
            match self.shaper.shape(piece, &origin, &mut records) {
                Shaped::Kept => {}
                Shaped::Dropped => dropped += raw as u64,
                Shaped::Dead(letter) => {
                    dropped += raw as u64;
                    dead.extend(letter);
                }
            }
        });
        Split {
            consumed,
            records: records.finish(),
            dropped,
            dead,
        }
    }
}

/// A piece as UTF-8, without the mark that some writers begin a file with.
fn decoded<'a>(
    encoding: Encoding,
    offset: u64,
    piece: Piece<'_>,
    text: &'a mut String,
) -> Piece<'a> {
    text.clear();
    decode(encoding, !offset.is_multiple_of(2), piece.bytes, text);
    let mark = text.strip_prefix('\u{feff}').filter(|_| offset == 0);
    Piece {
        at: piece.at,
        bytes: mark.unwrap_or(text).as_bytes(),
        end: piece.end,
        part: piece.part,
        unterminated: piece.unterminated,
    }
}
