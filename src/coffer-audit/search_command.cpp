// coffer-audit search and follow: who did what, when, by which rule, and how it ended.
#include <cstdio>
#include <thread>

#include "coffer/audit/event.h"
#include "coffer/base/terminal.h"
#include "coffer/model/json_writer.h"
#include "commands.h"
#include "output.h"

namespace coffer::auditor {
namespace {

constexpr std::chrono::milliseconds kPause{200};

void print_text(const audit::Record& record) {
  std::string line = record.time;
  line.append("  ").append(audit::to_string(record.ending));
  line.append("  ").append(cell(record.operation));
  line.append("  ").append(cell(record.path));
  line.append("  ").append(caller_cell(record.caller()));
  line.append("  ").append(cell(record.accessor));
  line.append("  ");
  line.append(record.policy.empty() ? "-" : cell(record.policy + ":" + record.rule));
  if (!record.error.empty()) line.append("  ").append(for_terminal(record.error));
  print(line.append("\n"));
}

void print_json(const audit::Record& record) {
  model::JsonWriter json;
  json.begin_object().key("time").string(record.time);
  json.key("seq").number(static_cast<std::int64_t>(record.sequence));
  json.key("request").string(record.request);
  json.key("operation").string(record.operation).key("path").string(record.path);
  json.key("outcome").string(audit::to_string(record.ending));
  json.key("caller").string(record.caller()).key("accessor").string(record.accessor);
  json.key("uid").number(record.uid).key("unit").string(record.unit);
  json.key("policy").string(record.policy).key("rule").string(record.rule);
  json.key("error").string(record.error).end_object();
  print_object(json);
}

void print_event(const audit::Event& event) {
  std::string line = event.time;
  line.append("  ").append(event.type);
  if (!event.detail.empty()) line.append("  ").append(for_terminal(event.detail));
  print(line.append("\n"));
}

void print_event_json(const audit::Event& event) {
  model::JsonWriter json;
  json.begin_object().key("time").string(event.time);
  json.key("seq").number(static_cast<std::int64_t>(event.sequence));
  json.key("event").string(event.type).key("detail").string(event.detail).end_object();
  print_object(json);
}

int search_events(const Options& options) {
  const auto done = audit::find_events(options.words[0], options.filter.since, options.filter.until,
                                       options.json ? print_event_json : print_event);
  return done.ok() ? kGood : complain(done.error());
}

}  // namespace

int search(const Options& options) {
  if (options.events) return search_events(options);
  const auto done =
      audit::find_records(options.words[0], options.filter, options.json ? print_json : print_text);
  return done.ok() ? kGood : complain(done.error());
}

int follow(const Options& options) {
  audit::RecordReader reader(options.words[0]);
  auto done = reader.skip_to_end();
  while (done.ok() && std::fflush(stdout) == 0) {
    std::this_thread::sleep_for(kPause);
    done = reader.read(options.filter, options.json ? print_json : print_text);
  }
  return done.ok() ? kGood : complain(done.error());
}

}  // namespace coffer::auditor
