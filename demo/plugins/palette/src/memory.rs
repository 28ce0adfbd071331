//! The palette that was used last, where the person lets the filter keep it. Without that it forgets.

use crate::wasi::keyvalue::store;
use std::cell::Cell;

const KEY: &str = "last-palette";

thread_local! {
    /// What is in the store already: most pictures are painted with the same palette again.
    static KEPT: Cell<Option<u8>> = const { Cell::new(None) };
}

pub fn last() -> Option<u8> {
    let value = store::open("").ok()?.get(KEY).ok()??;
    let number = std::str::from_utf8(&value).ok()?.parse().ok()?;
    KEPT.set(Some(number));
    Some(number)
}

pub fn keep(number: u8) {
    // Without permission it is refused once, not for every picture.
    if KEPT.replace(Some(number)) != Some(number) {
        let _ = store::open("").and_then(|bucket| bucket.set(KEY, number.to_string().as_bytes()));
    }
}
