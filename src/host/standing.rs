//! Whether somebody who is here is still let in.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::people::People;
use crate::workbench::Workbench;

/// How long after a change of the store people are looked at: a run makes many changes in a second.
const LOOK_AFTER: Duration = Duration::from_millis(500);

/// Waits until the people of the store are such that somebody is known no more.
pub async fn until_out(workbench: Arc<Workbench>, is_known: impl Fn(&People) -> bool) {
    let mut changes = workbench.changes();
    // They may have changed since the guest was let in.
    changes.mark_changed();
    while changes.changed().await.is_ok() {
        tokio::time::sleep(LOOK_AFTER).await;
        changes.mark_unchanged();
        let workbench = Arc::clone(&workbench);
        let people = tokio::task::spawn_blocking(move || workbench.people()).await;
        if let Ok(Ok(people)) = people
            && !is_known(&people)
        {
            return;
        }
    }
    std::future::pending::<()>().await;
}
