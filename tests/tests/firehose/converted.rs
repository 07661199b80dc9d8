//! The Kinesis Agent's settings, converted, run: what its flows shipped arrives, line by line.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use standpipe_tests::log::Log;
use standpipe_tests::trouble::Attempting;
use standpipe_tests::{Agent, Daemon, Folder, Ledger, Outcome, binaries, objects};

use crate::{PATIENCE, raw};

const EVENTS: usize = 2000;
const REQUESTS: usize = 3000;

/// As it stood under /etc/aws-kinesis, but for the folder of the logs.
const CONFIGURATION: &str = r#"{
  // Two flows, as in its manual.
  "cloudwatch.emitMetrics": false,
  "firehose.endpoint": "https://firehose.eu-central-1.amazonaws.com",
  "maxBufferAgeMillis": "1000",
  "flows": [
    {"filePattern": "FOLDER/app/app.log*", "deliveryStream": "app", "initialPosition": "START_OF_FILE",
     "multiLineStartPattern": "^\\[\\d+\\]", "maxBufferAgeMillis": "1000",
     "dataProcessingOptions": [{"optionName": "SINGLELINE", "parseOptions": ["ESCAPE_NEW_LINE"]}]},
    {"filePattern": "FOLDER/httpd/access_log*", "deliveryStream": "web-access", "skipHeaderLines": 1,
     "dataProcessingOptions": [{"optionName": "LOGTOJSON", "logFormat": "COMBINEDAPACHELOG"}]}
  ]
}"#;

fn agent(arguments: &[&str]) -> Outcome<Output> {
    Command::new(binaries::find("standpipe-agent")?)
        .args(arguments)
        .output()
        .attempting("run standpipe-agent")
}

/// Converts the configuration and runs `check` over what comes out; the settings.
fn converted(folder: &Path, url: &str) -> Outcome<String> {
    let (from, to) = (folder.join("agent.json"), folder.join("converted.yaml"));
    let text = CONFIGURATION.replace("FOLDER", &folder.display().to_string());
    std::fs::write(&from, text)?;
    let (from, to) = (from.to_string_lossy(), to.to_string_lossy());
    let order = ["convert-kinesis", &from, "--url", url, "-o", &to];
    let output = agent(&order)?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(0), "{said}");
    for key in [
        "cloudwatch.emitMetrics: ignored",
        "firehose.endpoint: ignored",
        ": maxBufferAgeMillis: ignored: it is no key",
        "flows[0].maxBufferAgeMillis: ignored",
        "flows[0].initialPosition: changes",
        "flows[1].dataProcessingOptions[0]: changes",
    ] {
        assert!(said.contains(key), "{key}: {said}");
    }
    let again = agent(&order)?;
    assert_eq!(
        again.status.code(),
        Some(1),
        "it does not write over a file"
    );
    let checked = agent(&["check", "--config", &to])?;
    let summary = String::from_utf8(checked.stdout)?;
    assert_eq!(checked.status.code(), Some(0), "{summary}");
    assert!(summary.contains("flow into web-access"), "{summary}");
    Ok(std::fs::read_to_string(to.as_ref())?)
}

fn request(number: usize) -> String {
    format!(
        "2001:db8::{:x} - - [17/May/2015:10:05:03 +0000] \"GET /id-{number} HTTP/1.1\" 200 {number} \"-\" \"a \\\"b\\\"\"\n",
        number % 65_536
    )
}

#[test]
fn two_flows_of_the_kinesis_agent_run_here() -> Outcome {
    let folder = Folder::new("kinesis-converted")?;
    let streams = [raw("app", ""), raw("web-access", "")].concat();
    let mut daemon = Daemon::start(folder.path(), &streams)?;
    std::fs::create_dir(folder.join("app"))?;
    std::fs::create_dir(folder.join("httpd"))?;
    let mut app = Log::create(&folder.join("app/app.log"))?;
    let mut web = Log::create(&folder.join("httpd/access_log"))?;
    // END_OF_FILE is the default: what is there already is not meant.
    web.write(b"# header\n")?;
    web.write(request(999_999).as_bytes())?;
    let mut ledger = Ledger::new(usize::MAX);
    let mut write_app = |number: usize| {
        ledger.wrote(format!("[{number}] first\\nat second\\nthird").as_bytes());
        let lines = format!("[{number}] first  \n\t at second\nthird \n");
        app.write(lines.as_bytes())?;
        match number % 700 == 699 {
            true => app.rotate(),
            false => Ok(()),
        }
    };
    (0..100).try_for_each(&mut write_app)?;

    let settings = converted(folder.path(), &daemon.url()?)?;
    let settings = settings
        .replace("/var/lib/standpipe-agent", "agent-data")
        .replace("127.0.0.1:4576", "127.0.0.1:0");
    let mut agent = Agent::new(folder.path(), "http://127.0.0.1:1", "- {}")?;
    agent.configure_as(&settings)?;
    agent.up()?;
    (100..EVENTS).try_for_each(&mut write_app)?;
    for number in 0..REQUESTS {
        if number % 1000 == 500 {
            web.rotate()?;
            web.write(b"# header\n")?;
        }
        web.write(request(number).as_bytes())?;
    }
    // The last event of a file is whole after some silence.
    daemon.settled("app", EVENTS as u64, PATIENCE)?;
    daemon.settled("web-access", REQUESTS as u64, PATIENCE)?;
    assert_eq!(agent.stop(PATIENCE)?, 0);
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    objects::raw_arrived(&folder.join("out/app"), &mut ledger)?;
    ledger.settle()?;
    let mut ids = vec![];
    for path in objects::below(&folder.join("out/web-access"))? {
        for record in objects::json_lines(&path)? {
            assert!(
                record["host"]
                    .as_str()
                    .is_some_and(|host| host.starts_with("2001:db8::")),
                "{record}"
            );
            assert_eq!(record["parse_error"], Value::Null);
            ids.push(
                record["bytes"]
                    .as_str()
                    .unwrap_or_default()
                    .parse::<usize>()?,
            );
        }
    }
    ids.sort_unstable();
    assert_eq!(ids, (0..REQUESTS).collect::<Vec<_>>());
    folder.done()
}
