//! What lies in a folder is listed in order, page by page, read, and moved aside once.

use super::*;

fn folder(keys: &[&str]) -> (tempfile::TempDir, Folder) {
    let root = tempfile::tempdir().unwrap();
    for key in keys {
        let path = root.path().join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, key).unwrap();
    }
    let folder = Folder::new(root.path());
    (root, folder)
}

#[tokio::test]
async fn keys_come_in_order_and_none_beside_the_start() {
    let keys = ["errors/b/2", "errors/b/1/x", "errors/bc", "other/1"];
    let (root, folder) = folder(&keys);
    fs::write(root.path().join("errors/b/.standpipe-copy"), "").unwrap();
    let list = async |start, after| folder.list(start, after).await.unwrap();
    assert_eq!(list("errors/b/", "").await, ["errors/b/1/x", "errors/b/2"]);
    assert_eq!(list("errors/b/", "errors/b/1/x").await, ["errors/b/2"]);
    assert_eq!(list("errors/bc", "").await, ["errors/bc"]);
    assert_eq!(list("", "").await.len(), 4);
    assert!(list("nothing/", "").await.is_empty());
}

#[tokio::test]
async fn a_page_holds_the_first_keys() {
    let keys: Vec<_> = (0..PAGE + 5).map(|n| format!("e/{n:05}")).collect();
    let (_root, folder) = folder(&keys.iter().map(String::as_str).collect::<Vec<_>>());
    let first = folder.list("e/", "").await.unwrap();
    assert_eq!(first, keys[..PAGE]);
    let rest = folder.list("e/", &first[PAGE - 1]).await.unwrap();
    assert_eq!(rest, keys[PAGE..]);
}

#[tokio::test]
async fn moving_aside_again_is_fine_and_what_is_not_there_is_said() {
    let (root, folder) = folder(&["e/1"]);
    for _ in 0..2 {
        folder.move_aside("e/1", "e/redriven/1").await.unwrap();
    }
    assert!(folder.read("e/1").await.unwrap().is_none());
    let moved = fs::read_to_string(root.path().join("e/redriven/1")).unwrap();
    assert_eq!(moved, "e/1");
    let error = folder.move_aside("e/2", "e/redriven/2").await.unwrap_err();
    assert!(error.message.contains("cannot move"), "{error}");
}
