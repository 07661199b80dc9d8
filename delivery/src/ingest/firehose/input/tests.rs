use super::*;

fn read(body: &str) -> Input {
    Input::read(body.as_bytes()).unwrap()
}

#[test]
fn all_problems_of_shape_are_told_at_once_in_the_services_words() {
    let mut input = read(r#"{"DeliveryStreamName":"a b","Limit":0,"Tags":[]}"#);
    assert_eq!(input.stream().unwrap(), None);
    input.number("Limit", 1..=10_000).unwrap();
    input.list("Tags", 1..=50).unwrap();
    input.must_be_there("Nothing");
    let error = input.finish().unwrap_err();
    assert_eq!(error.kind, Kind::Validation);
    assert_eq!(
        error.message,
        "4 validation errors detected: \
         Value at 'deliveryStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; \
         Value at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1; \
         Value at 'tags' failed to satisfy constraint: Member must have length greater than or equal to 1; \
         Value at 'nothing' failed to satisfy constraint: Member must not be null"
    );
}

#[test]
fn the_name_of_a_stream_has_1_to_64_characters() {
    for (name, part) in [
        (String::new(), "greater than or equal to 1"),
        ("x".repeat(65), "less than or equal to 64"),
        ("..".to_owned(), "regular expression"),
    ] {
        let mut input = read(&format!(r#"{{"DeliveryStreamName":"{name}"}}"#));
        assert_eq!(input.stream().unwrap(), None);
        let error = input.finish().unwrap_err();
        assert!(
            error.message.starts_with("1 validation error detected"),
            "{error:?}"
        );
        assert!(error.message.contains(part), "{error:?}");
    }
    let name = "x".repeat(64);
    let mut input = read(&format!(r#"{{"DeliveryStreamName":"{name}"}}"#));
    assert_eq!(input.stream().unwrap().unwrap().as_str(), name);
    input.finish().unwrap();
}

#[test]
fn a_wrong_type_is_no_problem_of_shape() {
    let mut input = read(r#"{"A":1,"B":"x","C":1.5,"D":{}}"#);
    for error in [
        input.text("A", 1..=2).unwrap_err(),
        input.number("B", 1..=2).unwrap_err(),
        input.number("C", 1..=2).unwrap_err(),
        input.list("D", 1..=2).unwrap_err(),
        Input::read(b"[]").unwrap_err(),
        Input::read(b"{").unwrap_err(),
        Input::read(b"").unwrap_err(),
    ] {
        assert_eq!(error.kind, Kind::Serialization, "{error:?}");
    }
}

#[test]
fn what_is_not_supported_is_refused_by_its_name_and_null_is_nothing() {
    let mut input = read(r#"{"Limit":null,"AllowForceDelete":true,"Nothing":null}"#);
    assert_eq!(input.number("Limit", 1..=2).unwrap(), None);
    let error = input.finish().unwrap_err();
    assert_eq!(error.kind, Kind::InvalidArgument);
    assert!(
        error.message.contains("AllowForceDelete is not supported"),
        "{error:?}"
    );
}
