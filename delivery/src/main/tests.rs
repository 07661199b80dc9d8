use clap::CommandFactory;

use super::*;

#[test]
fn the_command_line_is_consistent() {
    Arguments::command().debug_assert();
}

#[test]
fn what_is_not_said_has_the_defaults_of_the_manual() {
    let arguments = Arguments::try_parse_from(["standpipe-delivery", "run"]).unwrap();
    let Command::Run(run) = arguments.command else {
        panic!("run is not run");
    };
    assert_eq!(
        run.config.config.to_str(),
        Some("/etc/standpipe/delivery.yaml")
    );
    assert_eq!(run.stop_deadline, Duration::from_secs(20));
}

#[test]
fn options_about_logs_stand_anywhere() {
    for line in [
        "x --log debug --log-format json check --json --config a.yaml",
        "x check --config a.yaml --json --log-format text --log warn",
        "x run --stop-deadline 5m --log warn",
    ] {
        assert!(Arguments::try_parse_from(line.split(' ')).is_ok(), "{line}");
    }
    for line in ["x", "x run --stop-deadline soon", "x run --log-format xml"] {
        assert!(
            Arguments::try_parse_from(line.split(' ')).is_err(),
            "{line}"
        );
    }
}
