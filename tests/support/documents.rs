//! Prompt documents and suite files, as tests write them for the real binary.

/// A prompt document that asks a model of OpenAI's API this message, in which `{{ input }}` is the example's input.
pub fn prompt(model: &str, message: &str) -> String {
    format!(
        r#"+++
[model]
provider = "openai"
name = "{model}"

[[variables]]
name = "input"
description = "what is asked"
+++
-- user --
{message}
"#
    )
}

/// A suite file with one grader, given as the lines that say what it checks, and a metric of this kind over it, which
/// must reach a value.
pub fn suite(name: &str, description: &str, grader: &str, metric_kind: &str, at_least: f64) -> String {
    format!(
        r#"name = "{name}"
description = "{description}"

[[graders]]
name = "check"
{grader}

[[metrics]]
name = "rate"
kind = "{metric_kind}"
grader = "check"

[[thresholds]]
metric = "rate"
at_least = {at_least:?}

[pass_rule]
policy = "point"
"#
    )
}
