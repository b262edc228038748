//! SVG, written by hand.

use std::fmt::Write as _;

/// Colours of the series, for light and for dark pages: blue, orange, pink, green, grey.
const COLOURS: [(&str, &str); 5] = [
    ("#1f6feb", "#58a6ff"),
    ("#d9730d", "#f0883e"),
    ("#bf3989", "#db61a2"),
    ("#2da44e", "#3fb950"),
    ("#8c959f", "#6e7681"),
];

/// A picture that is being drawn.
#[derive(Debug)]
pub(super) struct Svg {
    body: String,
    width: f64,
}

/// Where a text has its point.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    pub(super) const fn new(width: f64) -> Self {
        Self { body: String::new(), width }
    }

    /// A text whose baseline is at `y`. The class is `t` for a title, `l` for a label, `n` for what is only noted.
    pub(super) fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escaped(text);
        let _ =
            writeln!(self.body, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" class="{class}">{text}</text>"#);
    }

    /// A bar of a series.
    pub(super) fn bar(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), series: usize) {
        let class = class(series);
        let _ = writeln!(
            self.body,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="1" class="{class}"/>"#
        );
    }

    /// A thin line of the background.
    pub(super) fn rule(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let _ = writeln!(self.body, r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" class="r"/>"#);
    }

    /// The line of a series, with a dot at each point.
    pub(super) fn line(&mut self, points: &[(f64, f64)], series: usize) {
        let class = class(series);
        let path = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ");
        let _ = writeln!(self.body, r#"<polyline points="{path}" class="p {class}"/>"#);
        for (x, y) in points {
            let _ = writeln!(self.body, r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" class="{class}"/>"#);
        }
    }

    /// Names of the series, each beside its colour.
    pub(super) fn legend(&mut self, (mut x, y): (f64, f64), names: &[(usize, &str)]) {
        for (series, name) in names {
            self.bar((x, y - 9.0), (10.0, 10.0), *series);
            self.text((x + 15.0, y), Anchor::Start, "l", name);
            x += 40.0 + 7.0 * name.chars().count() as f64;
        }
    }

    /// The picture. What it shows is said to those who cannot see it, too.
    pub(super) fn finish(self, height: f64, title: &str) -> String {
        let mut style = String::from(
            "text{font:12px system-ui,sans-serif;fill:#1f2328}.t{font-size:15px;font-weight:600}.n{fill:#59636e;font-size:11px}\
             .r{stroke:#8c959f;stroke-opacity:.4}.p{fill:none;stroke-width:2}",
        );
        let mut dark = String::from("text{fill:#e6edf3}.n{fill:#9198a1}");
        for (series, (light, on_dark)) in COLOURS.iter().enumerate() {
            let class = class(series);
            let _ = write!(style, ".{class}{{fill:{light}}}.p.{class}{{fill:none;stroke:{light}}}");
            let _ = write!(dark, ".{class}{{fill:{on_dark}}}.p.{class}{{fill:none;stroke:{on_dark}}}");
        }
        let (width, body, title) = (self.width, self.body, escaped(title));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
             height=\"{height:.0}\" role=\"img\">\n<title>{title}</title>\n\
             <style>{style}@media (prefers-color-scheme:dark){{{dark}}}</style>\n{body}</svg>\n"
        )
    }
}

fn class(series: usize) -> String {
    format!("s{}", series % COLOURS.len())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Panics unless every element is closed in its turn, and no text holds what must be escaped.
    pub(in crate::chart) fn check(svg: &str) {
        let mut open = Vec::new();
        for tag in svg.split('<').skip(1) {
            let (tag, text) = tag.split_once('>').expect("a tag ends");
            let entities = text.split('&').skip(1);
            assert!(
                entities.into_iter().all(|rest| ["amp;", "lt;", "gt;"].iter().any(|e| rest.starts_with(e))),
                "{text}"
            );
            assert!(!text.contains('>'), "{text}");
            assert!(tag.matches('"').count() % 2 == 0, "{tag}");
            assert!(!tag.contains("NaN") && !tag.contains("inf"), "{tag}");
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name));
            } else if !tag.ends_with('/') {
                open.push(tag.split(' ').next().expect("a tag has a name"));
            }
        }
        assert!(open.is_empty(), "{open:?} stay open");
        assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
    }

    #[test]
    fn every_element_is_well_formed() {
        let mut svg = Svg::new(100.0);
        svg.text((1.0, 2.0), Anchor::Middle, "l", "a < b & c > d");
        svg.bar((0.0, 0.0), (10.0, 5.0), 7);
        svg.rule((0.0, 0.0), (1.0, 1.0));
        svg.line(&[(0.0, 0.0), (1.0, 1.0)], 1);
        svg.legend((0.0, 0.0), &[(0, "Pintle"), (1, "R&D")]);
        let text = svg.finish(50.0, "less < more");
        check(&text);
        assert!(text.contains("a &lt; b &amp; c &gt; d") && text.contains("<title>less &lt; more</title>"), "{text}");
    }

    #[test]
    #[should_panic(expected = "stay open")]
    fn what_is_not_closed_is_found() {
        check("<svg xmlns=\"http://www.w3.org/2000/svg\"><g></svg>".trim_end_matches("</svg>"));
    }
}
