use serde_json::{Value, json};
use standpipe_config::records::Builder;
use standpipe_config::settings::agent::{Log, Metadata, OnError, Parse, Pattern, Step};

use super::*;
use crate::parse::{Shaped, Shaper};

const ORIGIN: Origin<'static> = Origin {
    path: b"/var/log/a.log",
    offset: 1234,
    time: "2026-11-21T10:00:00Z",
    source: None,
};

fn text_of(steps: &[Step], line: &str) -> String {
    let parse = Parse {
        steps: steps.to_vec(),
        ..Parse::default()
    };
    let mut out = Builder::default();
    let piece = crate::parse::whole(line.as_bytes());
    let shaped = Shaper::new(&parse, "host-1").shape(piece, &ORIGIN, &mut out);
    assert_eq!(shaped, Shaped::Kept);
    String::from_utf8(out.finish().bytes.to_vec()).unwrap()
}

fn value(step: Step, line: &str) -> Value {
    let text = text_of(&[step], line);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn log(log: Log, line: &str) -> Value {
    value(Step::Log(log), line)
}

fn error(value: &Value) -> &str {
    value["parse_error"].as_str().unwrap_or("none")
}

fn csv(names: &[&str], delimiter: u8) -> Step {
    Step::Csv {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        delimiter,
    }
}

#[test]
fn apache_lines_have_the_kinesis_agents_names_and_text_for_values() {
    let line = r#"2001:db8::1 - a@b:c\d [17/May/2015:10:05:03 +0200] "GET /\"x\" HTTP/1.1" 200 - "" "say \"hi\"""#;
    let expected = json!({
        "host": "2001:db8::1", "ident": null, "authuser": "a@b:c\\d",
        "datetime": "17/May/2015:10:05:03 +0200", "request": "GET /\"x\" HTTP/1.1",
        "response": "200", "bytes": null, "referer": "", "agent": "say \"hi\"",
    });
    assert_eq!(log(Log::CombinedApache, line), expected);
    assert!(error(&log(Log::CommonApache, line)).contains("more fields"));
    let common = &line[..line.find(" \"\"").unwrap()];
    let mut expected = expected;
    for name in ["referer", "agent"] {
        expected.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(log(Log::CommonApache, common), expected);
}

#[test]
fn apache_errors_of_both_versions_are_understood() {
    let old = "[Sun Dec 04 04:47:44 2005] [error] mod_jk child workerEnv in error state 6";
    let expected = json!({
        "timestamp": "Sun Dec 04 04:47:44 2005", "module": null, "severity": "error",
        "processid": null, "threadid": null, "client": null,
        "message": "mod_jk child workerEnv in error state 6",
    });
    assert_eq!(log(Log::ApacheError, old), expected);
    let new = "[Wed Oct 11 14:32:52.123456 2000] [core:error] [pid 35708:tid 432] [client [2001:db8::1]:51234] AH00126: [x] no file";
    let expected = json!({
        "timestamp": "Wed Oct 11 14:32:52.123456 2000", "module": "core", "severity": "error",
        "processid": "35708", "threadid": "432", "client": "[2001:db8::1]:51234",
        "message": "AH00126: [x] no file",
    });
    assert_eq!(log(Log::ApacheError, new), expected);
    assert!(error(&log(Log::ApacheError, "no brackets")).contains("[time]"));
    assert!(error(&log(Log::ApacheError, "[now] none")).contains("[level]"));
}

#[test]
fn syslog_lines_of_all_three_kinds_are_understood() {
    let line = "Jun 14 15:16:01 combo sshd(pam_unix)[19939]: failure: for root";
    let expected = json!({
        "timestamp": "Jun 14 15:16:01", "hostname": "combo", "program": "sshd(pam_unix)",
        "processid": "19939", "message": "failure: for root",
    });
    assert_eq!(log(Log::Syslog, line), expected);
    let repeated = log(
        Log::Syslog,
        "<13>Jun  4 15:16:01 combo last message repeated 2 times",
    );
    assert_eq!(repeated["program"], Value::Null);
    assert_eq!(repeated["message"], "last message repeated 2 times");
    assert_eq!(repeated["priority"], "13");
    assert!(error(&log(Log::Syslog, "Jun 14 15:16 combo a: b")).contains("time"));
    let line = "2026-11-21T10:00:00.5+01:00 combo cron: hi";
    let expected = json!({
        "timestamp": "2026-11-21T10:00:00.5+01:00", "hostname": "combo", "program": "cron",
        "processid": null, "message": "hi",
    });
    assert_eq!(log(Log::Rfc3339Syslog, line), expected);
    assert!(error(&log(Log::Rfc3339Syslog, "Jun 14 15:16:01 a b: c")).contains("2026"));
}

/// The examples of RFC 5424, section 6.5.
#[test]
fn rfc_5424_is_read_with_its_structured_data() {
    let line = "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut=\"3\" eventSource=\"App\\\"]lication\"][examplePriority@32473 class=\"high\"] \u{feff}An entry";
    let expected = json!({
        "timestamp": "2003-10-11T22:14:15.003Z", "hostname": "mymachine.example.com",
        "program": "evntslog", "processid": null, "messageid": "ID47",
        "structured": "[exampleSDID@32473 iut=\"3\" eventSource=\"App\\\"]lication\"][examplePriority@32473 class=\"high\"]",
        "message": "An entry", "priority": "165",
    });
    assert_eq!(log(Log::Rfc5424, line), expected);
    let short = log(Log::Rfc5424, "<34>1 - - su - ID47 - 'su root' failed");
    assert_eq!(
        (&short["structured"], &short["message"]),
        (&Value::Null, &json!("'su root' failed"))
    );
    for (line, why) in [
        ("su root", "<priority>"),
        ("<34>2 - - - - - -", "version 1"),
        ("<34>1 - - -", "fewer fields"),
        ("<34>1 - - - - - [a", "no end"),
        ("<34>1 - - - - - a", "no structured data"),
    ] {
        let value = log(Log::Rfc5424, line);
        assert!(error(&value).contains(why), "{line}: {value}");
    }
}

#[test]
fn csv_knows_quotes_missing_columns_and_more_columns() {
    let step = || csv(&["a", "b\"c", "d"], b',');
    let line = "1,\"x, \"\"y\"\"\nz\",\u{e9}";
    assert_eq!(
        value(step(), line),
        json!({"a": "1", "b\"c": "x, \"y\"\nz", "d": "\u{e9}"})
    );
    assert_eq!(
        value(step(), "1"),
        json!({"a": "1", "b\"c": null, "d": null})
    );
    assert_eq!(value(step(), ",,"), json!({"a": "", "b\"c": "", "d": ""}));
    let more = json!({"a": "1", "b\"c": "2", "d": "3", "rest": ["4", ""]});
    assert_eq!(value(step(), "1,2,3,4,\"\""), more);
    assert_eq!(
        value(csv(&["a", "b"], b'\t'), "1,\t2"),
        json!({"a": "1,", "b": "2"})
    );
    assert!(error(&value(step(), "\"a")).contains("not closed"));
    assert!(error(&value(step(), "\"a\"b")).contains("behind a closing quote"));
}

#[test]
fn groups_of_a_pattern_get_their_names() {
    let pattern = Pattern::new(r"\A(?:(\w+)(?: (\d+))?)\z").unwrap();
    let step = || Step::Match(pattern.clone(), vec!["word".into(), "number".into()]);
    assert_eq!(value(step(), "a 1"), json!({"word": "a", "number": "1"}));
    assert_eq!(value(step(), "a"), json!({"word": "a", "number": null}));
    assert!(error(&value(step(), "a 1 ")).contains("matchPattern"));
}

#[test]
fn metadata_says_where_a_line_is_from() {
    let metadata = Metadata {
        object: r#"{"team":"x""#.into(),
        timestamp: true,
        file: true,
        host: true,
        offset: true,
        time: true,
    };
    let expected = json!({
        "ts": "2026-11-21T10:00:00Z",
        "metadata": {"team": "x", "file": "/var/log/a.log", "host": "host-1", "offset": 1234, "time": "2026-11-21T10:00:00Z"},
        "data": "a \"line\"",
    });
    assert_eq!(value(Step::Metadata(metadata), "a \"line\""), expected);
    let nothing = || Metadata {
        object: "{".into(),
        ..Metadata::default()
    };
    let only = Metadata {
        offset: true,
        ..nothing()
    };
    assert_eq!(
        value(Step::Metadata(only), "x"),
        json!({"metadata": {"offset": 1234}, "data": "x"})
    );
    let text = text_of(&[csv(&["a"], b','), Step::Metadata(nothing())], "1");
    assert_eq!(
        text, r#"{"metadata":{},"data":{"a":"1"}}"#,
        "JSON stays JSON"
    );
}

#[test]
fn steps_follow_one_another() {
    let lines = " a\r\n  b \n\nc";
    let single = |trim, escape| Step::SingleLine { trim, escape };
    assert_eq!(text_of(&[single(true, false)], lines), "abc");
    assert_eq!(text_of(&[single(true, true)], lines), r"a\nb\n\nc");
    assert_eq!(text_of(&[single(false, true)], lines), r" a\n  b \n\nc");
    assert_eq!(text_of(&[Step::Brackets], r#""a":1"#), r#"{"a":1}"#);
    let both = [single(true, false), Step::Brackets, Step::Brackets];
    assert_eq!(text_of(&both, " x "), "{{x}}");
}

#[test]
fn what_does_not_parse_is_dropped_only_on_request() {
    let mut parse = Parse::by(Step::Log(Log::Syslog));
    let piece = crate::parse::whole(b"no syslog");
    let mut out = Builder::default();
    let shaped = Shaper::new(&parse, "").shape(piece, &ORIGIN, &mut out);
    assert_eq!((shaped, out.len()), (Shaped::Kept, 1));
    parse.on_error = OnError::Drop;
    let shaped = Shaper::new(&parse, "").shape(piece, &ORIGIN, &mut out);
    assert_eq!((shaped, out.len()), (Shaped::Dropped, 1));
}

/// Lines of the real logs that the formats were written for.
#[test]
fn real_lines_parse() {
    let combined = r#"83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET /presentations/logstash-monitorama-2013/images/kibana-search.png HTTP/1.1" 200 203023 "http://semicomplete.com/presentations/logstash-monitorama-2013/" "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/32.0.1700.77 Safari/537.36""#;
    for (format, line) in [
        (Log::CombinedApache, combined),
        (
            Log::ApacheError,
            "[Sun Dec 04 04:47:44 2005] [notice] workerEnv.init() ok /etc/httpd/conf/workers2.properties",
        ),
        (
            Log::Syslog,
            "Jun 14 15:16:02 combo sshd(pam_unix)[19937]: check pass; user unknown",
        ),
        (Log::Syslog, "Jun 19 04:09:11 combo syslogd 1.4.1: restart."),
        (
            Log::Syslog,
            "Jul  7 08:06:15 combo  -- root[2421]: ROOT LOGIN ON tty2",
        ),
    ] {
        let value = log(format, line);
        assert!(value["parse_error"].is_null(), "{line}: {value}");
    }
}
