//! An ablation as text: the diff, with what each hunk does beside it.

use super::ablating::{Ablation, PairEffect};
use crate::evals::paired::{Effect, p_text, points};

impl Ablation {
    /// The diff hunk by hunk, each with its effects, then the pairs. As untrusted as the prompts that it comes from.
    pub fn text(&self) -> String {
        let mut lines = vec![format!(
            "{} from {} to {}: {}",
            self.measured,
            self.base,
            self.candidate,
            self.whole_text()
        )];
        for (at, (hunk, effect)) in self.hunks.iter().enumerate() {
            let mark = if effect.is_flagged() { " !" } else { "" };
            lines.push(String::new());
            lines.push(format!("hunk {}{mark}: {}", at + 1, hunk.place()));
            lines.extend(self.hunk_lines(at));
        }
        lines.push(String::new());
        lines.push(self.verdict_line());
        if !self.pairs.is_empty() {
            lines.push(String::new());
            lines.extend(self.pairs.iter().map(PairEffect::text));
            lines.extend(self.unpaired_line());
        }
        lines.join("\n")
    }

    /// What all of the diff did.
    pub fn whole_text(&self) -> String {
        self.whole.as_ref().map_or_else(|| "not run".into(), effect_text)
    }

    /// The lines of the hunk at this place, from 0, and what it did; none where there is no such hunk.
    pub fn hunk_lines(&self, at: usize) -> Vec<String> {
        let Some((hunk, effect)) = self.hunks.get(at) else {
            return Vec::new();
        };
        let mut lines = hunk.lines();
        lines.push(format!(
            "    alone     {}",
            holm_text(effect.alone.as_ref(), effect.p_holm)
        ));
        lines.extend(effect.left_out.as_ref().map(|left_out| {
            let added = holm_text(Some(left_out), effect.left_out_p_holm);
            format!("    adds last {added}")
        }));
        lines
    }

    /// What it did together with each other hunk that was paired with it.
    pub fn pair_lines(&self, at: usize) -> Vec<String> {
        let pairs = self.pairs.iter().filter(|pair| pair.one == at || pair.other == at);
        pairs.map(PairEffect::text).collect()
    }

    /// Which hunks stand in no pair; `None` where all do.
    fn unpaired_line(&self) -> Option<String> {
        let numbers: Vec<String> = self.unpaired.iter().map(|at| (at + 1).to_string()).collect();
        (!numbers.is_empty()).then(|| {
            format!(
                "no pair with hunk {} was run: pairs are of the six hunks that do most, alone or added last",
                numbers.join(", ")
            )
        })
    }

    /// Whether any hunk did something beyond what chance explains.
    pub fn verdict_line(&self) -> String {
        let count = match self.hunks.len() {
            1 => "the one hunk".to_owned(),
            count => format!("all {count} hunks"),
        };
        if self.hunks.iter().any(|(_, effect)| effect.is_flagged()) {
            format!("! beyond what chance explains over {count} (p by Holm below 0.05)")
        } else {
            format!("nothing is beyond what chance explains over {count} (p by Holm below 0.05)")
        }
    }
}

impl PairEffect {
    fn text(&self) -> String {
        let together = self
            .together
            .map_or_else(|| "-".to_owned(), |effect| effect.moved_text());
        let pair = format!("hunks {} and {}: together {together}", self.one + 1, self.other + 1);
        let Some(found) = &self.interaction else {
            return format!("{pair}; beyond the sum of both is not known: no example has a value of its own");
        };
        let interval = match (found.interval, found.no_interval) {
            (Some((low, high)), _) => format!("95 % {} to {}", points(low), points(high)),
            (None, why) => format!("no interval: {}", why.unwrap_or("not known")),
        };
        format!(
            "{pair}, beyond the sum of both {} ({interval}, p {}, by Holm {})",
            points(found.beyond),
            p_text(found.p),
            p_text(self.p_holm)
        )
    }
}

fn effect_text(effect: &Effect) -> String {
    format!(
        "{} to {}, {} (95 % {}, p {})",
        effect.unit.text(effect.base),
        effect.unit.text(effect.candidate),
        effect.moved_text(),
        effect.interval_text(),
        effect.p_text()
    )
}

fn holm_text(effect: Option<&Effect>, p_holm: Option<f64>) -> String {
    match effect {
        Some(effect) => format!(
            "{:>13} (95 % {}, p {}, by Holm {})",
            effect.moved_text(),
            effect.interval_text(),
            effect.p_text(),
            p_text(p_holm)
        ),
        None => "not run, or undefined".into(),
    }
}
