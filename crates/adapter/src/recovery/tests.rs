use std::time::Duration;

use super::*;

mod model;

type Small = Recovery<u32, &'static str>;

#[expect(clippy::disallowed_methods, reason = "an instant to start from")]
fn start() -> Instant {
    Instant::now()
}

fn pid(seed: u8) -> Pid {
    Pid::from_entropy([seed; Pid::ENTROPY])
}

fn socket_id(seed: u8) -> SocketId {
    SocketId::from_entropy([seed; SocketId::ENTROPY])
}

/// Rooms that somebody was in from the first.
fn rooms(names: &[&str]) -> Vec<(Arc<str>, Offset)> {
    names.iter().map(|&name| (Arc::from(name), Offset::START)).collect()
}

/// A session in these rooms that joined before everything, got nothing, and left just now.
fn session(recovery: &Small, names: &[&str]) -> Departed<&'static str> {
    let (joined, delivered) = (Offset::START, Offset::START);
    Departed { id: socket_id(1), rooms: rooms(names), joined, delivered, left: recovery.latest(), state: "state" }
}

/// Records a packet of 10 bytes that says `n`.
fn record(recovery: &mut Small, now: Instant, select: &Select, n: u32) -> Offset {
    let (offset, packet) = recovery.record(now, select, |_| (n, 10));
    assert_eq!(packet, n);
    assert_eq!(recovery.latest(), offset);
    offset
}

fn packets(claim: &Claim<u32, &'static str>) -> Vec<u32> {
    claim.missed.iter().map(|missed| missed.packet).collect()
}

fn missed(claim: Result<Claim<u32, &'static str>, Option<Departed<&'static str>>>) -> Option<Vec<u32>> {
    claim.ok().map(|claim| packets(&claim))
}

#[test]
fn a_client_gets_what_was_for_its_rooms() {
    let (now, mut log) = (start(), Small::default());
    let own = socket_id(1).to_string();
    let first = record(&mut log, now, &Select::all(), 0);
    let gone = Departed { delivered: first, ..session(&log, &[&own, "a", "b"]) };
    assert!(log.persist(now, pid(1), gone).is_none());
    let selects = [
        (1, Select::all()),
        (2, Select::all().to("a").to("b")),
        (3, Select::all().to("c")),
        (4, Select::all().to("c").to("b")),
        (5, Select::all().except("b")),
        (6, Select::all().to("a").except("c")),
        (7, Select::all().to("a").except("c").except("b")),
        (8, Select::all().to(own.as_str())),
        (9, Select::all().except(own.as_str())),
    ];
    for (n, select) in &selects {
        record(&mut log, now, select, *n);
    }
    let claim = log.claim(now, &pid(1), Some(&first.to_string())).unwrap();
    assert_eq!(packets(&claim), [1, 2, 4, 6, 8]);
    assert_eq!(claim.upto, log.latest());
    assert_eq!((claim.session.id, claim.session.state), (socket_id(1), "state"));
    assert_eq!(claim.session.delivered.to_string(), "9", "the ninth says 8");
    assert_eq!(log.since(claim.upto, &claim.session.rooms), Some(vec![]));
    record(&mut log, now, &Select::all().to("b"), 10);
    record(&mut log, now, &Select::all().to("c"), 11);
    assert_eq!(log.since(claim.upto, &claim.session.rooms), Some(vec![10]));
}

#[test]
fn a_session_is_claimed_once_whatever_comes_of_it() {
    let (now, mut log) = (start(), Small::default());
    for offset in [None, Some("1"), Some("zzzz")] {
        record(&mut log, now, &Select::all(), 0);
        let gone = session(&log, &[]);
        assert!(log.persist(now, pid(1), gone).is_none());
        assert!(matches!(log.claim(now, &pid(2), None), Err(None)), "nobody");
        assert_eq!(log.sessions(), 1);
        match log.claim(now, &pid(1), offset) {
            Ok(_) => assert_ne!(offset, Some("zzzz")),
            Err(refused) => assert_eq!((offset, refused.unwrap().state), (Some("zzzz"), "state")),
        }
        assert!(matches!(log.claim(now, &pid(1), offset), Err(None)));
    }
}

#[test]
fn an_offset_must_be_one_of_the_log() {
    let now = start();
    let mut log = Small::with_origin(RecoveryConfig::default(), 1000);
    let joined = log.latest();
    for n in 0..3 {
        record(&mut log, now, &Select::all(), n);
    }
    let gone = Departed { joined, ..session(&log, &[]) };
    let claim = |log: &mut Small, offset: Option<&str>| {
        assert!(log.persist(now, pid(1), gone.clone()).is_none());
        missed(log.claim(now, &pid(1), offset))
    };
    assert_eq!(claim(&mut log, None), Some(vec![0, 1, 2]));
    assert_eq!(claim(&mut log, Some("rt")), Some(vec![1, 2]), "1001");
    assert_eq!(claim(&mut log, Some("rv")), Some(vec![]), "1003");
    for strange in ["rs", "rw", "0", "1", "", "RT", "0rt", " rt", "3w5e11264sgsf", "3w5e11264sgsg", "é", "rt\0"] {
        assert_eq!(claim(&mut log, Some(strange)), None, "{strange:?}");
    }
}

#[test]
fn nobody_gets_what_was_sent_before_it_joined() {
    let (now, mut log) = (start(), Small::default());
    record(&mut log, now, &Select::all(), 1);
    record(&mut log, now, &Select::all(), 2);
    let joined = log.latest();
    record(&mut log, now, &Select::all(), 3);
    for offset in [None, Some("1"), Some("2")] {
        let gone = Departed { joined, ..session(&log, &[]) };
        assert!(log.persist(now, pid(1), gone).is_none());
        assert_eq!(missed(log.claim(now, &pid(1), offset)), Some(vec![3]));
    }
}

#[test]
fn nobody_gets_what_was_sent_to_a_room_before_it_joined_it() {
    let (now, mut log) = (start(), Small::default());
    let selects = [
        Select::all().to("a"),
        Select::all().to("b"),
        Select::all().to("a").to("b"),
        Select::all().to("a").except("b"),
        Select::all().except("b"),
    ];
    let send = |log: &mut Small, from| {
        for (n, select) in (from..).zip(&selects) {
            record(log, now, select, n);
        }
        log.latest()
    };
    send(&mut log, 0);
    let since = send(&mut log, 10);
    send(&mut log, 20);
    let mut gone = session(&log, &["a"]);
    gone.rooms.push((Arc::from("b"), since));
    assert!(log.persist(now, pid(1), gone).is_none());
    let claim = log.claim(now, &pid(1), Some("5")).unwrap();
    assert_eq!(packets(&claim), [10, 12, 13, 14, 20, 21, 22]);

    // It leaves a room before it gets it all.
    let still = |room: &'static str| {
        let left = claim.missed.iter().filter(|missed| missed.is_for(|name| name == room));
        left.map(|missed| missed.packet).collect::<Vec<_>>()
    };
    assert_eq!(still("a"), [10, 12, 13, 14, 20, 22]);
    assert_eq!(still("b"), [12, 14, 21, 22]);
    assert_eq!(log.since(Offset::START, &[(Arc::from("b"), since)]), Some(vec![4, 14, 21, 22]));
}

#[test]
fn a_quiet_client_of_a_busy_namespace_is_recovered() {
    let now = start();
    let mut config = RecoveryConfig::default();
    config.set_max_packets(3);
    let mut log = Small::new(config);
    let (to_it, to_others) = (Select::all().to("a"), Select::all().to("b"));
    let last = record(&mut log, now, &to_it, 0);
    for n in 1..10 {
        record(&mut log, now, &to_others, n);
    }
    let gone = Departed { delivered: last, ..session(&log, &["a"]) };
    let quiet = Departed { delivered: Offset::START, ..gone.clone() };
    for (n, select) in [(10, &to_others), (11, &to_it), (12, &to_others)] {
        record(&mut log, now, select, n);
    }
    let last = last.to_string();
    for (session, offset, result) in
        [(&gone, Some(&*last), Some(vec![11])), (&gone, None, None), (&quiet, None, Some(vec![11]))]
    {
        assert!(log.persist(now, pid(1), session.clone()).is_none());
        assert_eq!(missed(log.claim(now, &pid(1), offset)), result);
    }
    record(&mut log, now, &to_others, 13);
    assert!(log.persist(now, pid(1), gone).is_none());
    assert_eq!(missed(log.claim(now, &pid(1), Some(&last))), None, "10 may have been for it");
}

#[test]
fn the_log_is_bounded() {
    let now = start();
    let mut config = RecoveryConfig::default();
    config.set_max_packets(4).set_max_bytes(35);
    let mut log = Small::new(config);
    assert_eq!(log.since(Offset::START, &[]), Some(vec![]));
    for n in 0..3 {
        record(&mut log, now, &Select::all(), n);
    }
    assert_eq!(log.since(Offset::START, &[]), Some(vec![0, 1, 2]));
    let third = record(&mut log, now, &Select::all(), 3);
    assert_eq!((log.packets(), log.bytes()), (3, 30));
    assert_eq!(log.since(Offset::START, &[]), None);
    for n in 4..10 {
        log.record(now, &Select::all(), |_| (n, 0));
    }
    assert_eq!((log.packets(), log.bytes()), (4, 0));
    assert_eq!(log.since(third, &[]), None);

    let (huge, packet) = log.record(now, &Select::all(), |_| (99, 36));
    assert_eq!(packet, 99);
    assert_eq!((log.packets(), log.bytes(), log.is_empty()), (0, 0, true));
    assert_eq!(log.since(huge, &[]), Some(vec![]));
    record(&mut log, now, &Select::all(), 100);
    assert_eq!(log.since(huge, &[]), Some(vec![100]));
    let (exact, _) = log.record(now, &Select::all(), |_| (101, 35));
    assert_eq!((log.packets(), log.bytes()), (1, 35));
    assert_eq!(log.since(exact, &[]), Some(vec![]));

    for config in [RecoveryConfig::default().set_max_packets(0), RecoveryConfig::default().set_max_bytes(0)] {
        let mut log = Small::new(config.clone());
        record(&mut log, now, &Select::all(), 1);
        assert!(log.is_empty());
        assert_eq!(log.since(Offset::START, &[]), None);
    }
}

#[test]
fn time_ends_it_all() {
    let (now, second) = (start(), Duration::from_secs(1));
    let mut config = RecoveryConfig::default();
    config.set_max_disconnection(10 * second);
    let mut log = Small::new(config);
    assert_eq!(log.next_expiry(), None);
    record(&mut log, now, &Select::all(), 1);
    assert_eq!(log.next_expiry(), Some(now + 10 * second));
    for seed in [1, 2] {
        let gone = session(&log, &[]);
        assert!(log.persist(now + 3 * second, pid(seed), gone).is_none());
    }
    assert!(log.purge(now + 9 * second).is_empty());
    assert_eq!((log.packets(), log.sessions()), (1, 2));
    assert!(log.purge(now + 10 * second).is_empty());
    assert_eq!((log.packets(), log.sessions(), log.bytes()), (0, 2, 0));
    assert_eq!(log.next_expiry(), Some(now + 13 * second));
    assert!(matches!(log.claim(now + 13 * second, &pid(1), Some("1")), Err(Some(_))), "it is too late");
    assert_eq!(log.purge(now + 13 * second).len(), 1);
    assert!(log.is_empty());
    assert_eq!(log.next_expiry(), None);
    assert_eq!(log.latest().to_string(), "1");

    let mut forever = RecoveryConfig::default();
    forever.set_max_disconnection(Duration::MAX);
    record(&mut Small::new(forever), now, &Select::all(), 1);
}

#[test]
fn sessions_are_bounded() {
    let now = start();
    let mut config = RecoveryConfig::default();
    config.set_max_sessions(2);
    let mut log = Small::new(config);
    let named = |state| Departed { state, ..session(&Small::default(), &[]) };
    assert!(log.persist(now, pid(1), named("1")).is_none());
    assert!(log.persist(now, pid(2), named("2")).is_none());
    assert_eq!(log.persist(now, pid(1), named("1 again")).unwrap().state, "1");
    assert_eq!(log.persist(now, pid(3), named("3")).unwrap().state, "2");
    *log.state_mut(&pid(1)).unwrap() = "1 after all";
    assert_eq!(log.state_mut(&pid(2)), None);
    assert_eq!(log.claim(now, &pid(1), None).unwrap().session.state, "1 after all");
    assert!(log.persist(now, pid(4), named("4")).is_none());
    assert_eq!(log.persist(now, pid(5), named("5")).unwrap().state, "3");
    assert_eq!(log.sessions(), 2);

    let mut none = Small::new(RecoveryConfig::default().set_max_sessions(0).clone());
    assert_eq!(none.persist(now, pid(1), named("1")).unwrap().state, "1");
    assert!(none.is_empty());
}

#[test]
fn nothing_is_left_of_a_log_that_is_cleared() {
    let (now, mut log) = (start(), Small::default());
    let gone = session(&log, &[]);
    record(&mut log, now, &Select::all(), 1);
    for seed in [2, 1] {
        assert!(log.persist(now, pid(seed), gone.clone()).is_none());
    }
    assert_eq!(log.clear().len(), 2);
    assert!(log.is_empty());
    assert_eq!((log.bytes(), log.next_expiry()), (0, None));
    assert!(matches!(log.claim(now, &pid(1), None), Err(None)));
    // It goes on, and knows that something is missing.
    assert!(log.persist(now, pid(1), gone).is_none());
    assert_eq!(record(&mut log, now, &Select::all(), 2).to_string(), "2");
    assert_eq!(missed(log.claim(now, &pid(1), None)), None);
}

#[test]
fn memory_is_given_back() {
    let (now, later) = (start(), start() + Duration::from_secs(60));
    let mut log = Small::default();
    let gone = session(&log, &[]);
    for n in 0..2000_u32 {
        record(&mut log, if n < 1900 { now } else { later }, &Select::all(), n);
        let mut entropy = [0; Pid::ENTROPY];
        entropy[..4].copy_from_slice(&n.to_be_bytes());
        assert!(log.persist(now, Pid::from_entropy(entropy), gone.clone()).is_none());
    }
    assert!(log.log.capacity() >= 2000 && log.sessions.capacity() >= 2000);
    assert_eq!(log.purge(now + Duration::from_secs(120)).len(), 2000);
    assert_eq!(log.packets(), 100);
    assert!(log.log.capacity() <= 400);
    assert!(log.purge(later + Duration::from_secs(120)).is_empty());
    assert_eq!((log.log.capacity(), log.sessions.capacity()), (0, 0));
}
