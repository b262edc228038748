//! Data of any kind: whatever a node makes of it for its own clients, all others hear the same.

use serde_json::{Value, json};

use crate::adapter::Adapter;
use crate::cluster::{Cluster, Maker};

pub(crate) async fn data_of_any_kind_is_heard_alike(c: &mut Cluster) {
    let mut deep = json!("deep");
    for _ in 0..20 {
        deep = json!([{ "in": deep }]);
    }
    let mut events = vec![
        json!([]),
        json!([null]),
        json!(["", 0, -1, 1.5, -0.25, 1e-7, true, false]),
        json!([9_007_199_254_740_991_u64, -9_007_199_254_740_991_i64, 9_007_199_254_740_992_u64, 4_294_967_296_u64]),
        json!([255, 256, 65535, 65536, -128, -129, -32768, -32769, 2_147_483_648_u64]),
        json!(["🦀 \u{0} \u{7f} \u{2028} \" \\ </script>", "日本語", "é".repeat(300), "x".repeat(70_000)]),
        json!([{ "": 1, "b": 2, "a": { "type": "Buffer", "data": [1] }, "10": 3, "2": 4, "constructor": 5, "__v": null }]),
        json!([{ "$bytes": "" }, [{ "$bytes": "00" }, { "a": { "$bytes": "ff".repeat(300) } }], "after"]),
        json!([{ "_placeholder": true, "num": 0 }]),
        json!([deep]),
        json!([(0..70_000).collect::<Vec<_>>()]),
    ];
    if c.nodes[0].maker == Maker::Node {
        events.push(json!([{ "$date": 960_854_400_000_u64 }, { "at": { "$date": 960_854_400_001_u64 }, "was": { "$date": -1 } }]));
        events.push(json!([{ "$number": "nan" }, { "$number": "infinity" }, { "$number": "-0" }]));
    }
    // As MessagePack Node's classic adapter cannot write it.
    if c.nodes[0].maker == Maker::Pintle || !matches!(c.adapter, Adapter::Classic | Adapter::ClassicSpecific) {
        events.push(json!([1e21, -1e300, 1.7e308]));
    }
    for (number, args) in events.into_iter().enumerate() {
        let mut event = vec![json!(format!("test-{number}"))];
        event.extend(args.as_array().expect("arguments").iter().cloned());
        c.first("emit", json!({ "args": event })).await;
        let expected = c.clients[0].heard().await;
        for client in &mut c.clients[1..] {
            let heard = client.heard().await;
            assert!(heard == expected, "{number}: {} and {}", short(&heard), short(&expected));
        }
    }
    assert_eq!(c.heard().await, [vec![], vec![], vec![]] as [Vec<Value>; 3]);
}

fn short(event: &Value) -> String {
    event.to_string().chars().take(300).collect()
}
