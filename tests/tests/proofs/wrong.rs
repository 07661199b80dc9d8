//! Wrong settings: every mistake is named at once, with line and column, and nothing starts.

use std::path::Path;
use std::process::Command;

use standpipe_tests::{Folder, Outcome, binaries};

/// Six mistakes of different kinds in three streams: an unknown key, a name, a size, a span, a
/// type, and a destination that is missing.
const DAEMON: &str = "data_dir: data
listen:
  native: {address: 127.0.0.1:0}
streams:
  one two:
    destination: {file: {path: out}}
  second:
    buffering: {size: 3 bananas, interval: 1h}
    colour: blue
    destination: {file: {path: out}}
  third:
    format: {parquet: {schema: [{name: a, type: integr}]}}
";
const DAEMON_MISTAKES: &[(u32, &str)] = &[
    (5, "one two"),
    (8, "bananas"),
    (8, "interval"),
    (9, "colour"),
    (11, "destination"),
    (12, "integr"),
];

const AGENT: &str = "data_dir: data
ship:
  standpipe: {url: \"ftp://127.0.0.1\"}
limits: {in_flight: much}
flows:
  - stream: a
    parse: {format: xml}
  - paths: [/var/log/x.log]
    stream: a/b
    strat: end
";
const AGENT_MISTAKES: &[(u32, &str)] = &[
    (3, "scheme"),
    (4, "much"),
    (6, "paths"),
    (7, "xml"),
    (9, "a/b"),
    (10, "strat"),
];

/// Runs a command of a program; its exit code and everything it said.
fn said(program: &str, command: &str, settings: &Path) -> Outcome<(Option<i32>, String)> {
    let output = Command::new(binaries::find(program)?)
        .args([command, "--config"])
        .arg(settings)
        .env("NO_COLOR", "1")
        .output()?;
    let said = [output.stdout, output.stderr].concat();
    Ok((
        output.status.code(),
        String::from_utf8_lossy(&said).into_owned(),
    ))
}

fn all_mistakes(program: &str, text: &str, mistakes: &[(u32, &str)]) -> Outcome {
    let folder = Folder::new("wrong")?;
    let settings = folder.join("settings.yaml");
    std::fs::write(&settings, text)?;
    for command in ["run", "check"] {
        let (code, said) = said(program, command, &settings)?;
        assert_eq!(code, Some(2), "{program} {command}: {said}");
        for (line, word) in mistakes {
            let place = format!("settings.yaml:{line}:");
            assert!(
                said.contains(&place),
                "{program} {command}: {place} is missing:\n{said}"
            );
            assert!(
                said.contains(word),
                "{program} {command}: {word} is missing:\n{said}"
            );
        }
        assert!(
            !folder.join("data").exists(),
            "{program} {command} has started something"
        );
    }
    folder.done()
}

#[test]
fn six_mistakes_in_the_daemons_settings_are_six_messages_and_nothing_starts() -> Outcome {
    all_mistakes("standpipe-delivery", DAEMON, DAEMON_MISTAKES)
}

#[test]
fn six_mistakes_in_the_agents_settings_are_six_messages_and_nothing_starts() -> Outcome {
    all_mistakes("standpipe-agent", AGENT, AGENT_MISTAKES)
}

#[test]
fn a_wrong_command_line_is_code_2() -> Outcome {
    for program in ["standpipe-delivery", "standpipe-agent"] {
        let output = Command::new(binaries::find(program)?)
            .arg("--no-such-option")
            .output()?;
        assert_eq!(output.status.code(), Some(2), "{program}");
    }
    Ok(())
}
