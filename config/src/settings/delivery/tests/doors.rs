//! Doors, their tokens, and secrets.

use super::*;

#[test]
fn doors_are_checked() {
    let native = "native: {address: 127.0.0.1:1}";
    for (listen, part) in [
        ("{}".to_owned(), "no door is open"),
        (
            "{admin: {address: 127.0.0.1:1}}".to_owned(),
            "no door is open",
        ),
        (
            "{native: {}}".to_owned(),
            "listen.native.address: is missing",
        ),
        (
            "{native: {address: localhost:1}}".to_owned(),
            "an IP address and a port",
        ),
        (
            "{native: {address: 0.0.0.0:1}}".to_owned(),
            "without tokens only loopback",
        ),
        (
            "{native: {address: \"[::]:1\", tokens: []}}".to_owned(),
            "without tokens only loopback",
        ),
        (
            format!("{{{native}, admin: {{address: 10.0.0.1:2}}}}"),
            "without tokens only loopback is allowed",
        ),
        (
            format!("{{{native}, admin: {{address: 10.0.0.1:2, tokens: []}}}}"),
            "delivery.yaml:2:59: listen.admin.address",
        ),
        (
            format!("{{{native}, admin: {{address: 127.0.0.1:1}}}}"),
            "is the address of native too",
        ),
        ("{firehose: }".to_owned(), "no door is open"),
        (
            "{firehose: {}}".to_owned(),
            "listen.firehose.address: is missing",
        ),
        (
            "{firehose: {address: 0.0.0.0:1}}".to_owned(),
            "without keys only loopback",
        ),
        (
            "{firehose: {address: 127.0.0.1:1, account: 12}}".to_owned(),
            "allowed is 12 digits",
        ),
        (
            "{firehose: {address: 127.0.0.1:1, created: {s3: {}, glue_tables: no/where}}}"
                .to_owned(),
            "no/where is no folder: make it",
        ),
        (
            "{firehose: {address: 127.0.0.1:1, region: EU}}".to_owned(),
            "the name of a region",
        ),
        (
            format!("{{{native}, firehose: {{address: 127.0.0.1:1}}}}"),
            "is the address of firehose too",
        ),
        (
            "{firehose: {address: 127.0.0.1:1}, admin: {address: 127.0.0.1:1}}".to_owned(),
            "is the address of firehose too",
        ),
    ] {
        let found = problems(&with_listen(&listen));
        assert_eq!(found.len(), 1, "{listen}: {found:?}");
        assert!(found[0].contains(part), "{listen}: {found:?}");
    }
    read_here(&with_listen("{native: {address: \"[::1]:1\"}}")).unwrap();
}

#[test]
fn a_secret_is_never_written_in_place_nor_printed() {
    for token in [
        "hunter2",
        "{hunter2: }",
        "{value: hunter2}",
        "[hunter2]",
        "{file: /dev/null/hunter2, env: hunter2}",
        "{file: [hunter2]}",
    ] {
        let listen =
            format!("{{native: {{address: 0.0.0.0:1, tokens: [{{name: a, token: {token}}}]}}}}");
        let found = problems(&with_listen(&listen));
        assert_eq!(found.len(), 1, "{token}: {found:?}");
        assert!(found[0].contains("never written in place"), "{found:?}");
        assert!(!found[0].contains("hunter2"), "{found:?}");
    }
    let listen = "{native: {address: 0.0.0.0:1, tokens: [{name: a, token: {env: NO_SUCH_VARIABLE_X}}, {name: b, token: {file: none}}]}}";
    let found = problems(&with_listen(listen));
    assert!(
        found[0]
            .contains("tokens[0].token: the environment variable NO_SUCH_VARIABLE_X is not set"),
        "{found:?}"
    );
    assert!(
        found[1].contains("tokens[1].token: cannot read the secret file /etc/standpipe/none"),
        "{found:?}"
    );
}

#[test]
fn tokens_of_the_admin_door_look_and_order_if_they_may() {
    let admin = |tokens: &str| {
        with_listen(&format!(
            "{{native: {{address: 127.0.0.1:1}}, admin: {{address: 0.0.0.0:2, tokens: [{tokens}]}}}}"
        ))
    };
    let token = "token: {file: SECRETS/token}";
    let read = read_here(&admin(&format!(
        "{{name: prometheus, {token}}}, {{name: people, {token}, actions: [read, command]}}"
    )))
    .unwrap();
    assert!(read.warnings[0].message.contains("without tls"));
    let tokens = read.settings.listen.admin.unwrap().tokens;
    let may: Vec<_> = tokens.iter().map(|token| token.may_command).collect();
    assert_eq!(may, [false, true]);
    assert_eq!(tokens[0].token.expose(), "hunter2");
    for (tokens, part) in [
        (
            format!("{{name: a, {token}}}, {{name: a, {token}}}"),
            "another token has the name",
        ),
        (
            format!("{{name: a, {token}, actions: []}}"),
            "a list of read, command",
        ),
        (
            format!("{{name: a, {token}, actions: [pause]}}"),
            "one of read, command",
        ),
        (
            "{name: a, token: hunter2}".to_owned(),
            "never written in place",
        ),
    ] {
        let found = problems(&admin(&tokens));
        assert_eq!(found.len(), 1, "{tokens}: {found:?}");
        assert!(found[0].contains(part), "{tokens}: {found:?}");
    }
}

#[test]
fn names_of_tokens_and_patterns_are_checked() {
    let tokens = |tokens: &str| {
        with_listen(&format!(
            "{{native: {{address: 127.0.0.1:1, tokens: {tokens}}}}}"
        ))
    };
    let token = "token: {file: SECRETS/token}";
    let found = problems(&tokens(&format!(
        "[{{name: a, {token}}}, {{name: a, {token}}}]"
    )));
    assert!(
        found[0].contains("tokens[1]: conflict: another token has the name \"a\""),
        "{found:?}"
    );
    let found = problems(&tokens(&format!(
        "[{{name: a, {token}, streams: [\"a b\", '']}}]"
    )));
    assert_eq!(found.len(), 2, "{found:?}");
    let idle = read_here(&tokens(&format!(
        "[{{name: a, {token}, streams: [\"x*\"]}}]"
    )))
    .unwrap();
    assert!(idle.warnings[0].message.contains("no stream is called so"));
}

#[test]
fn access_keys_are_checked() {
    let keys = |keys: &str| {
        with_listen(&format!(
            "{{firehose: {{address: 0.0.0.0:1, keys: {keys}}}}}"
        ))
    };
    let secret = "secret: {file: SECRETS/token}";
    for (given, part) in [
        (
            format!("[{{id: a, {secret}}}, {{id: a, {secret}}}]"),
            "keys[1]: conflict: another key has the id \"a\"",
        ),
        (
            format!("[{{id: a/b, {secret}}}]"),
            "the id of an access key",
        ),
        (format!("[{{id: a, {secret}, actions: []}}]"), "put, manage"),
        (
            format!("[{{id: a, {secret}, actions: [delete]}}]"),
            "put or manage",
        ),
        (
            "[{id: a, secret: hunter2}]".to_owned(),
            "never written in place",
        ),
    ] {
        let found = problems(&keys(&given));
        assert_eq!(found.len(), 1, "{given}: {found:?}");
        assert!(found[0].contains(part), "{given}: {found:?}");
    }
    let idle = read_here(&keys(&format!("[{{id: a, {secret}, streams: [\"x*\"]}}]"))).unwrap();
    assert!(idle.warnings[0].message.contains("the key \"a\" names"));
}

#[test]
fn patterns_match_names() {
    for (pattern, name, expected) in [
        ("web", "web", true),
        ("web", "web-1", false),
        ("web-*", "web-", true),
        ("web-*", "web", false),
        ("*", "x", true),
        ("*-log", "app-log", true),
        ("a*a", "a", false),
        ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "a-c-b", false),
        ("**", "x", true),
    ] {
        let pattern = StreamPattern(pattern.to_owned());
        assert_eq!(
            pattern.matches(&name.parse().unwrap()),
            expected,
            "{pattern:?} {name}"
        );
    }
}
