;; A transform without a toolchain, in WebAssembly's own text format: lines that begin with `#` are
;; dropped, all others stay as they are.
(component
  ;; The types of delivery/wit/transform.wit.
  (import "standpipe:transform/types@1.0.0" (instance $types
    (type $record (record (field "data" (list u8)) (field "arrival" u64)))
    (export "record" (type (eq $record)))
    (type $kept (record
      (field "data" (list u8))
      (field "partition-keys" (list (tuple string string)))))
    (export "kept" (type $exported-kept (eq $kept)))
    (type $outcome (variant (case "keep" $exported-kept) (case "drop") (case "fail" string)))
    (export "outcome" (type (eq $outcome)))))
  (alias export $types "record" (type $record))
  (alias export $types "outcome" (type $outcome))

  (core module $code
    (memory (export "memory") 1)
    ;; Where free memory begins. All of it is free again after each call.
    (global $free (mut i32) (i32.const 16))

    ;; Gives `size` bytes: for the records, and for the outcomes.
    (func $allocate (export "cabi_realloc")
      (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
      (local $start i32) (local $end i32)
      (local.set $start (i32.and
        (i32.add (global.get $free) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
      (local.set $end (i32.add (local.get $start) (local.get $size)))
      (block $enough
        (br_if $enough (i32.le_u (local.get $end) (i32.shl (memory.size) (i32.const 16))))
        (br_if $enough (i32.ne (i32.const -1) (memory.grow (i32.add (i32.const 1) (i32.shr_u
          (i32.sub (local.get $end) (i32.shl (memory.size) (i32.const 16))) (i32.const 16))))))
        (unreachable))
      (global.set $free (local.get $end))
      (local.get $start))

    ;; A record takes 16 bytes: where its data lies, its length, its arrival. An outcome takes 20:
    ;; which case it is; for `keep` where the data lies, its length, and the same of the keys.
    (func (export "apply") (param $record i32) (param $count i32) (result i32)
      (local $outcomes i32) (local $outcome i32) (local $left i32)
      (local.set $outcomes (call $allocate (i32.const 0) (i32.const 0) (i32.const 4)
        (i32.mul (local.get $count) (i32.const 20))))
      (local.set $outcome (local.get $outcomes))
      (local.set $left (local.get $count))
      (block $done
        (loop $next
          (br_if $done (i32.eqz (local.get $left)))
          (call $shape (local.get $record) (local.get $outcome))
          (local.set $record (i32.add (local.get $record) (i32.const 16)))
          (local.set $outcome (i32.add (local.get $outcome) (i32.const 20)))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br $next)))
      ;; The answer is where the outcomes lie, and how many there are.
      (i32.store (i32.const 0) (local.get $outcomes))
      (i32.store (i32.const 4) (local.get $count))
      (i32.const 0))

    (func $shape (param $record i32) (param $outcome i32)
      (if (call $is-comment (i32.load (local.get $record)) (i32.load offset=4 (local.get $record)))
        (then (i32.store8 (local.get $outcome) (i32.const 1)))
        (else
          (i32.store8 (local.get $outcome) (i32.const 0))
          (i32.store offset=4 (local.get $outcome) (i32.load (local.get $record)))
          (i32.store offset=8 (local.get $outcome) (i32.load offset=4 (local.get $record)))
          (i32.store offset=12 (local.get $outcome) (i32.const 4))
          (i32.store offset=16 (local.get $outcome) (i32.const 0)))))

    (func $is-comment (param $data i32) (param $length i32) (result i32)
      (if (result i32) (local.get $length)
        (then (i32.eq (i32.load8_u (local.get $data)) (i32.const 35)))
        (else (i32.const 0))))

    (func (export "cabi_post_apply") (param i32)
      (global.set $free (i32.const 16))))

  (core instance $code (instantiate $code))
  (func (export "apply") (param "records" (list $record)) (result (list $outcome))
    (canon lift (core func $code "apply")
      (memory $code "memory")
      (realloc (func $code "cabi_realloc"))
      (post-return (func $code "cabi_post_apply")))))
