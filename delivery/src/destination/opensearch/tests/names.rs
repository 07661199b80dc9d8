//! What a cluster is asked for, by whom.

use super::*;

async fn asked(change: impl FnOnce(&mut Place)) -> (Fake, Vec<(String, HeaderMap)>) {
    let fake = Fake::default();
    let mut place = place(&fake.start().await);
    change(&mut place);
    seal(&["{\"id\":7,\"to\":\"x\"}"])
        .delivered(&open(&place))
        .await;
    let bulks = fake.held().asked.clone();
    let bulks = bulks
        .into_iter()
        .filter(|(path, _)| path.contains("/_bulk"));
    (fake.clone(), bulks.collect())
}

fn authorization(asked: &[(String, HeaderMap)]) -> String {
    asked[0].1["authorization"].to_str().unwrap().to_owned()
}

/// A secret in a file.
fn secret(folder: &TempDir) -> SecretSource {
    let path = folder.path().join("secret");
    std::fs::write(&path, "geheim\n").unwrap();
    SecretSource::File(path)
}

#[tokio::test]
async fn user_key_and_signature_let_us_in() {
    let folder = TempDir::new().unwrap();
    let password = secret(&folder);
    let basic = |place: &mut Place| {
        place.access = Access::Basic {
            user: "us".into(),
            password,
        };
    };
    // base64 of us:geheim
    assert_eq!(authorization(&asked(basic).await.1), "Basic dXM6Z2VoZWlt");
    let key = secret(&folder);
    let api_key = |place: &mut Place| place.access = Access::ApiKey(key);
    assert_eq!(authorization(&asked(api_key).await.1), "ApiKey geheim");
    let key = Some(("AKIDEXAMPLE".to_owned(), secret(&folder)));
    let sigv4 = |place: &mut Place| {
        place.access = Access::SigV4 {
            service: "aoss".into(),
            region: "eu-central-1".into(),
            key,
        };
    };
    let (_, bulks) = asked(sigv4).await;
    let signed = authorization(&bulks);
    assert!(
        signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"),
        "{signed}"
    );
    assert!(
        signed.contains("/eu-central-1/aoss/aws4_request"),
        "{signed}"
    );
    for header in ["host", "x-amz-date", "x-amz-content-sha256"] {
        assert!(signed.contains(header), "{signed}");
    }
    assert_eq!(bulks[0].1["x-amz-content-sha256"].len(), 64);
}

#[tokio::test]
async fn the_pipeline_and_the_timeout_are_asked_for() {
    let (_, bulks) = asked(|place| place.pipeline = Some("geo".into())).await;
    let path = &bulks[0].0;
    assert!(
        path.contains("pipeline=geo") && path.contains("timeout=200ms"),
        "{path}"
    );
    assert_eq!(bulks[0].1["content-type"], "application/x-ndjson");
}

/// Rule 24: the last record of an id stays, in whatever order they come.
#[tokio::test]
async fn the_last_record_of_an_id_stays() {
    let fake = Fake::default();
    let place = Place {
        ids: DocumentIds::Field("id".into()),
        ..place(&fake.start().await)
    };
    let cluster = open(&place);
    let sealed = seal(&["{\"id\":7,\"n\":1}", "{\"id\":7,\"n\":2}"]);
    sealed.delivered(&cluster).await;
    // Again, as after a lost answer: the older one does not win.
    sealed.delivered(&cluster).await;
    let held = fake.held();
    let id = ("orders".to_owned(), "7".to_owned());
    assert_eq!(held.docs[&id].0, "{\"id\":7,\"n\":2}");
    assert_eq!(held.docs.len(), 1);
}

#[tokio::test]
async fn ids_of_the_cluster_are_its_own() {
    let (fake, _) = asked(|place| place.ids = DocumentIds::None).await;
    assert!(
        fake.held()
            .docs
            .keys()
            .all(|(_, id)| id.starts_with("auto"))
    );
}

#[tokio::test]
async fn a_secret_that_is_not_there_halts() {
    let place = Place {
        access: Access::ApiKey(SecretSource::File("/nowhere/secret".into())),
        ..place("http://127.0.0.1:1")
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let failure = Cluster::open(&place, &UploadMemory::of(0)).unwrap_err();
    assert_eq!(failure.verdict, Verdict::Halt, "{failure}");
}

#[tokio::test]
async fn a_template_is_put_where_there_is_none() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("template.json");
    std::fs::write(&path, "{}").unwrap();
    let fake = Fake::default();
    let place = Place {
        template: Some(path),
        ..place(&fake.start().await)
    };
    // This cluster knows no templates: it says 404 to the question and to the answer.
    let failure = seal_all(&rows(1))
        .deliver(&open(&place), false)
        .await
        .unwrap_err();
    assert_eq!(failure.verdict, Verdict::Halt, "{failure}");
    let asked = fake.held().asked.clone();
    let put: Vec<_> = asked
        .iter()
        .filter(|(path, _)| path.contains("_index_template"))
        .collect();
    assert_eq!(put.len(), 2);
    assert_eq!(put[1].0, "PUT /_index_template/orders");
    assert!(
        fake.held().bulks.is_empty(),
        "nothing is sent before it is there"
    );
}
