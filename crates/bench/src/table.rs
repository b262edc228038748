//! Tables, for a terminal and for Markdown.

use std::fmt::Write as _;

/// A table. Its first columns stand left, the others right.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    left: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With these words at the heads of the columns, of which so many stand left.
    pub(crate) fn new<S: Into<String>>(left: usize, header: impl IntoIterator<Item = S>) -> Self {
        Self { left, rows: vec![header.into_iter().map(Into::into).collect()] }
    }

    /// Appends a row; what it has no words for stays empty.
    pub(crate) fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        let mut row: Vec<String> = cells.into_iter().map(Into::into).collect();
        row.resize(self.rows[0].len(), String::new());
        self.rows.push(row);
    }

    /// Whether there is nothing but the header.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }

    /// For a terminal.
    pub(crate) fn plain(&self) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let line = self.aligned(row).join("  ");
            let _ = writeln!(text, "  {}", line.trim_end());
        }
        text
    }

    /// For Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::new();
        for (index, row) in self.rows.iter().enumerate() {
            let _ = writeln!(text, "| {} |", self.aligned(row).join(" | "));
            if index == 0 {
                let line = |(column, width): (usize, &usize)| {
                    if column < self.left { "-".repeat(width + 2) } else { "-".repeat(width + 1) + ":" }
                };
                let lines: Vec<String> = self.widths().iter().enumerate().map(line).collect();
                let _ = writeln!(text, "|{}|", lines.join("|"));
            }
        }
        text
    }

    fn aligned(&self, row: &[String]) -> Vec<String> {
        let align = |(column, (cell, width)): (usize, (&String, usize))| {
            if column < self.left { format!("{cell:width$}") } else { format!("{cell:>width$}") }
        };
        row.iter().zip(self.widths()).enumerate().map(align).collect()
    }

    fn widths(&self) -> Vec<usize> {
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        (0..self.rows[0].len()).map(width).collect()
    }
}

/// A number in three figures, thousands set apart: `0.195`, `1.91`, `14.3`, `400`, `512,000`.
pub(crate) fn figures(number: f64) -> String {
    let decimals = match number.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    if decimals > 0 { format!("{number:.decimals$}") } else { whole(number) }
}

/// A number without what comes after the point, thousands set apart.
pub(crate) fn whole(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if number <= -0.5 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(1, ["host", "CPU", "rate"]);
        table.row(["pintle", "1.91", "512,000"]);
        table.row(["µ", "12"]);
        table
    }

    #[test]
    fn a_terminal_gets_columns() {
        assert_eq!(table().plain(), "  host     CPU     rate\n  pintle  1.91  512,000\n  µ         12\n");
    }

    #[test]
    fn markdown_gets_bars() {
        let expected = "\
| host   |  CPU |    rate |
|--------|-----:|--------:|
| pintle | 1.91 | 512,000 |
| µ      |   12 |         |
";
        assert_eq!(table().markdown(), expected);
    }

    #[test]
    fn numbers_have_three_figures() {
        let numbers = [0.0, 0.1949, 1.914, 14.31, 400.4, 1234.0, 512_000.4, 1_234_567.0, -0.5, -1234.0];
        let expected = ["0.000", "0.195", "1.91", "14.3", "400", "1,234", "512,000", "1,234,567", "-0.500", "-1,234"];
        assert_eq!(numbers.map(figures), expected);
    }
}
