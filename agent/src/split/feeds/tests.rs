use super::*;

fn feed(start: usize, end: usize) -> Option<Feed> {
    Some(Feed { start, end })
}

#[test]
fn a_line_ends_at_feed_or_return_and_feed() {
    for encoding in [Encoding::Utf8, Encoding::Latin1] {
        let feeds = Feeds::new(encoding);
        assert_eq!(feeds.first(b"ab\r\ncd\n", false), feed(2, 4));
        assert_eq!(feeds.first(b"a\rb\n", true), feed(3, 4));
        assert_eq!(feeds.first(b"\n", false), feed(0, 1));
        assert_eq!(feeds.last(b"a\nb\nc", false), Some(4));
        assert_eq!(feeds.last(b"abc", false), None);
    }
}

#[test]
fn in_utf_16_it_is_two_bytes_at_an_even_offset() {
    let low = Feeds::new(Encoding::Utf16Le);
    assert_eq!(low.first(b"\x00\x0a\x00\x0a\x0a\x00", false), feed(4, 6));
    assert_eq!(low.first(b"\x00\x0a\x00\x0a\x0a\x00", true), feed(1, 3));
    assert_eq!(low.first(b"a\0\x0d\0\x0a\0", false), feed(2, 6));
    let high = Feeds::new(Encoding::Utf16Be);
    assert_eq!(high.first(b"\x0a\x00\x0a\x0a\x00\x0a", false), feed(4, 6));
    assert_eq!(high.first(b"\0\x0d\0\x0a", false), feed(0, 4));
    assert_eq!(high.last(b"\0\x0a\0\x0a\x0a\x0a", false), Some(4));
    assert_eq!(high.last(b"\x0a", true), None, "half of one is none");
}
