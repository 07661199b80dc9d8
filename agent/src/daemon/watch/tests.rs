use notify::event::{AccessKind, CreateKind, DataChange, Flag, MetadataKind, RenameMode};

use super::*;

fn after(kind: EventKind) -> Noticed {
    let mut noticed = Noticed::default();
    take_in(&mut noticed, Ok(Event::new(kind).add_path("/log/a".into())));
    noticed
}

#[test]
fn a_write_names_its_file_and_anything_about_names_asks_for_a_scan() {
    let written = after(EventKind::Modify(ModifyKind::Data(DataChange::Any)));
    assert_eq!((written.paths.len(), written.scan), (1, false));
    for kind in [
        EventKind::Create(CreateKind::File),
        EventKind::Modify(ModifyKind::Name(RenameMode::From)),
        EventKind::Other,
    ] {
        assert!(after(kind).scan, "{kind:?}");
    }
    for kind in [
        EventKind::Access(AccessKind::Any),
        EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)),
    ] {
        let nothing = after(kind);
        assert!(nothing.paths.is_empty() && !nothing.scan, "{kind:?}");
    }
}

#[test]
fn lost_notices_and_too_many_of_them_ask_for_a_scan() {
    let mut noticed = Noticed::default();
    let overflow = Event::new(EventKind::Other).set_flag(Flag::Rescan);
    take_in(&mut noticed, Ok(overflow));
    assert!(noticed.scan);
    let mut noticed = Noticed::default();
    take_in(&mut noticed, Err(notify::Error::generic("x")));
    assert!(noticed.scan);
    let mut noticed = Noticed::default();
    let kind = EventKind::Modify(ModifyKind::Any);
    for number in 0..=MOST_PATHS {
        let path = format!("/log/{number}");
        take_in(&mut noticed, Ok(Event::new(kind).add_path(path.into())));
    }
    assert!(noticed.scan && noticed.paths.is_empty());
}
