//! The promises of a store engine: atomic, ordered, durable when acknowledged, checked on every read, and open again
//! after anything that can happen to the process or its files.

#[cfg(test)]
mod backup;
#[cfg(test)]
mod compaction;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod format;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod million;
#[cfg(test)]
mod model;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod power_cut;
#[cfg(test)]
mod seal;
#[cfg(test)]
#[path = "../support/small_disk.rs"]
mod small_disk;
#[cfg(test)]
mod store;
#[cfg(test)]
mod swap_cut;
#[cfg(test)]
mod tamper;
#[cfg(test)]
mod tamper_files;
