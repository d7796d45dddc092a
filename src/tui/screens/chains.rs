//! The chains: each version with its steps, where their prompt versions are live, and its runs.

use std::fmt::Write as _;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::figures::{verdict_style, verdict_word};
use super::list_and_detail::{Detail, ListAndDetail, copied};
use super::panes::offered;
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::ids::ChainVersionId;
use crate::domain::promotion::Environment;
use crate::domain::time::Timestamp;
use crate::text::Printable;
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::listing::HasId;
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};
use crate::workbench::{Answer, ChainDetail, Request, RunSummary};

/// A chain version in the list.
#[derive(Debug, Clone, PartialEq)]
struct ChainRow(ChainDetail);

impl HasId for ChainRow {
    type Id = ChainVersionId;

    fn id(&self) -> ChainVersionId {
        self.0.chain.id.clone()
    }
}

/// The screen.
#[derive(Debug, Default)]
pub struct Chains(ListAndDetail<ChainRow>);

impl Chains {
    fn selected(&self) -> Option<&ChainDetail> {
        self.0.selected().map(|row| &row.0)
    }

    fn command(&mut self, command: CommandId, now: Timestamp) -> Vec<Effect> {
        let text = || self.selected().map(|chain| text(chain, now));
        let effect = match command {
            CommandId::Open => self
                .selected()
                .and_then(|chain| chain.runs.first())
                .map(|run| Effect::Open(Place::Run(run.run.id))),
            CommandId::CopyId => self.selected().map(|chain| Effect::Copy(chain.chain.id.to_string())),
            CommandId::CopyCommand => self
                .selected()
                .map(|chain| Effect::Copy(format!("pegbox run start {}", chain.chain.id))),
            CommandId::CopyAll | CommandId::CopyPlain => copied(command, self.title(), text()),
            _ => {
                self.0.command(command);
                None
            }
        };
        effect.into_iter().collect()
    }
}

fn gate_word(run: &RunSummary) -> &'static str {
    verdict_word(run.verdict.as_ref().map(|(verdict, _)| *verdict))
}

/// The steps, then the runs.
fn text(detail: &ChainDetail, now: Timestamp) -> String {
    let chain = &detail.chain;
    let mut out = format!(
        "{}\n{} by {}\n\n",
        chain.content.description, chain.reason, chain.author
    );
    let steps = chain.content.steps.iter().zip(&detail.live).zip(&detail.newer);
    // Writing to a String cannot fail.
    for ((step, live), newer) in steps {
        let live: Vec<&str> = live
            .iter()
            .map(|environment| Environment::as_str(*environment))
            .collect();
        let live = if live.is_empty() {
            "live nowhere".to_owned()
        } else {
            format!("live in {}", live.join(", "))
        };
        let newer = newer
            .as_ref()
            .map_or_else(String::new, |newest| format!("  newest {newest}"));
        let _ = writeln!(
            out,
            "{}  {}  {live}{newer}  gives {}",
            step.name,
            step.version,
            step.parser.as_str()
        );
        if !step.when.is_empty() {
            let when: Vec<String> = step.when.iter().map(ToString::to_string).collect();
            let _ = writeln!(out, "  when {}", when.join(" and "));
        }
    }
    match &chain.content.answer {
        Some(answer) => _ = writeln!(out, "answer  {answer}\n"),
        None => _ = writeln!(out, "answer  of the last step that ran\n"),
    }
    if detail.runs.is_empty() {
        let _ = writeln!(out, "No run yet: pegbox run start {}", chain.id);
    }
    for run in &detail.runs {
        let _ = writeln!(
            out,
            "{}  {}  {}  gate {}  {} ago",
            run.run.id,
            run.run.dataset,
            run.state.as_str(),
            gate_word(run),
            run.run.started_at.ago_text(now)
        );
    }
    out
}

impl Screen for Chains {
    fn place(&self) -> Place {
        Place::Chains
    }

    fn scopes(&self) -> Vec<Scope> {
        Vec::new()
    }

    fn title(&self) -> String {
        "Runs > Chains".into()
    }

    fn requests(&self) -> Vec<Request> {
        vec![Request::Chains]
    }

    fn update(&mut self, event: ScreenEvent, context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => return self.command(command, context.now),
            ScreenEvent::Mouse(mouse, body) => self.0.mouse(mouse, body),
            ScreenEvent::Answered {
                result: Ok(Answer::Chains(chains)),
                ..
            } => self.0.answered(chains.into_iter().map(ChainRow).collect()),
            ScreenEvent::Answered { result: Err(fault), .. } => return self.0.failed(fault),
            _ => {}
        }
        Vec::new()
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let list = Panel::new("Chains").note(self.0.rows.total().to_string());
        let selected = self.selected();
        let detail = Detail {
            title: selected.map_or("Chain".into(), |detail| detail.chain.id.to_string()),
            text: selected.map(|detail| Printable::block(&text(detail, context.now))),
        };
        let draw_rows = |frame: &mut Frame, area| self.draw_list(frame, area, context);
        self.0.draw(frame, area, context, list, draw_rows, detail);
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        match command {
            CommandId::CopyId if self.selected().is_none() => Err("there is no chain yet".into()),
            CommandId::Open if self.selected().is_none_or(|chain| chain.runs.is_empty()) => {
                Err("no run has tested it yet".into())
            }
            CommandId::Search => Err("the list is short: g g and G go to its ends".into()),
            _ => offered(command, &[CommandId::CopyCommand, CommandId::CopyPlain]),
        }
    }
}

impl Chains {
    fn draw_list(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let columns = [
            Column::share("chain", 1),
            Column::number("steps", 5),
            Column::fixed("newest run", 10),
            Column::fixed("gate", 12),
            Column::number("made", 7),
        ];
        let cells = |row: &ChainRow| {
            let detail = &row.0;
            let run = detail.runs.first();
            let verdict = run.and_then(|run| run.verdict.as_ref()).map(|(verdict, _)| *verdict);
            let gate = match run {
                Some(run) => TableCell::new(gate_word(run), verdict_style(verdict, theme)),
                None => TableCell::new("", theme.text),
            };
            vec![
                TableCell::plain(detail.chain.id.to_string()),
                TableCell::plain(detail.chain.content.steps.len().to_string()),
                TableCell::plain(run.map(|run| run.run.id.to_string()).unwrap_or_default()),
                gate,
                TableCell::new(detail.chain.committed_at.ago_text(context.now), theme.dim),
            ]
        };
        Table::new(&columns)
            .focus(Focus::Here)
            .empty("No chain yet: pegbox chain import FILE makes one.")
            .draw(frame, area, theme, &self.0.rows, cells);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::Actor;
    use crate::domain::chain::{ChainContent, ChainStep, ChainVersion, StepParser};
    use crate::domain::condition::{Condition, Test};
    use crate::domain::ids::RunId;
    use crate::domain::json::JsonText;
    use crate::domain::reason::Reason;
    use crate::domain::run::{AnswerSource, RunState};
    use crate::tui::screens::samples::{ago, run, summary};
    use crate::tui::screens::testing::{answered, check_any_size, check_drawn, commanded, drawn};

    fn step(name: &str, version: &str, when: Vec<Condition>) -> ChainStep {
        ChainStep {
            name: name.into(),
            version: version.parse().unwrap(),
            inputs: Vec::new(),
            when,
            parser: StepParser::Json { schema: None },
            tools: None,
        }
    }

    fn chain() -> ChainDetail {
        let billing = Condition {
            path: "route.topic".parse().unwrap(),
            test: Test::Equals(JsonText::string("billing")),
        };
        let content = ChainContent {
            description: "routes a ticket, and answers it".into(),
            steps: vec![
                step("route", "support_triage_v12", Vec::new()),
                step("refund", "refund_v2", vec![billing]),
                step("reply", "reply_v4", Vec::new()),
            ],
            answer: None,
        };
        let reason = Reason::new("refunds have a step of their own").unwrap();
        let mei = Actor::new("mei").unwrap();
        ChainDetail {
            chain: ChainVersion::new("triage_flow@v3".parse().unwrap(), content, mei, reason, ago(3_600_000)).unwrap(),
            live: vec![
                vec![Environment::Staging, Environment::Production],
                Vec::new(),
                vec![Environment::Production],
            ],
            newer: vec![Some("support_triage_v13".parse().unwrap()), None, None],
            runs: vec![summary(run(7, 12, AnswerSource::Simulated), RunState::Finished, 240, 3)],
        }
    }

    fn chains(details: Vec<ChainDetail>) -> Chains {
        let mut screen = Chains::default();
        assert!(drawn(&screen, 80, 21).contains("loading"));
        answered(&mut screen, Request::Chains, Ok(Answer::Chains(details)));
        screen
    }

    #[test]
    fn a_chain_leads_to_its_newest_run() {
        let mut screen = chains(vec![chain()]);
        assert_eq!(
            commanded(&mut screen, CommandId::Open),
            [Effect::Open(Place::Run(RunId(7)))]
        );
        let command = "pegbox run start triage_flow@v3";
        assert_eq!(
            commanded(&mut screen, CommandId::CopyCommand),
            [Effect::Copy(command.into())]
        );
        let mut untested = chain();
        untested.runs.clear();
        assert!(chains(vec![untested]).availability(CommandId::Open).is_err());
        assert!(chains(Vec::new()).availability(CommandId::CopyId).is_err());
    }

    #[test]
    fn looks_as_designed() {
        let screen = chains(vec![chain()]);
        check_drawn("chains", &screen);
        check_any_size(&screen);
        assert!(drawn(&chains(Vec::new()), 80, 21).contains("No chain yet"));
    }
}
