use super::*;

fn settled(objects: &[&[(&str, u64)]]) -> bool {
    let mut order = Order::default();
    for object in objects {
        order.object(object.iter().map(|(name, n)| ((*name).to_owned(), *n)));
    }
    order.settle().is_ok()
}

#[test]
fn sources_may_mix_and_objects_may_come_in_any_order() {
    assert!(settled(&[
        &[("a", 4), ("b", 1), ("a", 5)],
        &[("a", 1), ("a", 2)]
    ]));
}

#[test]
fn a_record_behind_a_later_one_is_out_of_order() {
    assert!(!settled(&[&[("a", 2), ("a", 1)]]));
}

#[test]
fn an_object_may_not_hold_what_comes_between_another_s() {
    assert!(!settled(&[&[("a", 1), ("a", 3)], &[("a", 2)]]));
}
