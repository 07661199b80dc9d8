;; A guest that does what the first byte of a record says, and keeps all others: see `act`.
(component
  (import "standpipe:transform/types@1.0.0" (instance $types
    (type $record (record (field "data" (list u8)) (field "arrival" u64)))
    (export "record" (type (eq $record)))
    (type $kept (record
      (field "data" (list u8))
      (field "partition-keys" (list (tuple string string)))))
    (export "kept" (type $exported-kept (eq $kept)))
    (type $outcome (variant (case "keep" $exported-kept) (case "drop") (case "fail" string)))
    (export "outcome" (type (eq $outcome)))))
  (import "standpipe:transform/log@1.0.0" (instance $log
    (type $level (enum "debug" "info" "warn" "error"))
    (export "level" (type $exported-level (eq $level)))
    (export "write" (func (param "level" $exported-level) (param "message" string)))))
  (import "wasi:random/random@0.2.0" (instance $random
    (export "get-random-u64" (func (result u64)))))
  (alias export $types "record" (type $record))
  (alias export $types "outcome" (type $outcome))

  (core module $memory-module (memory (export "memory") 1))
  (core instance $memory (instantiate $memory-module))
  (core func $write (canon lower (func $log "write") (memory $memory "memory")))
  (core func $chance (canon lower (func $random "get-random-u64")))

  (core module $code
    (import "memory" "memory" (memory 1))
    (import "log" "write" (func $write (param i32 i32 i32)))
    (import "random" "chance" (func $chance (result i64)))
    (global $free (mut i32) (i32.const 4096))
    (global $calls (mut i32) (i32.const 0))
    (data (i32.const 64) "no such luck")
    (data (i32.const 80) "partitionAB")

    (func $allocate (export "cabi_realloc")
      (param i32 i32) (param $align i32) (param $size i32) (result i32)
      (local $start i32)
      (local.set $start (i32.and
        (i32.add (global.get $free) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
      (global.set $free (i32.add (local.get $start) (local.get $size)))
      (block $enough
        (loop $more
          (br_if $enough (i32.le_u (global.get $free) (i32.shl (memory.size) (i32.const 16))))
          (if (i32.eq (i32.const -1) (memory.grow (i32.const 16))) (then (unreachable)))
          (br $more)))
      (local.get $start))

    (func (export "apply") (param $record i32) (param $count i32) (result i32)
      (local $outcomes i32) (local $outcome i32) (local $left i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (local.set $outcomes (call $allocate (i32.const 0) (i32.const 0) (i32.const 4)
        (i32.mul (local.get $count) (i32.const 20))))
      (local.set $outcome (local.get $outcomes))
      (local.set $left (local.get $count))
      (i32.store (i32.const 0) (local.get $outcomes))
      (i32.store (i32.const 4) (local.get $count))
      (block $done
        (loop $next
          (br_if $done (i32.eqz (local.get $left)))
          (call $act (local.get $record) (local.get $outcome))
          (local.set $record (i32.add (local.get $record) (i32.const 16)))
          (local.set $outcome (i32.add (local.get $outcome) (i32.const 20)))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br $next)))
      (i32.const 0))

    (func $act (param $record i32) (param $outcome i32)
      (local $data i32) (local $length i32) (local $first i32)
      (local.set $data (i32.load (local.get $record)))
      (local.set $length (i32.load offset=4 (local.get $record)))
      (if (local.get $length) (then (local.set $first (i32.load8_u (local.get $data)))))
      ;; `L`: a loop without an end.
      (if (i32.eq (local.get $first) (i32.const 76)) (then (loop $forever (br $forever))))
      ;; `M`: all the memory there is, and then some.
      (if (i32.eq (local.get $first) (i32.const 77)) (then
        (loop $more
          (br_if $more (i32.ne (i32.const -1) (memory.grow (i32.const 16)))))
        (unreachable)))
      ;; `T`: a trap.
      (if (i32.eq (local.get $first) (i32.const 84)) (then (unreachable)))
      ;; `S`: an outcome too few.
      (if (i32.eq (local.get $first) (i32.const 83)) (then
        (i32.store (i32.const 4) (i32.sub (i32.load (i32.const 4)) (i32.const 1)))))
      ;; `G`: its record says that it holds gigabytes.
      (if (i32.eq (local.get $first) (i32.const 71)) (then
        (local.set $length (i32.shl (memory.size) (i32.const 15)))
        (local.set $data (i32.const 0))))
      ;; `W`: a line for the log, which is the record.
      (if (i32.eq (local.get $first) (i32.const 87)) (then
        (call $write (i32.const 2) (local.get $data) (local.get $length))))
      ;; `D`: dropped.
      (if (i32.eq (local.get $first) (i32.const 68)) (then
        (i32.store8 (local.get $outcome) (i32.const 1))
        (return)))
      ;; `F`: failed, with a message.
      (if (i32.eq (local.get $first) (i32.const 70)) (then
        (i32.store8 (local.get $outcome) (i32.const 2))
        (i32.store offset=4 (local.get $outcome) (i32.const 64))
        (i32.store offset=8 (local.get $outcome) (i32.const 12))
        (return)))
      ;; `C`: kept as one byte, the number of calls that this instance has seen.
      (if (i32.eq (local.get $first) (i32.const 67)) (then
        (i32.store8 (local.get $data) (i32.add (i32.const 48) (global.get $calls)))
        (local.set $length (i32.const 1))))
      ;; `R`: another letter each time.
      (if (i32.eq (local.get $first) (i32.const 82)) (then
        (i32.store8 (local.get $data)
          (i32.add (i32.const 97) (i32.and (i32.wrap_i64 (call $chance)) (i32.const 15))))))
      (i32.store8 (local.get $outcome) (i32.const 0))
      (i32.store offset=4 (local.get $outcome) (local.get $data))
      (i32.store offset=8 (local.get $outcome) (local.get $length))
      (i32.store offset=12 (local.get $outcome) (i32.const 4))
      (i32.store offset=16 (local.get $outcome) (i32.const 0))
      ;; `P`: kept, with the partition key `partition` that is `AB`.
      (if (i32.eq (local.get $first) (i32.const 80)) (then
        (i32.store (i32.const 128) (i32.const 80))
        (i32.store (i32.const 132) (i32.const 9))
        (i32.store (i32.const 136) (i32.const 89))
        (i32.store (i32.const 140) (i32.const 2))
        (i32.store offset=12 (local.get $outcome) (i32.const 128))
        (i32.store offset=16 (local.get $outcome) (i32.const 1))))))

  (core instance $code (instantiate $code
    (with "memory" (instance $memory))
    (with "log" (instance (export "write" (func $write))))
    (with "random" (instance (export "chance" (func $chance))))))
  (func (export "apply") (param "records" (list $record)) (result (list $outcome))
    (canon lift (core func $code "apply")
      (memory $memory "memory")
      (realloc (func $code "cabi_realloc")))))
