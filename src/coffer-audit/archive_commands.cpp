// coffer-audit compress and prune: what is done with segments that nobody writes any more.
#include "coffer/audit/archive.h"
#include "coffer/model/json_writer.h"
#include "commands.h"
#include "output.h"

namespace coffer::auditor {
namespace {

int tell(const Options& options, const Result<audit::Archived>& done) {
  if (!done.ok()) return complain(done.error());
  if (options.json) {
    model::JsonWriter json;
    json.begin_object().key("segments").number(static_cast<std::int64_t>(done->segments));
    json.key("bytes_before").number(static_cast<std::int64_t>(done->before));
    json.key("bytes_after").number(static_cast<std::int64_t>(done->after));
    if (done->held != 0) {
      json.key("segments_held").number(static_cast<std::int64_t>(done->held));
    }
    json.end_object();
    print_object(json);
    return kGood;
  }
  print_row("segments", std::to_string(done->segments));
  print_row("bytes before", std::to_string(done->before));
  print_row("bytes after", std::to_string(done->after));
  if (done->held != 0) {
    print_row("held", std::to_string(done->held) +
                          " segments, old by this machine's clock and not by the log's own lines");
  }
  return kGood;
}

Result<audit::Archived> pruned(const Options& options) {
  if (!options.keep_days) {
    return make_error(ErrorCode::invalid_argument, "want -keep-days");
  }
  COFFER_TRY(const audit::TrustedKeys keys, read_keys(options.keys));
  return audit::prune_segments(options.words[0], std::chrono::days(*options.keep_days),
                               system_clock().wall(), keys);
}

}  // namespace

int compress(const Options& options) {
  return tell(options, audit::compress_segments(options.words[0]));
}

int prune(const Options& options) { return tell(options, pruned(options)); }

}  // namespace coffer::auditor
