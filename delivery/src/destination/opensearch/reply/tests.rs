use super::*;

/// What OpenSearch 2.19 and Elasticsearch 7.10 and 8.19 say.
#[test]
fn each_document_is_judged_by_what_is_said_of_it() {
    let said = |status: u16, kind: &str, reason: &str| {
        let error = format!(r#"{{"type":"{kind}","reason":"{reason}"}}"#);
        let body = format!(
            r#"{{"errors":true,"items":[{{"create":{{"status":{status},"error":{error}}}}}]}}"#
        );
        items(body.as_bytes(), 1).unwrap().remove(0)
    };
    assert_eq!(
        said(409, "version_conflict_engine_exception", "x"),
        Item::Done
    );
    assert!(matches!(
        said(429, "es_rejected_execution_exception", "x"),
        Item::Busy(..)
    ));
    assert!(matches!(
        said(503, "unavailable_shards_exception", "x"),
        Item::Busy(..)
    ));
    assert!(matches!(
        said(500, "null_pointer_exception", "x"),
        Item::Unknown(..)
    ));
    assert!(matches!(
        said(400, "mapper_parsing_exception", "x"),
        Item::Rejected(..)
    ));
    assert!(matches!(
        said(400, "illegal_argument_exception", "Limit of total fields"),
        Item::Rejected(..)
    ));
    assert!(matches!(
        said(
            400,
            "illegal_argument_exception",
            "pipeline with id [p] does not exist"
        ),
        Item::Halt(..)
    ));
    assert!(matches!(
        said(400, "index_closed_exception", "x"),
        Item::Halt(..)
    ));
    assert!(matches!(
        said(404, "index_not_found_exception", "x"),
        Item::Halt(..)
    ));
    assert!(matches!(
        said(403, "cluster_block_exception", "x"),
        Item::Halt(..)
    ));
}

#[test]
fn an_answer_to_another_number_of_documents_is_none() {
    let body = br#"{"items":[{"create":{"status":201}},{"index":{"status":200}}]}"#;
    assert_eq!(items(body, 2), Some(vec![Item::Done, Item::Done]));
    assert_eq!(items(body, 3), None);
    assert_eq!(items(b"<html>", 1), None);
}
