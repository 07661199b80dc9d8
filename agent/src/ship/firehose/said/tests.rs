use super::*;

fn refused_of(status: u16, body: &str) -> Refusal {
    refusal(
        StatusCode::from_u16(status).unwrap(),
        &HeaderMap::new(),
        body.as_bytes(),
    )
}

#[test]
fn each_record_is_told_apart() {
    let body = br#"{"Encrypted":false,"FailedPutCount":2,"RequestResponses":[
        {"RecordId":"1","ErrorCode":null},
        {"ErrorCode":"ServiceUnavailableException","ErrorMessage":"Slow down."},
        {"RecordId":"3"},
        {"ErrorCode":"InternalFailure","ErrorMessage":"x"}]}"#;
    let refused = refused(body, 4).unwrap();
    assert_eq!(refused.places, [1, 3].into());
    let why = refused.why().unwrap();
    assert_eq!(
        why,
        "Firehose took all but 2 of 4 records: ServiceUnavailableException: Slow down."
    );
    let all = br#"{"FailedPutCount":0,"RequestResponses":[{"RecordId":"1"}]}"#;
    assert_eq!(super::refused(all, 1).unwrap().why(), None);
}

#[test]
fn what_is_not_understood_is_no_answer() {
    for (body, count) in [
        ("<html>", 1),
        ("{}", 1),
        (
            r#"{"FailedPutCount":0,"RequestResponses":[{"RecordId":"1"}]}"#,
            2,
        ),
        (
            r#"{"FailedPutCount":1,"RequestResponses":[{"RecordId":"1"}]}"#,
            1,
        ),
        (
            r#"{"FailedPutCount":0,"RequestResponses":[{"ErrorCode":"X"}]}"#,
            1,
        ),
    ] {
        let trouble = refused(body.as_bytes(), count).unwrap_err();
        assert!(
            matches!(trouble, Trouble::Passing { .. }),
            "{body}: {trouble}"
        );
    }
}

#[test]
fn throttling_and_faults_pass_whatever_their_status() {
    for (status, body) in [
        (500, r#"{"__type":"InternalFailure"}"#),
        (503, "<html>busy</html>"),
        (
            503,
            r#"{"__type":"ServiceUnavailableException","message":"Slow down."}"#,
        ),
        (429, "{}"),
        (400, r#"{"__type":"ThrottlingException","Message":"x"}"#),
        (
            400,
            r#"{"__type":"com.amazonaws.firehose#LimitExceededException"}"#,
        ),
        (
            400,
            r#"{"__type":"ProvisionedThroughputExceededException"}"#,
        ),
    ] {
        let refusal = refused_of(status, body);
        assert!(matches!(refusal.trouble, Trouble::Passing { .. }), "{body}");
        assert!(!refusal.wants_other_credentials, "{body}");
    }
}

#[test]
fn what_does_not_pass_is_for_somebody_to_change() {
    for (status, name, other) in [
        (400, "ResourceNotFoundException", false),
        (400, "InvalidArgumentException", false),
        (400, "ValidationException", false),
        (400, "UnrecognizedClientException", true),
        (400, "AccessDeniedException", false),
        (403, "InvalidSignatureException", true),
        (413, "RequestEntityTooLarge", false),
    ] {
        let body = format!(r#"{{"__type":"{name}","message":"why"}}"#);
        let refusal = refused_of(status, &body);
        let Trouble::Operator(why) = &refusal.trouble else {
            panic!("{name} passes");
        };
        assert!(why.contains(name) && why.contains("why"), "{why}");
        assert_eq!(refusal.wants_other_credentials, other, "{name}");
    }
}

#[test]
fn a_key_that_ran_out_is_asked_for_anew() {
    for name in ["ExpiredTokenException", "RequestExpired"] {
        let refusal = refused_of(400, &format!(r#"{{"__type":"{name}"}}"#));
        assert!(refusal.wants_other_credentials);
        assert!(matches!(refusal.trouble, Trouble::Passing { .. }));
    }
}

#[test]
fn the_name_and_the_time_may_stand_in_headers() {
    let mut headers = HeaderMap::new();
    headers.insert(
        "x-amzn-errortype",
        "ThrottlingException:http://x".parse().unwrap(),
    );
    headers.insert("x-amz-retry-after", "1500".parse().unwrap());
    headers.insert(RETRY_AFTER, "9".parse().unwrap());
    let refusal = refusal(StatusCode::BAD_REQUEST, &headers, b"x");
    let Trouble::Passing { why, after } = refusal.trouble else {
        panic!("it does not pass");
    };
    assert_eq!(after, Some(Duration::from_millis(1500)));
    assert!(why.contains("ThrottlingException"), "{why}");
    headers.remove("x-amz-retry-after");
    assert_eq!(super::after(&headers), Some(Duration::from_secs(9)));
}
