//! Configurations of the Kinesis Agent, converted; what comes out is read as our own settings.

use std::fs;

use serde_json::json;
use standpipe_config::settings::agent::{self, Log, OnError, Settings, Ship, Start, Step};

use super::*;

/// What becomes of a configuration, written into a folder of its own.
fn converted(config: &Value, target: &Target) -> Converted {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("agent.json");
    fs::write(&file, config.to_string()).unwrap();
    let mut converted = convert(&file, target).unwrap();
    let file = file.display().to_string();
    for line in &mut converted.said {
        assert!(line.starts_with(&file), "{line}");
        *line = line.replacen(&file, "F", 1);
    }
    converted
}

fn standpipe() -> Target {
    Target::Standpipe("http://10.0.0.1:4574".to_owned())
}

/// Reads what came out as `check` does.
fn read(converted: &Converted) -> Settings {
    let text = converted.settings.as_ref().unwrap();
    match agent::read(text, "converted", Path::new("/")) {
        Ok(loaded) => loaded.settings,
        Err(problems) => panic!("{problems}\n{text}"),
    }
}

fn flow(more: &Value) -> Value {
    let mut flow = json!({"filePattern": "/var/log/app.log*", "deliveryStream": "app"});
    for (key, value) in more.as_object().unwrap() {
        flow[key] = value.clone();
    }
    json!({"flows": [flow]})
}

/// What is said of the flow that has these keys too, and whether it was converted.
fn said(more: &Value) -> (Vec<String>, bool) {
    let converted = converted(&flow(more), &standpipe());
    let mut said = converted.said;
    said.retain(|line| line.starts_with("F: flows[0]."));
    (said, converted.settings.is_some())
}

#[test]
fn a_flow_means_what_it_meant() {
    let settings = read(&converted(
        &json!({"flows": [
            {"filePattern": "/var/log/[x]/app.log*", "deliveryStream": "app",
             "initialPosition": "START_OF_FILE", "multiLineStartPattern": "\\d{4}-",
             "skipHeaderLines": "2",
             "dataProcessingOptions": [
                {"optionName": "SINGLELINE", "parseOptions": ["NO_TRIM"]},
                {"optionName": "LOGTOJSON", "logFormat": "COMBINEDAPACHELOG"},
                {"optionName": "ADDMETADATA", "metadata": {"a": {"b": [1, "x"]}}, "timestamp": "true"},
                {"optionName": "ADDBRACKETS"}]},
            {"filePattern": "/b", "deliveryStream": "b"},
        ]}),
        &standpipe(),
    ));
    assert_eq!(settings.data_dir, Path::new("/var/lib/standpipe-agent"));
    let Ship::Standpipe { url, .. } = &settings.ship else {
        panic!("another door");
    };
    assert_eq!(url, "http://10.0.0.1:4574");
    let [first, second] = &settings.flows[..] else {
        panic!("not two flows");
    };
    assert_eq!(first.paths, ["/var/log/[[]x[]]/app.log*"]);
    assert_eq!(first.exclude.len(), 3);
    assert_eq!(
        (first.stream.as_str(), first.start),
        ("app", Start::Beginning)
    );
    let start = &first.multi_line.as_ref().unwrap().start;
    assert!(start.is_match(b"2026-") && !start.is_match(b" 2026-"));
    assert_eq!(first.skip_header_lines, 2);
    assert_eq!(first.parse.on_error, OnError::Raw);
    let Step::Metadata(metadata) = &first.parse.steps[2] else {
        panic!("{:?}", first.parse.steps);
    };
    assert_eq!(
        (metadata.object.as_str(), metadata.timestamp),
        (r#"{"a":{"b":[1,"x"]}"#, true)
    );
    let single = Step::SingleLine {
        trim: false,
        escape: false,
    };
    assert_eq!(
        first.parse.steps[..2],
        [single, Step::Log(Log::CombinedApache)]
    );
    assert_eq!(first.parse.steps[3], Step::Brackets);
    assert_eq!((second.start, second.parse.steps.len()), (Start::End, 0));
}

/// Each key of the Kinesis Agent's documentation is known, and each that is not carried over has
/// its line.
#[test]
fn every_key_is_carried_over_or_spoken_of() {
    let (top, flow_keys) = keys::known();
    assert_eq!((top.len(), flow_keys.len()), (39, 23));
    let mut config = flow(&json!({}));
    for key in top.iter().filter(|key| **key != "flows") {
        config[*key] = json!("1");
    }
    for key in &flow_keys {
        let value = match *key {
            "filePattern" | "deliveryStream" => continue,
            "initialPosition" => json!("END_OF_FILE"),
            "dataProcessingOptions" => json!([]),
            _ => json!("1"),
        };
        config["flows"][0][*key] = value;
    }
    for target in [standpipe(), Target::Firehose] {
        let converted = converted(&config, &target);
        read(&converted);
        let has = |key: &str| {
            converted
                .said
                .iter()
                .any(|line| line.starts_with(&format!("F: {key}: ")))
        };
        let silent = ["flows", "firehose.endpoint"];
        for key in top.iter().filter(|key| !silent.contains(key)) {
            assert!(has(key), "{key}: {:?}", converted.said);
        }
        let carried = [
            "filePattern",
            "deliveryStream",
            "initialPosition",
            "skipHeaderLines",
            "dataProcessingOptions",
        ];
        for key in flow_keys.iter().filter(|key| !carried.contains(key)) {
            assert!(
                has(&format!("flows[0].{key}")),
                "{key}: {:?}",
                converted.said
            );
        }
        assert!(!converted.incomplete);
        assert!(converted.said.iter().all(|line| line.lines().count() == 1));
    }
}

#[test]
fn every_combination_is_taken_by_check() {
    let options = [
        json!({"optionName": "SINGLELINE"}),
        json!({"optionName": "SINGLELINE", "parseOptions": ["NO_TRIM", "ESCAPE_NEW_LINE"]}),
        json!({"optionName": "CSVTOJSON", "customFieldNames": ["a", "b"]}),
        json!({"optionName": "CSVTOJSON", "customFieldNames": ["a"], "delimiter": "\\t", "jsonFormat": "PRETTYPRINT"}),
        json!({"optionName": "LOGTOJSON", "logFormat": "COMMONAPACHELOG"}),
        json!({"optionName": "LOGTOJSON", "logFormat": "COMBINEDAPACHELOG", "jsonFormat": "COMPACT"}),
        json!({"optionName": "LOGTOJSON", "logFormat": "APACHEERRORLOG"}),
        json!({"optionName": "LOGTOJSON", "logFormat": "SYSLOG", "matchPattern": "^(\\S+) (?:x)(.*)$", "customFieldNames": ["a", "b"]}),
        json!({"optionName": "LOGTOJSON", "logFormat": "RFC3339SYSLOG"}),
        json!({"optionName": "ADDMETADATA", "metadata": {"\u{1}k: {": "v\n\"\\é\u{2028}"}, "timestamp": false}),
        json!({"optionName": "ADDMETADATA", "metadata": {}, "timestamp": "true"}),
        json!({"optionName": "ADDBRACKETS"}),
        json!({"optionName": "ADDEC2METADATA", "logFormat": "SYSLOG"}),
    ];
    let starts = [json!(null), json!("START_OF_FILE"), json!("END_OF_FILE")];
    let patterns = [json!(null), json!(""), json!("^\\[\\d+\\]|\\Q{\\E")];
    let headers = [json!(null), json!(3), json!("0"), json!(-1)];
    let targets = [standpipe(), Target::Firehose];
    let mut count = 0;
    for (first, second) in options
        .iter()
        .flat_map(|a| options.iter().map(move |b| (a, b)))
    {
        for (number, target) in targets.iter().enumerate() {
            let config = flow(&json!({
                "dataProcessingOptions": [first, second],
                "initialPosition": starts[count % starts.len()],
                "multiLineStartPattern": patterns[count / 2 % patterns.len()],
                "skipHeaderLines": headers[(count + number) % headers.len()],
            }));
            let settings = read(&converted(&config, target));
            let left_out = [first, second]
                .iter()
                .filter(|o| o["optionName"] == "ADDEC2METADATA")
                .count();
            assert_eq!(
                settings.flows[0].parse.steps.len(),
                2 - left_out,
                "{config}"
            );
            count += 1;
        }
    }
    assert_eq!(count, 338);
}

#[test]
fn what_cannot_be_carried_over_is_refused_with_the_reason() {
    let option = |option: Value| json!({"dataProcessingOptions": [option]});
    for (more, key, part) in [
        (json!({"deliveryStream": "a b"}), "stream", "no stream name"),
        (
            json!({"filePattern": "app.log"}),
            "filePattern",
            "no absolute path",
        ),
        (
            json!({"filePattern": "/var/log/"}),
            "filePattern",
            "no absolute path",
        ),
        (
            json!({"filePattern": "/var/log/a["}),
            "paths[0]",
            "no pattern",
        ),
        (
            json!({"initialPosition": "start"}),
            "initialPosition",
            "neither START_OF_FILE",
        ),
        (
            json!({"multiLineStartPattern": "^(?!\\s)"}),
            "multiLineStartPattern",
            "'^\\S' for '^(?!\\s)'",
        ),
        (
            json!({"multiLineStartPattern": "(a)\\1"}),
            "multiLineStartPattern",
            "write the pattern of the group once more",
        ),
        (
            json!({"multiLineStartPattern": "(a"}),
            "multi_line.start",
            "unclosed group",
        ),
        (
            json!({"skipHeaderLines": "many"}),
            "skipHeaderLines",
            "no whole number",
        ),
        (
            json!({"skipHeaderLines": 2_000_000}),
            "skip_header_lines",
            "out of range",
        ),
        (
            json!({"dataProcessingOptions": {}}),
            "dataProcessingOptions",
            "no list",
        ),
        (
            option(json!({"optionName": "USINGPLUGGIN", "className": "X"})),
            "dataProcessingOptions[0].optionName",
            "class of Java",
        ),
        (
            option(json!({"optionName": "GZIP"})),
            "dataProcessingOptions[0].optionName",
            "no option",
        ),
        (
            option(json!({"optionName": "CSVTOJSON"})),
            "dataProcessingOptions[0].customFieldNames",
            "missing",
        ),
        (
            option(
                json!({"optionName": "CSVTOJSON", "customFieldNames": ["a"], "delimiter": "\\s+"}),
            ),
            "dataProcessingOptions[0].delimiter",
            "one character",
        ),
        (
            option(json!({"optionName": "LOGTOJSON"})),
            "dataProcessingOptions[0].logFormat",
            "missing",
        ),
        (
            option(
                json!({"optionName": "LOGTOJSON", "matchPattern": "(a)(?=b)", "customFieldNames": ["a"]}),
            ),
            "dataProcessingOptions[0].matchPattern",
            "looks ahead",
        ),
        (
            option(json!({"optionName": "ADDMETADATA", "metadata": "x"})),
            "dataProcessingOptions[0].metadata",
            "a mapping",
        ),
    ] {
        let (said, converted) = said(&more);
        let refused: Vec<_> = said
            .iter()
            .filter(|line| line.contains("refused: "))
            .collect();
        assert_eq!(refused.len(), 1, "{more}: {said:?}");
        assert!(
            refused[0].starts_with(&format!("F: flows[0].{key}: refused: ")),
            "{}",
            refused[0]
        );
        assert!(refused[0].contains(part), "{}", refused[0]);
        assert!(!converted, "{more}");
    }
}

#[test]
fn a_flow_into_kinesis_data_streams_is_refused_and_the_others_are_not() {
    let config = json!({"flows": [
        {"filePattern": "/a", "kinesisStream": "k"},
        {"filePattern": "/b", "deliveryStream": "b", "kinesisStream": "k"},
        {"filePattern": "/b", "deliveryStream": "b"},
        7,
    ]});
    let converted = converted(&config, &standpipe());
    assert_eq!(read(&converted).flows.len(), 1);
    assert!(converted.incomplete);
    for part in [
        "F: flows[0].kinesisStream: refused: this agent does not send to Kinesis Data Streams",
        "F: flows[1].kinesisStream: ignored: deliveryStream comes first",
        "F: flows[2].filePattern: refused: a flow before it",
        "F: flows[3]: refused: it is no object",
    ] {
        let found = converted
            .said
            .iter()
            .filter(|line| line.starts_with(part))
            .count();
        assert_eq!(found, 1, "{part}: {:?}", converted.said);
    }
}

#[test]
fn firehose_stays_where_it_was() {
    let ship = |config: &Value| match read(&converted(config, &Target::Firehose)).ship {
        Ship::Firehose(firehose) => (firehose.endpoint, firehose.region),
        other => panic!("{other:?}"),
    };
    let mut config = flow(&json!({}));
    let aws = |region: &str| {
        (
            format!("https://firehose.{region}.amazonaws.com"),
            region.to_owned(),
        )
    };
    assert_eq!(ship(&config), aws("us-east-1"));
    config["firehose.endpoint"] = json!("firehose.eu-west-1.amazonaws.com");
    assert_eq!(ship(&config), aws("eu-west-1"));
    config["firehose.endpoint"] = json!("http://127.0.0.1:4573");
    assert_eq!(
        ship(&config),
        ("http://127.0.0.1:4573".to_owned(), "us-east-1".to_owned())
    );
    config["awsSecretAccessKey"] = json!("hunter2");
    let converted = converted(&config, &Target::Firehose);
    let all = format!("{:?}", converted);
    assert!(
        all.contains("secrets do not stand in settings") && !all.contains("hunter2"),
        "{all}"
    );
}

#[test]
fn the_files_of_agent_d_add_flows() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("agent.d")).unwrap();
    write(
        "agent.json",
        "// old\n{\"flows\": [{\"filePattern\": \"/a\", \"deliveryStream\": \"a\"}] /* x */}",
    );
    write(
        "agent.d/2.json",
        "{\"flows\": [{\"filePattern\": \"/c\", \"deliveryStream\": \"c\"}]}",
    );
    write(
        "agent.d/1",
        "{\"log.level\": \"x\", \"flows\": [{\"filePattern\": \"/b\", \"deliveryStream\": \"b\"}]}",
    );
    write("agent.d/3", "{");
    let converted = convert(&folder.path().join("agent.json"), &standpipe()).unwrap();
    let flows = read(&converted).flows;
    let streams: Vec<_> = flows.iter().map(|flow| flow.stream.as_str()).collect();
    assert_eq!(streams, ["a", "b", "c"]);
    assert!(converted.incomplete, "a file was left out");
    let said = converted.said.join("\n");
    assert!(
        said.contains("agent.d/1: log.level: ignored: of a file in agent.d only flows count"),
        "{said}"
    );
    assert!(said.contains("its flows are left out"), "{said}");
}

#[test]
fn what_is_no_configuration_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("agent.json");
    let error = |file: &Path| convert(file, &standpipe()).unwrap_err().to_string();
    assert!(error(&file).contains("cannot read the Kinesis Agent's settings"));
    for text in ["{", "[]", "7"] {
        fs::write(&file, text).unwrap();
        assert!(error(&file).contains("it is no JSON object"), "{text}");
    }
    fs::write(&file, "{}").unwrap();
    let converted = convert(&file, &standpipe()).unwrap();
    assert!(converted.settings.is_none() && converted.incomplete);
    assert!(
        converted
            .said
            .iter()
            .any(|line| line.contains("no flow can be converted"))
    );
}
