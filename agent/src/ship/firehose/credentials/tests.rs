use super::*;
use crate::ship::firehose::stand_in::{StandIn, says};

fn role(id: &str, until: Timestamp) -> String {
    format!(r#"{{"AccessKeyId":"{id}","SecretAccessKey":"s","Token":"t","Expiration":"{until}"}}"#)
}

fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

#[tokio::test]
async fn a_key_is_held_until_it_nearly_runs_out_or_is_not_believed() {
    let now = Timestamp::now();
    let (long, short) = (
        now + Duration::from_secs(3600),
        now + Duration::from_secs(60),
    );
    let server = StandIn::saying([
        says(200, &role("first", long)),
        says(200, &role("second", short)),
        says(503, "busy"),
        says(200, &role("third", long)),
    ]);
    let url = format!("{}/", server.url);
    let credentials = Credentials {
        settings: None,
        variables: Variables::new(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url)]),
        held: Mutex::new(None),
    };
    let http = http();
    let ask = async || credentials.keys(&http).await.map(|keys| keys.id);
    assert_eq!(ask().await.unwrap(), "first");
    assert_eq!(ask().await.unwrap(), "first");
    assert_eq!(server.asked().len(), 1, "it is held");
    credentials.forget().await;
    assert_eq!(ask().await.unwrap(), "second");
    assert_eq!(
        ask().await.unwrap(),
        "second",
        "as nobody gives another one, and it still holds"
    );
    assert_eq!(ask().await.unwrap(), "third");
    assert_eq!(server.asked().len(), 4);
}

#[tokio::test]
async fn the_key_of_the_settings_needs_nobody() {
    let credentials = Credentials {
        settings: Some(Keys {
            id: "id".to_owned(),
            secret: "secret".to_owned(),
            token: None,
        }),
        variables: Variables::new(&[]),
        held: Mutex::new(None),
    };
    assert_eq!(credentials.keys(&http()).await.unwrap().id, "id");
    assert!(!format!("{credentials:?}").contains("secret"));
}
