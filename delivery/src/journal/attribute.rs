//! Attributes of an entry (rule 32): what its records are besides bytes.
//!
//! Each is `kind u16, flags u16, length u32, payload`. Flag 1 says that a reader must know the
//! kind; an unknown attribute without it is skipped by its length. Integers little-endian.
//!
//! ```text
//!  1 range     agent [16], range
//!  2 notes     per note: record u32, part number u32, flags u8 (1 part, 2 last, 4 unterminated)
//!  3 stage     u8 (1 transformed)
//!  4 key       idempotency key, UTF-8
//!  5 gap       agent [16], range, reason u8
//!  6 identify  agent [16], evidence
//!  7 final     agent [16], source [16], epoch u64, offset u64
//!  8 live      agent [16], sources [16] each
//!  9 source    one source of a snapshot: source [16], agent [16], flags u8 (1 mark, 2 final,
//!              4 evidence, 8 missing), seen u64, [mark: epoch u64, offset u64, tail],
//!              [evidence], [missing since u64]
//! 10 known     one idempotency key of a snapshot: text, first u64, accepted u64, running u64
//! 11 redriven  batch, per record: lane [16], run [8], position u64, index u32, arrival i64
//! 12 redrive   of a snapshot, the last batch: batch, first u64, accepted u64, and of all batches:
//!              records u64, bytes u64
//!
//! range     source [16], epoch, start, end, committed: u64 each, tail
//! tail      u8 (1 there is one), [length u16, hash [16]]
//! evidence  source [16], device u64, inode u64, generation u64, birth i64, prefix length u32,
//!           prefix [16], path: text
//! batch     number u64, fingerprint [16]
//! text      length u32, UTF-8
//! ```

use standpipe_config::frame::{Evidence, GapReason, Mark, Range, Tail};
use standpipe_config::names::{AgentId, Fingerprint, SourceId};
use standpipe_config::records::{Note, Part};

use super::keys::{Known, Reply};
use super::marks::Source;
use super::redrive::{Batch, Last, Name};
use super::wire::{Wire, put_text};
use crate::record::Stage;

const MUST_KNOW: u16 = 1;

/// The most bytes an attribute takes besides texts and lists.
pub(super) const FIXED: usize = 192;

/// Bytes of a note.
pub(super) const NOTE: usize = 9;

/// Bytes of the name of a redriven record.
pub(super) const NAME: usize = 44;

/// One attribute.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Attribute {
    /// The records are these bytes of a source.
    Range(AgentId, Range),
    /// What is special about single records.
    Notes(Vec<Note>),
    /// The stage at which the records enter (rule 27).
    Stage(Stage),
    /// Makes the request repeatable (rule 10).
    Key(String),
    /// Bytes that are gone (rule 5).
    Gap(AgentId, Range, GapReason),
    /// What identifies a source (rule 6).
    Identify(AgentId, Evidence),
    /// A source ends.
    Final(AgentId, SourceId, u64, u64),
    /// All sources that an agent follows (rule 7).
    Live(AgentId, Vec<SourceId>),
    /// One source of a snapshot.
    Source(SourceId, Source),
    /// One idempotency key of a snapshot.
    Known(Known),
    /// What the records of a redriven batch were called.
    Redriven(Batch, Vec<Name>),
    /// The last redriven batch, in a snapshot.
    Redrive(Last),
}

impl Attribute {
    fn kind(&self) -> u16 {
        match self {
            Self::Range(..) => 1,
            Self::Notes(_) => 2,
            Self::Stage(_) => 3,
            Self::Key(_) => 4,
            Self::Gap(..) => 5,
            Self::Identify(..) => 6,
            Self::Final(..) => 7,
            Self::Live(..) => 8,
            Self::Source(..) => 9,
            Self::Known(_) => 10,
            Self::Redriven(..) => 11,
            Self::Redrive(..) => 12,
        }
    }

    /// Appends the attribute to `out`.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.kind().to_le_bytes());
        out.extend_from_slice(&MUST_KNOW.to_le_bytes());
        let length_at = out.len();
        out.extend_from_slice(&[0; 4]);
        self.put_payload(out);
        let length = (out.len() - length_at - 4) as u32;
        out[length_at..length_at + 4].copy_from_slice(&length.to_le_bytes());
    }

    fn put_payload(&self, out: &mut Vec<u8>) {
        match self {
            Self::Range(agent, range) => {
                out.extend_from_slice(&agent.0);
                put_range(out, range);
            }
            Self::Notes(notes) => notes.iter().for_each(|note| put_note(out, note)),
            Self::Stage(stage) => out.push(u8::from(*stage == Stage::Transformed)),
            Self::Key(key) => out.extend_from_slice(key.as_bytes()),
            Self::Gap(agent, range, reason) => {
                out.extend_from_slice(&agent.0);
                put_range(out, range);
                out.push(reason_code(*reason));
            }
            Self::Identify(agent, evidence) => {
                out.extend_from_slice(&agent.0);
                put_evidence(out, evidence);
            }
            Self::Final(agent, source, epoch, offset) => {
                out.extend_from_slice(&agent.0);
                out.extend_from_slice(&source.0);
                put_u64s(out, &[*epoch, *offset]);
            }
            Self::Live(agent, sources) => {
                out.extend_from_slice(&agent.0);
                sources.iter().for_each(|s| out.extend_from_slice(&s.0));
            }
            Self::Source(id, source) => put_source(out, *id, source),
            Self::Known(known) => {
                put_text(out, &known.key);
                put_u64s(
                    out,
                    &[known.reply.first, known.reply.accepted, known.running],
                );
            }
            Self::Redriven(batch, names) => {
                batch.put(out);
                names.iter().for_each(|name| name.put(out));
            }
            Self::Redrive(last) => last.put(out),
        }
    }

    fn read(kind: u16, payload: &[u8]) -> Option<Self> {
        let mut wire = Wire(payload);
        let wire = &mut wire;
        let read = match kind {
            1 => Self::Range(AgentId(wire.array()?), range(wire)?),
            2 => Self::Notes(notes(wire)?),
            3 => Self::Stage(stage(wire.u8()?)?),
            4 => Self::Key(String::from_utf8(wire.take(payload.len())?.to_vec()).ok()?),
            5 => Self::Gap(
                AgentId(wire.array()?),
                range(wire)?,
                REASONS.get(wire.u8()? as usize).copied()?,
            ),
            6 => Self::Identify(AgentId(wire.array()?), evidence(wire)?),
            7 => Self::Final(
                AgentId(wire.array()?),
                SourceId(wire.array()?),
                wire.u64()?,
                wire.u64()?,
            ),
            8 => Self::Live(AgentId(wire.array()?), sources(wire)?),
            9 => source(wire).map(|(id, source)| Self::Source(id, source))?,
            10 => Self::Known(Known {
                key: wire.text()?,
                reply: Reply {
                    first: wire.u64()?,
                    accepted: wire.u64()?,
                },
                running: wire.u64()?,
            }),
            11 => Self::Redriven(Batch::read(wire)?, Name::read_all(wire)?),
            12 => Self::Redrive(Last::read(wire)?),
            _ => return None,
        };
        wire.is_empty().then_some(read)
    }
}

/// Reads the attributes of a body that was checked.
pub(super) fn read_all(bytes: &[u8]) -> Result<Vec<Attribute>, String> {
    let mut wire = Wire(bytes);
    let mut found = Vec::new();
    while !wire.is_empty() {
        let (kind, flags, payload) =
            next(&mut wire).ok_or("an attribute is longer than its entry says")?;
        match Attribute::read(kind, payload) {
            Some(attribute) => found.push(attribute),
            None if kind <= 12 => return Err(format!("attribute {kind} does not read back")),
            None if flags & MUST_KNOW != 0 => {
                return Err(format!(
                    "a newer daemon wrote attribute {kind}, which must be understood: update the daemon"
                ));
            }
            None => {}
        }
    }
    Ok(found)
}

fn next<'a>(wire: &mut Wire<'a>) -> Option<(u16, u16, &'a [u8])> {
    let kind = wire.u16()?;
    let flags = wire.u16()?;
    let length = wire.u32()? as usize;
    Some((kind, flags, wire.take(length)?))
}

fn put_u64s(out: &mut Vec<u8>, numbers: &[u64]) {
    numbers
        .iter()
        .for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
}

fn put_tail(out: &mut Vec<u8>, tail: Option<Tail>) {
    out.push(u8::from(tail.is_some()));
    if let Some(tail) = tail {
        out.extend_from_slice(&tail.length.to_le_bytes());
        out.extend_from_slice(&tail.hash.0);
    }
}

fn tail(wire: &mut Wire<'_>) -> Option<Option<Tail>> {
    if wire.u8()? == 0 {
        return Some(None);
    }
    Some(Some(Tail {
        length: wire.u16()?,
        hash: Fingerprint(wire.array()?),
    }))
}

fn put_range(out: &mut Vec<u8>, range: &Range) {
    out.extend_from_slice(&range.source.0);
    put_u64s(out, &[range.epoch, range.start, range.end, range.committed]);
    put_tail(out, range.tail);
}

fn range(wire: &mut Wire<'_>) -> Option<Range> {
    Some(Range {
        source: SourceId(wire.array()?),
        epoch: wire.u64()?,
        start: wire.u64()?,
        end: wire.u64()?,
        committed: wire.u64()?,
        tail: tail(wire)?,
    })
}

fn put_note(out: &mut Vec<u8>, note: &Note) {
    let last = note.part.is_some_and(|part| part.last);
    let flags =
        u8::from(note.part.is_some()) | u8::from(last) << 1 | u8::from(note.unterminated) << 2;
    out.extend_from_slice(&note.record.to_le_bytes());
    out.extend_from_slice(&note.part.map_or(0, |part| part.number).to_le_bytes());
    out.push(flags);
}

fn notes(wire: &mut Wire<'_>) -> Option<Vec<Note>> {
    let mut notes = Vec::with_capacity(wire.0.len() / NOTE);
    while !wire.is_empty() {
        let record = wire.u32()?;
        let number = wire.u32()?;
        let flags = wire.u8()?;
        notes.push(Note {
            record,
            part: (flags & 1 != 0).then_some(Part {
                number,
                last: flags & 2 != 0,
            }),
            unterminated: flags & 4 != 0,
        });
    }
    Some(notes)
}

fn stage(code: u8) -> Option<Stage> {
    [Stage::Accepted, Stage::Transformed]
        .get(code as usize)
        .copied()
}

/// In the order of their codes.
const REASONS: [GapReason; 5] = [
    GapReason::Truncated,
    GapReason::Deleted,
    GapReason::Hole,
    GapReason::Excluded,
    GapReason::Unreadable,
];

fn reason_code(reason: GapReason) -> u8 {
    match reason {
        GapReason::Truncated => 0,
        GapReason::Deleted => 1,
        GapReason::Hole => 2,
        GapReason::Excluded => 3,
        GapReason::Unreadable => 4,
    }
}

fn put_evidence(out: &mut Vec<u8>, evidence: &Evidence) {
    out.extend_from_slice(&evidence.source.0);
    put_u64s(out, &[evidence.device, evidence.inode, evidence.generation]);
    out.extend_from_slice(&evidence.birth.to_le_bytes());
    out.extend_from_slice(&evidence.prefix_length.to_le_bytes());
    out.extend_from_slice(&evidence.prefix.0);
    put_text(out, &evidence.path);
}

fn evidence(wire: &mut Wire<'_>) -> Option<Evidence> {
    Some(Evidence {
        source: SourceId(wire.array()?),
        device: wire.u64()?,
        inode: wire.u64()?,
        generation: wire.u64()?,
        birth: wire.i64()?,
        prefix_length: wire.u32()?,
        prefix: Fingerprint(wire.array()?),
        path: wire.text()?,
    })
}

fn sources(wire: &mut Wire<'_>) -> Option<Vec<SourceId>> {
    let (ids, left) = wire.0.as_chunks::<16>();
    let ids = ids.iter().map(|id| SourceId(*id)).collect();
    wire.take(wire.0.len())?;
    left.is_empty().then_some(ids)
}

fn put_source(out: &mut Vec<u8>, id: SourceId, source: &Source) {
    out.extend_from_slice(&id.0);
    out.extend_from_slice(&source.agent.0);
    out.push(
        u8::from(source.mark.is_some())
            | u8::from(source.is_final) << 1
            | u8::from(source.evidence.is_some()) << 2
            | u8::from(source.missing.is_some()) << 3,
    );
    put_u64s(out, &[source.seen]);
    if let Some(mark) = &source.mark {
        put_u64s(out, &[mark.epoch, mark.offset]);
        put_tail(out, mark.tail);
    }
    if let Some(evidence) = &source.evidence {
        put_evidence(out, evidence);
    }
    if let Some(missing) = source.missing {
        put_u64s(out, &[missing]);
    }
}

fn source(wire: &mut Wire<'_>) -> Option<(SourceId, Source)> {
    let id = SourceId(wire.array()?);
    let agent = AgentId(wire.array()?);
    let flags = wire.u8()?;
    let has = |bit: u8| flags & bit != 0;
    let seen = wire.u64()?;
    let mark = if has(1) { Some(mark(wire, id)?) } else { None };
    let evidence = if has(4) { Some(evidence(wire)?) } else { None };
    let source = Source {
        agent,
        mark,
        is_final: has(2),
        evidence: evidence.map(Box::new),
        seen,
        missing: if has(8) { Some(wire.u64()?) } else { None },
    };
    Some((id, source))
}

fn mark(wire: &mut Wire<'_>, source: SourceId) -> Option<Mark> {
    Some(Mark {
        source,
        epoch: wire.u64()?,
        offset: wire.u64()?,
        tail: tail(wire)?,
    })
}

#[cfg(test)]
mod tests;
