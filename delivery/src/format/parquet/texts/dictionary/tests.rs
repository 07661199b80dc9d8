use super::*;

#[test]
fn each_text_has_one_place_and_what_has_no_room_has_none() {
    let mut dictionary = Dictionary::default();
    assert_eq!(dictionary.width(), 0);
    let texts: Vec<_> = (0..1000).map(|i| format!("text {i}")).collect();
    for _ in 0..2 {
        for (at, text) in (0..).zip(&texts) {
            assert_eq!(dictionary.place(text.as_bytes()), Some(at));
        }
    }
    assert_eq!((dictionary.len(), dictionary.width()), (1000, 10));
    assert!(dictionary.values().eq(texts.iter().map(String::as_bytes)));
    assert_eq!(dictionary.page()[..10], *b"\x06\0\0\0text 0");
    assert_eq!(dictionary.place(&vec![b'x'; DICTIONARY_BYTES]), None);
    assert_eq!(dictionary.place(b"text 999"), Some(999));
    assert_eq!(dictionary.place(b""), Some(1000));
}
