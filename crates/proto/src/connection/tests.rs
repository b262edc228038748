mod model;

use std::time::Duration;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[expect(clippy::disallowed_methods, reason = "an instant to start from")]
fn start() -> Instant {
    Instant::now()
}

/// A connection and its time, which goes by when a test says so.
struct Client {
    connection: Connection<&'static str>,
    now: Instant,
}

impl Client {
    fn new() -> Self {
        let now = start();
        Self { connection: Connection::new(Arc::default(), now), now }
    }

    /// With `/` and `/admin` joined, and `/slow` pending.
    fn joined() -> Self {
        let mut client = Self::new();
        for (packet, name) in [("0", "main"), ("0/admin,", "admin"), ("0/slow", "slow")] {
            let slot = client.announced(packet);
            client.connection.begin(slot, name);
            assert!(name == "slow" || client.connection.accept(slot));
        }
        client
    }

    fn announced(&mut self, packet: &str) -> Slot {
        match self.text(packet) {
            Ok(Some(Incoming::Connect { slot, .. })) => slot,
            other => panic!("{packet}: {other:?}"),
        }
    }

    fn join(&mut self, packet: &str) -> Slot {
        let slot = self.announced(packet);
        self.connection.begin(slot, "joined");
        assert!(self.connection.accept(slot));
        slot
    }

    fn text<'a>(&mut self, text: &'a str) -> Result<Option<Incoming<'a>>, Violation> {
        self.connection.handle_text(self.now, text)
    }

    fn binary(&mut self, data: &[u8]) -> Result<Option<Incoming<'static>>, Violation> {
        self.connection.handle_binary(self.now, data)
    }

    fn wait(&mut self, time: Duration) -> Result<(), Violation> {
        self.now += time;
        self.connection.handle_timeout(self.now)
    }

    fn timeout(&self) -> Option<Duration> {
        self.connection.poll_timeout().map(|at| at.duration_since(self.now))
    }
}

/// What a packet does to a client that joined `/` and `/admin`, in a line.
fn verdict(text: &str) -> String {
    let mut client = Client::joined();
    match client.text(text) {
        Ok(Some(incoming)) => describe(&client.connection, &incoming),
        Ok(None) if client.connection.partial.is_some() => "awaits".to_owned(),
        Ok(None) => "ignored".to_owned(),
        Err(violation) => violation.to_string(),
    }
}

fn describe(connection: &Connection<&'static str>, incoming: &Incoming<'_>) -> String {
    let name = |slot: &Slot| connection.get(*slot).copied().unwrap_or("new");
    let json = |args: &Args| serde_json::to_string(args).unwrap_or_else(|_| "malformed".to_owned());
    match incoming {
        Incoming::Connect { slot, namespace, auth } => format!("{} {namespace} {}", name(slot), auth.unwrap_or("-")),
        Incoming::Event { slot, id, name: event, args } => {
            let id = id.map_or("-".to_owned(), |id| id.to_string());
            format!("{} {id} {event:?} {}", name(slot), json(args))
        }
        Incoming::Ack { slot, id, args } => format!("{} {id} {}", name(slot), json(args)),
        Incoming::Disconnect { slot } => format!("{} leaves", name(slot)),
    }
}

fn judge(rows: &[(&str, &str)]) {
    for (text, meant) in rows {
        assert_eq!(&verdict(text), meant, "{text}");
    }
}

#[test]
fn packet_types() {
    let unknown = "unknown packet type";
    for text in ["", "7", "8", "9", "a", "-1", " 2[\"x\"]", "é", "\u{feff}2[\"x\"]"] {
        assert_eq!(verdict(text), unknown, "{text}");
    }
    judge(&[
        ("4/admin,\"e\"", "connection error sent by a client"),
        ("4{}", "connection error sent by a client"),
        ("4", "connection error sent by a client"),
    ]);
}

#[test]
fn events() {
    let invalid = "invalid payload";
    judge(&[
        (r#"2["x"]"#, r#"main - "x" []"#),
        (r#"2["x",1,{"a":[]}]"#, r#"main - "x" [1,{"a":[]}]"#),
        (r#"2/admin,12["x",1]"#, r#"admin 12 "x" [1]"#),
        (r#"2/,["x"]"#, r#"main - "x" []"#),
        ("2[ \"x\" ,\n1\t] \r\n", r#"main - "x" [1]"#),
        (r#"2["",null]"#, r#"main - "" [null]"#),
        (r#"2["a\"b\\\u00e9\n",1]"#, r#"main - "a\"b\\é\n" [1]"#),
        (r#"2["\ud83d\ude00"]"#, r#"main - "😀" []"#),
        (r#"2["\ud83d"]"#, "main - \"\u{fffd}\" []"),
        (r#"2["é]",1]"#, r#"main - "é]" [1]"#),
        (r#"2["x",{"_placeholder":true,"num":9}]"#, r#"main - "x" [{"_placeholder":true,"num":9}]"#),
        // Numbers are names in Node.
        (r#"2[1,"a"]"#, r#"main - "1" ["a"]"#),
        ("2[0]", r#"main - "0" []"#),
        ("2[-0]", r#"main - "0" []"#),
        ("2[-12 ]", r#"main - "-12" []"#),
        ("2[1.50]", r#"main - "1.5" []"#),
        ("2[1e3]", r#"main - "1000" []"#),
        ("2[01]", invalid),
        ("2[1e400]", invalid),
        ("2[1x]", invalid),
        ("2[-]", invalid),
        // Shapes.
        ("2", invalid),
        ("2/admin,", invalid),
        ("2[]", invalid),
        ("2{}", invalid),
        ("2[", invalid),
        ("2]", invalid),
        (r#"2"x""#, invalid),
        ("2null", invalid),
        (r#"2[{"toString":"foo"}]"#, invalid),
        (r#"2[true,"foo"]"#, invalid),
        (r#"2[null,"bar"]"#, invalid),
        (r#"2[["x"]]"#, invalid),
        (r#"2["x""#, invalid),
        (r#"2["x]"#, invalid),
        (r#"2["x\"]"#, invalid),
        (r#"2["x\]"#, invalid),
        (r#"2["\x"]"#, invalid),
        ("2[\"a\u{1}\"]", invalid),
        (r#"2["x"]x"#, invalid),
        (r#"2["x"]]"#, invalid),
        (r#"2["x",]"#, invalid),
        (r#"2["x", ]"#, invalid),
        (r#"2["x"1]"#, invalid),
        (r#"2["x"}"#, invalid),
        // These are found when the arguments are read.
        (r#"2["x",1],"y"]"#, r#"main - "x" malformed"#),
        (r#"2["x",}]"#, r#"main - "x" malformed"#),
        (r#"2["x",NaN]"#, r#"main - "x" malformed"#),
    ]);
    for name in ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"] {
        assert_eq!(verdict(&format!("2[\"{name}\",1]")), "reserved event name");
        assert_eq!(verdict(&format!("51-[\"{name}\",1]")), "reserved event name");
    }
    assert_eq!(verdict(r#"2["\u0063onnect"]"#), "reserved event name");
}

#[test]
fn ids() {
    let (invalid, too_great) = ("invalid payload", "invalid acknowledgement id");
    judge(&[
        (r#"20["x"]"#, r#"main 0 "x" []"#),
        (r#"2007["x"]"#, r#"main 7 "x" []"#),
        (r#"29007199254740991["x"]"#, r#"main 9007199254740991 "x" []"#),
        (r#"29007199254740992["x"]"#, too_great),
        (r#"2999999999999999999999["x"]"#, too_great),
        (r#"2-1["x"]"#, invalid),
        (r#"21e3["x"]"#, invalid),
        (r#"2 ["x"]"#, invalid),
        (r#"2+1["x"]"#, invalid),
        (r#"242abc["x"]"#, invalid),
        (r#"21.5["x"]"#, invalid),
        ("2٣[\"x\"]", invalid),
        ("31[1]", "main 1 [1]"),
        ("3/admin,13[]", "admin 13 []"),
        ("31[ ]", "main 1 []"),
        ("31[,]", "main 1 malformed"),
        ("3[1]", "ignored"),
        ("3", invalid),
        ("31", invalid),
        ("31{}", invalid),
        (r#"31"x""#, invalid),
        ("39007199254740992[]", too_great),
    ]);
    let digits = "2".repeat(1_000_000);
    assert_eq!(verdict(&digits), too_great);
    assert_eq!(verdict(&format!("5{digits}")), "illegal attachments");
    assert_eq!(verdict(&format!("5{digits}-[\"x\"]")), "too many attachments");
    assert_eq!(verdict(&format!("2/{}", "a".repeat(1_000_000))), "namespace too long");
    assert_eq!(verdict(&format!("2[{digits}]")), "invalid payload");
}

#[test]
fn attachment_counts() {
    let (illegal, many) = ("illegal attachments", "too many attachments");
    judge(&[
        (r#"51-["x"]"#, "awaits"),
        (r#"510-["x"]"#, "awaits"),
        (r#"61-1["x"]"#, "awaits"),
        (r#"51-/admin,7["x",{"_placeholder":true,"num":0}]"#, "awaits"),
        (r#"50-["x"]"#, illegal),
        (r#"60-1["x"]"#, illegal),
        (r#"511-["x"]"#, many),
        (r#"5999999999-["x"]"#, many),
        (r#"599999999999999999999999-["x"]"#, many),
        ("5", illegal),
        ("5-", illegal),
        ("5a-", illegal),
        ("51", illegal),
        (r#"51["x"]"#, illegal),
        (r#"5-1-["x"]"#, illegal),
        (r#"51.23-["x"]"#, illegal),
        (r#"5+1-["x"]"#, illegal),
        ("51-", "invalid payload"),
        ("51-[]", "invalid payload"),
        (r#"51-["x""#, "invalid payload"),
        (r#"51-{"a":1}"#, "invalid payload"),
        ("61-1", "invalid payload"),
        (r#"51-/other,["x"]"#, "packet for a namespace that is not connected"),
        (r#"51-/slow,["x"]"#, "packet for a namespace that is not connected"),
    ]);
}

#[test]
fn connects() {
    let invalid = "invalid payload";
    judge(&[
        ("0/a", "new /a -"),
        ("0/a,", "new /a -"),
        (r#"0/a,{"token":"x"}"#, r#"new /a {"token":"x"}"#),
        (r#"0/a,{"lone":"\ud800"}"#, r#"new /a {"lone":"\ud800"}"#),
        ("0/a,{}", "new /a {}"),
        // The name is what it is: nothing is resolved, decoded or stripped.
        ("0//", "new // -"),
        ("0/../admin,", "new /../admin -"),
        ("0/admin/,", "new /admin/ -"),
        ("0/Admin,", "new /Admin -"),
        ("0/a?x=1,", "new /a?x=1 -"),
        ("0/é,", "new /é -"),
        ("0/\n\x1b[31m,", "new /\n\x1b[31m -"),
        ("0abc", invalid),
        ("0[]", invalid),
        (r#"0"x""#, invalid),
        ("0null", invalid),
        ("01", invalid),
        ("0/a,1{}", invalid),
        ("0/a,{", invalid),
        ("0/a,{},{}", invalid),
        ("0/a,{}x", invalid),
        ("0/a,{a:1}", invalid),
        ("0", "namespace connected twice"),
        ("0/", "namespace connected twice"),
        ("0/,{}", "namespace connected twice"),
        ("0/admin", "namespace connected twice"),
        ("0/slow", "namespace connected twice"),
    ]);
    let deep = format!("0/a,{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(verdict(&deep), invalid);
    let name = |len: usize| format!("0/{}", "a".repeat(len - 1));
    assert!(verdict(&name(512)).starts_with("new /aaa"));
    assert_eq!(verdict(&name(513)), "namespace too long");
    assert!(verdict(&format!("2[\"{}\"]", "a".repeat(256))).starts_with("main - \"aaa"));
    assert_eq!(verdict(&format!("2[\"{}\"]", "a".repeat(257))), "event name too long");
}

#[test]
fn disconnects_and_strangers() {
    let stranger = "packet for a namespace that is not connected";
    judge(&[
        ("1", "main leaves"),
        ("1/admin,", "admin leaves"),
        ("1/admin", "admin leaves"),
        ("1/admin,{}", "invalid payload"),
        ("1{}", "invalid payload"),
        ("11", "invalid payload"),
        ("1/other,", stranger),
        ("1/slow,", stranger),
        (r#"2/other,["x"]"#, stranger),
        (r#"2/slow,["x"]"#, stranger),
        ("3/slow,1[]", stranger),
        (r#"2/admi,["x"]"#, stranger),
        (r#"2/admin/,["x"]"#, stranger),
    ]);
}

#[test]
fn nothing_passes_before_it_is_accepted() {
    let mut client = Client::new();
    let slot = client.announced("0");
    let refused = Err(Violation::Protocol(ProtocolError::NotJoined));
    assert_eq!(client.text(r#"2["x"]"#).map(drop), refused);
    client.connection.begin(slot, "main");
    assert_eq!(client.text(r#"2["x"]"#).map(drop), refused);
    assert!(!client.connection.is_joined(slot));
    assert!(client.connection.accept(slot));
    assert!(client.connection.is_joined(slot));
    assert!(client.text(r#"2["x"]"#).is_ok());
}

#[test]
fn a_client_that_left_is_not_heard_until_it_is_back() {
    let mut client = Client::joined();
    let Ok(Some(Incoming::Disconnect { slot })) = client.text("1/admin,") else { unreachable!("it had joined") };
    assert!(!client.connection.is_joined(slot));
    assert!(!client.connection.accept(slot));
    let refused = Err(Violation::Protocol(ProtocolError::NotJoined));
    assert_eq!(client.text(r#"2/admin,["x"]"#).map(drop), refused);
    assert_eq!(client.text("1/admin,").map(drop), refused);
    // Even if the caller is slow to notice, a new join is another one.
    let again = client.join("0/admin,");
    assert_ne!(again, slot);
    assert_eq!(client.connection.leave(slot), Some("admin"));
    assert!(client.connection.is_joined(again));
    assert!(client.text(r#"2/admin,["x"]"#).is_ok());
}

#[test]
fn what_was_under_way_when_the_server_left_is_passed_over() {
    let mut client = Client::joined();
    let (slot, _) = client.connection.slots().find(|(_, name)| **name == "admin").unwrap();
    assert_eq!(client.connection.dismiss(slot), Some("admin"));
    assert!(client.connection.get(slot).is_none());
    for late in [r#"2/admin,["x"]"#, r#"2/admin,7["x"]"#, "3/admin,7[]"] {
        assert!(matches!(client.text(late), Ok(None)), "{late}");
    }
    let late = r#"51-/admin,["x",{"_placeholder":true,"num":0}]"#;
    assert!(matches!(client.text(late), Ok(None)));
    assert!(matches!(client.binary(b"late"), Ok(None)));
    assert!(matches!(client.text(r#"2["still here"]"#), Ok(Some(Incoming::Event { .. }))));
    let again = client.join("0/admin,");
    assert_ne!(again, slot);
    assert!(matches!(client.text(r#"2/admin,["x"]"#), Ok(Some(Incoming::Event { slot, .. })) if slot == again));
}

#[test]
fn both_sides_may_leave_at_once() {
    let mut client = Client::joined();
    let (slot, _) = client.connection.slots().find(|(_, name)| **name == "admin").unwrap();
    client.connection.dismiss(slot);
    assert!(matches!(client.text("1/admin,"), Ok(None)));
    assert!(client.text(r#"2/admin,["x"]"#).is_err(), "that was not under way");
}

#[test]
fn a_stale_slot_names_nothing() {
    let mut client = Client::new();
    let old = client.join("0");
    assert_eq!(client.connection.leave(old), Some("joined"));
    assert_eq!(client.connection.leave(old), None);
    let new = client.announced("0");
    assert_eq!(old.index, new.index);
    client.connection.begin(old, "nobody");
    assert_eq!(client.connection.get(new), None);
    client.connection.begin(new, "new");
    assert!(!client.connection.accept(old));
    assert_eq!(client.connection.get(old), None);
    assert_eq!(client.connection.get_mut(old), None);
    assert!(!client.connection.is_joined(new));
    assert_eq!(client.connection.leave(old), None);
    assert_eq!(client.connection.get_mut(new), Some(&mut "new"));
    assert_eq!(client.connection.slots().collect::<Vec<_>>(), [(new, &"new")]);
}

#[test]
fn places_are_used_again() {
    let mut client = Client::joined();
    let slots: Vec<Slot> = client.connection.slots().map(|(slot, _)| slot).collect();
    assert_eq!(client.connection.leave(slots[1]), Some("admin"));
    assert_eq!(client.announced("0/other").index, slots[1].index);
    assert_eq!(client.connection.slots().count(), 2);
    for _ in 0..10_000 {
        let slot = client.join("0/again");
        assert!(slot.index <= 3);
        assert!(client.connection.leave(slot).is_some());
    }
    assert_eq!(client.connection.drain().collect::<Vec<_>>(), ["main", "slow"]);
    assert!(client.connection.places.is_empty());
}

#[test]
fn namespaces_are_limited() {
    let mut client = Client::new();
    let slots: Vec<Slot> = (0..100).map(|n| client.announced(&format!("0/{n}"))).collect();
    let refused = Err(Violation::Protocol(ProtocolError::TooManyNamespaces));
    assert_eq!(client.text("0/100").map(drop), refused);
    assert_eq!(client.connection.leave(slots[50]), None);
    assert!(client.text("0/100").is_ok());
    assert_eq!(client.text("0/101").map(drop), refused);
}

#[test]
fn a_packet_is_whole_with_its_last_attachment() {
    let mut client = Client::joined();
    let text = r#"52-/admin,7["x",{"b":{"_placeholder":true,"num":1}},{"_placeholder":true,"num":0}]"#;
    assert!(matches!(client.text(text), Ok(None)));
    assert!(matches!(client.binary(b"\x01"), Ok(None)));
    let Ok(Some(Incoming::Event { slot, id, name, args })) = client.binary(b"\x02\x03") else {
        unreachable!("it was the last one")
    };
    assert_eq!(client.connection.get(slot), Some(&"admin"));
    assert_eq!((id, &*name), (Some(7), "x"));
    let (map, first): (std::collections::HashMap<String, Vec<u8>>, Vec<u8>) = args.deserialize().unwrap();
    assert_eq!((&map["b"][..], &first[..]), (&[2, 3][..], &[1][..]));

    assert!(matches!(client.text(r#"61-5[{"_placeholder":true,"num":0}]"#), Ok(None)));
    let Ok(Some(Incoming::Ack { id: 5, args, .. })) = client.binary(b"\x04") else {
        unreachable!("it was the last one")
    };
    assert_eq!(args.deserialize::<Vec<u8>>().unwrap(), [4]);
    // Nobody waits for an acknowledgement without id.
    assert!(matches!(client.text("61-[]"), Ok(None)));
    assert!(matches!(client.binary(b"\x04"), Ok(None)));
    assert!(client.text(r#"2["x"]"#).is_ok());
}

#[test]
fn attachments_come_when_they_are_due_and_nothing_else_does() {
    let mut client = Client::joined();
    assert_eq!(client.binary(b"x").map(drop), Err(DecodeError::UnexpectedBinary.into()));
    for text in [r#"2["x"]"#, "1", "0/new,", r#"51-/admin,["x"]"#, ""] {
        let mut client = Client::joined();
        assert!(matches!(client.text(r#"52-["x"]"#), Ok(None)));
        assert!(matches!(client.binary(b"1"), Ok(None)));
        assert_eq!(client.text(text).map(drop), Err(DecodeError::UnexpectedText.into()), "{text}");
    }
    for (args, error) in [
        (r#",{"_placeholder":true,"num":"splice"}"#, DecodeError::IllegalAttachments),
        (r#",{"_placeholder":true,"num":1}"#, DecodeError::IllegalAttachments),
        (",}", DecodeError::InvalidPayload),
    ] {
        let text = format!("51-[\"x\"{args}]");
        assert!(matches!(client.text(&text), Ok(None)));
        assert_eq!(client.binary(b"1").map(drop), Err(error.into()), "{args}");
    }
}

#[test]
fn attachments_are_limited_in_size() {
    let mut config = Config::default();
    config.set_max_attachment_bytes(10);
    let mut client = Client::new();
    client.connection = Connection::new(Arc::new(config), client.now);
    client.join("0");
    assert!(matches!(client.text(r#"52-["x"]"#), Ok(None)));
    assert!(matches!(client.binary(&[0; 10]), Ok(None)));
    assert_eq!(client.binary(&[0]).map(drop), Err(DecodeError::AttachmentsTooLarge.into()));
}

#[test]
fn a_number_of_attachments_alone_takes_no_memory() {
    let mut config = Config::default();
    config.set_max_attachments(usize::MAX);
    let mut client = Client::new();
    client.connection = Connection::new(Arc::new(config), client.now);
    client.join("0");
    assert!(matches!(client.text(&format!(r#"5{}-["x"]"#, usize::MAX)), Ok(None)));
    assert!(matches!(client.binary(&[0; 10]), Ok(None)));
}

#[test]
fn half_a_packet_goes_with_its_namespace() {
    let mut client = Client::joined();
    let admin = client.connection.slots().nth(1).unwrap().0;
    let main = client.connection.slots().next().unwrap().0;
    assert!(matches!(client.text(r#"51-/admin,["hello"]"#), Ok(None)));
    assert!(client.connection.leave(main).is_some());
    assert!(client.connection.partial.is_some());
    assert!(client.connection.leave(admin).is_some());
    assert!(client.connection.partial.is_none());
    client.join("0/admin,");
    assert!(matches!(client.text(r#"2/admin,["hello"]"#), Ok(Some(Incoming::Event { .. }))));
}

#[test]
fn who_joins_nothing_is_closed() {
    let mut client = Client::new();
    assert_eq!(client.timeout(), Some(45 * SECOND));
    let slot = client.announced("0");
    client.connection.begin(slot, "pending");
    assert_eq!(client.wait(44 * SECOND), Ok(()));
    assert_eq!(client.timeout(), Some(SECOND));
    assert_eq!(client.wait(SECOND), Err(ProtocolError::ConnectTimeout.into()));
}

#[test]
fn who_leaves_the_last_namespace_has_to_join_another_in_time() {
    let mut client = Client::new();
    let main = client.join("0");
    let admin = client.join("0/admin,");
    assert_eq!(client.timeout(), None);
    assert_eq!(client.wait(1000 * SECOND), Ok(()));
    client.connection.leave(main);
    assert_eq!(client.timeout(), None);
    client.now += 1000 * SECOND;
    client.connection.leave(admin);
    // It is asked for the time at once, and counts from there.
    assert!(client.connection.poll_timeout().is_some_and(|at| at <= client.now));
    assert_eq!(client.wait(Duration::ZERO), Ok(()));
    assert_eq!(client.timeout(), Some(45 * SECOND));
    // A join that is refused changes nothing.
    let refused = client.announced("0/admin,");
    client.connection.leave(refused);
    assert_eq!(client.timeout(), Some(45 * SECOND));
    assert_eq!(client.wait(44 * SECOND), Ok(()));
    client.join("0");
    assert_eq!(client.timeout(), None);
}

#[test]
fn the_client_leaving_starts_the_same_clock() {
    let mut client = Client::new();
    let slot = client.join("0");
    assert!(matches!(client.text("1"), Ok(Some(Incoming::Disconnect { .. }))));
    client.connection.leave(slot);
    assert_eq!(client.wait(Duration::ZERO), Ok(()));
    assert_eq!(client.wait(45 * SECOND), Err(ProtocolError::ConnectTimeout.into()));
}

#[test]
fn attachments_that_do_not_come_end_the_wait() {
    let mut client = Client::joined();
    assert!(matches!(client.text(r#"53-["x"]"#), Ok(None)));
    assert_eq!(client.timeout(), Some(10 * SECOND));
    for _ in 0..2 {
        assert_eq!(client.wait(9 * SECOND), Ok(()));
        assert!(matches!(client.binary(b"1"), Ok(None)));
        assert_eq!(client.timeout(), Some(10 * SECOND));
    }
    assert_eq!(client.wait(10 * SECOND), Err(DecodeError::AttachmentTimeout.into()));
}

#[test]
fn an_idle_connection_is_small() {
    // Beside the caller's own state and what the first namespace is called.
    assert!(size_of::<Connection<()>>() <= 128, "{}", size_of::<Connection<()>>());
    assert!(!Client::joined().connection.places.is_empty());
    let mut client = Client::new();
    client.join("0");
    assert!(!client.connection.places.spilled());
}
