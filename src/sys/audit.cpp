// The audit log, seen from the API: it is there, it can't be changed from here, and values can be
// hashed to find them in it.
#include "handlers.h"

namespace coffer::sys {
namespace {

constexpr std::string_view kHash = "audit-hash/";
constexpr std::string_view kDevice = "file/";

Result<Response> list(Call& call) {
  JsonWriter json;
  json.begin_object().key(kDevice).begin_object();
  json.key("type").string("file").key("path").string(kDevice);
  json.key("description").string("the audit log").key("local").boolean(false);
  json.key("options").begin_object();
  json.key("file_path").string(call.parts.control.audit_directory()).end_object();
  json.end_object().end_object();
  Response response = answer(std::move(json));
  response.repeat_data = true;
  return response;
}

/// Where a log is written decides who can read and erase it: that is the configuration's to say,
/// and not of whoever has a token (CVE-2025-6000).
Result<Response> refuse(Call& /*call*/) {
  return invalid("the audit log is set in the daemon's configuration; it can't be changed here");
}

Result<Response> hash(Call& call) {
  if (below(call.path, kHash) != kDevice.substr(0, kDevice.size() - 1))
    return invalid("no such audit device; there is file/");
  COFFER_TRY(std::string input, required(call.request.fields, "input"));
  std::string hashed;
  call.vault->trail->hasher()->append(hashed, input);
  wipe(input);
  JsonWriter json;
  json.begin_object().key("hash").string(hashed).end_object();
  Response response = answer(std::move(json));
  response.repeat_data = true;
  return response;
}

}  // namespace

std::span<const Handler> audit_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::read,
        .pattern = "audit",
        .sudo = true,
        .help = "The audit devices: there is one, always."},
       list},
      {{.operation = Operation::update,
        .pattern = "audit/*",
        .sudo = true,
        .help = "Audit devices are set in the daemon's configuration, not here."},
       refuse},
      {{.operation = Operation::remove,
        .pattern = "audit/*",
        .sudo = true,
        .help = "The audit log can't be disabled."},
       refuse},
      {{.operation = Operation::update,
        .pattern = "audit-hash/*",
        .help = "Hash `input` as the audit log hashes values, to find it there."},
       hash},
  };
  return kHandlers;
}

}  // namespace coffer::sys
