use std::path::Path;

use super::*;
use crate::settings::agent::read;

/// The steps of a flow with these options, or the only problem.
fn steps(options: &str) -> Result<Vec<Step>, String> {
    let text = format!(
        "data_dir: d\nship: {{standpipe: {{url: \"http://a\"}}}}\nflows:\n  - paths: [/a]\n    stream: a\n    dataProcessingOptions: [{options}]\n"
    );
    match read(&text, "f", Path::new("/")) {
        Ok(loaded) => Ok(loaded.settings.flows[0].parse.steps.clone()),
        Err(problems) => Err(problems.to_string()),
    }
}

#[test]
fn the_kinesis_agents_options_are_understood_by_their_own_names() {
    let found = steps(
        r#"{optionName: SINGLELINE, parseOptions: [NO_TRIM, ESCAPE_NEW_LINE]},
           {"optionName": "CSVTOJSON", "customFieldNames": ["a", "b"], "delimiter": "\\|"},
           {optionName: LOGTOJSON, logFormat: APACHEERRORLOG, jsonFormat: COMPACT},
           {optionName: LOGTOJSON, logFormat: SYSLOG, matchPattern: '(\w+) (\d+)', customFieldNames: [w, n]},
           {optionName: ADDMETADATA, metadata: {team: x, tags: [1, "2", true, ~]}, timestamp: "true", add: [file, offset]},
           {optionName: ADDBRACKETS}"#,
    );
    let found = found.unwrap();
    let pattern = Pattern::new(r"\A(?:(\w+) (\d+))\z").unwrap();
    let expected = [
        Step::SingleLine {
            trim: false,
            escape: true,
        },
        Step::Csv {
            names: vec!["a".into(), "b".into()],
            delimiter: b'|',
        },
        Step::Log(Log::ApacheError),
        Step::Match(pattern, vec!["w".into(), "n".into()]),
        Step::Metadata(Metadata {
            object: r#"{"tags":[1,"2",true,null],"team":"x""#.into(),
            timestamp: true,
            file: true,
            offset: true,
            ..Metadata::default()
        }),
        Step::Brackets,
    ];
    assert_eq!(found, expected);
}

#[test]
fn defaults_are_the_kinesis_agents() {
    let csv = steps(
        "{optionName: CSVTOJSON, customFieldNames: [a]}, {optionName: SINGLELINE}, {optionName: ADDMETADATA}",
    );
    let expected = [
        Step::Csv {
            names: vec!["a".into()],
            delimiter: b',',
        },
        Step::SingleLine {
            trim: true,
            escape: false,
        },
        Step::Metadata(Metadata {
            object: "{".into(),
            ..Metadata::default()
        }),
    ];
    assert_eq!(csv.unwrap(), expected);
    let tab = steps(r"{optionName: CSVTOJSON, customFieldNames: [a], delimiter: '\t'}").unwrap();
    assert!(matches!(
        &tab[..],
        [Step::Csv {
            delimiter: b'\t',
            ..
        }]
    ));
}

#[test]
fn groups_may_carry_their_names_themselves() {
    let found = steps(r"{optionName: LOGTOJSON, matchPattern: '(?<a>x)(?:y)(?<b>z)'}").unwrap();
    assert!(
        matches!(&found[..], [Step::Match(_, names)] if *names == ["a", "b"]),
        "{found:?}"
    );
}

#[test]
fn single_mistakes_say_what_is_allowed() {
    for (option, part) in [
        (
            "{optionName: ADDEC2METADATA}",
            "allowed is one of SINGLELINE, CSVTOJSON",
        ),
        ("{logFormat: SYSLOG}", "optionName: is missing"),
        (
            "{optionName: LOGTOJSON}",
            "logFormat: is missing, allowed is one of COMMONAPACHELOG",
        ),
        (
            "{optionName: LOGTOJSON, logFormat: NGINX}",
            "found \"NGINX\"",
        ),
        (
            "{optionName: LOGTOJSON, logFormat: SYSLOG, customFieldNames: [a]}",
            "needs a matchPattern",
        ),
        (
            "{optionName: LOGTOJSON, matchPattern: '(a)(b)', customFieldNames: [a]}",
            "has 2 groups, and 1 names",
        ),
        ("{optionName: LOGTOJSON, matchPattern: 'a'}", "has 0 groups"),
        (
            "{optionName: LOGTOJSON, matchPattern: '(a'}",
            "no regular expression",
        ),
        (
            "{optionName: LOGTOJSON, logFormat: SYSLOG, jsonFormat: PRETTYPRINT}",
            "a record is one line",
        ),
        ("{optionName: CSVTOJSON}", "customFieldNames: is missing"),
        (
            "{optionName: CSVTOJSON, customFieldNames: [a, a]}",
            "is the name of a field before it",
        ),
        (
            "{optionName: CSVTOJSON, customFieldNames: []}",
            "a list of names",
        ),
        (
            "{optionName: CSVTOJSON, customFieldNames: [a], delimiter: '[,;]'}",
            "other regular expressions",
        ),
        (
            "{optionName: SINGLELINE, delimiter: ','}",
            "delimiter means nothing",
        ),
        (
            "{optionName: ADDMETADATA, metadata: [a]}",
            "allowed is a mapping",
        ),
        (
            "{optionName: ADDMETADATA, add: [name]}",
            "one of file, host, offset, time",
        ),
    ] {
        let found = steps(option).unwrap_err();
        assert!(
            found.contains(part) && found.lines().count() == 1,
            "{option}: {found}"
        );
    }
}

#[test]
fn one_way_of_parsing_is_enough() {
    let text = "data_dir: d\nship: {standpipe: {url: \"http://a\"}}\nflows: [{paths: [/a], stream: a, parse: {format: line}, dataProcessingOptions: [{optionName: ADDBRACKETS}]}]\n";
    let found = read(text, "f", Path::new("/")).unwrap_err().to_string();
    assert!(
        found.contains("conflict: found parse.format and dataProcessingOptions"),
        "{found}"
    );
}
