use std::fs;

use rcgen::date_time_ymd;

use super::stand_in::{Authority, Signed};
use super::*;

/// What is wrong with a pair, with a word of why.
fn refused(certificate: &str, key: &str) -> (Part, String) {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (certificate.to_owned(), key.to_owned());
    let tls = Signed { certificate, key }.write(folder.path());
    let wrong = tls.read().and_then(|written| written.server()).unwrap_err();
    (wrong.part, wrong.to_string())
}

#[test]
fn a_key_that_belongs_to_its_certificate_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let mut tls = authority.sign().write(folder.path());
    let ca = folder.path().join("ca.crt");
    fs::write(&ca, &authority.pem).unwrap();
    tls.client_ca = Some(ca.clone());
    tls.read().unwrap().server().unwrap();
    assert_eq!(authorities(&ca).unwrap(), authority.pem.as_bytes());
}

#[test]
fn what_cannot_be_used_is_named() {
    let authority = Authority::new();
    let (one, other) = (authority.sign(), authority.sign());
    let not_encoded = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
    for (certificate, key, part, why) in [
        (&*one.certificate, &*other.key, Part::Key, "does not belong"),
        (&*one.key, &*one.key, Part::Certificate, "no certificate"),
        ("", &*one.key, Part::Certificate, "no certificate"),
        (not_encoded, &*one.key, Part::Certificate, "can be used"),
        (
            &*one.certificate,
            &*one.certificate,
            Part::Key,
            "no private key",
        ),
        (&*one.certificate, "hunter2", Part::Key, "no private key"),
        (&*one.certificate, " ", Part::Key, "is empty"),
    ] {
        let (found, text) = refused(certificate, key);
        assert_eq!(found, part, "{text}");
        assert!(text.contains(why), "{why}: {text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let tls = authority.sign().write(folder.path());
    let absent = folder.path().join("absent");
    let mut without = tls.clone();
    without.client_ca = Some(absent.clone());
    assert_eq!(without.read().unwrap_err().part, Part::Authority);
    assert_eq!(authorities(&absent).unwrap_err().part, Part::Authority);
    let mut without = tls.clone();
    without.identity.certificate = absent.clone();
    assert_eq!(without.read().unwrap_err().part, Part::Certificate);
    let mut without = tls;
    without.identity.key = SecretSource::File(absent);
    assert_eq!(without.read().unwrap_err().part, Part::Key);
}

#[test]
fn a_file_of_authorities_must_hold_some() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.crt");
    for (text, why) in [
        ("", "no certificate"),
        (
            "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
            "cannot be used",
        ),
        ("-----BEGIN CERTIFICATE-----\n", "no PEM file"),
    ] {
        fs::write(&path, text).unwrap();
        let wrong = authorities(&path).unwrap_err().to_string();
        assert!(wrong.contains(why), "{text}: {wrong}");
    }
}

#[test]
fn a_certificate_whose_time_is_not_now_is_worth_a_warning() {
    let day = |days: u64| UnixTime::since_unix_epoch(Duration::from_secs(days * 24 * 3600));
    let signed = Authority::new().sign_with(|params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    let folder = tempfile::tempdir().unwrap();
    let pair = signed.write(folder.path()).read().unwrap().pair;
    // 2020-01-01 is the day 18262 of the era, 2021-01-01 the day 18628.
    for (now, why) in [
        (day(18261), Some("refuse it as yet")),
        (day(18263), None),
        (day(18613), None),
        (day(18615), Some("ends in 312 h: renew it")),
        (day(18629), Some("callers will refuse it")),
    ] {
        let worry = pair.worry(now);
        match why {
            None => assert_eq!(worry, None),
            Some(why) => assert!(worry.clone().unwrap_or_default().contains(why), "{worry:?}"),
        }
    }
}

#[test]
fn a_pair_is_the_same_if_its_content_is() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let first = authority.sign();
    let tls = first.write(folder.path());
    let read = tls.read().unwrap();
    first.write(folder.path());
    assert_eq!(tls.read().unwrap(), read);
    authority.sign().write(folder.path());
    assert_ne!(tls.read().unwrap(), read);
}

#[test]
fn what_is_printed_shows_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let signed = Authority::new().sign();
    let written = signed.write(folder.path()).read().unwrap();
    let middle = signed.key.lines().nth(1).unwrap();
    assert!(!format!("{written:?}").contains(middle));
    assert!(
        String::from_utf8(written.pair.pem())
            .unwrap()
            .contains(middle)
    );
}
