//! A program on this machine looks at the answer.
//!
//! It gets one JSON object on its standard input and says one on its standard output; README tells their fields. It
//! runs in the working directory of pegbox, without a shell, and of the environment it gets `PATH`, `HOME` and `LANG`
//! alone, so that no key reaches it. A program that fails, hangs or answers nonsense gives no verdict: its grade fails
//! and blames the grader, never the answer.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::sync::Semaphore;

use super::finding::{Fault, Finding, Pass};
use super::observed::Case;
use super::process;
use super::words::shown;
use crate::domain::grader::ScoreValue;

/// Programs that run at once for one grader; further answers wait, and their time has not begun yet.
const PROCESSES_MAX: usize = 8;

pub(super) struct Command {
    words: Vec<String>,
    time_limit: Duration,
    free: Semaphore,
}

/// What a program says.
#[derive(Deserialize)]
struct Verdict {
    passed: bool,
    score: Option<f64>,
    explanation: String,
}

impl Command {
    pub(super) fn new(words: &[String], time_limit_ms: u64) -> Self {
        Self {
            words: words.to_vec(),
            time_limit: Duration::from_millis(time_limit_ms),
            free: Semaphore::new(PROCESSES_MAX),
        }
    }

    pub(super) async fn grade(&self, case: &Case<'_>) -> Finding<Pass> {
        // The semaphore is never closed, so a permit always comes.
        let _permit = self.free.acquire().await;
        let input = request(case).to_string();
        let output = process::run(&self.words, input.as_bytes(), self.time_limit).await;
        let verdict = output.and_then(|output| read(&output));
        let (verdict, value) = verdict.map_err(Fault::grader)?;
        if verdict.passed {
            return Ok(Pass {
                explanation: verdict.explanation,
                value,
            });
        }
        Err(Fault {
            value,
            ..Fault::answer(verdict.explanation)
        })
    }
}

fn request(case: &Case) -> Json {
    let (observed, example) = (&case.observed, case.example);
    json!({
        "example": {
            "id": example.id,
            "input": example.input,
            "labels": example.labels,
            "metadata": example.metadata,
        },
        "expected": example.expected,
        "answer": {
            "refusal": observed.refusal,
            "finish_reason": observed.finish_reason,
            "latency_ms": observed.latency_ms,
            "cost_usd": observed.cost.map(crate::domain::money::UsdNanos::as_usd),
        },
        "text": case.text(),
        "parsed": observed.answer.parsed.as_ref().ok(),
        "tool_calls": observed.tool_calls,
        "context": example.context,
    })
}

fn read(output: &str) -> Result<(Verdict, Option<ScoreValue>), String> {
    let form = r#"it must say {"passed": true, "explanation": "..."} and perhaps "score""#;
    let verdict: Verdict = serde_json::from_str(output.trim()).map_err(|error| {
        let said = shown(&Json::from(output.trim()));
        format!("{form}, but said {said}: {error}")
    })?;
    let value = match verdict.score {
        None => None,
        Some(score) => Some(ScoreValue::new(score).ok_or_else(|| format!("its score {score} is not between 0 and 1"))?),
    };
    Ok((verdict, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_read_strictly() {
        let (verdict, value) = read(" {\"passed\":true,\"score\":0.5,\"explanation\":\"é\",\"more\":1}\n").unwrap();
        assert!(verdict.passed && value == ScoreValue::new(0.5) && verdict.explanation == "é");
        for nonsense in [
            "",
            "ok",
            "{\"passed\":true}",
            "{\"passed\":\"yes\",\"explanation\":\"\"}",
            "{\"passed\":true,\"explanation\":\"\"} {}",
            "{\"passed\":true,\"explanation\":\"\",\"score\":1.5}",
            "{\"passed\":true,\"explanation\":\"\",\"score\":-0.1}",
            "{\"passed\":true,\"explanation\":\"\",\"score\":NaN}",
        ] {
            assert!(read(nonsense).is_err(), "{nonsense}");
        }
    }
}
