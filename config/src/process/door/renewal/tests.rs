use std::path::Path;

use super::*;
use crate::tls::stand_in::Authority;

async fn begun(folder: &Path) -> (Authority, Renewal) {
    let authority = Authority::new();
    let tls = authority.sign().write(folder);
    (authority, Renewal::begin("test", tls).await.unwrap())
}

#[tokio::test]
async fn what_did_not_change_is_not_renewed() {
    let folder = tempfile::tempdir().unwrap();
    let (_, mut renewal) = begun(folder.path()).await;
    let mut current = renewal.current();
    renewal.look_again().await;
    assert!(!current.has_changed().unwrap());
    let other = Authority::new();
    other.sign().write(folder.path());
    renewal.look_again().await;
    assert!(current.has_changed().unwrap());
    current.mark_unchanged();
    renewal.look_again().await;
    assert!(!current.has_changed().unwrap());
}

#[tokio::test]
async fn files_that_cannot_be_used_change_nothing_and_are_told_of_once() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, mut renewal) = begun(folder.path()).await;
    let current = renewal.current();
    let said = |renewal: &Renewal| renewal.trouble.as_ref().map(|trouble| trouble.said);
    let new = authority.sign();
    std::fs::write(folder.path().join("door.crt"), &new.certificate).unwrap();
    renewal.look_again().await;
    assert_eq!(said(&renewal), Some(false), "the key may follow");
    renewal.look_again().await;
    assert_eq!(said(&renewal), Some(true));
    renewal.look_again().await;
    assert!(!current.has_changed().unwrap());
    new.write(folder.path());
    renewal.look_again().await;
    assert_eq!(said(&renewal), None);
    assert!(current.has_changed().unwrap());
}

#[tokio::test]
async fn a_door_does_not_begin_with_files_that_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let tls = Authority::new().sign().write(folder.path());
    std::fs::remove_file(folder.path().join("door.key")).unwrap();
    let wrong = Renewal::begin("test", tls).await.unwrap_err();
    assert_eq!(wrong.part, crate::tls::Part::Key);
}
