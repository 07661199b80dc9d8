use standpipe_config::frame::Mark;

use super::*;
use crate::identity::tail_of;
use crate::progress::State;

fn held(stream: &str, source: u8, epoch: u64, offset: u64) -> (StreamName, HeldSource) {
    let id = SourceId([source; 16]);
    let evidence = Evidence {
        source: id,
        path: "/log/a\\b".into(),
        device: 1,
        inode: 2,
        generation: 0,
        birth: 3,
        prefix_length: 3,
        prefix: Prefix::of(b"abc").hash,
    };
    let mark = Mark {
        source: id,
        epoch,
        offset,
        tail: Some(tail_of(b"tail")),
    };
    let held = HeldSource {
        mark,
        is_final: false,
        evidence: Some(evidence),
    };
    (stream.parse().unwrap(), held)
}

fn state(held: Vec<(StreamName, HeldSource)>) -> State {
    let mut state = State::default();
    entries(held).iter().for_each(|entry| state.apply(entry));
    state
}

#[test]
fn rule_6_what_the_daemon_holds_becomes_progress() {
    let state = state(vec![held("web", 1, 2, 50), held("web", 2, 0, 7)]);
    let source = &state.sources[&SourceId([1; 16])];
    assert_eq!(source.path, Path::new("/log/a\\b"));
    assert_eq!((source.epoch, source.incarnation.birth), (2, 3));
    let standing = source.streams[&"web".parse().unwrap()];
    assert_eq!((standing.place.epoch, standing.place.offset), (2, 50));
    assert_eq!(standing.place.tail, Some(tail_of(b"tail")));
    assert_eq!(state.sources[&SourceId([2; 16])].epoch, 0);
}

#[test]
fn rule_8_streams_of_one_source_keep_their_own_places() {
    let state = state(vec![held("web", 1, 2, 50), held("app", 1, 0, 9)]);
    let source = &state.sources[&SourceId([1; 16])];
    assert_eq!(source.epoch, 2);
    assert_eq!(source.closed, [(0, 9), (1, 0)].into());
    let app = source.streams[&"app".parse().unwrap()];
    assert_eq!((app.place.epoch, app.place.offset), (0, 9));
}

#[test]
fn a_source_without_evidence_cannot_be_recognised() {
    let (stream, mut source) = held("web", 1, 0, 9);
    source.evidence = None;
    assert!(state(vec![(stream, source)]).sources.is_empty());
}
