;; A vector times a matrix of 8-bit numbers, 16 columns at a time.
;;
;; multiply(values, scales, x, rows, out, panels) computes, for each column j,
;;
;;   out[j] = scales[j] * (x[0] values[0][j] + x[1] values[1][j] + ...)
;;
;; in float32, from left to right: engine.js has the same in JavaScript. A panel is 16 columns: 16
;; bytes of the first row, 16 of the second, and so on. All but `rows` and `panels` are addresses.
(module
  (import "page" "memory" (memory 1))
  (func (export "multiply")
    (param $values i32) (param $scales i32) (param $x i32) (param $rows i32)
    (param $out i32) (param $panels i32)
    (local $at i32) (local $end i32)
    (local $bytes v128) (local $words v128) (local $factor v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $end (i32.add (local.get $x) (i32.shl (local.get $rows) (i32.const 2))))
    (loop $panel
      (local.set $a (v128.const f32x4 0 0 0 0))
      (local.set $b (v128.const f32x4 0 0 0 0))
      (local.set $c (v128.const f32x4 0 0 0 0))
      (local.set $d (v128.const f32x4 0 0 0 0))
      (local.set $at (local.get $x))
      (loop $row
        (local.set $factor (v128.load32_splat (local.get $at)))
        (local.set $bytes (v128.load (local.get $values)))
        (local.set $words (i16x8.extend_low_i8x16_s (local.get $bytes)))
        (local.set $a (f32x4.add (local.get $a) (f32x4.mul (local.get $factor)
          (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_s (local.get $words))))))
        (local.set $b (f32x4.add (local.get $b) (f32x4.mul (local.get $factor)
          (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_s (local.get $words))))))
        (local.set $words (i16x8.extend_high_i8x16_s (local.get $bytes)))
        (local.set $c (f32x4.add (local.get $c) (f32x4.mul (local.get $factor)
          (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_s (local.get $words))))))
        (local.set $d (f32x4.add (local.get $d) (f32x4.mul (local.get $factor)
          (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_s (local.get $words))))))
        (local.set $values (i32.add (local.get $values) (i32.const 16)))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br_if $row (i32.lt_u (local.get $at) (local.get $end))))
      (v128.store (local.get $out)
        (f32x4.mul (local.get $a) (v128.load (local.get $scales))))
      (v128.store offset=16 (local.get $out)
        (f32x4.mul (local.get $b) (v128.load offset=16 (local.get $scales))))
      (v128.store offset=32 (local.get $out)
        (f32x4.mul (local.get $c) (v128.load offset=32 (local.get $scales))))
      (v128.store offset=48 (local.get $out)
        (f32x4.mul (local.get $d) (v128.load offset=48 (local.get $scales))))
      (local.set $scales (i32.add (local.get $scales) (i32.const 64)))
      (local.set $out (i32.add (local.get $out) (i32.const 64)))
      (br_if $panel (local.tee $panels (i32.sub (local.get $panels) (i32.const 1)))))))
