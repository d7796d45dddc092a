//! Every step of the story gives what it should.

use std::path::Path;
use std::sync::Arc;

use pegbox::domain::ids::PromptName;
use pegbox::domain::promotion::Environment;
use pegbox::domain::time::Timestamp;
use pegbox::workbench::{Clock, Workbench, WorkbenchError, tell_demo_story};

/// A clock that stands still.
pub fn clock() -> Clock {
    Arc::new(|| Timestamp(1_780_400_000_000))
}

/// Tells the whole story.
pub fn assert_the_story_can_be_told(workbench: &Workbench) {
    assert!(workbench.is_demo().expect("a policy"));
    let mut titles = Vec::new();
    tell_demo_story(workbench, &mut |step| {
        println!("{}\n  {}", step.title, step.lines.join("\n  "));
        assert_eq!(step.faults, Vec::<String>::new(), "{}", step.title);
        titles.push(step.title);
    })
    .expect("a story that can be told to its end");
    assert_eq!(titles.len(), 11);

    let prompt = PromptName::new("support_triage").expect("a name");
    assert_eq!(workbench.releases(&prompt).expect("releases").len(), 10);
    assert_eq!(
        workbench
            .promotions(&prompt, Environment::Staging)
            .expect("promotions")
            .len(),
        5
    );
}

#[test]
fn every_step_of_the_story_gives_what_it_should() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let workbench = open(folder.path(), &runtime).expect("the history");
    assert_the_story_can_be_told(&workbench);
}

/// Opens a demo store.
pub fn open(folder: &Path, runtime: &tokio::runtime::Runtime) -> Result<Workbench, WorkbenchError> {
    Workbench::open_demo(folder, clock(), runtime.handle().clone())
}
