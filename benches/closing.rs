//! The last page of a run: the figures that a reader compares, as plain text to be pasted somewhere.

use std::fmt::Write as _;

/// Rows under a heading each, the first cell of a row being its name: to the left, all others to the right.
pub fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let heading: Vec<String> = heading.iter().map(|&cell| cell.into()).collect();
    let rows: Vec<&Vec<String>> = std::iter::once(&heading).chain(rows).collect();
    let mut text = String::new();
    for row in &rows {
        assert_eq!(row.len(), heading.len(), "{row:?} under {heading:?}");
        for (column, cell) in row.iter().enumerate() {
            let width = rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
            // Writing to a String cannot fail.
            let _ = match column {
                0 => write!(text, "{cell:<width$}"),
                _ => write!(text, "{cell:>0$}", width + 3),
            };
        }
        text.push('\n');
    }
    text
}

/// The one in the middle; of an even number the mean of both.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let (below, above) = ((figures.len() - 1) / 2, figures.len() / 2);
    f64::midpoint(figures[below], figures[above])
}
