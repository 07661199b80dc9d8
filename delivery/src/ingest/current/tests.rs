use super::*;

#[test]
fn a_change_counts_for_those_who_come_after_it() {
    let door = Current::new(vec!["old"]);
    let before: Arc<Vec<&str>> = Arc::from_ref(&door);
    let same_door = door.clone();
    same_door.change(|keys| keys.push("new"));
    let after: Arc<Vec<&str>> = Arc::from_ref(&door);
    assert_eq!(*before, ["old"]);
    assert_eq!(*after, ["old", "new"]);
}
