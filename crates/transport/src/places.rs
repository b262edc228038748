//! How many sessions there may be: altogether, and of one address.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use crate::config::Config;

/// The places for sessions, where there are not as many as anybody likes.
#[derive(Debug)]
pub(crate) struct Places {
    max: usize,
    max_per_address: usize,
    taken: AtomicUsize,
    /// The operator has been told that all are taken.
    full: AtomicBool,
    /// Addresses that have some, and how many.
    addresses: Mutex<HashMap<IpAddr, usize>>,
}

/// A place that is taken, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    address: Option<IpAddr>,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// All are taken.
    Full,
    /// The client's address has as many as it may.
    AddressFull,
}

impl Places {
    /// `None` if there is no limit: nothing is counted then.
    pub(crate) fn new(config: &Config) -> Option<Arc<Self>> {
        let (max, max_per_address) = (config.max_sessions(), config.max_sessions_per_address());
        (max.is_some() || max_per_address.is_some()).then(|| {
            Arc::new(Self {
                max: max.unwrap_or(usize::MAX),
                max_per_address: max_per_address.unwrap_or(usize::MAX),
                taken: AtomicUsize::new(0),
                full: AtomicBool::new(false),
                addresses: Mutex::default(),
            })
        })
    }

    /// Takes a place for a client of this address, if it is known.
    pub(crate) fn take(self: &Arc<Self>, address: impl FnOnce() -> Option<IpAddr>) -> Result<Box<Place>, NoPlace> {
        let one_more = |taken: usize| (taken < self.max).then(|| taken + 1);
        if self.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).is_err() {
            // Once, not for each who comes: that is for them to decide.
            if !self.full.swap(true, Ordering::AcqRel) {
                tracing::warn!(max_sessions = self.max, "no session is opened: there are as many as may be");
            }
            return Err(NoPlace::Full);
        }
        // From here on the place is given back when it is dropped.
        let mut place = Box::new(Place { places: self.clone(), address: None });
        if self.max_per_address < usize::MAX
            && let Some(address) = address().map(prefix)
        {
            let mut addresses = self.addresses();
            let count = addresses.entry(address).or_default();
            if *count >= self.max_per_address {
                if *count == 0 {
                    addresses.remove(&address);
                }
                return Err(NoPlace::AddressFull);
            }
            *count += 1;
            place.address = Some(address);
        }
        Ok(place)
    }

    fn give_back(&self, address: Option<IpAddr>) {
        if let Some(address) = address {
            let mut addresses = self.addresses();
            if let Entry::Occupied(mut entry) = addresses.entry(address) {
                *entry.get_mut() -= 1;
                if *entry.get() == 0 {
                    entry.remove();
                }
            }
            if addresses.len() < addresses.capacity() / 8 {
                addresses.shrink_to_fit();
            }
        }
        let left = self.taken.fetch_sub(1, Ordering::AcqRel) - 1;
        // With some distance: one who goes is soon replaced, and that is no news.
        if left < self.max - self.max / 8 {
            self.full.store(false, Ordering::Release);
        }
    }

    fn addresses(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        // Nothing under this lock can panic half-way, so a poisoned one is still whole.
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.give_back(self.address);
    }
}

/// What counts as one address: of IPv6 a network, because a client has one of those rather than an address.
fn prefix(address: IpAddr) -> IpAddr {
    const NETWORK: u128 = !0 << 64;
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & NETWORK).into()),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(max: Option<usize>, max_per_address: Option<usize>) -> Arc<Places> {
        let mut config = Config::new("/engine.io");
        config.set_max_sessions(max).set_max_sessions_per_address(max_per_address);
        Places::new(&config).unwrap()
    }

    fn take(places: &Arc<Places>, address: &str) -> Result<Box<Place>, NoPlace> {
        places.take(|| address.parse().ok())
    }

    #[test]
    fn a_place_is_free_again_when_it_is_given_back() {
        let places = places(Some(2), None);
        let first = take(&places, "").unwrap();
        let _second = take(&places, "").unwrap();
        assert_eq!(take(&places, "").unwrap_err(), NoPlace::Full);
        drop(first);
        let _third = take(&places, "").unwrap();
        assert_eq!(take(&places, "").unwrap_err(), NoPlace::Full);
    }

    #[test]
    fn each_address_has_its_own() {
        let places = places(Some(10), Some(1));
        let taken = ["1.2.3.4", "1.2.3.5", "2001:db8::1"].map(|address| take(&places, address).unwrap());
        // The same again, in other words: an IPv4 client on a socket of both, and a neighbour in one's own network.
        for address in ["1.2.3.4", "::ffff:1.2.3.4", "2001:db8::2"] {
            assert_eq!(take(&places, address).unwrap_err(), NoPlace::AddressFull, "{address}");
        }
        assert_eq!(places.taken.load(Ordering::Relaxed), 3, "who is refused has no place");
        assert!(take(&places, "2001:db8:0:1::1").is_ok());
        assert!(take(&places, "").is_ok(), "who has no address that is known is not counted by it");
        drop(taken);
        assert!(take(&places, "1.2.3.4").is_ok());
        assert!(places.addresses().is_empty(), "nothing stays of an address");
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        assert!(Places::new(&Config::new("/engine.io")).is_none());
    }

    #[test]
    fn none_at_all_is_a_limit_too() {
        assert_eq!(take(&places(Some(0), None), "").unwrap_err(), NoPlace::Full);
        let places = places(None, Some(0));
        assert_eq!(take(&places, "1.2.3.4").unwrap_err(), NoPlace::AddressFull);
        assert!(places.addresses().is_empty());
        assert!(take(&places, "").is_ok());
    }
}
