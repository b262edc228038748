//! How fast something grows.

use std::time::Duration;

/// Values at moments.
#[derive(Debug, Default)]
pub(super) struct Slope(Vec<(f64, f64)>);

impl Slope {
    pub(super) fn add(&mut self, at: Duration, value: f64) {
        self.0.push((at.as_secs_f64(), value));
    }

    /// By how much the value grows in `time`: least squares. 0 if there are not two moments.
    pub(super) fn in_time(&self, time: Duration) -> f64 {
        let count = self.0.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| self.0.iter().map(of).sum::<f64>() / count;
        let (at, value) = (mean(|point| point.0), mean(|point| point.1));
        let above: f64 = self.0.iter().map(|point| (point.0 - at) * (point.1 - value)).sum();
        let below: f64 = self.0.iter().map(|point| (point.0 - at).powi(2)).sum();
        if below > 0.0 { above / below * time.as_secs_f64() } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_slope() {
        let mut slope = Slope::default();
        assert_eq!(slope.in_time(Duration::from_secs(600)), 0.0);
        for second in 0..60 {
            // What goes up and down does not grow.
            let noise = if second % 2 == 0 { 1.0 } else { -1.0 };
            slope.add(Duration::from_secs(second), 100.0 + 0.5 * second as f64 + noise);
        }
        let grown = slope.in_time(Duration::from_secs(600));
        assert!((grown - 300.0).abs() < 2.0, "{grown}");
    }
}
