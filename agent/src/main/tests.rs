//! The command line.

use clap::CommandFactory;

use super::*;

#[test]
fn every_command_has_arguments_of_its_own() {
    Arguments::command().debug_assert();
}

#[test]
fn one_file_can_be_waited_for() {
    let said = [
        "standpipe-agent",
        "status",
        "--file",
        "x",
        "--wait",
        "--config",
        "y",
    ];
    let Command::Status(status) = Arguments::parse_from(said).command else {
        panic!("another command");
    };
    assert_eq!(status.file, Some("x".into()));
    assert!(
        status.wait > Some(Duration::from_secs(86_400)),
        "as good as for ever"
    );
    assert_eq!(status.config.file, PathBuf::from("y"));
}
