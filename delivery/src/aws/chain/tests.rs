use object_store::aws::AmazonS3ConfigKey as Key;

use super::*;

fn found(environment: &[(&str, &str)], key: Key) -> Option<String> {
    let variable = |name: &str| {
        let set = environment.iter().find(|(known, _)| *known == name);
        set.map(|(_, value)| (*value).to_owned())
    };
    from(variable).unwrap().get_config_value(&key)
}

#[test]
fn the_environment_goes_before_the_file() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("credentials");
    let text = "[default]\naws_access_key_id = FILE\naws_secret_access_key = S\n";
    std::fs::write(&file, text).unwrap();
    let file = ("AWS_SHARED_CREDENTIALS_FILE", file.to_str().unwrap());
    let key = [
        file,
        ("AWS_ACCESS_KEY_ID", "ENV"),
        ("AWS_SECRET_ACCESS_KEY", "S"),
    ];
    assert_eq!(found(&key, Key::AccessKeyId).as_deref(), Some("ENV"));
    assert_eq!(found(&[file], Key::AccessKeyId).as_deref(), Some("FILE"));
    let identity = [
        file,
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/t"),
        ("AWS_ROLE_ARN", "arn"),
    ];
    assert_eq!(found(&identity, Key::AccessKeyId), None);
    assert_eq!(found(&identity, Key::RoleArn).as_deref(), Some("arn"));
}

/// Rule 16: which bucket it is, and where, is the settings' alone.
#[test]
fn the_environment_does_not_say_where_objects_go() {
    let nowhere = ("AWS_SHARED_CREDENTIALS_FILE", "/no/such/file");
    let environment = [
        nowhere,
        ("AWS_ENDPOINT_URL", "http://evil"),
        ("AWS_REGION", "mars"),
    ];
    assert_eq!(found(&environment, Key::Endpoint), None);
    assert_eq!(found(&environment, Key::Region), None);
}
