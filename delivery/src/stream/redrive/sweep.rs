//! One pass over a stream's error objects: to put back what is selected, or to see what is there.

use std::sync::Arc;
use std::time::Duration;

use standpipe_config::faults;
use standpipe_config::names::Arrival;
use tokio::sync::OwnedMutexGuard;
use tokio::sync::mpsc::Sender;
use tokio::time::Instant;

use super::batch::Gathered;
use super::ledger::{Ledger, LedgerError};
use super::lines::Lines;
use super::place::Place;
use super::summary::Tally;
use super::{Counts, Said, Selection, Teller};
use crate::failure::Failure;
use crate::format::error_line::Read;
use crate::journal::{Append, Content, Journal, Redrive, Refusal};
use crate::stream::blocking;
use crate::stream::running::Running;

/// Bytes of records of a batch, where the quota allows so many.
const BATCH: u64 = 4 * 1024 * 1024;

/// The least of them.
const LEAST: u64 = 64 * 1024;

/// How often progress is told.
const TELL: Duration = Duration::from_millis(200);

/// How long a redrive waits for a stream whose disk is nearly full, until it gives up.
const PATIENCE: Duration = Duration::from_secs(600);

/// How often it looks meanwhile.
const LOOK: Duration = Duration::from_millis(200);

/// The right to redrive, and the ledger where it is open.
type Held = OwnedMutexGuard<Option<Ledger>>;

/// One pass over a stream's error objects.
pub(super) struct Sweep {
    running: Arc<Running>,
    place: Place,
    teller: Teller,
    counts: Counts,
    told: Instant,
    /// What fails from now on is left for the next redrive: it may be what this one put back.
    began: Arrival,
}

/// Why a sweep ended early.
enum End {
    /// Nobody listens any more.
    Alone,
    Failed(String),
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure.message)
    }
}

impl From<LedgerError> for End {
    fn from(error: LedgerError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Sweep {
    pub(super) fn new(running: Arc<Running>, place: Place, says: Sender<Said>) -> Self {
        Self {
            running,
            place,
            teller: Teller(says),
            counts: Counts::default(),
            told: Instant::now(),
            began: Arrival::now(),
        }
    }

    /// Puts back what is selected.
    pub(super) async fn redrive(mut self, mut held: Held, selection: Selection) {
        let ended = match self.open(&mut held, true).await {
            Ok(()) => self.redrive_all(&mut held, &selection).await,
            Err(end) => Err(end),
        };
        let said = match ended {
            Ok(()) => Said::Done(self.counts),
            Err(End::Failed(message)) => Said::Failed {
                message,
                counts: self.counts,
            },
            Err(End::Alone) => return,
        };
        drop(held);
        self.teller.tell(said).await;
    }

    /// Sees what is there.
    pub(super) async fn errors(mut self, mut held: Held) {
        let mut tally = Tally::default();
        let seen = match self.open(&mut held, false).await {
            Ok(()) => self.see_all(held.as_ref(), &mut tally).await,
            Err(end) => Err(end),
        };
        let said = match seen {
            Ok(()) => Said::Errors(tally.finish()),
            Err(End::Failed(message)) => Said::Failed {
                message,
                counts: self.counts,
            },
            Err(End::Alone) => return,
        };
        drop(held);
        self.teller.tell(said).await;
    }

    async fn open(&self, held: &mut Held, begins: bool) -> Result<(), End> {
        let last = self.running.journal.last_redrive();
        if held.is_some() {
            return with(held, move |ledger| ledger.settle(last)).await;
        }
        let folder = self.running.folder.clone();
        let opened = blocking(move || Ledger::open(folder.path(), last, begins)).await?;
        **held = opened;
        Ok(())
    }

    async fn redrive_all(&mut self, held: &mut Held, selection: &Selection) -> Result<(), End> {
        for start in self.place.starts() {
            let mut after = String::new();
            while let Some(keys) = self.page(&start, &mut after).await? {
                for key in keys {
                    if selection.is_full(self.counts.redriven) {
                        return Ok(());
                    }
                    let done = self.redrive_object(held, &key, selection).await;
                    done.map_err(|end| about(&key, end))?;
                    self.progress().await?;
                }
            }
        }
        Ok(())
    }

    async fn see_all(&mut self, ledger: Option<&Ledger>, tally: &mut Tally) -> Result<(), End> {
        for start in self.place.starts() {
            let mut after = String::new();
            while let Some(keys) = self.page(&start, &mut after).await? {
                for key in keys {
                    let seen = self.see_object(ledger, &key, tally).await;
                    seen.map_err(|end| about(&key, end))?;
                    self.progress().await?;
                }
            }
        }
        Ok(())
    }

    /// The next keys that may be the stream's.
    async fn page(&self, start: &str, after: &mut String) -> Result<Option<Vec<String>>, End> {
        let mut keys = self.place.objects.list(start, after).await?;
        let Some(last) = keys.last() else {
            return Ok(None);
        };
        after.clone_from(last);
        keys.retain(|key| self.place.may_be_ours(key));
        Ok(Some(keys))
    }

    /// An object's lines, unless it is gone or is delivered again some time.
    async fn lines(&mut self, key: &str) -> Result<Option<Lines>, End> {
        let waits = |state: &crate::lane::checkpoint::State| {
            let mut files = state.files.values();
            files.any(|file| file.key == key)
        };
        if waits(&self.running.checkpoint.state()) {
            self.counts.undelivered += 1;
            return Ok(None);
        }
        let reading = self.place.objects.read(key).await?;
        self.counts.objects += u64::from(reading.is_some());
        Ok(reading.map(Lines::of))
    }

    async fn see_object(
        &mut self,
        ledger: Option<&Ledger>,
        key: &str,
        tally: &mut Tally,
    ) -> Result<(), End> {
        let done = ledger.map(|ledger| ledger.done(key)).unwrap_or_default();
        let Some(mut lines) = self.lines(key).await? else {
            return Ok(());
        };
        let mut number = 0;
        while let Some(line) = lines.next().await? {
            if !done.contains(number)
                && let Some(line) = self.ours(line)
            {
                tally.add(Place::kind_of(key), key, &line);
            }
            number += 1;
        }
        Ok(())
    }

    async fn redrive_object(
        &mut self,
        held: &mut Held,
        key: &str,
        selection: &Selection,
    ) -> Result<(), End> {
        let done = held.as_ref().map(|ledger| ledger.done(key));
        let done = done.unwrap_or_default();
        let Some(mut lines) = self.lines(key).await? else {
            return Ok(());
        };
        let limit = BATCH.min(self.running.quota.bytes() / 16).max(LEAST);
        let mut gathered = Gathered::default();
        let mut number = 0;
        while let Some(text) = lines.next().await? {
            number += 1;
            if done.contains(number - 1) {
                self.counts.earlier += 1;
                continue;
            }
            let Some((line, bytes)) = self.wanted(text, selection) else {
                continue;
            };
            if selection.is_full(self.counts.redriven + gathered.size().0) {
                return self.put(held, key, gathered, selection).await;
            }
            if !gathered.takes(&line, bytes.len(), limit) {
                let full = std::mem::take(&mut gathered);
                self.put(held, key, full, selection).await?;
            }
            gathered.push(number - 1, &line, &bytes);
        }
        self.put(held, key, gathered, selection).await?;
        let done = held.as_ref().map_or(0, |ledger| ledger.done(key).len());
        match done == number && number > 0 && !selection.dry_run {
            true => self.move_aside(held, key).await,
            false => Ok(()),
        }
    }

    /// A line of this stream's lane.
    fn ours<'a>(&mut self, line: &'a [u8]) -> Option<Read<'a>> {
        let lane = self.running.journal.lane();
        let ours = Read::read(line).ok().filter(|line| line.id.lane == lane);
        self.counts.foreign += u64::from(ours.is_none());
        ours
    }

    /// A line that is to be put back, and its bytes.
    fn wanted<'a>(&mut self, line: &'a [u8], selection: &Selection) -> Option<(Read<'a>, Vec<u8>)> {
        let line = self.ours(line)?;
        if line.ended >= self.began || !selection.takes(&line) {
            self.counts.left += 1;
            return None;
        }
        let bytes = line.bytes().ok();
        self.counts.foreign += u64::from(bytes.is_none());
        Some((line, bytes?))
    }

    /// Puts lines of an object back: named in the ledger, then stored.
    async fn put(
        &mut self,
        held: &mut Held,
        key: &str,
        gathered: Gathered,
        selection: &Selection,
    ) -> Result<(), End> {
        let (records, bytes) = gathered.size();
        if !gathered.is_empty() && !selection.dry_run {
            self.room().await?;
            let (redrive, lines) = gathered.finish(key, self.running.journal.last_redrive());
            let (batch, object) = (redrive.batch, key.to_owned());
            with(held, move |ledger| ledger.name(batch, &object, lines)).await?;
            let stored = self.store(redrive).await;
            let last = self.running.journal.last_redrive();
            with(held, move |ledger| ledger.settle(last)).await?;
            stored?;
        }
        self.counts.redriven += records;
        self.counts.bytes += bytes;
        self.progress().await
    }

    /// Stores a batch, as soon as there is room for it.
    async fn store(&self, redrive: Redrive) -> Result<(), End> {
        let records = redrive.records.len() as u64;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let append = Append {
                permit: None,
                content: Content::Redriven(redrive.clone()),
                idempotency_key: None,
            };
            match self.running.journal.append(append).await {
                Ok(appended) if appended.accepted == records => {
                    faults::reach("redrive", "stored");
                    return Ok(());
                }
                Ok(_) => return Err(End::Failed("the journal stored another batch".into())),
                Err(Refusal::Full(full)) => self.wait(deadline, &full.to_string()).await?,
                Err(refusal) => return Err(End::Failed(refusal.to_string())),
            }
        }
    }

    /// Waits until the stream's disk is not nearly full any more: records that come in go first.
    async fn room(&self) -> Result<(), End> {
        let deadline = Instant::now() + PATIENCE;
        while self.running.quota.is_pressed() {
            let why = "the stream's disk quota is nearly used up";
            self.wait(deadline, why).await?;
        }
        match self.teller.0.is_closed() {
            true => Err(End::Alone),
            false => Ok(()),
        }
    }

    async fn wait(&self, deadline: Instant, why: &str) -> Result<(), End> {
        if self.teller.0.is_closed() {
            return Err(End::Alone);
        }
        if self.running.is_stopping() {
            return Err(End::Failed("the stream stops".into()));
        }
        if Instant::now() >= deadline {
            let waited = PATIENCE.as_secs();
            return Err(End::Failed(format!(
                "nothing was put back for {waited} s, because {why}: run it again when there is room"
            )));
        }
        tokio::time::sleep(LOOK).await;
        Ok(())
    }

    async fn move_aside(&mut self, held: &mut Held, key: &str) -> Result<(), End> {
        let aside = self.place.aside(key);
        self.place.objects.move_aside(key, &aside).await?;
        faults::reach("redrive", "moved");
        let object = key.to_owned();
        with(held, move |ledger| ledger.aside(&object)).await?;
        self.counts.moved += 1;
        Ok(())
    }

    /// Tells how far it is, now and then.
    async fn progress(&mut self) -> Result<(), End> {
        if self.told.elapsed() < TELL {
            return Ok(());
        }
        self.told = Instant::now();
        match self.teller.tell(Said::Progress(self.counts)).await {
            true => Ok(()),
            false => Err(End::Alone),
        }
    }
}

fn about(key: &str, end: End) -> End {
    match end {
        End::Failed(why) => End::Failed(format!("{key}: {why}")),
        End::Alone => End::Alone,
    }
}

/// Works on the ledger on a thread made for blocking.
async fn with<T: Send + 'static>(
    held: &mut Held,
    work: impl FnOnce(&mut Ledger) -> Result<T, LedgerError> + Send + 'static,
) -> Result<T, End> {
    let Some(mut ledger) = held.take() else {
        return Err(End::Failed("the ledger of redrives is not open".into()));
    };
    let (ledger, done) = blocking(move || {
        let done = work(&mut ledger);
        (ledger, done)
    })
    .await;
    **held = Some(ledger);
    Ok(done?)
}
