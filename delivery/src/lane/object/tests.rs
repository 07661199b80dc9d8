use super::*;

fn stream() -> StreamName {
    "web-access".parse().unwrap()
}

fn origin(stream: &StreamName) -> Origin<'_> {
    Origin {
        keys: &[],
        time: None,
        stream,
        version: 3,
        lane: LaneId([1; 16]),
        run: Run([2; 8]),
        first: 17,
        index: 0,
        role: Role::Data,
        oldest: Arrival(1_795_000_000_123),
    }
}

fn key(origin: &Origin<'_>) -> String {
    let prefix = Prefix::parse("web/!{timestamp:yyyy}/").unwrap();
    origin.key(Some(&prefix), ".parquet").unwrap()
}

/// Rule 21 and interface.md: the form of a key, and that nothing of it comes from the clock.
#[test]
fn a_key_has_firehoses_form_and_is_the_same_on_every_attempt() {
    let name = stream();
    let first = key(&origin(&name));
    assert_eq!(first, key(&origin(&name)));
    let rest = first
        .strip_prefix("web/2026/web-access-3-2026-11-18-11-06-40-")
        .unwrap_or_else(|| panic!("{first}"));
    let uuid = rest.strip_suffix(".parquet").unwrap();
    assert_eq!(uuid.len(), 36, "{uuid}");
    assert_eq!(uuid.as_bytes()[14], b'8', "version 8: {uuid}");
    assert!(b"89ab".contains(&uuid.as_bytes()[19]), "variant: {uuid}");
}

/// Firehose's `CustomTimeZone` counts for the name as for the prefix.
#[test]
fn the_time_of_a_name_is_in_the_zone_of_its_prefix() {
    let name = stream();
    let kolkata = Zone::named("Asia/Kolkata").unwrap();
    let prefix = Prefix::parse("web/").unwrap().in_zone(kolkata);
    let key = origin(&name).key(Some(&prefix), "").unwrap();
    let begins = "web/2026/11/18/16/web-access-3-2026-11-18-16-36-40-";
    assert!(key.starts_with(begins), "{key}");
    let errors = ErrorPrefix::parse(None, &prefix).unwrap();
    let key = origin(&name).error_key(&errors, "x", "").unwrap();
    assert!(
        key.contains("web/x/2026/11/18/16/web-access-3-2026-11-18-16-36-40-"),
        "{key}"
    );
}

/// Rule 13: another lane, run, position, index or role is another name.
#[test]
fn whatever_differs_makes_another_name() {
    let name = stream();
    let base = origin(&name);
    let mut others = vec![base.clone(); 5];
    others[0].lane = LaneId([9; 16]);
    others[1].run = Run([9; 8]);
    others[2].first = 18;
    others[3].index = 1;
    others[4].role = Role::Backup;
    for other in others {
        assert_ne!(key(&other), key(&base), "{other:?}");
    }
}

/// Rule 18: the error object's key derives from the refused one's.
#[test]
fn a_refused_object_names_its_error_object() {
    let name = stream();
    let origin = origin(&name);
    let prefix = Prefix::parse("web/").unwrap();
    let errors = ErrorPrefix::parse(None, &prefix).unwrap();
    let refused = |key: &str| {
        origin
            .refused_key(key, &errors, "delivery-failed", "")
            .unwrap()
    };
    assert_eq!(refused("a"), refused("a"));
    assert_ne!(refused("a"), refused("b"));
    assert!(
        refused("a").contains("delivery-failed/"),
        "{}",
        refused("a")
    );
}

/// Rule 20: what is no key is refused, however it came about.
#[test]
fn a_key_that_is_too_long_is_refused() {
    let name = stream();
    let long = "x".repeat(500);
    let prefix = Prefix::parse(&format!("{long}/!{{timestamp:yyyy}}/"));
    let Ok(prefix) = prefix else { return };
    assert!(origin(&name).key(Some(&prefix), "").is_err());
}
