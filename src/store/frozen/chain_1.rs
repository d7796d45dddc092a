//! Layout 1 of chains: before conditions other than equality, parsers and literal inputs. No command ever wrote one, so
//! that it is read and its hash, which was taken over other words, is not kept.

use serde::{Deserialize, Serialize};

use crate::domain::actor::Actor;
use crate::domain::chain::{ChainContent, ChainStep, ChainVersion, StepInput, StepParser, StepValue};
use crate::domain::condition::{Condition, Test};
use crate::domain::hash::ContentHash;
use crate::domain::ids::{ChainVersionId, VersionId};
use crate::domain::json::JsonText;
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::domain::value_path::ValuePath;

#[derive(Serialize, Deserialize)]
struct StepInput1 {
    variable: String,
    from: ValuePath,
}

#[derive(Serialize, Deserialize)]
struct RouteRule1 {
    path: ValuePath,
    equals: String,
}

#[derive(Serialize, Deserialize)]
struct ChainStep1 {
    name: String,
    version: VersionId,
    inputs: Vec<StepInput1>,
    when: Vec<RouteRule1>,
    tools: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct ChainContent1 {
    steps: Vec<ChainStep1>,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct ChainVersion1 {
    id: ChainVersionId,
    content: ChainContent1,
    content_hash: ContentHash,
    author: Actor,
    reason: Reason,
    committed_at: Timestamp,
}

impl From<ChainStep1> for ChainStep {
    fn from(old: ChainStep1) -> Self {
        let input = |input: StepInput1| StepInput {
            variable: input.variable,
            value: StepValue::From {
                path: input.from,
                default: None,
            },
        };
        let condition = |rule: RouteRule1| Condition {
            path: rule.path,
            test: Test::Equals(JsonText::string(&rule.equals)),
        };
        Self {
            name: old.name,
            version: old.version,
            inputs: old.inputs.into_iter().map(input).collect(),
            when: old.when.into_iter().map(condition).collect(),
            parser: StepParser::Json { schema: None },
            tools: Some(old.tools),
        }
    }
}

impl From<ChainVersion1> for ChainVersion {
    fn from(old: ChainVersion1) -> Self {
        Self {
            id: old.id,
            content: ChainContent {
                description: String::new(),
                steps: old.content.steps.into_iter().map(ChainStep::from).collect(),
                answer: None,
            },
            content_hash: old.content_hash,
            author: old.author,
            reason: old.reason,
            committed_at: old.committed_at,
        }
    }
}
