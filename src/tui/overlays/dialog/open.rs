//! A dialog while it is open.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::sheet::{Row, Sheet};
use super::super::{Outcome, Overlay, Step};
use super::{Confirmed, Dialog, Fact, Form, ReasonRule, SignRule};
use crate::domain::reason::Reason;
use crate::text::{Printable, pad, wrap_lines};
use crate::tui::command::Danger;
use crate::tui::input::{Key, KeyCode, Mouse, MouseKind};
use crate::tui::screens::Context;
use crate::tui::theme::Theme;
use crate::tui::widgets::field::{Field, Focus};

/// The answers to a question, at the end of the footer row, and the columns of the first of them.
const ANSWERS: &str = "y yes   n no ";
const YES_COLUMNS: usize = 5;
/// Columns of the words before facts.
const LABEL_COLUMNS: usize = 8;

/// Where the focus can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Choices,
    Expected,
    Reason,
    Sign,
    Button,
}

/// The dialog with what was typed into it so far.
#[derive(Debug)]
pub struct OpenDialog {
    dialog: Dialog,
    focus: Stop,
    choice: Option<usize>,
    typed: Field,
    reason: Field,
    signs: bool,
    complaint: Option<String>,
}

impl OpenDialog {
    /// Opens a dialog. Nothing that acts has the focus.
    pub fn new(dialog: Dialog) -> Self {
        let (focus, choice) = match &dialog.form {
            Form::Question => (Stop::Button, None),
            Form::Reason { choices, .. } if choices.is_empty() => (Stop::Reason, None),
            Form::Reason { .. } => (Stop::Choices, Some(0)),
            Form::Pick { .. } => (Stop::Choices, None),
            Form::Typed { .. } => (Stop::Expected, None),
        };
        Self {
            signs: dialog.sign == Some(SignRule::Required),
            dialog,
            focus,
            choice,
            typed: Field::default(),
            reason: Field::default(),
            complaint: None,
        }
    }

    fn choices(&self) -> &[String] {
        match &self.dialog.form {
            Form::Reason { choices, .. } | Form::Pick { choices } => choices,
            Form::Question | Form::Typed { .. } => &[],
        }
    }

    fn is_pick(&self) -> bool {
        matches!(self.dialog.form, Form::Pick { .. })
    }

    /// Whether the last choice of a pick, the one that is typed, is picked.
    fn types_reason(&self) -> bool {
        self.choice.is_some_and(|choice| choice + 1 == self.choices().len())
    }

    fn stops(&self) -> Vec<Stop> {
        let mut stops = self.form_stops();
        if self.dialog.sign.is_some() {
            let is_last = |stop: &Stop| *stop == Stop::Button;
            stops.insert(stops.iter().position(is_last).unwrap_or(stops.len()), Stop::Sign);
        }
        stops
    }

    fn form_stops(&self) -> Vec<Stop> {
        match &self.dialog.form {
            Form::Question => vec![Stop::Button],
            Form::Reason { choices, .. } if choices.is_empty() => vec![Stop::Reason, Stop::Button],
            Form::Reason { .. } => vec![Stop::Choices, Stop::Reason, Stop::Button],
            Form::Pick { .. } if self.types_reason() => vec![Stop::Choices, Stop::Reason],
            Form::Pick { .. } => vec![Stop::Choices],
            Form::Typed { .. } => vec![Stop::Expected, Stop::Reason, Stop::Button],
        }
    }

    /// Which field is missing, as a sentence; none where the act may happen.
    fn missing(&self) -> Option<String> {
        match &self.dialog.form {
            Form::Question => None,
            Form::Reason { rule, .. } => (*rule == ReasonRule::Required || !self.reason.is_blank())
                .then(|| self.reason_fault())
                .flatten(),
            Form::Pick { choices } => match self.choice {
                None => Some(format!("pick a reason: 1 to {}", choices.len())),
                Some(_) if self.types_reason() && self.reason.is_blank() => Some("type the reason".into()),
                Some(_) if self.types_reason() => self.reason_fault(),
                Some(_) => None,
            },
            Form::Typed { expected } => {
                let name = (self.typed.text().trim() != expected).then_some("the name");
                let reason = self.reason.is_blank().then_some("a reason");
                match (name, reason) {
                    (None, None) => self.reason_fault(),
                    (Some(what), None) | (None, Some(what)) => Some(format!("{what} is missing")),
                    (Some(_), Some(_)) => Some("off until the name matches and a reason is given".into()),
                }
            }
        }
    }

    /// Why the reason would be refused; said here, since what was typed is gone once the dialog is closed.
    fn reason_fault(&self) -> Option<String> {
        if self.reason.is_blank() {
            return Some("a reason is missing".into());
        }
        Reason::new(self.reason.text()).err().map(|error| error.to_string())
    }

    fn act(&mut self) -> Step {
        if let Some(missing) = self.missing() {
            self.complaint = Some(missing);
            return Step::Stay;
        }
        let picked = self.choice.filter(|_| self.is_pick() && !self.types_reason());
        let reason = match picked.and_then(|choice| self.choices().get(choice)) {
            Some(choice) => choice.clone(),
            None => self.reason.text().trim().to_owned(),
        };
        Step::Done(Outcome::Confirmed(Confirmed {
            command: self.dialog.command,
            level: self.dialog.level(),
            choice: self.choice,
            reason,
            signs: self.signs,
        }))
    }

    fn move_focus(&mut self, back: Way) {
        let stops = self.stops();
        let at = stops.iter().position(|stop| *stop == self.focus).unwrap_or(0);
        let next = match back {
            Way::On => at + 1,
            Way::Back => at + stops.len().saturating_sub(1),
        };
        if let Some(stop) = stops.get(next % stops.len().max(1)) {
            self.focus = *stop;
        }
    }

    fn choose(&mut self, choice: usize) {
        if choice < self.choices().len() {
            self.choice = Some(choice);
            if self.is_pick() && self.types_reason() {
                self.focus = Stop::Reason;
            }
        }
    }

    fn choices_key(&mut self, key: Key) {
        let is_letter = matches!(key.code, KeyCode::Char(c) if !c.is_ascii_digit());
        if is_letter && self.stops().contains(&Stop::Reason) {
            // Who types means the reason: no letter is lost or picks something.
            self.focus = Stop::Reason;
            self.reason.key(key);
            return;
        }
        match key.code {
            KeyCode::Char(c) if c.is_ascii_digit() => {
                let digit = c.to_digit(10).and_then(|digit| digit.checked_sub(1));
                self.choose(digit.map_or(usize::MAX, |digit| digit as usize));
            }
            KeyCode::Down | KeyCode::Char('j') => self.choose(self.choice.map_or(0, |choice| choice + 1)),
            KeyCode::Up | KeyCode::Char('k') => self.choose(self.choice.unwrap_or(0).saturating_sub(1)),
            _ => {}
        }
    }

    fn enter(&mut self) -> Step {
        if self.is_pick() || self.focus == Stop::Button {
            return self.act();
        }
        self.move_focus(Way::On);
        Step::Stay
    }

    /// A click on one of the answers in the footer row; anywhere else it is no answer.
    fn answer_clicked(&mut self, mouse: Mouse, footer: Rect) -> Step {
        let answers_x = usize::from(footer.right()).saturating_sub(ANSWERS.len());
        let column = usize::from(mouse.column).checked_sub(answers_x);
        match column.filter(|_| mouse.row == footer.y) {
            Some(column) if column < YES_COLUMNS => self.act(),
            Some(column) if column > YES_COLUMNS + 2 => Step::Close,
            _ => Step::Stay,
        }
    }

    fn field(&mut self) -> Option<&mut Field> {
        match self.focus {
            Stop::Expected => Some(&mut self.typed),
            Stop::Reason => Some(&mut self.reason),
            Stop::Choices | Stop::Sign | Stop::Button => None,
        }
    }

    fn toggle_signature(&mut self) {
        match self.dialog.sign {
            Some(SignRule::Required) => self.complaint = Some("it does not count here without a signature".into()),
            Some(SignRule::Offered) => self.signs = !self.signs,
            None => {}
        }
    }

    fn choice_rows<'a>(&self, theme: &Theme) -> Vec<Row<'a>> {
        let row = |(at, choice): (usize, &String)| {
            let sign = if self.choice == Some(at) { ">" } else { " " };
            let text = format!("{sign} {}  {}", at + 1, Printable::line(choice));
            let selected = self.choice == Some(at) && self.focus == Stop::Choices;
            Row::Text(Line::styled(text, if selected { theme.selected } else { theme.text }))
        };
        self.choices().iter().enumerate().map(row).collect()
    }

    fn sign_row(&self, rule: SignRule, theme: &Theme) -> Row<'static> {
        let mark = if self.signs { "x" } else { " " };
        let why = match rule {
            SignRule::Offered => "",
            SignRule::Required => ", as the policy asks",
        };
        let focused = self.focus == Stop::Sign;
        Row::Text(Line::styled(
            format!("[{mark}] sign it with your SSH key{why}"),
            if focused { theme.selected } else { theme.text },
        ))
    }

    /// The rows, each with where a click on it takes the focus, and the choice that it picks.
    fn rows<'a>(&'a self, columns: usize, theme: &Theme) -> (Vec<Row<'a>>, Vec<Option<Stop>>) {
        let mut rows = self.choice_rows(theme);
        let mut stops = vec![Some(Stop::Choices); rows.len()];
        let field = |label: &'a str, field, stop| Row::Field {
            label: label.into(),
            field,
            focus: Focus::when(self.focus == stop),
        };
        match &self.dialog.form {
            Form::Reason { rule, .. } => {
                let label = if *rule == ReasonRule::Optional {
                    "Reason (may stay empty)"
                } else {
                    "Reason"
                };
                rows.push(field(label, &self.reason, Stop::Reason));
                stops.push(Some(Stop::Reason));
            }
            Form::Pick { .. } if self.types_reason() => {
                rows.push(field("", &self.reason, Stop::Reason));
                stops.push(Some(Stop::Reason));
            }
            Form::Question | Form::Pick { .. } => {}
            Form::Typed { expected } => {
                let what = Printable::line(expected).to_string();
                rows.push(Row::Text(Line::from(vec![
                    Span::raw("Type "),
                    Span::styled(what, theme.key),
                ])));
                rows.push(field("", &self.typed, Stop::Expected));
                rows.push(field("Reason", &self.reason, Stop::Reason));
                stops.extend([None, Some(Stop::Expected), Some(Stop::Reason)]);
            }
        }
        if let Some(rule) = self.dialog.sign {
            rows.push(self.sign_row(rule, theme));
            stops.push(Some(Stop::Sign));
        }
        if self.stops().contains(&Stop::Button) {
            let text = format!("[ {} ]", Printable::line(&self.dialog.button));
            let focused = self.focus == Stop::Button;
            rows.push(Row::Text(Line::styled(
                text,
                if focused { theme.selected } else { theme.text },
            )));
            stops.push(Some(Stop::Button));
        }
        let (text, style) = match (&self.complaint, self.missing()) {
            (Some(complaint), _) => (format!("! {complaint}"), theme.warn),
            (None, None) => (String::new(), theme.text),
            (None, Some(missing)) => (missing, theme.dim),
        };
        let lines = wrap_lines(Printable::line(&text).as_str(), columns);
        rows.extend(lines.into_iter().map(|line| Row::Text(Line::styled(line, style))));
        (rows, stops)
    }
}

#[derive(Clone, Copy)]
enum Way {
    On,
    Back,
}

impl Overlay for OpenDialog {
    fn key(&mut self, key: Key) -> Step {
        if key.code == KeyCode::Esc {
            return Step::Close;
        }
        if self.dialog.form == Form::Question {
            return if key == Key::char('y') { self.act() } else { Step::Close };
        }
        match key.code {
            KeyCode::Enter => return self.enter(),
            KeyCode::Tab => self.move_focus(if key.modifiers.shift { Way::Back } else { Way::On }),
            KeyCode::Up if self.focus == Stop::Reason => self.move_focus(Way::Back),
            KeyCode::Char(' ') if self.focus == Stop::Sign => self.toggle_signature(),
            _ => {
                self.complaint = None;
                match self.field() {
                    Some(field) => {
                        field.key(key);
                    }
                    None => self.choices_key(key),
                }
            }
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: Mouse, area: Rect, footer: Rect, theme: &Theme) -> Step {
        if mouse.kind != MouseKind::Press {
            return Step::Stay;
        }
        if self.dialog.form == Form::Question {
            return self.answer_clicked(mouse, footer);
        }
        let sheet = Sheet::new(&self.dialog.title, area);
        let facts = fact_lines(&self.dialog.facts, sheet.columns(), theme).len();
        let (rows, stops) = self.rows(sheet.columns(), theme);
        let at = sheet.row_under(mouse, facts, &rows);
        let Some((at, stop)) = at.and_then(|at| Some((at, stops.get(at).copied()??))) else {
            return Step::Stay;
        };
        self.complaint = None;
        self.focus = stop;
        match stop {
            Stop::Choices => self.choose(at),
            Stop::Sign => self.toggle_signature(),
            Stop::Button => return self.act(),
            Stop::Expected | Stop::Reason => {}
        }
        Step::Stay
    }

    fn paste(&mut self, text: &str) -> Result<(), &'static str> {
        match self.field() {
            Some(field) => {
                field.paste(text);
                Ok(())
            }
            None => Err("pasted text was dropped: no field has the focus"),
        }
    }

    fn view(&self, frame: &mut Frame, area: Rect, footer: Rect, context: &Context) {
        let theme = context.theme;
        if self.dialog.form == Form::Question {
            let question = Printable::line(&self.dialog.title);
            let room = usize::from(footer.width).saturating_sub(ANSWERS.len() + 1);
            let text = format!(" {}{ANSWERS}", pad(question.as_str(), room));
            frame.render_widget(ratatui::widgets::Clear, footer);
            frame.render_widget(Line::styled(text, theme.focus), footer);
            return;
        }
        let sheet = Sheet::new(&self.dialog.title, area);
        let facts = fact_lines(&self.dialog.facts, sheet.columns(), theme);
        let (rows, _) = self.rows(sheet.columns(), theme);
        sheet.draw(frame, theme, facts, rows);
    }

    fn footer(&self) -> Option<String> {
        let button = Printable::line(&self.dialog.button);
        match self.dialog.form {
            Form::Question => None,
            Form::Pick { .. } => {
                let sign = self.dialog.sign.map_or("", |_| "tab space sign   ");
                let last = self.choices().len();
                Some(format!("1-{last} reason   {sign}enter {button}   esc stop"))
            }
            Form::Reason { .. } | Form::Typed { .. } => {
                Some(format!("tab next   enter on the button: {button}   esc stop"))
            }
        }
    }

    fn refused(&mut self, why: &str) -> bool {
        self.complaint = Some(why.to_owned());
        self.dialog.form != Form::Question
    }

    fn waits_for_frame(&self) -> bool {
        self.dialog.level() >= Danger::Reason
    }
}

/// Facts as lines, their text wrapped beside their words.
fn fact_lines(facts: &[Fact], columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for fact in facts {
        let label = pad(Printable::line(&fact.label).as_str(), LABEL_COLUMNS);
        let text = Printable::line(&fact.text);
        let wrapped = wrap_lines(text.as_str(), columns.saturating_sub(LABEL_COLUMNS + 1));
        for (at, part) in wrapped.into_iter().enumerate() {
            let label = if at == 0 {
                label.clone()
            } else {
                " ".repeat(LABEL_COLUMNS)
            };
            lines.push(Line::from(vec![
                Span::styled(label, theme.dim),
                Span::raw(" "),
                Span::raw(part),
            ]));
        }
    }
    lines
}
