//! What Pintle must show beside its peers.

use crate::results::{Measures, Results};

/// A bound on something that a work shows of Pintle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Must {
    pub(crate) work: &'static str,
    pub(crate) measure: Measure,
    /// Whose figure Pintle's is divided by; without one the bound is on the figure itself.
    pub(crate) peer: Option<&'static str>,
    pub(crate) at_most: f64,
}

/// What is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// CPU of the host for a unit.
    Cpu,
    /// The latency that 99 % do not exceed.
    P99,
    /// Resident bytes of a connection.
    BytesPerConnection,
    /// What the host uses of a core.
    Core,
    /// What is resident after all have left, as a multiple of what was before they came.
    Afterwards,
}

/// What became of a [`Must`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    pub(crate) must: Must,
    /// What is bounded, as it was measured; `None` if one of the two was not.
    pub(crate) value: Option<f64>,
}

/// The musts, in the order of the works.
pub(crate) const MUSTS: &[Must] = &[
    than("connect", Measure::Cpu, "socketioxide", 0.7),
    than("upgrade", Measure::Cpu, "socketioxide", 0.75),
    than("echo-16", Measure::Cpu, "socketioxide", 0.5),
    than("echo-16", Measure::Cpu, "bun", 0.57),
    than("echo-4096", Measure::Cpu, "bun", 0.95),
    than("echo-binary", Measure::Cpu, "socketioxide", 0.5),
    than("echo-binary", Measure::Cpu, "bun", 0.57),
    than("ack-16", Measure::Cpu, "socketioxide", 0.5),
    than("ack-16", Measure::Cpu, "bun", 0.57),
    than("ack-4096", Measure::Cpu, "bun", 0.95),
    than("ack-binary", Measure::Cpu, "socketioxide", 0.5),
    than("ack-binary", Measure::Cpu, "bun", 0.57),
    than("polling-echo", Measure::Cpu, "socketioxide", 0.77),
    than("broadcast", Measure::Cpu, "socketioxide", 0.25),
    than("broadcast-rate", Measure::Cpu, "socketioxide", 0.78),
    than("broadcast-rate", Measure::P99, "bun", 1.0),
    at_most("idle-5000", Measure::BytesPerConnection, 8_000.0),
    than("idle-5000", Measure::BytesPerConnection, "bun", 0.6),
    at_most("idle-5000", Measure::Afterwards, 1.2),
    at_most("idle-15000", Measure::BytesPerConnection, 8_000.0),
    than("idle-15000", Measure::BytesPerConnection, "bun", 0.6),
    at_most("idle-15000", Measure::Core, 0.04),
    at_most("idle-15000", Measure::Afterwards, 1.2),
];

/// The verdicts on what the results say of one work, or of all.
pub(crate) fn verdicts(results: &Results, work: Option<&str>) -> Vec<Verdict> {
    let musts = MUSTS.iter().filter(|must| work.is_none_or(|work| must.work == work));
    musts.filter_map(|must| must.judge(results)).collect()
}

const fn than(work: &'static str, measure: Measure, peer: &'static str, at_most: f64) -> Must {
    Must { work, measure, peer: Some(peer), at_most }
}

const fn at_most(work: &'static str, measure: Measure, at_most: f64) -> Must {
    Must { work, measure, peer: None, at_most }
}

impl Must {
    /// `None` if the work was not done.
    fn judge(&self, results: &Results) -> Option<Verdict> {
        let row = results.row(self.work)?;
        let of = |host: &str| self.measure.of(row.median(host)?);
        let value = of("pintle").and_then(|own| Some(own / self.peer.map_or(Some(1.0), of)?));
        Some(Verdict { must: *self, value })
    }
}

impl Measure {
    fn of(self, measures: &Measures) -> Option<f64> {
        Some(match self {
            Self::Cpu => measures.cpu,
            Self::P99 => measures.latency?.p99,
            Self::BytesPerConnection => measures.memory?.per_connection,
            Self::Core => measures.host_load,
            Self::Afterwards => measures.memory?.after / measures.memory?.before,
        })
    }

    /// What it is, in a few words.
    pub(crate) const fn what(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::P99 => "p99",
            Self::BytesPerConnection => "bytes per connection",
            Self::Core => "part of a core",
            Self::Afterwards => "memory after, of that before",
        }
    }
}

impl Verdict {
    /// In a word.
    pub(crate) fn outcome(&self) -> &'static str {
        match self.value {
            Some(value) if value <= self.must.at_most => "ok",
            Some(_) => "MISSED",
            None => "open",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::Host;
    use crate::results::tests::{results, row};

    fn one(results: &Results, work: &str) -> Vec<(Option<f64>, &'static str)> {
        verdicts(results, Some(work)).iter().map(|verdict| (verdict.value, verdict.outcome())).collect()
    }

    #[test]
    fn a_ratio_is_pintle_to_the_peer() {
        let rows = vec![row("echo-16", &[("pintle", 2.0), ("socketioxide", 4.0), ("bun", 3.0)])];
        assert_eq!(one(&results(rows), "echo-16"), [(Some(0.5), "ok"), (Some(2.0 / 3.0), "MISSED")]);
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        let alone = results(vec![row("echo-16", &[("pintle", 2.0)])]);
        assert_eq!(one(&alone, "echo-16"), [(None, "open"), (None, "open")]);
        let without = results(vec![row("echo-16", &[("socketioxide", 2.0), ("bun", 3.0)])]);
        assert_eq!(one(&without, "echo-16"), [(None, "open"), (None, "open")]);
        assert_eq!(one(&alone, "ack-16"), [], "the work was not done");
    }

    #[test]
    fn memory_is_judged_by_itself_and_beside_bun() {
        // 8,500 bytes a connection here and 17,000 there; a tenth more after than before.
        let rows = vec![row("idle-5000", &[("pintle", 8.5), ("bun", 17.0)])];
        assert_eq!(one(&results(rows), "idle-5000"), [(Some(8500.0), "MISSED"), (Some(0.5), "ok"), (Some(1.1), "ok")]);
    }

    #[test]
    fn every_must_names_hosts_that_there_are() {
        for must in MUSTS {
            assert!(must.peer.is_none_or(|peer| Host::named(peer).is_some()), "{must:?}");
        }
    }
}
