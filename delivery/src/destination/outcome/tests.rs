use super::*;

#[test]
fn rows_come_in_their_order_each_with_its_reason_and_each_once() {
    let mut rejections = Rejections::default();
    rejections.add(7, "400", "no number");
    rejections.add(2, "400", "no date");
    rejections.add(7, "429", "later");
    assert_eq!(rejections.len(), 3);
    let rows: Vec<_> = rejections
        .in_order()
        .map(|(row, r)| (row, r.message))
        .collect();
    assert_eq!(rows, [(2, "no date".into()), (7, "no number".into())]);
}

/// Of every destination that looks at rows: whatever it repeats of what it was told.
#[test]
fn a_reason_has_no_secret_in_it() {
    known::remember("told-to-the-destination");
    let mut rejections = Rejections::default();
    rejections.add(0, "400", "no, told-to-the-destination");
    assert_eq!(rejections.first().unwrap().message, "no, ***");
}

/// A file of a million bad rows keeps a bounded amount of text, and every row.
#[test]
fn reasons_are_bounded_and_rows_are_not() {
    let mut rejections = Rejections::default();
    let long = "é".repeat(3000);
    for row in 0..20_000 {
        rejections.add(row, "400", &format!("{row} {long}"));
    }
    let text: usize = rejections.reasons.iter().map(|r| r.message.len()).sum();
    assert!(text < REASONS, "{text}");
    assert_eq!(rejections.clone().in_order().count(), 20_000);
    assert!(
        rejections
            .in_order()
            .all(|(_, reason)| reason.code == "400")
    );
}
