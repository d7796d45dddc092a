//! What a reviewer has looked at lasts as long as the session.

use super::*;
use crate::domain::gate::Verdict;
use crate::domain::ids::ReviewId;
use crate::domain::review::ReviewState;
use crate::tui::screens::release_samples::{review_detail, review_summary};
use crate::tui::screens::review::Reviews;

const ID: ReviewId = ReviewId(88);

/// Opens the review on top of Home and answers what it asks.
fn open_review(app: &mut App) -> ScreenId {
    app.push(Box::new(Reviews::one(ID)));
    app.finish();
    let id = app.visible().unwrap().id;
    load(app, id);
    id
}

fn load(app: &mut App, to: ScreenId) {
    let summary = review_summary(88, "support_triage", ReviewState::Open, Verdict::Pass);
    let detail = Box::new(review_detail(ReviewState::Open, Verdict::Pass));
    for (request, answer) in [
        (Request::Reviews, Answer::Reviews(vec![summary])),
        (Request::ReviewDetail(ID), Answer::ReviewDetail(detail)),
    ] {
        let result = Ok(answer);
        app.update(NOW, Msg::Answered { to, request, result });
    }
}

#[test]
fn a_review_that_is_opened_again_knows_what_was_viewed() {
    let mut app = app_at(160, 50);
    open_review(&mut app);
    assert!(drawn(&app, 160, 50).contains("[ ] 0 of"));
    press(&mut app, "space");
    assert!(drawn(&app, 160, 50).contains("[ ] 1 of"));
    press(&mut app, "q");
    let again = open_review(&mut app);
    let screen = drawn(&app, 160, 50);
    assert!(screen.contains("[ ] 1 of"), "{screen}");

    // Another open screen of the same review asks again when it comes into view, and is told.
    app.go_to(Tab::Review);
    let of_tab = app.visible().unwrap().id;
    load(&mut app, of_tab);
    press(&mut app, "J space");
    app.go_to(Tab::Home);
    load(&mut app, again);
    let screen = drawn(&app, 160, 50);
    assert!(screen.contains("2 of"), "{screen}");
}
