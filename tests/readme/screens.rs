//! The real app on the demo's store, with a clock that stands still; requests are carried out by the real workbench.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use pegbox::domain::actor::Actor;
use pegbox::domain::time::Timestamp;
use pegbox::store::engine::Engine;
use pegbox::store::memory::MemoryEngine;
use pegbox::tui::app::App;
use pegbox::tui::effect::Order;
use pegbox::tui::input::{Key, KeyCode};
use pegbox::tui::keymap::Keymap;
use pegbox::tui::msg::Msg;
use pegbox::tui::session_info::{ColourDepth, GlyphSet, Link, SessionInfo};
use pegbox::workbench::{StartRun, Workbench};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;

use crate::picture::svg;

/// 2026-06-02 09:00 UTC, the day after the demo's candidate was written.
const NOW: Timestamp = Timestamp(1_780_390_800_000);
const COLUMNS: u16 = 100;
const ROWS: u16 = 30;

/// Keys that lead from one picture to the next, and the picture's name.
const STORY: [(&str, &[&str]); 5] = [
    ("home", &[]),
    ("run", &["4", "g", "g"]),
    (
        "failures",
        &["enter", "J", "J", "J", "J", "J", "J", "J", "J", "J", "J", "J"],
    ),
    ("editor", &["e", "G"]),
    ("review", &["5"]),
];

struct Session {
    app: App,
    workbench: Workbench,
    anna: Actor,
}

impl Session {
    /// Gives the app a message, and carries out all that it orders.
    fn tell(&mut self, msg: Msg) {
        let mut orders: VecDeque<Order> = self.app.update(NOW, msg).into();
        while let Some(order) = orders.pop_front() {
            if let Order::Ask { from, request } = order {
                let result = self.workbench.answer(&self.anna, request.clone());
                orders.extend(self.app.update(
                    NOW,
                    Msg::Answered {
                        to: from,
                        request,
                        result,
                    },
                ));
            }
        }
    }

    fn press(&mut self, name: &str) {
        let code = match name {
            "enter" => KeyCode::Enter,
            "esc" => KeyCode::Esc,
            letter => KeyCode::Char(letter.chars().next().expect("a key has a name")),
        };
        self.tell(Msg::Key(Key::plain(code)));
    }

    fn picture(&self) -> String {
        let mut terminal = Terminal::new(TestBackend::new(COLUMNS, ROWS)).expect("a terminal in memory");
        terminal.draw(|frame| self.app.view(frame)).expect("a frame");
        svg(terminal.backend().buffer())
    }
}

/// The demo's store after v12 was run and sent to review.
fn session(runtime: &tokio::runtime::Runtime) -> Session {
    let engine: Arc<dyn Engine> = Arc::new(MemoryEngine::default());
    Workbench::build_demo(Arc::clone(&engine), runtime.handle().clone()).expect("the demo's history");
    let workbench = Workbench::over(engine, Arc::new(|| NOW), runtime.handle().clone());
    let anna = Actor::new("anna").expect("a name");
    let start = StartRun {
        subject: "support_triage_v12".parse().expect("an id"),
        dataset: "support_triage_regression@2026-06-01".parse().expect("an id"),
        suite: "triage_quality@v8".parse().expect("an id"),
        base: None,
        environment: None,
        context: pegbox::domain::run::RuntimeContext::default(),
        settings: pegbox::domain::run::RunSettings::default(),
    };
    let run = workbench.start_run(&anna, &start).expect("a run");
    workbench.wait_run(run).expect("its end");
    let note = "routing is five points better, recall is one ticket short";
    let staging = pegbox::domain::promotion::Environment::Staging;
    workbench
        .request_review(
            &anna,
            start.subject.version().expect("a prompt"),
            staging,
            Some(run),
            note,
        )
        .expect("a review");
    let info = SessionInfo {
        user: anna.clone(),
        roles: String::new(),
        store: "demo".into(),
        link: Link::Local,
        colours: ColourDepth::True,
        glyphs: GlyphSet::Unicode,
        light: false,
    };
    Session {
        app: App::new(info, Keymap::default(), Size::new(COLUMNS, ROWS)),
        workbench,
        anna,
    }
}

#[test]
fn the_pictures_are_drawn_by_the_screens() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut session = session(&runtime);
    let mut orders: VecDeque<Order> = session.app.start(NOW).into();
    while let Some(order) = orders.pop_front() {
        if let Order::Ask { from, request } = order {
            let result = session.workbench.answer(&session.anna, request.clone());
            orders.extend(session.app.update(
                NOW,
                Msg::Answered {
                    to: from,
                    request,
                    result,
                },
            ));
        }
    }
    for (name, keys) in STORY {
        for key in keys {
            session.press(key);
        }
        let picture = session.picture();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("assets/screens/{name}.svg"));
        let is_stored = || {
            let stored = std::fs::read_to_string(&path);
            stored.is_ok_and(|stored| without_commits(&stored) == without_commits(&picture))
        };
        if crate::is_blessing() && !is_stored() {
            std::fs::write(&path, &picture).expect("the picture can be written");
        }
        assert!(
            is_stored(),
            "{name}.svg is old: PEGBOX_BLESS=1 cargo test --test readme"
        );
    }
}

/// A picture without the length of the audit log: how many outcomes share a commit is a matter of the moment.
fn without_commits(picture: &str) -> String {
    let mut parts = picture.split("audit log ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let after_number = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ',');
        // Its width moves the rest of the row.
        let (row, rest) = after_number.split_once('│').unwrap_or((after_number, ""));
        text + row.trim_end() + rest
    })
}
