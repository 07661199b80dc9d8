//! The search for the rows of a file that Redshift refuses, and what is loaded in its place.
//!
//! The file's rows are staged in chunks. Manifests of some of them, each loaded in a transaction that
//! is rolled back, find the chunks with bad rows; parts of these, staged for it, find the rows. What
//! is good is then listed in one manifest: chunks as they are, and what is left of the others.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::copy::Piece;
use super::pack::Compression;
use super::{MANIFESTS, Redshift, pack};
use crate::destination::warehouse::bisect::Bisection;
use crate::destination::warehouse::feed::{Chunk, Feed, Lines};
use crate::destination::warehouse::session::Session;
use crate::destination::warehouse::verdict::{LOAD_FAILED, Refusal};
use crate::destination::{Object, Rejections};
use crate::failure::Failure;

/// What keys of chunks and parts begin with; the file's key follows.
pub(super) const PARTS: &str = "parts/";

/// Bytes of a chunk before compression: held in memory, and put in one request.
const CHUNK: usize = 4 * 1024 * 1024;

/// So many refusals are looked into in one file; a bad row takes about twenty, and a refusal
/// seconds.
const PATIENCE: u32 = 1000;

/// A search in one file.
pub(super) struct Search<'a> {
    table: &'a Redshift,
    session: &'a Session,
    object: &'a Object,
    compression: Compression,
    patience: u32,
    /// Keys of what was staged for it.
    staged: BTreeSet<String>,
}

impl<'a> Search<'a> {
    /// In a file whose objects are compressed in this way.
    pub(super) fn new(
        table: &'a Redshift,
        session: &'a Session,
        object: &'a Object,
        compression: Compression,
    ) -> Self {
        Self {
            table,
            session,
            object,
            compression,
            patience: PATIENCE,
            staged: BTreeSet::new(),
        }
    }

    /// Searches the file, of which the warehouse `said` why it refused it: the address of a manifest
    /// of all good rows, if there are any, and the rows that are not in it.
    pub(super) async fn run(
        mut self,
        said: String,
    ) -> Result<(Option<String>, Rejections), Failure> {
        let chunks = self.stage_chunks().await?;
        let suspects = self.bad_chunks(&chunks, &said).await?;
        let (good, rejected) = self.look_into(chunks, suspects).await?;
        let manifest = match good.is_empty() {
            true => None,
            false => {
                let key = format!("{MANIFESTS}{}-{}", self.object.key, name_of(&good));
                Some(self.table.list(&key, &good).await?)
            }
        };
        self.clean(&good).await;
        Ok((manifest, rejected))
    }

    async fn stage_chunks(&mut self) -> Result<Vec<Piece>, Failure> {
        let (mut chunks, reading) = self.feed().start(CHUNK);
        let mut pieces = Vec::new();
        while let Some(chunk) = chunks.recv().await {
            if !chunk.rows.is_empty() {
                pieces.push(self.stage(chunk.text).await?);
            }
        }
        reading.end().await?;
        Ok(pieces)
    }

    /// Which chunks are refused, and why.
    async fn bad_chunks(
        &mut self,
        chunks: &[Piece],
        said: &str,
    ) -> Result<BTreeMap<usize, String>, Failure> {
        let mut bisection = Bisection::new(0..chunks.len() as u64, self.patience);
        bisection.refused(LOAD_FAILED, said);
        while let Some(part) = bisection.next() {
            let pieces = &chunks[part.start as usize..part.end as usize];
            match self.probe(pieces).await? {
                None => bisection.taken(),
                Some(said) => bisection.refused(LOAD_FAILED, &said),
            }
        }
        self.patience = bisection.patience();
        let bad = bisection.bad().into_iter();
        let each = bad.flat_map(|bad| {
            bad.rows
                .map(move |chunk| (chunk as usize, bad.message.clone()))
        });
        Ok(each.collect())
    }

    /// Finds the bad rows of some chunks; what is good of all, and these rows.
    async fn look_into(
        &mut self,
        pieces: Vec<Piece>,
        suspects: BTreeMap<usize, String>,
    ) -> Result<(Vec<Piece>, Rejections), Failure> {
        let (mut chunks, reading) = self.feed().start(CHUNK);
        let (mut good, mut rejected) = (Vec::new(), Rejections::default());
        let mut pieces = pieces.into_iter().enumerate();
        while let Some(chunk) = chunks.recv().await {
            if chunk.rows.is_empty() {
                continue;
            }
            let Some((number, piece)) = pieces.next() else {
                break;
            };
            match suspects.get(&number) {
                None => good.push(piece),
                Some(said) => {
                    let said = match chunk.rows.len() {
                        1 => self.detail(&piece, said).await,
                        _ => said.clone(),
                    };
                    good.extend(self.rest(&chunk, &said, &mut rejected).await?);
                }
            }
        }
        reading.end().await?;
        Ok((good, rejected))
    }

    /// What is left of a chunk without its bad rows.
    async fn rest(
        &mut self,
        chunk: &Chunk,
        said: &str,
        rejected: &mut Rejections,
    ) -> Result<Option<Piece>, Failure> {
        let mut bisection = Bisection::new(0..chunk.rows.len() as u64, self.patience);
        bisection.refused(LOAD_FAILED, said);
        while let Some(part) = bisection.next() {
            let is_one = part.end - part.start == 1;
            let piece = self.stage(chunk.part(part)).await?;
            match self.probe(std::slice::from_ref(&piece)).await? {
                None => bisection.taken(),
                Some(said) if is_one => {
                    let said = self.detail(&piece, &said).await;
                    bisection.refused(LOAD_FAILED, &said);
                }
                Some(said) => bisection.refused(LOAD_FAILED, &said),
            }
        }
        self.patience = bisection.patience();
        let (mut rest, mut from) = (Vec::new(), 0);
        for bad in bisection.bad() {
            rest.extend_from_slice(&chunk.part(from..bad.rows.start));
            from = bad.rows.end;
            for row in chunk.numbers(bad.rows) {
                rejected.add(row, &bad.code, &bad.message);
            }
        }
        rest.extend_from_slice(&chunk.part(from..chunk.rows.len() as u64));
        match rest.is_empty() {
            true => Ok(None),
            false => self.stage(rest.into()).await.map(Some),
        }
    }

    /// What the warehouse said of one row, as exactly as it is to be had.
    async fn detail(&self, piece: &Piece, said: &str) -> String {
        let mut detail = self.table.detail(self.session, &piece.key).await;
        if detail.is_none() {
            // Alone in its file, it was refused there, and not as a piece.
            detail = self.table.detail(self.session, &self.object.key).await;
        }
        detail.unwrap_or_else(|| said.to_owned())
    }

    /// Loads what these hold and takes it back; why it was refused, if it was.
    async fn probe(&mut self, pieces: &[Piece]) -> Result<Option<String>, Failure> {
        let key = format!("{PARTS}{}-{}.manifest", self.object.key, name_of(pieces));
        let manifest = self.table.list(&key, pieces).await?;
        self.staged.insert(key);
        let loader = &self.table.inner.loader;
        loader.run(self.session, "BEGIN").await?;
        let refused = match self.table.copy(self.session, &manifest).await {
            Ok(_) => None,
            Err(Refusal::Data(_, said)) => Some(said),
            Err(Refusal::Other(failure)) => return Err(failure),
        };
        loader.run(self.session, "ROLLBACK").await?;
        Ok(refused)
    }

    async fn stage(&mut self, rows: Bytes) -> Result<Piece, Failure> {
        let compression = self.compression;
        let packed = tokio::task::spawn_blocking(move || pack::pack(rows, compression)).await;
        let cannot = |why: String| Failure::retry(format!("cannot compress rows: {why}"));
        let bytes = packed
            .map_err(|e| cannot(e.to_string()))?
            .map_err(|e| cannot(e.to_string()))?;
        let piece = Piece {
            key: format!("{PARTS}{}-{}", self.object.key, pack::name(&bytes)),
            size: bytes.len() as u64,
        };
        if self.staged.insert(piece.key.clone()) {
            self.table.inner.staging.stage(&piece.key, bytes).await?;
        }
        Ok(piece)
    }

    fn feed(&self) -> Feed {
        Feed::new(self.object, Lines::AsTheyAre, Rejections::default())
    }

    /// Removes what was only tried.
    async fn clean(&self, good: &[Piece]) {
        for key in &self.staged {
            if !good.iter().any(|piece| piece.key == *key) {
                self.table.inner.staging.unstage(key).await;
            }
        }
    }
}

/// A name for a list of pieces.
fn name_of(pieces: &[Piece]) -> String {
    let keys: String = pieces
        .iter()
        .map(|piece| format!("{}\n", piece.key))
        .collect();
    pack::name(keys.as_bytes())
}
