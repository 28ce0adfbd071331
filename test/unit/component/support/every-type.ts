/** A package with every WIT type, types used across interfaces, resources on both sides and async functions. */
export const EVERY_TYPE_WIT = `
package lab:types@1.2.3;

interface shared {
  record point { x: s32, y: s32 }
  type corner = point;
  resource blob {
    constructor(size: u32);
    read: func(offset: u64, length: u32) -> result<list<u8>, string>;
    merge-all: static func(blobs: list<borrow<blob>>) -> blob;
  }
  enum color-space { srgb, display-p3 }
  lookup: func(name: string) -> option<point>;
}

interface values {
  use shared.{point, blob, color-space};
  record every-integer { a: u8, b: s8, c: u16, d: s16, e: u32, f: s32, g: u64, h: s64 }
  record nested { at: point, where-to: option<option<string>>, outcome: result<option<u32>, result<_, string>> }
  variant shape { none, circle(f32), polygon(list<point>), labeled(tuple<string, char>) }
  flags access-mode { read, write, exec-all }
  enum size { small, large }
  type pixels = list<u8>;
  resource session {
    constructor(name: string);
    open: static func(path: string) -> result<session, size>;
    send: func(data: pixels, blob: borrow<blob>) -> own<blob>;
  }
  integers: func(v: every-integer) -> every-integer;
  floats: func(a: f32, b: f64) -> tuple<f32, f64>;
  text: func(a: char, b: string, c: bool) -> list<char>;
  nest: func(v: nested) -> nested;
  shapes: func(v: list<shape>) -> option<shape>;
  modes: func(v: access-mode, space: color-space) -> access-mode;
  arrays: func(a: list<u8>, b: list<s8>, c: list<u16>, d: list<s16>, e: list<u32>, f: list<s32>, g: list<u64>, h: list<s64>, i: list<f32>, j: list<f64>) -> list<list<u64>>;
  take: func(s: session) -> session;
  look: func(s: borrow<session>, b: blob) -> u32;
  fails: func() -> result<_, shape>;
  succeeds: func() -> result;
  nothing: func();
}

interface later {
  use shared.{point};
  wait: async func(p: point) -> u32;
  pump: async func(s: stream<u8>) -> future<result<_, string>>;
  idle: func(s: stream, f: future) -> option<error-context>;
}

world everything {
  import shared;
  import host: interface { now: func() -> u64; }
  import log-line: func(text: string);
  export values;
  export shared;
  export apply: func(points: list<tuple<u32, string>>) -> result<u32, string>;
}

world asynchronous {
  import shared;
  export later;
  export run-later: async func(n: u32) -> u32;
}
`;
