use super::*;
use crate::settings::agent::{Ship, read, summary};
use std::path::Path;

fn said(ship: &str) -> Result<Firehose, String> {
    let text =
        format!("data_dir: d\nship:\n  firehose: {ship}\nflows: [{{paths: [/a], stream: a}}]\n");
    let loaded = read(&text, "agent.yaml", Path::new("/etc/standpipe"));
    let settings = loaded.map_err(|problems| problems.to_string())?.settings;
    match settings.ship {
        Ship::Firehose(firehose) => Ok(firehose),
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn the_region_is_the_settings_the_endpoints_or_the_environments() {
    let set = |name: &str| (name == "AWS_DEFAULT_REGION").then(|| "ap-south-1".to_owned());
    let unset = |_: &str| None;
    let own = || Some("eu-west-1".to_owned());
    let aws = Some("https://firehose.eu-central-1.amazonaws.com");
    let other = Some("http://127.0.0.1:4573");
    assert_eq!(which(own(), aws, set).unwrap(), "eu-west-1");
    assert_eq!(which(None, aws, set).unwrap(), "eu-central-1");
    assert_eq!(which(None, other, set).unwrap(), "ap-south-1");
    assert_eq!(which(None, other, unset).unwrap(), "us-east-1");
    assert_eq!(which(None, None, set).unwrap(), "ap-south-1");
    assert_eq!(which(None, None, unset), None);
    assert_eq!(which(None, None, |_| Some("no region".to_owned())), None);
}

#[test]
fn endpoints_of_aws_name_their_region() {
    for (endpoint, region) in [
        ("firehose.eu-central-1.amazonaws.com", Some("eu-central-1")),
        (
            "https://firehose.cn-north-1.amazonaws.com.cn/",
            Some("cn-north-1"),
        ),
        (
            "https://firehose-fips.us-east-1.amazonaws.com:443",
            Some("us-east-1"),
        ),
        ("https://firehose.us-east-1.api.aws", Some("us-east-1")),
        ("https://firehose.example.com", None),
        ("http://127.0.0.1:4573", None),
        ("https://s3.eu-central-1.amazonaws.com", None),
    ] {
        assert_eq!(region_of(endpoint), region, "{endpoint}");
    }
}

#[test]
fn the_endpoint_is_that_of_aws_unless_it_is_said() {
    let endpoint = |ship| said(ship).unwrap().endpoint;
    assert_eq!(
        endpoint("{region: eu-central-1}"),
        "https://firehose.eu-central-1.amazonaws.com"
    );
    assert_eq!(
        endpoint("{region: cn-north-1}"),
        "https://firehose.cn-north-1.amazonaws.com.cn"
    );
    assert_eq!(
        endpoint("{region: x, endpoint: null}"),
        "https://firehose.x.amazonaws.com"
    );
    assert_eq!(
        endpoint("{endpoint: 'http://127.0.0.1:4573/'}"),
        "http://127.0.0.1:4573"
    );
}

#[test]
fn a_key_has_two_halves_and_its_secret_is_never_shown() {
    let whole = "{region: x, access_key_id: AKIDEXAMPLE, secret_access_key: {env: PATH}}";
    let (id, secret) = said(whole).unwrap().key.unwrap();
    assert_eq!(id, "AKIDEXAMPLE");
    let text = format!(
        "data_dir: d\nship:\n  firehose: {whole}\nflows: [{{paths: [/a], stream: a, parse: {{record_id: true}}}}]\n"
    );
    let settings = read(&text, "f", Path::new("/")).unwrap().settings;
    let summary = summary(&settings);
    assert!(summary.contains("at least once"), "{summary}");
    assert!(summary.contains("AKIDEXAMPLE"), "{summary}");
    assert!(summary.contains("says which line it is"), "{summary}");
    assert!(!summary.contains(secret.expose()), "{summary}");
}

#[test]
fn mistakes_say_what_is_allowed() {
    for (ship, part) in [
        (
            "{region: 'a b'}",
            "ship.firehose.region: found \"a b\", allowed is the name of a region",
        ),
        ("{region: x, endpoint: 'http://h/p'}", "has a path"),
        (
            "{region: x, access_key_id: A}",
            "ship.firehose.secret_access_key: is missing",
        ),
        (
            "{region: x, secret_access_key: {env: PATH}}",
            "ship.firehose.access_key_id: is missing",
        ),
        (
            "{region: x, access_key_id: 'a/b', secret_access_key: {env: PATH}}",
            "the id of an access key",
        ),
        ("{region: x, ca: none.pem}", "none.pem"),
        ("{region: x, token: {env: PATH}}", "token: is no known key"),
    ] {
        let error = said(ship).unwrap_err();
        assert!(error.contains(part), "{ship}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}
