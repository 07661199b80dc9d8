//! What the command says, and when it says yes.

use super::*;
use crate::tail::{Bytes, Unmatched, Unreadable};

fn source(acknowledged: u64, waiting: u64) -> SourceStatus {
    SourceStatus {
        path: "/log/app.log".into(),
        id: "1".into(),
        stream: "web".into(),
        device: 1,
        inode: 2,
        birth: 3,
        epoch: 0,
        size: 10,
        read: 10,
        acknowledged,
        state: "reading".into(),
        bytes: Bytes {
            waiting,
            gone: 4,
            ..Bytes::default()
        },
    }
}

#[test]
fn all_of_a_file_is_what_it_holds_now() {
    assert!(has_all(&source(10, 0), 10));
    assert!(
        !has_all(&source(10, 0), 11),
        "it grew since the agent looked"
    );
    assert!(
        !has_all(&source(10, 3), 10),
        "an epoch before is not acknowledged"
    );
}

#[test]
fn a_file_is_told_by_what_it_is() {
    let status = Status {
        sources: vec![source(10, 0)],
        ..Status::default()
    };
    let file = Sight {
        device: 1,
        inode: 2,
        birth: 3,
        size: 10,
        modified: 0,
        changed: 0,
        links: 1,
        kind: Kind::File,
    };
    assert_eq!(about(status.clone(), &file).len(), 1);
    let other = Sight { birth: 4, ..file };
    assert_eq!(about(status, &other), [], "its inode number was used again");
}

#[test]
fn the_answer_names_what_matches_nothing_and_what_cannot_be_read() {
    let status = Status {
        version: "1".into(),
        sources: vec![source(7, 3)],
        unmatched: vec![Unmatched {
            pattern: "/none/*.log".into(),
            stream: "web".into(),
        }],
        unreadable: vec![Unreadable {
            path: "/log/secret".into(),
            reason: "permission denied".into(),
        }],
        ..Status::default()
    };
    let text = shown(&status, false);
    for part in [
        "/log/app.log to web: 7 of 10 bytes acknowledged, reading, 4 gone",
        "/none/*.log (to web) matches nothing",
        "/log/secret cannot be read: permission denied",
    ] {
        assert!(text.contains(part), "{text}");
    }
}
