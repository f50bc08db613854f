// coffer-audit report: access by path and by caller, policies that nobody used, what was refused.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "coffer/model/json_writer.h"
#include "commands.h"
#include "output.h"

namespace coffer::auditor {
namespace {

struct Counts {
  std::uint64_t reads = 0;  ///< read, list, help
  std::uint64_t writes = 0;
  std::uint64_t denied = 0;
  std::uint64_t failed = 0;
  std::uint64_t interrupted = 0;  ///< may have been done, or not
  std::string last{};             ///< time
};

struct Refusal {
  std::string caller;
  std::string operation;
  std::string path;
  auto operator<=>(const Refusal&) const = default;
};

struct Report {
  std::map<std::string, Counts> paths;
  std::map<std::string, Counts> callers;
  std::map<std::string, std::uint64_t> policies;  ///< uses
  std::map<Refusal, Counts> refusals;
};

void count(Counts& counts, const audit::Record& record) {
  const bool reads =
      record.operation == "read" || record.operation == "list" || record.operation == "help";
  switch (record.ending) {
    case audit::Ending::served: ++(reads ? counts.reads : counts.writes); break;
    case audit::Ending::denied: ++counts.denied; break;
    case audit::Ending::failed: ++counts.failed; break;
    case audit::Ending::interrupted: ++counts.interrupted; break;
  }
  // An interrupted one is told later than it came in.
  counts.last = std::max(counts.last, record.time);
}

void add(Report& report, const audit::Record& record) {
  if (!record.path.empty()) count(report.paths[record.path], record);
  if (!record.caller().empty()) count(report.callers[record.caller()], record);
  // Those that a caller had, though none of them decided.
  for (const std::string& policy : record.policies) report.policies.try_emplace(policy, 0);
  // Whatever the outcome: who takes a policy away that only denied opens what it denied.
  if (!record.policy.empty()) ++report.policies[record.policy];
  const bool refused =
      record.ending == audit::Ending::denied || record.ending == audit::Ending::failed;
  if (refused) {
    count(report.refusals[{record.caller(), record.operation, record.path}], record);
  }
}

Result<Report> gather(const Options& options) {
  Report report;
  if (!options.policies.empty()) {
    COFFER_TRY(const std::string text, read_whole(options.policies));
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      if (end != 0) report.policies.try_emplace(std::string(rest.substr(0, end)), 0);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  COFFER_CHECK(audit::find_records(options.words[0], options.filter,
                                   [&](const audit::Record& record) { add(report, record); }));
  return report;
}

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

void append_counts(model::JsonWriter& json, const Counts& counts) {
  json.key("reads").number(number(counts.reads)).key("writes").number(number(counts.writes));
  json.key("denied").number(number(counts.denied)).key("failed").number(number(counts.failed));
  json.key("interrupted").number(number(counts.interrupted));
  json.key("last").string(counts.last).end_object();
}

void append_table(model::JsonWriter& json, std::string_view name, std::string_view key,
                  const std::map<std::string, Counts>& table) {
  json.key(name).begin_array();
  for (const auto& [what, counts] : table) {
    json.begin_object().key(key).string(what);
    append_counts(json, counts);
  }
  json.end_array();
}

void print_json(const Report& report) {
  model::JsonWriter json;
  json.begin_object();
  append_table(json, "paths", "path", report.paths);
  append_table(json, "callers", "caller", report.callers);
  json.key("policies").begin_array();
  for (const auto& [policy, uses] : report.policies) {
    json.begin_object().key("policy").string(policy).key("uses").number(number(uses)).end_object();
  }
  json.end_array().key("refusals").begin_array();
  for (const auto& [what, counts] : report.refusals) {
    json.begin_object().key("caller").string(what.caller).key("operation").string(what.operation);
    json.key("path").string(what.path);
    append_counts(json, counts);
  }
  json.end_array().end_object();
  print_object(json);
}

void print_line(const Counts& counts, std::string_view what) {
  std::string line;
  for (const std::uint64_t value : {counts.reads, counts.writes, counts.denied, counts.failed}) {
    std::string shown = std::to_string(value);
    shown.resize(std::max<std::size_t>(shown.size() + 1, 9), ' ');
    line.append(shown);
  }
  std::string interrupted = std::to_string(counts.interrupted);
  interrupted.resize(std::max<std::size_t>(interrupted.size() + 1, 13), ' ');
  line.append(interrupted);
  print(line.append(caller_cell(what)).append("\n"));
}

void print_table(std::string_view title, const std::map<std::string, Counts>& table) {
  print(std::string(title).append("\nreads    writes   denied   failed   interrupted\n"));
  for (const auto& [what, counts] : table) print_line(counts, what);
  print("\n");
}

void print_text(const Report& report) {
  print_table("by path", report.paths);
  print_table("by caller", report.callers);
  print("policies that decided nothing\n");
  for (const auto& [policy, uses] : report.policies) {
    if (uses == 0) print(cell(policy).append("\n"));
  }
  print("\nrefused or failed\ntimes    last, caller, operation, path\n");
  for (const auto& [what, counts] : report.refusals) {
    std::string line = std::to_string(counts.denied + counts.failed);
    line.resize(std::max<std::size_t>(line.size() + 1, 9), ' ');
    line.append(counts.last).append("  ").append(caller_cell(what.caller)).append("  ");
    print(line.append(cell(what.operation)).append("  ").append(cell(what.path)).append("\n"));
  }
}

}  // namespace

int report(const Options& options) {
  const auto made = gather(options);
  if (!made.ok()) return complain(made.error());
  if (options.json) {
    print_json(*made);
  } else {
    print_text(*made);
  }
  return kGood;
}

}  // namespace coffer::auditor
