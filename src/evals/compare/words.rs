//! How each number of a comparison was tested, and why one was not.

use super::{MetricDelta, RunComparison};
use crate::domain::unit::Unit;
use crate::evals::paired::{Effect, PairedMethod};

impl MetricDelta {
    /// The change over the examples that both runs have; where that cannot be said, the one over the whole runs, in the
    /// unit of the metric. `None` where one of them is undefined.
    pub fn change_text(&self, unit: Unit) -> Option<String> {
        match &self.effect {
            Ok(effect) => Some(effect.change_text()),
            Err(_) => Some(unit.of_measure(self.candidate).difference_text(self.delta?)),
        }
    }
}

impl RunComparison {
    /// Every effect by its name, or why there is none: every grader, the metrics, latency and cost.
    fn effects(&self) -> impl Iterator<Item = (&str, Result<&Effect, &str>)> {
        let passes = self.passes.as_ref().map(|passes| ("every grader", Ok(passes)));
        let metrics = self.metrics.iter();
        let metrics = metrics.map(|metric| (metric.metric.as_str(), metric.effect.as_ref().map_err(String::as_str)));
        let ratios = [("latency by example", &self.latency), ("cost by example", &self.cost)];
        let ratios = ratios
            .into_iter()
            .filter_map(|(name, ratio)| Some((name, Ok(ratio.as_ref()?))));
        passes.into_iter().chain(metrics).chain(ratios)
    }

    /// One sentence for each method, then one for each reason for which a change has no interval:
    /// `Tango interval, McNemar mid-p over 240 examples: every grader, accuracy`.
    pub fn method_sentences(&self) -> Vec<String> {
        let mut tested: Vec<(String, Vec<&str>)> = Vec::new();
        let mut untested: Vec<(String, Vec<&str>)> = Vec::new();
        for (name, effect) in self.effects() {
            let (group, text) = match effect.map(|effect| (effect, effect.no_interval())) {
                Ok((effect, None)) => (&mut tested, method_text(effect)),
                Ok((_, Some(why))) | Err(why) => (&mut untested, why.to_owned()),
            };
            match group.iter_mut().find(|(known, _)| *known == text) {
                Some((_, names)) => names.push(name),
                None => group.push((text, vec![name])),
            }
        }
        let tested = tested
            .into_iter()
            .map(|(text, names)| format!("{text}: {}", names.join(", ")));
        let untested = untested
            .into_iter()
            .map(|(why, names)| format!("no interval of {}: {why}", names.join(", ")));
        tested.chain(untested).collect()
    }
}

fn method_text(effect: &Effect) -> String {
    let left_out = match effect.left_out {
        0 => String::new(),
        count => format!(", without {count} at 0"),
    };
    let s = if effect.examples == 1 { "" } else { "s" };
    let within = match effect.method {
        PairedMethod::Resampling { drawn_from, .. } if drawn_from != effect.examples => {
            format!(" in {drawn_from} clusters")
        }
        _ => String::new(),
    };
    let method = effect.method.text();
    format!("{method} over {} example{s}{within}{left_out}", effect.examples)
}
