#include "templates.h"

#include <algorithm>
#include <ctime>

#include "coffer/model/json_writer.h"

namespace coffer::connectors {
namespace {

bool may_use(Purpose purpose, Placeholder placeholder) {
  switch (purpose) {
    case Purpose::creation: return true;
    case Purpose::revocation:
    case Purpose::rollback: return placeholder == Placeholder::name;
    case Purpose::renew: return placeholder != Placeholder::password;
    case Purpose::rotation: return placeholder != Placeholder::expiration;
  }
  return false;
}

}  // namespace

Result<std::vector<Statement>> parse_templates(Dialect dialect, Purpose purpose,
                                               Statements templates) {
  std::vector<Statement> all;
  for (const std::string& text : templates) {
    COFFER_TRY(auto statements, parse_statements(dialect, text));
    std::move(statements.begin(), statements.end(), std::back_inserter(all));
  }
  if (templates.empty()) return all;
  if (all.size() > kMaxStatements) {
    return make_error(ErrorCode::invalid_argument, "more than 64 statements");
  }
  const auto used = placeholders(all);
  if (!used.contains(Placeholder::name)) {
    return make_error(ErrorCode::invalid_argument, "no statement names the user: {{name}}");
  }
  for (const Placeholder placeholder : used) {
    if (!may_use(purpose, placeholder)) {
      return make_error(ErrorCode::invalid_argument,
                        placeholder == Placeholder::password
                            ? "there is no {{password}} for these statements"
                            : "there is no {{expiration}} for these statements");
    }
  }
  return all;
}

std::string expiration_text(WallTime time) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[40];
  return {text, std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S+0000", &parts)};
}

Result<void> check_name(std::string_view name, std::size_t longest) {
  if (name.empty()) return make_error(ErrorCode::invalid_argument, "a user name that is empty");
  if (name.size() > longest) {
    return make_error(ErrorCode::invalid_argument,
                      "a user name over " + std::to_string(longest) + " bytes");
  }
  if (name.front() == ' ' || name.back() == ' ') {
    return make_error(ErrorCode::invalid_argument, "a user name with a space at an end");
  }
  if (!model::is_utf8(name)) {
    return make_error(ErrorCode::invalid_argument, "a user name that isn't UTF-8");
  }
  const bool control = std::any_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (control) {
    return make_error(ErrorCode::invalid_argument, "a user name with a control character");
  }
  return {};
}

}  // namespace coffer::connectors
