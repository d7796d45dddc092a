//! Programs as graders, against real small programs.
#![cfg(unix)]

use super::tests::{example, observed, prompt, suite, wait_for};
use super::*;
use crate::domain::grader::GraderKind;
use crate::domain::model::ResponseFormat;
use crate::evals::judges::Judges;
use crate::evals::parse::Answer;

/// Whether the program is on this machine; says so loudly where it is not.
fn has(program: &str) -> bool {
    let is_there = std::process::Command::new(program).arg("-c").arg("").output().is_ok();
    if !is_there {
        let mut stderr = std::io::stderr();
        let line = format!("SKIPPED: {program} is not on this machine, so command graders are not tested with it\n");
        drop(std::io::Write::write_all(&mut stderr, line.as_bytes()));
    }
    is_there
}

fn graded(words: &[&str], time_limit_ms: u64, text: &str) -> (Score, Option<Cause>) {
    let kind = GraderKind::Command {
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        time_limit_ms,
    };
    let graders = Graders::compile(&suite(kind), &prompt(ResponseFormat::Text), &Judges::default()).unwrap();
    let answer = Answer::new(text);
    let grades = wait_for(graders.grade(observed(&answer), &example(Some(r#"{"a":1}"#))));
    (grades.scores.into_iter().next().unwrap(), grades.cause)
}

/// Ample, so that no slow machine reaches it.
const AMPLE_MS: u64 = 120_000;

#[test]
fn a_program_gives_verdict_score_and_explanation() {
    if !has("sh") {
        return;
    }
    let say = |json: &str| format!("cat > /dev/null; printf '%s' '{json}'");
    let passes = say(r#"{"passed": true, "score": 0.75, "explanation": "good é"}"#);
    let (score, cause) = graded(&["sh", "-c", &passes], AMPLE_MS, "x");
    assert!(score.passed && cause.is_none(), "{score:?}");
    assert_eq!(score.explanation, "good é");
    assert_eq!(score.value, crate::domain::grader::ScoreValue::new(0.75));
    // It need not read what it gets.
    let fails = r#"echo '{"passed": false, "explanation": "bad"}'"#;
    let (score, cause) = graded(&["sh", "-c", fails], AMPLE_MS, &"x".repeat(1_000_000));
    assert_eq!((&*score.explanation, cause), ("bad", Some(Cause::Answer)));
}

#[test]
fn a_program_gets_the_whole_case_and_no_key() {
    if !has("python3") {
        return;
    }
    let script = r#"
import json, os, sys
case = json.load(sys.stdin)
assert sorted(case) == ["answer", "context", "example", "expected", "parsed", "text", "tool_calls"], sorted(case)
assert case["example"]["id"] == "t-1" and case["example"]["input"] == "hello"
assert case["expected"] == {"a": 1} and case["parsed"] == {"a": "é"} and case["text"].startswith("{")
assert case["answer"] == {"refusal": None, "finish_reason": "stop", "latency_ms": 1500, "cost_usd": 0.003}
assert case["context"] == {"documents": [], "tool_results": []} and case["tool_calls"] == []
inherited = [name for name in os.environ if name.startswith("CARGO")]
print(json.dumps({"passed": not inherited, "explanation": ",".join(inherited)}))
"#;
    // What the program must not inherit is there to be inherited.
    assert!(std::env::vars().any(|(name, _)| name.starts_with("CARGO")));
    let (score, _) = graded(&["python3", "-c", script], AMPLE_MS, r#"{"a": "é"}"#);
    assert!(score.passed, "{score:?}");
}

#[test]
fn a_program_that_fails_or_answers_nonsense_blames_the_grader() {
    if !has("sh") {
        return;
    }
    for (script, why) in [
        (
            "echo no such rule >&2; exit 3",
            "no verdict: sh ended with exit status: 3: no such rule",
        ),
        ("exit 1", "no verdict: sh ended with exit status: 1"),
        ("kill -9 $$", "no verdict: sh ended with signal: 9 (SIGKILL)"),
        ("true", "no verdict: it must say {\"passed\": true"),
        ("echo yes", "but said \"yes\""),
        ("echo '{\"passed\": 1, \"explanation\": \"\"}'", "expected a boolean"),
        (
            "printf '\\377'",
            "no verdict: sh answered with bytes that are not UTF-8",
        ),
        ("yes", "no verdict: sh said more than 64 KiB and was ended"),
    ] {
        let (score, cause) = graded(&["sh", "-c", script], AMPLE_MS, "x");
        assert!(
            !score.passed && score.explanation.contains(why),
            "{script}: {}",
            score.explanation
        );
        assert_eq!(cause, Some(Cause::Grader), "{script}");
        assert_eq!(score.value, None);
    }
    let (score, cause) = graded(&["./no-such-program"], AMPLE_MS, "x");
    let why = "no verdict: ./no-such-program cannot be started: ";
    assert!(
        score.explanation.starts_with(why) && cause == Some(Cause::Grader),
        "{score:?}"
    );
}

#[test]
fn a_program_that_hangs_is_ended_with_all_that_it_started() {
    if !has("sh") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    // The grandchild holds the output open, so that nothing but its end lets go of it.
    let script = format!("sleep 1000 & echo $! > '{}'; wait", file.display());
    let (score, cause) = graded(&["sh", "-c", &script], 2_000, "x");
    let why = "no verdict: sh gave no verdict within 2000 ms and was ended";
    assert_eq!((&*score.explanation, cause), (why, Some(Cause::Grader)));
    let Ok(pid) = std::fs::read_to_string(&file) else {
        // So slow a machine that it did not get as far: there is nothing to be ended.
        return;
    };
    let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    // A killed process that nobody has waited for yet is still there, so its end is waited for.
    while rustix::process::test_kill_process(pid).is_ok() && !is_zombie(pid) {
        std::thread::yield_now();
    }
}

fn is_zombie(pid: rustix::process::Pid) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    status.is_ok_and(|status| {
        status
            .rsplit(')')
            .next()
            .is_some_and(|rest| rest.trim_start().starts_with('Z'))
    })
}
