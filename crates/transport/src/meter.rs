//! What is counted with: handles of the crate `metrics`, or nothing at all without the feature `metrics`.
//!
//! Handles are asked for when a server is made, and kept: to count is an atomic addition then. What collects the counts is
//! the user's, so nothing is counted under a lock.

use std::ops::Deref;

/// Labels of a counter or gauge: their names, and a value for each.
pub type Labels<'a> = [(&'static str, &'a str)];

/// How often something has happened.
#[derive(Clone, Debug)]
pub struct Counter(#[cfg(feature = "metrics")] ::metrics::Counter);

impl Counter {
    /// The counter of this name and these labels.
    #[inline]
    pub fn new(name: &'static str, labels: &Labels<'_>) -> Self {
        let _ = (name, labels);
        Self(
            #[cfg(feature = "metrics")]
            ::metrics::counter!(name, self::labels(labels)),
        )
    }

    /// It has happened.
    #[inline]
    pub fn count(&self) {
        self.add(1);
    }

    /// It has happened so many times.
    #[inline]
    pub fn add(&self, times: u64) {
        let _ = times;
        #[cfg(feature = "metrics")]
        self.0.increment(times);
    }
}

/// How many there are. See [`Present`].
#[derive(Clone, Debug)]
pub struct Gauge(#[cfg(feature = "metrics")] ::metrics::Gauge);

impl Gauge {
    /// The gauge of this name and these labels.
    #[inline]
    pub fn new(name: &'static str, labels: &Labels<'_>) -> Self {
        let _ = (name, labels);
        Self(
            #[cfg(feature = "metrics")]
            ::metrics::gauge!(name, self::labels(labels)),
        )
    }

    /// There is one more, until what this gives is dropped.
    #[inline]
    pub fn enter(&self) -> Present {
        #[cfg(feature = "metrics")]
        self.0.increment(1.0);
        Present(self.clone())
    }
}

/// One of those that a [`Gauge`] counts, for as long as it is there: whatever ends it, a panic included, drops this.
#[derive(Debug)]
#[must_use = "dropped, it is not there any more"]
pub struct Present(Gauge);

impl Present {
    /// One that is not counted.
    pub const fn nowhere() -> Self {
        Self(Gauge(
            #[cfg(feature = "metrics")]
            ::metrics::Gauge::noop(),
        ))
    }
}

#[cfg(feature = "metrics")]
impl Drop for Present {
    fn drop(&mut self) {
        self.0.0.decrement(1.0);
    }
}

/// Counters of one name, one for each value of a label.
#[derive(Clone, Debug)]
pub struct Family(#[cfg(feature = "metrics")] Values);

#[cfg(feature = "metrics")]
#[derive(Clone, Debug)]
struct Values {
    name: &'static str,
    label: &'static str,
    known: Vec<(&'static str, Counter)>,
}

impl Family {
    /// The counters of this name. Those of the values that are known can be seen before anything has been counted.
    #[inline]
    pub fn new(name: &'static str, label: &'static str, known: &[&'static str]) -> Self {
        let _ = (name, label, known);
        Self(
            #[cfg(feature = "metrics")]
            Values {
                name,
                label,
                known: known.iter().map(|value| (*value, Counter::new(name, &[(label, value)]))).collect(),
            },
        )
    }

    /// It has happened, with this value of the label.
    #[inline]
    pub fn count(&self, value: &'static str) {
        self.add(value, 1);
    }

    /// It has happened so many times, with this value of the label.
    #[inline]
    pub fn add(&self, value: &'static str, times: u64) {
        let _ = (value, times);
        #[cfg(feature = "metrics")]
        match self.0.known.iter().find(|(known, _)| *known == value) {
            Some((_, counter)) => counter.add(times),
            None => Counter::new(self.0.name, &[(self.0.label, value)]).add(times),
        }
    }
}

/// What is summed up before it is counted: nobody else adds to it, so that costs next to nothing.
#[derive(Debug, Default)]
pub struct Sum(#[cfg(feature = "metrics")] u64);

impl Sum {
    /// So much more.
    #[inline]
    pub const fn add(&mut self, more: usize) {
        let _ = more;
        #[cfg(feature = "metrics")]
        {
            self.0 += more as u64;
        }
    }

    /// Adds it to another one, and begins anew.
    #[inline]
    pub const fn move_to(&mut self, other: &mut Self) {
        let _ = &other;
        #[cfg(feature = "metrics")]
        {
            other.0 += self.0;
            self.0 = 0;
        }
    }

    /// Counts it, and begins anew.
    #[inline]
    pub fn count(&mut self, counter: &Counter) {
        let _ = counter;
        #[cfg(feature = "metrics")]
        if self.0 > 0 {
            counter.add(std::mem::take(&mut self.0));
        }
    }
}

/// The metrics of a server, for all of its sessions: without the feature there is nothing to share.
#[derive(Clone, Debug)]
pub struct Shared<T>(#[cfg(feature = "metrics")] std::sync::Arc<T>, #[cfg(not(feature = "metrics"))] T);

impl<T> Shared<T> {
    /// These metrics.
    pub fn new(metrics: T) -> Self {
        #[cfg(feature = "metrics")]
        let metrics = std::sync::Arc::new(metrics);
        Self(metrics)
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Says what a counter is about.
#[inline]
pub fn describe_counter(name: &'static str, what: &'static str) {
    let _ = (name, what);
    #[cfg(feature = "metrics")]
    ::metrics::describe_counter!(name, unit(name), what);
}

/// Says what a gauge is about.
#[inline]
pub fn describe_gauge(name: &'static str, what: &'static str) {
    let _ = (name, what);
    #[cfg(feature = "metrics")]
    ::metrics::describe_gauge!(name, unit(name), what);
}

/// The unit, which is in the name.
#[cfg(feature = "metrics")]
fn unit(name: &str) -> ::metrics::Unit {
    if name.contains("_bytes") { ::metrics::Unit::Bytes } else { ::metrics::Unit::Count }
}

#[cfg(feature = "metrics")]
fn labels(labels: &Labels<'_>) -> Vec<::metrics::Label> {
    labels.iter().map(|(name, value)| ::metrics::Label::new(*name, (*value).to_owned())).collect()
}
