use super::super::{Outcome, Overlay, Step};
use super::*;
use crate::tui::input::{Key, KeyCode};

fn press(dialog: &mut OpenDialog, keys: &str) -> Step {
    let mut last = Step::Stay;
    for key in keys.split(' ') {
        last = dialog.key(Key::parse(key).unwrap());
    }
    last
}

fn confirmed(step: Step) -> Confirmed {
    match step {
        Step::Done(Outcome::Confirmed(confirmed)) => confirmed,
        other => panic!("not confirmed: {other:?}"),
    }
}

#[test]
fn a_question_is_answered_by_y_alone() {
    let open = || OpenDialog::new(Dialog::question(CommandId::RunCancel, "Cancel run 421?"));
    for key in ["n", "enter", "esc", "x", "space", "Y"] {
        assert_eq!(press(&mut open(), key), Step::Close, "{key}");
    }
    let confirmed = confirmed(press(&mut open(), "y"));
    assert_eq!(
        (confirmed.command(), confirmed.level()),
        (CommandId::RunCancel, Danger::Question)
    );
}

fn rollback() -> OpenDialog {
    let choices = ["wrong answers", "unsafe answers", "other, type it"];
    let choices = choices.map(str::to_owned).to_vec();
    OpenDialog::new(Dialog::pick(
        CommandId::ReleaseRollBack,
        "Roll back",
        vec![],
        "roll back",
        choices,
    ))
}

#[test]
fn a_roll_back_is_a_digit_and_enter() {
    assert_eq!(press(&mut rollback(), "enter"), Step::Stay, "no reason is preselected");
    assert_eq!(press(&mut rollback(), "2"), Step::Stay, "the digit alone does nothing");
    let picked = confirmed(press(&mut rollback(), "2 enter"));
    assert_eq!((picked.choice(), picked.reason()), (Some(1), "unsafe answers"));
    assert_eq!(press(&mut rollback(), "9 enter"), Step::Stay);
}

#[test]
fn the_last_reason_of_a_roll_back_is_typed() {
    assert_eq!(press(&mut rollback(), "3 enter"), Step::Stay);
    let typed = confirmed(press(&mut rollback(), "3 t o o space s l o w space 2 space x enter"));
    assert_eq!((typed.choice(), typed.reason()), (Some(2), "too slow 2 x"));
}

#[test]
fn enter_in_a_field_only_moves_on() {
    let dialog = Dialog::reason(
        CommandId::ReviewReject,
        "Reject",
        vec![],
        "Reject v14",
        ReasonRule::Required,
    )
    .with_choices(vec!["prompt problem".into(), "retrieval".into()]);
    let mut open = OpenDialog::new(dialog);
    assert_eq!(
        press(&mut open, "down enter enter enter"),
        Step::Stay,
        "a reason is missing"
    );
    let rejected = confirmed(press(
        &mut open,
        "shift-tab t h e space d o c s space a r e space o l d enter enter",
    ));
    assert_eq!((rejected.choice(), rejected.reason()), (Some(1), "the docs are old"));
}

#[test]
fn a_reason_may_be_optional() {
    let dialog = Dialog::reason(
        CommandId::ReviewApprove,
        "Approve",
        vec![],
        "Approve v14",
        ReasonRule::Optional,
    );
    let approved = confirmed(press(&mut OpenDialog::new(dialog), "tab enter"));
    assert_eq!(approved.reason(), "");
}

#[test]
fn a_reason_that_would_be_refused_keeps_the_dialog_open() {
    let dialog = Dialog::reason(
        CommandId::ReviewApprove,
        "Approve",
        Vec::new(),
        "Approve v14",
        ReasonRule::Required,
    );
    let mut open = OpenDialog::new(dialog);
    assert_eq!(press(&mut open, "l g t m enter enter"), Step::Stay);
    assert!(matches!(
        press(&mut open, "shift-tab space r e c a l l space 3 5 / 3 5 enter enter"),
        Step::Done(_)
    ));
}

#[test]
fn the_strongest_dialog_needs_name_and_reason() {
    let open = || {
        OpenDialog::new(Dialog::typed(
            CommandId::ReleasePromote,
            "Promote",
            vec![],
            "promote",
            "ab",
        ))
    };
    assert_eq!(press(&mut open(), "a b enter enter enter"), Step::Stay);
    assert_eq!(
        press(&mut open(), "a enter b e c a u s e space w h y enter enter"),
        Step::Stay
    );
    let promoted = confirmed(press(&mut open(), "a b enter b e c a u s e space w h y enter enter"));
    assert_eq!((promoted.level(), promoted.reason()), (Danger::Typed, "because why"));
}

#[test]
fn a_paste_goes_into_the_focused_field_or_nowhere() {
    let mut open = rollback();
    assert!(open.paste("3\n").is_err());
    press(&mut open, "3");
    assert_eq!(open.paste("too slow for us\n"), Ok(()));
    assert_eq!(
        confirmed(open.key(Key::plain(KeyCode::Enter))).reason(),
        "too slow for us"
    );
}

#[test]
fn letters_typed_on_the_choices_are_the_reason() {
    let choices = ["prompt problem", "policy"].map(str::to_owned).to_vec();
    let dialog = Dialog::reason(
        CommandId::ReviewReject,
        "Reject",
        vec![],
        "Reject",
        ReasonRule::Required,
    );
    let mut open = OpenDialog::new(dialog.with_choices(choices));
    press(&mut open, "2 j k space w e space l o s e space 5 space c a s e s enter");
    let confirmed = confirmed(press(&mut open, "enter"));
    assert_eq!(
        (confirmed.choice(), confirmed.reason()),
        (Some(1), "jk we lose 5 cases")
    );
}

fn signed_approval(rule: SignRule) -> OpenDialog {
    let dialog = Dialog::reason(
        CommandId::ReviewApprove,
        "Approve",
        vec![],
        "approve",
        ReasonRule::Required,
    );
    OpenDialog::new(dialog.with_signature(rule))
}

#[test]
fn a_signature_is_wished_for_by_a_key_of_its_own() {
    let plain = confirmed(press(
        &mut signed_approval(SignRule::Offered),
        "t o o space s l o w space n o w tab tab enter",
    ));
    assert!(!plain.signs());
    let signed = confirmed(press(
        &mut signed_approval(SignRule::Offered),
        "t o o space s l o w space n o w tab space tab enter",
    ));
    assert!(
        signed.signs() && signed.reason() == "too slow now",
        "the space was no part of the reason"
    );
    let twice = confirmed(press(
        &mut signed_approval(SignRule::Offered),
        "t o o space s l o w space n o w tab space space tab enter",
    ));
    assert!(!twice.signs());
    let mut typed = signed_approval(SignRule::Offered);
    assert_eq!(
        press(&mut typed, "tab enter"),
        Step::Stay,
        "enter goes on to the button"
    );
}

#[test]
fn a_signature_that_is_required_cannot_be_left_out() {
    let mut dialog = signed_approval(SignRule::Required);
    assert_eq!(
        press(&mut dialog, "t o o space s l o w space n o w tab space"),
        Step::Stay
    );
    assert!(confirmed(press(&mut dialog, "tab enter")).signs());
}

#[test]
fn a_roll_back_can_be_signed_on_the_way_to_enter() {
    let choices = ["wrong answers", "other, type it"].map(str::to_owned).to_vec();
    let dialog = Dialog::pick(CommandId::ReleaseRollBack, "Roll back", vec![], "roll back", choices);
    let mut dialog = OpenDialog::new(dialog.with_signature(SignRule::Offered));
    let picked = confirmed(press(&mut dialog, "1 tab space enter"));
    assert!(picked.signs() && picked.reason() == "wrong answers");
}
