// The audit log, seen from the API: it is there, it can't be changed from here, and values can be
// hashed to find them in it.
#include "coffer/audit/checkpointer.h"
#include "coffer/audit/witness.h"
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

void append_time(JsonWriter& json, std::string_view name, const std::optional<WallTime>& time) {
  json.key(name);
  if (time) {
    json.string(to_rfc3339(*time));
  } else {
    json.null();
  }
}

void append_witnesses(JsonWriter& json, const audit::Witnesses* witnesses) {
  json.key("witnesses").begin_array();
  const auto all = witnesses == nullptr ? std::vector<audit::WitnessStatus>() : witnesses->status();
  for (const audit::WitnessStatus& one : all) {
    json.begin_object().key("name").string(one.name);
    json.key("lines").number(static_cast<std::int64_t>(one.lines));
    append_time(json, "at", one.at);
    json.key("trouble").string(one.trouble).key("fork").boolean(one.fork);
    json.key("signed_by").string(one.signed_by).end_object();
  }
  json.end_array();
}

/// The token's anchor; null: none is kept.
void append_anchor(JsonWriter& json, const std::optional<core::AnchorStatus>& anchor) {
  json.key("anchor");
  if (!anchor) {
    json.null();
    return;
  }
  json.begin_object().key("supported").boolean(anchor->supported);
  json.key("sequence").number(static_cast<std::int64_t>(anchor->sequence));
  append_time(json, "written_at", anchor->written);
  json.key("trouble").string(anchor->trouble).end_object();
}

/// How far the log is signed, and with which key.
Result<Response> status(Call& call) {
  const audit::Checkpointer* const signing = call.parts.control.signing();
  const audit::SigningStatus now = signing == nullptr ? audit::SigningStatus{} : signing->status();
  JsonWriter json;
  json.begin_object().key("signing").boolean(signing != nullptr);
  json.key("key").string(now.key);
  json.key("signed_lines").number(static_cast<std::int64_t>(now.signed_lines));
  append_time(json, "signed_at", now.signed_at);
  append_time(json, "unsigned_since", now.unsigned_since);
  json.key("reason").string(now.reason).key("refusing").boolean(now.refusing);
  append_witnesses(json, call.parts.control.witnesses());
  append_anchor(json, call.parts.control.anchor());
  json.end_object();
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
      {{.operation = Operation::read,
        .pattern = "audit/status",
        .sudo = true,
        .help = "How far the token has signed the audit log, and since when it doesn't."},
       status},
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
