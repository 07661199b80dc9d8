use super::*;

fn place(epoch: u64, offset: u64) -> Place {
    Place {
        offset,
        ..Place::beginning(epoch)
    }
}

/// A file of 100 bytes of which 40 were read and acknowledged.
fn view() -> View {
    View {
        next: place(1, 40),
        acknowledged: place(1, 40),
        epoch: 1,
        closed_at: 0,
        excluded: 0,
        size: 100,
        unfinished: 40,
        quiet: false,
        ending: Ending::Open,
        is_final: false,
    }
}

#[test]
fn what_can_be_read_is_read() {
    assert_eq!(step(&view()), Step::Read { to_end: false });
    let unfinished = View {
        unfinished: 100,
        ..view()
    };
    assert_eq!(step(&unfinished), Step::Nothing, "its line may still grow");
    let quiet = View {
        quiet: true,
        ..unfinished
    };
    assert_eq!(
        step(&quiet),
        Step::Read { to_end: false },
        "an event that waited for its end long enough"
    );
    for ending in [Ending::Once, Ending::Closing] {
        let view = View {
            ending,
            ..unfinished
        };
        assert_eq!(step(&view), Step::Read { to_end: true });
    }
}

#[test]
fn rule_5_what_cannot_be_read_is_said() {
    let gap = |reason, end| Step::Gap { end, reason };
    let truncated = View {
        epoch: 3,
        closed_at: 90,
        ..view()
    };
    assert_eq!(step(&truncated), gap(GapReason::Truncated, 90));
    let all_read = View {
        closed_at: 40,
        ..truncated
    };
    assert_eq!(step(&all_read), Step::NextEpoch);
    let unanswered = View {
        acknowledged: place(1, 30),
        ..all_read
    };
    assert_eq!(step(&unanswered), Step::Nothing);
    let gone = View {
        ending: Ending::Gone,
        ..view()
    };
    assert_eq!(step(&gone), gap(GapReason::Deleted, 100));
    let excluded = View {
        excluded: 70,
        ..view()
    };
    assert_eq!(step(&excluded), gap(GapReason::Excluded, 70));
    let beyond = View {
        excluded: 700,
        ..view()
    };
    assert_eq!(step(&beyond), gap(GapReason::Excluded, 100));
}

#[test]
fn a_source_is_final_only_when_all_of_it_is_acknowledged_and_it_is_over() {
    let drained = View {
        next: place(1, 100),
        acknowledged: place(1, 100),
        ending: Ending::Closing,
        ..view()
    };
    assert_eq!(step(&drained), Step::Final);
    for not_yet in [
        View {
            acknowledged: place(1, 99),
            ..drained
        },
        View {
            ending: Ending::Open,
            ..drained
        },
        View {
            ending: Ending::Once,
            ..drained
        },
        View {
            is_final: true,
            ..drained
        },
    ] {
        assert_eq!(step(&not_yet), Step::Nothing, "{not_yet:?}");
    }
}
