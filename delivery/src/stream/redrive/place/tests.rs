//! Keys of error objects: which are a stream's own, and where they go.

use std::path::Path;

use standpipe_config::prefix::Prefix;

use super::*;
use crate::destination::file::Folder;
use crate::lane::failed::FailedAt;

const NAME: &str = "web-3-2026-11-29-02-03-04-0d3f1f6e-8a3f-8aaa-9bbb-0123456789ab";

fn place(prefix: &str) -> Place {
    let data = Prefix::parse("data/").unwrap();
    Place {
        objects: AnyDestination::File(Folder::new(Path::new("out"))),
        prefix: ErrorPrefix::parse(Some(prefix), &data).unwrap(),
        names: vec!["web".parse().unwrap(), "old".parse().unwrap()],
    }
}

#[test]
fn starts_lead_to_each_type_and_to_as_little_else_as_can_be() {
    let typed = place("errors/!{firehose:error-output-type}/!{timestamp:yyyy}/");
    assert!(typed.starts().contains("errors/processing-failed/"));
    assert_eq!(typed.starts().len(), TYPES.len());
    let plain = place("errors/");
    assert!(plain.starts().contains("errors/format-conversion-failed/"));
    let late = place("errors/!{timestamp:yyyy}/!{firehose:error-output-type}/");
    assert_eq!(late.starts(), ["errors/".to_owned()].into());
}

#[test]
fn a_key_tells_whose_object_it_may_be() {
    let place = place("errors/!{timestamp:yyyy}/!{firehose:error-output-type}/");
    let at = |name: &str| format!("errors/2026/processing-failed/{name}");
    assert!(place.may_be_ours(&at(NAME)));
    assert!(place.may_be_ours(&at(&NAME.replace("web", "old"))));
    for other in [NAME.replace("web", "shop"), "readme".into(), "é".repeat(40)] {
        assert!(!place.may_be_ours(&at(&other)), "{other}");
    }
    assert!(!place.may_be_ours(&place.aside(&at(NAME))));
}

#[test]
fn what_was_put_back_goes_under_the_beginning_of_the_prefix() {
    let key = format!("errors/processing-failed/2026/{NAME}");
    let aside = place("errors/").aside(&key);
    assert_eq!(
        aside,
        format!("errors/redriven/processing-failed/2026/{NAME}")
    );
    assert_eq!(Place::kind_of(&key), "processing-failed");
}

/// What a destination refuses, and what fails before, lies under a type that is looked for.
#[test]
fn every_error_type_is_known() {
    for kind in ["delivery-failed", "postgresql-failed"] {
        assert!(TYPES.contains(&kind));
    }
    assert!(TYPES.contains(&crate::destination::opensearch::ERROR_TYPE));
    for at in [FailedAt::Transform, FailedAt::Keys, FailedAt::Open] {
        assert!(TYPES.contains(&at.error_type()), "{at:?}");
    }
}
