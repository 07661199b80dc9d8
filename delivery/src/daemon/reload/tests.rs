use standpipe_config::settings::delivery;

use super::*;

fn settings(text: &str) -> Settings {
    let head = "data_dir: data\nlisten: {native: {address: '127.0.0.1:4574'}}\n";
    let text = match text.contains("data_dir") {
        true => text.to_owned(),
        false => format!("{head}streams: {{{text}}}"),
    };
    delivery::read(&text, "test.yaml", Path::new("/x"))
        .unwrap()
        .settings
}

fn stream(name: &str, interval: u32) -> String {
    format!(
        "{name}: {{buffering: {{interval: {interval}s}}, destination: {{file: {{path: out}}}}}}, "
    )
}

fn names(streams: &[Stream]) -> Vec<String> {
    streams
        .iter()
        .map(|stream| stream.name.to_string())
        .collect()
}

#[test]
fn what_came_changed_and_went_is_told_apart() {
    let before = settings(&(stream("a", 60) + &stream("b", 60) + &stream("c", 60)));
    let after = settings(&(stream("b", 60) + &stream("c", 5) + &stream("d", 60)));
    let open = ["a", "b", "c"].map(|name| name.parse().unwrap());
    let change = Change::between(&before.streams, &after.streams, &open);
    assert_eq!(change.removed, ["a".parse().unwrap()]);
    assert_eq!(names(&change.changed), ["c"]);
    assert_eq!(names(&change.added), ["d"]);
    assert!(change.taken.is_empty());
    let none = Change::between(&before.streams, &before.streams, &open);
    assert_eq!(none, Change::default());
}

#[test]
fn a_stream_that_did_not_start_is_tried_again_and_a_name_that_is_taken_is_told() {
    let both = settings(&(stream("a", 60) + &stream("b", 60)));
    let open = ["a", "made"].map(|name| name.parse().unwrap());
    let change = Change::between(&both.streams, &both.streams, &open);
    assert_eq!(names(&change.added), ["b"]);
    let after = settings(&(stream("a", 60) + &stream("made", 60)));
    let change = Change::between(&both.streams, &after.streams, &open);
    assert_eq!(change.taken, ["made".parse().unwrap()]);
}

#[test]
fn what_cannot_change_while_the_daemon_runs_is_named() {
    let text = |data: &str, more: &str| {
        let stream = stream("a", 60);
        settings(&format!(
            "data_dir: {data}\nlisten: {{native: {{address: '127.0.0.1:4574'}}{more}}}\nstreams: {{{stream}}}"
        ))
    };
    let before = text("data", "");
    assert!(fixed(&before, &before).is_empty());
    let open = settings(&format!(
        "data_dir: data\nlisten: {{native: {{address: '127.0.0.1:4574', tokens: [{{name: a, token: {{env: HOME}}}}]}}}}\nlimits: {{disk: 1GiB}}\nstreams: {{{}}}",
        stream("a", 60)
    ));
    assert!(
        fixed(&before, &open).is_empty(),
        "who may enter, and how full the disk may be"
    );
    let admin = ", admin: {address: '127.0.0.1:4575'}}\nlimits: {memory: 512MiB";
    let after = text("other", admin);
    assert_eq!(
        fixed(&before, &after),
        ["data_dir", "limits.memory", "listen.admin"]
    );
}

#[test]
fn the_account_says_why_the_last_one_was_refused_until_one_is_not() {
    let reloads = Reloads::default();
    let problem = Problem {
        file: "a.yaml".into(),
        place: None,
        path: "streams".into(),
        message: "is no good".into(),
    };
    reloads.note(&Err(Problems(vec![problem])));
    let account = reloads.account();
    assert_eq!((account.reloads, account.refused), (1, 1));
    assert!(account.last_error.unwrap().contains("is no good"));
    reloads.note(&Ok(()));
    let account = reloads.account();
    assert_eq!((account.reloads, account.refused), (2, 1));
    assert_eq!(account.last_error, None);
}
