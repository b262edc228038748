//! A recorder that can be read at any time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

/// What was counted. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    /// By name and labels, as Prometheus writes them.
    values: BTreeMap<String, Value>,
    described: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
enum Value {
    Counter(Arc<AtomicU64>),
    Gauge(Arc<AtomicU64>),
}

impl Counts {
    /// How a counter or gauge stands; 0 if there is none.
    pub(crate) fn get(&self, name: &str) -> u64 {
        self.0.lock().expect("no panic").values.get(name).map_or(0, Value::get)
    }

    /// All that are not 0, but for packets and bytes.
    pub(crate) fn all_but_traffic(&self) -> Vec<(String, u64)> {
        let inner = self.0.lock().expect("no panic");
        let all = inner.values.iter().map(|(name, value)| (name.clone(), value.get()));
        all.filter(|(name, count)| *count != 0 && !name.contains("received_") && !name.contains("sent_")).collect()
    }

    /// The names and labels of all there are.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.lock().expect("no panic").values.keys().cloned().collect()
    }

    /// The names that were described, and how.
    pub(crate) fn described(&self) -> BTreeMap<String, String> {
        self.0.lock().expect("no panic").described.clone()
    }

    fn describe(&self, name: &KeyName, kind: &str) {
        self.0.lock().expect("no panic").described.insert(name.as_str().to_owned(), kind.to_owned());
    }
}

impl Value {
    fn get(&self) -> u64 {
        match self {
            Self::Counter(count) => count.load(Ordering::SeqCst),
            Self::Gauge(bits) => {
                let value = f64::from_bits(bits.load(Ordering::SeqCst));
                assert!(value >= 0.0 && value.fract() == 0.0, "there cannot be {value} of anything");
                value as u64
            }
        }
    }
}

impl Recorder for Counts {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name, "counter");
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name, "gauge");
    }

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let mut inner = self.0.lock().expect("no panic");
        match inner.values.entry(written(key)).or_insert_with(|| Value::Counter(Arc::default())) {
            Value::Counter(count) => Counter::from_arc(count.clone()),
            Value::Gauge(_) => panic!("{key} is both a counter and a gauge"),
        }
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let mut inner = self.0.lock().expect("no panic");
        match inner.values.entry(written(key)).or_insert_with(|| Value::Gauge(Arc::default())) {
            Value::Gauge(bits) => Gauge::from_arc(bits.clone()),
            Value::Counter(_) => panic!("{key} is both a counter and a gauge"),
        }
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// As Prometheus writes it: `name{label="value",…}`.
fn written(key: &Key) -> String {
    let labels: Vec<_> = key.labels().map(|label| format!("{}={:?}", label.key(), label.value())).collect();
    if labels.is_empty() { key.name().to_owned() } else { format!("{}{{{}}}", key.name(), labels.join(",")) }
}
