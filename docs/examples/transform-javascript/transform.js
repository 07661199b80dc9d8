// A transform in JavaScript: access-log lines become JSON objects.

const LINE =
  /^([^ ]+) [^ ]+ ([^ ]+) \[([^\]]+)\] "([A-Z]+) ([^ "]+)[^"]*" ([0-9]{3}) ([0-9]+|-)(?: |$)/;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

// What Standpipe calls: one outcome per record, in their order.
export function apply(records) {
  return records.map((record) => outcome(record.data));
}

function outcome(data) {
  let line;
  try {
    line = decoder.decode(data);
  } catch {
    return { tag: "fail", val: "the record is no UTF-8" };
  }
  const match = LINE.exec(line);
  if (match === null) return { tag: "fail", val: "this is no line of an access log" };
  const [, host, user, time, method, path, status, size] = match;
  if (path === "/favicon.ico") return { tag: "drop" };
  const shaped = {
    host,
    user: user === "-" ? null : user,
    time,
    method,
    path,
    status: Number(status),
    bytes: size === "-" ? 0 : Number(size),
  };
  const partitionKeys = [["class", status[0] + "xx"]];
  return { tag: "keep", val: { data: encoder.encode(JSON.stringify(shaped)), partitionKeys } };
}
