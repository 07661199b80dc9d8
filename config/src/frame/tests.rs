use proptest::prelude::*;

use super::*;
use crate::records::{Builder, Note, Part, Record};

fn source() -> SourceId {
    SourceId([7; 16])
}

fn range() -> Range {
    Range {
        source: source(),
        epoch: 2,
        start: 100,
        end: 200,
        committed: 90,
        tail: Some(Tail {
            length: 1024,
            hash: Fingerprint::of(b"tail"),
        }),
    }
}

fn one_of_each() -> Vec<Frame> {
    let mut records = Builder::default();
    records.push_plain(b"whole");
    records.push(Record {
        bytes: b"cut",
        part: Some(Part {
            number: 3,
            last: true,
        }),
        unterminated: true,
    });
    vec![
        Frame::Identify(Evidence {
            source: source(),
            path: "/var/log/é.log".into(),
            device: 1,
            inode: 2,
            generation: 3,
            birth: -4,
            prefix_length: 5,
            prefix: Fingerprint::of(b"prefix"),
        }),
        Frame::Records(range(), records.finish()),
        Frame::Gap(
            Range {
                tail: None,
                ..range()
            },
            GapReason::Truncated,
        ),
        Frame::Final {
            source: source(),
            epoch: 2,
            offset: 200,
        },
        Frame::Live(vec![source(), SourceId([8; 16])]),
    ]
}

fn encode(frames: &[Frame]) -> Vec<u8> {
    let mut encoder = Encoder::new(AgentId([1; 16]));
    frames.iter().for_each(|frame| encoder.push(frame));
    assert_eq!(encoder.frames(), frames.len());
    let size = encoder.size();
    let body = encoder.finish();
    assert_eq!(body.len(), size);
    body
}

#[test]
fn every_frame_comes_back_as_it_went() {
    let frames = one_of_each();
    let message = decode(encode(&frames).into()).unwrap();
    assert_eq!(message.agent, AgentId([1; 16]));
    assert_eq!(message.frames, frames);
}

#[test]
fn a_body_cut_anywhere_is_refused_or_holds_whole_frames_only() {
    let frames = one_of_each();
    let body = encode(&frames);
    for cut in 0..body.len() {
        if let Ok(message) = decode(body[..cut].to_vec().into()) {
            assert_eq!(message.frames, frames[..message.frames.len()]);
            assert!(message.frames.len() < frames.len());
        }
    }
}

#[test]
fn a_flipped_bit_in_a_payload_is_noticed() {
    let body = encode(&one_of_each()[1..2]);
    for byte in HEADER + FRAME_HEADER..body.len() {
        let mut body = body.clone();
        body[byte] ^= 1;
        assert_eq!(
            decode(body.into()),
            Err(DecodeError::Damaged { at: HEADER })
        );
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let backwards = Range { end: 99, ..range() };
    let ahead = Range {
        committed: 101,
        ..range()
    };
    let mut long = Builder::default();
    long.push_plain(&vec![b'x'; MAX_RECORD + 1]);
    for frame in [
        Frame::Records(backwards, Records::default()),
        Frame::Gap(ahead, GapReason::Deleted),
        Frame::Records(range(), long.finish()),
    ] {
        let refused = decode(encode(&[frame]).into());
        assert!(
            matches!(refused, Err(DecodeError::Wrong { at: HEADER, .. })),
            "{refused:?}"
        );
    }
}

#[test]
fn a_newer_version_is_refused_with_both_numbers() {
    let mut body = encode(&[]);
    body[4] = 9;
    let refused = decode(body.into()).unwrap_err();
    assert_eq!(refused, DecodeError::Newer { found: 9 });
    assert!(refused.to_string().contains('9') && refused.to_string().contains('1'));
}

/// Bytes on the heap that a message takes beside its body.
fn beside(message: &Message) -> usize {
    let own = |frame: &Frame| match frame {
        Frame::Records(_, r) => {
            r.ends.capacity() * 4 + r.notes.capacity() * std::mem::size_of::<Note>()
        }
        Frame::Identify(evidence) => evidence.path.capacity(),
        Frame::Live(sources) => sources.capacity() * 16,
        _ => 0,
    };
    let list = message.frames.capacity() * std::mem::size_of::<Frame>();
    list + message.frames.iter().map(own).sum::<usize>()
}

#[test]
fn the_memory_for_decoding_is_known_before() {
    let mut many = Builder::default();
    (0..1000).for_each(|_| {
        many.push(Record {
            bytes: b"",
            part: None,
            unterminated: true,
        });
    });
    let noted = vec![Frame::Records(range(), many.finish())];
    let empty = vec![Frame::Live(vec![]); 1000];
    for frames in [one_of_each(), noted, empty, vec![]] {
        let body = encode(&frames);
        let (said, sent) = (decoded_size(&body), body.len());
        let taken = beside(&decode(body.into()).unwrap());
        assert!(taken <= said, "{taken} bytes were taken, {said} announced");
        assert!(
            said <= 2 * sent + (frames.len() + 2) * 600,
            "{said} for {sent}"
        );
    }
}

proptest! {
    #[test]
    fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(bytes.clone().into());
        let _ = decoded_size(&bytes);
        let mut body = encode(&[]);
        body.extend_from_slice(&bytes);
        let _ = decoded_size(&body);
        let _ = decode(body.into());
    }
}
