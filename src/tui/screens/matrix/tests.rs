use super::*;
use crate::domain::metric::Measure;
use crate::tui::screens::testing::{answered, check_any_size, commanded, drawn};
use crate::workbench::Figures;

fn cell(run: u32, subject: &str, hits: u64, p95: f64, standing: Standing) -> MatrixCell {
    MatrixCell {
        run: RunId(run),
        subject: subject.into(),
        model: "openai:alpha-large-2 0.2".into(),
        quality: Measure::Rate { hits, total: 240 },
        interval: Some((hits as f64 / 240.0 - 0.03, hits as f64 / 240.0 + 0.03)),
        latency_p50_ms: Some(p95 / 2.0),
        figures: Figures {
            quality: Some(hits as f64 / 240.0),
            cost_usd: Some(p95 / 1e6),
            latency_p95_ms: Some(p95),
        },
        standing,
    }
}

fn screen() -> MatrixScreen {
    let mut screen = MatrixScreen::new(RunId(3));
    let matrix = Matrix {
        dataset: "support_triage_regression@2026-06-01".into(),
        suite: "triage_quality@v8".into(),
        metric: "routing_accuracy".into(),
        unit: crate::domain::unit::Unit::Share,
        cells: vec![
            cell(
                1,
                "support_triage_v11",
                215,
                900.0,
                Standing::Dominated { by: 1, surely: true },
            ),
            cell(
                2,
                "support_triage_v12",
                230,
                900.0,
                Standing::Front {
                    within_noise_of: Some(2),
                },
            ),
            cell(
                3,
                "support_triage_v12 +model alpha-small-2",
                228,
                400.0,
                Standing::Front { within_noise_of: None },
            ),
        ],
    };
    answered(
        &mut screen,
        Request::Matrix(RunId(3)),
        Ok(Answer::Matrix(Box::new(matrix))),
    );
    screen
}

#[test]
fn the_front_is_marked_and_what_may_be_chance_is_said() {
    let mut screen = screen();
    insta::assert_snapshot!("matrix_80x24", drawn(&screen, 80, 21));
    insta::assert_snapshot!("matrix_160x50", drawn(&screen, 160, 47));
    commanded(&mut screen, CommandId::MoveDown);
    assert!(drawn(&screen, 160, 47).contains("run_3 saves cost or time, and its quality may be the same"));
    assert_eq!(
        commanded(&mut screen, CommandId::Open),
        [Effect::Open(Place::Run(RunId(2)))]
    );
    check_any_size(&screen);
}
