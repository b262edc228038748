use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const NOBODY: [u8; 0] = [];

fn id(seed: u8) -> SocketId {
    SocketId::from_entropy([seed; SocketId::ENTROPY])
}

/// The selected members, which are numbers here, in order; a member met twice would show up twice.
fn picked(rooms: &Rooms<u8>, select: &Select) -> Vec<u8> {
    let selection = rooms.select(select);
    let mut members: Vec<u8> = selection.iter().copied().collect();
    members.sort_unstable();
    assert_eq!(selection.len(), members.len());
    assert_eq!(selection.is_empty(), members.is_empty());
    members
}

/// Three members: 1 and 2 in `a`, 2 and 3 in `b`.
fn three() -> (Rooms<u8>, [MemberId; 3]) {
    let mut rooms = Rooms::new();
    let members = [1, 2, 3].map(|n| rooms.insert(id(n), n));
    for (member, room) in [(0, "a"), (1, "a"), (1, "b"), (2, "b")] {
        assert_eq!(rooms.join(members[member], room), Ok(true));
    }
    (rooms, members)
}

#[test]
fn a_selection_is_a_union_without_another() {
    let (rooms, _) = three();
    let own = id(2).to_string();
    let all = Select::all;
    assert_eq!(picked(&rooms, &all()), [1, 2, 3]);
    assert_eq!(picked(&rooms, &all().to("a")), [1, 2]);
    assert_eq!(picked(&rooms, &all().to("a").to("b")), [1, 2, 3]);
    assert_eq!(picked(&rooms, &all().to("a").to("a")), [1, 2]);
    assert_eq!(picked(&rooms, &all().to("a").except("b")), [1]);
    assert_eq!(picked(&rooms, &all().except("a")), [3]);
    assert_eq!(picked(&rooms, &all().except("a").except("b")), NOBODY);
    assert_eq!(picked(&rooms, &all().to(own.as_str())), [2]);
    assert_eq!(picked(&rooms, &all().to(own.as_str()).to("a")), [1, 2]);
    assert_eq!(picked(&rooms, &all().except(own.as_str())), [1, 3]);
    assert_eq!(picked(&rooms, &all().to("nobody here")), NOBODY);
    assert_eq!(picked(&rooms, &all().to("nobody here").to("b")), [2, 3]);
    assert_eq!(picked(&rooms, &all().except("nobody here")), [1, 2, 3]);
}

#[test]
fn many_can_be_left_out_by_id() {
    let mut rooms = Rooms::new();
    for n in 0..200 {
        rooms.insert(id(n), n);
    }
    let select = (0..199).fold(Select::all(), |select, n| select.except(id(n).as_str()));
    assert_eq!(picked(&rooms, &select), [199]);
}

#[test]
fn a_snapshot_does_not_change() {
    let (mut rooms, members) = three();
    let all = rooms.select(&Select::all());
    let room = rooms.select(&Select::all().to("a").to("b").except("b"));
    assert_eq!(rooms.remove(members[0]), Some(1));
    assert!(rooms.leave(members[1], "b"));
    rooms.insert(id(4), 4);
    assert_eq!(all.iter().collect::<BTreeSet<_>>(), BTreeSet::from([&1, &2, &3]));
    assert_eq!(room.iter().collect::<Vec<_>>(), [&1]);
    assert_eq!(picked(&rooms, &Select::all()), [2, 3, 4]);
}

#[test]
fn a_room_of_one_list_is_not_copied() {
    let (rooms, _) = three();
    let rooms = {
        let mut counted = Rooms::new();
        for n in [1, 2, 3] {
            let member = counted.insert(id(n), Arc::new(n));
            assert_eq!(counted.join(member, "a"), Ok(true));
        }
        assert_eq!(rooms.len(), counted.len());
        counted
    };
    let member = rooms.get(&id(1)).unwrap();
    let before = Arc::strong_count(member);
    let selection = rooms.select(&Select::all().to("a").except(id(2).as_str()));
    assert_eq!(selection.iter().count(), 2);
    assert_eq!(Arc::strong_count(member), before);
}

#[test]
fn the_own_room_is_always_joined_and_nobody_elses() {
    let (mut rooms, [first, second, _]) = three();
    let (own, other) = (id(1).to_string(), id(2).to_string());
    assert_eq!(rooms.join(first, &own), Ok(false));
    assert_eq!(rooms.join(first, &other), Err(JoinError::ForeignSocketId));
    assert!(!rooms.leave(first, &own));
    assert_eq!(rooms.room_len(&own), 1);
    assert_eq!(rooms.rooms_of(second)[0].as_ref(), other);
    assert_eq!(rooms.rooms_of(second).len(), 3);
    assert_eq!(rooms.rooms().collect::<BTreeSet<_>>(), BTreeSet::from(["a", "b"]));
    // What looks like an id and is none is a name like any other.
    assert_eq!(rooms.join(first, "twenty-letters-long_"), Ok(true));
}

#[test]
fn refusals() {
    let (mut rooms, [first, ..]) = three();
    assert_eq!(rooms.join(first, "a"), Ok(false));
    assert_eq!(rooms.join(first, &"x".repeat(256)), Ok(true));
    assert_eq!(rooms.join(first, &"x".repeat(257)), Err(JoinError::TooLong));
    rooms.set_max_room_len(2);
    assert_eq!(rooms.join(first, "xyz"), Err(JoinError::TooLong));
    assert!(!rooms.leave(first, "b"));
    assert_eq!(rooms.remove(first), Some(1));
    assert_eq!(rooms.remove(first), None);
    assert_eq!(rooms.join(first, "a"), Err(JoinError::UnknownMember));
    assert!(!rooms.leave(first, "a"));
    assert!(rooms.rooms_of(first).is_empty());
    // The place is used again, and the old id does not reach it.
    let fourth = rooms.insert(id(4), 4);
    assert_eq!(fourth.index, first.index);
    assert_eq!(rooms.join(first, "a"), Err(JoinError::UnknownMember));
    assert_eq!(rooms.remove(first), None);
    assert_eq!(rooms.get(&id(4)), Some(&4));
    assert_eq!(rooms.get(&id(1)), None);
}

#[test]
fn an_id_has_one_member() {
    let (mut rooms, [first, ..]) = three();
    rooms.insert(id(1), 9);
    assert_eq!(rooms.remove(first), None);
    assert_eq!(picked(&rooms, &Select::all()), [2, 3, 9]);
    assert_eq!(picked(&rooms, &Select::all().to("a")), [2]);
}

#[test]
fn nothing_stays_behind() {
    let mut rooms = Rooms::new();
    let ids = (0..2000_u32).map(|n| {
        let mut entropy = [0; SocketId::ENTROPY];
        entropy[..4].copy_from_slice(&n.to_be_bytes());
        SocketId::from_entropy(entropy)
    });
    let members: Vec<MemberId> = ids.map(|id| rooms.insert(id, ())).collect();
    for (n, &member) in members.iter().enumerate() {
        rooms.join(member, &format!("room {n}")).unwrap();
        rooms.join(member, "all").unwrap();
    }
    // Not from the end, so that places are left and used again.
    for &member in members.iter().step_by(2).chain(members.iter().skip(1).step_by(2)) {
        rooms.remove(member).unwrap();
    }
    assert!(rooms.is_empty());
    assert_eq!(rooms.rooms().count(), 0);
    assert!(rooms.places.is_empty() && rooms.free.is_empty());
    assert!(rooms.places.capacity() < 64, "{}", rooms.places.capacity());
    assert!(rooms.ids.capacity() < 64, "{}", rooms.ids.capacity());
    assert!(rooms.rooms.capacity() < 64, "{}", rooms.rooms.capacity());
}

#[derive(Clone, Debug)]
enum Step {
    Insert(u8),
    Remove(u8),
    Join(u8, u8),
    Leave(u8, u8),
    Select { rooms: Vec<u8>, except: Vec<u8> },
}

/// Rooms 0 to 5 are rooms; from 6 on, they are the ids of members.
fn room(n: u8) -> String {
    match n {
        0..6 => format!("room {n}"),
        _ => id(n - 6).to_string(),
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let some_rooms = || prop::collection::vec(0..10_u8, 0..4);
    let step = prop_oneof![
        2 => (0..12_u8).prop_map(Step::Insert),
        1 => (0..12_u8).prop_map(Step::Remove),
        4 => (0..12_u8, 0..10_u8).prop_map(|(member, room)| Step::Join(member, room)),
        2 => (0..12_u8, 0..10_u8).prop_map(|(member, room)| Step::Leave(member, room)),
        2 => (some_rooms(), some_rooms()).prop_map(|(rooms, except)| Step::Select { rooms, except }),
    ];
    prop::collection::vec(step, 0..120)
}

/// What the rooms are, told in the plainest way.
#[derive(Default)]
struct Model {
    ids: BTreeMap<u8, MemberId>,
    rooms: BTreeMap<String, BTreeSet<u8>>,
}

impl Model {
    fn union(&self, names: &[u8]) -> BTreeSet<u8> {
        names.iter().filter_map(|&n| self.rooms.get(&room(n))).flatten().copied().collect()
    }

    fn forget(&mut self, n: u8) {
        self.rooms.retain(|_, members| {
            members.remove(&n);
            !members.is_empty()
        });
    }
}

proptest! {
    #[test]
    fn agrees_with_the_plain_model(steps in steps()) {
        let mut rooms = Rooms::new();
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Insert(n) => {
                    model.forget(n);
                    model.ids.insert(n, rooms.insert(id(n), n));
                    // A stranger's room of that name would be taken over; nobody can guess an id, so the model forbids it.
                    model.rooms.insert(id(n).to_string(), BTreeSet::from([n]));
                }
                Step::Remove(n) => {
                    let gone = model.ids.remove(&n).and_then(|member| rooms.remove(member));
                    model.forget(n);
                    prop_assert!(gone.is_none_or(|gone| gone == n));
                }
                Step::Join(n, name) => {
                    let Some(&member) = model.ids.get(&n) else { continue };
                    let owner = name.checked_sub(6);
                    if owner.is_some_and(|owner| !model.ids.contains_key(&owner)) {
                        continue;
                    }
                    let joined = rooms.join(member, &room(name));
                    match owner {
                        Some(owner) if owner != n => prop_assert_eq!(joined, Err(JoinError::ForeignSocketId)),
                        _ => {
                            let fresh = model.rooms.entry(room(name)).or_default().insert(n);
                            prop_assert_eq!(joined, Ok(fresh));
                        }
                    }
                }
                Step::Leave(n, name) => {
                    let Some(&member) = model.ids.get(&n) else { continue };
                    let was_in = name < 6 && model.rooms.get_mut(&room(name)).is_some_and(|room| room.remove(&n));
                    model.rooms.retain(|_, members| !members.is_empty());
                    prop_assert_eq!(rooms.leave(member, &room(name)), was_in);
                }
                Step::Select { rooms: names, except } => {
                    let mut select = Select::all();
                    select.rooms.extend(names.iter().map(|&n| Arc::from(room(n))));
                    select.except.extend(except.iter().map(|&n| Arc::from(room(n))));
                    let meant = match names.as_slice() {
                        [] => model.ids.keys().copied().collect(),
                        names => model.union(names),
                    };
                    let left_out = model.union(&except);
                    let meant: Vec<u8> = meant.difference(&left_out).copied().collect();
                    prop_assert_eq!(picked(&rooms, &select), meant);
                }
            }
            prop_assert_eq!(rooms.len(), model.ids.len());
            for (name, members) in &model.rooms {
                prop_assert_eq!(rooms.room_len(name), members.len());
            }
            prop_assert_eq!(rooms.rooms().count() + rooms.len(), model.rooms.len());
            for (&n, &member) in &model.ids {
                prop_assert_eq!(rooms.get(&id(n)), Some(&n));
                let of: BTreeSet<String> = rooms.rooms_of(member).iter().map(ToString::to_string).collect();
                let meant = model.rooms.iter().filter(|(_, members)| members.contains(&n));
                prop_assert_eq!(of, meant.map(|(name, _)| name.clone()).collect());
            }
        }
    }
}
