use super::*;

fn reply(status: u16, code: &str) -> Reply {
    let body = match code {
        "" => String::new(),
        code => format!("<Error><Code>{code}</Code><Message>because</Message></Error>"),
    };
    Reply::read(&format!("{STATUS}{status} Some Reason: {body}"))
}

fn place() -> Place {
    Place {
        endpoint: Some("http://127.0.0.1:9000".into()),
        bucket: "logs".into(),
        region: "us-east-1".into(),
        path_style: true,
        access: None,
        storing: Default::default(),
    }
}

/// The table of DESIGN, and rule 20: what is unknown may pass.
#[test]
fn each_refusal_has_its_verdict() {
    for (status, code, verdict) in [
        (500, "InternalError", Verdict::Retry),
        (503, "SlowDown", Verdict::Retry),
        (429, "", Verdict::Retry),
        (409, "OperationAborted", Verdict::Retry),
        (404, "NoSuchKey", Verdict::Retry),
        (404, "NoSuchBucket", Verdict::Halt),
        (403, "AccessDenied", Verdict::Halt),
        (403, "", Verdict::Halt),
        (401, "", Verdict::Halt),
        (301, "PermanentRedirect", Verdict::Halt),
        (400, "AuthorizationHeaderMalformed", Verdict::Halt),
        (400, "KeyTooLongError", Verdict::Divert),
        (400, "", Verdict::Divert),
        (400, "EntityTooLarge", Verdict::Divert),
        (400, "BadDigest", Verdict::Retry),
        (400, "RequestTimeout", Verdict::Retry),
        (413, "", Verdict::Halt),
        (501, "NotImplemented", Verdict::Retry),
        (418, "", Verdict::Retry),
    ] {
        let failure = reply(status, code).failure("put", "a/b", &place());
        assert_eq!(failure.verdict, verdict, "{status} {code}: {failure}");
    }
    let cut = Reply::read("connection reset by peer").failure("put", "a/b", &place());
    assert_eq!(cut.verdict, Verdict::Retry);
    let redirect = Reply::read("Received redirect without LOCATION, this normally indicates");
    assert_eq!(redirect.meaning(), Meaning::Operator);
}

#[test]
fn a_failure_says_what_where_why_and_what_to_do() {
    let failure = reply(404, "NoSuchBucket").failure("put", "a/b", &place());
    assert_eq!(
        failure.message,
        "cannot put a/b in the bucket logs at http://127.0.0.1:9000: 404 NoSuchBucket: because; create the bucket, or correct its name in the settings"
    );
    let plain = reply(502, "").failure("put", "a/b", &place());
    assert!(plain.message.ends_with("9000: 502 Some Reason"), "{plain}");
}
