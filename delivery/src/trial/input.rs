//! Records from a text: each line one, as at the native door.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use standpipe_config::limits::MAX_RECORD;
use standpipe_config::names::{Arrival, Run};
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::Shaper;
use crate::failure::Failure;
use crate::ingest::lines;
use crate::record::portion::Portion;
use crate::record::{Row, Stage};

/// Bytes of records that go together where no transform says how many.
const PORTION: u64 = 1024 * 1024;

/// Reads `input` on a thread of its own, as far as somebody takes what was read.
pub(super) fn portions(
    input: impl Read + Send + 'static,
    size: Option<u64>,
    shaper: Option<Arc<Shaper>>,
) -> Receiver<Result<Portion, Failure>> {
    let (sender, receiver) = mpsc::channel(1);
    let mut reading = Reading {
        lines: Lines::of(input),
        size: size.unwrap_or(PORTION),
        shaper,
        portions: sender,
    };
    std::thread::spawn(move || {
        if let Err(failure) = reading.read() {
            let _ = reading.portions.blocking_send(Err(failure));
        }
    });
    receiver
}

struct Reading<R> {
    lines: Lines<R>,
    size: u64,
    shaper: Option<Arc<Shaper>>,
    portions: Sender<Result<Portion, Failure>>,
}

impl<R: Read> Reading<R> {
    fn read(&mut self) -> Result<(), Failure> {
        let mut gathered = Portion::default();
        let mut position = 0;
        while let Some(bytes) = self.lines.next()? {
            let row = Row {
                run: Run([0; 8]),
                position,
                index: 0,
                arrival: Arrival::now(),
                stage: Stage::Accepted,
                part: None,
                redriven: None,
                bytes,
            };
            let fits = match &self.shaper {
                Some(shaper) => shaper.transform.takes(&gathered, &row, self.size),
                None => (gathered.bytes() as u64) < self.size,
            };
            if !fits
                && self
                    .portions
                    .blocking_send(Ok(std::mem::take(&mut gathered)))
                    .is_err()
            {
                return Ok(());
            }
            gathered.push(&row);
            position += 1;
        }
        if !gathered.is_empty() {
            let _ = self.portions.blocking_send(Ok(gathered));
        }
        Ok(())
    }
}

struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    number: u64,
}

impl<R: Read> Lines<R> {
    fn of(input: R) -> Self {
        Self {
            input: BufReader::with_capacity(256 * 1024, input),
            line: Vec::new(),
            number: 0,
        }
    }

    /// The next line that is not empty, without its end.
    fn next(&mut self) -> Result<Option<&[u8]>, Failure> {
        loop {
            self.line.clear();
            // The end of a line has two bytes at most, and one more tells that it is too long.
            let mut rest = (&mut self.input).take(MAX_RECORD as u64 + 3);
            let read = rest.read_until(b'\n', &mut self.line);
            let read = read.map_err(|e| Failure::halt(format!("the input cannot be read: {e}")))?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            match lines::text_length(&self.line) {
                0 => {}
                length if length > MAX_RECORD => {
                    return Err(Failure::halt(format!(
                        "line {} of the input has more than {MAX_RECORD} bytes, the most that a record may have: the daemon would refuse it",
                        self.number
                    )));
                }
                length => return Ok(Some(&self.line[..length])),
            }
        }
    }
}
