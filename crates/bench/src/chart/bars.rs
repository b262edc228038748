//! Grouped bars that lie.

use super::svg::{Anchor, Svg};

const WIDTH: f64 = 760.0;
/// Where bars begin, and how much room is left for the numbers behind them.
const LEFT: f64 = 130.0;
const RIGHT: f64 = 80.0;
const TOP: f64 = 76.0;
const BAR: f64 = 11.0;
const GAP: f64 = 12.0;

/// A picture of grouped bars.
#[derive(Debug)]
pub(super) struct Bars<'a> {
    pub(super) title: &'a str,
    pub(super) note: &'a str,
    /// The series, and what each is called.
    pub(super) series: Vec<(usize, &'a str)>,
    pub(super) groups: Vec<Group>,
    /// A bar that is longer is cut off here. What it stands for is written behind it all the same.
    pub(super) longest: f64,
    /// Where a rule stands behind the bars.
    pub(super) rules: Vec<(f64, String)>,
}

#[derive(Debug)]
pub(super) struct Group {
    pub(super) label: String,
    pub(super) bars: Vec<Bar>,
}

#[derive(Debug)]
pub(super) struct Bar {
    pub(super) series: usize,
    pub(super) value: f64,
    /// What is written behind it.
    pub(super) text: String,
}

impl Bars<'_> {
    pub(super) fn draw(&self) -> String {
        let mut svg = Svg::new(WIDTH);
        svg.text((10.0, 22.0), Anchor::Start, "t", self.title);
        svg.text((10.0, 40.0), Anchor::Start, "n", self.note);
        svg.legend((10.0, 60.0), &self.series);
        let lines: usize = self.groups.iter().map(|group| group.bars.len()).sum();
        let bottom = TOP + 14.0 + lines as f64 * BAR + self.groups.len() as f64 * GAP;
        for (value, label) in &self.rules {
            svg.text((self.x(*value), TOP + 4.0), Anchor::Middle, "n", label);
            svg.rule((self.x(*value), TOP + 8.0), (self.x(*value), bottom));
        }
        let mut y = TOP + 14.0;
        for group in &self.groups {
            let middle = y + group.bars.len() as f64 * BAR / 2.0;
            svg.text((LEFT - 10.0, middle + 4.0), Anchor::End, "l", &group.label);
            for bar in &group.bars {
                let end = self.x(bar.value.min(self.longest));
                svg.bar((LEFT, y), (end - LEFT, BAR - 2.0), bar.series);
                svg.text((end + 5.0, y + BAR - 2.5), Anchor::Start, "n", &bar.text);
                y += BAR;
            }
            y += GAP;
        }
        svg.finish(bottom, self.title)
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + value / self.longest * (WIDTH - LEFT - RIGHT)
    }
}
