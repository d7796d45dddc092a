//! Several labelled fields and choices in one dialog.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::sheet::{Row, Sheet};
use super::{Outcome, Overlay, Step};
use crate::text::{Printable, pad, width, wrap_lines};
use crate::tui::input::{Key, KeyCode, Mouse, MouseKind};
use crate::tui::screens::Context;
use crate::tui::theme::Theme;
use crate::tui::widgets::field::{Field, Focus};

/// What a field takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldKind {
    /// One line of text, with what stands there at first.
    Text(String),
    /// One of these, with the one selected at first.
    Choice {
        /// The options.
        options: Vec<String>,
        /// The index of the selected one.
        selected: usize,
    },
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormField {
    /// Its name within the form; comes back with the value.
    pub name: &'static str,
    /// What people read.
    pub label: String,
    /// What it takes.
    pub kind: FieldKind,
    /// Whether the form can be sent with it empty.
    pub required: bool,
}

impl FormField {
    /// A line of text that may stay empty.
    pub fn text(name: &'static str, label: impl Into<String>) -> Self {
        Self {
            name,
            label: label.into(),
            kind: FieldKind::Text(String::new()),
            required: false,
        }
    }

    /// One of several options; the first is selected.
    pub fn choice(name: &'static str, label: impl Into<String>, options: Vec<String>) -> Self {
        Self {
            name,
            label: label.into(),
            kind: FieldKind::Choice { options, selected: 0 },
            required: true,
        }
    }

    /// The same, and it must be filled.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same with a text that stands there at first.
    #[must_use]
    pub fn filled_with(mut self, text: impl Into<String>) -> Self {
        if let FieldKind::Text(initial) = &mut self.kind {
            *initial = text.into();
        }
        self
    }

    /// The same with another option selected at first.
    #[must_use]
    pub fn selected(mut self, index: usize) -> Self {
        if let FieldKind::Choice { selected, .. } = &mut self.kind {
            *selected = index;
        }
        self
    }
}

/// A form that a screen asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Which question of the screen this is; comes back with the answer.
    pub tag: &'static str,
    /// The question.
    pub title: String,
    /// What to know before it is answered, a line each.
    pub notes: Vec<String>,
    /// Its fields in order.
    pub fields: Vec<FormField>,
    /// The name of the act.
    pub button: String,
    /// A second button, which leads to more fields instead.
    pub more: Option<String>,
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue {
    /// As typed, trimmed.
    Text(String),
    /// The index of the option.
    Choice(usize),
}

/// What was filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// [`Form::tag`].
    pub tag: &'static str,
    /// Whether [`Form::more`] was pressed instead of the button.
    pub wants_more: bool,
    values: Vec<(&'static str, FieldValue)>,
}

impl Filled {
    /// A text field's value; empty for a name that the form does not have.
    pub fn text(&self, name: &str) -> &str {
        match self.value(name) {
            Some(FieldValue::Text(text)) => text,
            _ => "",
        }
    }

    /// A choice's index; the first for a name that the form does not have.
    pub fn choice(&self, name: &str) -> usize {
        match self.value(name) {
            Some(FieldValue::Choice(index)) => *index,
            _ => 0,
        }
    }

    fn value(&self, name: &str) -> Option<&FieldValue> {
        self.values
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

/// The form while it is open.
#[derive(Debug)]
pub struct OpenForm {
    form: Form,
    inputs: Vec<Input>,
    /// The index of a field; behind the last are the buttons.
    focus: usize,
    complaint: Option<String>,
}

/// What a row of the form is.
#[derive(Debug, Clone, Copy)]
enum Target {
    /// The field of this index.
    Field(usize),
    /// An option of a field.
    Option(usize, usize),
    /// A button, counted from 0.
    Button(usize),
    /// A row of words.
    Note,
}

#[derive(Debug)]
enum Input {
    Text(Field),
    Choice { options: Vec<String>, selected: usize },
}

impl OpenForm {
    /// Opens a form with the focus on its first field.
    pub fn new(form: Form) -> Self {
        let inputs = form.fields.iter().map(|field| match &field.kind {
            // A number is rarely changed digit by digit: typing 3 over 1 means 3.
            FieldKind::Text(initial) if initial.parse::<u64>().is_ok() => Input::Text(Field::offering(initial.clone())),
            FieldKind::Text(initial) => Input::Text(Field::with_text(initial.clone())),
            FieldKind::Choice { options, selected } => Input::Choice {
                options: options.clone(),
                selected: (*selected).min(options.len().saturating_sub(1)),
            },
        });
        Self {
            inputs: inputs.collect(),
            form,
            focus: 0,
            complaint: None,
        }
    }

    fn buttons(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.form.button).chain(&self.form.more)
    }

    fn send(&mut self) -> Step {
        for (at, (field, input)) in self.form.fields.iter().zip(&self.inputs).enumerate() {
            if field.required && matches!(input, Input::Text(typed) if typed.is_blank()) {
                self.complaint = Some(format!("{} is missing", field.label));
                self.focus = at;
                return Step::Stay;
            }
        }
        let values = self.form.fields.iter().zip(&self.inputs).map(|(field, input)| {
            let value = match input {
                Input::Text(typed) => FieldValue::Text(typed.text().trim().to_owned()),
                Input::Choice { selected, .. } => FieldValue::Choice(*selected),
            };
            (field.name, value)
        });
        Step::Done(Outcome::Filled(Filled {
            tag: self.form.tag,
            wants_more: self.focus > self.inputs.len(),
            values: values.collect(),
        }))
    }

    fn field_key(&mut self, key: Key) {
        self.complaint = None;
        match self.inputs.get_mut(self.focus) {
            Some(Input::Text(field)) => {
                field.key(key);
            }
            Some(Input::Choice { options, selected }) => {
                let last = options.len().saturating_sub(1);
                match key.code {
                    KeyCode::Down | KeyCode::Char(' ') | KeyCode::Right => *selected = (*selected + 1).min(last),
                    KeyCode::Up | KeyCode::Left => *selected = selected.saturating_sub(1),
                    KeyCode::Char(c) if c.is_ascii_digit() => {
                        let digit = c.to_digit(10).and_then(|digit| digit.checked_sub(1));
                        if let Some(wanted) = digit.map(|digit| digit as usize).filter(|wanted| *wanted <= last) {
                            *selected = wanted;
                        }
                    }
                    _ if self.go_to_text() => self.field_key(key),
                    _ => {}
                }
            }
            None => {}
        }
    }

    /// Who types on a choice means the next field: the focus goes there, so that no letter is lost or picks something.
    fn go_to_text(&mut self) -> bool {
        let next = (self.focus..self.inputs.len()).find(|at| matches!(self.inputs.get(*at), Some(Input::Text(_))));
        self.focus = next.unwrap_or(self.focus);
        next.is_some()
    }

    /// The rows, each with what a click on it means.
    fn rows<'a>(&'a self, columns: usize, theme: &Theme) -> (Vec<Row<'a>>, Vec<Target>) {
        let labels = self.form.fields.iter().map(|field| Printable::line(&field.label));
        let labels: Vec<Printable> = labels.collect();
        let longest = labels.iter().map(|label| width(label.as_str())).max().unwrap_or(0);
        let notes = self.form.notes.iter();
        let mut rows: Vec<Row<'a>> = notes
            .flat_map(|note| wrap_lines(Printable::line(note).as_str(), columns))
            .map(|note| Row::Text(Line::styled(note, theme.dim)))
            .collect();
        let mut targets = vec![Target::Note; rows.len()];
        for ((at, input), label) in self.inputs.iter().enumerate().zip(&labels) {
            let focused = self.focus == at;
            let label = pad(label.as_str(), longest);
            match input {
                Input::Text(field) => {
                    rows.push(Row::Field {
                        label: label.into(),
                        field,
                        focus: Focus::when(focused),
                    });
                    targets.push(Target::Field(at));
                }
                Input::Choice { options, selected } => {
                    for (option_at, option) in options.iter().enumerate() {
                        let is_selected = option_at == *selected;
                        let label = if option_at == 0 {
                            label.clone()
                        } else {
                            " ".repeat(longest)
                        };
                        let sign = if is_selected { "(x)" } else { "( )" };
                        let text = format!("{sign} {} {}", option_at + 1, Printable::line(option));
                        let style = if focused && is_selected {
                            theme.selected
                        } else {
                            theme.text
                        };
                        rows.push(Row::Text(Line::from(vec![
                            Span::raw(format!("{label} ")),
                            Span::styled(text, style),
                        ])));
                        targets.push(Target::Option(at, option_at));
                    }
                }
            }
        }
        for (at, button) in self.buttons().enumerate() {
            let is_focused = self.focus == self.inputs.len() + at;
            let style = if is_focused { theme.selected } else { theme.text };
            let button = format!("[ {} ]", Printable::line(button));
            rows.push(Row::Text(Line::styled(button, style)));
            targets.push(Target::Button(at));
        }
        rows.extend(complaint_rows(self.complaint.as_deref(), columns, theme));
        (rows, targets)
    }
}

impl Overlay for OpenForm {
    fn key(&mut self, key: Key) -> Step {
        let stops = self.inputs.len() + self.buttons().count();
        match key.code {
            KeyCode::Esc => return Step::Close,
            KeyCode::Enter if self.focus >= self.inputs.len() => return self.send(),
            KeyCode::Tab if key.modifiers.shift => self.focus = (self.focus + stops - 1) % stops,
            KeyCode::Tab | KeyCode::Enter => self.focus = (self.focus + 1) % stops,
            KeyCode::Down if !matches!(self.inputs.get(self.focus), Some(Input::Choice { .. })) => {
                self.focus = (self.focus + 1) % stops;
            }
            KeyCode::Up if !matches!(self.inputs.get(self.focus), Some(Input::Choice { .. })) => {
                self.focus = self.focus.saturating_sub(1);
            }
            _ => self.field_key(key),
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: Mouse, area: Rect, _footer: Rect, theme: &Theme) -> Step {
        if mouse.kind != MouseKind::Press {
            return Step::Stay;
        }
        let sheet = Sheet::new(&self.form.title, area);
        let (rows, targets) = self.rows(sheet.columns(), theme);
        let at = sheet.row_under(mouse, 0, &rows);
        match at.and_then(|at| targets.get(at).copied()) {
            None | Some(Target::Note) => {}
            Some(Target::Field(at)) => self.focus = at,
            Some(Target::Option(at, option)) => {
                self.focus = at;
                if let Some(Input::Choice { selected, .. }) = self.inputs.get_mut(at) {
                    *selected = option;
                }
            }
            Some(Target::Button(at)) => {
                self.focus = self.inputs.len() + at;
                return self.send();
            }
        }
        Step::Stay
    }

    fn paste(&mut self, text: &str) -> Result<(), &'static str> {
        self.go_to_text();
        match self.inputs.get_mut(self.focus) {
            Some(Input::Text(field)) => {
                field.paste(text);
                Ok(())
            }
            _ => Err("pasted text was dropped: no field has the focus"),
        }
    }

    fn view(&self, frame: &mut Frame, area: Rect, _footer: Rect, context: &Context) {
        let sheet = Sheet::new(&self.form.title, area);
        let (rows, _) = self.rows(sheet.columns(), context.theme);
        sheet.draw(frame, context.theme, Vec::new(), rows);
    }

    fn refused(&mut self, why: &str) -> bool {
        self.complaint = Some(why.to_owned());
        true
    }

    fn footer(&self) -> Option<String> {
        let at = self.focus.saturating_sub(self.inputs.len());
        let button = Printable::line(self.buttons().nth(at).unwrap_or(&self.form.button));
        Some(format!("tab next   enter on the button: {button}   esc stop"))
    }
}

/// What is wrong with what was sent, in whole sentences; no row while nothing is.
fn complaint_rows(complaint: Option<&str>, columns: usize, theme: &Theme) -> Vec<Row<'static>> {
    let complaint = complaint.map(|complaint| format!("! {complaint}")).unwrap_or_default();
    wrap_lines(Printable::line(&complaint).as_str(), columns)
        .into_iter()
        .map(|line| Row::Text(Line::styled(line, theme.warn)))
        .collect()
}

#[cfg(test)]
impl Filled {
    /// A form as it would be sent, for tests of screens.
    pub fn for_test(tag: &'static str, values: Vec<(&'static str, FieldValue)>) -> Self {
        Self {
            tag,
            wants_more: false,
            values,
        }
    }

    /// The same with the second button pressed.
    #[must_use]
    pub fn with_more(self) -> Self {
        Self {
            wants_more: true,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> OpenForm {
        let kinds = ["bug", "requirement", "eval failure"].map(str::to_owned).to_vec();
        OpenForm::new(Form {
            tag: "commit",
            title: "Save a version".into(),
            notes: Vec::new(),
            fields: vec![
                FormField::choice("kind", "Because of", kinds),
                FormField::text("reason", "Reason").required(),
            ],
            button: "Save".into(),
            more: Some("More".into()),
        })
    }

    fn sent(form: &mut OpenForm) -> Filled {
        form.key(Key::plain(KeyCode::Enter));
        sent_here(form)
    }

    /// What enter on the button that has the focus sends.
    fn sent_here(form: &mut OpenForm) -> Filled {
        match form.key(Key::plain(KeyCode::Enter)) {
            Step::Done(Outcome::Filled(filled)) => filled,
            other => panic!("not sent: {other:?}"),
        }
    }

    #[test]
    fn the_second_button_sends_what_is_filled_in_too() {
        let mut form = open();
        form.paste("because").unwrap();
        assert!(!sent(&mut form).wants_more);
        form.key(Key::plain(KeyCode::Down));
        let Step::Done(Outcome::Filled(filled)) = form.key(Key::plain(KeyCode::Enter)) else {
            panic!("not sent");
        };
        assert!(filled.wants_more);
        assert_eq!(filled.text("reason"), "because");
        form.key(Key::plain(KeyCode::Up));
        assert!(!sent_here(&mut form).wants_more);
        form.key(Key::plain(KeyCode::Tab));
        form.key(Key::plain(KeyCode::Tab));
        assert_eq!(form.focus, 0, "behind the last button comes the first field");
    }

    #[test]
    fn letters_typed_on_a_choice_are_text_of_the_next_field_and_pick_nothing() {
        let mut form = open();
        form.key(Key::char('3'));
        "just like jkhl".chars().for_each(|c| {
            form.key(Key::char(c));
        });
        let filled = sent(&mut form);
        assert_eq!((filled.choice("kind"), filled.text("reason")), (2, "just like jkhl"));

        let mut form = open();
        form.paste("pasted at once").unwrap();
        assert_eq!(sent(&mut form).text("reason"), "pasted at once");
    }
}
