//! The people of the store: what they may do, what proves who they are, and what it takes to enter an environment.

use std::fmt::Write as _;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::list_and_detail::{Detail, ListAndDetail, copied};
use super::panes::offered;
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::actor::Actor;
use crate::domain::person::role_words;
use crate::domain::policy::Policy;
use crate::domain::time::Timestamp;
use crate::text::Printable;
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::layout::WidthClass;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::listing::HasId;
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};
use crate::workbench::{Answer, PersonSummary, Request};

/// A person in the list.
#[derive(Debug, Clone, PartialEq)]
struct PersonRow(PersonSummary);

impl HasId for PersonRow {
    type Id = Actor;

    fn id(&self) -> Actor {
        self.0.person.name.clone()
    }
}

/// The screen.
#[derive(Debug, Default)]
pub struct PeopleScreen {
    list: ListAndDetail<PersonRow>,
    policy: Policy,
}

impl PeopleScreen {
    fn selected(&self) -> Option<&PersonSummary> {
        self.list.selected().map(|row| &row.0)
    }

    fn command(&mut self, command: CommandId, now: Timestamp) -> Vec<Effect> {
        let effect = match command {
            CommandId::CopyId => self
                .selected()
                .map(|summary| Effect::Copy(summary.person.name.to_string())),
            CommandId::CopyCommand => self
                .selected()
                .map(|summary| Effect::Copy(format!("pegbox user show {}", summary.person.name))),
            CommandId::CopyAll | CommandId::CopyPlain => copied(command, self.title(), Some(self.text(now))),
            _ => {
                self.list.command(command);
                None
            }
        };
        effect.into_iter().collect()
    }

    /// The selected person, and below what it takes to enter an environment.
    fn text(&self, now: Timestamp) -> String {
        let person = self
            .selected()
            .map_or_else(String::new, |summary| person_text(summary, now));
        format!("{person}{}", policy_text(&self.policy))
    }
}

fn person_text(PersonSummary { person, last_act }: &PersonSummary, now: Timestamp) -> String {
    let mut out = format!("may         {}\n", role_words(&person.roles));
    // Writing to a String cannot fail.
    for key in &person.keys {
        let signs = if key.is_authority() { ", signs certificates" } else { "" };
        let _ = writeln!(out, "key         {} ({}{signs})", key.fingerprint, key.algorithm());
    }
    for account in &person.accounts {
        let _ = writeln!(out, "account     {account} of the host's machine");
    }
    let _ = match last_act {
        Some((action, at)) => writeln!(out, "last act    {action}, {} ago", at.ago_text(now)),
        None => writeln!(out, "last act    none of late"),
    };
    let _ = writeln!(
        out,
        "{:<10}  by {} {} ago: {}\n",
        if person.is_active() { "changed" } else { "removed" },
        person.changed_by,
        person.changed_at.ago_text(now),
        person.reason
    );
    out
}

fn policy_text(policy: &Policy) -> String {
    let mut out = String::new();
    for environment in Policy::ENVIRONMENTS {
        let rules = policy.rules(environment);
        let approvers: Vec<&str> = rules.approvers.iter().map(Actor::as_str).collect();
        let of = match approvers.as_slice() {
            [] => "any reviewer".to_owned(),
            names => names.join(", "),
        };
        let mut parts = vec![
            format!("approvals {} of {of}", rules.approvals),
            format!("authors' own {}", rules.self_approval.as_str().replace('_', " ")),
        ];
        parts.extend(
            rules
                .evidence_days_max
                .map(|days| format!("evidence of {days} days at most")),
        );
        if !rules.suites.is_empty() {
            let names: Vec<String> = rules.suites.iter().map(ToString::to_string).collect();
            parts.push(format!("passes {}", names.join(", ")));
        }
        parts.push(format!("signatures {}", rules.signatures.as_str()));
        let _ = writeln!(out, "{:<10}  {}", environment.as_str(), parts.join("; "));
    }
    out
}

impl Screen for PeopleScreen {
    fn place(&self) -> Place {
        Place::People
    }

    fn scopes(&self) -> Vec<Scope> {
        Vec::new()
    }

    fn title(&self) -> String {
        "Releases > People".into()
    }

    fn requests(&self) -> Vec<Request> {
        vec![Request::People]
    }

    fn update(&mut self, event: ScreenEvent, context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => return self.command(command, context.now),
            ScreenEvent::Mouse(mouse, body) => self.list.mouse(mouse, body),
            ScreenEvent::Answered {
                result: Ok(Answer::People { people, policy }),
                ..
            } => {
                self.list.answered(people.into_iter().map(PersonRow).collect());
                self.policy = *policy;
            }
            ScreenEvent::Answered { result: Err(fault), .. } => return self.list.failed(fault),
            _ => {}
        }
        Vec::new()
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let list = Panel::new("People").note(self.list.rows.total().to_string());
        let selected = self.selected();
        let detail = Detail {
            title: selected.map_or("Policy".into(), |summary| format!("{}, policy", summary.person.name)),
            text: Some(Printable::block(&self.text(context.now))),
        };
        let draw_rows = |frame: &mut Frame, area| self.draw_list(frame, area, context);
        self.list.draw(frame, area, context, list, draw_rows, detail);
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        match command {
            CommandId::Open => Err("what is known stands below the list, and pegbox user change changes it".into()),
            CommandId::CopyId | CommandId::CopyCommand if self.selected().is_none() => {
                Err("nobody is listed yet".into())
            }
            CommandId::Search => Err("the list is short: g g and G go to its ends".into()),
            _ => offered(command, &[CommandId::CopyCommand, CommandId::CopyPlain]),
        }
    }
}

impl PeopleScreen {
    fn draw_list(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let is_wide = context.size_class.width != WidthClass::Narrow;
        let columns = [
            Column::share("name", 1),
            Column::share("roles", 2),
            Column::number("keys", 5),
            Column::number("accounts", 9),
            Column::fixed("last act", if is_wide { 24 } else { 16 }),
            Column::number("ago", 6),
        ];
        let cells = |row: &PersonRow| {
            let PersonSummary { person, last_act } = &row.0;
            let is_in = person.is_active();
            let roles = if is_in {
                role_words(&person.roles)
            } else {
                "removed".into()
            };
            vec![
                TableCell::plain(person.name.as_str()),
                TableCell::new(roles, if is_in { theme.text } else { theme.dim }),
                TableCell::plain(person.keys.len().to_string()),
                TableCell::plain(person.accounts.len().to_string()),
                TableCell::plain(last_act.as_ref().map_or("", |(action, _)| action)),
                TableCell::new(
                    last_act
                        .as_ref()
                        .map_or(String::new(), |(_, at)| at.ago_text(context.now)),
                    theme.dim,
                ),
            ]
        };
        Table::new(&columns)
            .focus(Focus::Here)
            .empty("Nobody is listed: everybody may do everything. See pegbox user add.")
            .draw(frame, area, theme, &self.list.rows, cells);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::person::{Person, PersonKey, Role, Standing};
    use crate::domain::policy::{EnvironmentRules, SelfApproval};
    use crate::domain::reason::Reason;
    use crate::tui::screens::samples::ago;
    use crate::tui::screens::testing::{answered, check_any_size, check_drawn, commanded, drawn};

    fn person(name: &str, roles: &[Role], standing: Standing) -> PersonSummary {
        PersonSummary {
            person: Person {
                name: Actor::new(name).unwrap(),
                roles: roles.to_vec(),
                keys: vec![PersonKey {
                    public_key: "cert-authority ssh-ed25519 AAAA".into(),
                    fingerprint: "SHA256:UCUiLr7Pjs9wFFJMDByLgc3NrtdU344OgUM45wZPcIQ".into(),
                }],
                accounts: vec![1_001],
                standing,
                changed_by: Actor::new("anna").unwrap(),
                changed_at: ago(86_400_000),
                reason: Reason::new("decides the releases of spring").unwrap(),
            },
            last_act: Some(("review.approved".into(), ago(7_200_000))),
        }
    }

    fn people(people: Vec<PersonSummary>) -> PeopleScreen {
        let mut screen = PeopleScreen::default();
        assert!(drawn(&screen, 80, 21).contains("loading"));
        let mut policy = Box::<Policy>::default();
        policy.production = EnvironmentRules {
            approvals: 2,
            approvers: vec![Actor::new("ben").unwrap(), Actor::new("cleo").unwrap()],
            self_approval: SelfApproval::Refused,
            evidence_days_max: Some(30),
            suites: vec!["red_team".parse().unwrap()],
            ..EnvironmentRules::default()
        };
        answered(&mut screen, Request::People, Ok(Answer::People { people, policy }));
        screen
    }

    #[test]
    fn looks_as_designed() {
        let mut newcomer = person("dora", &[Role::ReadOnly], Standing::Active);
        newcomer.last_act = None;
        let mut screen = people(vec![
            person("ben", &[Role::Reviewer, Role::Releaser], Standing::Active),
            newcomer,
            person("eve", &[Role::Author], Standing::Removed),
        ]);
        check_drawn("people", &screen);
        check_any_size(&screen);
        assert_eq!(
            commanded(&mut screen, CommandId::CopyCommand),
            [Effect::Copy("pegbox user show ben".into())]
        );
        commanded(&mut screen, CommandId::MoveDown);
        assert!(drawn(&screen, 80, 21).contains("none of late"));
    }

    #[test]
    fn without_people_it_says_how_to_begin() {
        let screen = people(Vec::new());
        assert!(drawn(&screen, 100, 27).contains("Nobody is listed"));
        assert!(screen.availability(CommandId::CopyId).is_err());
    }
}
