//! The demo's story, told by the functions that screens and commands call, on a real store in a temporary folder.

use std::sync::Arc;

use pegbox::domain::ids::PromptName;
use pegbox::domain::promotion::Environment;
use pegbox::domain::time::Timestamp;
use pegbox::store::embedded::EmbeddedEngine;
use pegbox::workbench::{Workbench, tell_demo_story};

#[test]
fn every_step_of_the_story_gives_what_it_should() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let engine = Arc::new(EmbeddedEngine::open(folder.path()).expect("an empty store"));
    Workbench::build_demo(engine.clone(), runtime.handle().clone()).expect("the history");
    let clock = Arc::new(|| Timestamp(1_780_400_000_000));
    let workbench = Workbench::over(engine, clock, runtime.handle().clone());
    assert!(workbench.is_demo().expect("a policy"));

    let mut titles = Vec::new();
    tell_demo_story(&workbench, &mut |step| {
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
