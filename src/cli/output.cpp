#include "output.h"

#include <array>
#include <map>
#include <set>

#include "render.h"

namespace coffer::cli {
namespace {

using model::Json;

struct EnvelopeField {
  std::string_view name;
  std::string_view object;  ///< empty: the envelope itself
  std::string_view member;
};

constexpr std::array kEnvelopeFields{
    EnvelopeField{"lease_id", "", "lease_id"},
    EnvelopeField{"lease_duration", "", "lease_duration"},
    EnvelopeField{"refresh_interval", "", "lease_duration"},
    EnvelopeField{"lease_renewable", "", "renewable"},
    EnvelopeField{"token", "auth", "client_token"},
    EnvelopeField{"token_accessor", "auth", "accessor"},
    EnvelopeField{"token_duration", "auth", "lease_duration"},
    EnvelopeField{"token_renewable", "auth", "renewable"},
    EnvelopeField{"token_policies", "auth", "token_policies"},
    EnvelopeField{"identity_policies", "auth", "identity_policies"},
    EnvelopeField{"policies", "auth", "policies"},
    EnvelopeField{"wrapping_token", "wrap_info", "token"},
    EnvelopeField{"wrapping_accessor", "wrap_info", "accessor"},
    EnvelopeField{"wrapping_token_ttl", "wrap_info", "ttl"},
    EnvelopeField{"wrapping_token_creation_time", "wrap_info", "creation_time"},
    EnvelopeField{"wrapping_token_creation_path", "wrap_info", "creation_path"},
    EnvelopeField{"wrapped_accessor", "wrap_info", "wrapped_accessor"},
};

const Json* find_in_envelope(const Json& envelope, std::string_view name) {
  for (const EnvelopeField& field : kEnvelopeFields) {
    if (field.name != name) continue;
    return field.object.empty() ? envelope.find(field.member)
                                : envelope.find_path({field.object, field.member});
  }
  return nullptr;
}

/// The keys, and what `key_info` says of each: a column for whatever any of them has, by name.
std::string detailed_keys(const Json& keys, const Json& key_info) {
  std::map<std::string_view, const Json*> infos;
  std::set<std::string> columns;
  for (const Json::Member& key : key_info.members()) {
    infos.emplace(key.name, &key.value);
    for (const Json::Member& column : key.value.members()) columns.insert(column.name);
  }
  std::vector<std::string> titles{"Keys"};
  titles.insert(titles.end(), columns.begin(), columns.end());
  std::vector<std::vector<std::string>> lines;
  for (const Json& key : keys.elements()) {
    std::vector<std::string>& line = lines.emplace_back(1, key.text());
    const auto info = infos.find(key.text());
    for (const std::string& column : columns) {
      const Json* value = info == infos.end() ? nullptr : info->second->find(column);
      line.push_back(value == nullptr || value->is_null() ? std::string() : cell(*value));
    }
  }
  return render_columns(titles, lines);
}

}  // namespace

int print_tree(Session& session, const Json& value) {
  session.console().line(render(value, session.settings().format));
  return kOk;
}

int print_field(Session& session, const Json* object, const Json* envelope) {
  const std::string& name = session.settings().field;
  const Json* value = object == nullptr ? nullptr : object->find(name);
  if (value == nullptr && name == "data") value = object;
  if (value == nullptr && envelope != nullptr) value = find_in_envelope(*envelope, name);
  if (value == nullptr) {
    return session.fail(kLocal, "Field \"" + name + "\" not present in secret");
  }
  session.console().value(cell(*value));
  return kOk;
}

int print_secret(Session& session, const Answer& answer) {
  const Settings& settings = session.settings();
  if (!settings.field.empty()) {
    const Json* const data = is_bare(answer.json) ? &answer.json : answer.json.find("data");
    return print_field(session, data, &answer.json);
  }
  switch (settings.format) {
    case Format::raw: session.console().print(answer.text); return kOk;
    case Format::table: session.console().line(render_table(secret_rows(answer.json))); return kOk;
    case Format::json:
    case Format::yaml:
    case Format::pretty: break;
  }
  return print_tree(session, answer.json);
}

int print_written(Session& session, const Answer& answer, std::string_view success) {
  if (!answer.json.is_object()) {
    if (session.settings().field.empty()) {
      if (session.shows_table()) session.console().line(success);
      return kOk;
    }
    return print_field(session, nullptr, nullptr);
  }
  const bool says_something = !secret_rows(answer.json).empty();
  if (session.shows_table() && !says_something) {
    session.console().line(success);
    return kOk;
  }
  return print_secret(session, answer);
}

int carry_out(Session& session, std::string_view doing, const HttpRequest& request,
              std::string_view success) {
  const auto answer = session.ask(doing, request);
  if (!answer) return session.exit_code();
  if (answer->missing()) return session.nothing_found(request.path);
  return print_written(session, *answer, success);
}

int look_up(Session& session, std::string_view doing, const HttpRequest& request) {
  const auto answer = session.ask(doing, request);
  if (!answer) return session.exit_code();
  if (answer->missing()) return session.nothing_found(request.path);
  return print_secret(session, *answer);
}

int print_keys(Session& session, const Answer& answer, std::string_view path) {
  const Json* keys = answer.json.find_path({"data", "keys"});
  const bool table = session.settings().format == Format::table;
  if (answer.missing() || keys == nullptr || keys->elements().empty()) {
    if (table) return session.nothing_found(path);
    print_tree(session, Json::object());
    return kRemote;
  }
  // As Vault's: with -detailed the whole answer, whose `key_info` says more of each key; as a table
  // a column for each thing it says.
  const bool detailed = session.settings().detailed;
  if (!table) return print_tree(session, detailed ? answer.json : *keys);
  const Json* key_info = answer.json.find_path({"data", "key_info"});
  if (detailed && key_info != nullptr && !key_info->members().empty()) {
    session.console().line(detailed_keys(*keys, *key_info));
    return kOk;
  }
  std::vector<std::string> names;
  for (const Json& key : keys->elements()) names.push_back(key.text());
  session.console().line(render_column("Keys", names));
  return kOk;
}

}  // namespace coffer::cli
