use super::*;
use crate::ship::firehose::stand_in::{StandIn, says};

const ROLE: &str = r#"{"Code":"Success","AccessKeyId":"ASIA","SecretAccessKey":"s","Token":"t","Expiration":"2099-01-01T00:00:00Z"}"#;

fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn found(variables: &[(&str, &str)]) -> Result<(String, String, Option<String>), String> {
    let found = find(&Variables::new(variables), &http()).await;
    let found = found.map_err(|trouble| trouble.to_string())?;
    Ok((found.keys.id, found.keys.secret, found.keys.token))
}

fn key(
    id: &str,
    secret: &str,
    token: Option<&str>,
) -> Result<(String, String, Option<String>), String> {
    Ok((id.to_owned(), secret.to_owned(), token.map(str::to_owned)))
}

#[tokio::test]
async fn the_environment_comes_first_then_the_profile() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials");
    let text = "[default]\naws_access_key_id = A\naws_secret_access_key=B=\n\n[ other ]\nAWS_ACCESS_KEY_ID=C\naws_secret_access_key = D\naws_session_token = E\n[broken]\naws_access_key_id = F\n";
    std::fs::write(&file, text).unwrap();
    let file = ("AWS_SHARED_CREDENTIALS_FILE", file.to_str().unwrap());
    let nowhere = ("AWS_EC2_METADATA_DISABLED", "true");
    assert_eq!(found(&[file]).await, key("A", "B=", None));
    assert_eq!(
        found(&[file, ("AWS_PROFILE", "other")]).await,
        key("C", "D", Some("E"))
    );
    let environment = [("AWS_ACCESS_KEY_ID", "1"), ("AWS_SECRET_ACCESS_KEY", "2")];
    assert_eq!(
        found(&[&environment[..], &[file]].concat()).await,
        key("1", "2", None)
    );
    let half = ("AWS_ACCESS_KEY_ID", "1");
    assert_eq!(found(&[half, file]).await, key("A", "B=", None));
    for profile in ["broken", "none"] {
        let error = found(&[file, ("AWS_PROFILE", profile), nowhere])
            .await
            .unwrap_err();
        assert!(error.contains("no key of AWS is to be had"), "{error}");
    }
}

#[tokio::test]
async fn the_shared_file_lies_at_home() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    let text = "[default]\naws_access_key_id = A\naws_secret_access_key = B\n";
    std::fs::write(home.path().join(".aws/credentials"), text).unwrap();
    assert_eq!(
        found(&[("HOME", home.path().to_str().unwrap())]).await,
        key("A", "B", None)
    );
}

#[tokio::test]
async fn a_container_shows_its_token() {
    let server = StandIn::saying([says(200, ROLE), says(200, ROLE), says(500, "x")]);
    let url = format!("{}/creds", server.url);
    let full = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str());
    assert_eq!(found(&[full]).await, key("ASIA", "s", Some("t")));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "secret token\n").unwrap();
    let token = (
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        file.to_str().unwrap(),
    );
    assert!(found(&[full, token]).await.is_ok());
    let error = found(&[full]).await.unwrap_err();
    assert!(error.contains("says 500"), "{error}");
    let asked = server.asked();
    assert!(asked[0].0.starts_with("get /creds "), "{}", asked[0].0);
    assert!(
        asked[1].0.contains("authorization: secret token\r\n"),
        "{}",
        asked[1].0
    );
    let elsewhere = (
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "http://example.com/creds",
    );
    let error = found(&[elsewhere]).await.unwrap_err();
    assert!(error.contains("is not asked for a key"), "{error}");
}

#[tokio::test]
async fn an_instance_is_asked_for_a_token_first() {
    let server = StandIn::saying([says(200, "tok"), says(200, "my-role\n"), says(200, ROLE)]);
    let base = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url.as_str());
    assert_eq!(found(&[base]).await, key("ASIA", "s", Some("t")));
    let asked: Vec<String> = server.asked().into_iter().map(|(head, _)| head).collect();
    assert!(
        asked[0].starts_with("put /latest/api/token "),
        "{}",
        asked[0]
    );
    assert!(
        asked[0].contains("x-aws-ec2-metadata-token-ttl-seconds: 300"),
        "{}",
        asked[0]
    );
    let path = "get /latest/meta-data/iam/security-credentials/";
    assert!(asked[1].starts_with(&format!("{path} ")), "{}", asked[1]);
    assert!(
        asked[2].starts_with(&format!("{path}my-role ")),
        "{}",
        asked[2]
    );
    for head in &asked[1..] {
        assert!(head.contains("x-aws-ec2-metadata-token: tok\r\n"), "{head}");
    }
}

#[tokio::test]
async fn what_cannot_be_had_names_what_was_tried() {
    let nowhere = StandIn::saying([]);
    let base = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", nowhere.url.as_str());
    let error = found(&[base]).await.unwrap_err();
    for part in [
        "access_key_id",
        "AWS_ACCESS_KEY_ID",
        "shared credentials file",
        "instance",
    ] {
        assert!(error.contains(part), "{error}");
    }
}
