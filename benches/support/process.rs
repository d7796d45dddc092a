//! What the system says of processes: processor time and resident memory. `None` where it does not say.

use std::fs;

/// Ticks in a second in `/proc`, on every Linux that pegbox runs on.
const TICKS_PER_S: f64 = 100.0;

/// Processor seconds of this process so far, all threads and both modes, without the threads of this name.
pub fn cpu_seconds_without(thread_name: &str) -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses, which may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = |place: usize| fields.split_whitespace().nth(place)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_PER_S - thread_seconds(thread_name)?)
}

/// Processor seconds of the living threads of this name. Ticks would lose half a tick for each of them.
fn thread_seconds(name: &str) -> Option<f64> {
    let mut seconds = 0.0;
    for task in fs::read_dir("/proc/self/task").ok()?.flatten() {
        let Ok(comm) = fs::read_to_string(task.path().join("comm")) else {
            continue;
        };
        if comm.trim_end() == name {
            let times = fs::read_to_string(task.path().join("schedstat")).ok()?;
            let nanos: f64 = times.split_whitespace().next()?.parse().ok()?;
            seconds += nanos / 1e9;
        }
    }
    Some(seconds)
}

/// The most that was resident in a process so far, in bytes.
pub fn peak_bytes(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024.0)
}
