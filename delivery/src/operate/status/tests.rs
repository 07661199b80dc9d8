use serde_json::json;

use super::*;

fn said(accepted: u64) -> Value {
    json!({
        "version": "1.2.3",
        "settings": {"read_at": 0, "reloads": 1, "refused": 1, "last_error": "a.yaml:1: no"},
        "streams": {
            "web": {
                "state": "halted",
                "books": {"accepted": accepted, "delivered": 4, "failed": 1, "dropped": 1, "waiting": accepted - 6},
                "oldest_waiting_seconds": 90.04, "sealed_files": 2,
                "disk_used": 20 << 20, "disk_quota": 10_u64 << 30,
                "last_error": "no such bucket"
            }
        }
    })
}

#[test]
fn a_status_is_a_line_a_stream_and_what_is_wrong() {
    let text = shown(&said(9), None);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[0],
        "standpipe-delivery 1.2.3, settings of 1970-01-01T00:00:00.000Z"
    );
    assert_eq!(
        lines[1],
        "STREAM  STATE   ACCEPTED  DELIVERED  FAILED  DROPPED  WAITING  OLDEST  SEALED            DISK"
    );
    assert_eq!(
        lines[2],
        "web     halted         9          4       1        1        3  90.0 s       2  20MiB of 10GiB"
    );
    assert_eq!(lines[3], "web: no such bucket");
    assert!(lines[4].contains("a.yaml:1: no"), "{text}");
}

#[test]
fn rates_are_what_came_between_two_looks() {
    let (before, now) = (said(10), said(30));
    let text = shown(&now, Some((Duration::from_secs(2), &before)));
    assert!(text.contains("IN/S  OUT/S"), "{text}");
    let row = text.lines().nth(2).unwrap();
    assert!(row.ends_with("    10      0"), "{row}");
}

#[test]
fn a_stream_that_just_came_has_no_rate_and_sizes_are_rough() {
    assert_eq!(
        rates(&said(9)["streams"]["web"], &Value::Null, Duration::ZERO),
        [0.0; 2]
    );
    assert_eq!(rough_size(0), "0");
    assert_eq!(rough_size(1023), "1023");
    assert_eq!(rough_size(12_345_678), "11MiB");
}
