use standpipe_config::settings::delivery::{Destination, read_stream};

use super::*;
use crate::destination::Target;

/// A place with more keys.
fn place(bucket: &str, more: &str) -> Place {
    let text = format!(
        "s: {{destination: {{redshift: {{url: \"redshift://u@localhost/d\", table: web, staging: {{s3: {{bucket: {bucket}}}}}, {more}}}}}}}"
    );
    match read_stream(&text).unwrap().destination {
        Destination::Redshift(found) => Place::of(&found),
        other => panic!("{other:?}"),
    }
}

const KEY: &str = "access_key_id: a, secret_access_key: {env: PATH}";

#[test]
fn a_file_is_loaded_as_it_was_sealed_for() {
    let sealed = place("lake", KEY);
    assert!(sealed.is_place(&place("lake", "iam_role: default, retry: 1s")));
    let others = [
        place("pond", KEY),
        place("lake", &format!("{KEY}, copy_options: CSV")),
        place("lake", &format!("{KEY}, columns: [a]")),
        place("lake", &format!("{KEY}, ledger: mine")),
    ];
    for other in others {
        assert!(!sealed.is_place(&other), "{other:?}");
    }
}

#[test]
fn the_checkpoint_keeps_where_a_secret_is_and_not_the_secret() {
    let target = Target::Redshift(Box::new(place("lake", KEY)));
    let kept = serde_json::to_string(&target).unwrap();
    assert_eq!(serde_json::from_str::<Target>(&kept).unwrap(), target);
    let secret = std::env::var("PATH").unwrap();
    assert!(!kept.contains(&secret), "{kept}");
    assert!(kept.contains("PATH"), "{kept}");
}
