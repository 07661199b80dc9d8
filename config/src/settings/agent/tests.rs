//! Whole files: what they mean, and what is found wrong with them.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::settings::Loaded;
use crate::settings::damage::{damaged, explained};
use crate::tls::stand_in::Authority;
use crate::yaml::{Problems, asked};

const FULL: &str = include_str!("tests/full.yaml");
const START: &str = "data_dir: d\nship: {standpipe: {url: \"http://127.0.0.1:4574\"}}\n";

fn read_here(text: &str) -> Result<Loaded<Settings>, Problems> {
    read(text, "agent.yaml", Path::new("/etc/standpipe"))
}

fn problems(text: &str) -> Vec<String> {
    let Problems(problems) = read_here(text).unwrap_err();
    problems.iter().map(ToString::to_string).collect()
}

/// A file that is right, except for its only flow, which begins in line 4.
fn with_flow(flow: &str) -> String {
    format!("{START}flows:\n  - {flow}\n")
}

/// A folder with `agent.yaml` and other files, and what reading the former says. The folder is
/// written as `FOLDER` in it.
fn read_folder(files: &[(&str, &str)]) -> Result<Loaded<Settings>, String> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("agent.d")).unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let problems = |problems: Problems| {
        let folder = format!("{}/", folder.path().display());
        problems.to_string().replace(&folder, "FOLDER/")
    };
    load(&folder.path().join("agent.yaml")).map_err(problems)
}

#[test]
fn the_shortest_file_has_all_defaults() {
    let loaded = read_here(&with_flow("{paths: [/var/log/a.log], stream: a}")).unwrap();
    assert_eq!(loaded.warnings, []);
    let settings = loaded.settings;
    assert_eq!(settings.data_dir, PathBuf::from("/etc/standpipe/d"));
    assert!(!settings.allow_tmpfs);
    assert_eq!(settings.admin, None);
    assert_eq!(settings.in_flight, 32 << 20);
    let Ship::Standpipe { url, token, .. } = &settings.ship else {
        panic!("another door: {:?}", settings.ship);
    };
    assert_eq!(url, "http://127.0.0.1:4574");
    assert!(token.is_none());
    let expected = Flow {
        paths: vec!["/var/log/a.log".into()],
        exclude: Vec::new(),
        stream: "a".parse().unwrap(),
        start: Start::Beginning,
        parse: Parse::default(),
        max_line: 1_000_000,
        multi_line: None,
        skip_header_lines: 0,
        encoding: Encoding::Utf8,
        watch: Watching::Auto,
        journald: None,
    };
    assert_eq!(settings.flows, std::slice::from_ref(&expected));
    assert_eq!(
        Flow::new(expected.paths.clone(), expected.stream.clone()),
        expected
    );
}

fn full() -> Result<Loaded<Settings>, String> {
    let signed = Authority::new().sign();
    read_folder(&[
        ("agent.yaml", FULL),
        ("token", "hunter2"),
        ("door.crt", &signed.certificate),
        ("door.key", &signed.key),
        ("agent.d/b.yaml", "flows: [{paths: [b.log], stream: b}]"),
        ("agent.d/a.yaml", "flows: [{paths: [../a.log], stream: a}]"),
        ("agent.d/a.txt", "not meant"),
        ("agent.d/.hidden.yaml", "not meant"),
    ])
}

#[test]
fn everything_that_can_be_said_is_understood() {
    let loaded = full().unwrap();
    let settings = loaded.settings;
    assert!(settings.allow_tmpfs);
    let admin = settings.admin.unwrap();
    assert_eq!(admin.address.port(), 4576);
    let tokens: Vec<_> = admin
        .tokens
        .iter()
        .map(|t| (t.name.as_str(), t.may_command))
        .collect();
    assert_eq!(tokens, [("prometheus", false), ("people", false)]);
    assert!(admin.tls.unwrap().client_ca.is_some());
    assert_eq!(settings.in_flight, 64 << 20);
    let Ship::Standpipe { token, trust, .. } = &settings.ship else {
        panic!("another door: {:?}", settings.ship);
    };
    assert_eq!(token.as_ref().unwrap().expose(), "hunter2");
    let identity = trust.identity.as_ref().unwrap();
    assert_eq!(trust.ca.as_ref(), Some(&identity.certificate));

    let flow = &settings.flows[0];
    assert_eq!(flow.start, Start::End);
    assert_eq!(flow.parse, Parse::by(Step::Combined));
    assert_eq!(flow.max_line, 65536);
    let multi_line = flow.multi_line.as_ref().unwrap();
    assert!(multi_line.start.is_match(b"2026-11-21 first"), "{flow:?}");
    assert_eq!(multi_line.wait, Duration::from_secs(2));
    assert_eq!(
        (flow.skip_header_lines, flow.encoding, flow.watch),
        (1, Encoding::Latin1, Watching::Poll)
    );
    assert_eq!(flow.exclude[0], "*.gz", "a name stays a name");
    assert!(flow.exclude[1].ends_with("/old/*"), "{flow:?}");
    assert!(flow.exclude[1].starts_with('/'), "{flow:?}");
    assert_eq!(flow.exclude[2], "**/tmp/*");
    assert_eq!(loaded.warnings, []);
}

#[test]
fn a_token_in_plain_sight_is_warned_of() {
    for (url, warnings) in [
        ("http://10.0.0.1:1", 1),
        ("http://127.0.0.1:1", 0),
        ("https://10.0.0.1:1", 0),
    ] {
        let text = format!(
            "data_dir: d\nship: {{standpipe: {{url: '{url}', token: {{env: HOME}}}}}}\nflows: [{{paths: [/a], stream: a}}]\n"
        );
        let warned = read_here(&text).unwrap().warnings;
        assert_eq!(warned.len(), warnings, "{url}: {warned:?}");
        assert!(
            warned
                .iter()
                .all(|warning| warning.message.contains("travels unencrypted"))
        );
    }
}

#[test]
fn included_flows_follow_by_name_and_take_paths_from_their_own_folder() {
    let flows = full().unwrap().settings.flows;
    let streams: Vec<_> = flows.iter().map(|flow| flow.stream.as_str()).collect();
    assert_eq!(streams, ["web-access", "csv", "journal", "a", "b"]);
    let a = flows[3].paths[0].strip_suffix("/a.log").unwrap();
    let b = flows[4].paths[0].strip_suffix("/b.log").unwrap();
    assert_eq!(format!("{a}/agent.d"), b);
}

/// Each key that a reader asks for is in its table, and each key of a table is asked for.
#[test]
fn tables_and_readers_agree() {
    full().unwrap();
    // Only one door can be chosen in a file.
    let other = "data_dir: d\nship: {firehose: {region: x}}\nflows: [{paths: [/a], stream: a}]\n";
    read_here(other).unwrap();
    let mut tabled: Vec<_> = TABLES
        .iter()
        .flat_map(|table| table.keys.iter().map(|key| (table.path, key)))
        .filter(|(_, key)| key.available)
        .map(|(path, key)| (path, key.name))
        .collect();
    tabled.sort_unstable();
    assert_eq!(asked::all().into_iter().collect::<Vec<_>>(), tabled);
}

/// Six mistakes of six kinds are six problems, each with its place.
#[test]
fn six_mistakes_are_six_problems() {
    let expected = [
        "agent.yaml:2:27: listen.admin.address: 0.0.0.0:4576 is open to other machines: without tokens only loopback is allowed",
        "agent.yaml:4:3: ship.standpipe.url: is missing, allowed is http://HOST:PORT or https://HOST:PORT",
        "agent.yaml:6:21: limits.in_flight: \"2GiB\" is out of range: 1MiB to 1GiB is allowed",
        "agent.yaml:8:12: flows[0].paths: found \"/var/log/a.log\", allowed is a list",
        "agent.yaml:12:5: flows[1].strem: is no known key, did you mean \"stream\"?",
        "agent.yaml:16:5: flows[3]: conflict: \"/var/log/c.log\" feeds the stream c already",
    ];
    let found = problems(include_str!("tests/six_mistakes.yaml"));
    assert_eq!(found, expected);
}

#[test]
fn single_mistakes_say_what_is_allowed() {
    for (flow, part) in [
        ("{stream: a}", "flows[0].paths: is missing"),
        ("{paths: [], stream: a}", "a list of at least one pattern"),
        (
            "{paths: [''], stream: a}",
            "found \"\", allowed is a pattern",
        ),
        (
            "{paths: ['/a[b'], stream: a}",
            "agent.yaml:4:14: flows[0].paths[0]: found \"/a[b\", which is no pattern",
        ),
        (
            "{paths: [/a], exclude: ['{a'], stream: a}",
            "exclude[0]: found \"{a\", which is no pattern",
        ),
        ("{paths: [/a], stream: a b}", "\"a b\" is no stream name"),
        (
            "{paths: [/a], stream: a, start: middle}",
            "found \"middle\", allowed is one of beginning, end",
        ),
        (
            "{paths: [/a], stream: a, max_line: 1000001}",
            "1000001 is out of range: 1 to 1000000",
        ),
        ("{paths: [/a], stream: a, max_line: 0}", "0 is out of range"),
        (
            "{paths: [/a], stream: a, encoding: latin-1, max_line: 500001}",
            "500001 is out of range: 8 to 500000",
        ),
        (
            "{paths: [/a], stream: a, encoding: ascii}",
            "found \"ascii\", allowed is one of utf-8, utf-16le, utf-16be, latin-1",
        ),
        (
            "{paths: [/a], stream: a, skip_header_lines: few}",
            "skip_header_lines: found \"few\", allowed is a number, 0 to 1000000",
        ),
        (
            "{paths: [/a], stream: a, skip_header_lines: 1000001}",
            "1000001 is out of range: 0 to 1000000",
        ),
        (
            "{paths: [/a], stream: a, multi_line: {wait: 1s}}",
            "multi_line.start: is missing, allowed is a regular expression",
        ),
        (
            "{paths: [/a], stream: a, multi_line: {start: '(a'}}",
            "found \"(a\", which is no regular expression: unclosed group",
        ),
        (
            "{paths: [/a], stream: a, multi_line: {start: a, wait: 2h}}",
            "\"2h\" is out of range: 100ms to 1h",
        ),
        (
            "{paths: [/a], stream: a, parse: {format: csv}}",
            "found \"csv\", allowed is one of none, line, combined, apache_error, syslog, rfc5424",
        ),
        (
            "{paths: [/a], stream: a, parse: combined}",
            "allowed is a mapping with the keys format",
        ),
        ("{paths: [/a, /a], stream: a}", "feeds the stream a already"),
        (
            "{journald: {units: nginx.service}, stream: a}",
            "flows[0].journald.units: found \"nginx.service\", allowed is a list",
        ),
        (
            "{journald: {units: [-u]}, stream: a}",
            "agent.yaml:4:25: flows[0].journald.units[0]: found \"-u\", allowed is the name of a unit",
        ),
        (
            "{journald: {matches: [kernel]}, stream: a}",
            "found \"kernel\", allowed is a field and its value",
        ),
        (
            "{journald: {unit: [a]}, stream: a}",
            "is no known key, did you mean \"units\"?",
        ),
        (
            "{journald: {}, paths: [/a], stream: a}",
            "conflict: paths is for files, and this flow reads the journal",
        ),
        ("{journald: {}}", "flows[0].stream: is missing"),
    ] {
        let found = problems(&with_flow(flow));
        assert_eq!(found.len(), 1, "{flow}: {found:?}");
        assert!(found[0].contains(part), "{flow}: {found:?}");
    }
}

#[test]
fn a_journal_feeds_a_stream_once() {
    let two = |other: &str| with_flow(&format!("{{journald: , stream: a}}\n  - {other}"));
    let found = problems(&two("{journald: {units: [b.service]}, stream: a}"));
    assert!(
        found[0].contains("\"journald\" feeds the stream a already"),
        "{found:?}"
    );
    let both = read_here(&two("{journald: {directory: /j}, stream: a}")).unwrap();
    let names = both.settings.flows.iter().flat_map(|f| &f.journald);
    let names: Vec<_> = names.map(Journald::name).collect();
    assert_eq!(names, ["journald", "journald:/j"]);
}

#[test]
fn one_file_may_feed_two_streams() {
    let text = with_flow("{paths: [/a], stream: a}\n  - {paths: [/a], stream: b}");
    assert_eq!(read_here(&text).unwrap().settings.flows.len(), 2);
}

#[test]
fn without_tokens_the_admin_door_is_for_this_machine_only() {
    let text = with_flow("{paths: [/a], stream: a}") + "listen: {admin: {address: 0.0.0.0:1}}\n";
    let found = problems(&text);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].contains("listen.admin.address: 0.0.0.0:1 is open to other machines"),
        "{found:?}"
    );
}

#[test]
fn a_token_is_never_written_in_place_nor_printed() {
    let text = "data_dir: d\nship: {standpipe: {url: \"http://a\", token: hunter2}}\nflows: [{paths: [/a], stream: a}]\n";
    let found = problems(text);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("never written in place"), "{found:?}");
    assert!(!found[0].contains("hunter2"), "{found:?}");
}

#[test]
fn patterns_are_absolute_and_plain() {
    let folder = Path::new("/etc/[x]");
    let text = with_flow("{paths: [a*.log, ./b, ../c, /d/../e/*], stream: a}");
    let settings = read(&text, "f", folder).unwrap().settings;
    let expected = ["/etc/[[]x[]]/a*.log", "/etc/[[]x[]]/b", "/etc/c", "/e/*"];
    assert_eq!(settings.flows[0].paths, expected);
}

#[test]
fn problems_of_included_files_name_that_file() {
    let main = format!(
        "{START}include: [agent.d/*.yaml, none.yaml]\nflows: [{{paths: [/a], stream: a}}]\n"
    );
    let error = read_folder(&[
        ("agent.yaml", &main),
        ("agent.d/1.yaml", "flows: [{paths: [/a], stream: a}]"),
        ("agent.d/2.yaml", "data_dir: x\n"),
        ("agent.d/3.yaml", "flows: [\n"),
    ])
    .unwrap_err();
    let lines: Vec<_> = error.lines().collect();
    assert_eq!(lines.len(), 5, "{error}");
    for (line, expected) in lines.iter().zip([
        "FOLDER/agent.d/1.yaml:1:9: flows[0]: conflict: \"/a\" feeds the stream a already",
        "FOLDER/agent.d/2.yaml:1:1: data_dir: is no known key",
        "FOLDER/agent.d/2.yaml:1:1: flows: is missing",
        "FOLDER/agent.d/3.yaml:",
        "FOLDER/none.yaml: cannot read the settings: ",
    ]) {
        assert!(line.starts_with(expected), "{line}");
    }
}

#[test]
fn includes_may_match_nothing_but_something_must_be_followed() {
    let main = |more: &str| format!("{START}include: [nowhere/*.yaml]\n{more}");
    let flow = "flows: [{paths: [/a], stream: a}]\n";
    read_folder(&[("agent.yaml", &main(flow))]).unwrap();
    let error = read_folder(&[("agent.yaml", &main(""))]).unwrap_err();
    assert!(
        error.contains("flows: is empty, and no included file has flows"),
        "{error}"
    );
    assert!(problems(START)[0].contains("flows: is missing"));

    let error = read_folder(&[(
        "agent.yaml",
        &main(flow).replace("nowhere/*.yaml", "'*/a.yaml'"),
    )])
    .unwrap_err();
    assert!(
        error.contains("include[0]: wildcards are allowed only in the file name"),
        "{error}"
    );
}

#[test]
fn an_include_must_name_a_file() {
    for include in ["'..'", "''", "[a]", "'[*.yaml'"] {
        let text = format!("{START}include: [{include}]\nflows: [{{paths: [/a], stream: a}}]\n");
        let found = problems(&text);
        assert_eq!(found.len(), 1, "{include}: {found:?}");
        assert!(found[0].contains("include[0]: found"), "{found:?}");
    }
}

#[test]
fn a_file_that_two_patterns_match_is_read_once() {
    let main = format!("{START}include: [agent.d/*.yaml, agent.d/a.yaml]\n");
    let a = "flows: [{paths: [/a], stream: a}]";
    let loaded = read_folder(&[("agent.yaml", &main), ("agent.d/a.yaml", a)]).unwrap();
    assert_eq!(loaded.settings.flows.len(), 1);
}

#[test]
fn the_summary_says_what_the_file_means_with_defaults_and_without_secrets() {
    let text = summary(
        &read_here(&with_flow(
            "{paths: [/a/*.log], exclude: [\"*.gz\"], stream: a}",
        ))
        .unwrap()
        .settings,
    );
    let expected = "data: /etc/standpipe/d
admin door: none
ships to the daemon at http://127.0.0.1:4574, without a token
in flight: at most 32MiB
flow into a
  follows /a/*.log
  but not *.gz
  begins at the beginning of files that are there at the very first start
  a record is the line as it is, cut after 1000000 bytes
";
    assert_eq!(text, expected);
    let full = summary(&full().unwrap().settings);
    let journal = "
  reads the journal in /var/log/journal
  of it what these units say: nginx.service, cron.service
  of it what has _TRANSPORT=kernel
  begins behind the entry that is the newest at the very first start
  a record is the entry as JSON
";
    assert!(full.contains(journal), "{full}");
    let shape = "
  a line that matches \"^[0-9]{4}-\" begins a record, which ends before the next one or after 2s of silence
  passes over the first line of each file
  reads Latin-1
  looks for changes several times a second
";
    assert!(full.contains(shape), "{full}");
    assert!(
        full.contains("token from {file: ") && !full.contains("hunter2"),
        "{full}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_damaged_file_is_read_or_refused_with_reasons(text in damaged(FULL)) {
        prop_assert!(explained(read_here(&text)), "{}", text);
    }
}
