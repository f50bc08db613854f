#include "tidy_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <list>
#include <string>

#include "coffer/base/mutex.h"

namespace coffer::store {
namespace {

constexpr std::size_t kHeaderOfDatabase = 100;
constexpr std::size_t kSmallestPage = 512;
constexpr std::size_t kLargestPage = 65536;

/// SQLite gives a VFS memory for its file's state: ours, and behind it that of the VFS below.
struct TidyFile : sqlite3_file {
  bool is_database = false;
};
struct TidyVfs : sqlite3_vfs {
  sqlite3_vfs* below = nullptr;
  std::string name;
};

TidyFile* ours(sqlite3_file* file) { return static_cast<TidyFile*>(file); }

sqlite3_file* below(sqlite3_file* file) {
  void* behind = ours(file) + 1;
  return static_cast<sqlite3_file*>(behind);
}

template <auto Method, typename... Arguments>
auto forward(sqlite3_file* file, Arguments... arguments) {
  sqlite3_file* real = below(file);
  return (real->pMethods->*Method)(real, arguments...);
}

int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  const auto bytes = static_cast<std::size_t>(size);
  const bool whole_page = bytes >= kSmallestPage && bytes <= kLargestPage &&
                          (bytes & (bytes - 1)) == 0 && offset % size == 0;
  // An overflow or free page begins with a page number, whose first byte can look like a b-tree
  // page's type only from 2^25 pages on.
  const bool told_apart = offset / size < 0x02000000;
  if (!ours(file)->is_database || !whole_page || !told_apart) {
    return forward<&sqlite3_io_methods::xWrite>(file, data, size, offset);
  }
  std::array<std::uint8_t, kLargestPage> copy;  // not initialised: 64 KiB for each page
  const auto* from = static_cast<const std::uint8_t*>(data);
  std::copy(from, from + bytes, copy.begin());
  zero_unallocated(std::span(copy).first(bytes), offset == 0);
  const void* tidy = copy.data();
  return forward<&sqlite3_io_methods::xWrite>(file, tidy, size, offset);
}

/// Version 2: no xFetch, as nothing is mapped (mmap_size=0).
constexpr sqlite3_io_methods kMethods = {
    2,
    forward<&sqlite3_io_methods::xClose>,
    forward<&sqlite3_io_methods::xRead, void*, int, sqlite3_int64>,
    write,
    forward<&sqlite3_io_methods::xTruncate, sqlite3_int64>,
    forward<&sqlite3_io_methods::xSync, int>,
    forward<&sqlite3_io_methods::xFileSize, sqlite3_int64*>,
    forward<&sqlite3_io_methods::xLock, int>,
    forward<&sqlite3_io_methods::xUnlock, int>,
    forward<&sqlite3_io_methods::xCheckReservedLock, int*>,
    forward<&sqlite3_io_methods::xFileControl, int, void*>,
    forward<&sqlite3_io_methods::xSectorSize>,
    forward<&sqlite3_io_methods::xDeviceCharacteristics>,
    forward<&sqlite3_io_methods::xShmMap, int, int, int, void volatile**>,
    forward<&sqlite3_io_methods::xShmLock, int, int, int>,
    forward<&sqlite3_io_methods::xShmBarrier>,
    forward<&sqlite3_io_methods::xShmUnmap, int>,
    nullptr,
    nullptr,
};

int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out) {
  sqlite3_vfs* next = static_cast<TidyVfs*>(vfs)->below;
  sqlite3_file* real = below(file);
  file->pMethods = nullptr;
  real->pMethods = nullptr;
  const int code = next->xOpen(next, name, real, flags, out);
  if (code != SQLITE_OK) {
    // With methods set, SQLite would have closed it.
    if (real->pMethods != nullptr) real->pMethods->xClose(real);
    return code;
  }
  ours(file)->is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
  file->pMethods = &kMethods;
  return SQLITE_OK;
}

std::size_t number_at(std::span<const std::uint8_t> page, std::size_t at) {
  return static_cast<std::size_t>(page[at]) << 8U | page[at + 1];
}

}  // namespace

void zero_unallocated(std::span<std::uint8_t> page, bool first) noexcept {
  // https://www.sqlite.org/fileformat2.html section 1.6: type, first freeblock (2), cells (2),
  // start of the cells' content (2; 0 stands for 65536), fragmented bytes, right child (4) in
  // interior pages; then two bytes a cell.
  const std::size_t header = first ? kHeaderOfDatabase : 0;
  if (page.size() < header + 12) return;
  const std::uint8_t type = page[header];
  const bool interior = type == 2 || type == 5;
  if (!interior && type != 10 && type != 13) return;
  const std::size_t pointers = header + (interior ? 12 : 8);
  const std::size_t start = pointers + 2 * number_at(page, header + 3);
  const std::size_t content = number_at(page, header + 5);
  const std::size_t end = content == 0 ? kLargestPage : content;
  if (start > end || end > page.size()) return;
  std::fill(page.begin() + static_cast<std::ptrdiff_t>(start),
            page.begin() + static_cast<std::ptrdiff_t>(end), std::uint8_t{0});
}

const char* tidy_vfs() {
  static Mutex mutex;
  // SQLite keeps pointers to them as long as the process lives.
  static std::list<TidyVfs>& made = *new std::list<TidyVfs>;
  const MutexLock lock(mutex);
  sqlite3_vfs* next = sqlite3_vfs_find(nullptr);
  for (const TidyVfs& vfs : made) {
    if (vfs.below == next) return vfs.zName;
  }
  TidyVfs& vfs = made.emplace_back();
  static_cast<sqlite3_vfs&>(vfs) = *next;
  vfs.below = next;
  vfs.name = std::string("coffer-tidy-") + next->zName;
  vfs.zName = vfs.name.c_str();
  vfs.pNext = nullptr;
  vfs.szOsFile = static_cast<int>(sizeof(TidyFile)) + next->szOsFile;
  vfs.xOpen = open;
  sqlite3_vfs_register(&vfs, 0);
  return vfs.zName;
}

}  // namespace coffer::store
