//! The metrics page (N-62), read as Prometheus text 0.0.4.

/// One scrape.
pub(crate) struct Metrics(Vec<(String, f64)>);

impl Metrics {
    /// Panics at a line that is neither a comment nor `name{labels} value`.
    #[track_caller]
    pub(crate) fn parse(text: &str) -> Metrics {
        let samples = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        Metrics(
            samples
                .map(|line| {
                    let (series, value) = line.rsplit_once(' ').expect("a name and a value");
                    (series.to_owned(), value.parse().expect("a number"))
                })
                .collect(),
        )
    }

    /// One series, named with its labels: `nanoserve_keys{state="pending"}`.
    #[track_caller]
    pub(crate) fn get(&self, series: &str) -> f64 {
        self.0
            .iter()
            .find(|(name, _)| name == series)
            .unwrap_or_else(|| panic!("no {series} among {:?}", self.names()))
            .1
    }

    /// Answers of the guard: `execute`, `replay`, `in_flight`, `mismatch`, `full`.
    #[track_caller]
    pub(crate) fn answers(&self, answer: &str) -> u64 {
        self.count(&format!(
            "nanoserve_guard_answers_total{{answer=\"{answer}\"}}"
        ))
    }

    /// Refusals by the name of their problem type.
    #[track_caller]
    pub(crate) fn refusals(&self, name: &str) -> u64 {
        self.count(&format!("nanoserve_refusals_total{{type=\"{name}\"}}"))
    }

    /// A count of events, written as the whole number it is.
    #[track_caller]
    pub(crate) fn count(&self, series: &str) -> u64 {
        let text = self.get(series).to_string();
        text.parse()
            .unwrap_or_else(|_| panic!("{series} {text} is no count"))
    }

    /// Records that are completed, expired ones included until they are swept.
    #[track_caller]
    pub(crate) fn completed(&self) -> f64 {
        self.get("nanoserve_keys{state=\"completed\"}")
    }

    /// Records whose handler runs.
    #[track_caller]
    pub(crate) fn pending(&self) -> f64 {
        self.get("nanoserve_keys{state=\"pending\"}")
    }

    /// Bytes reserved for records.
    #[track_caller]
    pub(crate) fn bytes(&self) -> f64 {
        self.get("nanoserve_keys_bytes")
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }
}
