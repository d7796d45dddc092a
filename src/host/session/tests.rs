use std::io;
use std::num::NonZero;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::domain::actor::Actor;
use crate::domain::ids::ReviewId;
use crate::domain::signature::SignedStatement;
use crate::host::terminal::MouseReports;
use crate::tui::input::Key;
use crate::tui::keymap::Keymap;
use crate::tui::screens::ScreenId;
use crate::tui::session_info::{ColourDepth, GlyphSet, SessionInfo};
use crate::workbench::{Doing, Judgement, Signing, Unsigned};

/// Keeps what was written, each write apart.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<Vec<u8>>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push(bytes.to_owned());
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink {
    /// What a terminal of 100 x 30 shows after all writes.
    fn screen(&self) -> String {
        let mut terminal = vt100::Parser::new(NonZero::new(30).unwrap(), NonZero::new(100).unwrap(), 0);
        for bytes in self.0.lock().unwrap().iter() {
            terminal.process(bytes);
        }
        terminal.screen().contents()
    }
}

/// Notes what is asked of the terminal.
#[derive(Clone, Default)]
struct FakeSurface(Arc<Mutex<Vec<&'static str>>>);

impl FakeSurface {
    fn note(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }
}

impl Surface for FakeSurface {
    fn is_there(&self) -> bool {
        true
    }
    fn release(&mut self) {
        self.note("release");
    }
    fn take_back(&mut self) -> Result<Size, HostError> {
        self.note("take back");
        Ok(Size::new(100, 30))
    }
    fn stop(&mut self) -> Result<(), String> {
        self.note("stop");
        Ok(())
    }
    fn toggle_mouse(&mut self) -> Result<&'static str, HostError> {
        Ok("mouse off")
    }
    fn edit(&mut self, text: &str) -> Result<String, Fault> {
        Ok(text.to_owned())
    }
    fn sign(&mut self, to_sign: &ToSign) -> Result<String, Fault> {
        self.note("sign");
        Ok(format!("signature of {}", to_sign.statement))
    }
    fn term(&self) -> String {
        "xterm".into()
    }
}

/// Refuses, counts, and panics when told to.
struct Handler {
    asked: AtomicU32,
    panics: bool,
    changes: watch::Sender<u64>,
}

impl RequestHandler for Handler {
    fn handle(&self, request: Request) -> Result<Answer, Fault> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics, "out of cheese");
        if let Request::Statement(deed, reason) = &request {
            return Ok(Answer::Unsigned(Unsigned {
                statement: format!("{deed:?} since {reason}"),
                keys: Vec::new(),
            }));
        }
        Err(Fault {
            what: format!("no store for {request:?}"),
            hint: String::new(),
        })
    }
    fn progress(&self, _run: RunId) -> Option<watch::Receiver<RunProgress>> {
        None
    }
    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

struct Bench {
    session: Session<Sink, FakeSurface>,
    sink: Sink,
    surface: FakeSurface,
    handler: Arc<Handler>,
    parking: Arc<Parking>,
    input: mpsc::Sender<Msg>,
    control: mpsc::Sender<Control>,
    receivers: Option<(mpsc::Receiver<Msg>, mpsc::Receiver<Control>)>,
}

impl Bench {
    fn new(panics: bool) -> Self {
        Self::with_parking(panics, Arc::default())
    }

    fn with_parking(panics: bool, parking: Arc<Parking>) -> Self {
        let info = SessionInfo {
            user: Actor::new("anna").unwrap(),
            roles: String::new(),
            store: "demo".into(),
            link: Link::Local,
            colours: ColourDepth::None,
            glyphs: GlyphSet::Ascii,
            light: false,
        };
        let handler = Arc::new(Handler {
            asked: AtomicU32::new(0),
            panics,
            changes: watch::Sender::new(0),
        });
        let (sink, surface) = (Sink::default(), FakeSurface::default());
        let (input, inputs) = mpsc::channel(64);
        let (control, controls) = mpsc::channel(4);
        let size = Size::new(80, 24);
        let screens = Screens {
            handler: handler.clone(),
            info,
            keymap: Keymap::default(),
            mouse: MouseReports::On,
            attendance: Attendance::alone(&Actor::new("anna").unwrap()),
            note: None,
            parking: Some(Arc::clone(&parking)),
            rescue: Rescue::of(Path::new("/srv/prompts")),
        };
        let session = Session::new(screens, surface.clone(), sink.clone(), size).unwrap();
        let receivers = Some((inputs, controls));
        Self {
            session,
            sink,
            surface,
            handler,
            parking,
            input,
            control,
            receivers,
        }
    }

    /// Runs the session until it ends, with time standing still while anything can go on.
    async fn run(&mut self) -> Result<Ended, HostError> {
        let (input, control) = self.receivers.take().unwrap();
        self.session.run(input, control).await
    }

    /// The terminal goes when everything that was typed is taken.
    fn hang_up(&mut self) {
        self.input = mpsc::channel(1).0;
    }

    async fn press(&self, keys: &str) {
        for key in keys.split(' ') {
            self.input.send(Msg::Key(Key::parse(key).unwrap())).await.unwrap();
        }
    }
}

#[tokio::test]
async fn shows_home_and_quits() {
    let mut bench = Bench::new(false);
    let input = bench.input.clone();
    let sink = bench.sink.clone();
    let user = async move {
        while !sink.screen().contains("no store for Status") {
            tokio::task::yield_now().await;
        }
        input.send(Msg::Key(Key::char('q'))).await.unwrap();
    };
    let (ended, ()) = tokio::join!(bench.run(), user);
    assert_eq!(ended.unwrap(), Ended::Quit);
    assert_eq!(bench.handler.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_burst_of_keys_is_one_frame() {
    let mut bench = Bench::new(false);
    bench.press("tab tab tab tab 4 5 6 1 q").await;
    assert_eq!(bench.run().await.unwrap(), Ended::Quit);
    assert!(
        bench.sink.0.lock().unwrap().len() <= 1,
        "all keys were there before the first frame"
    );
}

#[tokio::test]
async fn a_panic_of_the_workbench_is_an_answer() {
    let mut bench = Bench::new(true);
    let (input, sink) = (bench.input.clone(), bench.sink.clone());
    let user = async move {
        while !sink.screen().contains("out of cheese") {
            tokio::task::yield_now().await;
        }
        input.send(Msg::Key(Key::char('q'))).await.unwrap();
    };
    let (ended, ()) = tokio::join!(bench.run(), user);
    assert_eq!(ended.unwrap(), Ended::Quit);
}

#[tokio::test]
async fn a_lost_terminal_and_a_signal_end_the_session() {
    let mut bench = Bench::new(false);
    let (_, unused) = mpsc::channel(1);
    let (_, controls) = bench.receivers.take().unwrap();
    assert_eq!(bench.session.run(unused, controls).await.unwrap(), Ended::TerminalLost);

    let mut bench = Bench::new(false);
    bench.control.send(Control::Terminate).await.unwrap();
    assert_eq!(bench.run().await.unwrap(), Ended::Terminated);
}

#[tokio::test]
async fn suspending_gives_the_terminal_back_and_redraws() {
    let mut bench = Bench::new(false);
    bench.press("ctrl-z").await;
    let (input, sink) = (bench.input.clone(), bench.sink.clone());
    let user = async move {
        // The frame after it has the new size: its footer is the thirtieth row.
        while !sink.screen().lines().nth(29).is_some_and(|row| row.contains("? help")) {
            tokio::task::yield_now().await;
        }
        input.send(Msg::Key(Key::char('q'))).await.unwrap();
    };
    let (ended, ()) = tokio::join!(bench.run(), user);
    assert_eq!(ended.unwrap(), Ended::Quit);
    assert_eq!(*bench.surface.0.lock().unwrap(), ["release", "stop", "take back"]);
}

#[tokio::test(start_paused = true)]
async fn an_idle_session_writes_nothing() {
    let mut bench = Bench::new(false);
    let (input, sink) = (bench.input.clone(), bench.sink.clone());
    let user = async move {
        while !sink.screen().contains("no store for Status") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let before = sink.0.lock().unwrap().len();
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(sink.0.lock().unwrap().len(), before, "a minute without a byte");
        input.send(Msg::Key(Key::char('q'))).await.unwrap();
    };
    let (ended, ()) = tokio::join!(bench.run(), user);
    assert_eq!(ended.unwrap(), Ended::Quit);
}

#[tokio::test(start_paused = true)]
async fn changes_of_the_store_reload_at_a_pace() {
    let mut bench = Bench::new(false);
    let (input, handler) = (bench.input.clone(), bench.handler.clone());
    let user = async move {
        for commit in 1..=1_000 {
            handler.changes.send_replace(commit);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        input.send(Msg::Key(Key::char('q'))).await.unwrap();
    };
    let (ended, ()) = tokio::join!(bench.run(), user);
    assert_eq!(ended.unwrap(), Ended::Quit);
    let asked = bench.handler.asked.load(Ordering::SeqCst);
    assert!((2..=7).contains(&asked), "1,000 commits in 2 s gave {asked} reloads");
}

#[tokio::test]
async fn a_decision_is_signed_on_the_terminal_before_it_is_asked_for() {
    let mut bench = Bench::new(false);
    let decide = |signing| Request::Decide {
        review: ReviewId(88),
        judgement: Judgement::Approve,
        reason: "it helps".into(),
        signing,
    };
    for (signing, times) in [(Signing::Unsigned, 0), (Signing::Wanted, 1)] {
        let order = Order::Ask {
            from: ScreenId(1),
            request: decide(signing.clone()),
        };
        assert_eq!(bench.session.carry_out(order).unwrap(), None);
        let signed = bench
            .surface
            .0
            .lock()
            .unwrap()
            .iter()
            .filter(|done| **done == "sign")
            .count();
        assert_eq!(signed, times);
        let Some(Msg::Answered { request, .. }) = bench.session.inbox.recv().await else {
            panic!("no answer");
        };
        let statement = "Decide(ReviewId(88), Approve) since it helps".to_owned();
        let expected = match signing {
            Signing::Wanted => Signing::Signed(SignedStatement {
                signature: format!("signature of {statement}"),
                statement,
            }),
            as_it_was => as_it_was,
        };
        assert_eq!(request, decide(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_terminal_leaves_the_screens_for_the_next_and_quitting_does_not() {
    let mut bench = Bench::new(false);
    bench.press("2").await;
    bench.hang_up();
    let ended = bench.run().await.unwrap();
    assert_eq!(ended, Ended::TerminalLost);
    bench.session.park(ended);
    let mut next = Bench::with_parking(false, bench.parking);
    assert_eq!(next.session.app.doing(), Some(Doing::Looking("Prompts".into())));
    next.press("q q").await;
    let ended = next.run().await.unwrap();
    assert_eq!(ended, Ended::Quit);
    next.session.park(ended);
    let me = Actor::new("anna").unwrap();
    assert!(next.parking.take(&me, Instant::now().into_std()).is_none());
}

#[tokio::test(start_paused = true)]
async fn detaching_is_refused_where_nothing_keeps_the_screens() {
    let mut bench = Bench::new(false);
    bench.session.parking = None;
    let step = bench.session.carry_out(Order::Detach).unwrap();
    assert_eq!(step, None);
    let told = bench.session.later.pop_front();
    assert!(matches!(told, Some(Msg::Note(note)) if note.text.contains("not in a host")));
    bench.session.parking = Some(bench.parking);
    let step = bench.session.carry_out(Order::Detach).unwrap();
    assert_eq!(step, Some(Ended::Detached));
}
