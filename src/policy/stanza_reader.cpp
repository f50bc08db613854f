#include "stanza_reader.h"

#include <algorithm>

#include "coffer/model/paths.h"
#include "parameter_reader.h"
#include "time_values.h"

namespace coffer::policy {
namespace {

constexpr std::string_view kKeys[] = {"comment",           "policy",
                                      "capabilities",      "allowed_parameters",
                                      "denied_parameters", "required_parameters",
                                      "min_wrapping_ttl",  "max_wrapping_ttl",
                                      "mfa_methods",       "pagination_limit",
                                      "expiration",        "list_scan_response_keys_filter_path",
                                      "control_group"};

Error wrong_type(const Node& value, std::string_view key, std::string_view wanted) {
  return wrong(value.line, quoted(key) + " must be " + std::string(wanted) + ", not " +
                               std::string(to_string(value.kind)));
}

Result<void> check_keys(const Node& body) {
  std::vector<std::string_view> seen;
  for (const Item& item : body.items) {
    const std::string& key = item.keys.front();
    if (std::find(std::begin(kKeys), std::end(kKeys), key) == std::end(kKeys)) {
      return wrong(item.line, "unknown key " + quoted(key));
    }
    if (item.keys.size() > 1) return wrong(item.line, quoted(key) + " takes no label");
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
      return wrong(item.line, quoted(key) + " is given twice");
    }
    seen.push_back(key);
  }
  return {};
}

const Node* find(const Node& body, std::string_view key) {
  const auto found = std::find_if(body.items.begin(), body.items.end(),
                                  [&](const Item& item) { return item.keys.front() == key; });
  return found == body.items.end() ? nullptr : &found->value;
}

Result<void> check_path(std::string_view path, std::size_t line) {
  if (path.size() > kMaxPath) return wrong(line, "a path of more than 4096 bytes");
  if (path.find("{{") != std::string_view::npos || path.find("}}") != std::string_view::npos) {
    return wrong(line, "identity templates ({{ }}) aren't there yet: there are no identities");
  }
  if (path.find("+*") != std::string_view::npos) {
    return wrong(line, "\"+*\" is refused: write \"+/*\", or \"*\"");
  }
  const bool control = std::any_of(path.begin(), path.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '\x7F';
  });
  if (control) return wrong(line, "a control character in the path");
  // No request's path has more: such a rule could match nothing.
  const auto slashes = static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
  if (slashes > model::kMaxSegments) return wrong(line, "a path of more than 32 segments");
  return {};
}

Result<Capabilities> read_legacy(const Node& body) {
  const Node* value = find(body, "policy");
  if (value == nullptr) return Capabilities{0};
  if (value->kind != Kind::string) return wrong_type(*value, "policy", "a string");
  if (value->text.empty()) return Capabilities{0};
  const Capabilities granted = legacy_policy(value->text);
  if (granted != 0) return granted;
  return wrong(value->line, "\"policy\" is read, write, sudo or deny, not " + quoted(value->text));
}

Result<Capabilities> read_capabilities(const Node& body) {
  COFFER_TRY(Capabilities granted, read_legacy(body));
  const Node* value = find(body, "capabilities");
  if (value == nullptr) return granted;
  COFFER_TRY(const auto words, read_strings(*value, "capabilities"));
  for (const std::string& word : words) {
    const Capabilities bit = capability(word);
    if (bit == 0) return wrong(value->line, "unknown capability " + quoted(word));
    granted |= bit;
  }
  // Wherever it stands in the list, it leaves nothing of the rest.
  if ((granted & kDeny) != 0) return kDeny;
  return granted;
}

Result<std::chrono::nanoseconds> read_ttl(const Node& body, std::string_view key) {
  const Node* value = find(body, key);
  if (value == nullptr) return std::chrono::nanoseconds(0);
  if (value->kind != Kind::number && value->kind != Kind::string) {
    return wrong_type(*value, key, "seconds or a duration");
  }
  if (value->kind == Kind::string && value->text.empty()) return std::chrono::nanoseconds(0);
  const auto duration = parse_duration(value->text);
  const bool digits = value->text.find_first_not_of("0123456789") == std::string::npos;
  if (!duration || (value->kind == Kind::number && !digits)) {
    return wrong(value->line, quoted(key) + " must be whole seconds or a duration like \"1h30m\"");
  }
  return *duration;
}

Result<WrappingBounds> read_wrapping(const Node& body) {
  WrappingBounds bounds;
  COFFER_TRY(bounds.min, read_ttl(body, "min_wrapping_ttl"));
  COFFER_TRY(bounds.max, read_ttl(body, "max_wrapping_ttl"));
  if (bounds.max.count() != 0 && bounds.max < bounds.min) {
    return wrong(find(body, "max_wrapping_ttl")->line,
                 "\"max_wrapping_ttl\" is less than \"min_wrapping_ttl\"");
  }
  return bounds;
}

Result<std::optional<WallTime>> read_expiration(const Node& body) {
  const Node* value = find(body, "expiration");
  if (value == nullptr) return std::optional<WallTime>();
  if (value->kind != Kind::string) return wrong_type(*value, "expiration", "a string");
  if (value->text.empty()) return std::optional<WallTime>();
  const auto time = parse_time(value->text);
  if (time) return time;
  return wrong(value->line, "\"expiration\" must be a time like \"2030-01-31T12:00:00Z\"");
}

Error not_here(const Node& value, std::string_view key, std::string_view risk) {
  return wrong(value.line, quoted(key) + " isn't there, and without it " + std::string(risk));
}

/// What would narrow a grant and has no meaning here. To leave it out would grant more than its
/// author meant: it is refused, unless it says nothing.
Result<void> check_unsupported(const Node& body, bool denies) {
  if (const Node* value = find(body, "control_group"); value != nullptr) {
    if (value->kind != Kind::object) return wrong_type(*value, "control_group", "an object");
    if (!denies) return not_here(*value, "control_group", "one person alone would be enough");
  }
  if (const Node* value = find(body, "mfa_methods"); value != nullptr) {
    COFFER_TRY(const auto methods, read_strings(*value, "mfa_methods"));
    if (!denies && !methods.empty()) {
      return not_here(*value, "mfa_methods", "no second factor would be asked for");
    }
  }
  if (const Node* value = find(body, "pagination_limit"); value != nullptr) {
    if (value->kind != Kind::number) return wrong_type(*value, "pagination_limit", "a number");
    if (!denies && value->text != "0") {
      return not_here(*value, "pagination_limit", "lists would have no limit");
    }
  }
  constexpr std::string_view kFilter = "list_scan_response_keys_filter_path";
  if (const Node* value = find(body, kFilter); value != nullptr) {
    if (value->kind != Kind::string) return wrong_type(*value, kFilter, "a string");
    if (!denies && !value->text.empty()) return not_here(*value, kFilter, "lists would show all");
  }
  return {};
}

Result<Stanza> read_body(std::string path, const Node& body) {
  Stanza stanza;
  stanza.path = std::move(path);
  COFFER_CHECK(check_keys(body));
  COFFER_TRY(stanza.capabilities, read_capabilities(body));
  COFFER_TRY(stanza.expiration, read_expiration(body));
  COFFER_TRY(const WrappingBounds wrapping, read_wrapping(body));
  COFFER_TRY(ParameterRules parameters, read_parameter_rules(body));
  const bool denies = stanza.capabilities == kDeny;
  COFFER_CHECK(check_unsupported(body, denies));
  if (denies) return stanza;  // nothing else of it counts
  stanza.wrapping = wrapping;
  stanza.parameters = std::move(parameters);
  return stanza;
}

}  // namespace

Shape shape_of(std::string_view path) noexcept {
  if (path == "+" || path.starts_with("+/") || path.find("/+") != std::string_view::npos) {
    return Shape::segments;
  }
  return path.ends_with('*') ? Shape::prefix : Shape::exact;
}

Result<Stanza> read_stanza(const Item& item) {
  if (item.keys.size() != 2) return wrong(item.line, "a path is written path \"...\" { }");
  std::string_view path = item.keys[1];
  if (item.value.kind != Kind::object) {
    return wrong(item.line, "path " + quoted(path) + " must be an object");
  }
  if (path.starts_with('/')) path.remove_prefix(1);
  if (auto checked = check_path(path, item.line); !checked.ok()) {
    return make_error(checked.error().code,
                      checked.error().text + " (path " + quoted(item.keys[1]) + ")");
  }
  auto stanza = read_body(std::string(path), item.value);
  if (!stanza.ok()) {
    return make_error(stanza.error().code,
                      stanza.error().text + " (path " + quoted(item.keys[1]) + ")");
  }
  return stanza;
}

}  // namespace coffer::policy
