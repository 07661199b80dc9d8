//! Opening progress, and getting back what the daemon knows where it was lost (rule 6).
//!
//! Progress that is damaged, or gone although this agent has an id, is never taken for an empty
//! one: that would ship every file again. It is set aside, and the daemon is asked first.

use std::collections::BTreeMap;
use std::path::Path;

use standpipe_config::files::{EntryLog, LogError};
use standpipe_config::frame::{Evidence, HeldSource};
use standpipe_config::names::{AgentId, SourceId, StreamName};
use standpipe_config::settings::agent::{Journald, Settings};

use crate::identity::{Incarnation, Prefix};
use crate::progress::{
    Entry, JournalStanding, LOG, Place, Progress, ProgressError, Standing, agent_id, has_agent_id,
};
use crate::ship::backoff::Backoff;
use crate::ship::client::Trouble;
use crate::ship::receiver::Receiver;

/// What an agent begins with.
pub(super) struct Kept {
    pub(super) agent: AgentId,
    pub(super) progress: Progress,
    /// What the daemon remembers, if progress was lost.
    pub(super) rebuilt: Option<Vec<Entry>>,
}

/// Opens progress in a folder that is locked.
pub(super) async fn open(settings: &Settings, receiver: &Receiver) -> Result<Kept, ProgressError> {
    let folder = &settings.data_dir;
    let known = has_agent_id(folder);
    let had_log = !matches!(EntryLog::look(folder, LOG), Ok(None));
    let opened = open_or_set_aside(folder)?;
    let agent = agent_id(folder)?;
    let empty = opened.as_ref().is_some_and(|progress| {
        let state = progress.state();
        !state.begun && state.sources.is_empty()
    });
    let rebuilt = match &opened {
        // An agent that has an id has begun before.
        None => Some(
            ask_all(settings, receiver, agent)
                .await
                .unwrap_or_else(from_the_beginning),
        ),
        Some(_) if empty && known => {
            match ask_all(settings, receiver, agent).await {
                Some(entries) => (!entries.is_empty()).then_some(entries),
                // An agent that was stopped before it had looked at anything leaves an empty log.
                None => (!had_log).then(from_the_beginning),
            }
        }
        Some(_) => None,
    };
    let progress = match opened {
        Some(progress) => progress,
        None => Progress::open(folder)?,
    };
    Ok(Kept {
        agent,
        progress,
        rebuilt,
    })
}

fn open_or_set_aside(folder: &Path) -> Result<Option<Progress>, ProgressError> {
    match Progress::open(folder) {
        Ok(progress) => Ok(Some(progress)),
        Err(error @ LogError::Damaged { .. }) => {
            tracing::error!(%error, "progress is damaged: it is set aside, and the daemon is asked what it holds");
            EntryLog::set_aside(folder, LOG)?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Nobody knows what was sent: rather twice than never.
fn from_the_beginning() -> Vec<Entry> {
    tracing::error!(
        "progress was lost, and Firehose does not say what it has: every file is read from its beginning, and sent again"
    );
    Vec::new()
}

/// What the receiver holds; `None` where it does not say.
async fn ask_all(settings: &Settings, receiver: &Receiver, agent: AgentId) -> Option<Vec<Entry>> {
    let mut streams: Vec<&StreamName> = settings.flows.iter().map(|flow| &flow.stream).collect();
    streams.sort_unstable();
    streams.dedup();
    let mut held = Vec::new();
    for stream in streams {
        let sources = ask(stream, receiver, agent).await?;
        held.extend(sources.into_iter().map(|source| (stream.clone(), source)));
    }
    let entries = entries(held);
    tracing::warn!(
        sources = entries
            .iter()
            .filter(|e| matches!(e, Entry::Source { .. }))
            .count(),
        "progress was lost; the daemon told what it holds"
    );
    Some(entries)
}

/// Asks until there is an answer: nothing can be shipped before anyway.
async fn ask(stream: &StreamName, receiver: &Receiver, agent: AgentId) -> Option<Vec<HeldSource>> {
    let mut backoff = Backoff::default();
    let mut said = false;
    loop {
        match receiver.sources(stream, agent).await {
            Ok(held @ Some(_)) => return held,
            Ok(None) => return None,
            Err(trouble) => {
                if !std::mem::replace(&mut said, true) {
                    tracing::error!(%stream, %trouble, "progress was lost, and the daemon cannot be asked yet; nothing is read before");
                }
                let after = match trouble {
                    Trouble::Passing { after, .. } => after,
                    Trouble::Refused(_) | Trouble::Operator(_) => None,
                };
                tokio::time::sleep(backoff.wait(after)).await;
            }
        }
    }
}

/// What the daemon holds, as entries of progress. A source without evidence cannot be recognised,
/// and its file is read from its beginning.
pub(crate) fn entries(held: Vec<(StreamName, HeldSource)>) -> Vec<Entry> {
    let mut sources: BTreeMap<SourceId, Vec<(StreamName, HeldSource)>> = BTreeMap::new();
    for (stream, source) in held {
        let known = sources.entry(source.mark.source).or_default();
        known.push((stream, source));
    }
    let mut entries = Vec::new();
    let mut journals: Vec<(u64, Entry)> = Vec::new();
    for (id, mut streams) in sources {
        streams.sort_by_key(|(_, held)| held.mark.epoch);
        // Who is in the newest epoch was told last how the file begins.
        let mut newest_first = streams.iter().rev();
        let Some(evidence) = newest_first.find_map(|(_, held)| held.evidence.clone()) else {
            continue;
        };
        if Journald::is_name(&evidence.path) {
            let of_journal = |(stream, held)| journal(&evidence.path, stream, &held);
            journals.extend(streams.into_iter().map(of_journal));
            continue;
        }
        entries.push(identified(id, &evidence));
        entries.extend(streams.windows(2).flat_map(|pair| epochs(id, pair)));
        let newest = streams.last().map_or(0, |(_, held)| held.mark.epoch);
        let oldest = streams.first().map_or(0, |(_, held)| held.mark.epoch);
        if newest > 0 && newest == oldest {
            entries.push(Entry::Epoch {
                source: id,
                epoch: newest,
                closed_at: 0,
            });
        }
        entries.extend(unconfirmed(id, &streams));
        entries.extend(
            streams
                .into_iter()
                .map(|(stream, held)| stands(id, stream, &held)),
        );
    }
    // Of several ids of one journal the one that is farthest counts, as the last.
    journals.sort_by_key(|(offset, _)| *offset);
    entries.extend(journals.into_iter().map(|(_, entry)| entry));
    entries
}

/// A mark without evidence stands behind bytes that were gone: if there is something else in the file
/// now, that is another epoch, and nothing of it may be skipped (rule 4).
fn unconfirmed(source: SourceId, streams: &[(StreamName, HeldSource)]) -> Option<Entry> {
    let newest = streams.last()?.1.mark.epoch;
    let marks = streams.iter().map(|(_, held)| &held.mark);
    let here = marks.filter(|mark| mark.epoch == newest);
    let gone = here.filter(|mark| mark.tail.is_none() && mark.offset > 0);
    let closed_at = gone.map(|mark| mark.offset).max()?;
    Some(Entry::Epoch {
        source,
        epoch: newest + 1,
        closed_at,
    })
}

fn identified(source: SourceId, evidence: &Evidence) -> Entry {
    Entry::Source {
        source,
        path: evidence.path.replace('\\', "\\x5c"),
        incarnation: Incarnation {
            device: evidence.device,
            inode: evidence.inode,
            generation: evidence.generation,
            birth: evidence.birth,
        },
        prefix: Prefix {
            length: evidence.prefix_length,
            hash: evidence.prefix,
        },
    }
}

/// A journal of which the daemon knows the last line that it got, and not where that is; and the
/// offset behind that line.
fn journal(name: &str, stream: StreamName, held: &HeldSource) -> (u64, Entry) {
    let mark = &held.mark;
    let entry = Entry::Journal {
        name: name.to_owned(),
        stream,
        standing: JournalStanding {
            offset: mark.offset,
            tail: mark.tail,
            ..JournalStanding::beginning(mark.source)
        },
    };
    (mark.offset, entry)
}

/// Epochs between two streams: at least what one of them holds was in the older one.
fn epochs(source: SourceId, pair: &[(StreamName, HeldSource)]) -> Vec<Entry> {
    let (older, newer) = (&pair[0].1.mark, &pair[1].1.mark);
    let between = (older.epoch + 1)..=newer.epoch;
    let closed_at = |epoch: u64| {
        if epoch == older.epoch + 1 {
            older.offset
        } else {
            0
        }
    };
    between
        .map(|epoch| Entry::Epoch {
            source,
            epoch,
            closed_at: closed_at(epoch),
        })
        .collect()
}

fn stands(source: SourceId, stream: StreamName, held: &HeldSource) -> Entry {
    let place = Place {
        epoch: held.mark.epoch,
        offset: held.mark.offset,
        part: Place::UNKNOWN_PART,
        tail: held.mark.tail,
    };
    Entry::Standing {
        source,
        stream,
        standing: Standing {
            place,
            size: held.mark.offset,
            is_final: held.is_final,
            ..Standing::beginning(place.epoch)
        },
    }
}

#[cfg(test)]
mod tests;
