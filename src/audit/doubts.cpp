// What a verifier can't call wrong, and shouldn't be silent about.
#include "coffer/audit/archive.h"
#include "coffer/audit/verify.h"

namespace coffer::audit {
namespace {

std::string lines(std::uint64_t first, std::uint64_t last) {
  if (first == last) return "line " + std::to_string(first);
  return "lines " + std::to_string(first) + " to " + std::to_string(last);
}

bool is_within_floor(const Verified& seen, WallTime now) {
  const auto floor =
      std::chrono::duration_cast<std::chrono::seconds>((now - kLeastKept).time_since_epoch());
  return seen.first_time && *seen.first_time > floor.count();
}

/// Who prunes leaves 90 days, and a record. Who steals the beginning may leave neither.
void add_missing(const Verified& seen, WallTime now, std::vector<std::string>& all) {
  const std::uint64_t missing = seen.missing_before();
  if (missing == 0) return;
  const std::string what = "lines 1 to " + std::to_string(missing) + " aren't here";
  if (is_within_floor(seen, now)) {
    all.push_back(what + ", and line " + std::to_string(seen.first_sequence) +
                  " is less than 90 days old: prune doesn't go so far");
  } else if (seen.pruned == 0) {
    all.push_back(what + ", and there is no record that prune removed them");
  } else if (seen.pruned < missing) {
    all.push_back(what + ", and prune says that it removed them up to line " +
                  std::to_string(seen.pruned));
  }
}

}  // namespace

std::vector<std::string> doubts(const Verified& seen, bool with_keys, WallTime now) {
  std::vector<std::string> all;
  if (const std::uint64_t from = seen.unsigned_from(); with_keys && from != 0) {
    all.push_back("no checkpoint of the keys given covers " + lines(from, seen.last_sequence));
  }
  if (seen.late_foreign != 0) {
    all.push_back(
        "the checkpoint of " + std::to_string(seen.late_foreign) +
        " lines was signed with a key that is not one of those given, behind one that was");
  }
  if (seen.clock_back) {
    all.push_back("the clock went back by " + std::to_string(seen.clock_back->seconds) + " s");
  }
  add_missing(seen, now, all);
  if (seen.passed_over != 0) {
    all.push_back("checkpoints that were given, of up to " + std::to_string(seen.passed_over) +
                  " lines, can't be held against what is here: those lines aren't");
  }
  return all;
}

}  // namespace coffer::audit
