//! Queries: what they give, what they refuse, and what they cannot reach.

use super::*;

mod bounded;

fn ask(query: &str, record: &str) -> Result<String, String> {
    let query = Query::parse(query).map_err(|e| e.0)?;
    let record = Json::read(record.as_bytes()).map_err(|e| e.0)?;
    query.text(&record).map_err(|e| e.0)
}

#[test]
fn a_query_gives_text() {
    let ok = |text: &str| Ok(text.to_owned());
    let record =
        r#"{"a":{"b":"x/ü"},"n":7,"f":1.50,"t":true,"ts":1565382027,"e":"","list":["p","q"]}"#;
    assert_eq!(ask(".a.b", record), ok("x/ü"));
    assert_eq!(ask(".n", record), ok("7"));
    assert_eq!(
        ask(".f", record),
        ok("1.50"),
        "digits stay as they are written"
    );
    assert_eq!(ask(".t", record), ok("true"));
    assert_eq!(ask(".list[1]", record), ok("q"));
    assert_eq!(ask(r#".ts|strftime("%Y-%m")"#, record), ok("2019-08"));
    assert_eq!(ask(r#".a.b|ascii_upcase|split("/")[0]"#, record), ok("X"));
    assert_eq!(ask(".missing", record), ok(""));
    assert_eq!(ask(".e", record), ok(""));
    assert_eq!(ask(".missing // \"other\"", record), ok("other"));
}

#[test]
fn what_gives_no_text_says_why() {
    let why = |query, record| ask(query, record).unwrap_err();
    assert!(why(".a", r#"{"a":{}}"#).contains("an object or a list"));
    assert!(why(".[]", "[1,2]").contains("several values"));
    assert!(why("empty", "{}").contains("no value"));
    assert!(why(".a", "7").contains("cannot index"));
    for no_json in ["", "plain text", r#"{"a":1"#, r#"{"a":1}{"a":2}"#, "\u{1}"] {
        let why = why(".a", no_json);
        assert!(why.starts_with("Non JSON record provided"), "{why}");
    }
    assert!(Json::read(b"\xff").is_err());
    let half = ask(".a", "{\"a\":\"\\ud800\"}");
    assert!(half.is_err() || half == Ok("\u{fffd}".into()), "{half:?}");
}

#[test]
fn what_is_nested_deep_fails_its_record_and_not_the_process() {
    let lists = "[".repeat(500_000);
    let objects = r#"{"a":"#.repeat(100_000);
    for deep in [&lists, &objects, &format!(r#""\"{lists}"#)] {
        assert!(ask(".a", deep).is_err());
    }
    let most = format!("{}1{}", "[".repeat(128), "]".repeat(128));
    assert_eq!(ask("flatten[0]", &most), Ok("1".into()));
    let brackets = format!(r#"{{"a":"{lists}\"["}}"#);
    assert_eq!(ask(".a|length", &brackets), Ok("500002".into()));
}

#[test]
fn json_in_a_text_is_read_once_and_not_deep() {
    let ok = |text: &str| Ok(text.to_owned());
    let record = r#"{"ts":"17","inner":"{\"a\":[7]}","several":"1 2","none":"x"}"#;
    assert_eq!(ask(".ts|tonumber|. + 1", record), ok("18"));
    assert_eq!(ask(".inner|fromjson|.a[0]", record), ok("7"));
    for query in [".several|fromjson", ".none|tonumber", "7|fromjson"] {
        assert!(ask(query, record).is_err(), "{query}");
    }
    let deep = format!(r#"{{"a":"{}"}}"#, "[".repeat(500_000));
    for query in [".a|fromjson", ".a|tonumber"] {
        let why = ask(query, &deep).unwrap_err();
        assert!(why.contains("more than 128 deep"), "{why}");
    }
}

#[test]
fn what_is_no_query_is_refused_where_it_is_read() {
    let why = |query| Query::parse(query).map_err(|e| e.0).unwrap_err();
    assert!(why(".a |").contains("expected"), "{}", why(".a |"));
    assert!(why(".a[").contains("is no jq query"));
    assert!(why("\"open").contains("expected"));
    assert!(why("nothing_such").contains("undefined filter nothing_such"));
    assert!(why("import \"x\" as x; .").contains("is no jq query"));
}

#[test]
fn a_query_sees_the_record_and_nothing_else() {
    for reach in [
        "env.HOME",
        "$ENV.HOME",
        "now",
        "input",
        "[inputs]",
        "debug",
        "stderr",
        "halt",
        "halt_error",
        "input_filename",
        "$__prog_args",
        "0|localtime|tojson",
        "0|strflocaltime(\"%H\")",
        "0|gmtime|mktime",
    ] {
        let why = Query::parse(reach).map_err(|e| e.0).unwrap_err();
        assert!(why.contains("is no jq query"), "{reach}: {why}");
    }
}

#[test]
fn queries_are_compared_by_their_text() {
    let [a, b, c] = [".a", ".a", ".b"].map(|text| Query::parse(text).unwrap());
    assert_eq!(a, b);
    assert_ne!(a, c);
    assert_eq!(a.as_str(), ".a");
}

#[test]
fn queries_are_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Query>();
}
