//! What a `CredentialStore` promises, of the one in memory. The operating system's is held to the
//! same by `tests/keychain.sh`, since it needs one to run.

use contactcmd_tests::credentials_contract::{PROMISES, locked, unavailable};
use contactcmd_tests::memory_keychain::{MemoryKeychain, State};

#[test]
fn the_keychain_in_memory_keeps_every_promise() {
    for (promise, check) in PROMISES {
        assert_eq!(check(&MemoryKeychain::new(State::Open)), Ok(()), "{promise}");
    }
    assert_eq!(locked(&MemoryKeychain::new(State::Locked)), Ok(()));
    assert_eq!(unavailable(&MemoryKeychain::new(State::Absent)), Ok(()));
}

#[test]
fn a_store_that_breaks_a_promise_is_found_out() {
    for (promise, check) in PROMISES {
        assert!(check(&MemoryKeychain::new(State::Locked)).is_err(), "{promise}");
    }
    assert!(locked(&MemoryKeychain::new(State::Open)).is_err());
    assert!(unavailable(&MemoryKeychain::new(State::Locked)).is_err());
}
