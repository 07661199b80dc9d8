use std::fs;
use std::path::Path;

use rcgen::date_time_ymd;

use crate::settings::{agent, delivery};
use crate::tls::stand_in::Authority;
use crate::yaml::{Problem, Problems};

fn text(problems: &[Problem]) -> String {
    Problems(problems.to_vec()).to_string()
}

/// What is said of a native door with this `tls`.
fn door(folder: &Path, address: &str, tls: &str) -> Result<String, String> {
    let tokens = "tokens: [{name: a, token: {file: token}}]";
    let text_of = format!(
        "data_dir: d\nlisten: {{native: {{address: '{address}', {tokens}, tls: {tls}}}}}\n\
         streams: {{s: {{destination: {{file: {{path: o}}}}}}}}\n"
    );
    fs::write(folder.join("token"), "hunter2").unwrap();
    match delivery::read(&text_of, "delivery.yaml", folder) {
        Ok(loaded) => Ok(text(&loaded.warnings)),
        Err(problems) => Err(problems.to_string()),
    }
}

/// What is said of an agent that ships to a daemon with these keys.
fn agent(folder: &Path, keys: &str) -> Result<String, String> {
    let text_of = format!(
        "data_dir: d\nship: {{standpipe: {{{keys}}}}}\nflows: [{{paths: [/a], stream: a}}]\n"
    );
    match agent::read(&text_of, "agent.yaml", folder) {
        Ok(loaded) => Ok(text(&loaded.warnings)),
        Err(problems) => Err(problems.to_string()),
    }
}

/// A folder with `door.crt`, `door.key` and `ca.crt`, and another pair: `other.crt`, `other.key`.
fn files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    authority.sign().write(folder.path());
    let other = authority.sign();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("ca.crt", &authority.pem);
    write("other.crt", &other.certificate);
    write("other.key", &other.key);
    folder
}

#[test]
fn a_pair_that_belongs_together_is_read_without_a_word() {
    let folder = files();
    let tls = "{certificate: door.crt, key: {file: door.key}, client_ca: ca.crt}";
    assert_eq!(door(folder.path(), "0.0.0.0:1", tls), Ok(String::new()));
}

#[test]
fn a_file_that_cannot_be_used_is_reported_at_its_key() {
    let folder = files();
    for (tls, problem) in [
        (
            "{certificate: door.crt, key: {file: other.key}}",
            "listen.native.tls.key: does not belong to the certificate",
        ),
        (
            "{certificate: door.key, key: {file: door.key}}",
            "listen.native.tls.certificate: holds no certificate",
        ),
        (
            "{certificate: absent, key: {file: door.key}}",
            "listen.native.tls.certificate: cannot read",
        ),
        (
            "{certificate: door.crt, key: {file: absent}}",
            "listen.native.tls.key: cannot read",
        ),
        (
            "{certificate: door.crt, key: {file: door.key}, client_ca: door.key}",
            "listen.native.tls.client_ca: holds no certificate",
        ),
        (
            "{certificate: door.crt, key: door.key}",
            "listen.native.tls.key: a secret is never written in place",
        ),
        (
            "{key: {file: door.key}}",
            "listen.native.tls.certificate: is missing",
        ),
    ] {
        let found = door(folder.path(), "127.0.0.1:1", tls).unwrap_err();
        assert!(found.contains(problem), "{tls}: {found}");
        assert_eq!(found.matches("delivery.yaml:").count(), 1, "{found}");
    }
}

#[test]
fn a_certificate_that_is_over_is_warned_of() {
    let folder = files();
    let old = |params: &mut rcgen::CertificateParams| params.not_after = date_time_ymd(2001, 1, 1);
    Authority::new().sign_with(old).write(folder.path());
    let tls = "{certificate: door.crt, key: {file: door.key}}";
    let warned = door(folder.path(), "127.0.0.1:1", tls).unwrap();
    assert!(
        warned.contains("tls.certificate: callers will refuse it"),
        "{warned}"
    );
}

#[test]
fn a_door_that_others_reach_without_tls_is_warned_of() {
    let folder = files();
    let warned = door(folder.path(), "0.0.0.0:1", "null").unwrap();
    assert!(
        warned.contains("native.address: 0.0.0.0:1 is open to other machines without tls"),
        "{warned}"
    );
    assert_eq!(
        door(folder.path(), "127.0.0.1:1", "null"),
        Ok(String::new())
    );
}

#[test]
fn an_agent_names_whom_it_believes_and_what_it_shows() {
    let folder = files();
    let url = "url: 'https://10.0.0.1:4574'";
    let identity = "identity: {certificate: door.crt, key: {file: door.key}}";
    let all = format!("{url}, ca: ca.crt, {identity}");
    assert_eq!(agent(folder.path(), &all), Ok(String::new()));
    for (keys, problem) in [
        ("ca: door.key", "ship.standpipe.ca: holds no certificate"),
        ("ca: absent", "ship.standpipe.ca: cannot read"),
        (
            "identity: {certificate: door.crt, key: {file: other.key}}",
            "ship.standpipe.identity.key: does not belong",
        ),
        (
            "identity: {certificate: door.crt}",
            "ship.standpipe.identity.key: is missing",
        ),
    ] {
        let found = agent(folder.path(), &format!("{url}, {keys}")).unwrap_err();
        assert!(found.contains(problem), "{keys}: {found}");
    }
    let plain = "url: 'http://127.0.0.1:1', ca: ca.crt";
    let found = agent(folder.path(), plain).unwrap_err();
    assert!(
        found.contains("conflict: ca and identity are for https"),
        "{found}"
    );
}
