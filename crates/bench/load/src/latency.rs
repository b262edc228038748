//! How long things took: counted in a histogram, told in percentiles.

use std::time::Duration;

/// Each power of two is divided into this many steps, so a time is known to one part in 64.
const STEPS: u64 = 64;
const STEP_BITS: u32 = STEPS.trailing_zeros();
/// Times beyond 2^40 ns, 18 minutes, count as the last.
const LAST_BIT: u32 = 40;
const BUCKETS: usize = ((LAST_BIT - STEP_BITS + 1) as usize) * STEPS as usize;

/// The times that half, 99 % and 99.9 % of the messages did not exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// Half.
    pub p50: Duration,
    /// 99 %.
    pub p99: Duration,
    /// 99.9 %.
    pub p999: Duration,
}

/// Counts times. It never grows, and a time costs it a few instructions.
#[derive(Debug)]
pub struct Histogram {
    buckets: Box<[u64; BUCKETS]>,
    count: u64,
}

impl Histogram {
    /// Nothing counted yet.
    pub fn new() -> Self {
        Self { buckets: Box::new([0; BUCKETS]), count: 0 }
    }

    /// Counts a time.
    pub fn record(&mut self, time: Duration) {
        self.buckets[bucket(time)] += 1;
        self.count += 1;
    }

    /// How many times were recorded.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Forgets all times.
    pub fn clear(&mut self) {
        self.buckets.fill(0);
        self.count = 0;
    }

    /// The percentiles; `None` if nothing was recorded.
    pub fn latency(&self) -> Option<Latency> {
        (self.count > 0).then(|| Latency { p50: self.at_most(500), p99: self.at_most(990), p999: self.at_most(999) })
    }

    /// The time that `per_mille` of all did not exceed.
    fn at_most(&self, per_mille: u64) -> Duration {
        let rank = (self.count * per_mille).div_ceil(1000).max(1);
        let mut seen = 0;
        let bucket = self.buckets.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        longest(bucket.expect("the buckets hold as many as were counted"))
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

/// Below `STEPS` a bucket is a nanosecond; above, the highest bits of the time choose it.
fn bucket(time: Duration) -> usize {
    let nanos = (time.as_nanos() as u64).min((1 << LAST_BIT) - 1);
    let shift = nanos.max(1).ilog2().saturating_sub(STEP_BITS);
    (u64::from(shift) * STEPS + (nanos >> shift)) as usize
}

/// The longest time that falls into a bucket.
const fn longest(bucket: usize) -> Duration {
    let bucket = bucket as u64;
    let shift = (bucket / STEPS).saturating_sub(1);
    let step = bucket - shift * STEPS;
    Duration::from_nanos(((step + 1) << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_known_to_one_part_in_64() {
        for nanos in (0..200).chain([1000, 4095, 4096, 123_456, 1_000_000_007, (1 << 40) - 1]) {
            let longest = longest(bucket(Duration::from_nanos(nanos))).as_nanos() as u64;
            assert!(longest >= nanos && longest - nanos <= nanos / 64, "{nanos}: {longest}");
        }
        assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_times() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.latency(), None);
        for micros in 1..=1000 {
            histogram.record(Duration::from_micros(micros));
        }
        let latency = histogram.latency().unwrap();
        for (time, micros) in [(latency.p50, 500), (latency.p99, 990), (latency.p999, 999)] {
            assert_eq!(bucket(time), bucket(Duration::from_micros(micros)));
        }
        histogram.clear();
        assert_eq!((histogram.count(), histogram.latency()), (0, None));
    }

    #[test]
    fn one_time_is_all_percentiles() {
        let mut histogram = Histogram::new();
        histogram.record(Duration::from_nanos(7));
        let seven = Duration::from_nanos(7);
        assert_eq!(histogram.latency(), Some(Latency { p50: seven, p99: seven, p999: seven }));
    }
}
