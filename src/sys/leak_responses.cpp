// What to know and to keep when something leaked: who could read it, who did, and the report.
// docs/leak-response.md.
#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>

#include "coffer/audit/search.h"
#include "coffer/core/leak_reports.h"
#include "coffer/crypto/signer.h"
#include "leak_handlers.h"
#include "moves.h"

namespace coffer::sys {
namespace {

constexpr std::string_view kResponses = "leaks/responses/";
constexpr std::string_view kSign = "/sign";
/// Of the log in one request: some tens of milliseconds.
constexpr std::uint64_t kSearchBytes = std::uint64_t{8} << 20U;
constexpr std::size_t kMostAccesses = 1000;
constexpr std::size_t kMostAccessors = 1000;
constexpr std::size_t kMostTokens = 20'000;  ///< looked at for who could read a path

void append_words(JsonWriter& json, std::string_view key, const std::vector<std::string>& words) {
  json.key(key).begin_array();
  for (const std::string& word : words) json.string(word);
  json.end_array();
}

// Who could.

class Readers final {
 public:
  Readers(Call& call, std::string path) : call_(call), path_(std::move(path)) {}

  Result<Response> answer_all() {
    JsonWriter json;
    json.begin_object().key("path").string(path_);
    COFFER_CHECK(append_policies(json));
    COFFER_CHECK(append_roles(json));
    COFFER_CHECK(append_tokens(json));
    json.end_object();
    return answer(std::move(json));
  }

 private:
  /// Of none of these names there may be a policy: then it grants nothing.
  Result<bool> may_read(const std::vector<std::string>& policies) {
    COFFER_TRY(const auto acl,
               call_.vault->policies->acl(call_.context.tx, policies, call_.context.now));
    return acl->decide({.operation = Operation::read, .path = path_}).allowed;
  }

  Result<void> append_policies(JsonWriter& json) {
    COFFER_TRY(const auto names, call_.vault->policies->list(call_.context.tx));
    std::vector<std::string> granting;
    for (const std::string& name : names) {
      COFFER_TRY(const bool may, may_read({name}));
      if (may) granting.push_back(name);
    }
    append_words(json, "policies", granting);
    return {};
  }

  Result<void> append_roles(JsonWriter& json) {
    COFFER_TRY(const auto names, call_.vault->unix_roles->list(call_.context.tx));
    json.key("unix_roles").begin_array();
    for (const std::string& name : names) {
      COFFER_TRY(const auto stored, call_.vault->unix_roles->read(call_.context.tx, name));
      if (!stored) continue;
      COFFER_TRY(const bool may, may_read(stored->role.policies));
      if (!may) continue;
      json.begin_object().key("name").string(name);
      append_words(json, "policies", stored->role.policies);
      json.key("uids").begin_array();
      for (const uid_t uid : stored->role.uids) json.number(uid);
      json.end_array();
      append_words(json, "units", stored->role.units);
      json.end_object();
    }
    json.end_array();
    return {};
  }

  Result<void> append_tokens(JsonWriter& json) {
    const auth::Tokens& tokens = *call_.vault->tokens;
    COFFER_TRY(const auto accessors, tokens.accessors(call_.context.tx, call_.context.now));
    json.key("tokens").begin_array();
    const std::size_t looked_at = std::min(accessors.size(), kMostTokens);
    for (std::size_t i = 0; i < looked_at; ++i) {
      COFFER_TRY(const auto token,
                 tokens.find_accessor(call_.context.tx, accessors[i], call_.context.now));
      if (!token) continue;
      COFFER_TRY(const bool may, may_read(token->terms.policies));
      if (!may) continue;
      json.begin_object().key("accessor").string(token->accessor);
      json.key("display_name").string(token->terms.display_name);
      append_words(json, "policies", token->terms.policies);
      json.end_object();
    }
    json.end_array().key("more").boolean(looked_at < accessors.size());
    return {};
  }

  Call& call_;
  const std::string path_;
};

Result<std::string> path_in(const model::Fields& fields) {
  Result<std::string> path = required(fields, "path");
  if (path.ok() && path->starts_with('/')) path->erase(0, 1);
  return path;
}

Result<Response> readers(Call& call) {
  COFFER_TRY(std::string path, path_in(call.request.fields));
  return Readers(call, std::move(path)).answer_all();
}

// Who did.

std::string text_of(const audit::LogPlace& place) {
  return std::to_string(place.segment) + ":" + std::to_string(place.offset);
}

Result<audit::LogPlace> log_place(std::string_view text, std::string_view field) {
  audit::LogPlace place;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, place.segment);
  if (first.ec == std::errc() && first.ptr != end && *first.ptr == ':') {
    const auto second = std::from_chars(first.ptr + 1, end, place.offset);
    if (second.ec == std::errc() && second.ptr == end) return place;
  }
  return invalid(std::string("field \"").append(field) + "\" must be as an answer told it");
}

/// Who was to give an accessor, and has the token in his hands.
bool is_token(std::string_view text) { return text.starts_with("hvs."); }

/// What lines are looked for: those of one path, or those of some callers.
struct Wanted {
  std::vector<FormerPath> paths{};  ///< of one secret: a move changed the path that lines have
  std::vector<std::string> accessors{};
  std::string unit{};
  std::int64_t uid = -1;

  [[nodiscard]] bool matches(const audit::Access& access) const {
    if (!paths.empty()) {
      return std::any_of(paths.begin(), paths.end(), [&access](const FormerPath& one) {
        return access.path == one.path && one.held_at(access.time);
      });
    }
    if (!unit.empty() && access.unit == unit) return true;
    if (uid >= 0 && access.uid == uid) return true;
    return !access.accessor.empty() &&
           std::find(accessors.begin(), accessors.end(), access.accessor) != accessors.end();
  }
  /// As they stand in a line.
  [[nodiscard]] std::vector<std::string> needles() const {
    std::vector<std::string> all;
    const auto add = [&all](std::string_view name, const std::string& value) {
      std::string needle = "\"" + std::string(name) + "\":";
      model::append_json_string(needle, value);
      all.push_back(std::move(needle));
    };
    for (const FormerPath& one : paths) add("path", one.path);
    for (const std::string& accessor : accessors) add("accessor", accessor);
    if (!unit.empty()) add("unit", unit);
    if (uid >= 0) all.push_back("\"uid\":" + std::to_string(uid) + ",");
    return all;
  }
};

Result<Wanted> wanted_in(const model::Fields& fields, const Moves& moves) {
  Wanted wanted;
  COFFER_TRY(const auto path, fields.string("path"));
  COFFER_TRY(const auto unit, fields.string("unit"));
  COFFER_TRY(const auto uid, fields.integer("uid"));
  COFFER_TRY(auto accessors, fields.strings("accessors"));
  if (uid && *uid < 0) return invalid("field \"uid\" must not be negative");
  wanted.unit = unit.value_or("");
  wanted.uid = uid.value_or(-1);
  if (accessors) wanted.accessors = *std::move(accessors);
  if (wanted.accessors.size() > kMostAccessors) {
    return invalid("field \"accessors\" may have 1000 at most");
  }
  for (const std::string& accessor : wanted.accessors) {
    if (is_token(accessor)) return invalid("field \"accessors\" must not have tokens");
  }
  const bool callers = !wanted.unit.empty() || uid || !wanted.accessors.empty();
  if (path && !path->empty()) {
    COFFER_TRY(const std::string asked, path_in(fields));
    wanted.paths = moves.paths_of(asked);
  }
  if (callers == !wanted.paths.empty()) {
    return invalid("wanted either field \"path\", or \"accessors\", \"unit\" or \"uid\"");
  }
  return wanted;
}

/// Alike but for their times: one entry.
class Accesses final {
 public:
  /// False: there is no room for another one.
  bool add(const audit::Access& access) {
    const bool made = !access.made.empty() && !made_.contains(access.made);
    if (made && made_.size() >= kMostAccesses) return false;
    const auto key = std::tie(access.path, access.operation, access.accessor, access.unit,
                              access.uid, access.display_name);
    const auto known = entries_.find(Key(key));
    if (known != entries_.end()) {
      known->second.last = access;
      ++known->second.count;
    } else if (entries_.size() < kMostAccesses) {
      entries_.emplace(Key(key), Entry{access, access, 1});
    } else {
      return false;
    }
    if (made) made_.emplace(access.made, access.accessor);
    return true;
  }

  void append(JsonWriter& json, const Moves& moves) const {
    json.key("accesses").begin_array();
    for (const auto& [key, entry] : entries_) {
      json.begin_object().key("path").string(entry.last.path);
      const std::string today = moves.today(entry.last.path, entry.last.time);
      if (today != entry.last.path) json.key("path_today").string(today);
      json.key("operation").string(entry.last.operation);
      json.key("accessor").string(entry.last.accessor);
      json.key("display_name").string(entry.last.display_name);
      json.key("token_type").string(entry.last.token_type);
      json.key("uid").number(entry.last.uid).key("unit").string(entry.last.unit);
      json.key("count").number(entry.count);
      json.key("first").string(entry.first.time).key("last").string(entry.last.time);
      json.key("last_request").string(entry.last.request).end_object();
    }
    json.end_array().key("made").begin_array();
    for (const auto& [accessor, maker] : made_) {
      json.begin_object().key("accessor").string(accessor);
      json.key("made_by").string(maker).end_object();
    }
    json.end_array();
  }

 private:
  using Key =
      std::tuple<std::string, std::string, std::string, std::string, std::int64_t, std::string>;
  struct Entry {
    audit::Access first;
    audit::Access last;
    std::int64_t count = 0;
  };
  std::map<Key, Entry> entries_;
  std::map<std::string, std::string> made_;  ///< tokens, by their accessors: who made each
};

/// One step; who asks goes on with `next` and `until` of the answer.
Result<Response> accesses(Call& call) {
  const model::Fields& fields = call.request.fields;
  COFFER_TRY(const Moves moves, Moves::read(call));
  COFFER_TRY(const Wanted wanted, wanted_in(fields, moves));
  COFFER_TRY(const auto from_text, fields.string("from"));
  COFFER_TRY(const auto until_text, fields.string("until"));
  const std::string directory = call.parts.control.audit_directory();
  audit::LogPlace from;
  if (from_text) {
    COFFER_TRY(from, log_place(*from_text, "from"));
  }
  audit::LogPlace until;
  if (until_text) {
    COFFER_TRY(until, log_place(*until_text, "until"));
  } else {
    COFFER_TRY(until, audit::log_end(directory));
  }
  Accesses found;
  COFFER_TRY(const audit::SearchStep step,
             audit::search_log(directory, from, until, kSearchBytes, wanted.needles(),
                               [&](const audit::Access& access) {
                                 return !wanted.matches(access) || found.add(access);
                               }));
  JsonWriter json;
  json.begin_object();
  found.append(json, moves);
  json.key("lines").number(static_cast<std::int64_t>(step.lines));
  json.key("next").string(text_of(step.next)).key("until").string(text_of(until));
  json.key("done").boolean(step.done).end_object();
  return answer(std::move(json));
}

// The report.

Result<std::string_view> name_of(std::string_view path) {
  const std::string_view name = below(path, kResponses);
  COFFER_CHECK(core::check_leak_report_name(name));
  return name;
}

Response report_answer(const core::LeakReport& report) {
  JsonWriter json;
  json.begin_object().key("created").string(to_rfc3339(report.created));
  json.key("updated").string(to_rfc3339(report.updated));
  json.key("accessor").string(report.accessor);
  json.key("display_name").string(report.display_name);
  json.key("report").raw(report.report).key("signed").boolean(report.is_signed());
  if (report.is_signed()) {
    json.key("document").string(report.document);
    json.key("signature").string(to_base64(report.signature));
    json.key("public_key").string(crypto::pem_from_spki(report.public_key));
  }
  json.end_object();
  return answer(std::move(json));
}

Result<Response> list_reports(Call& call) {
  COFFER_TRY(const auto names, core::list_leak_reports(call.context.tx));
  if (names.empty()) return make_error(ErrorCode::not_found, "");
  JsonWriter json;
  json.begin_object();
  append_words(json, "keys", names);
  json.end_object();
  return answer(std::move(json));
}

Result<Response> read_report(Call& call) {
  COFFER_TRY(const std::string_view name, name_of(call.path));
  COFFER_TRY(const auto report, core::read_leak_report(call.context.tx, name));
  if (!report) return make_error(ErrorCode::not_found, "");
  return report_answer(*report);
}

/// It would stand there in clear, and once that is signed for good.
Result<void> refuse_token(std::string_view report) {
  COFFER_TRY(const model::Fields fields, model::Fields::parse(std::string(report)));
  const auto subject = fields.object("subject");
  if (!subject.ok() || !*subject) return {};  // any object is a report
  const auto accessor = (*subject)->string("token_accessor");
  if (!accessor.ok() || !*accessor || !is_token(**accessor)) return {};
  return invalid("field \"report\" must not have a token as subject.token_accessor");
}

Result<Response> write_report(Call& call) {
  COFFER_TRY(const std::string_view name, name_of(call.path));
  COFFER_TRY(const auto report, call.request.fields.raw_object("report"));
  if (!report) return invalid("missing field \"report\"");
  COFFER_CHECK(refuse_token(*report));
  COFFER_CHECK(core::write_leak_report(call.context.tx, name, std::string(*report),
                                       *call.context.caller, call.context.now));
  return no_content();
}

Result<Response> sign_report(Call& call) {
  COFFER_TRY(const std::string_view name,
             name_of(call.path.substr(0, call.path.size() - kSign.size())));
  COFFER_TRY(const core::LeakReport report,
             core::sign_leak_report(call.context.tx, name, *call.vault->keyring,
                                    *call.context.caller, call.context.now));
  return report_answer(report);
}

}  // namespace

std::span<const Handler> leak_response_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::update,
        .pattern = "leaks/readers",
        .sudo = true,
        .help = "Who could read `path`: by which policies, which tokens and which roles of "
                "auth/unix."},
       readers},
      {{.operation = Operation::update,
        .pattern = "leaks/accesses",
        .sudo = true,
        .help = "Who did what, from the audit log: requests for `path`, or all of some callers. In "
                "steps: go on with `from` and `until`."},
       accesses},
      {{.operation = Operation::list,
        .pattern = "leaks/responses/",
        .sudo = true,
        .help = "The names of all reports about leaks."},
       list_reports},
      {{.operation = Operation::read,
        .pattern = "leaks/responses/+",
        .sudo = true,
        .help = "A report, with its signature once it has one."},
       read_report},
      {{.operation = Operation::update,
        .pattern = "leaks/responses/+",
        .sudo = true,
        .help = "Write what was found and done so far: `report`, any object. Not once it is "
                "signed."},
       write_report},
      {{.operation = Operation::update,
        .pattern = "leaks/responses/+/sign",
        .sudo = true,
        .help = "Sign a report by the token's key; from then on it can't be changed."},
       sign_report},
  };
  return kHandlers;
}

}  // namespace coffer::sys
