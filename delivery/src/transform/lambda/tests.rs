//! Requests as they are sent, and what refusals mean. That signatures are right is shown by
//! another implementation, in `tests/tests/hooks`.

use standpipe_config::settings::delivery::{self as settings, Hook};

use super::*;
use crate::failure::Verdict;
use crate::transform::vocabulary::{portion, serve};

const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:function:shape:$LATEST";

fn settings(function: &str, endpoint: &str, secret: &str) -> settings::Transform {
    let text = format!(
        "s: {{destination: {{file: {{path: /o}}}}, transform: {{lambda: {{function: '{function}', \
         endpoint: '{endpoint}', access_key_id: ID, secret_access_key: {{file: '{secret}'}}}}}}}}"
    );
    settings::read_stream(&text).unwrap().transform.unwrap()
}

fn open(settings: &settings::Transform) -> Result<Lambda, Failure> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Hook::Lambda(hook) = &settings.hook else {
        panic!("lambda");
    };
    Lambda::open(hook, settings, &"s".parse().unwrap())
}

fn secret() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "secret").unwrap();
    file
}

async fn apply(url: &str) -> Result<Vec<Outcome>, Fault> {
    let secret = secret();
    let settings = settings(ARN, url, secret.path().to_str().unwrap());
    let lambda = open(&settings).unwrap();
    lambda.apply(&Arc::new(portion(&[b"a"]))).await
}

#[test]
fn a_function_is_invoked_in_its_region_by_name_or_arn() {
    let name = invocations("http://e", "shape");
    assert_eq!(name, "http://e/2015-03-31/functions/shape/invocations");
    let arn = invocations(&of_aws("eu-west-1"), ARN);
    assert_eq!(
        arn,
        "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/\
         arn%3Aaws%3Alambda%3Aeu-west-1%3A111122223333%3Afunction%3Ashape%3A%24LATEST/invocations"
    );
    assert!(of_aws("cn-north-1").ends_with(".amazonaws.com.cn"));
}

#[tokio::test]
async fn a_request_says_what_is_to_become_of_it_and_is_signed() {
    let (url, asked) = serve((200, vec![], b"{}".to_vec())).await;
    apply(&url).await.unwrap();
    let (headers, _) = asked.lock().unwrap().pop().unwrap();
    assert_eq!(headers["x-amz-invocation-type"], "RequestResponse");
    let signature = headers["authorization"].to_str().unwrap();
    assert!(
        signature.contains("/eu-west-1/lambda/aws4_request"),
        "the ARN's region counts: {signature}"
    );
    assert_eq!(headers.get_all("content-type").iter().count(), 1);
}

#[tokio::test]
async fn a_refusal_has_firehoses_code_and_says_what_to_do() {
    let cases = [
        (
            403,
            "AccessDeniedException",
            "Lambda.InvokeAccessDenied",
            false,
        ),
        (
            403,
            "InvalidSignatureException",
            "Lambda.InvalidSecurityToken",
            false,
        ),
        (
            404,
            "ResourceNotFoundException:http://e",
            "Lambda.ResourceNotFound",
            false,
        ),
        (
            429,
            "TooManyRequestsException",
            "Lambda.InvokeLimitExceeded",
            true,
        ),
        (500, "ServiceException", "Lambda.InternalServerError", true),
        (
            502,
            "ENILimitReachedException",
            "Lambda.ENILimitReachedException",
            true,
        ),
        (503, "", "Lambda.ServiceUnavailable", true),
        (
            413,
            "RequestTooLargeException",
            "Lambda.InvocationFailure",
            false,
        ),
    ];
    for (status, exception, code, is_unreachable) in cases {
        let (url, _) = serve((status, vec![(EXCEPTION, exception)], b"so sorry".to_vec())).await;
        let fault = apply(&url).await.unwrap_err();
        assert_eq!((fault.code, fault.is_unreachable), (code, is_unreachable));
        assert_eq!(fault.verdict, Verdict::Retry);
        assert!(fault.message.contains("so sorry"), "{}", fault.message);
        let helps = fault.message.contains("; ");
        assert_eq!(
            helps,
            matches!(status, 403 | 404) || exception.starts_with("TooMany")
        );
    }
}

#[tokio::test]
async fn a_function_that_failed_was_there() {
    let failed = vec![("x-amz-function-error", "Unhandled")];
    let said = br#"{"errorMessage":"2026 x Task timed out after 3.00 seconds"}"#.to_vec();
    let (url, _) = serve((200, failed, said)).await;
    let fault = apply(&url).await.unwrap_err();
    assert_eq!(
        (fault.code, fault.is_unreachable),
        ("Lambda.FunctionTimedOut", false)
    );
}

#[tokio::test]
async fn it_is_asked_without_being_called() {
    let secret = secret();
    let secret = secret.path().to_str().unwrap();
    let (url, asked) = serve((204, vec![], vec![])).await;
    open(&settings("shape", &url, secret))
        .unwrap()
        .preflight()
        .await
        .unwrap();
    let (headers, body) = asked.lock().unwrap().pop().unwrap();
    assert_eq!(headers["x-amz-invocation-type"], "DryRun");
    assert!(body.is_empty());
    let (url, _) = serve((404, vec![], vec![])).await;
    let refused = open(&settings("shape", &url, secret))
        .unwrap()
        .preflight()
        .await;
    assert!(refused.unwrap_err().message.contains("404"));
}

#[test]
fn without_its_secret_it_is_not_opened() {
    let secret = secret();
    let settings = settings(
        "shape",
        "http://127.0.0.1:1",
        secret.path().to_str().unwrap(),
    );
    drop(secret);
    let failure = open(&settings).unwrap_err();
    assert_eq!(failure.verdict, Verdict::Halt);
    assert!(failure.message.contains("secret file"), "{failure}");
}
