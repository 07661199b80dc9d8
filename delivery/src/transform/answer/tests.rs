//! Each line of reference D.4's table.

use super::*;
use crate::transform::vocabulary::portion;

const A: &str = "0202020202020202-7-0";
const B: &str = "0202020202020202-8-0";

/// What is judged of an answer to two records: the new bytes, `dropped`, or the error code.
fn judged(answer: &str) -> Vec<String> {
    let outcomes = judge(answer.as_bytes(), &portion(&[b"a", b"b"])).unwrap();
    let word = |outcome: &Outcome| match outcome {
        Outcome::Keep { bytes, .. } => String::from_utf8(bytes.to_vec()).unwrap(),
        Outcome::Drop => "dropped".to_owned(),
        Outcome::Failed(why) => {
            assert_eq!(why.attempts, 1, "final at once");
            why.code.to_owned()
        }
    };
    outcomes.iter().map(word).collect()
}

/// An answer of these records, each as JSON.
fn records(records: &[&str]) -> String {
    format!(r#"{{"records":[{}]}}"#, records.join(","))
}

fn ok(id: &str, data: &str) -> String {
    format!(r#"{{"recordId":"{id}","result":"Ok","data":"{data}"}}"#)
}

#[test]
fn what_is_right_is_kept_dropped_or_failed_in_any_order() {
    let (a, b) = (ok(A, "QQ=="), ok(B, "QkI="));
    assert_eq!(judged(&records(&[&b, &a])), ["A", "BB"]);
    let dropped = format!(r#"{{"recordId":"{A}","result":"Dropped","data":"QQ=="}}"#);
    let failed = format!(r#"{{"recordId":"{B}","result":"ProcessingFailed","data":"QQ=="}}"#);
    assert_eq!(
        judged(&records(&[&dropped, &failed])),
        ["dropped", "Lambda.ProcessingFailedStatus"]
    );
}

#[test]
fn ids_must_be_there_once_and_foreign_ones_are_ignored() {
    let (a, b) = (ok(A, "QQ=="), ok(B, "Qg=="));
    let missing = "Lambda.MissingRecordId";
    let twice = "Lambda.DuplicatedRecordId";
    assert_eq!(judged(&records(&[&a])), ["A", missing]);
    assert_eq!(judged(&records(&[&a, &b, &a])), [twice, "B"]);
    assert_eq!(judged(&records(&[&a, &ok("x", "QQ=="), &b])), ["A", "B"]);
    assert_eq!(judged(&records(&["5", &b])), [missing, "B"]);
    assert_eq!(judged("{}"), [missing, missing]);
    assert_eq!(judged("[]"), [missing, missing]);
    assert_eq!(judged(r#"{"records":{}}"#), [missing, missing]);
}

#[test]
fn a_record_that_is_wrong_fails_alone() {
    let format = "Lambda.InvalidReturnFormat";
    let mapping = "Lambda.JsonMappingException";
    let wrong = [
        (r#""result":"Ok""#, format),
        (r#""result":"Ok","data":null"#, format),
        (r#""data":"QQ==""#, format),
        (r#""result":"Maybe","data":"QQ==""#, mapping),
        (r#""result":"Ok","data":"Q=Q""#, mapping),
        (r#""result":"Ok","data":5"#, mapping),
        (r#""result":{},"data":"QQ==""#, mapping),
    ];
    for (members, code) in wrong {
        let a = format!(r#"{{"recordId":"{A}",{members}}}"#);
        assert_eq!(judged(&records(&[&a, &ok(B, "Qg==")])), [code, "B"], "{a}");
    }
}

#[test]
fn what_is_not_json_fails_all() {
    let code = "Lambda.JsonProcessingException";
    for nonsense in ["", "<html>", "{\"records\":[", "\u{0}"] {
        assert_eq!(judged(nonsense), [code, code], "{nonsense}");
    }
}

#[test]
fn an_error_of_the_function_is_no_answer() {
    let error = r#"{"errorMessage":"no","errorType":"KeyError","stackTrace":[]}"#;
    let judged = judge(error.as_bytes(), &portion(&[b"a"]));
    assert_eq!(judged, Err(FunctionError("KeyError: no".into())));
}

#[test]
fn keys_for_partitioning_are_kept() {
    let a = format!(
        r#"{{"recordId":"{A}","result":"Ok","data":"","metadata":{{"partitionKeys":{{"customer":"c\u0031"}}}}}}"#
    );
    let outcomes = judge(records(&[&a]).as_bytes(), &portion(&[b"a"])).unwrap();
    let [
        Outcome::Keep {
            keys: Some(keys), ..
        },
    ] = &outcomes[..]
    else {
        panic!("{outcomes:?}");
    };
    assert_eq!(keys["customer"], "c1");
}
