// A layer over SQLite's way to the disk that leaves no copies of rows between the rows of a page.
//
// `secure_delete` zeroes a row where it stands. But when SQLite balances its tree it lays a page's
// rows out anew and keeps what stood there before in the page's unallocated middle: copies of rows
// that outlive their erasure (tried with 3.40.1: 1 in 1,000). So that middle, which means nothing
// (https://www.sqlite.org/fileformat2.html section 1.6), is zeroed in every page on its way into
// the database. The log isn't touched, its frames carry checksums; it is truncated
// (docs/formats/store.md).
#pragma once

#include <cstdint>
#include <span>

namespace coffer::store {

/// The name of such a VFS over the default one; made and registered at the first call. Thread-safe.
[[nodiscard]] const char* tidy_vfs();

/// Zeroes the unallocated middle of a b-tree page. Anything else, and a page that contradicts
/// itself, stays as it is. `first`: page 1, which begins with the database's header.
void zero_unallocated(std::span<std::uint8_t> page, bool first) noexcept;

}  // namespace coffer::store
