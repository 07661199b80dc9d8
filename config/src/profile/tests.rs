use super::*;

const TEXT: &str = "
# comment = x
[default]
aws_access_key_id = AKID
aws_secret_access_key=SE=CRET
region = x
[ other ]
AWS_ACCESS_KEY_ID = OTHER
aws_secret_access_key = S2
aws_session_token = T
[half]
aws_access_key_id = H
";

#[test]
fn a_profile_is_found_by_its_name() {
    let default = read(TEXT, "default").unwrap();
    assert_eq!(
        (
            default.key_id.as_str(),
            default.secret.as_str(),
            default.token
        ),
        ("AKID", "SE=CRET", None)
    );
    let other = read(TEXT, "other").unwrap();
    assert_eq!(
        (other.key_id.as_str(), other.token.as_deref()),
        ("OTHER", Some("T"))
    );
    assert!(read(TEXT, "half").is_none() && read(TEXT, "none").is_none());
}
