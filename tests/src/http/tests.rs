use super::*;

#[test]
fn a_whole_answer_is_read_and_a_part_of_one_is_not() {
    let whole = b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nabc";
    let answer = read(whole).unwrap();
    assert_eq!((answer.status, &answer.body[..]), (404, &b"abc"[..]));
    for cut in 0..whole.len() {
        assert!(read(&whole[..cut]).is_none(), "{cut}");
    }
}

#[test]
fn chunks_are_put_together() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let said = format!("{head}3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n");
    assert_eq!(read(said.as_bytes()).unwrap().body, b"abc0123456789");
    assert!(read(&said.as_bytes()[..said.len() - 20]).is_none());
}
